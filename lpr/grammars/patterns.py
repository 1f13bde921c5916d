"""Formats as they are written down everywhere: L for a letter, N for a digit, any other sign for itself."""

from __future__ import annotations

from collections.abc import Iterator

DIGITS = "0123456789"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ANY = DIGITS + LETTERS


def places(form: str, **meanings: str) -> tuple[str, ...]:
    """The places of a format; `meanings` say what its signs stand for, beside L and N, or instead of what they usually do."""
    known = {"L": LETTERS, "N": DIGITS, **meanings}
    return tuple(known.get(sign, sign) for sign in form)


def coded(codes: str, form: str, **meanings: str) -> Iterator[tuple[str, ...]]:
    """The places of a format after each of a country's district codes (parted by spaces, one or two signs each)."""
    rest = places(form, **meanings)
    seconds: dict[str, str] = {}
    for code in codes.split():
        if len(code) == 1:
            yield (code, *rest)
        else:
            seconds[code[0]] = seconds.get(code[0], "") + code[1]
    for first, second in seconds.items():
        yield (first, second, *rest)
