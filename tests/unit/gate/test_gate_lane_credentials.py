"""Stories of cards, tags and codes at a lane: whose they are is decided by place and time, and none of them outranks the plate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from parking.gate.credentials.base import Presented
from parking.gate.credentials.codes import CodeUse, VerifiedCode
from parking.gate.journal import FileJournal
from parking.gate.machine import State
from parking.gate.model import Timings
from parking.gate.presenting import MOST, Presenting
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.events import BarrierPulsed, CodeUsed, Direction, Envelope, LaneCalled, LaneDecided, VehiclePassed
from parking.kernel.ids import DeviceId, LaneId
from parking.kernel.votes import Votes
from tests.builders.gate import NOON, PLATE, LaneStory, seen, stay_data

pytestmark = [pytest.mark.req("GATE-2"), pytest.mark.req("GATE-1")]
TAG = Credential.parse(CredentialKind.UHF, "E200 1111 2222 3333")
OTHERS_TAG = Credential.parse(CredentialKind.UHF, "E200 9999 8888 7777")
CARD = Credential.parse(CredentialKind.CARD, "04A1B2C3")


def holder(plate: str, holder_id: str = "h1", pass_ids: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"holder_id": holder_id, "plates": [plate], "pass_ids": list(pass_ids)}


def code(use: CodeUse = CodeUse.INVITATION, code_id: str = "code-0001", **changes: Any) -> VerifiedCode:
    values: dict[str, Any] = {"lot": "main", "not_before": NOON, "expires": NOON + timedelta(hours=2)}
    if use is CodeUse.INVITATION:
        values["invitation_id"] = "inv-1"
    return VerifiedCode(code_id, use, **{**values, **changes})


def show_code(story: LaneStory, shown: VerifiedCode) -> None:
    story.hold_up(Credential(CredentialKind.CODE, shown.code_id), code=shown, proven=True)


def invited(**changes: Any) -> LaneStory:
    """An entry to which a visitor comes with an invitation."""
    story = LaneStory(rules=changes)
    valid = {"valid_from": "2026-03-02T00:00:00Z", "valid_until": "2026-03-03T00:00:00Z"}
    story.copy_row("invitation", "inv-1", {"host_id": "h9", "entries": 1, **valid})
    return story


# --- whose credential is it ------------------------------------------------------------------------------------------


def test_a_tag_that_agrees_with_the_plate_is_told_with_the_passage() -> None:
    story = LaneStory()
    story.copy_row("holder", TAG.ref, holder(PLATE))
    story.presence(True)
    story.hold_up(TAG)
    story.see(seen(at=story.clock.now()))
    story.drive_through()
    (passed,) = story.told(VehiclePassed)
    assert (passed.credential, passed.plate) == (TAG, seen().plate)


def test_a_tag_of_another_car_at_a_plate_goes_to_a_person_and_opens_nothing() -> None:
    story = LaneStory()
    story.copy_row("holder", OTHERS_TAG.ref, holder("苏B54321"))
    story.presence(True)
    story.hold_up(OTHERS_TAG)
    story.see(seen(at=story.clock.now()))
    story.wait(12)
    assert ([d.reason for d in story.told(LaneDecided)], story.pulses()) == (["credential_mismatch"], 0)
    assert [called.cause for called in story.told(LaneCalled)] == ["refused"]


def test_a_misread_car_with_its_own_tag_comes_in_as_what_the_tag_says() -> None:
    story, misread = LaneStory(), "苏A1234S"
    votes = Votes.of([(misread, 0.0), (PLATE, -3.2)], "blue", "civil")
    story.copy_row("holder", TAG.ref, holder(PLATE))
    story.presence(True)
    story.hold_up(TAG)
    story.see(seen(misread, at=story.clock.now(), votes=votes))
    story.drive_through()
    (passed,) = story.told(VehiclePassed)
    assert (passed.credential, passed.plate, passed.votes) == (TAG, seen().plate, votes.led_by(PLATE))
    assert [said.plate for said in story.told(LaneDecided)] == [seen().plate], "also where no loop feels it go in"


def test_the_next_cars_tag_read_too_early_is_ignored() -> None:
    story = LaneStory()
    story.copy_row("holder", OTHERS_TAG.ref, holder("苏B54321"))
    story.hold_up(OTHERS_TAG)  # far away still
    story.wait(2)
    story.drive_up()
    assert story.lane.visit is not None
    assert (story.lane.visit.presented, story.lane.state) == ((), State.ALLOWED)


def test_a_tag_seen_a_moment_before_the_loop_is_this_cars() -> None:
    story = LaneStory()
    story.hold_up(TAG)
    story.wait(0.5)
    story.presence(True)
    assert story.lane.visit is not None
    assert [p.credential for p in story.lane.visit.presented] == [TAG]


def test_the_tag_of_the_car_that_is_through_is_not_the_next_cars() -> None:
    story = LaneStory()
    story.copy_row("holder", TAG.ref, holder(PLATE))
    story.presence(True)
    story.hold_up(TAG)
    story.see(seen(at=story.clock.now()))
    story.drive_through()
    story.hold_up(TAG)  # the reader still hears it
    story.presence(True)
    story.hold_up(TAG)
    visit = story.lane.visit
    assert visit is not None
    assert not visit.presented
    story.wait(11)
    story.hold_up(TAG)
    assert [p.credential for p in visit.presented] == [TAG], "ten seconds later it is a new presentation"


def test_several_credentials_of_one_car_are_all_looked_at() -> None:
    story = LaneStory()
    story.presence(True)
    for credential in (TAG, CARD, TAG):
        story.hold_up(credential)
    assert story.lane.visit is not None
    assert [p.credential for p in story.lane.visit.presented] == [TAG, CARD]


def test_a_tag_that_is_seen_all_the_time_is_decided_on_once() -> None:
    story = LaneStory(Direction.OUT)
    story.copy_row("stay", "stay-1", stay_data())
    story.drive_up()
    asked = story.lane._asked_s
    for _ in range(5):
        story.hold_up(TAG)
    story.wait(0.3)
    first = story.lane._asked_s
    assert first > asked, "a new credential is a reason to ask"
    for _ in range(5):
        story.hold_up(TAG)
    assert story.lane._asked_s == first, "the same one again is none"


def presented(credential: Credential, seen_s: float) -> Presented:
    return Presented(credential, NOON, DeviceId("reader-1"), seen_s)


def test_a_reader_whose_clock_runs_ahead_is_not_believed() -> None:
    heard = Presenting(Timings())
    heard.hear([presented(TAG, 100.5)], 100.0)
    assert heard.add_to((), 0.0) == ()


def test_a_crowd_of_tags_has_a_bound() -> None:
    heard = Presenting(Timings())
    heard.hear([presented(Credential(CredentialKind.UHF, f"{n:08X}"), 100.0) for n in range(500)], 100.0)
    assert len(heard.add_to((), 99.0)) == MOST


# --- codes that count once -------------------------------------------------------------------------------------------


@pytest.mark.req("GATE-3")
def test_a_code_is_used_up_in_the_same_write_as_the_opening_and_before_the_pulse() -> None:
    story = invited()
    writes: list[list[str]] = []
    pulses_then: list[int] = []
    append = story.journal.append

    class Watched:
        def append(self, lane_id: Any, envelopes: Any, *args: Any, **kwargs: Any) -> None:
            append(lane_id, envelopes, *args, **kwargs)
            writes.append([type(envelope.event).__name__ for envelope in envelopes])
            pulses_then.append(story.pulses())

        def lane_state(self, lane_id: Any) -> Any:
            return story.journal.lane_state(lane_id)

    story.power_up(Watched())
    story.wait(0.2)
    story.presence(True)
    show_code(story, code())
    story.see(seen(at=story.clock.now()))
    used = next(number for number, kinds in enumerate(writes) if "CodeUsed" in kinds)
    assert writes[used] == ["LaneDecided", "CodeUsed"]
    assert (pulses_then[used], story.pulses()) == (0, 1)
    (told,) = story.told(CodeUsed)
    assert (told.code_id, told.visit_id) == ("code-0001", story.told(LaneDecided)[-1].visit_id)


def test_a_code_counts_once() -> None:
    story = invited(read_deadline_s=1.0)
    for _ in range(2):
        story.presence(True)
        show_code(story, code())
        story.wait(2)
        story.drive_through()
        story.wait(12)
    assert [passed.authorised for passed in story.told(VehiclePassed)] == [True, False]
    assert (len(story.told(CodeUsed)), story.pulses()) == (1, 1)
    assert story.told(LaneDecided)[-1].reason == "code_used"


class DecidedMeanwhile:
    """A journal; before it takes the first code as used up, something else happens."""

    def __init__(self, real: FileJournal, meanwhile: Callable[[], None]) -> None:
        self._real = real
        self._meanwhile: Callable[[], None] | None = meanwhile

    def append(self, lane_id: LaneId, envelopes: Sequence[Envelope], lane_state: Mapping[str, Any], **how: Any) -> None:
        if self._meanwhile is not None and any(isinstance(one.event, CodeUsed) for one in envelopes):
            meanwhile, self._meanwhile = self._meanwhile, None
            meanwhile()
        self._real.append(lane_id, envelopes, lane_state, **how)

    def lane_state(self, lane_id: LaneId) -> Mapping[str, Any] | None:
        return self._real.lane_state(lane_id)


def test_a_code_that_is_held_up_at_two_lanes_in_the_same_moment_opens_one_of_them() -> None:
    story = invited()
    other = LaneStory(lane_id="lane-2", seed=2, file=story.file, clock=story.clock)
    other.copy = story.copy
    other.power_up()
    story.power_up(DecidedMeanwhile(story.journal, lambda: show_code(other, code())))
    for one in (story, other):
        one.presence(True)
    story.wait(5)
    show_code(story, code())
    story.wait(1)
    assert (story.pulses(), other.pulses(), len(story.told(CodeUsed))) == (0, 1, 1)
    assert (story.lane.state, story.faults()) == (State.REFUSED, [])
    assert story.told(LaneDecided)[-1].reason == "code_used"


def test_a_code_still_counts_for_the_car_that_used_it_when_its_time_to_drive_on_was_over() -> None:
    story = invited(read_deadline_s=1.0)
    story.presence(True)
    show_code(story, code())
    story.wait(2)
    assert story.lane.state is State.ALLOWED
    story.wait(61)
    show_code(story, code())
    story.wait(2)
    assert (story.lane.state, len(story.told(CodeUsed)), story.pulses()) == (State.ALLOWED, 1, 2)


def test_a_code_that_its_reader_refused_opens_nothing() -> None:
    story = invited(read_deadline_s=1.0)
    story.presence(True)
    story.hold_up(Credential(CredentialKind.CODE, "code-0001"), refused="code.expired")
    story.wait(3)
    assert (story.pulses(), story.told(BarrierPulsed), story.told(CodeUsed)) == (0, [], [])


def test_one_stay_may_open_by_a_card_and_close_by_it() -> None:
    story = LaneStory(Direction.OUT, rules={"read_deadline_s": 1.0})
    paid = stay_data(paid_until="2026-03-02T13:00:00Z", credentials=[CARD.ref])
    story.copy_row("stay", "stay-1", {**paid, "plate": None})
    story.presence(True)
    story.hold_up(CARD)
    story.wait(2)
    story.drive_through()
    (passed,) = story.told(VehiclePassed)
    assert (passed.stay_id, passed.credential, passed.authorised) == ("stay-1", CARD, True)


def test_what_was_let_through_by_a_credential_is_so_after_a_power_cut() -> None:
    story = LaneStory()
    story.copy_row("holder", TAG.ref, holder(PLATE))
    story.presence(True)
    story.hold_up(TAG)
    story.see(seen(at=story.clock.now()))
    story.safety(True)
    story.power_up()
    story.wait(0.2)
    story.presence(False)
    story.safety(False)
    assert [(p.credential, p.authorised) for p in story.told(VehiclePassed)] == [(TAG, True)]
