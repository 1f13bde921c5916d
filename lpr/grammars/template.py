"""Plates as templates: each place of a template is a set of signs. All templates of a country become one automaton."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lpr.beam import Automaton, spell
from lpr.model import Candidate, PlateColour, PlateKind
from lpr.sign_matrix import SignMatrix
from parking.kernel.plate import Plate

BEAM_WIDTH = 12
_CONFUSED = {"0": "O", "O": "0", "1": "I", "I": "1"}


@dataclass(frozen=True, slots=True)
class Template:
    """One way to write a kind; `prior` is the log of how much rarer than the commonest it is."""

    kind: PlateKind
    places: tuple[str, ...]
    prior: float = 0.0


def automaton_of(templates: Sequence[Template]) -> Automaton:
    """The smallest deterministic walk through all templates at once (subset construction); accepting states list templates."""
    signs = tuple(sorted({sign for template in templates for place in template.places for sign in place}))
    start = frozenset((number, 0) for number in range(len(templates)))
    states, rows, waiting = {start: 0}, {}, [start]
    accepts: dict[int, tuple[int, ...]] = {}
    while waiting:
        state = waiting.pop()
        row = np.full(len(signs), -1, dtype=np.int32)
        for column, sign in enumerate(signs):
            following = frozenset(
                (number, place + 1)
                for number, place in state
                if place < len(templates[number].places) and sign in templates[number].places[place]
            )
            if following:
                if following not in states:
                    states[following] = len(states)
                    waiting.append(following)
                row[column] = states[following]
        rows[states[state]] = row
        ended = tuple(sorted(number for number, place in state if place == len(templates[number].places)))
        if ended:
            accepts[states[state]] = ended
    return Automaton(signs, np.stack([rows[number] for number in range(len(rows))]), accepts)


class TemplateGrammar:
    """A grammar made of templates, of the colours that each kind has, and of a prior over the text."""

    def __init__(
        self,
        templates: Sequence[Template],
        *,
        colours: Mapping[PlateKind, frozenset[PlateColour]],
        colour_mismatch: float,
        prior: Callable[[str, PlateKind], float],
        region_length: Callable[[str], int],
    ) -> None:
        self._templates = tuple(templates)
        self._automaton = automaton_of(templates)
        self._colours = colours
        self._colour_mismatch = colour_mismatch
        self._prior = prior
        self._region_length = region_length

    @property
    def signs(self) -> tuple[str, ...]:
        return self._automaton.signs

    def candidates(self, matrix: SignMatrix, colour: PlateColour | None, most: int) -> tuple[Candidate, ...]:
        found = []
        for spelling in spell(matrix, self._automaton, width=BEAM_WIDTH):
            prior, kind = self._best_kind(spelling.text, self._automaton.accepts[spelling.state], colour)
            found.append(Candidate(Plate(spelling.text), spelling.log_probability + prior, kind))
        return tuple(sorted(found, key=lambda c: -c.log_probability)[:most])

    def _best_kind(self, text: str, ended: Sequence[int], colour: PlateColour | None) -> tuple[float, PlateKind]:
        def prior(template: Template) -> float:
            wrong_colour = colour is not None and colour not in self._colours.get(template.kind, frozenset({colour}))
            return template.prior + self._prior(text, template.kind) + (self._colour_mismatch if wrong_colour else 0.0)

        return max((prior(self._templates[number]), self._templates[number].kind) for number in ended)

    def kind_of(self, text: str) -> PlateKind | None:
        place = {sign: column for column, sign in enumerate(self._automaton.signs)}
        state = 0
        for sign in text:
            state = int(self._automaton.successor[state, place[sign]]) if sign in place else -1
            if state < 0:
                return None
        ended = self._automaton.accepts.get(state)
        return self._best_kind(text, ended, None)[1] if ended else None

    def spelled(self, text: str) -> str:
        if self.kind_of(text) is not None:
            return text
        for number, sign in enumerate(text):
            if sign in _CONFUSED and self.kind_of(other := text[:number] + _CONFUSED[sign] + text[number + 1 :]):
                return other
        return text

    def without_region(self, text: str) -> str:
        return text[self._region_length(text) :]
