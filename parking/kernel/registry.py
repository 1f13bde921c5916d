"""A registry is a dict that you can read; a duplicate is refused, an unknown name lists the known ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from parking.kernel.errors import invalid

T = TypeVar("T")


class Registry(Generic[T]):
    """Names to factories of one device family; built from pairs at import, read-only afterwards."""

    def __init__(self, family: str, entries: Mapping[str, T]) -> None:
        self._family = family
        self._entries = dict(entries)

    def get(self, name: str) -> T:
        """The entry called `name`; ParkingError names the known ones when there is none."""
        try:
            return self._entries[name]
        except KeyError:
            known = ", ".join(sorted(self._entries))
            raise invalid(f"{self._family}.unknown", f"no {self._family} called {name!r}; known: {known}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)
