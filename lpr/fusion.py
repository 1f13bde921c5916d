"""All that was seen of one plate, as one list of candidates: every string that some reader proposes is judged by every reader.

A candidate's score is the weighted sum of its log-probabilities under all matrices, plus what the grammar knows beforehand.
Readers are independent enough for that: one mistakes what the other does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lpr.beam import Automaton, spell
from lpr.grammars.base import Ending, Grammar
from lpr.model import Candidate, Ground
from lpr.readers.base import Sight
from lpr.sign_matrix import Probabilities, SignMatrix
from lpr.slot_search import LEAST, log_places, spell_places
from parking.kernel.plate import Plate

MOST_BY_PLACES, MOST_BY_STEPS = 14, 8
FLOOR = 10.0
"""How far below its best candidate a reader may put another: one that sees nothing of a sign has no veto."""
_RESCALE_EVERY = 12


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What one reader saw in one look, and how much its steps and its places count."""

    sight: Sight
    steps: float
    places: float = 0.0
    proposes: bool = True
    """Whether its steps are searched for candidates; places always are, as that costs next to nothing."""


def fuse(
    grammar: Grammar,
    pieces: Sequence[Evidence],
    ground: Ground,
    most: int,
    *,
    bonus: Mapping[str, float] | None = None,
) -> tuple[Candidate, ...]:
    """The likeliest plates, best first; empty where no reader saw a plate of this grammar.

    `bonus` adds to the score of the plates that begin with its keys (a site's own province).
    """
    endings = grammar.endings(ground)
    states = _proposed(grammar.automaton, pieces, endings)
    if not states:
        return ()
    for text in list(states) if bonus else ():
        for other in (start + text[len(start) :] for start in bonus or {}):
            if (state := grammar.automaton.end_of(other)) is not None:
                states[other] = state
    texts = list(states)
    codes = Codes.of(texts, grammar.signs)
    total = _by_steps(grammar.signs, pieces, codes)
    for one in pieces:
        if one.places and one.sight.slots is not None:
            total += one.places * _floored(score_places(log_places(one.sight.slots, grammar.signs), codes))
    found = []
    for text, score in zip(texts, total.tolist(), strict=True):
        kind, prior = max(
            ((ending.kind, ending.prior + grammar.prior(text, ending.kind)) for ending in endings[states[text]]),
            key=lambda pair: pair[1],
        )
        extra = sum(value for start, value in (bonus or {}).items() if text.startswith(start))
        found.append(Candidate(Plate(text), score + prior + extra, kind))
    return tuple(sorted(found, key=lambda c: (-c.log_probability, c.plate.text))[:most])


def _proposed(
    automaton: Automaton, pieces: Sequence[Evidence], endings: Mapping[int, tuple[Ending, ...]]
) -> dict[str, int]:
    """Every string that some reader finds likely, with the state it ends in."""
    found: dict[str, int] = {}
    logs = [
        (one.places, log_places(one.sight.slots, automaton.signs))
        for one in pieces
        if one.places and one.sight.slots is not None
    ]
    if logs:
        joint = sum((weight * log for weight, log in logs[1:]), start=logs[0][0] * logs[0][1])
        ends = {state: kinds[0].prior for state, kinds in endings.items()}
        found |= {s.text: s.state for s in spell_places(joint, automaton, ends, most=MOST_BY_PLACES)}
    for one in pieces:
        if one.steps and (one.proposes or not logs):
            found |= {s.text: s.state for s in spell(one.sight.steps, automaton, width=MOST_BY_STEPS)}
    return found


def _by_steps(signs: tuple[str, ...], pieces: Sequence[Evidence], codes: Codes) -> Probabilities:
    """What the steps of all pieces say of each text; those of equally many steps are scored together."""
    total = np.zeros(len(codes.lengths))
    alike: dict[int, list[Evidence]] = {}
    for one in pieces:
        if one.steps:
            alike.setdefault(len(one.sight.steps.probabilities), []).append(one)
    for group in alike.values():
        scores = _floored(score_steps([one.sight.steps.select(signs) for one in group], codes))
        total += np.array([one.steps for one in group]) @ scores
    return total


@dataclass(frozen=True, slots=True, eq=False)
class Codes:
    """Texts as columns of a matrix: texts x longest, 0 behind the end of the shorter ones."""

    columns: np.ndarray[tuple[int, int], np.dtype[np.int64]]
    lengths: np.ndarray[tuple[int], np.dtype[np.int64]]

    @classmethod
    def of(cls, texts: Sequence[str], signs: tuple[str, ...]) -> Codes:
        """The texts over these signs; KeyError where one has another sign."""
        column = {sign: number for number, sign in enumerate(signs, start=1)}
        lengths = np.array([len(text) for text in texts], dtype=np.int64)
        columns = np.zeros((len(texts), int(lengths.max(initial=0))), dtype=np.int64)
        for row, text in enumerate(texts):
            columns[row, : len(text)] = [column[sign] for sign in text]
        return cls(columns, lengths)


def score_places(logs: Probabilities, codes: Codes) -> Probabilities:
    """The log-probability of each text: its signs in their places, and nothing in the places after them."""
    places, longest = logs.shape[0], codes.columns.shape[1]
    columns = np.zeros((len(codes.lengths), places), dtype=np.int64)
    columns[:, :longest] = codes.columns[:, :places]
    score: Probabilities = logs[np.arange(places), columns].sum(axis=1)
    score += np.maximum(codes.lengths - places, 0) * np.log(LEAST)
    return score


def score_steps(matrices: Sequence[SignMatrix], codes: Codes) -> Probabilities:
    """The log-probability of each text under each matrix (matrices x texts), summed over all its alignments with the steps.

    CTC's forward pass over all texts and matrices at once (Graves et al. 2006, section 4.1); the matrices have equally many steps.
    """
    rows = np.maximum(np.stack([matrix.probabilities for matrix in matrices]), 1e-12)
    columns, lengths = codes.columns, codes.lengths
    count, longest = columns.shape
    emits = np.empty((rows.shape[1], len(matrices), count, 2 * longest + 1))  # blank, sign, blank, sign ... blank
    emits[..., 0::2] = rows.transpose(1, 0, 2)[:, :, None, :1]
    emits[..., 1::2] = rows.transpose(1, 0, 2)[:, :, columns] * (np.arange(longest) < lengths[:, None])
    skips = np.zeros((count, 2 * longest + 1))
    skips[:, 3::2] = columns[:, 1:] != columns[:, :-1]  # a repeated sign needs a gap in between
    mass = np.zeros((len(matrices), count, 2 * longest + 3))  # two empty places in front
    here, before, earlier = mass[..., 2:], mass[..., 1:-1], mass[..., :-2]
    here[..., 0] = 1.0
    log_scale = np.zeros((len(matrices), count))
    for step, emit in enumerate(emits):
        grown = earlier * skips
        grown += before
        grown += here
        np.multiply(grown, emit, out=here)
        if step % _RESCALE_EVERY == _RESCALE_EVERY - 1:
            scale = here.max(axis=2)
            scale[scale <= 0] = 1.0
            here /= scale[..., None]
            log_scale += np.log(scale)
    at = np.arange(count)
    whole = here[:, at, 2 * lengths] + np.where(lengths > 0, mass[:, at, 2 * lengths + 1], 0.0)
    scores: Probabilities = np.log(np.maximum(whole, 1e-300)) + log_scale
    return scores


def _floored(scores: Probabilities) -> Probabilities:
    floored: Probabilities = np.maximum(scores, scores.max(axis=-1, initial=-np.inf, keepdims=True) - FLOOR)
    return floored
