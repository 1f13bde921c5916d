"""Pages by cursor: the next page starts behind the last row that was seen, whatever was added meanwhile."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query

from parking.kernel.errors import invalid
from parking.web.schemas import Strict

T = TypeVar("T")
MOST_ROWS = 200
_WIDEST = 2**63 - 1
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS)]
Cursor = Annotated[str, Query(max_length=512)]


class Page(Strict, Generic[T]):
    """Some rows and where the next ones start; `next` is null on the last page."""

    items: list[T]
    next: str | None


def encode(*position: str | int) -> str:
    """A cursor from the sort key of a row."""
    return base64.urlsafe_b64encode(json.dumps(position).encode()).rstrip(b"=").decode()


def decode(cursor: str, *kinds: type[str] | type[int]) -> tuple[str | int, ...] | None:
    """The sort key behind a cursor, None for the empty one; a cursor that we did not make raises ParkingError."""
    if not cursor:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        position = json.loads(raw)
    except (ValueError, binascii.Error, RecursionError):
        position = None
    if (
        not isinstance(position, list)
        or [type(part) for part in position] != list(kinds)
        or not all(map(_is_stored, position))
    ):
        raise invalid("page.cursor", "should be the `next` of an earlier page", field="cursor")
    return tuple(position)


def _is_stored(part: str | int) -> bool:
    """Whether a row could have it for its key: no database holds wider numbers, a NUL, or half a sign."""
    if isinstance(part, int):
        return abs(part) <= _WIDEST
    return "\0" not in part and not any("\ud800" <= sign <= "\udfff" for sign in part)


def page(rows: Sequence[T], limit: int, key: Callable[[T], str]) -> tuple[list[T], str | None]:
    """Split `limit + 1` fetched rows into one page and the cursor behind it (`key` makes a row's cursor)."""
    shown = list(rows[:limit])
    return shown, key(shown[-1]) if len(rows) > limit else None
