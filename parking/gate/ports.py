"""What a lane needs of the box around it, as small Protocols; the deterministic simulator brings its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from parking.access.rows import (
    CommandRow,
    Fact,
    GroupRow,
    HolderRow,
    InsideRow,
    InvitationRow,
    ListRow,
    LotRow,
    PassRow,
    ScheduleRow,
    StayRow,
)
from parking.kernel.credential import Credential
from parking.kernel.events import Envelope
from parking.kernel.ids import LaneId, LotId, StayId, VisitId
from parking.kernel.plate import Plate


class Copy(Protocol):
    """The local copy of whatever the server knows; `version` grows with every change.

    `access.queries.Queries` answers all the typed questions from `find` and `count` alone.
    """

    @property
    def version(self) -> int: ...

    def find(self, kind: str, *refs: str) -> Sequence[Fact]:
        """The rows of one kind that `access.refs.refs_of` finds by any of `refs`, each once, in the order of their keys."""
        ...

    def count(self, kind: str, ref: str) -> int:
        """How many those are."""
        ...

    def listed(self, plate: Plate) -> ListRow | None: ...

    def stay_of(self, plate: Plate) -> StayRow | None:
        """The newest open stay of exactly this plate."""
        ...

    def stays_near(self, keys: Iterable[int]) -> Sequence[StayRow]:
        """Stays whose plates a camera may take for one of these keys'."""
        ...

    def stay(self, stay_id: StayId) -> StayRow | None: ...

    def stays_by_credential(self, credential: Credential) -> Sequence[StayRow]:
        """Open stays that this credential opened, the newest first."""
        ...

    def holders_of(self, credential: Credential) -> Sequence[HolderRow]: ...

    def passes_of(self, plate: Plate) -> Sequence[PassRow]: ...

    def pass_by_id(self, pass_id: str) -> PassRow | None: ...

    def invitation(self, invitation_id: str) -> InvitationRow | None: ...

    def invitations_of(self, plate: Plate) -> Sequence[InvitationRow]: ...

    def inside_by(self, ref: str) -> Sequence[InsideRow]:
        """Who is inside by this plate, credential, right, holder, group or lot (a ref of `access.refs`)."""
        ...

    def used(self, code_id: str) -> bool: ...

    def lot(self, lot_id: LotId) -> LotRow | None: ...

    def group(self, group_id: str) -> GroupRow | None: ...

    def schedule(self, schedule_id: str) -> ScheduleRow | None: ...

    def free(self) -> int | None:
        """Free bays of the site; None when no zone is vouched for."""
        ...

    def orders(self, lane_id: LaneId) -> Sequence[CommandRow]:
        """Orders to this lane that were not carried out yet, late ones included."""
        ...


class Journal(Protocol):
    """The lane's memory that survives a power cut."""

    def append(
        self,
        lane_id: LaneId,
        envelopes: Sequence[Envelope],
        lane_state: Mapping[str, Any],
        *,
        carried_out: str | None = None,
    ) -> None:
        """Store all of it durably, or raise ParkingError and store nothing; `carried_out` is an order never to be repeated."""
        ...

    def lane_state(self, lane_id: LaneId) -> Mapping[str, Any] | None:
        """What was last stored for this lane."""
        ...


class Camera(Protocol):
    """Reads the plate of whoever stands at the lane, between `begin` and `end`, and posts what it reads with the visit's id."""

    def begin(self, visit_id: VisitId) -> None: ...

    def end(self) -> None: ...
