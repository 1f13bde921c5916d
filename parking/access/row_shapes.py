"""How a row of the copy looks on the wire: one shape per kind, worked out once from the record's own types.

A full mall is 60,000 rows, so nothing is looked up by name while parsing. Keys that a newer server has added are passed over;
a key that does not fit is refused with its name, and its value is never repeated: it may be a plate.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, get_args, get_origin, get_type_hints

from parking.access.read_later import ReadLater
from parking.access.rows import (
    CommandRow,
    Fact,
    GroupRow,
    HolderRow,
    InsideRow,
    InvitationRow,
    KeyRow,
    ListRow,
    LotRow,
    PassRow,
    PriceStep,
    ScheduleRow,
    SpecialDay,
    StayRow,
    UsedCodeRow,
    Window,
    ZoneRow,
)
from parking.kernel.codec import parse_time, to_plain
from parking.kernel.credential import Credential
from parking.kernel.errors import ErrorKind, ParkingError, invalid
from parking.kernel.plate import Plate
from parking.kernel.votes import Votes

Reader = Callable[[Any], Any]
_MOST_ITEMS = 20_000
_LONGEST_PLATE = 12
_DAY_MINUTES = 24 * 60


class _Unfit(ParkingError):
    """`wanted` is what should stand there, `where` leads into a list."""

    def __init__(self, wanted: str, where: str = "") -> None:
        super().__init__(ErrorKind.INVALID, "copy.malformed", f"should be {wanted}")
        self.wanted = wanted
        self.where = where


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of row: its record, the field that is the row's key, how the others are read."""

    kind: str
    record: type
    key: str
    read_key: Reader
    readers: tuple[tuple[str, Reader, Any], ...]

    lazy_readers: tuple[tuple[str, Reader, Any], ...]

    def parse(self, key: str, data: Mapping[str, Any], *, read_before: bool = False) -> Fact:
        """The record that the row says; ParkingError names the field that does not fit. Of one `read_before`, lists wait to be asked."""
        values: dict[str, Any] = {}
        name = self.key
        try:
            values[name] = self.read_key(key)
            for name, read, default in self.lazy_readers if read_before else self.readers:
                plain = data.get(name, _ABSENT)
                if plain is not _ABSENT:
                    values[name] = read(plain)
                elif default is dataclasses.MISSING:
                    raise _Unfit("present")
            return typing.cast(Fact, self.record(**values))
        except _Unfit as unfit:
            where = f"{self.kind}.{name}{unfit.where}"
            raise invalid("copy.malformed", f"should be {unfit.wanted}", field=where) from None
        except ParkingError as error:
            raise invalid("copy.malformed", error.message, field=f"{self.kind}.{name}") from None

    def plain(self, fact: Fact) -> tuple[str, dict[str, Any]]:
        """Key and data of a record, the inverse of `parse`; what has its default is left out."""
        values = {name: (getattr(fact, name), default) for name, _, default in self.readers}
        key = str(_plain(getattr(fact, self.key)))
        return key, {name: _plain(value) for name, (value, default) in values.items() if value != default}


_ABSENT = object()


def _plain(value: Any) -> Any:
    if isinstance(value, Credential):
        return value.ref
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, PriceStep):
        return [to_plain(value.until), value.minor]
    if isinstance(value, (Window, SpecialDay)):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple | ReadLater):
        return [_plain(item) for item in value]
    return to_plain(value)


# --- readers ---------------------------------------------------------------------------------------------------------


def _text(plain: Any) -> str:
    if type(plain) is not str:
        raise _Unfit("a str")
    return plain


def _whole(plain: Any) -> int:
    if type(plain) is not int:  # exact: a bool is not an integer
        raise _Unfit("an int")
    return plain


def _flag(plain: Any) -> bool:
    if type(plain) is not bool:
        raise _Unfit("a bool")
    return plain


def _time(plain: Any) -> datetime:
    try:
        return parse_time(plain)
    except ParkingError as error:
        raise _Unfit(error.message.removeprefix("should be ")) from None


def _date(plain: Any) -> date:
    try:
        return date.fromisoformat(plain)
    except (TypeError, ValueError):
        raise _Unfit("a date") from None


def _plate(plain: Any) -> Plate:
    text = _text(plain)
    plain_ascii = (rest := text[1:]).isascii() and rest.isalnum() and rest.upper() == rest
    if plain_ascii and len(text) <= _LONGEST_PLATE and "一" <= text[0] <= "龥":
        return Plate(text)  # most rows: what our own server wrote is normalised already
    return Plate.parse(text)


def _credential(plain: Any) -> Credential:
    return Credential.from_ref(_text(plain))


def _price_step(plain: Any) -> PriceStep:
    if not isinstance(plain, (list, tuple)) or len(plain) != 2 or type(plain[1]) is not int or plain[1] < 0:
        raise _Unfit("[until, minor]")
    return PriceStep(_time(plain[0]), plain[1])


def _prices(plain: Any) -> tuple[PriceStep, ...]:
    steps: tuple[PriceStep, ...] = _many(_price_step)(plain)
    for position in range(1, len(steps)):
        if steps[position].until <= steps[position - 1].until:
            raise _Unfit("after the step before it", f"[{position}]")
    return steps


def _minutes(lowest: int) -> Reader:
    def read(plain: Any) -> int:
        if type(plain) is not int or not lowest <= plain <= _DAY_MINUTES:
            raise _Unfit(f"minutes from {lowest} to {_DAY_MINUTES}")
        return plain

    return read


def _at_least(lowest: int) -> Reader:
    def read(plain: Any) -> int:
        if type(plain) is not int or plain < lowest:
            raise _Unfit(f"a whole number from {lowest}")
        return plain

    return read


def _choice(kind: type[Enum]) -> Reader:
    members = {member.value: member for member in kind}
    other = members.get("unknown")  # where there is such a word, it stands for those that a newer server has added

    def read(plain: Any) -> Enum:
        found = members.get(plain, other) if isinstance(plain, str) else None
        if found is None:
            raise _Unfit(f"one of {', '.join(members)}")
        return found

    return read


def _many(read: Reader) -> Reader:
    def read_all(plain: Any) -> tuple[Any, ...]:
        if not isinstance(plain, (list, tuple)) or len(plain) > _MOST_ITEMS:
            raise _Unfit("a list")
        items = []
        for position, item in enumerate(plain):
            try:
                items.append(read(item))
            except _Unfit as unfit:
                raise _Unfit(unfit.wanted, f"[{position}]{unfit.where}") from None
        return tuple(items)

    return read_all


def _or_none(read: Reader) -> Reader:
    return lambda plain: None if plain is None else read(plain)


def _part(kind: type) -> Reader:
    readers = _readers(kind, "")

    def read(plain: Any) -> Any:
        if not isinstance(plain, Mapping):
            raise _Unfit("an object")
        values = {}
        for name, read_one, _ in readers:
            if name not in plain:
                raise _Unfit("present", f".{name}")
            try:
                values[name] = read_one(plain[name])
            except _Unfit as unfit:
                raise _Unfit(unfit.wanted, f".{name}{unfit.where}") from None
        return kind(**values)

    return read


_BY_TYPE: dict[Any, Reader] = {
    str: _text,
    int: _whole,
    bool: _flag,
    datetime: _time,
    date: _date,
    Plate: _plate,
    Credential: _credential,
    PriceStep: _price_step,
    Votes: lambda plain: Votes.parse(_text(plain)),
}
_BY_NAME: dict[tuple[type, str], Reader] = {
    (StayRow, "prices"): _prices,
    (PassRow, "bays"): _at_least(1),
    (InvitationRow, "entries"): _or_none(_at_least(1)),
    (InvitationRow, "used"): _at_least(0),
    (GroupRow, "capacity"): _or_none(_at_least(0)),
    (LotRow, "capacity"): _at_least(0),
    (Window, "begins"): _minutes(0),
    (Window, "ends"): _minutes(1),
}
"""Fields that are narrower than their type."""
_LAZY: dict[tuple[type, str], Reader] = {(StayRow, "prices"): lambda plain: ReadLater(plain, _price_step)}
"""How those are read that were read whole before, when they came: their order is known to be right."""


def _reader(hint: Any) -> Reader:
    hint = getattr(hint, "__supertype__", hint)  # NewType
    if get_origin(hint) in (types.UnionType, typing.Union):
        return _or_none(_reader(next(option for option in get_args(hint) if option is not type(None))))
    if get_origin(hint) is tuple:
        return _many(_reader(get_args(hint)[0]))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _choice(hint)
    return _BY_TYPE.get(hint) or _part(hint)


def _readers(record: type, key: str) -> tuple[tuple[str, Reader, Any], ...]:
    hints = get_type_hints(record)
    return tuple(
        (field.name, _BY_NAME.get((record, field.name)) or _reader(hints[field.name]), field.default)
        for field in dataclasses.fields(record)
        if field.name != key
    )


def _shape(kind: str, record: type, key: str) -> Shape:
    readers = _readers(record, key)
    lazy = tuple((name, _LAZY.get((record, name), read), default) for name, read, default in readers)
    return Shape(kind, record, key, _reader(get_type_hints(record)[key]), readers, lazy)


SHAPES: dict[str, Shape] = {
    shape.kind: shape
    for shape in (
        _shape("stay", StayRow, "stay_id"),
        _shape("list", ListRow, "plate"),
        _shape("zone", ZoneRow, "zone_id"),
        _shape("lot", LotRow, "lot_id"),
        _shape("command", CommandRow, "command_id"),
        _shape("pass", PassRow, "pass_id"),
        _shape("holder", HolderRow, "credential"),
        _shape("invitation", InvitationRow, "invitation_id"),
        _shape("inside", InsideRow, "stay_id"),
        _shape("used_code", UsedCodeRow, "code_id"),
        _shape("key", KeyRow, "key_id"),
        _shape("group", GroupRow, "group_id"),
        _shape("schedule", ScheduleRow, "schedule_id"),
    )
}
KINDS: dict[type, str] = {shape.record: kind for kind, shape in SHAPES.items()}


def key_of(fact: Fact) -> str:
    """The key of a fact's row."""
    return str(_plain(getattr(fact, SHAPES[KINDS[type(fact)]].key)))
