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
_RESCALE_EVERY = 6


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
    total = np.zeros(len(texts))
    for one in pieces:
        if one.steps:
            total += one.steps * _floored(score_steps(one.sight.steps.select(grammar.signs), codes))
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
    columns = np.pad(codes.columns, ((0, 0), (0, max(0, places - longest))))[:, :places]
    score: Probabilities = logs[np.arange(places), columns].sum(axis=1)
    score += np.maximum(codes.lengths - places, 0) * np.log(LEAST)
    return score


def score_steps(matrix: SignMatrix, codes: Codes) -> Probabilities:
    """The log-probability of each text, summed over all its alignments with the steps (CTC's forward pass, all texts at once)."""
    rows = np.maximum(matrix.probabilities, 1e-12)
    count, longest = codes.columns.shape
    emits = rows[:, codes.columns]
    emits *= np.arange(longest) < codes.lengths[:, None]
    may_follow = np.ones((count, longest))
    may_follow[:, 1:] = codes.columns[:, 1:] != codes.columns[:, :-1]  # a repeated sign needs a gap in between
    blanks, signs = np.zeros((count, longest + 1)), np.zeros((count, longest))
    blanks[:, 0] = 1.0
    log_scale = np.zeros(count)
    for step in range(len(rows)):
        grown = signs + blanks[:, :-1]
        grown[:, 1:] += signs[:, :-1] * may_follow[:, 1:]
        grown *= emits[step]
        blanks[:, 1:] += signs
        blanks *= rows[step, 0]
        signs = grown
        if step % _RESCALE_EVERY == _RESCALE_EVERY - 1:
            scale = np.maximum(blanks.max(axis=1), signs.max(axis=1, initial=0.0))
            scale[scale <= 0] = 1.0
            blanks /= scale[:, None]
            signs /= scale[:, None]
            log_scale += np.log(scale)
    at = np.arange(count)
    whole = blanks[at, codes.lengths] + np.where(codes.lengths > 0, signs[at, codes.lengths - 1], 0.0)
    scores: Probabilities = np.log(np.maximum(whole, 1e-300)) + log_scale
    return scores


def _floored(scores: Probabilities) -> Probabilities:
    floored: Probabilities = np.maximum(scores, scores.max(initial=-np.inf) - FLOOR)
    return floored
