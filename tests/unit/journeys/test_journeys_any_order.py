"""Invariant I10: whatever the link loses, doubles or reorders, and whenever the server gets to work, the end is the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parking.bootstrap.tables import all_tables
from parking.kernel.clock import ManualClock
from parking.kernel.events import Direction, LaneFaulted, RampPassed
from parking.kernel.ids import RandomIds, ZoneId
from parking.plumbing.db import open_database
from tests.builders.journeys import ENTRY, MORNING, OTHER_PLATE, SiteStory, answer, passage


def _day(story: SiteStory) -> list[Any]:
    """One box's day: cars come and go, one twice, one unread, one passes a ramp, a loop sticks."""
    said = []
    for n, plate in enumerate(["浙A00001", "浙A00002", None, OTHER_PLATE, "浙A00001"]):
        story.park(minutes=20)
        said.append(story.said(passage(Direction.IN, f"visit-in-{n}", plate)))
    said.append(story.said(RampPassed(ENTRY, ZoneId("b1"), ZoneId("b2"))))
    said.append(story.said(LaneFaulted(ENTRY, "presence_loop_stuck", "", cleared=False)))
    for n, plate in enumerate(["浙A00002", OTHER_PLATE, "浙A09999"]):
        story.park(minutes=20)
        said.append(story.said(answer(Direction.OUT, f"visit-out-{n}", plate)))
        story.park(seconds=10)
        said.append(story.said(passage(Direction.OUT, f"visit-out-{n}", plate)))
    said.append(story.said(LaneFaulted(ENTRY, "presence_loop_stuck", "", cleared=True)))
    return said


def _lived(batches: list[tuple[int, int]], drains: list[bool]) -> tuple[str, int]:
    """The state after these batches (first number, how many) arrived in this order, then everything in order."""
    database = open_database("sqlite://", clock=ManualClock(MORNING), ids=RandomIds(), origin="test")
    database.create_tables(all_tables())
    story = SiteStory(database)
    said = _day(story)
    acked = 0
    for (first, length), drain in zip(batches, drains, strict=False):
        part = said[first : first + length]
        if part:
            acked = max(acked, story.hand_in(*part, first=first + 1))
        if drain:
            story.application.drain()
    assert acked <= len(said)
    acked = story.hand_in(*said[acked:], first=acked + 1) if acked < len(said) else acked
    story.application.drain()
    story.check()
    return story.state_hash(), acked


@pytest.mark.req("GATE-3")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.integers(0, 13), st.integers(1, 14)), max_size=8),
    st.lists(st.booleans(), min_size=8, max_size=8),
)
def test_lost_doubled_and_reordered_batches_end_where_a_perfect_link_ends(
    batches: list[tuple[int, int]], drains: list[bool]
) -> None:
    assert _lived(batches, drains) == _perfect()


_PERFECT: list[tuple[str, int]] = []


def _perfect() -> tuple[str, int]:
    if not _PERFECT:
        _PERFECT.append(_lived([], []))
    return _PERFECT[0]
