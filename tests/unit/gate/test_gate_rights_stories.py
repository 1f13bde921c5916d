"""A whole box that is cut off: its lanes give a pass, an invitation and a code away once, and remember it through a power cut."""

from __future__ import annotations

from typing import Any

import pytest

from parking.access.facts import AntiPassback
from parking.access.rows import Fact, LotRow
from parking.access.snapshot import CopyChange, CopyRow, data_of
from parking.gate.credentials.codes import CodeUse
from parking.gate.edge_file import EdgeFile
from parking.gate.journal import FileJournal
from parking.gate.local_copy import LocalCopy
from parking.gate.own_rows import OwnRows
from parking.gate.ports import Journal
from parking.kernel.clock import ManualClock
from parking.kernel.events import CodeUsed, Direction, LaneDecided, VehiclePassed
from parking.kernel.ids import LotId
from tests.builders.access import CARD, CODE, TAG, a_code, a_holder, a_pass, an_invitation, owing
from tests.builders.gate import NOON, LaneStory, seen

pytestmark = pytest.mark.req("GATE-2", "GATE-3", "GATE-5")
A, B = "苏A12345", "苏B23456"


class Box:
    """One file, one copy, and lanes on them; the server has said its last word."""

    def __init__(self, *facts: Fact) -> None:
        self.clock = ManualClock(NOON)
        self.file = EdgeFile(":memory:")
        self.journal = FileJournal(self.file)
        self.copy = LocalCopy(self.file)
        rows = [CopyRow(kind, key, n, data) for n, (kind, key, data) in enumerate(map(data_of, facts), start=1)]
        self.copy.apply(CopyChange("mall", 0, max(1, len(rows)), tuple(rows)))
        self.rows = OwnRows(self.copy, self.journal)

    def lane(self, name: str, direction: Direction = Direction.IN, **rules: Any) -> BoxLane:
        return BoxLane(self, name, direction, rules)

    def power_returns(self, *lanes: BoxLane) -> None:
        self.rows = OwnRows(self.copy, self.journal)
        for lane in lanes:
            lane.power_up()
            lane.wait(0.2)


class BoxLane(LaneStory):
    """A lane among others of one box."""

    def __init__(self, box: Box, name: str, direction: Direction, rules: dict[str, Any]) -> None:
        self.box = box
        seed = sum(map(ord, name))
        super().__init__(direction, rules=rules, file=box.file, clock=box.clock, lane_id=name, seed=seed)

    def power_up(self, journal: Journal | None = None) -> None:
        self.copy = self.box.rows  # type: ignore[assignment] # whatever answers a lane's questions
        super().power_up(journal or self.box.rows.journal)

    def comes(self, text: str) -> LaneDecided:
        self.drive_up(seen(text, at=self.clock.now()))
        return self.decided()

    def comes_unread(self, *held_up: Any) -> LaneDecided:
        """Nobody can read its plate; whatever it holds up is seen while the camera still tries."""
        self.presence(True)
        for credential, changes in held_up:
            self.hold_up(credential, **changes)
        self.wait(4.5)
        return self.decided()

    def decided(self) -> LaneDecided:
        return [e for e in self.told(LaneDecided) if e.lane_id == self.config.lane_id][-1]

    def passage(self) -> VehiclePassed:
        self.drive_through()
        return [e for e in self.told(VehiclePassed) if e.lane_id == self.config.lane_id][-1]


def test_a_box_gives_the_one_bay_of_a_pass_away_once_whichever_lanes_its_cars_come_to() -> None:
    box = Box(a_pass("p1", A, B))
    one, two = box.lane("in-1"), box.lane("in-2")
    assert one.comes(A).right == "pass:p1"
    second = two.comes(B)
    assert (second.allowed, second.rule, second.right, second.remarks) == (
        True,
        "site_has_room",
        None,
        ("pass_in_use",),
    )
    assert (one.passage().right, two.passage().right) == ("pass:p1", None)


def test_after_a_power_cut_the_box_still_knows_who_is_inside_on_the_pass() -> None:
    box = Box(a_pass("p1", A, B))
    one, two = box.lane("in-1"), box.lane("in-2")
    one.comes(A)
    one.passage()
    box.power_returns(one, two)
    assert two.comes(B).right is None


def test_when_it_has_left_by_another_lane_the_bay_is_free_again_though_nobody_told_the_server() -> None:
    box = Box(a_pass("p1", A, B))
    entry, out, two = box.lane("in-1"), box.lane("out-1", Direction.OUT), box.lane("in-2")
    entry.comes(A)
    entry.passage()
    left = out.comes(A)
    assert (left.allowed, left.rule) == (True, "pass")
    out.passage()
    assert two.comes(B).right == "pass:p1"


def test_a_code_opens_one_lane_of_the_box_once() -> None:
    box = Box(an_invitation(entries=None))
    shown = (CODE, {"code": a_code(invitation_id="i1").code, "proven": True})
    one, two = box.lane("in-1"), box.lane("in-2")
    first = one.comes_unread(shown)
    assert (first.allowed, first.rule, first.right) == (True, "invitation", "invitation:i1")
    assert [event.code_id for event in one.told(CodeUsed)] == ["code-0001"]
    assert one.passage().credential == CODE
    second = two.comes_unread(shown)
    assert (second.allowed, second.reason) == (False, "code_used")
    assert two.pulses() == 0


def test_one_card_does_not_bring_in_a_second_car_by_the_other_lane() -> None:
    box = Box(a_holder(CARD, pass_ids=("p1",)), a_pass("p1", bays=2))
    one, two = (box.lane(name, anti_passback=AntiPassback.HARD) for name in ("in-1", "in-2"))
    assert one.comes_unread((CARD, {})).right == "pass:p1"
    one.passage()
    second = two.comes_unread((CARD, {}))
    assert (second.allowed, second.rule, second.reason) == (False, "is_not_passed_back", "anti_passback")


def test_a_stay_that_a_plate_opened_leaves_by_its_paper_ticket() -> None:
    box = Box(owing("s1", A, paid_minor=500))
    out = box.lane("out-1", Direction.OUT)
    ticket = a_code(CodeUse.TICKET, stay_id="s1").code
    decided = out.comes_unread((CODE, {"code": ticket, "proven": True}))
    assert (decided.allowed, decided.rule, decided.stay_id) == (True, "paid", "s1")
    assert out.passage().stay_id == "s1"


def test_a_tag_on_another_car_calls_a_person_and_opens_nothing() -> None:
    box = Box(a_holder(TAG, A, pass_ids=("p1",)), a_pass("p1"))
    lane = box.lane("in-1")
    lane.presence(True)
    lane.hold_up(TAG)
    lane.see(seen(B, at=lane.clock.now()))
    lane.wait(0.2)
    decided = lane.decided()
    assert (decided.allowed, decided.rule, decided.reason) == (False, "evidence_agrees", "credential_mismatch")
    assert lane.pulses() == 0


def test_the_last_place_of_a_lot_is_taken_once_while_the_server_is_away() -> None:
    lot = LotId("a")
    box = Box(LotRow(lot, None, 10, 1))
    one, two = box.lane("in-1", lot_id=lot), box.lane("in-2", lot_id=lot)
    assert one.comes(A).allowed
    assert one.passage().lot_id == "a"
    second = two.comes(B)
    assert (second.allowed, second.reason) == (False, "site_full")
