"""A tariff file becomes a `Tariff`, or an error that names the file, the line and how to mend it; nothing half-read."""

from __future__ import annotations

from typing import Any

import yaml
from pydantic import ValidationError

from parking.kernel.errors import ParkingError, invalid
from payments.tariff.bands import Path
from payments.tariff.compile import compiled
from payments.tariff.model import Tariff
from payments.tariff.text import OpeningText, TariffText

LARGEST_FILE = 65_536  # characters
_MOST_NODES = 5_000

Lines = dict[Path, int]


def load(text: str, *, name: str) -> Tariff:
    """The tariff that the YAML `text` of the file `name` describes; ParkingError says line and remedy."""
    if len(text) > LARGEST_FILE:
        raise _wrong(name, None, f"is longer than {LARGEST_FILE} characters; a tariff is a page or two")
    plain, lines = _compose(text, name)
    document = _validated(plain, lines, name)

    def wrong(path: Path, message: str) -> ParkingError:
        while (
            path and path not in lines
        ):  # what a class of vehicles has from the rules for everybody stands on its own line
            path = path[:-1]
        return _wrong(name, lines.get(path), message)

    return compiled(document, text, wrong)


def document_of(text: str, *, name: str) -> TariffText:
    """The document as it is written, before it is compiled; ParkingError says line and remedy."""
    return _validated(*_compose(text, name), name=name)


def _validated(plain: Any, lines: Lines, name: str) -> TariffText:
    try:
        return TariffText.model_validate(plain)
    except ValidationError as error:
        raise _from_pydantic(error, name, lines) from None


def validated(plain: Any, name: str) -> TariffText:
    """The document of plain values that come from no file, such as another standard's; ParkingError names the keys."""
    return _validated(plain, {(): 1}, name)


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
        if len(self._lines) > _MOST_NODES or len(path) > 10:
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


def _place(loc: tuple[int | str, ...], lines: Lines) -> tuple[int | str, ...] | None:
    """Where in the file a fault stands; None for one about a form that was not meant: one period where several may stand, or several."""
    path: tuple[int | str, ...] = ()
    for part in loc:
        alone, several = part == OpeningText.__name__, str(part).startswith("tuple[")
        if alone or several:
            if alone == ((*path, 0) in lines):
                return None
        else:
            path = (*path, part)
    return path


def _from_pydantic(error: ValidationError, name: str, lines: Lines) -> ParkingError:
    """One sentence per fault, the first fault's line in front."""
    faults = []
    for fault in error.errors(include_url=False, include_input=False, include_context=False):
        place = _place(fault["loc"], lines)
        if place is None:
            continue
        path = place
        while path not in lines:  # a missing key stands on its parent's line
            path = path[:-1]
        key = ".".join(str(part) for part in place) or "the file"
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
