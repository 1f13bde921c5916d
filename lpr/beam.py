"""The likeliest strings of a language under a CTC matrix: a prefix beam in which a prefix the language forbids is never born.

Probabilities are summed over all alignments. They stay linear and are rescaled at every step, which is as exact as logarithms
here and several times cheaper.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lpr.sign_matrix import Probabilities, SignMatrix


class Edges(NamedTuple):
    """The steps of a language in the order of the states that they leave: `starts[n]` is the first one that leaves `sources[n]`.

    `signs` are columns of a matrix (1 is the first sign), `targets` the states that the steps lead to.
    """

    sources: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    signs: npt.NDArray[np.int64]
    targets: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Automaton:
    """A finite language: `successor[state, sign]` is the next state or -1, state 0 is the start, `accepts` says what ends where."""

    signs: tuple[str, ...]
    successor: npt.NDArray[np.int32]
    accepts: Mapping[int, tuple[int, ...]]

    @property
    def edges(self) -> Edges:
        """Every step that the language has; far fewer than states times signs."""
        return _edges_of(self)

    def end_of(self, text: str) -> int | None:
        """The accepting state in which a string ends; None where it is not of this language."""
        state = 0
        for sign in text:
            state = int(self.successor[state, self.signs.index(sign)]) if sign in self.signs else -1
            if state < 0:
                return None
        return state if state in self.accepts else None


@lru_cache(maxsize=32)
def _edges_of(automaton: Automaton) -> Edges:
    source, sign = np.nonzero(automaton.successor >= 0)
    sources, starts = np.unique(source, return_index=True)
    return Edges(sources, starts, sign + 1, automaton.successor[source, sign].astype(np.int64))


@dataclass(frozen=True, slots=True)
class Spelling:
    """One string of the language: its text, its log-probability, and the state it ends in."""

    text: str
    log_probability: float
    state: int


Numbers = npt.NDArray[np.int64]
_NEGLIGIBLE = 1e-12
"""A prefix with this share of the best one's prospects is dropped."""

_SURELY_EMPTY = 0.999


@dataclass(slots=True, eq=False)
class _Beam:
    """The living prefixes, one per place: node, state, last sign, place of the parent (-1: not here), and two masses."""

    nodes: Numbers
    states: Numbers
    last: Numbers
    parents: Numbers
    ends_blank: Probabilities
    ends_sign: Probabilities


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


def spell(matrix: SignMatrix, automaton: Automaton, *, width: int = 16) -> list[Spelling]:
    """The strings of the language that the matrix makes likeliest, best first; at most `width` prefixes survive a step."""
    probabilities = _shortened(matrix.select(automaton.signs).probabilities)
    outlook = _outlook(probabilities, automaton)
    allowed = (automaton.successor >= 0).astype(np.float64)
    prefixes = _Prefixes()
    start, nothing = np.zeros(1, dtype=np.int64), np.full(1, -1, dtype=np.int64)
    beam = _Beam(start, start, nothing, nothing, np.ones(1), np.zeros(1))
    log_scale = 0.0
    for row, hope in zip(probabilities, outlook[1:], strict=True):
        stay_blank, stay_sign, born = _step(row, allowed[beam.states], beam)
        count = len(stay_blank)
        mass = np.concatenate((stay_blank + stay_sign, born.ravel()))
        ahead = np.concatenate((hope[beam.states], hope[automaton.successor[beam.states]].ravel()))
        kept = _likeliest(mass * ahead, width)
        scale = float(mass[kept].max(initial=0.0))
        if scale <= 0.0:
            return []
        log_scale += math.log(scale)
        old, (origin, sign) = kept[kept < count], np.divmod(kept[kept >= count] - count, born.shape[1])
        beam = _grow(beam, prefixes, automaton, old, origin, sign)
        beam.ends_blank[: len(old)] = stay_blank[old] / scale
        beam.ends_sign[: len(old)] = stay_sign[old] / scale
        beam.ends_sign[len(old) :] = born[origin, sign] / scale
    masses = (beam.ends_blank + beam.ends_sign).tolist()
    found = [
        Spelling(prefixes.text(node, automaton.signs), math.log(p) + log_scale, state)
        for node, state, p in zip(beam.nodes.tolist(), beam.states.tolist(), masses, strict=True)
        if state in automaton.accepts and p > 0
    ]
    return sorted(found, key=lambda s: -s.log_probability)


def _shortened(probabilities: Probabilities) -> Probabilities:
    """One step in place of each run of steps that are surely without sign: more than half of what a reader sees.

    It costs the likelihoods a thousandth per step; `lpr.fusion` scores what is found here again, with all steps.
    """
    empty = probabilities[:, 0] > _SURELY_EMPTY
    repeated = np.zeros_like(empty)
    repeated[1:] = empty[1:] & empty[:-1]
    return probabilities[~repeated]


def _outlook(probabilities: Probabilities, automaton: Automaton) -> Probabilities:
    """(steps + 1) x states: how likely, at best, a prefix in that state still becomes a whole string in the steps to come.

    A bound from above (it forgets which sign came last), scaled per step. Without it the beam fills with likely beginnings
    that have no likely end, and loses the plate whose first sign is hidden.
    """
    sources, starts, signs, targets = automaton.edges
    steps, states = probabilities.shape[0], automaton.successor.shape[0]
    by_target = np.argsort(targets, kind="stable")
    entered, first = np.unique(targets[by_target], return_index=True)
    outlook = np.zeros((steps + 1, states))
    outlook[steps, list(automaton.accepts)] = 1.0
    for step in range(steps - 1, -1, -1):
        row, after = probabilities[step], outlook[step + 1]
        seen = row[signs]
        stay = np.full(states, row[0])
        stay[entered] = np.maximum(row[0], np.maximum.reduceat(seen[by_target], first))
        best = stay * after
        best[sources] = np.maximum(best[sources], np.maximum.reduceat(after[targets] * seen, starts))
        outlook[step] = best / max(float(best.max()), 1e-300)
    return outlook


def _likeliest(value: Probabilities, width: int) -> Numbers:
    """The places of the `width` greatest values, in order of place; zeros and the negligible are left out."""
    places = np.flatnonzero(value > _NEGLIGIBLE * value.max())
    if len(places) > width:
        places = places[np.argsort(-value[places])[:width]]
    return np.sort(places)


def _grow(
    beam: _Beam, prefixes: _Prefixes, automaton: Automaton, old: Numbers, origin: Numbers, sign: Numbers
) -> _Beam:
    """The next beam: the prefixes `old` stay, and each of `origin` is followed by its `sign`; the masses are still to come."""
    children = [prefixes.child(n, s) for n, s in zip(beam.nodes[origin].tolist(), sign.tolist(), strict=True)]
    nodes = np.concatenate((beam.nodes[old], np.array(children, dtype=np.int64)))
    place = {node: position for position, node in enumerate(nodes.tolist())}
    return _Beam(
        nodes=nodes,
        states=np.concatenate((beam.states[old], automaton.successor[beam.states[origin], sign])),
        last=np.concatenate((beam.last[old], sign)),
        parents=np.array([place.get(prefixes.parent[node], -1) for node in nodes.tolist()]),
        ends_blank=np.zeros(len(nodes)),
        ends_sign=np.zeros(len(nodes)),
    )


def _step(
    row: Probabilities, allowed: Probabilities, beam: _Beam
) -> tuple[Probabilities, Probabilities, Probabilities]:
    """One step for the whole beam: mass that stays (ending in blank, ending in its sign) and mass of every child."""
    total = beam.ends_blank + beam.ends_sign
    signs = row[1:]
    stay_blank = total * row[0]
    spelled = np.flatnonzero(beam.last >= 0)
    tail = beam.last[spelled]
    stay_sign = np.zeros_like(total)
    stay_sign[spelled] = beam.ends_sign[spelled] * signs[tail]
    born = total[:, None] * signs[None, :]
    born[spelled, tail] = beam.ends_blank[spelled] * signs[tail]  # a repeated sign needs a gap in between
    born *= allowed
    inside = np.flatnonzero(beam.parents >= 0)
    parents, tail = beam.parents[inside], beam.last[inside]
    stay_sign[inside] += born[parents, tail]  # the child is in the beam already: join it
    born[parents, tail] = 0.0
    return stay_blank, stay_sign, born
