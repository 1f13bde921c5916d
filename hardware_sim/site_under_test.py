"""What a simulation needs of the application: every call is synchronous and on the virtual clock. `parking.cli` hands one in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hardware_sim.eyesight import Sight
from parking.access.snapshot import CopyChange
from parking.gate.journal import Entry
from parking.kernel.credential import Credential
from parking.kernel.ids import CaseId, LaneId, StayId, VisitId
from parking.kernel.plate import Plate
from parking.sessions.costs import Costs


@dataclass(frozen=True, slots=True)
class KnownStay:
    """A stay as the system has it at the end; `due` is what it cost its driver (minor units), `captured` what he has paid."""

    id: StayId
    plate: Plate | None
    state: str
    entered_at: datetime
    exited_at: datetime | None
    exit_lane: LaneId | None
    due: int
    captured: int


@dataclass(frozen=True, slots=True)
class KnownCase:
    """A question as it stands before a person: what it is about, and the answers that its kind allows (stable codes)."""

    id: CaseId
    reason: str
    stay_id: StayId | None
    visit_id: VisitId | None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person says: one of the choices, with the stay or the plate that it names."""

    choice: str
    stay_id: StayId | None = None
    plate: Plate | None = None


class SiteUnderTest(Protocol):
    """The application as cars, drivers, people and boxes meet it."""

    guard_minor: int
    """Above this no charge reaches a driver (minor units)."""
    costs: Costs
    """What the recogniser was measured to confuse, as every box has it."""

    def take_events(self, box: str, epoch: str, entries: Sequence[Entry], *, is_all: bool) -> int:
        """Take a box's events in and handle all that follows; returns the acknowledged number. `is_all`: it knows nothing else by now."""
        ...

    def copy_since(self, box: str, version: int) -> CopyChange | None:
        """What changed for the lanes of a box, None for nothing."""
        ...

    def find(self, plate: Plate) -> StayId | None:
        """The stay that a kiosk finds by a plate."""
        ...

    def pay(self, stay_id: StayId) -> int | None:
        """Pay what is due for a stay with the wallet: minor units, None when nothing is due or nothing can be paid now."""
        ...

    def shop(self, customer: int, *, is_member: bool, gives_back: bool) -> str:
        """A customer buys something (and may bring it back at once): the code of the coupon that he was given."""
        ...

    def show_coupon(self, code: str, stay_id: StayId) -> int:
        """A driver shows his coupon for a stay: what it takes off at most (minor units), 0 where it is used or void."""
        ...

    def open_by_hand(self, lane_id: str, reason: str) -> None: ...

    def may_be(self, lane_id: LaneId, visit_id: VisitId, typed: Plate) -> tuple[StayId, ...]:
        """The stays that a lane's panel shows for a vehicle that waits at an exit, likeliest first; none where it waits no more."""
        ...

    def name_car(self, lane_id: LaneId, visit_id: VisitId, stay_id: StayId) -> None:
        """A person says that the vehicle which waits at an exit is this stay's."""
        ...

    def end_emergency(self, reason: str) -> bool:
        """A person ends an emergency, at every lane; False while the server has not heard of it, for its box is cut off."""
        ...

    def enrol_member(self, plate: Plate) -> Credential:
        """A holder with a pass for this car; the tag on its windscreen."""
        ...

    def advance(self) -> None:
        """Do what has become due by the passing of time."""
        ...

    def price(self, entered_at: datetime, until: datetime) -> int:
        """What a visitor's stay of that length costs, in minor units."""
        ...

    def cases(self) -> Sequence[KnownCase]:
        """The desk's queue in its order."""
        ...

    def candidates(self, case: KnownCase, typed: Plate | None = None) -> tuple[StayId, ...]:
        """The stays that the desk shows beside a case, likeliest first."""
        ...

    def plate_of(self, stay_id: StayId) -> Plate | None:
        """The plate by which the desk shows a stay."""
        ...

    def decide(self, case: KnownCase, answer: Answer, who: str) -> bool:
        """A person takes a case and answers; False when the desk does not take this answer (now)."""
        ...

    def patrol(self, began: datetime, ended: datetime, seen: Sequence[Sight]) -> None:
        """A patrol has read these plates in the bays, and has seen no other car."""
        ...

    def broken_invariants(self, *, at_last: bool = False) -> list[str]:
        """Every invariant that does not hold now, in words; `at_last` looks at everything once more, however long that takes."""
        ...

    def stays(self) -> Sequence[KnownStay]: ...

    def events(self) -> int:
        """How many events there were."""
        ...

    def trace_hash(self) -> str:
        """Over everything that happened, in order."""
        ...
