"""What is sent and shown about rights. Who keeps them sees plates in clear; who only reads sees them masked; a credential is
always masked and named by its fingerprint.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from parking.access.rights_store import Group, Holder
from parking.access.rows import (
    Day,
    ListedAs,
    ListRow,
    LotRow,
    PassRow,
    ScheduleRow,
    SecondCar,
    SpecialDay,
    Window,
)
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.ids import LotId
from parking.kernel.plate import Plate
from parking.plumbing.logs import redact
from parking.web.schemas import Loose, Moment, Strict

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
PRINTED = r"^[^\x00-\x1f\x7f]*$"  # a control sign is in no name, and PostgreSQL would not store one
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=PRINTED)]
PlateIn = Annotated[str, Field(min_length=1, max_length=32)]
MOST_PLATES = 100
_TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"
TimeOfDay = Annotated[str, Field(pattern=_TIME, description="local wall-clock time, HH:MM; 24:00 ends a day")]


def _day(value: Any) -> date:
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        raise ValueError("should be a date, YYYY-MM-DD")
    return date.fromisoformat(value)


DateIn = Annotated[date, BeforeValidator(_day, json_schema_input_type=date)]


class ListEntryIn(Strict):
    """What is said about a plate; on the staff and VIP lists perhaps only in a schedule's hours."""

    listed_as: Annotated[ListedAs, Loose]
    note: str = Field(default="", max_length=200, pattern=PRINTED)
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    schedule_id: Id | None = None
    group_id: Id | None = None


class ListEntry(ListEntryIn):
    """An entry with its plate: in clear for whoever keeps the list; masked, and in its note too, for whoever only reads it."""

    plate: str

    @classmethod
    def of(cls, entry: ListRow, *, in_clear: bool) -> ListEntry:
        values = {name: getattr(entry, name) for name in ListEntryIn.model_fields if name != "note"}
        note = entry.note if in_clear else redact(entry.note)
        return cls(plate=shown_plates((entry.plate,), in_clear=in_clear)[0], note=note, **values)


class GroupIn(Strict):
    """Holders who share a limit: `capacity` vehicles inside at once (null: no limit), the next one a visitor or kept out."""

    name: Name
    capacity: Annotated[int, Field(ge=0, le=100_000)] | None = None
    second_car: Annotated[SecondCar, Loose] = SecondCar.REFUSE


class GroupView(GroupIn):
    group_id: str
    inside: int

    @classmethod
    def of(cls, group: Group, inside: int) -> GroupView:
        return cls(
            group_id=group.group_id,
            name=group.name,
            capacity=group.capacity,
            second_car=group.second_car,
            inside=inside,
        )


class WindowIn(Strict):
    """Hours of some days; where `ends` is not after `begins`, it is the next day's."""

    days: Annotated[list[Annotated[Day, Loose]], Field(min_length=1, max_length=8)]
    begins: TimeOfDay
    ends: TimeOfDay


class SpecialDayIn(Strict):
    """A date that counts as another day."""

    on: DateIn
    counts_as: Annotated[Day, Loose]


class ScheduleIn(Strict):
    """When a right counts; without a time zone, in the site's."""

    name: Name
    time_zone: str | None = Field(default=None, max_length=64)
    windows: Annotated[list[WindowIn], Field(min_length=1, max_length=50)]
    special_days: list[SpecialDayIn] = Field(default_factory=list, max_length=400)

    def row(self, schedule_id: str, site_zone: str) -> ScheduleRow:
        windows = tuple(
            Window(tuple(w.days), _minutes(w.begins) % 1440, _minutes(w.ends) or 1440) for w in self.windows
        )
        special = tuple(SpecialDay(day.on, day.counts_as) for day in self.special_days)
        return ScheduleRow(schedule_id, self.time_zone or site_zone, windows, special)


class ScheduleView(ScheduleIn):
    schedule_id: str

    @classmethod
    def of(cls, name: str, row: ScheduleRow) -> ScheduleView:
        windows = [WindowIn(days=list(w.days), begins=_clock(w.begins), ends=_clock(w.ends)) for w in row.windows]
        special = [SpecialDayIn(on=day.on, counts_as=day.counts_as) for day in row.special_days]
        return cls(
            schedule_id=row.schedule_id, name=name, time_zone=row.time_zone, windows=windows, special_days=special
        )


class LotIn(Strict):
    """A lot; `outer_lot_id` is the lot around it, `rights_only` keeps out whoever has no right."""

    outer_lot_id: Id | None = None
    capacity: Annotated[int, Field(ge=0, le=100_000)]
    rights_only: bool = False

    def row(self, lot_id: str) -> LotRow:
        outer = LotId(self.outer_lot_id) if self.outer_lot_id else None
        return LotRow(LotId(lot_id), outer, self.capacity, None, self.rights_only)


class LotView(LotIn):
    lot_id: str
    inside: int

    @classmethod
    def of(cls, row: LotRow, inside: int) -> LotView:
        return cls(
            lot_id=row.lot_id,
            outer_lot_id=row.outer_lot_id,
            capacity=row.capacity,
            rights_only=row.rights_only,
            inside=inside,
        )


class CredentialIn(Strict):
    """A card, tag or on-board unit, as its reader or its print says."""

    kind: Annotated[CredentialKind, Loose]
    value: str = Field(min_length=1, max_length=200)


class CredentialView(Strict):
    """A credential by its fingerprint; `shown` is masked."""

    id: str
    kind: Annotated[CredentialKind, Loose]
    shown: str

    @classmethod
    def of(cls, credential: Credential) -> CredentialView:
        return cls(id=fingerprint(credential), kind=credential.kind, shown=credential.masked)


class HolderIn(Strict):
    """A person or a company; credentials are added and taken away one by one."""

    name: Name
    group_id: Id | None = None
    plates: list[PlateIn] = Field(default_factory=list, max_length=MOST_PLATES)
    blocked: bool = False
    valid_from: Moment | None = None
    valid_until: Moment | None = None


class HolderView(HolderIn):
    holder_id: str
    credentials: list[CredentialView]

    @classmethod
    def of(cls, holder: Holder, *, in_clear: bool) -> HolderView:
        return cls(
            holder_id=holder.holder_id,
            name=holder.name if in_clear else holder.name[:1] + "*",
            group_id=holder.group_id,
            plates=shown_plates(holder.plates, in_clear=in_clear),
            credentials=[CredentialView.of(credential) for credential in holder.credentials],
            blocked=holder.blocked,
            valid_from=holder.valid_from,
            valid_until=holder.valid_until,
        )


class PassIn(Strict):
    """A pass: so many of its cars at once (`bays`); what becomes of the next one, and of any outside the schedule's hours."""

    holder_id: Id
    plates: list[PlateIn] = Field(default_factory=list, max_length=MOST_PLATES)
    bays: Annotated[int, Field(ge=1, le=10_000)] = 1
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    lots: list[Id] = Field(default_factory=list, max_length=50)
    schedule_id: Id | None = None
    group_id: Id | None = None
    second_car: Annotated[SecondCar, Loose] = SecondCar.VISITOR
    outside_hours: Annotated[SecondCar, Loose] = SecondCar.VISITOR
    when_full: bool = False

    def row(self, pass_id: str) -> PassRow:
        return PassRow(
            pass_id=pass_id,
            holder_id=self.holder_id,
            plates=parsed_plates(self.plates),
            bays=self.bays,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            lots=tuple(LotId(name) for name in self.lots),
            schedule_id=self.schedule_id,
            group_id=self.group_id,
            second_car=self.second_car,
            outside_hours=self.outside_hours,
            when_full=self.when_full,
        )


class PassView(PassIn):
    pass_id: str
    inside: int

    @classmethod
    def of(cls, held: PassRow, inside: int, *, in_clear: bool) -> PassView:
        values = {name: getattr(held, name) for name in PassIn.model_fields if name not in ("plates", "lots")}
        plates = shown_plates(held.plates, in_clear=in_clear)
        return cls(pass_id=held.pass_id, inside=inside, plates=plates, lots=list(held.lots), **values)


def fingerprint(credential: Credential) -> str:
    """A name for a credential that says nothing about it: 16 hex digits."""
    return hashlib.sha256(credential.ref.encode()).hexdigest()[:16]


def parsed_plates(plates: list[str]) -> tuple[Plate, ...]:
    return tuple(Plate.parse(text) for text in plates)


def shown_plates(plates: tuple[Plate, ...], *, in_clear: bool) -> list[str]:
    return [plate.text if in_clear else plate.masked for plate in plates]


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
