"""Thousands of plates are tried: no bay, no time, no picture is learned, not from a byte, not from a status.

The clock is asked by the long proof, `tests/prove/finding.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.application import Server
from tests.builders.finding import a_drawn_mall, see
from tests.builders.journeys import PLATE
from tests.prove.finding import strangers

TRIED = 30
INSIDE = ("沪B71K07", "苏E4M52K", "浙A8D21Q")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with a_drawn_mall(tmp_path) as running:
        running.enter()
        for plate in INSIDE:
            running.enter(plate)
        running.park(minutes=5)
        see(running, "A-03", plate=PLATE)
        yield running


def tries() -> list[tuple[str, bool]]:
    """Plates that are inside and plates that are not, in no order that a clock could follow."""
    known = (PLATE, *INSIDE)
    made = [(known[n % 4], True) if n % 2 else (f"沪C{n:05d}", False) for n in range(TRIED)]
    return sorted(made, key=lambda one: hashlib.sha256(f"{one}{id(one)}".encode()).hexdigest())


@pytest.mark.req("FIND-1")
def test_a_plate_that_is_inside_and_one_that_is_not_bring_the_same_bytes_to_every_sort_of_stranger(
    server: Server,
) -> None:
    for who, headers in strangers(server).items():
        answers: set[tuple[int, bytes, str]] = set()
        for plate, _ in tries():
            server.park(seconds=61)
            reply = server.ask("POST", "/find", headers=dict(headers()), json={"plate": plate})
            answers.add((reply.status_code, reply.content, str(sorted(reply.headers.items()))))
        assert len(answers) == 1, who
        assert next(iter(answers))[0] == (401 if who == "anybody" else 403)


@pytest.mark.req("FIND-1")
def test_whoever_goes_on_trying_is_stopped(server: Server) -> None:
    said = [server.ask("POST", "/find", json={"plate": plate}).status_code for plate, _ in [*tries(), *tries()][:50]]
    assert said[:10] == [401] * 10
    assert set(said[10:]) == {429}
