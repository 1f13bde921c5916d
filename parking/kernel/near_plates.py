"""Keys by which plates that a camera may take for each other find one another, so that nobody has to look through all that are inside.

Two plates whose signs behind the province differ in at most one (wrong, missing or too many) share a key, and so does a plate of which
one sign is unread. A key is a number: `key` columns and refs stay short, and it names nobody by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b

from parking.kernel.votes import UNREAD

_TWINS = {twin: group[0] for group in ("0ODQ", "1IL", "8B", "5S", "2Z", "6G") for twin in group}
_END = 4
"""A plate with more unread signs is found by so many at either end."""


def tail(text: str) -> str:
    """What is behind the province's sign; all of it where there is none, or where it was not read."""
    return text[1:] if text and not text[0].isascii() else text.removeprefix(UNREAD)


@lru_cache(maxsize=1_000)
def keys_of(text: str) -> frozenset[int]:
    """The keys under which a plate is kept, ten or so; a plate is sought by the keys of whatever was read."""
    rest = tail(text)
    if rest.count(UNREAD) > 1:
        return frozenset(_number(end) for end in _ends(rest) if UNREAD not in end)
    if UNREAD in rest:
        return frozenset({_number(f"={rest.replace(UNREAD, '')}")})
    shorter = {f"={rest[:place]}{rest[place + 1 :]}" for place in range(len(rest))}
    return frozenset(_number(key) for key in (f"={rest}", *shorter, *_ends(rest)))


def sought(texts: Iterable[str]) -> frozenset[int]:
    """The keys of all plates near to any of these; the ends only where so much is unread that nothing else would find it."""
    found: set[int] = set()
    for text in texts:
        rest = tail(text)
        ends = set() if rest.count(UNREAD) > 1 else {_number(end) for end in _ends(rest)}
        found |= keys_of(text) - ends
    return frozenset(found)


def whole(texts: Iterable[str]) -> frozenset[int]:
    """Of these keys those that a plate shares with none but itself, whatever its province."""
    return frozenset(_number(f"={tail(text)}") for text in texts if UNREAD not in text)


def folded(text: str) -> int:
    """A number that plates share which differ in twin signs alone (8 and B, 0 and D), whatever their province."""
    return _number("~" + "".join(_TWINS.get(sign, sign) for sign in tail(text)))


def _ends(rest: str) -> tuple[str, ...]:
    return (f"^{rest[:_END]}", f"${rest[-_END:]}") if len(rest) > _END else ()


def _number(key: str) -> int:
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big", signed=True)
