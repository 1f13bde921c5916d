"""How a stay goes on when passages were missed: judged by evidence, never by the time of night. Pure.

What can be told is told with its rule, and can be taken back; a person is asked only where two stories are equally true.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from parking.kernel.ids import LaneId, VisitId
from parking.kernel.plate import Plate
from parking.kernel.votes import UNREAD, WIDEST, Votes
from parking.sessions.costs import Costs
from parking.sessions.model import LaneVisit, LeavingStay, OpenStay, ParkedStay

SHORTEST_WAY_ROUND = timedelta(minutes=1)
"""Nobody parks, leaves unseen and comes in again in less."""
SEEN_JUST_BEFORE = timedelta(minutes=3)
"""Who stood in a bay so shortly before has not driven round to an entry."""
QUEUE_BEHIND = timedelta(seconds=12)
"""With another vehicle's front on the loop so soon, the one before cannot have driven back."""
CLONES_MEET = timedelta(hours=12)
"""Two cars with one plate may both be inside for so long; only what has not moved for longer has left unseen, or is as good as gone."""
_ANOTHER_COLOUR = 4.0
_READ_ANEW = 3.0
"""So much likelier than any other story that one of two reads was its next spelling; either is found by both spellings afterwards."""
UNSEEN = LaneId("unseen")
"""Where a car left that no lane saw leave."""


@dataclass(frozen=True, slots=True)
class LateExit:
    """An exit that no stay had explained; not `counted`: a person let it out, and no loop felt it."""

    visit_id: VisitId
    exited_at: datetime
    lane_id: LaneId
    yes_at: datetime | None
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Earlier:
    """A stay whose plate comes in again, with all that was seen of the plate in between.

    `let_through`: an exit opened for it and saw no passage. `exit`: a passage out that fits. `has_lookalike`: another plate that a
    camera takes for this one has been here. `inside`: plates of other open stays. `unread_exit`: somebody left whose plate nobody
    read, and nobody knows yet who.
    """

    stay: OpenStay
    let_through: LaneVisit | None = None
    exit: LateExit | None = None
    has_lookalike: bool = False
    inside: frozenset[str] = frozenset()
    unread_exit: bool = False


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
class ReadAnew:
    """They are two cars: the read of the later one (or of the earlier) was its next spelling, `plate`; `votes` as they are now."""

    later: bool
    plate: Plate
    votes: Votes
    rule: str = "read_as_next_spelling"


@dataclass(frozen=True, slots=True)
class Undecided:
    """A person has to look; `reason` is the case's stable code."""

    reason: str


Verdict = LeftThen | GoneUnseen | ReadAnew | Undecided


def on_second_entry(earlier: Earlier, votes: Votes | None, came: datetime, costs: Costs) -> Verdict:
    """What became of a stay whose plate has come in again at `came`; two visits are never joined into one."""
    stay = earlier.stay
    if _is_another_car(stay.votes, votes, costs) or _stands_inside(stay, came):
        return _read_anew(earlier, votes, WIDEST) or Undecided("cloned_plate")
    if earlier.exit is not None:
        out = earlier.exit
        priced_at = out.yes_at or out.exited_at
        return LeftThen(out.exited_at, priced_at, out.lane_id, "exit_found_late", out.visit_id, out.counted)
    if came - stay.entered_at < SHORTEST_WAY_ROUND:
        return _read_anew(earlier, votes, WIDEST) or Undecided("second_entry")
    said = earlier.let_through
    if said is not None and said.yes_at is not None and not _seen_after(stay, said.yes_at):
        return LeftThen(said.yes_at, said.yes_at, said.lane_id, "missed_exit_let_through", said.visit_id)
    if isinstance(stay, LeavingStay):
        return LeftThen(stay.yes_at, stay.yes_at, stay.exit_lane_id, "missed_exit_let_through", stay.exit_visit_id)
    if stay.priced_at is not None and stay.leave_by is not None and stay.leave_by <= came:
        return LeftThen(stay.priced_at, stay.priced_at, UNSEEN, "missed_exit_paid")
    anew = _read_anew(earlier, votes, -math.log(costs.missed))
    if anew is not None:
        return anew
    clear = is_clear(votes, costs) and is_clear(stay.votes, costs)
    lookalike = earlier.has_lookalike and not _rules_others_out(votes, costs)
    may_be_clones = came - stay.entered_at < CLONES_MEET and not earlier.unread_exit
    if may_be_clones or not clear or lookalike:
        return Undecided("second_entry")
    return GoneUnseen("missed_exit_later_entry")


def _read_anew(earlier: Earlier, votes: Votes | None, unseen: float) -> ReadAnew | None:
    """The one of both reads that was rather its next spelling than what it said, where that is far likelier than all else.

    `unseen`: what it costs to believe that the plate has left unseen and come again.
    """
    stories = [
        (behind, later, plate)
        for later, read in ((True, votes), (False, earlier.stay.votes))
        for behind, plate in _next_spelling(read, earlier.inside)
    ]
    stories.sort(key=lambda one: (one[0], not one[1]))
    if not stories:
        return None
    behind, later, plate = stories[0]
    if min([unseen, *(other for other, *_ in stories[1:])]) - behind < _READ_ANEW:
        return None
    read = votes if later else earlier.stay.votes
    assert read is not None
    fell = unseen - behind  # what was read first is now as unlikely as that its car came in twice
    said = {one.text: one.behind + behind for one in read.spellings[1:]}
    said |= {read.spellings[0].text: -fell, plate.text: 0.0}
    return ReadAnew(later, plate, Votes.of(said.items(), read.colour, read.kind))


def _next_spelling(read: Votes | None, inside: frozenset[str]) -> list[tuple[float, Plate]]:
    """The likeliest other plate that a read leaves open, and how far it is behind: none that is inside by a stay of its own."""
    for one in read.spellings[1:] if read is not None else ():
        if one.text not in inside and UNREAD not in one.text and len(one.text) == len(read.spellings[0].text):  # type: ignore[union-attr]
            return [(-one.behind, Plate(one.text))]
    return []


def on_queue_behind(said: LaneVisit, at: datetime) -> bool:
    """Whether a vehicle that an exit opened for, and that then was gone from its first loop, must have gone through."""
    if not said.leaving or said.yes_at is None or said.backed_at is None:
        return False
    return timedelta(0) <= at - said.backed_at <= QUEUE_BEHIND


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


def is_counted(state: str) -> bool:
    """Whether the car of a stay that lies in its table in this state is among the vehicles that are counted inside."""
    return state in ("open", "review")
