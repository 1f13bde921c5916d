"""Hostile inputs made from good ones: bytes bent, cut and doubled, JSON trees with a wrong leaf, two seeds grown together, plain noise.

Pure: the same seeds and the same dice give the same input on every machine.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

_NOISE, _GROWN_TOGETHER, _TREE = 0.08, 0.12, 0.45  # shares of the inputs; the rest are bent bytes
_LONGEST_NOISE = 400
_EDGES = (0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF)
_NUMBERS = (b"-1", b"0", b"1e400", b"4294967296", b"18446744073709551616", b"NaN", b"00", b"-0.0", b"9" * 300)
LEAVES: tuple[Any, ...] = (
    None, True, False, -1, 0, 1, 1.5, -0.0, 1e308, float("nan"), float("inf"), 2**31, 2**63, 2**64, -(2**63) - 1, 10**60,
    "", " ", "0", "\0", "\ud800", "\u202e", "ＮＵＬＬ", "𝟘", "皖A12345", "x" * 70, "x" * 5000, "2026-03-07T01:00:00Z",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-13-40", "1e9", "=" * 9, [], {}, [None], [[]], {"": None},
    ["x"] * 40, {"a": {"b": {"c": []}}},
)  # fmt: skip
"""What nobody expects where something else belongs; times that leave the calendar, halves of surrogate pairs, numbers without end."""


@dataclass(frozen=True, slots=True)
class Seeds:
    """Good inputs of one parser and the words of its language; `mend` puts right what a sender would (a checksum, a signature)."""

    whole: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()
    mend: Callable[[bytes], bytes] | None = None

    def input(self, dice: Random) -> bytes:
        """One input that may be anything."""
        made = self._bent(dice)
        return self.mend(made) if self.mend is not None and dice.random() < 0.6 else made

    def _bent(self, dice: Random) -> bytes:
        how = dice.random()
        if how < _NOISE or not self.whole:
            return dice.randbytes(int(_LONGEST_NOISE * dice.random() ** 3))
        seed = dice.choice(self.whole)
        if how < _NOISE + _GROWN_TOGETHER:
            other = dice.choice(self.whole)
            return seed[: dice.randint(0, len(seed))] + other[dice.randint(0, len(other)) :]
        if how < _NOISE + _GROWN_TOGETHER + _TREE and seed[:1] in (b"{", b"["):
            tree = bent_tree(json.loads(seed), dice)
            return _as_json(tree, dice)
        return bent_bytes(seed, dice, self.words)


def bent_bytes(seed: bytes, dice: Random, words: Sequence[bytes] = ()) -> bytes:
    """The seed with one to eight changes, mostly few."""
    made = bytearray(seed)
    for _ in range(1 + int(8 * dice.random() ** 3)):
        at = dice.randrange(len(made) + 1)
        length = min(1 + int(24 * dice.random() ** 3), len(made) - at)
        how = dice.randrange(9)
        if how == 0 and at < len(made):
            made[at] ^= 1 << dice.randrange(8)
        elif how == 1 and at < len(made):
            made[at] = dice.choice(_EDGES) if dice.random() < 0.5 else dice.randrange(256)
        elif how == 2 and at < len(made):
            made[at] = (made[at] + dice.choice((-1, 1))) % 256
        elif how == 3:
            del made[at : at + length]
        elif how == 4:
            made[at:at] = made[at : at + length] * dice.choice((1, 1, 2, 40))
        elif how == 5:
            made[at : at + length] = bytes(length) if dice.random() < 0.5 else b"\xff" * length
        elif how == 6:
            made[at:at] = dice.choice((*words, *_NUMBERS))
        elif how == 7:
            made[at : at + length] = dice.choice((*words, *_NUMBERS))
        else:
            del made[at:]
    return bytes(made)


def bent_tree(tree: Any, dice: Random) -> Any:
    """A JSON value with one to three places changed: a leaf replaced, a key gone, renamed or new, a list longer."""
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        tree = _bend(tree, dice)
    return tree


def _bend(tree: Any, dice: Random) -> Any:
    if isinstance(tree, dict) and tree and dice.random() < 0.93:
        key = dice.choice(list(tree))
        how = dice.random()
        changed = dict(tree)
        if how < 0.78:
            changed[key] = _bend(tree[key], dice)
        elif how < 0.88:
            del changed[key]
        elif how < 0.93:
            changed[str(dice.choice(LEAVES))[:20]] = changed.pop(key)
        else:
            changed[str(dice.choice(LEAVES))[:20]] = dice.choice(LEAVES)
        return changed
    if isinstance(tree, list) and tree and dice.random() < 0.9:
        at = dice.randrange(len(tree))
        how = dice.random()
        if how < 0.7:
            return [*tree[:at], _bend(tree[at], dice), *tree[at + 1 :]]
        if how < 0.85:
            return [*tree[:at], *tree[at + 1 :]]
        return [*tree, tree[at]] if how < 0.97 else tree * dice.choice((2, 30))
    if isinstance(tree, str) and dice.random() < 0.4:
        raw = tree.encode("utf-8", "surrogatepass")
        return bent_bytes(raw, dice).decode("utf-8", dice.choice(("replace", "surrogateescape")))
    return dice.choice(LEAVES)


def _as_json(tree: Any, dice: Random) -> bytes:
    text = json.dumps(tree, ensure_ascii=dice.random() < 0.3, separators=(",", ":"))
    if dice.random() < 0.01:  # brackets without end
        depth = dice.choice((60, 900, 20_000))
        text = text[: dice.randrange(len(text) + 1)] + dice.choice(("[", '{"a":')) * depth
    return text.encode("utf-8", "surrogatepass")
