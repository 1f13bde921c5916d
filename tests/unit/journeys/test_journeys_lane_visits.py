"""What a lane's panel says of its last vehicles, from nothing but the notes of what the lane told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking.journeys.lane_visits import Standing, spelt, visits
from parking.kernel.ids import LaneId, VisitId
from parking.kernel.plate import Plate
from parking.kernel.votes import Votes
from parking.sessions.visit_notes import VisitNote
from tests.builders.journeys import MORNING

pytestmark = pytest.mark.req("GATE-3", "SOS-1")
VOTES = Votes.of([("浙A12345", 0.0), ("浙A1234S", -1.0986), ("浙A1Z345", -2.1972)], "blue", "civil")


def note(visit: str, after_s: float, kind: str, *, votes: Votes | None = None, **said: Any) -> VisitNote:
    at = MORNING + timedelta(seconds=after_s)
    return VisitNote(VisitId(visit), at, kind, LaneId("exit-1"), Plate("浙A12345"), said, votes)


def test_spellings_are_told_as_shares_with_the_places_in_which_they_differ() -> None:
    best, second, third = spelt(VOTES)
    assert [one.text for one in (best, second, third)] == ["浙A12345", "浙A1234S", "浙A1Z345"]
    assert [round(one.share, 2) for one in (best, second, third)] == [0.69, 0.23, 0.08]
    assert (best.differs, second.differs, third.differs) == ((), (6,), (3,))


@given(st.lists(st.tuples(st.text("AB12?", min_size=1, max_size=8), st.floats(-40, 0)), max_size=8))
def test_shares_are_a_whole_and_fall_from_the_likeliest_on(said: list[tuple[str, float]]) -> None:
    found = spelt(Votes.of(said))
    assert sum(one.share for one in found) == pytest.approx(1.0 if found else 0.0)
    assert [one.share for one in found] == sorted((one.share for one in found), reverse=True)
    assert all(0 <= at < len(one.text) for one in found for at in one.differs)


def test_a_visit_is_told_from_its_first_read_to_its_passage() -> None:
    refused = note("v1", 0, "LaneDecided", votes=VOTES, confidence=0.8, frames=3, allowed=False, rule="r", reason="no")
    allowed = note("v1", 9, "LaneDecided", confidence=0.9, frames=7, allowed=True, rule="paid", stay_id="s1")
    pulsed = note("v1", 10, "BarrierPulsed", by="operator:li", reason="paid in cash", read_back=True)
    (found,) = visits([refused, allowed, pulsed, note("v1", 14, "VehiclePassed", direction="out")])
    assert (found.standing, found.direction, found.stay_id) == (Standing.PASSED, "out", "s1")
    assert [(one.allowed, one.reason, one.frames, len(one.spellings)) for one in found.reads] == [
        (False, "no", 3, 3),
        (True, "", 7, 0),
    ]
    assert [(one.by, one.by_person, one.read_back) for one in found.pulses] == [("li", True, True)]


def test_only_the_newest_vehicle_can_still_be_here() -> None:
    here = note("v3", 60, "LaneDecided", allowed=False)
    called = note("v3", 61, "LaneCalled", cause="unpaid")
    turned = [note("v2", 30, "LaneDecided", allowed=False), note("v2", 40, "VehicleBackedAway")]
    found = visits([note("v1", 0, "LaneDecided", allowed=True), *turned, here, called])
    assert [(one.visit_id, one.standing) for one in found] == [
        ("v3", Standing.HERE),
        ("v2", Standing.BACKED_AWAY),
        ("v1", Standing.UNTOLD),
    ]
    assert found[0].called == "unpaid"
