"""A list whose items are read when somebody asks for them: of all stays that a camera may mean, one is priced, by one of its steps."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class ReadLater(Sequence[T], Generic[T]):
    """A list as JSON text, or already in parts, of which `read` makes each item that is wanted; equal to any list of the same."""

    __slots__ = ("_made", "_plain", "_read")

    def __init__(self, plain: str | Sequence[Any], read: Callable[[Any], T]) -> None:
        self._plain = plain
        self._read = read
        self._made: dict[int, T] = {}

    def _parts(self) -> Sequence[Any]:
        if isinstance(self._plain, str):
            self._plain = json.loads(self._plain)
        return self._plain

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        if isinstance(index, slice):
            return tuple(map(self._read, self._parts()[index]))
        if index not in self._made:
            self._made[index] = self._read(self._parts()[index])
        return self._made[index]

    def __len__(self) -> int:
        return len(self._parts())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))
