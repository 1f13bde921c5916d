"""The likeliest strings of a language under a matrix of places: exact, because every prefix is judged by its best possible end.

Places do not overlap as CTC steps do, so the best completion of every state is known beforehand, and the n best strings need
no more than n prefixes at any place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lpr.beam import Automaton, Spelling
from lpr.sign_matrix import Probabilities, SlotMatrix

LEAST = 1e-9
"""What a reader gives to a sign that it does not know, or is sure not to see."""
_NEVER = -1e9
"""The log-probability of what the language has not; finite, so that no two prefixes are equal and sorting stays quick."""


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
    ending = np.full(automaton.successor.shape[0] + 1, _NEVER)  # the last state is the dead one, where -1 points
    ending[list(ends)] = list(ends.values())
    outlook = _outlook(logs, automaton, ending, empty_after)
    states, scores = np.zeros(1, dtype=np.int32), np.zeros(1)
    trail: list[tuple[list[int], list[int]]] = []
    beams = [(states, scores)]
    for place in range(places):
        following = automaton.successor[states]
        born = scores[:, None] + logs[place, 1:]
        ahead = (born + outlook[place + 1][following]).ravel()
        kept = np.argpartition(ahead, -most)[-most:] if len(ahead) > most else np.arange(len(ahead))
        origin, sign = np.divmod(kept, born.shape[1])
        states, scores = following[origin, sign], born[origin, sign]
        trail.append((origin.tolist(), sign.tolist()))
        beams.append((states, scores))
    whole = [(length, n) for length, (beam, _) in enumerate(beams) for n in range(len(beam))]
    ended = np.concatenate([beam for beam, _ in beams])
    final = np.concatenate([score + empty_after[length] for length, (_, score) in enumerate(beams)]) + ending[ended]
    return [
        Spelling(_text(trail, whole[n], automaton.signs), float(final[n]), int(ended[n]))
        for n in np.argsort(-final, kind="stable")[:most].tolist()
        if final[n] > _NEVER / 2
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


def _text(trail: Sequence[tuple[list[int], list[int]]], end: tuple[int, int], signs: tuple[str, ...]) -> str:
    """The signs on the way to an end: so many places from the start, the number in the beam there."""
    (length, number), spelled = end, []
    for origin, sign in reversed(trail[:length]):
        spelled.append(signs[sign[number]])
        number = origin[number]
    return "".join(reversed(spelled))
