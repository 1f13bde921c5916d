"""A tariff file becomes a `Tariff`, or an error that names the file, the line and how to mend it; nothing half-read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from pydantic import ValidationError

from parking.kernel.chain import canonical
from parking.kernel.errors import ParkingError, invalid
from parking.kernel.money import decimals
from payments.tariff.calendar import Calendar, Span
from payments.tariff.model import DAYS, BandText, BlockText, LineBook, Rate, Tariff, TariffText

LARGEST_FILE = 65_536  # characters
_MOST_NODES = 5_000
_WEEK = 7 * 1440

Path = tuple[str | int, ...]
Lines = dict[Path, int]


def load(text: str, *, name: str) -> Tariff:
    """The tariff that the YAML `text` of the file `name` describes; ParkingError says line and remedy."""
    if len(text) > LARGEST_FILE:
        raise _wrong(name, None, f"is longer than {LARGEST_FILE} characters; a tariff is a page or two")
    plain, lines = _compose(text, name)
    try:
        document = TariffText.model_validate(plain)
    except ValidationError as error:
        raise _from_pydantic(error, name, lines) from None
    return _Compiler(document, name, lines).compile(text)


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a tariff file, generated from the document's model."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **TariffText.model_json_schema(by_alias=True),
        "title": "Parking tariff",
    }


def _wrong(name: str, line: int | None, message: str) -> ParkingError:
    where = f"{name}, line {line}" if line else name
    return invalid("tariff.malformed", message, field=where)


def _compose(text: str, name: str) -> tuple[Any, Lines]:
    """Plain values with every scalar as the text that was written (an amount must never pass through a float)."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _wrong(name, mark.line + 1 if mark else None, f"is not YAML: {error.problem}") from None
    except (yaml.YAMLError, RecursionError):
        raise _wrong(name, None, "is not YAML: it has characters or a depth that no tariff needs") from None
    if root is None:
        raise _wrong(name, None, "is empty; see the demo tariff for an example")
    lines: Lines = {}
    return _Plain(name, lines).of(root, ()), lines


class _Plain:
    """Turns YAML nodes into plain values, remembering the line of each."""

    def __init__(self, name: str, lines: Lines) -> None:
        self._name = name
        self._lines = lines

    def of(self, node: yaml.Node, path: Path) -> Any:
        line = node.start_mark.line + 1
        if len(self._lines) > _MOST_NODES or len(path) > 8:
            raise _wrong(self._name, line, "holds more than a tariff needs (or an alias that repeats itself)")
        self._lines[path] = line
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.of(item, (*path, index)) for index, item in enumerate(node.value)]
        return None if node.tag == "tag:yaml.org,2002:null" else node.value

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key, line = key_node.value, key_node.start_mark.line + 1
            if not isinstance(key, str):
                raise _wrong(self._name, line, "has a key that is not a word")
            if key in values:
                raise _wrong(self._name, line, f"has the key {key!r} twice; keep one of them")
            values[key] = self.of(value_node, (*path, key))
            self._lines[(*path, key)] = line
        return values


_REMEDIES = {
    "missing": "is missing; add it",
    "extra_forbidden": "is not a key of a tariff; remove it or mend its spelling",
    "model_type": "is wrong: it should be a group of keys with values",
}
_SHAPES = {
    "currency": "write the ISO 4217 code, such as CNY",
    "from": "write a time of the day as HH:MM",
    "to": "write a time of the day as HH:MM",
}
_AMOUNT = "write an amount in whole units of the currency, such as 6 or 4.50"


def _from_pydantic(error: ValidationError, name: str, lines: Lines) -> ParkingError:
    """One sentence per fault, the first fault's line in front."""
    faults = []
    for fault in error.errors(include_url=False, include_input=False, include_context=False):
        path = tuple(fault["loc"])
        while path not in lines:  # a missing key stands on its parent's line
            path = path[:-1]
        key = ".".join(str(part) for part in fault["loc"]) or "the file"
        said = _REMEDIES.get(fault["type"])
        if said is None and fault["type"] == "string_pattern_mismatch":
            said = f"is wrong: {_SHAPES.get(str(fault['loc'][-1]), _AMOUNT)}"
        elif said is None:
            said = f"is wrong: {fault['msg'][0].lower()}{fault['msg'][1:]}"
        faults.append((lines[path], f"`{key}` {said}"))
    faults.sort()
    first_line, first = faults[0]
    more = "".join(f"; line {line}: {said}" for line, said in faults[1:5])
    return _wrong(name, first_line, first + more)


class _Compiler:
    """Turns a valid document into integers; what a model cannot say of one key alone is checked here."""

    def __init__(self, document: TariffText, name: str, lines: Lines) -> None:
        self._document = document
        self._name = name
        self._lines = lines

    def compile(self, source: str) -> Tariff:
        document = self._document
        try:
            ZoneInfo(document.timezone)
        except (ValueError, OSError, LookupError):
            raise self._wrong(
                ("timezone",), f"`timezone` {document.timezone!r} is not an IANA zone, such as Asia/Shanghai"
            ) from None
        own = self._rate((), document.first, document.step, None, None)
        bands = [
            self._rate(("bands", i), b.first, b.step, b.cap, (b.name.zh, b.name.en))
            for i, b in enumerate(document.bands)
        ]
        rates = (own, *bands)
        cap = self._optional(document.day.cap, ("day", "cap"))
        meaning = document.model_dump(mode="json", by_alias=True)
        return Tariff(
            version=hashlib.sha256(canonical(meaning)).hexdigest()[:12],
            name=(document.name.zh, document.name.en),
            currency=document.currency,
            timezone=document.timezone,
            free_s=document.free_minutes * 60,
            charge_after_free=document.charge_from == "after_free",
            rates=rates,
            band_caps=tuple((3 * i, r.cap_minor) for i, r in enumerate(rates) if r.cap_minor is not None),
            round_up=document.rounding == "up",
            rolling=document.day.kind == "rolling_24h",
            restart=document.day.restart,
            cap_minor=cap,
            stay_cap_minor=self._optional(document.stay_cap, ("stay_cap",)),
            calendar=Calendar(document.timezone, self._spans()),
            book=LineBook(document.currency, rates, cap),
            source=source,
        )

    def _wrong(self, path: Path, message: str) -> ParkingError:
        return _wrong(self._name, self._lines.get(path), message)

    def _minor(self, amount: str, path: Path) -> int:
        places = decimals(self._document.currency)
        whole, _, part = amount.partition(".")
        if len(part.rstrip("0")) > places:
            key = ".".join(str(p) for p in path)
            raise self._wrong(path, f"`{key}` has more decimals than {self._document.currency} ({places})")
        return int(whole + part[:places].ljust(places, "0"))

    def _optional(self, amount: str | None, path: Path) -> int | None:
        return None if amount is None else self._minor(amount, path)

    def _rate(
        self, path: Path, first: BlockText | None, step: BlockText, cap: str | None, name: tuple[str, str] | None
    ) -> Rate:
        first_minor = self._minor(first.amount, (*path, "first", "amount")) if first else 0
        step_minor = self._minor(step.amount, (*path, "step", "amount"))
        return Rate(
            first_s=first.minutes * 60 if first else 0,
            first_minor=first_minor,
            step_s=step.minutes * 60,
            step_minor=step_minor,
            cap_minor=self._optional(cap, (*path, "cap")),
            name=name,
        )

    def _spans(self) -> list[Span]:
        """The bands as minutes of the week; two that overlap are refused, for a minute has one price."""
        spans: list[Span] = []
        for index, band in enumerate(self._document.bands):
            for span in _weekly(band, index + 1):
                clash = next((s for s in spans if s[0] < span[1] and span[0] < s[1]), None)
                if clash is not None:
                    other = self._document.bands[clash[2] - 1].name.en
                    raise self._wrong(
                        ("bands", index), f"the band {band.name.en!r} overlaps {other!r}; move `from`, `to` or `days`"
                    )
                spans.append(span)
        return spans


def _weekly(band: BandText, rate: int) -> Iterable[Span]:
    start, end = _minute(band.start), _minute(band.end)
    length = end - start if end > start else end + 1440 - start
    for day in dict.fromkeys(band.days):
        begin = DAYS.index(day) * 1440 + start
        if begin + length <= _WEEK:
            yield begin, begin + length, rate
        else:  # Sunday night into Monday morning
            yield begin, _WEEK, rate
            yield 0, begin + length - _WEEK, rate


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])
