"""A passage on the wire, word for word: with what its pictures leave open, as it is told now, and without, as old journals have it."""

from __future__ import annotations

import pytest

from parking.kernel.codec import decode, encode
from parking.kernel.errors import ParkingError
from parking.kernel.events import VehiclePassed
from parking.kernel.votes import Spelling, Votes

OLD = {
    "id": "e1",
    "at": "2026-03-07T02:00:00Z",
    "origin": "edge-1",
    "type": "VehiclePassed",
    "data": {
        "lane_id": "exit-1",
        "visit_id": "v1",
        "direction": "out",
        "plate": "浙A1234S",
        "confidence": 0.97,
        "stay_id": None,
        "authorised": True,
        "credential": None,
        "picture_ref": "v1",
        "right": None,
        "lot_id": None,
        "outer_lot_id": None,
    },
}
VOTES = "1|blue|civil|浙A1234S:0,浙A12345:-231,苏A1234S:-1200"
NEW = {**OLD, "data": {**OLD["data"], "votes": VOTES, "named_by": None}}  # type: ignore[dict-item]


def test_a_passage_tells_its_votes_in_one_short_text() -> None:
    event = decode(NEW).event
    assert isinstance(event, VehiclePassed)
    spellings = (Spelling("浙A1234S", 0.0), Spelling("浙A12345", -2.31), Spelling("苏A1234S", -12.0))
    assert event.votes == Votes(spellings, "blue", "civil")
    assert encode(decode(NEW)) == NEW
    assert "A1234" not in repr(event)


def test_an_old_journals_passage_has_none() -> None:
    event = decode(OLD).event
    assert isinstance(event, VehiclePassed)
    assert event.votes is None
    assert encode(decode(OLD))["data"]["votes"] is None


@pytest.mark.parametrize("votes", ["", 7, "1|||<script>:0", ["浙A12345"]])
def test_votes_that_are_none_name_their_field(votes: object) -> None:
    with pytest.raises(ParkingError) as refused:
        decode({**OLD, "data": {**OLD["data"], "votes": votes}})  # type: ignore[dict-item]
    assert refused.value.field is not None
    assert "votes" in refused.value.field
