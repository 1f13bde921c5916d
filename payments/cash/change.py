"""Which coins and notes make a change out of what is there: as few pieces as possible, or none at all. Which notes a machine may take
so that whoever begins to pay can end. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

MOST_NOTES = 1000
"""A sum that takes more notes of the smallest kind is none for a machine."""


def change(minor: int, there: Mapping[int, int]) -> dict[int, int] | None:
    """Value -> count that sum to `minor`, from `there` (value -> count, minor units); None if nothing fits exactly."""
    if minor < 0 or any(value <= 0 or count < 0 for value, count in there.items()):
        raise ValueError("values are above zero, counts and amounts not below")
    best: dict[int, dict[int, int]] = {0: {}}
    for value in sorted(there, reverse=True):
        for sum_minor, pieces in sorted(best.items()):
            used = sum(pieces.values())
            for count in range(1, min(there[value], (minor - sum_minor) // value) + 1):
                reached = sum_minor + count * value
                known = best.get(reached)
                if known is None or sum(known.values()) > used + count:
                    best[reached] = {**pieces, value: count}
    return best.get(minor)


def as_much(minor: int, there: Mapping[int, int]) -> dict[int, int]:
    """The change where it can be given; else what comes near to it from below, the largest pieces first."""
    exact = change(minor, there)
    if exact is not None:
        return exact
    found, left = {}, minor
    for value in sorted(there, reverse=True):
        count = min(there[value], left // value)
        if count:
            found[value] = count
            left -= count * value
    return found


def takeable(left: int, notes: Collection[int], there: Mapping[int, int]) -> frozenset[int]:
    """The notes that may be taken while `left` minor units are to be paid: after each of them it can still be paid to its end, and
    what is too much can be given back in coins.
    """
    if left <= 0 or not notes or left // min(notes) > MOST_NOTES:
        return frozenset()
    rests, new = {left}, {left}
    while new:
        new = {rest - note for rest in new for note in notes if note < rest} - rests
        rests |= new
    ends: dict[int, bool] = {}
    given = {note - rest for rest in rests for note in notes if note >= rest}
    can_give = {minor for minor in given if change(minor, there) is not None}
    for rest in sorted(rests):
        ends[rest] = any(_may(rest, note, ends, can_give) for note in notes)
    return frozenset(note for note in notes if _may(left, note, ends, can_give))


def _may(rest: int, note: int, ends: Mapping[int, bool], can_give: Collection[int]) -> bool:
    return ends[rest - note] if note < rest else note - rest in can_give
