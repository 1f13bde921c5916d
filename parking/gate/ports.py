"""What a lane needs of the box around it, as small Protocols; the deterministic simulator brings its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from parking.access.queries import Questions
from parking.access.rows import CommandRow, Fact
from parking.kernel.events import Envelope
from parking.kernel.ids import LaneId, VisitId

CODE_USED = "journal.code_used"
"""Why a journal takes nothing: two lanes took one code in the same moment, and the other one was first."""


class Copy(Questions, Protocol):
    """The local copy of whatever the server knows; `version` grows with every change.

    `access.queries.Queries` answers all the typed questions from `find` and `count` alone.
    """

    @property
    def version(self) -> int: ...

    def find(self, kind: str, *refs: str) -> Sequence[Fact]:
        """The rows of one kind that `access.refs.refs_of` finds by any of `refs`, each once, in the order of their keys."""
        ...

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
