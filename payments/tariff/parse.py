"""A tariff file becomes a `Tariff`, or an error that names the file, the line and how to mend it; nothing half-read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import yaml
from pydantic import ValidationError

from parking.kernel.errors import ParkingError
from payments.tariff.bands import Path
from payments.tariff.compile import compiled
from payments.tariff.mistakes import Mistake, WrongTariff, mistake
from payments.tariff.model import Tariff
from payments.tariff.text import OpeningText, TariffText

LARGEST_FILE = 65_536  # characters
_MOST_NODES = 5_000

Lines = dict[Path, int]


def load(text: str, *, name: str) -> Tariff:
    """The tariff that the YAML `text` of the file `name` describes; ParkingError says line and remedy."""
    if len(text) > LARGEST_FILE:
        raise _wrong(name, None, mistake("too_long", most=LARGEST_FILE))
    plain, lines = _compose(text, name)
    document = _validated(plain, lines, name)

    def wrong(path: Path, what: Mistake) -> ParkingError:
        while (
            path and path not in lines
        ):  # what a class of vehicles has from the rules for everybody stands on its own line
            path = path[:-1]
        return _wrong(name, lines.get(path), what)

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


def _wrong(name: str, line: int | None, what: Mistake) -> ParkingError:
    return WrongTariff(name, [replace(what, line=line)])


def _compose(text: str, name: str) -> tuple[Any, Lines]:
    """Plain values with every scalar as the text that was written (an amount must never pass through a float)."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _wrong(name, mark.line + 1 if mark else None, mistake("not_yaml", why=error.problem)) from None
    except (yaml.YAMLError, RecursionError):
        raise _wrong(name, None, mistake("not_yaml_at_all")) from None
    if root is None:
        raise _wrong(name, None, mistake("empty"))
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
            raise _wrong(self._name, line, mistake("too_much"))
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
                raise _wrong(self._name, line, mistake("odd_key"))
            if key in values:
                raise _wrong(self._name, line, mistake("key_twice", key=key))
            values[key] = self.of(value_node, (*path, key))
            self._lines[(*path, key)] = line
        return values


_CODES = {
    "missing": "missing",
    "extra_forbidden": "unknown_key",
    "model_type": "not_a_group",
    "literal_error": "one_of",
    "int_parsing": "not_whole",
    "int_type": "not_whole",
    "int_from_float": "not_whole",
    "string_type": "not_text",
    "tuple_type": "not_a_list",
    "date_from_datetime_parsing": "not_a_date",
    "date_from_datetime_inexact": "not_a_date",
    "date_parsing": "not_a_date",
    "date_type": "not_a_date",
    "bool_parsing": "not_yes_or_no",
    "bool_type": "not_yes_or_no",
    "greater_than_equal": "too_small",
    "less_than_equal": "too_large",
    "string_too_short": "too_short",
    "too_short": "too_short",
    "string_too_long": "too_many",
    "too_long": "too_many",
}
_SHAPES = {"currency": "currency", "from": "clock", "to": "clock"}
_BOUNDS = {"expected": "expected", "ge": "least", "le": "most", "min_length": "least", "max_length": "most"}


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
    """One mistake per fault, in the order of their lines, five at most."""
    faults = []
    for fault in error.errors(include_url=False, include_input=False):
        place = _place(fault["loc"], lines)
        if place is None:
            continue
        path = place
        while path not in lines:  # a missing key stands on its parent's line
            path = path[:-1]
        code = _CODES.get(fault["type"], "wrong")
        if fault["type"] == "string_pattern_mismatch":
            code = _SHAPES.get(str(fault["loc"][-1]), "amount")
        if not place:
            code = "not_a_tariff"
        bounds = {_BOUNDS[one]: str(bound) for one, bound in fault.get("ctx", {}).items() if one in _BOUNDS}
        key = ".".join(str(part) for part in place)
        said = f"{fault['msg'][0].lower()}{fault['msg'][1:]}"
        faults.append(Mistake(code, {"key": key, "said": said, **bounds}, lines[path]))
    faults.sort(key=lambda one: (one.line or 0, one.en))
    return WrongTariff(name, faults[:5])
