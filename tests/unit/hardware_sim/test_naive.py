"""The baseline does what common systems do, mistakes included."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hardware_sim.naive import NaivePairing
from parking.kernel.ids import VisitId

NOON = datetime(2026, 3, 7, 12, 0, tzinfo=UTC)


def visit(name: str) -> VisitId:
    return VisitId(name)


def test_an_exit_is_paired_with_the_earliest_entry_of_exactly_its_plate() -> None:
    naive = NaivePairing()
    naive.came(visit("first"), "浙A1", NOON)
    naive.came(visit("second"), "浙A1", NOON + timedelta(hours=5))
    naive.left(visit("out"), "浙A1", NOON + timedelta(hours=6))
    assert [(pair.entry, pair.exit) for pair in naive.pairs] == [("first", "out")]
    assert naive.still_open() == 1


def test_a_misread_exit_goes_to_a_person_or_takes_the_strangers_stay() -> None:
    naive = NaivePairing()
    naive.came(visit("mine"), "浙A8", NOON)
    naive.came(visit("theirs"), "浙AB", NOON)
    naive.left(visit("out"), "浙AB", NOON + timedelta(hours=1))
    naive.left(visit("other"), "浙AC", NOON + timedelta(hours=1))
    naive.left(visit("unread"), None, NOON + timedelta(hours=1))
    assert naive.pairs[0].entry == "theirs"
    assert naive.not_found == 2
