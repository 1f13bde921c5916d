"""Which requirement is proven by which test: a pytest plugin that collects `@pytest.mark.req(...)`, and the list it is held against."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

LIST = Path(__file__).resolve().parents[1] / "requirements.csv"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One row of tests/requirements.csv; `force` is must or should."""

    id: str
    force: str
    sentence: str


def requirements(path: Path = LIST) -> tuple[Requirement, ...]:
    """The committed list, in its order."""
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(Requirement(row["id"], row["force"], row["sentence"]) for row in csv.DictReader(file))


def proofs(items: Iterable[pytest.Item]) -> dict[str, list[str]]:
    """Requirement id -> the tests that claim to prove it; the cases of one parametrised test count once."""
    found: dict[str, list[str]] = {}
    for item in items:
        name = item.nodeid.partition("[")[0]
        for mark in item.iter_markers("req"):
            for requirement in mark.args:
                tests = found.setdefault(str(requirement), [])
                if name not in tests:
                    tests.append(name)
    return found


def unknown(found: Iterable[str]) -> list[str]:
    """Ids that marks name and the list does not."""
    return sorted(set(found) - {requirement.id for requirement in requirements()})


class Collector:
    """Keeps what pytest collected, for whoever asks after the run."""

    def __init__(self) -> None:
        self.proofs: dict[str, list[str]] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.proofs = proofs(session.items)
