"""The typed questions that rules ask of a copy, all answered from `find` and `count`: any store of rows by ref will do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from parking.access.refs import ALL, near, of_credential, of_plate
from parking.access.rows import (
    Fact,
    GroupRow,
    HolderRow,
    InsideRow,
    InvitationRow,
    KeyRow,
    ListRow,
    LotRow,
    PassRow,
    ScheduleRow,
    StayRow,
)
from parking.kernel.credential import Credential
from parking.kernel.ids import DeviceId, LotId, StayId
from parking.kernel.plate import Plate

R = TypeVar("R")


class Questions(Protocol):
    """The typed questions, as whoever asks them needs them; refs are those of `access.refs`."""

    def count(self, kind: str, ref: str) -> int:
        """How many rows of one kind a ref finds."""
        ...

    def others_unheard(self, own: DeviceId, *, cut_off: bool) -> bool:
        """Whether another gate box than our `own` may have let in somebody who is not in this copy: it is cut off, or we are."""
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
        """Who is inside by this plate, credential, right, holder, group or lot."""
        ...

    def used(self, code_id: str) -> bool: ...

    def lot(self, lot_id: LotId) -> LotRow | None: ...

    def group(self, group_id: str) -> GroupRow | None: ...

    def schedule(self, schedule_id: str) -> ScheduleRow | None: ...


class Queries(ABC):
    """A copy's questions; whoever holds the rows brings `find` and `count`."""

    @abstractmethod
    def find(self, kind: str, *refs: str) -> Sequence[Fact]:
        """The rows of one kind that `refs_of` finds by any of `refs`, each once, in the order of their keys."""

    @abstractmethod
    def count(self, kind: str, ref: str) -> int:
        """How many those are."""

    def others_unheard(self, own: DeviceId, *, cut_off: bool) -> bool:
        """Whether a sibling of our `own` box may have let in somebody who is not in this copy."""
        boxes = self._all(KeyRow, "key", ALL)
        return any(cut_off or box.unheard_since is not None for box in boxes if box.device_id != own)

    def listed(self, plate: Plate) -> ListRow | None:
        return self._one(ListRow, "list", of_plate(plate))

    def stay_of(self, plate: Plate) -> StayRow | None:
        """The newest open stay of exactly this plate."""
        return next(iter(_newest_first(self._all(StayRow, "stay", of_plate(plate)))), None)

    def stays_near(self, keys: Iterable[int]) -> Sequence[StayRow]:
        """Stays whose plates a camera may take for one of these keys' (`kernel.near_plates`), in the order of their ids."""
        return self._all(StayRow, "stay", *map(near, keys))

    def stay(self, stay_id: StayId) -> StayRow | None:
        return self._one(StayRow, "stay", f"stay:{stay_id}")

    def stays_by_credential(self, credential: Credential) -> Sequence[StayRow]:
        """Open stays that this credential opened, the newest first."""
        return _newest_first(self._all(StayRow, "stay", of_credential(credential)))

    def holders_of(self, credential: Credential) -> Sequence[HolderRow]:
        return self._all(HolderRow, "holder", of_credential(credential))

    def passes_of(self, plate: Plate) -> Sequence[PassRow]:
        return self._all(PassRow, "pass", of_plate(plate))

    def pass_by_id(self, pass_id: str) -> PassRow | None:
        return self._one(PassRow, "pass", f"pass:{pass_id}")

    def invitation(self, invitation_id: str) -> InvitationRow | None:
        return self._one(InvitationRow, "invitation", f"invitation:{invitation_id}")

    def invitations_of(self, plate: Plate) -> Sequence[InvitationRow]:
        return self._all(InvitationRow, "invitation", of_plate(plate))

    def inside_by(self, ref: str) -> Sequence[InsideRow]:
        """Who is inside by this plate, credential, right, holder, group or lot."""
        return self._all(InsideRow, "inside", ref)

    def used(self, code_id: str) -> bool:
        return self.count("used_code", f"code:{code_id}") > 0

    def lot(self, lot_id: LotId) -> LotRow | None:
        return self._one(LotRow, "lot", f"lot:{lot_id}")

    def group(self, group_id: str) -> GroupRow | None:
        return self._one(GroupRow, "group", f"group:{group_id}")

    def schedule(self, schedule_id: str) -> ScheduleRow | None:
        return self._one(ScheduleRow, "schedule", f"schedule:{schedule_id}")

    def _all(self, record: type[R], kind: str, *refs: str) -> list[R]:
        return [fact for fact in self.find(kind, *refs) if isinstance(fact, record)]

    def _one(self, record: type[R], kind: str, ref: str) -> R | None:
        return next(iter(self._all(record, kind, ref)), None)


def _newest_first(stays: Sequence[StayRow]) -> Sequence[StayRow]:
    return sorted(stays, key=lambda stay: (stay.entered_at, stay.stay_id), reverse=True)
