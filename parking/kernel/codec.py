"""Events to plain JSON values and back; the only place that knows how a kernel value looks on a wire."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from parking.kernel import events
from parking.kernel.errors import ParkingError, invalid
from parking.kernel.ids import EventId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from parking.kernel.votes import Votes

T = TypeVar("T")
EVENT_TYPES: dict[str, type] = {t.__name__: t for t in get_args(events.Event)}


def to_plain(value: Any) -> Any:
    """Dataclasses, money, plates, enums and times as JSON values; times are RFC 3339 in UTC."""
    kind = type(value)
    write = _write.get(kind)
    if write is None:
        write = _write[kind] = _writer(kind)
    return write(value)


_write: dict[type, Callable[[Any], Any]] = {}
"""How a value of exactly this type is written, worked out once: every event is written several times."""


def _writer(kind: type) -> Callable[[Any], Any]:
    for known, write in _WRITERS:
        if issubclass(kind, known):
            return write
    if dataclasses.is_dataclass(kind):
        names = tuple(f.name for f in dataclasses.fields(kind))
        return lambda value: {name: to_plain(getattr(value, name)) for name in names}
    return lambda value: value


_WRITERS: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (Plate, lambda plate: plate.text),
    (Votes, lambda votes: votes.compact()),
    (Money, lambda money: {"amount": money.minor, "currency": money.currency}),
    (datetime, lambda moment: moment.astimezone(UTC).isoformat().replace("+00:00", "Z")),
    (Enum, lambda member: member.value),
    (list, lambda items: [to_plain(item) for item in items]),
    (tuple, lambda items: [to_plain(item) for item in items]),
    (Mapping, lambda pairs: {str(name): to_plain(item) for name, item in pairs.items()}),
)


def from_plain(kind: type[T], plain: Any, *, field: str = "") -> T:
    """The value of type `kind` that `plain` describes; ParkingError names the field that does not fit."""
    try:
        return cast(T, _reader(cast(Any, kind))(plain))
    except (TypeError, ValueError, KeyError, ParkingError):  # the careful way names the field that does not fit
        return cast(T, _build(kind, plain, field))


@functools.cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """The short way to read a value of this type, worked out once; whatever does not fit raises, without saying where."""
    kind = getattr(kind, "__supertype__", kind)  # NewType
    if get_origin(kind) in (types.UnionType, typing.Union):
        inner = _reader(next(option for option in get_args(kind) if option is not type(None)))
        return (lambda plain: None if plain is None else inner(plain)) if type(None) in get_args(kind) else inner
    if get_origin(kind) is tuple:
        item = _reader(get_args(kind)[0])
        return lambda plain: tuple([item(one) for one in _exactly(list, plain)])
    if kind in _READERS:
        return _READERS[kind]
    if kind is datetime:
        return parse_time
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    if dataclasses.is_dataclass(kind):
        return _record_reader(kind)
    return lambda plain: _exactly(kind, plain)


def _record_reader(kind: Any) -> Callable[[Any], Any]:
    hints, names = _fields_of(kind)
    absent = (dataclasses.MISSING, dataclasses.MISSING)
    fields = [(name, _reader(hints[name]), (f.default, f.default_factory) == absent) for name, f in names.items()]

    def read(plain: Any) -> Any:
        values = {name: read_one(plain[name]) for name, read_one, required in fields if required or name in plain}
        if len(values) != len(_exactly(dict, plain)):
            raise TypeError("a key that is not known")
        return kind(**values)

    return read


def _exactly(kind: Any, plain: Any) -> Any:
    if type(plain) is not kind:  # exact: a bool is not an integer
        raise TypeError
    return plain


_READERS: dict[Any, Callable[[Any], Any]] = {
    Plate: lambda plain: Plate.parse(_exactly(str, plain)),
    Votes: lambda plain: Votes.parse(_exactly(str, plain)),
    Money: lambda plain: Money(plain["amount"], plain["currency"]),
    float: lambda plain: float(plain) if type(plain) is int else _exactly(float, plain),
}


def _build(kind: Any, plain: Any, field: str) -> Any:
    kind = getattr(kind, "__supertype__", kind)  # NewType
    if get_origin(kind) in (types.UnionType, typing.Union):
        options = get_args(kind)
        if plain is None and type(None) in options:
            return None
        return _build(next(o for o in options if o is not type(None)), plain, field)
    if get_origin(kind) is tuple:
        if not isinstance(plain, list):
            raise _wrong(field, "a list")
        return tuple(_build(get_args(kind)[0], item, f"{field}[{i}]") for i, item in enumerate(plain))
    try:
        if kind is Plate:
            return Plate.parse(plain) if isinstance(plain, str) else _raise(field, "a plate")
        if kind is Votes:
            return Votes.parse(plain) if isinstance(plain, str) else _raise(field, "votes")
        if kind is Money:
            return Money(plain["amount"], plain["currency"])
        if kind is datetime:
            return parse_time(plain, field=field)
        if isinstance(kind, type) and issubclass(kind, Enum):
            return kind(plain)
    except (TypeError, KeyError, ValueError):
        raise _wrong(field, f"a {kind.__name__}") from None
    if dataclasses.is_dataclass(kind):
        return _build_record(kind, plain, field)
    if kind is float and type(plain) is int:
        return float(plain)
    if type(plain) is not kind:  # exact: a bool is not an integer
        raise _wrong(field, f"a {kind.__name__}")
    return plain


@functools.cache
def _fields_of(kind: Any) -> tuple[dict[str, Any], dict[str, dataclasses.Field[Any]]]:
    """Types and fields by name, worked out once for each kind of record: a reconnect decodes a hundred thousand of them."""
    return get_type_hints(kind), {f.name: f for f in dataclasses.fields(kind)}


def _build_record(kind: Any, plain: Any, field: str) -> Any:
    if not isinstance(plain, Mapping):
        raise _wrong(field, f"an object ({kind.__name__})")
    hints, names = _fields_of(kind)
    for extra in plain.keys() - names.keys():
        raise _wrong(f"{field}.{extra}".lstrip("."), "absent: this key is not known")
    values = {}
    for name, spec in names.items():
        where = f"{field}.{name}".lstrip(".")
        if name in plain:
            values[name] = _build(hints[name], plain[name], where)
        elif spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING:
            raise _wrong(where, "present")
    return kind(**values)


def _wrong(field: str, wanted: str) -> Exception:
    return invalid("value.malformed", f"should be {wanted}", field=field or None)


def _raise(field: str, wanted: str) -> Any:
    raise _wrong(field, wanted)


def parse_time(text: Any, *, field: str = "") -> datetime:
    """An RFC 3339 time with an offset, as UTC; a time without an offset raises ParkingError."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise _wrong(field, "an RFC 3339 time") from None
    if moment.tzinfo is None:
        raise _wrong(field, "a time with an offset")
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # 0001-01-01T00:00:00+01:00 is in no year that there is
        raise _wrong(field, "a time between the years 1 and 9999 in UTC") from None


def encode(envelope: events.Envelope) -> dict[str, Any]:
    """An envelope as a JSON object with `id`, `at`, `origin`, `type` and `data`."""
    known = _written.get(envelope.id)
    if known is not None and known[1] is envelope:
        return known[0] | {"data": dict(known[0]["data"])}
    plain = {
        "id": envelope.id,
        "at": to_plain(envelope.occurred_at),
        "origin": envelope.origin,
        "type": type(envelope.event).__name__,
        "data": to_plain(envelope.event),
    }
    _remember(_written, plain, envelope)
    return plain


_Known = dict[str, tuple[dict[str, Any], events.Envelope]]
_written: _Known = {}
_was_read: _Known = {}
"""The envelopes that this process wrote and read last, with their words: the same words again mean the same, and need no second
reading. Apart, because what an older version wrote is read, but not written like that again."""
_MOST_RECENT = 1_000


def _remember(known: _Known, plain: Mapping[str, Any], envelope: events.Envelope) -> None:
    if len(known) >= _MOST_RECENT:
        known.clear()
    known[envelope.id] = ({**plain, "data": dict(plain["data"])}, envelope)


def decode(plain: Mapping[str, Any]) -> events.Envelope:
    """The envelope that `encode` wrote; anything else raises ParkingError naming the field."""
    for words in (_written, _was_read):
        known = words.get(str(plain.get("id")))
        if known is not None and known[0] == plain:
            return known[1]
    kind = EVENT_TYPES.get(str(plain.get("type")))
    if kind is None:
        raise _wrong("type", f"one of {', '.join(sorted(EVENT_TYPES))}")
    ident, origin = plain.get("id"), plain.get("origin")
    if not isinstance(ident, str) or not 1 <= len(ident) <= 64:
        raise _wrong("id", "an id")
    if not isinstance(origin, str) or not 1 <= len(origin) <= 64:
        raise _wrong("origin", "a name")
    occurred_at = parse_time(plain.get("at"), field="at")
    envelope = events.Envelope(EventId(ident), occurred_at, origin, from_plain(kind, plain.get("data"), field="data"))
    _remember(_was_read, plain, envelope)
    return envelope
