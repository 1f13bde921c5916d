"""Every mark names a requirement that exists, and the list says each requirement once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tools.requirements import proofs, requirements, unknown

TESTS = Path(__file__).resolve().parents[1]


def test_every_requirement_that_a_test_names_is_on_the_list() -> None:
    """In the sources, so that it says the same whichever tests are run with it."""
    named: dict[str, list[str]] = {}
    for file in sorted(set(TESTS.rglob("test_*.py")) - {Path(__file__)}):
        for marked in re.findall(r"mark\.req\(([^)]*)\)", file.read_text(encoding="utf-8")):
            for requirement in re.findall(r'"([^"]+)"', marked):
                named.setdefault(requirement, []).append(file.name)
    assert len(named) > 30
    assert unknown(named) == []


def test_a_mark_with_an_unknown_id_is_found(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nmarkers = req(*ids): names requirements\n")
    items = pytester.getitems(
        """
        import pytest

        @pytest.mark.req("PAY-1", "PAY-999")
        def test_one(): ...

        @pytest.mark.req("PAY-1")
        @pytest.mark.parametrize("n", [1, 2])
        def test_two(n): ...
        """
    )
    found = proofs(items)
    assert unknown(found) == ["PAY-999"]
    assert [name.rpartition("::")[2] for name in found["PAY-1"]] == ["test_one", "test_two"]


def test_the_list_is_well_formed() -> None:
    rows = requirements()
    assert len({row.id for row in rows}) == len(rows)
    assert {row.force for row in rows} == {"must", "should"}
    assert [
        row.id for row in rows if not re.fullmatch(r"[A-Z0-9]+-\d+", row.id) or not row.sentence.endswith(".")
    ] == []
