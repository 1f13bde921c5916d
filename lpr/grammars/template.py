"""Plates as templates: each place of a template is a set of signs. All templates of a country become one automaton."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lpr.beam import Automaton
from lpr.grammars.base import Ending, Grammar
from lpr.model import Ground, PlateColour, PlateKind

_CONFUSED = {"0": "O", "O": "0", "1": "I", "I": "1"}
_MOST_CONFUSED = 5
_COLOUR_UNHEARD = 0.02
"""How likely a plate is to stand on a ground that its kind does not have: repainted, or the colour was mistaken."""
_ROWS_UNHEARD = -1.5


@dataclass(frozen=True, slots=True)
class Template:
    """One way to write a kind; `prior` is the log of how much rarer than the commonest it is; no colours: any ground."""

    kind: PlateKind
    places: tuple[str, ...]
    prior: float = 0.0
    colours: frozenset[PlateColour] = frozenset()
    rows: frozenset[int] = frozenset({1, 2})


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
    """A grammar made of templates, and where strings of one kind differ in how rare they are, of a prior over the text."""

    def __init__(
        self,
        templates: Sequence[Template],
        *,
        prior: Callable[[str, PlateKind], float] = lambda _text, _kind: 0.0,
        region_length: Callable[[str], int] = lambda _text: 0,
    ) -> None:
        self._templates = tuple(templates)
        self._automaton = automaton_of(templates)
        self._place = {sign: column for column, sign in enumerate(self._automaton.signs)}
        self._prior = prior
        self._region_length = region_length

    @property
    def signs(self) -> tuple[str, ...]:
        return self._automaton.signs

    @property
    def automaton(self) -> Automaton:
        return self._automaton

    def endings(self, ground: Ground) -> Mapping[int, tuple[Ending, ...]]:
        priors = [_seen_on(template, ground) for template in self._templates]
        return {state: self._kinds(ended, priors) for state, ended in self._automaton.accepts.items()}

    def _kinds(self, ended: Sequence[int], priors: Sequence[float]) -> tuple[Ending, ...]:
        best: dict[PlateKind, float] = {}
        for number in ended:
            kind = self._templates[number].kind
            best[kind] = max(best.get(kind, -math.inf), priors[number])
        return tuple(sorted((Ending(kind, prior) for kind, prior in best.items()), key=lambda e: -e.prior))

    def prior(self, text: str, kind: PlateKind) -> float:
        return self._prior(text, kind)

    def kind_of(self, text: str) -> PlateKind | None:
        state = 0
        for sign in text:
            state = int(self._automaton.successor[state, self._place[sign]]) if sign in self._place else -1
            if state < 0:
                return None
        ended = self._automaton.accepts.get(state)
        if not ended:
            return None
        kinds = self._kinds(ended, [template.prior for template in self._templates])
        return max(kinds, key=lambda ending: ending.prior + self._prior(text, ending.kind)).kind

    def spelled(self, text: str) -> str:
        """The nearest string of the language that differs only by O for 0 and I for 1; few changes before many."""
        places = [number for number, sign in enumerate(text) if sign in _CONFUSED]
        for count in range(min(len(places), _MOST_CONFUSED) + 1):
            for chosen in itertools.combinations(places, count):
                other = "".join(_CONFUSED[sign] if n in chosen else sign for n, sign in enumerate(text))
                if self.kind_of(other) is not None:
                    return other
        return text

    def without_region(self, text: str) -> str:
        return text[self._region_length(text) :]


def _seen_on(template: Template, ground: Ground) -> float:
    """The template's prior, less what the colour and the rows speak against it."""
    prior = template.prior
    if template.colours and ground.colours:
        fits = sum(ground.colours.get(colour, 0.0) for colour in template.colours)
        unsaid = max(0.0, 1.0 - sum(ground.colours.values()))
        prior += math.log(_COLOUR_UNHEARD + (1.0 - _COLOUR_UNHEARD) * min(1.0, fits + unsaid))
    if ground.rows is not None and ground.rows not in template.rows:
        prior += _ROWS_UNHEARD
    return prior


_: type[Grammar] = TemplateGrammar
