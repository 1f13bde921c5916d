"""The likeliest strings of a language under a matrix of places: exact, because every prefix is judged by its best possible end.

Places do not overlap as CTC steps do, so the best completion of every state is known beforehand, and the n best strings need
no more than n prefixes at any place.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from lpr.beam import Automaton, Spelling
from lpr.sign_matrix import Probabilities, SlotMatrix

LEAST = 1e-9
"""What a reader gives to a sign that it does not know, or is sure not to see."""


def log_places(matrix: SlotMatrix, signs: tuple[str, ...]) -> Probabilities:
    """Places x (1 + signs) log-probabilities over another list of signs."""
    return np.log(np.maximum(matrix.select(signs).probabilities, LEAST))


def spell_places(
    logs: Probabilities, automaton: Automaton, ends: Mapping[int, float], *, most: int = 14
) -> list[Spelling]:
    """The `most` likeliest strings, best first; `ends` adds the log-prior of ending in each accepting state.

    `logs` is places x (1 + signs) over the automaton's own signs; a string leaves the places after its end empty.
    """
    places = logs.shape[0]
    empty_after = np.concatenate((np.cumsum(logs[::-1, 0])[::-1], [0.0]))
    ending = np.full(automaton.successor.shape[0] + 1, -np.inf)  # the last state is the dead one, where -1 points
    for state, prior in ends.items():
        ending[state] = prior
    outlook = _outlook(logs, automaton, ending, empty_after)
    states, scores = np.zeros(1, dtype=np.int64), np.zeros(1)
    trail: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = []
    found: list[tuple[float, int, int, int]] = []  # score, length, place in that beam, state
    for place in range(places + 1):
        final = scores + ending[states] + empty_after[place]
        found += [(float(final[n]), place, n, int(states[n])) for n in np.flatnonzero(np.isfinite(final)).tolist()]
        if place == places:
            break
        following = automaton.successor[states]
        born = scores[:, None] + logs[place, 1:]
        ahead = (born + outlook[place + 1][following]).ravel()
        kept = np.flatnonzero(np.isfinite(ahead))
        if len(kept) > most:
            kept = kept[np.argpartition(-ahead[kept], most - 1)[:most]]
        if not len(kept):
            break
        origin, sign = np.divmod(kept, born.shape[1])
        trail.append((origin, sign))
        states, scores = following[origin, sign].astype(np.int64), born[origin, sign]
    found.sort(key=lambda entry: -entry[0])
    return [
        Spelling(_text(trail, length, n, automaton.signs), score, state) for score, length, n, state in found[:most]
    ]


def _outlook(
    logs: Probabilities, automaton: Automaton, ending: Probabilities, empty_after: Probabilities
) -> list[Probabilities]:
    """For every place and state: the log-probability of the best end from there, all later places included."""
    sources, starts, signs, targets = automaton.edges
    outlook = [ending + empty_after[-1]]
    for place in range(logs.shape[0] - 1, -1, -1):
        best = ending + empty_after[place]
        best[sources] = np.maximum(
            best[sources], np.maximum.reduceat(outlook[-1][targets] + logs[place, signs], starts)
        )
        outlook.append(best)
    return outlook[::-1]


def _text(
    trail: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]], length: int, number: int, signs: tuple[str, ...]
) -> str:
    spelled = []
    for origin, sign in reversed(trail[:length]):
        spelled.append(signs[sign[number]])
        number = int(origin[number])
    return "".join(reversed(spelled))
