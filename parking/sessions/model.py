"""A stay is a vehicle's time inside. Each state is its own type, so that what may not be done to it cannot be written.

A stay begins and ends with proof of passage; its id is the visit id that the entry lane minted. Open, parked and leaving ones are
billed and closed; a doubtful one waits for proof, one in review for a person; ghosts, merged and split ones are nobody's bill.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from parking.kernel.fee_clock import Stop, stopped_between
from parking.kernel.ids import BayId, CaseId, LaneId, LotId, StayId, VisitId
from parking.kernel.plate import Plate
from parking.kernel.votes import Votes

LONGEST_STAY = timedelta(days=366)
MOST_AHEAD = timedelta(hours=1)


def is_plausible(entered_at: datetime, now: datetime) -> bool:
    """Whether a car can have come in then; a box that woke up without its clock says 1970, or a year to come."""
    return now - LONGEST_STAY <= entered_at <= now + MOST_AHEAD


@dataclass(frozen=True, slots=True)
class OpenStay:
    """A vehicle that is inside. Once it has paid for its time up to `priced_at` it may leave until `leave_by`."""

    id: StayId
    plate: Plate | None
    entered_at: datetime
    lane_id: LaneId
    tariff_version: str
    priced_at: datetime | None = None
    leave_by: datetime | None = None
    votes: Votes | None = None
    lot_id: LotId | None = None

    def may_leave_until(self, at: datetime, stops: Sequence[Stop] = ()) -> datetime | None:
        """By when it has to be out, as things stand at `at`: the wait at a blocked exit is not its driver's."""
        if self.leave_by is None or self.priced_at is None:
            return self.leave_by
        return self.leave_by + stopped_between(stops, self.priced_at, max(at, self.priced_at))

    def billed_until(self, at: datetime, stops: Sequence[Stop] = ()) -> datetime:
        """The moment whose price holds if the car leaves at `at`: what it paid for, as long as it may still leave."""
        leave_by = self.may_leave_until(at, stops)
        if self.priced_at is not None and leave_by is not None and at <= leave_by:
            return min(at, self.priced_at)
        return at


@dataclass(frozen=True, slots=True)
class ParkedStay(OpenStay):
    """An open stay whose car was seen standing in a bay at `seen_at`: nothing older says that it has gone."""

    bay_id: BayId = field(kw_only=True)
    seen_at: datetime = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class LeavingStay(OpenStay):
    """An open stay whose car an exit let out at `yes_at`, while nothing has proved that it went through."""

    exit_visit_id: VisitId = field(kw_only=True)
    exit_lane_id: LaneId = field(kw_only=True)
    yes_at: datetime = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class DoubtfulStay:
    """A lane let a car in and nothing proves that it went through: neither counted nor billed until it is seen inside or at an exit."""

    id: StayId
    plate: Plate | None
    entered_at: datetime
    lane_id: LaneId
    tariff_version: str


@dataclass(frozen=True, slots=True)
class StayInReview:
    """A stay that cannot be true as recorded: never billed or closed without a person."""

    id: StayId
    plate: Plate | None
    entered_at: datetime
    lane_id: LaneId
    tariff_version: str


@dataclass(frozen=True, slots=True)
class ClosedStay:
    """A vehicle that has left."""

    id: StayId
    plate: Plate | None
    entered_at: datetime
    lane_id: LaneId
    tariff_version: str
    exited_at: datetime
    exit_lane_id: LaneId


@dataclass(frozen=True, slots=True)
class GhostStay:
    """A stay whose car has gone, nobody knows when, or was never proved to come in: revived by evidence, never billed."""

    id: StayId
    plate: Plate | None
    entered_at: datetime
    lane_id: LaneId
    tariff_version: str


@dataclass(frozen=True, slots=True)
class SupersededStay:
    """A person merged it into another, or split it in two: `into` are the stays that hold now. It has no powers of its own."""

    id: StayId
    plate: Plate | None
    entered_at: datetime
    lane_id: LaneId
    tariff_version: str
    how: str
    into: tuple[StayId, ...]


Stay = OpenStay | DoubtfulStay | StayInReview | ClosedStay | GhostStay | SupersededStay


@dataclass(frozen=True, slots=True)
class LaneVisit:
    """What a lane did about a vehicle whose passage nothing has proved yet; `yes_at` is its last yes, None after a no."""

    visit_id: VisitId
    lane_id: LaneId
    leaving: bool
    plate: Plate | None
    votes: Votes | None
    stay_id: StayId | None
    yes_at: datetime | None
    pulsed_at: datetime | None
    backed_at: datetime | None


TWO_OF_ONE_PLATE = frozenset({"second_entry", "cloned_plate"})
"""Reasons of cases about one plate that came in twice: `stay_id` is the earlier stay, `visit_id` that of the later one."""


@dataclass(frozen=True, slots=True)
class ReviewCase:
    """A question for a person: `reason` is a stable code; it ends with a note and a name."""

    id: CaseId
    reason: str
    stay_id: StayId | None
    visit_id: VisitId | None
    lane_id: LaneId | None
    opened_at: datetime
    state: str
    note: str
    resolved_by: str
