"""Plate, tag, card and code at one lane: what agrees is one vehicle, what contradicts goes to a person."""

from __future__ import annotations

from typing import Any

import pytest

from parking.access.decide import decide
from parking.access.facts import ForeignTag
from parking.access.rows import Fact
from parking.gate.answering import gather
from parking.gate.credentials.codes import CodeUse
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.decision import Allowed, Refused
from parking.kernel.events import Direction
from parking.kernel.ids import StayId
from parking.kernel.votes import Votes
from tests.builders.access import (
    CARD,
    TAG,
    MemoryRows,
    ThinkingLane,
    a_code,
    a_holder,
    a_pass,
    an_invitation,
    inside,
    owing,
    plate,
    presented,
)
from tests.builders.gate import NOON

pytestmark = pytest.mark.req("GATE-2", "GATE-5")
A, B, C = "苏A12345", "苏B23456", "苏C34567"
TWIN = "苏A1234S"  # what a doubtful read makes of A
OBU = Credential(CredentialKind.OBU, "1A2B3C4D")
MISMATCH = Refused("evidence_agrees", "credential_mismatch")
DOUBTFUL: dict[str, Any] = {"margin": 0.5}


def entry(*facts: Fact, **rules: Any) -> ThinkingLane:
    return ThinkingLane(MemoryRows(*facts), Direction.IN, **rules)


def out(*facts: Fact, **rules: Any) -> ThinkingLane:
    return ThinkingLane(MemoryRows(*facts), Direction.OUT, **rules)


def test_a_tag_on_its_own_car_brings_the_pass_of_its_holder() -> None:
    lane = entry(a_holder(TAG, A, pass_ids=("p1",)), a_pass("p1"))
    answer = lane.ask(A, presented(TAG))
    assert (answer.decision, answer.right, answer.credential) == (Allowed("pass"), "pass:p1", TAG)


@pytest.mark.parametrize("lane", [entry, out])
def test_a_tag_on_another_car_goes_to_a_person(lane: Any) -> None:
    rows = (a_holder(TAG, A, pass_ids=("p1",)), a_pass("p1"), owing("s2", B, paid_minor=500))
    answer = lane(*rows).ask(B, presented(TAG))
    assert (answer.decision, answer.right, answer.calls_person) == (MISMATCH, None, True)


def test_where_the_lane_is_told_so_the_next_cars_tag_is_of_no_account() -> None:
    lane = entry(a_holder(TAG, A, pass_ids=("p1",)), a_pass("p1"), foreign_tag=ForeignTag.IGNORE)
    answer = lane.ask(B, presented(TAG))
    assert (answer.decision, answer.right, answer.credential) == (Allowed("site_has_room"), None, None)


def test_a_card_is_held_up_by_hand_so_another_cars_card_is_never_overheard() -> None:
    lane = entry(a_holder(CARD, A, pass_ids=("p1",)), a_pass("p1"), foreign_tag=ForeignTag.IGNORE)
    assert lane.ask(B, presented(CARD)).decision == MISMATCH


def test_beside_the_cars_own_tag_the_next_cars_tag_is_of_no_account() -> None:
    other = Credential(CredentialKind.UHF, "E280AAAA")
    lane = entry(a_holder(TAG, A, pass_ids=("p1",)), a_pass("p1"), a_holder(other, B))
    answer = lane.ask(A, presented(other), presented(TAG))
    assert (answer.right, answer.credential) == ("pass:p1", TAG)


def test_an_on_board_unit_of_another_plate_goes_to_a_person() -> None:
    assert entry().ask(A, presented(OBU, plate=plate(B))).decision == MISMATCH
    assert entry().ask(A, presented(OBU, plate=plate(A))).credential == OBU


def test_a_doubtful_read_and_a_tag_that_fits_it_are_enough_together() -> None:
    lane = entry(a_holder(TAG, A, pass_ids=("p1",)), a_pass("p1"))
    answer = lane.ask(TWIN, presented(TAG), **DOUBTFUL)
    assert (answer.right, answer.plate) == ("pass:p1", plate(A))


def test_a_doubtful_read_and_what_an_on_board_unit_says_of_its_car_are_enough_together() -> None:
    answer = entry().ask(TWIN, presented(OBU, plate=plate(A)), **DOUBTFUL)
    assert (answer.decision, answer.plate, answer.credential) == (Allowed("site_has_room"), plate(A), OBU)


def test_a_tag_whose_time_is_over_says_nothing_any_more() -> None:
    over = a_holder(TAG, A, pass_ids=("p1",), valid_until=NOON)
    answer = entry(over, a_pass("p1")).ask(B, presented(TAG))
    assert (answer.decision, answer.right) == (Allowed("site_has_room"), None)
    assert not entry(over, a_pass("p1")).ask(None, presented(TAG)).allowed


def test_a_doubtful_read_of_another_car_and_a_tag_go_to_a_person() -> None:
    lane = entry(a_holder(TAG, A, pass_ids=("p1",)), a_pass("p1"))
    assert lane.ask(B, presented(TAG), **DOUBTFUL).decision == MISMATCH


@pytest.mark.parametrize(
    ("alone", "credential", "opens"),
    [
        (None, CARD, True),
        (None, TAG, False),
        (frozenset({CredentialKind.UHF}), TAG, True),
        (frozenset(), CARD, False),
    ],
)
def test_without_a_plate_only_what_the_lane_takes_alone_opens(alone: Any, credential: Credential, opens: bool) -> None:
    rules = {} if alone is None else {"alone": alone}
    lane = entry(a_holder(credential, A, pass_ids=("p1",)), a_pass("p1"), **rules)
    assert lane.ask(None, presented(credential)).allowed is opens


def test_a_lane_that_takes_no_codes_alone_opens_for_none_without_a_plate() -> None:
    lane = entry(an_invitation(), alone=frozenset())
    assert lane.ask(None, a_code(invitation_id="i1")).decision == Refused("plate_is_read", "no_plate")


def test_a_card_that_nobody_knows_opens_nothing() -> None:
    assert entry().ask(None, presented(CARD)).decision == Refused("plate_is_read", "no_plate")


def test_a_card_that_is_inside_is_no_card_of_a_stranger_at_the_entry() -> None:
    lane = entry(owing("s1", None, credentials=(CARD,)))
    assert not lane.ask(None, presented(CARD)).allowed


def test_what_its_reader_would_not_take_opens_nothing_and_the_driver_hears_why() -> None:
    lane = entry(a_holder(CARD, A))
    assert lane.ask(None, presented(CARD, refused="code.expired")).decision == Refused("plate_is_read", "code.expired")


# --- one stay, opened by one thing and closed by another ------------------------------------------------------------


def paid(stay_id: str, text: str | None, *credentials: Credential) -> Fact:
    return owing(stay_id, text, paid_minor=500, credentials=credentials)


def test_opened_by_a_card_without_a_plate_and_closed_by_the_card() -> None:
    answer = out(paid("s1", None, CARD)).ask(None, presented(CARD))
    assert (answer.decision, answer.stay_id) == (Allowed("paid"), "s1")


def test_opened_by_a_card_and_closed_by_the_plate_and_the_other_way_round() -> None:
    assert out(paid("s1", A, CARD)).ask(A).stay_id == "s1"
    assert out(paid("s1", A, CARD)).ask(None, presented(CARD)).stay_id == "s1"


def test_opened_unread_and_closed_by_card_and_plate_together() -> None:
    assert out(paid("s1", None, CARD)).ask(A, presented(CARD)).stay_id == "s1"


def test_a_card_of_another_cars_stay_goes_to_a_person() -> None:
    rows = (paid("s1", A, CARD), owing("s2", B))
    assert out(*rows).ask(B, presented(CARD)).decision == MISMATCH
    assert out(*rows).ask(B, presented(CARD)).stay_id is None


def test_a_misread_entry_and_its_own_card_are_one_stay() -> None:
    assert out(paid("s1", TWIN, CARD)).ask(A, presented(CARD)).stay_id == "s1"


def test_an_exit_code_lets_out_the_stay_it_names_and_no_other() -> None:
    code = a_code(CodeUse.EXIT, stay_id=StayId("s1"))
    answer = out(owing("s1", A), owing("s2", B)).ask(A, code)
    assert (answer.decision, answer.code_id, answer.stay_id) == (Allowed("exit_code"), "code-0001", "s1")
    assert out(owing("s1", A), owing("s2", B)).ask(B, code).decision == MISMATCH


def test_an_exit_code_lets_out_a_stay_that_the_lane_has_not_heard_of() -> None:
    answer = out().ask(None, a_code(CodeUse.EXIT, stay_id=StayId("s1")))
    assert (answer.decision, answer.stay_id) == (Allowed("exit_code"), "s1")


def test_an_exit_code_counts_once() -> None:
    lane = out(owing("s1", A))
    code = a_code(CodeUse.EXIT, stay_id=StayId("s1"))
    assert lane.ask(A, code).allowed
    assert lane.ask(A, code).decision == Refused("nothing_is_due", "payment_due")


def test_a_code_that_this_very_visit_has_used_still_counts_for_it() -> None:
    lane = out(owing("s1", A))
    code = a_code(CodeUse.EXIT, stay_id=StayId("s1"))
    lane.ask(A, code)
    lane.visit.code_used = "code-0001"
    facts = gather(lane.visit, lane.config, lane.copy, lane.now, 9.0)
    assert facts is not None
    assert decide(facts).allowed


def test_a_paper_ticket_says_which_stay_it_is_and_pays_for_nothing() -> None:
    ticket = a_code(CodeUse.TICKET, stay_id=StayId("s1"))
    owes = out(owing("s1", None)).ask(None, ticket)
    assert (owes.decision, owes.stay_id) == (Refused("nothing_is_due", "payment_due"), "s1")
    goes = out(paid("s1", None)).ask(None, ticket)
    assert (goes.decision, goes.code_id) == (Allowed("paid"), "code-0001")


def test_a_code_that_names_another_plate_goes_to_a_person() -> None:
    assert entry().ask(B, a_code(invitation_id="i1", plate=plate(A))).decision == MISMATCH


def test_a_code_does_not_say_that_the_plate_on_it_was_seen() -> None:
    lane = entry(inside("s0", B))
    assert lane.ask(None, a_code(invitation_id="i1", plate=plate(A))).plate is None


def test_a_tag_whose_plate_the_pictures_leave_open_says_that_the_best_spelling_is_a_misread() -> None:
    rows = (a_holder(TAG, A, pass_ids=("p1",)), a_pass("p1"))
    near = Votes.of([(TWIN, 0.0), (A, -3.2), (B, -9.0)])
    answer = entry(*rows).ask(TWIN, presented(TAG), votes=near)
    assert (answer.decision, answer.right, answer.plate) == (Allowed("pass"), "pass:p1", plate(A))


def test_a_tag_whose_plate_the_pictures_hardly_leave_open_is_another_cars() -> None:
    rows = (a_holder(TAG, A, pass_ids=("p1",)), a_pass("p1"))
    far = Votes.of([(TWIN, 0.0), (A, -6.0)])
    assert entry(*rows).ask(TWIN, presented(TAG), votes=far).decision == MISMATCH


def test_a_car_whose_own_tag_is_heard_is_not_the_lookalike_whose_tag_is_heard_as_well() -> None:
    holders = a_holder(TAG, A, pass_ids=("p1",)), a_holder(OBU, TWIN, pass_ids=("p2",))
    rows = (*holders, a_pass("p1", A), a_pass("p2", TWIN))
    near = Votes.of([(TWIN, 0.0), (A, -3.2)])
    answer = entry(*rows).ask(TWIN, presented(TAG), presented(OBU), votes=near)
    assert (answer.plate, answer.right) == (plate(TWIN), "pass:p2")


def test_a_refused_tag_says_nothing_of_the_plate() -> None:
    rows = (a_holder(TAG, A, pass_ids=("p1",)), a_pass("p1"))
    near = Votes.of([(TWIN, 0.0), (A, -3.2)])
    answer = entry(*rows).ask(TWIN, presented(TAG, refused="reader"), votes=near)
    assert (answer.plate, answer.right) == (plate(TWIN), None)


def test_a_tag_whose_holder_drives_another_car_than_the_lookalike_inside_does_not_end_its_stay() -> None:
    rows = (a_holder(TAG, A, pass_ids=("p1",)), a_pass("p1"), owing("s9", TWIN))
    doubtful = Votes.of([(A, 0.0), ("苏A1234B", -0.2)])
    answer = out(*rows).ask(A, presented(TAG), votes=doubtful, margin=0.2)
    assert (answer.decision, answer.stay_id) == (Allowed("pass"), None)


def test_a_tag_of_a_member_does_not_let_a_lookalike_with_a_stay_of_its_own_leave_free() -> None:
    rows = (a_holder(TAG, A, pass_ids=("p1",)), a_pass("p1"), owing("s9", TWIN))
    near = Votes.of([(TWIN, 0.0), (A, -4.0)])
    answer = out(*rows).ask(TWIN, presented(TAG), votes=near)
    assert (answer.decision, answer.right, answer.stay_id) == (MISMATCH, None, None)


def test_an_on_board_unit_that_proves_nothing_does_not_overrule_a_sure_read() -> None:
    near = Votes.of([(TWIN, 0.0), (A, -4.0)])
    answer = entry(a_pass("p1", A)).ask(TWIN, presented(OBU, plate=plate(A)), votes=near)
    assert answer.decision == MISMATCH
