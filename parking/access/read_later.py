"""A list that is read when somebody asks for it: of all stays that a camera may mean, one is priced."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class ReadLater(Sequence[T], Generic[T]):
    """What `read` makes of `plain`, made once and not before it is wanted; equal to any list of the same."""

    __slots__ = ("_made", "_plain", "_read")

    def __init__(self, plain: Any, read: Callable[[Any], tuple[T, ...]]) -> None:
        self._plain = plain
        self._read = read
        self._made: tuple[T, ...] | None = None

    def _all(self) -> tuple[T, ...]:
        if self._made is None:
            self._made = self._read(self._plain)
        return self._made

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        return self._all()[index]

    def __iter__(self) -> Iterator[T]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._all() == tuple(other)

    def __hash__(self) -> int:
        return hash(self._all())
