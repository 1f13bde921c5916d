"""The likeliest strings of a language under a CTC matrix: a prefix beam in which a prefix the language forbids is never born.

Probabilities are summed over all alignments. They stay linear and are rescaled at every step, which is as exact as logarithms
here and several times cheaper.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lpr.sign_matrix import Probabilities, SignMatrix


@dataclass(frozen=True, slots=True, eq=False)
class Automaton:
    """A finite language: `successor[state, sign]` is the next state or -1, state 0 is the start, `accepts` says what ends where."""

    signs: tuple[str, ...]
    successor: npt.NDArray[np.int32]
    accepts: Mapping[int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Spelling:
    """One string of the language: its text, its log-probability, and the state it ends in."""

    text: str
    log_probability: float
    state: int


class _Prefixes:
    """All prefixes ever born, as a tree; the same prefix always has the same number."""

    def __init__(self) -> None:
        self.parent = [-1]
        self.sign = [-1]
        self._children: dict[tuple[int, int], int] = {}

    def child(self, node: int, sign: int) -> int:
        number = self._children.get((node, sign))
        if number is None:
            number = self._children[node, sign] = len(self.parent)
            self.parent.append(node)
            self.sign.append(sign)
        return number

    def text(self, node: int, signs: tuple[str, ...]) -> str:
        spelled = []
        while node > 0:
            spelled.append(signs[self.sign[node]])
            node = self.parent[node]
        return "".join(reversed(spelled))


def spell(matrix: SignMatrix, automaton: Automaton, *, width: int = 32) -> list[Spelling]:
    """The strings of the language that the matrix makes likeliest, best first, at most `width` of them."""
    probabilities = matrix.select(automaton.signs).probabilities
    allowed = (automaton.successor >= 0).astype(np.float64)
    prefixes = _Prefixes()
    nodes = np.zeros(1, dtype=np.int64)
    states = np.zeros(1, dtype=np.int64)
    last = np.full(1, -1, dtype=np.int64)
    parents = np.full(1, -1, dtype=np.int64)  # where in the beam the parent prefix is
    ends_blank, ends_sign, log_scale = np.ones(1), np.zeros(1), 0.0
    for row in probabilities:
        stay_blank, stay_sign, born = _step(row, allowed[states], last, parents, ends_blank, ends_sign)
        everything = np.concatenate((stay_blank + stay_sign, born.ravel()))
        kept = np.argpartition(everything, -width)[-width:] if everything.size > width else np.arange(everything.size)
        kept = kept[everything[kept] > 0]
        scale = float(everything[kept].max(initial=0.0))
        if scale <= 0.0:
            return []
        log_scale += math.log(scale)
        count = len(nodes)
        old = kept[kept < count]
        new = kept[kept >= count] - count
        origin, sign = new // born.shape[1], new % born.shape[1]
        children = [prefixes.child(n, s) for n, s in zip(nodes[origin].tolist(), sign.tolist(), strict=True)]
        ends_blank = np.concatenate((stay_blank[old], np.zeros(len(new)))) / scale
        ends_sign = np.concatenate((stay_sign[old], born[origin, sign])) / scale
        states = np.concatenate((states[old], automaton.successor[states[origin], sign]))
        last = np.concatenate((last[old], sign))
        nodes = np.concatenate((nodes[old], np.asarray(children, dtype=np.int64)))
        place = {node: position for position, node in enumerate(nodes.tolist())}
        parents = np.asarray([place.get(prefixes.parent[node], -1) for node in nodes.tolist()], dtype=np.int64)
    found = [
        Spelling(prefixes.text(node, automaton.signs), math.log(p) + log_scale, state)
        for node, state, p in zip(nodes.tolist(), states.tolist(), (ends_blank + ends_sign).tolist(), strict=True)
        if state in automaton.accepts and p > 0
    ]
    return sorted(found, key=lambda s: -s.log_probability)


def _step(
    row: Probabilities,
    allowed: Probabilities,
    last: npt.NDArray[np.int64],
    parents: npt.NDArray[np.int64],
    ends_blank: Probabilities,
    ends_sign: Probabilities,
) -> tuple[Probabilities, Probabilities, Probabilities]:
    """One step for the whole beam: mass that stays (ending in blank, ending in its sign) and mass of every child."""
    total = ends_blank + ends_sign
    signs = row[1:]
    stay_blank = total * row[0]
    spelled = np.flatnonzero(last >= 0)
    tail = last[spelled]
    stay_sign = np.zeros_like(total)
    stay_sign[spelled] = ends_sign[spelled] * signs[tail]
    born = total[:, None] * signs[None, :]
    born[spelled, tail] = ends_blank[spelled] * signs[tail]  # a repeated sign needs a gap in between
    born *= allowed
    inside = np.flatnonzero(parents >= 0)
    stay_sign[inside] += born[parents[inside], last[inside]]  # the child is in the beam already: join it
    born[parents[inside], last[inside]] = 0.0
    return stay_blank, stay_sign, born
