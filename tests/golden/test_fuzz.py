"""Whatever ever broke a parser is tried again for ever, and each parser gets some hostile inputs anew (the proof `fuzz`: a million)."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools import fuzz_cases
from tests.tools.fuzz_cases import outcome, run
from tests.tools.fuzz_parsers import PARSERS, Parser
from tests.tools.mutation import Seeds

KEPT = Path(__file__).parent / "fuzz"
SHORT = 400


@pytest.fixture(autouse=True)
def _alarm() -> Iterator[None]:
    before = signal.getsignal(signal.SIGVTALRM)
    yield
    signal.signal(signal.SIGVTALRM, before)


@pytest.mark.parametrize("name", PARSERS)
def test_hostile_input_gets_a_value_or_the_documented_error(name: str) -> None:
    tally = run(PARSERS[name], seed=7, first=0, count=SHORT, tell=lambda _number, _tally: None)
    assert tally.found == {}
    assert tally.inputs == SHORT


@pytest.mark.parametrize("name", PARSERS)
def test_the_seeds_are_good(name: str) -> None:
    """A parser that refuses everything is not tried at all."""
    parser = PARSERS[name]
    seeds, take = parser.seeds(), parser.make()
    came_to = [outcome(take, parser.refusals, seeds.mend(seed) if seeds.mend else seed) for seed in seeds.whole]
    assert came_to.count("value") * 2 >= len(came_to), came_to


def test_what_once_broke_a_parser_does_not_any_more() -> None:
    for path in KEPT.glob("*/*.bin"):
        parser = PARSERS[path.parent.name]
        assert outcome(parser.make(), parser.refusals, path.read_bytes()) in ("value", "refused"), path


def test_a_parser_that_breaks_is_found() -> None:
    def take(content: bytes) -> object:
        return {b"good": 1}[content] if b"\xff" in content else content

    parser = Parser(lambda: Seeds((b"good input",)), lambda: take, (ValueError,))
    assert [what.split(" at ")[0] for what in run(parser, 1, 0, 500, lambda _n, _t: None).found] == ["KeyError"]


def test_a_parser_that_hangs_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz_cases, "SLOWEST_S", 0.05)

    def take(content: bytes) -> object:
        while True:
            pass

    parser = Parser(lambda: Seeds((b"good input",)), lambda: take, (Exception,))
    assert [what.split(" at ")[0] for what in run(parser, 1, 0, 1, lambda _n, _t: None).found] == ["hang"]
