"""What is sent and shown about visitors, and about who is inside: plates in clear only for whoever keeps the rights."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from parking.access.invitation_store import Invitation
from parking.access.rows import InsideRow, InvitationRow
from parking.access.schemas import Id, Name, PlateIn, shown_plates
from parking.kernel.ids import LotId, StayId
from parking.kernel.plate import Plate
from parking.web.schemas import Moment, Strict


class InvitationIn(Strict):
    """A host asks a visitor in; `entries` null: as often as he likes while it holds."""

    host_id: Id
    visitor: Name
    valid_from: Moment
    valid_until: Moment
    entries: Annotated[int, Field(ge=1, le=1000)] | None = 1
    plate: PlateIn | None = None
    lots: list[Id] = Field(default_factory=list, max_length=50)
    free_of_charge: bool = False

    def invitation(self, invitation_id: str) -> Invitation:
        row = InvitationRow(
            invitation_id=invitation_id,
            host_id=self.host_id,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            entries=self.entries,
            plate=Plate.parse(self.plate) if self.plate is not None else None,
            lots=tuple(LotId(name) for name in self.lots),
            free_of_charge=self.free_of_charge,
        )
        return Invitation(row, self.visitor)


class InvitationView(InvitationIn):
    invitation_id: str
    used: int
    revoked_at: Moment | None

    @classmethod
    def of(cls, invitation: Invitation, *, in_clear: bool) -> InvitationView:
        row = invitation.row
        return cls(
            invitation_id=row.invitation_id,
            host_id=row.host_id,
            visitor=invitation.visitor if in_clear else invitation.visitor[:1] + "*",
            valid_from=row.valid_from,
            valid_until=row.valid_until,
            entries=row.entries,
            plate=shown_plates((row.plate,), in_clear=in_clear)[0] if row.plate is not None else None,
            lots=list(row.lots),
            free_of_charge=row.free_of_charge,
            used=row.used,
            revoked_at=invitation.revoked_at,
        )


class InvitationCode(Strict):
    """An invitation with the code to send to the visitor, as text and as a QR code (SVG)."""

    invitation: InvitationView
    code: str
    qr_svg: str


class InsideView(Strict):
    """Somebody inside by a right or in a lot; masked."""

    stay_id: StayId
    since: Moment
    plate: str | None
    right: str | None
    holder_id: str | None
    group_id: str | None
    lot_id: str | None

    @classmethod
    def of(cls, row: InsideRow) -> InsideView:
        names = ("stay_id", "since", "right", "holder_id", "group_id", "lot_id")
        return cls(plate=row.plate.masked if row.plate else None, **{name: getattr(row, name) for name in names})
