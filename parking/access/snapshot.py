"""The lane's copy: what its rows look like, and how a change to it travels sealed by the server.

A row that does not fit its kind is refused whole, naming the field; nothing is guessed. A change is applied entirely or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from parking.kernel.codec import from_plain, parse_time, to_plain
from parking.kernel.errors import invalid
from parking.kernel.ids import LaneId, StayId, ZoneId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from parking.kernel.signed import Signer, Verifier, seal, unseal

LONGEST_COPY = 16 * 1024 * 1024
"""Signs in one sealed change; some 5,000 stays with a price list of two days each."""
COPY_USE = "copy"


class ListedAs(StrEnum):
    ALLOW = "allow"
    BLOCK = "block"


class CommandAction(StrEnum):
    OPEN = "open"
    END_EMERGENCY = "end_emergency"


@dataclass(frozen=True, slots=True)
class PriceStep:
    """What the whole stay costs for whoever leaves before `until`, in minor units."""

    until: datetime
    minor: int


@dataclass(frozen=True, slots=True)
class StayRow:
    """An open stay as the lane knows it; `prices` ascend, the last one is the horizon beyond which nobody prices here."""

    stay_id: StayId
    plate: Plate
    entered_at: datetime
    paid_until: datetime | None
    currency: str
    prices: tuple[PriceStep, ...]
    paid_minor: int
    credit_minor: int

    def due(self, at: datetime) -> Money | None:
        """What is still owed by whoever leaves at `at`; None when the price list does not reach that far."""
        for step in self.prices:
            if at < step.until:
                return Money(max(0, step.minor - self.paid_minor), self.currency)
        return None


@dataclass(frozen=True, slots=True)
class ListRow:
    """A plate on the allow or the block list, for ever or between two times."""

    plate: Plate
    listed_as: ListedAs
    note: str
    valid_from: datetime | None
    valid_until: datetime | None

    def holds(self, at: datetime) -> bool:
        return (self.valid_from is None or self.valid_from <= at) and (
            self.valid_until is None or at < self.valid_until
        )


@dataclass(frozen=True, slots=True)
class ZoneRow:
    zone_id: ZoneId
    free: int
    capacity: int


@dataclass(frozen=True, slots=True)
class CommandRow:
    """An order of a person to one lane, good once and until `expires_at`."""

    command_id: str
    lane_id: LaneId
    action: CommandAction
    actor: str
    reason: str
    expires_at: datetime


Fact = StayRow | ListRow | ZoneRow | CommandRow


@dataclass(frozen=True, slots=True)
class CopyRow:
    """One row as it travels: `data` None means that the key is gone."""

    kind: str
    key: str
    version: int
    data: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class CopyChange:
    """The rows that bring a copy from version `since` to `version`."""

    site: str
    since: int
    version: int
    rows: tuple[CopyRow, ...]


_STAY = {"plate": Plate, "entered_at": datetime, "currency": str, "paid_minor": int, "credit_minor": int}


def parse_fact(row: CopyRow) -> Fact | None:
    """What the row says, None for a deleted key; ParkingError names the field that does not fit its kind."""
    if row.kind not in _PARSERS:
        raise invalid("copy.kind", f"should be one of {', '.join(_PARSERS)}", field="kind")
    if row.data is None:
        return None
    return _PARSERS[row.kind](row.key, _Fields(row.kind, row.data))


class _Fields:
    """Typed access to a row's data; every complaint names the field."""

    def __init__(self, kind: str, data: Mapping[str, Any]) -> None:
        self._kind = kind
        self._data = data

    def get(self, name: str, kind: Any) -> Any:
        if name not in self._data:
            raise invalid("copy.malformed", "should be present", field=f"{self._kind}.{name}")
        return from_plain(kind, self._data[name], field=f"{self._kind}.{name}")

    def prices(self) -> tuple[PriceStep, ...]:
        raw = self._data.get("prices")
        if not isinstance(raw, Sequence) or isinstance(raw, str):
            raise invalid("copy.malformed", "should be a list of [until, minor]", field="stay.prices")
        steps: list[PriceStep] = []
        for position, pair in enumerate(raw):
            where = f"stay.prices[{position}]"
            if not isinstance(pair, Sequence) or len(pair) != 2 or type(pair[1]) is not int or pair[1] < 0:
                raise invalid("copy.malformed", "should be [until, minor]", field=where)
            step = PriceStep(parse_time(pair[0], field=where), pair[1])
            if steps and step.until <= steps[-1].until:
                raise invalid("copy.malformed", "should come after the step before it", field=where)
            steps.append(step)
        return tuple(steps)


def _stay(key: str, fields: _Fields) -> StayRow:
    values = {name: fields.get(name, kind) for name, kind in _STAY.items()}
    return StayRow(
        stay_id=StayId(key), paid_until=fields.get("paid_until", datetime | None), prices=fields.prices(), **values
    )


def _list(key: str, fields: _Fields) -> ListRow:
    return ListRow(
        plate=Plate.parse(key),
        listed_as=fields.get("listed_as", ListedAs),
        note=fields.get("note", str),
        valid_from=fields.get("valid_from", datetime | None),
        valid_until=fields.get("valid_until", datetime | None),
    )


def _zone(key: str, fields: _Fields) -> ZoneRow:
    return ZoneRow(zone_id=ZoneId(key), free=fields.get("free", int), capacity=fields.get("capacity", int))


def _command(key: str, fields: _Fields) -> CommandRow:
    return CommandRow(
        command_id=key,
        lane_id=LaneId(fields.get("lane_id", str)),
        action=fields.get("action", CommandAction),
        actor=fields.get("actor", str),
        reason=fields.get("reason", str),
        expires_at=fields.get("expires_at", datetime),
    )


_PARSERS: dict[str, Callable[[str, _Fields], Fact]] = {"stay": _stay, "list": _list, "zone": _zone, "command": _command}


def data_of(fact: Fact) -> tuple[str, str, dict[str, Any]]:
    """Kind, key and data of a fact, the inverse of `parse_fact`."""
    plain = to_plain(fact)
    if isinstance(fact, StayRow):
        plain["prices"] = [[to_plain(step.until), step.minor] for step in fact.prices]
        return "stay", plain.pop("stay_id"), plain
    if isinstance(fact, ListRow):
        return "list", plain.pop("plate"), plain
    if isinstance(fact, ZoneRow):
        return "zone", plain.pop("zone_id"), plain
    return "command", plain.pop("command_id"), plain


def seal_copy(change: CopyChange, signer: Signer, expires_at: datetime) -> str:
    """The token that carries a change to the lanes; only the server's key makes one."""
    return seal({"use": COPY_USE, "exp": int(expires_at.timestamp()), **to_plain(change)}, signer)


def unseal_copy(token: str, verifier: Verifier, now: datetime) -> CopyChange:
    """The change in a token; a forged, old or malformed one raises ParkingError."""
    body = unseal(token, verifier, use=COPY_USE, now=now, longest=LONGEST_COPY)
    rows = body.get("rows")
    if not isinstance(rows, list):
        raise invalid("copy.malformed", "should be a list", field="rows")
    since, version = (_whole(body.get(name), name) for name in ("since", "version"))
    if version < since:
        raise invalid("copy.malformed", "should not be below since", field="version")
    return CopyChange(str(body.get("site")), since, version, tuple(_row(r, i) for i, r in enumerate(rows)))


def _row(raw: Any, position: int) -> CopyRow:
    where = f"rows[{position}]"
    data = raw.get("data") if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or not (data is None or isinstance(data, dict)):
        raise invalid("copy.malformed", "should be a row", field=where)
    kind, key = raw.get("kind"), raw.get("key")
    if not isinstance(kind, str) or not isinstance(key, str):
        raise invalid("copy.malformed", "should name its kind and key", field=where)
    row = CopyRow(kind, key, _whole(raw.get("version"), f"{where}.version"), data)
    parse_fact(row)
    return row


def _whole(value: Any, field: str) -> int:
    if type(value) is not int or value < 0:
        raise invalid("copy.malformed", "should be a whole number", field=field)
    return value
