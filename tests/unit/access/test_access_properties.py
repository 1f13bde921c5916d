"""What must hold for every vehicle, every order of passages and every setting: the rules under all that chance can bring."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from parking.access.decide import Answer, decide
from parking.access.facts import AntiPassback, Facts, ForeignTag, NoPlate, SecondEntry
from parking.access.policies import ENTRY_RULES, EXIT_RULES
from parking.access.rows import Fact, GroupRow, InsideRow, ListedAs, LotRow, SecondCar
from parking.gate.credentials.base import Presented
from parking.gate.credentials.codes import CodeUse
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.decision import Refused
from parking.kernel.events import Direction
from parking.kernel.ids import LotId, StayId
from tests.builders.access import (
    CARD,
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
PLATES = ("苏A12345", "苏B23456", "苏C34567")
SPOKEN = {r.__name__ for r in (*ENTRY_RULES, *EXIT_RULES)} | {
    *("pass", "invitation", "allow_list", "vip_list", "staff_list", "no_plate"),
    *("paid", "free_minutes", "exit_code", "stays_on_site", "none_of_them_owes"),
}
"""Every rule that may speak: those on the wall, and the names of what lets a vehicle pass."""

plates = st.sampled_from(PLATES)
maybe_plates = st.none() | plates
times = st.sampled_from([None, NOON - DAY, NOON + DAY])
credentials = st.sampled_from([TAG, CARD, Credential(CredentialKind.OBU, "1A2B3C4D")])
second = st.sampled_from(SecondCar)
groups = st.sampled_from([None, "g"])
rights = st.sampled_from([None, "pass:p1", "pass:p2", "invitation:i1", "list:vip", "list:staff"])
lots = st.sampled_from([None, LotId("a"), LotId("b")])


@st.composite
def rows(draw: st.DrawFn) -> list[Fact]:
    """Any small mall: passes, holders, lists, invitations, who is inside, stays."""
    found: list[Fact] = []
    for name in draw(st.sets(st.sampled_from(["p1", "p2"]))):
        their = draw(st.sets(plates))
        found.append(
            a_pass(
                name,
                *sorted(their),
                bays=draw(st.integers(1, 2)),
                valid_until=draw(times),
                second_car=draw(second),
                when_full=draw(st.booleans()),
                group_id=draw(groups),
                lots=draw(st.sampled_from([(), (LotId("a"),)])),
            )
        )
    for credential in draw(st.sets(credentials)):
        ids = tuple(sorted(draw(st.sets(st.sampled_from(["p1", "p2"])))))
        found.append(a_holder(credential, *sorted(draw(st.sets(plates))), pass_ids=ids, blocked=draw(st.booleans())))
    for text in draw(st.sets(plates)):
        found.append(listed(text, draw(st.sampled_from(ListedAs)), valid_until=draw(times)))
    if draw(st.booleans()):
        named = draw(maybe_plates)
        found.append(an_invitation(plate=plate(named) if named else None, used=draw(st.integers(0, 2))))
    for number in range(draw(st.integers(0, 3))):
        held = tuple(draw(st.sets(credentials, max_size=1)))
        row = inside(f"s{number}", draw(maybe_plates), credentials=held, right=draw(rights), lot_id=draw(lots))
        found.append(row)
        if draw(st.booleans()):
            seen = row.plate.text if row.plate else None
            found.append(owing(f"s{number}", seen, credentials=held, paid_minor=draw(st.sampled_from([0, 500]))))
    if draw(st.booleans()):
        found.append(GroupRow("g", draw(st.sampled_from([None, 0, 1])), draw(second)))
    if draw(st.booleans()):
        found.append(LotRow(LotId("a"), None, 9, draw(st.sampled_from([None, 0, 5])), draw(st.booleans())))
    return found


@st.composite
def shown(draw: st.DrawFn) -> tuple[Presented, ...]:
    """Whatever is held up at the lane."""
    held = [
        presented(c, refused=draw(st.sampled_from(["", "", "code.expired"])))
        for c in draw(st.lists(credentials, max_size=2))
    ]
    if draw(st.booleans()):
        use = draw(st.sampled_from(CodeUse))
        named = draw(maybe_plates)
        bound: dict[str, Any] = {"invitation_id": "i1"} if use is CodeUse.INVITATION else {"stay_id": StayId("s0")}
        held.append(a_code(use, plate=plate(named) if named else None, **bound))
    return tuple(held)


@st.composite
def cases(draw: st.DrawFn, direction: Direction, *, blocked: bool = False, alone: bool = False) -> Facts:
    """Any vehicle at any lane; one that is `blocked`, or one with a doubtful plate or none and nothing else (`alone`)."""
    copy = MemoryRows(*draw(rows()), free=draw(st.sampled_from([None, 0, 3])))
    text, held = draw(maybe_plates), () if alone else draw(shown())
    if blocked:
        text = text or PLATES[0]
        copy.put(listed(text, ListedAs.BLOCK))
    lane = ThinkingLane(
        copy,
        direction,
        anti_passback=draw(st.sampled_from(AntiPassback)),
        no_plate=draw(st.sampled_from(NoPlate)),
        second_entry=draw(st.sampled_from(SecondEntry)),
        foreign_tag=draw(st.sampled_from(ForeignTag)),
        alone=frozenset(draw(st.sets(st.sampled_from(CredentialKind)))),
        lot_id=draw(lots),
        outer_lot_id=draw(st.sampled_from([None, None, LotId("o")])),
    )
    margin = 0.1 if alone else 9.0 if blocked else draw(st.sampled_from([9.0, 0.1]))
    return lane.facts(text, *held, margin=margin)


anybody = st.sampled_from(Direction).flatmap(cases)


@settings(deadline=None)
@given(anybody)
def test_every_answer_is_an_answer_and_names_a_rule_that_is_on_the_wall(facts: Facts) -> None:
    answer = decide(facts)
    assert answer.decision.rule in SPOKEN
    assert answer == decide(facts)  # the same facts, the same answer
    assert answer.allowed or (answer.right, answer.code_id, answer.remarks) == (None, None, ())


@settings(deadline=None)
@given(cases(Direction.IN, blocked=True))
def test_nobody_blocked_gets_in(facts: Facts) -> None:
    assert facts.listed is not None
    assert (facts.listed.listed_as, facts.listed.holds(facts.now)) == (ListedAs.BLOCK, True)
    assert not decide(facts).allowed


@settings(deadline=None)
@given(cases(Direction.IN))
def test_nobody_gets_in_with_a_blocked_holders_card(facts: Facts) -> None:
    held_up = {evidence.credential for evidence in facts.credentials}
    if any(h.blocked and h.credential in held_up for h in facts.holders):
        assert not decide(facts).allowed


@settings(deadline=None)
@given(cases(Direction.OUT))
def test_an_exit_is_never_refused_for_anti_passback_without_help(facts: Facts) -> None:
    answer = decide(facts)
    if isinstance(answer.decision, Refused):
        assert "passback" not in answer.decision.reason
        mends_it = {"payment_due", "no_plate", "doubtful_read"}
        assert answer.calls_person or answer.decision.reason in mends_it


@settings(deadline=None)
@given(anybody)
def test_no_tag_outranks_the_plate(facts: Facts) -> None:
    """A pass that only a credential brings counts on the credential's own cars alone."""
    if not facts.trusted or facts.evidence is None:
        return
    answer = decide(facts)
    name = (answer.right or "").removeprefix("pass:")
    held = next((p for p in facts.passes if p.pass_id == name), None)
    if held is None or facts.evidence.plate in held.plates or answer.allowed is False:
        return
    came_by = [row for row in facts.inside if row.right == answer.right]
    bringers = [h for h in facts.holders if held.pass_id in h.pass_ids]
    assert came_by or any(not h.plates or facts.evidence.plate in h.plates for h in bringers)


@settings(deadline=None)
@given(st.sampled_from(Direction).flatmap(lambda direction: cases(direction, alone=True)))
def test_a_doubtful_read_alone_names_no_stay_no_plate_and_no_right(facts: Facts) -> None:
    answer = decide(facts)
    assert (answer.stay_id, answer.plate, answer.right) == (None, None, None)
    leaves = facts.direction is Direction.OUT and facts.rules.outer_lot_id is None
    assert not (leaves and answer.allowed)


PASSES = {"p1": 1, "p2": 2}
CARS = ("苏A00001", "苏A00002", "苏A00003", "苏A00004")


class OneBayPass(RuleBasedStateMachine):
    """Four cars of two passes, three lanes of one box, in any order that cars can come, turn back and go."""

    def __init__(self) -> None:
        super().__init__()
        self.copy = MemoryRows(*(a_pass(name, *CARS, bays=bays) for name, bays in PASSES.items()))
        self.entries = [ThinkingLane(self.copy), ThinkingLane(self.copy)]
        self.exit = ThinkingLane(self.copy, Direction.OUT)
        self.waiting: dict[int, tuple[str, Answer]] = {}
        self.inside: set[str] = set()
        self.minutes = 0.0

    @rule(lane=st.integers(0, 1), car=st.sampled_from(CARS))
    def comes(self, lane: int, car: str) -> None:
        if lane not in self.waiting and car not in {c for c, _ in self.waiting.values()} | self.inside:
            self.waiting[lane] = (car, self.entries[lane].ask(car))

    @rule(lane=st.integers(0, 1))
    def drives_in(self, lane: int) -> None:
        if lane in self.waiting:
            car, _ = self.waiting.pop(lane)
            self.entries[lane].drive_through()
            self.inside.add(car)

    @rule(lane=st.integers(0, 1))
    def turns_back(self, lane: int) -> None:
        if lane in self.waiting:
            del self.waiting[lane]
            self.entries[lane].back_away()

    @rule(minutes=st.sampled_from([0.5, 4.0, 6.0]))
    def time_passes(self, minutes: float) -> None:
        self.minutes += minutes
        for lane in (*self.entries, self.exit):
            lane.now = NOON + timedelta(minutes=self.minutes)

    @precondition(lambda self: self.inside)
    @rule(data=st.data())
    def leaves(self, data: st.DataObject) -> None:
        car = data.draw(st.sampled_from(sorted(self.inside)))
        self.exit.ask(car)
        self.exit.drive_through()
        self.inside.remove(car)

    @invariant()
    def no_pass_has_more_cars_inside_than_bays(self) -> None:
        for name, bays in PASSES.items():
            on_it = [row for row in self._inside() if row.right == f"pass:{name}"]
            assert len(on_it) <= bays

    @invariant()
    def whoever_is_inside_is_known_and_nobody_else(self) -> None:
        known = [row.plate.text for row in self._inside() if row.plate is not None]
        assert sorted(known) == sorted(self.inside)

    def _inside(self) -> list[InsideRow]:
        rows = [fact for fact in self.copy.rows.values() if isinstance(fact, InsideRow)]
        return [row for row in rows if row.claimed_until is None]


TestOneBayPass = OneBayPass.TestCase
TestOneBayPass.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
