"""Which coins and notes make a change out of what is there: as few pieces as possible, or none at all. Pure."""

from __future__ import annotations

from collections.abc import Mapping


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
