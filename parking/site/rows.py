"""YAML read so that every value knows its line: a mistake is reported where the person wrote it, and nothing is guessed.

Repeated keys and aliases are refused: the first hide a value silently, the second can grow without bound.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import yaml

from parking.kernel.errors import ParkingError, invalid

MOST_METRES = 100_000.0


class _Loader(yaml.SafeLoader):
    """SafeLoader without aliases; only composes nodes."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call] # the stubs leave it untyped
            raise yaml.MarkedYAMLError(problem="aliases are not allowed", problem_mark=mark)
        return super().compose_node(parent, index)


class Row:
    """A mapping of the file with the place it stands at; `key` takes a value out, `finish` refuses what nobody asked for."""

    def __init__(self, file: str, path: str, node: yaml.Node) -> None:
        self._file = file
        self._path = path
        self._line = node.start_mark.line + 1
        self._nodes: dict[str, yaml.Node] = {}
        self._keys: dict[str, yaml.Node] = {}
        if not isinstance(node, yaml.MappingNode):
            raise self.wrong("should be a mapping of keys")
        self._asked: set[str] = set()
        for key_node, value in node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
            if key in self._nodes:
                raise self.wrong("this key is written twice", key, key_node)
            self._nodes[key], self._keys[key] = value, key_node

    def wrong(self, message: str, key: str = "", node: yaml.Node | None = None) -> ParkingError:
        """An error that names the file, the key and the line."""
        where = ".".join(part for part in (self._path, key) if part) or "file"
        at = node or self._keys.get(key)
        line = at.start_mark.line + 1 if at is not None else self._line
        return invalid("site.file", message, field=f"{self._file}: {where} (line {line})")

    def _node(self, key: str) -> yaml.Node | None:
        self._asked.add(key)
        return self._nodes.get(key)

    def has(self, key: str) -> bool:
        return key in self._nodes

    def text(self, key: str, default: str | None = None) -> str:
        """A non-empty text of at most 120 signs."""
        node = self._node(key)
        if node is None:
            if default is None:
                raise self.wrong("this key is missing", key)
            return default
        if not isinstance(node, yaml.ScalarNode) or not 1 <= len(node.value.strip()) <= 120:
            raise self.wrong("should be a text of 1 to 120 signs", key)
        if node.tag != "tag:yaml.org,2002:str":
            raise self.wrong("should be a text: put it in quotes", key)
        return str(node.value).strip()

    def whole(self, key: str) -> int:
        """A whole number."""
        node = self._node(key)
        if node is None:
            raise self.wrong("this key is missing", key)
        if not isinstance(node, yaml.ScalarNode) or node.tag != "tag:yaml.org,2002:int":
            raise self.wrong("should be a whole number", key)
        try:
            return int(node.value)
        except ValueError:
            raise self.wrong("should be a whole number, written with digits only", key) from None

    def number(self, key: str, default: float | None = None) -> float:
        """A number, whole or not."""
        node = self._node(key)
        if node is None:
            if default is None:
                raise self.wrong("this key is missing", key)
            return default
        return self._number(node, key)

    def _number(self, node: yaml.Node, key: str) -> float:
        if isinstance(node, yaml.ScalarNode) and node.tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float"):
            with contextlib.suppress(ValueError):
                number = float(node.value)
                if abs(number) < MOST_METRES:
                    return number
        raise self.wrong("should be a number", key, node)

    def point(self, key: str) -> tuple[float, float]:
        """`[x, y]`."""
        node = self._node(key)
        if node is None:
            raise self.wrong("this key is missing", key)
        return self._point(node, key)

    def points(self, key: str, fewest: int = 2) -> tuple[tuple[float, float], ...]:
        """A list of `[x, y]`; absent is none where none are needed."""
        node = self._node(key)
        if node is None and fewest == 0:
            return ()
        if not isinstance(node, yaml.SequenceNode) or len(node.value) < fewest:
            raise self.wrong(f"should be a list of at least {fewest} points [x, y]", key)
        return tuple(self._point(item, f"{key}[{position}]") for position, item in enumerate(node.value))

    def _point(self, node: yaml.Node, key: str) -> tuple[float, float]:
        if not isinstance(node, yaml.SequenceNode) or len(node.value) != 2:
            raise self.wrong("should be a point [x, y]", key, node)
        x, y = (self._number(item, key) for item in node.value)
        return x, y

    def flag(self, key: str, default: bool = False) -> bool:
        """True or false."""
        node = self._node(key)
        if node is None:
            return default
        if not isinstance(node, yaml.ScalarNode) or node.value not in ("true", "false"):
            raise self.wrong("should be true or false", key)
        return bool(node.value == "true")

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts without repetitions; absent is empty."""
        node = self._node(key)
        if node is None:
            return ()
        if not isinstance(node, yaml.SequenceNode):
            raise self.wrong("should be a list", key)
        found: list[str] = []
        for position, item in enumerate(node.value):
            if not isinstance(item, yaml.ScalarNode) or not item.value.strip():
                raise self.wrong("should be a text", f"{key}[{position}]", item)
            if item.value in found:
                raise self.wrong(f"{item.value!r} is listed twice", f"{key}[{position}]", item)
            found.append(item.value)
        return tuple(found)

    def row(self, key: str) -> Row:
        """A mapping inside this one."""
        node = self._node(key)
        if node is None:
            raise self.wrong("this key is missing", key)
        return Row(self._file, ".".join(part for part in (self._path, key) if part), node)

    def rows(self, key: str) -> Iterator[Row]:
        """The mappings of a list; absent is empty."""
        node = self._node(key)
        if node is None:
            return
        if not isinstance(node, yaml.SequenceNode):
            raise self.wrong("should be a list", key)
        for position, item in enumerate(node.value):
            yield Row(self._file, f"{key}[{position}]", item)

    def finish(self) -> None:
        """Refuse the keys that nobody asked for."""
        for key in self._nodes:
            if key not in self._asked:
                known = ", ".join(sorted(self._asked))
                raise self.wrong(f"this key is not known; known here: {known}", key)


def read(text: str, name: str) -> Row:
    """The top mapping of a YAML text; ParkingError names file and line of what is not YAML."""
    try:
        node: Any = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise invalid("site.file", f"not readable: {error.problem}", field=f"{name}: line {line}") from None
    except (yaml.YAMLError, RecursionError):
        raise invalid("site.file", "not readable as YAML", field=name) from None
    if node is None:
        raise invalid("site.file", "the file is empty", field=name)
    return Row(name, "", node)
