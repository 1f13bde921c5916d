"""How a stay goes on when passages were missed: judged by evidence, never by the time of night. Pure.

What can be told is told with its rule, and can be taken back; a person is asked only where two stories are equally true.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from parking.kernel.ids import LaneId, VisitId
from parking.kernel.votes import Votes
from parking.sessions.costs import Costs
from parking.sessions.model import LaneVisit, LeavingStay, OpenStay, ParkedStay

SHORTEST_WAY_ROUND = timedelta(minutes=1)
"""Nobody parks, leaves unseen and comes in again in less."""
SEEN_JUST_BEFORE = timedelta(minutes=3)
"""Who stood in a bay so shortly before has not driven round to an entry."""
QUEUE_BEHIND = timedelta(seconds=12)
"""With another vehicle's front on the loop so soon, the one before cannot have driven back."""
_ANOTHER_COLOUR = 4.0
UNSEEN = LaneId("unseen")
"""Where a car left that no lane saw leave."""


@dataclass(frozen=True, slots=True)
class LateExit:
    """A proven exit that no stay had explained."""

    visit_id: VisitId
    exited_at: datetime
    lane_id: LaneId
    yes_at: datetime | None


@dataclass(frozen=True, slots=True)
class Earlier:
    """A stay whose plate comes in again, with all that was seen of the plate in between.

    `let_through`: an exit opened for it and saw no passage. `exit`: a passage out that fits. `has_lookalike`: another plate that a
    camera takes for this one has been here.
    """

    stay: OpenStay
    let_through: LaneVisit | None = None
    exit: LateExit | None = None
    has_lookalike: bool = False


@dataclass(frozen=True, slots=True)
class LeftThen:
    """It left at `at`, priced as of `priced_at`; `counted`: the counts of vehicles know of it already."""

    at: datetime
    priced_at: datetime
    lane_id: LaneId
    rule: str
    visit_id: VisitId | None = None
    counted: bool = False


@dataclass(frozen=True, slots=True)
class GoneUnseen:
    """It has left, nobody knows when."""

    rule: str


@dataclass(frozen=True, slots=True)
class Undecided:
    """A person has to look; `reason` is the case's stable code."""

    reason: str


Verdict = LeftThen | GoneUnseen | Undecided


def on_second_entry(earlier: Earlier, votes: Votes | None, came: datetime, costs: Costs) -> Verdict:
    """What became of a stay whose plate has come in again at `came`; two visits are never joined into one."""
    stay = earlier.stay
    if _is_another_car(stay.votes, votes, costs) or _stands_inside(stay, came):
        return Undecided("cloned_plate")
    if earlier.exit is not None:
        out = earlier.exit
        return LeftThen(out.exited_at, out.yes_at or out.exited_at, out.lane_id, "exit_found_late", out.visit_id, True)
    if came - stay.entered_at < SHORTEST_WAY_ROUND:
        return Undecided("second_entry")
    said = earlier.let_through
    if said is not None and said.yes_at is not None and not _seen_after(stay, said.yes_at):
        return LeftThen(said.yes_at, said.yes_at, said.lane_id, "missed_exit_let_through", said.visit_id)
    if isinstance(stay, LeavingStay):
        return LeftThen(stay.yes_at, stay.yes_at, stay.exit_lane_id, "missed_exit_let_through", stay.exit_visit_id)
    if stay.priced_at is not None and stay.leave_by is not None and stay.leave_by <= came:
        return LeftThen(stay.priced_at, stay.priced_at, UNSEEN, "missed_exit_paid")
    if not (is_clear(votes, costs) and is_clear(stay.votes, costs)):
        return Undecided("second_entry")
    if earlier.has_lookalike and not _rules_others_out(votes, costs):
        return Undecided("second_entry")
    return GoneUnseen("missed_exit_later_entry")


def on_queue_behind(said: LaneVisit, at: datetime) -> bool:
    """Whether a vehicle that an exit opened for, and that then was gone from its first loop, must have gone through."""
    return (
        said.leaving and said.yes_at is not None and said.backed_at is not None and at - said.backed_at <= QUEUE_BEHIND
    )


def on_patrol(stay: OpenStay, began: datetime, ended: datetime) -> Verdict | None:
    """What a patrol that looked into every bay and did not see this car says of its stay; None: nothing yet.

    Who came in while it went round may have been missed, and who was seen in a bay since is here.
    """
    if stay.entered_at > began or _seen_after(stay, began) or (stay.leave_by is not None and stay.leave_by > ended):
        return None
    if isinstance(stay, LeavingStay) and stay.yes_at <= began:
        return LeftThen(stay.yes_at, stay.yes_at, stay.exit_lane_id, "missed_exit_let_through", stay.exit_visit_id)
    return GoneUnseen("not_found_by_patrol")


def is_clear(votes: Votes | None, costs: Costs) -> bool:
    """Whether no other spelling is near; a read that tells no votes was trusted as it was."""
    return votes is None or len(votes.spellings) < 2 or votes.spellings[1].behind <= -costs.sure_known


def _rules_others_out(votes: Votes | None, costs: Costs) -> bool:
    """Whether the pictures themselves say that it is none of its lookalikes."""
    return votes is not None and len(votes.spellings) > 1 and votes.spellings[1].behind <= -costs.sure_rival


def _is_another_car(one: Votes | None, two: Votes | None, costs: Costs) -> bool:
    if one is None or two is None:
        return False
    if one.colour is not None and two.colour is not None and costs.colour(one.colour, two.colour) >= _ANOTHER_COLOUR:
        return True
    return one.kind is not None and two.kind is not None and one.kind != two.kind


def _stands_inside(stay: OpenStay, came: datetime) -> bool:
    return _seen_after(stay, came - SEEN_JUST_BEFORE)


def _seen_after(stay: OpenStay, at: datetime) -> bool:
    return isinstance(stay, ParkedStay) and stay.seen_at >= at
