"""Passes, lists, invitations, hours, groups and lots at a lane: who comes in, by which right, who pays on the way out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from parking.access.decide import decide
from parking.access.facts import AntiPassback
from parking.access.rows import (
    Day,
    GroupRow,
    ListedAs,
    LotRow,
    ScheduleRow,
    SecondCar,
    Window,
)
from parking.kernel.decision import Allowed, Refused
from parking.kernel.events import Direction
from parking.kernel.ids import LotId
from tests.builders.access import (
    CARD,
    CODE,
    DAY,
    TAG,
    MemoryRows,
    ThinkingLane,
    a_code,
    a_holder,
    a_pass,
    an_invitation,
    inside,
    listed,
    owing,
    plate,
    presented,
)
from tests.builders.gate import NOON

pytestmark = pytest.mark.req("GATE-5")
A, B, C = "苏A12345", "苏B23456", "苏C34567"
IN, OUT = Direction.IN, Direction.OUT
NIGHTS = ScheduleRow("nights", "Asia/Shanghai", (Window((Day.MON,), 0, 60),))  # Monday noon UTC is 20:00 there


def entry(*facts: Any, free: int | None = None, **rules: Any) -> ThinkingLane:
    return ThinkingLane(MemoryRows(*facts, free=free), IN, **rules)


def out(*facts: Any, **rules: Any) -> ThinkingLane:
    return ThinkingLane(MemoryRows(*facts), OUT, **rules)


# --- passes ----------------------------------------------------------------------------------------------------------


def test_the_first_car_inside_uses_the_pass_and_the_next_one_pays_as_a_visitor() -> None:
    lane = entry(a_pass("p1", A, B))
    first = lane.ask(A)
    assert (first.decision, first.right) == (Allowed("pass"), "pass:p1")
    lane.drive_through()
    second = lane.ask(B)
    assert (second.decision, second.right, second.remarks) == (Allowed("site_has_room"), None, ("pass_in_use",))


def test_or_the_next_one_stays_out_where_the_pass_says_so() -> None:
    lane = entry(a_pass("p1", A, B, second_car=SecondCar.REFUSE), inside("s1", A, right="pass:p1"))
    assert lane.ask(B).decision == Refused("pass_has_a_bay", "pass_in_use")


def test_when_the_first_has_left_the_next_one_has_the_bay() -> None:
    copy = MemoryRows(a_pass("p1", A, B))
    door, exit_lane = ThinkingLane(copy), ThinkingLane(copy, OUT)
    door.ask(A)
    door.drive_through()
    assert exit_lane.ask(A).decision == Allowed("pass")
    exit_lane.drive_through()
    assert door.ask(B).right == "pass:p1"


def test_a_pass_of_two_bays_takes_two_cars() -> None:
    lane = entry(a_pass("p1", A, B, C, bays=2))
    rights = []
    for text in (A, B, C):
        rights.append(lane.ask(text).right)
        lane.drive_through()
    assert rights == ["pass:p1", "pass:p1", None]


def test_a_yes_keeps_the_bay_until_the_car_is_through_and_gives_it_up_when_it_backs_away() -> None:
    copy = MemoryRows(a_pass("p1", A, B))
    one, two = ThinkingLane(copy), ThinkingLane(copy)
    assert one.ask(A).right == "pass:p1"
    assert two.ask(B).right is None
    one.back_away()
    assert two.ask(B).right == "pass:p1"


def test_a_yes_that_becomes_another_yes_keeps_nothing_of_the_first() -> None:
    copy = MemoryRows(a_pass("p1", A, B))
    one, two = ThinkingLane(copy), ThinkingLane(copy)
    one.ask(A)
    copy.put(a_pass("p1", B))  # the pass is taken from it while it stands there
    one.ask_again()
    assert two.ask(B).right == "pass:p1"


def test_a_yes_that_nobody_used_keeps_the_bay_for_five_minutes_only() -> None:
    copy = MemoryRows(a_pass("p1", A, B))
    one, two = ThinkingLane(copy), ThinkingLane(copy)
    one.ask(A)
    two.now = NOON + timedelta(minutes=5)
    assert two.ask(B).right == "pass:p1"


def test_the_same_car_again_is_no_second_car() -> None:
    lane = entry(a_pass("p1", A, B), inside("lost", A, right="pass:p1"))
    assert lane.ask(A).right == "pass:p1"
    lane.drive_through()
    assert [row.plate for row in lane.copy.inside_by("pass:p1")] == [plate(A)]


@pytest.mark.parametrize(
    "held",
    [
        a_pass("p1", A, valid_until=NOON),
        a_pass("p1", A, valid_from=NOON + DAY),
        a_pass("p1", A, lots=(LotId("b"),)),
    ],
    ids=["ended", "not begun", "of another lot"],
)
def test_a_pass_that_does_not_count_here_and_now_makes_an_ordinary_visitor(held: Any) -> None:
    answer = entry(held, lot_id=LotId("a")).ask(A)
    assert (answer.decision, answer.right) == (Allowed("site_has_room"), None)


def test_a_pass_with_a_kept_place_comes_in_when_the_site_is_full_and_another_does_not() -> None:
    assert entry(a_pass("p1", A, when_full=True), free=0).ask(A).decision == Allowed("pass")
    assert entry(a_pass("p1", A), free=0).ask(A).decision == Refused("site_has_room", "site_full")


def test_outside_its_hours_a_pass_is_a_visitors_or_keeps_out() -> None:
    visitor = entry(a_pass("p1", A, schedule_id="nights"), NIGHTS).ask(A)
    assert (visitor.decision, visitor.remarks) == (Allowed("site_has_room"), ("outside_hours",))
    held = a_pass("p1", A, schedule_id="nights", outside_hours=SecondCar.REFUSE)
    assert entry(held, NIGHTS).ask(A).decision == Refused("hours_are_kept", "outside_hours")


def test_a_pass_whose_schedule_is_not_here_counts_at_no_hour() -> None:
    assert entry(a_pass("p1", A, schedule_id="gone")).ask(A).right is None


def test_who_came_in_by_a_pass_leaves_free_at_any_hour_and_who_came_as_a_visitor_pays() -> None:
    held = a_pass("p1", A, B, schedule_id="nights")
    rows = (held, NIGHTS, inside("s1", A, right="pass:p1"), inside("s2", B), owing("s1", A), owing("s2", B))
    assert out(*rows).ask(A).decision == Allowed("pass")
    assert out(*rows).ask(B).decision == Refused("nothing_is_due", "payment_due")


def test_a_pass_that_ended_meanwhile_lets_nobody_out_free() -> None:
    rows = (a_pass("p1", A, valid_until=NOON), inside("s1", A, right="pass:p1"), owing("s1", A))
    assert out(*rows).ask(A).decision == Refused("nothing_is_due", "payment_due")


def test_a_pass_bought_while_inside_pays_for_nothing_before_it() -> None:
    rows = (a_pass("p1", A, valid_from=NOON - timedelta(minutes=5)), owing("s1", A))
    assert out(*rows).ask(A).decision == Refused("nothing_is_due", "payment_due")


def test_a_pass_holder_whose_entry_nobody_knows_goes_out_on_the_pass() -> None:
    assert out(a_pass("p1", A)).ask(A).decision == Allowed("pass")


# --- lists -----------------------------------------------------------------------------------------------------------


def test_staff_come_in_on_their_list_but_not_when_it_is_full() -> None:
    answer = entry(listed(A, ListedAs.STAFF)).ask(A)
    assert (answer.decision, answer.right) == (Allowed("staff_list"), "list:staff")
    assert entry(listed(A, ListedAs.STAFF), free=0).ask(A).decision == Refused("site_has_room", "site_full")


def test_a_vip_comes_in_when_it_is_full_and_leaves_free() -> None:
    assert entry(listed(A, ListedAs.VIP), free=0).ask(A).decision == Allowed("vip_list")
    assert out(listed(A, ListedAs.VIP), owing("s1", A)).ask(A).decision == Allowed("vip_list")


def test_staff_off_duty_are_visitors_and_pay() -> None:
    entry_of_staff = listed(A, ListedAs.STAFF, schedule_id="nights")
    assert entry(entry_of_staff, NIGHTS).ask(A).right is None
    assert out(entry_of_staff, NIGHTS, owing("s1", A)).ask(A).decision == Refused("nothing_is_due", "payment_due")


@pytest.mark.parametrize("held", [a_pass("p1", A), listed(A, ListedAs.VIP), an_invitation(plate=plate(A))])
def test_a_blocked_holder_stays_out_whatever_right_the_car_has(held: Any) -> None:
    lane = entry(held, a_holder(TAG, A, blocked=True))
    assert lane.ask(A, presented(TAG)).decision == Refused("plate_is_not_blocked", "blocked")


# --- groups and lots -------------------------------------------------------------------------------------------------


def test_a_tenants_cars_beyond_the_tenants_limit_stay_out_or_pay() -> None:
    rows = (
        a_pass("p1", A, group_id="g"),
        a_pass("p2", B, group_id="g"),
        inside("s2", B, right="pass:p2", group_id="g"),
    )
    assert entry(*rows, GroupRow("g", 1)).ask(A).decision == Refused("group_has_room", "group_full")
    visitor = entry(*rows, GroupRow("g", 1, SecondCar.VISITOR)).ask(A)
    assert (visitor.decision, visitor.right) == (Allowed("site_has_room"), None)
    assert entry(*rows, GroupRow("g", 2)).ask(A).right == "pass:p1"
    assert entry(*rows, GroupRow("g", None)).ask(A).right == "pass:p1"


def test_a_lot_for_rights_only_keeps_strangers_out() -> None:
    lot = LotRow(LotId("members"), None, 10, 10, rights_only=True)
    lane = entry(lot, a_pass("p1", A, lots=(LotId("members"),)), lot_id=LotId("members"))
    assert lane.ask(A).right == "pass:p1"
    assert lane.ask(B).decision == Refused("lot_is_open_to_it", "rights_only")


def test_a_lane_asks_for_room_in_the_lot_that_it_leads_into() -> None:
    full, roomy = LotRow(LotId("a"), None, 10, 0), LotRow(LotId("b"), None, 10, 3)
    assert entry(full, roomy, free=9, lot_id=LotId("a")).ask(A).decision == Refused("site_has_room", "site_full")
    assert entry(full, roomy, free=0, lot_id=LotId("b")).ask(A).decision == Allowed("site_has_room")


class Nested:
    """A members' lot within the mall's: a street entry and exit, a lane between the two in each direction."""

    def __init__(self, *facts: Any) -> None:
        outer, inner = LotId("mall"), LotId("members")
        self.copy = MemoryRows(LotRow(outer, None, 9, 9), LotRow(inner, outer, 9, 9, rights_only=True), *facts)
        self.street_in = ThinkingLane(self.copy, IN, lot_id=outer)
        self.street_out = ThinkingLane(self.copy, OUT, lot_id=outer)
        self.inner_in = ThinkingLane(self.copy, IN, lot_id=inner, outer_lot_id=outer, anti_passback=AntiPassback.HARD)
        self.inner_out = ThinkingLane(self.copy, OUT, lot_id=inner, outer_lot_id=outer)

    def lots(self) -> list[str | None]:
        rows = [fact for (kind, _), fact in self.copy.rows.items() if kind == "inside"]
        return [row.lot_id for row in rows]  # type: ignore[union-attr]


def test_a_car_goes_from_lot_to_lot_in_one_stay_and_pays_at_the_street() -> None:
    nested = Nested(a_pass("p1", A, lots=(LotId("members"),)))
    entered = nested.street_in.ask(A)
    assert (entered.decision, entered.right) == (Allowed("site_has_room"), None)  # the pass is of the inner lot alone
    nested.street_in.drive_through()
    nested.copy.put(owing(nested.street_in.visit.id, A))
    assert nested.inner_in.ask(A).right == "pass:p1"
    nested.inner_in.drive_through()
    assert nested.lots() == ["members"]
    assert nested.inner_out.ask(A).decision == Allowed("stays_on_site")
    nested.inner_out.drive_through()
    assert nested.lots() == ["mall"]
    assert nested.street_out.ask(A).decision == Refused("nothing_is_due", "payment_due")


def test_between_the_lots_only_who_is_in_the_inner_one_is_passed_back() -> None:
    nested = Nested(a_pass("p1", A))
    nested.street_in.ask(A)
    nested.street_in.drive_through()
    assert nested.inner_in.ask(A).allowed
    nested.inner_in.drive_through()
    assert nested.inner_in.ask(A).decision == Refused("is_not_passed_back", "anti_passback")


# --- visitors --------------------------------------------------------------------------------------------------------


def test_a_visitor_with_a_code_comes_in_once_even_with_a_plate_nobody_can_read() -> None:
    lane = entry(an_invitation())
    shown = a_code(invitation_id="i1")
    first = lane.ask(None, shown)
    assert (first.decision, first.right, first.code_id) == (Allowed("invitation"), "invitation:i1", "code-0001")
    lane.drive_through()
    assert lane.ask(None, shown).decision == Refused("code_is_unused", "code_used")


def test_a_used_code_beside_a_plate_that_is_read_makes_an_ordinary_visitor() -> None:
    lane = entry(an_invitation(entries=5))
    shown = a_code(invitation_id="i1")
    lane.ask(A, shown)
    lane.drive_through()
    again = lane.ask(B, shown)
    assert (again.decision, again.right) == (Allowed("site_has_room"), None)


def test_several_entries_are_counted_and_then_it_is_over() -> None:
    lane = entry(an_invitation(entries=2, plate=plate(A)))
    for _ in range(2):
        assert lane.ask(A).right == "invitation:i1"
        lane.drive_through()
    assert lane.ask(A).decision == Refused("invitation_is_open", "invitation_used_up")


@pytest.mark.parametrize(
    ("rows", "reason"),
    [((an_invitation(valid_until=NOON),), "invitation_ended"), ((), "invitation_unknown")],
    ids=["ended", "taken back"],
)
def test_a_code_of_an_invitation_that_does_not_hold_opens_nothing(rows: tuple[Any, ...], reason: str) -> None:
    assert entry(*rows).ask(None, a_code(invitation_id="i1")).decision == Refused("invitation_is_open", reason)


def test_an_invited_plate_needs_no_code() -> None:
    assert entry(an_invitation(plate=plate(A))).ask(A).right == "invitation:i1"


@pytest.mark.parametrize(
    "first", [{"used": 1}, {"lots": (LotId("b"),)}, {"valid_until": NOON}, {"valid_from": NOON + DAY / 2}]
)
def test_whoever_is_asked_in_again_comes_in_by_the_invitation_that_counts(first: dict[str, Any]) -> None:
    rows = (an_invitation(plate=plate(A), **first), an_invitation(invitation_id="i2", plate=plate(A)))
    answer = entry(*rows, lot_id=LotId("a")).ask(A)
    assert (answer.decision, answer.right) == (Allowed("invitation"), "invitation:i2")


def test_a_visitor_free_of_charge_leaves_by_plate_or_by_code_and_another_pays() -> None:
    rows = (inside("s1", A, right="invitation:i1"), owing("s1", A))
    assert out(an_invitation(free_of_charge=True, used=1), *rows).ask(A).decision == Allowed("invitation")
    assert out(an_invitation(used=1), *rows).ask(A).decision == Refused("nothing_is_due", "payment_due")
    unread = (
        inside("s1", None, credentials=(CODE,), right="invitation:i1"),
        an_invitation(free_of_charge=True, used=1),
    )
    by_code = out(*unread).ask(None, a_code(invitation_id="i1"))
    assert (by_code.decision, by_code.stay_id) == (Allowed("invitation"), "s1")


# --- anti-passback ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "minutes_ago", "expected", "remarks"),
    [
        (AntiPassback.OFF, 1, Allowed("site_has_room"), ()),
        (AntiPassback.SOFT, 1, Allowed("site_has_room"), ("anti_passback",)),
        (AntiPassback.HARD, 600, Refused("is_not_passed_back", "anti_passback"), ()),
        (AntiPassback.TIMED, 29, Refused("is_not_passed_back", "anti_passback"), ()),
        (AntiPassback.TIMED, 30, Allowed("site_has_room"), ("anti_passback",)),
    ],
)
def test_a_card_that_is_inside_does_not_bring_in_a_second_car(
    kind: AntiPassback, minutes_ago: int, expected: Any, remarks: tuple[str, ...]
) -> None:
    row = inside("s1", A, credentials=(CARD,), since=NOON - timedelta(minutes=minutes_ago))
    answer = entry(row, a_holder(CARD), anti_passback=kind).ask(None, presented(CARD))
    assert (answer.decision, answer.remarks) == (expected, remarks)
    assert answer.calls_person is not answer.allowed


def test_a_plate_with_an_open_stay_is_passed_back_as_well() -> None:
    answer = entry(owing("s1", A), anti_passback=AntiPassback.HARD).ask(A)
    assert answer.decision == Refused("is_not_passed_back", "anti_passback")


def test_who_leaves_without_having_come_in_is_remarked_and_not_kept() -> None:
    answer = out(a_pass("p1", A), a_holder(TAG, A), anti_passback=AntiPassback.HARD).ask(A, presented(TAG))
    assert (answer.decision, answer.remarks) == (Allowed("pass"), ("left_without_entering",))


# --- every answer ----------------------------------------------------------------------------------------------------


def test_what_a_driver_cannot_mend_calls_a_person() -> None:
    assert out().ask(A).calls_person  # nobody knows how it came in
    assert not out(owing("s1", A)).ask(A).calls_person  # it can pay
    assert not entry(free=0).ask(A).calls_person  # it can turn round


def test_an_answer_names_the_rule_even_for_a_vehicle_of_which_nothing_is_known() -> None:
    assert decide(entry().facts(None)).decision == Refused("plate_is_read", "no_plate")
