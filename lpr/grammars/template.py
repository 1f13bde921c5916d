"""Plates as templates: each place of a template is a set of signs. All templates of a country become one automaton."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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
    """The smallest deterministic walk through all templates at once; its accepting states list the templates that end there.

    Of templates that differ in nothing but their places and their prior, only the likeliest is listed.
    """
    signs = tuple(sorted({sign for template in templates for place in template.places for sign in place}))
    alike: dict[frozenset[tuple[int, int]], list[int]] = {}  # columns of signs that stand in the same places everywhere
    for column, sign in enumerate(signs):
        alike.setdefault(_places_of(sign, templates), []).append(column)
    smallest: dict[tuple[tuple[int, ...], tuple[int, ...]], int] = {}
    numbers: dict[frozenset[tuple[int, int]], int] = {}

    def number_of(state: frozenset[tuple[int, int]]) -> int:
        """The state's number, the same for all states from which the same may follow."""
        if state not in numbers:
            row = []
            for stands in alike:
                following = frozenset((template, place + 1) for template, place in state & stands)
                row.append(number_of(following) if following else -1)
            ended = _likeliest(templates, (t for t, place in state if place == len(templates[t].places)))
            numbers[state] = smallest.setdefault((ended, tuple(row)), len(smallest))
        return numbers[state]

    number_of(frozenset((number, 0) for number in range(len(templates))))
    last = len(smallest) - 1  # the start is numbered last, and should be first
    successor = np.full((len(smallest), len(signs)), -1, dtype=np.int32)
    accepts: dict[int, tuple[int, ...]] = {}
    for (ended, row), number in smallest.items():
        for columns, following in zip(alike.values(), row, strict=True):
            successor[last - number, columns] = last - following if following >= 0 else -1
        if ended:
            accepts[last - number] = ended
    return Automaton(signs, successor, accepts)


def _places_of(sign: str, templates: Sequence[Template]) -> frozenset[tuple[int, int]]:
    return frozenset(
        (number, place)
        for number, template in enumerate(templates)
        for place, stands in enumerate(template.places)
        if sign in stands
    )


def _likeliest(templates: Sequence[Template], ended: Iterable[int]) -> tuple[int, ...]:
    best: dict[object, int] = {}
    for number in sorted(ended, key=lambda n: (templates[n].prior, -n)):
        template = templates[number]
        best[template.kind, template.colours, template.rows] = number
    return tuple(sorted(best.values()))


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
        self._prior = prior
        self._region_length = region_length
        self._kinds_of = {state: self._by_kind(ended) for state, ended in self._automaton.accepts.items()}
        self._priors = np.array([template.prior for template in templates])
        self._grounds = np.array([[colour in template.colours for colour in PlateColour] for template in templates])
        self._rows = [template.rows for template in templates]
        self._newest: tuple[Ground, Mapping[int, tuple[Ending, ...]]] | None = None

    @property
    def signs(self) -> tuple[str, ...]:
        return self._automaton.signs

    @property
    def automaton(self) -> Automaton:
        return self._automaton

    def endings(self, ground: Ground) -> Mapping[int, tuple[Ending, ...]]:
        if self._newest is None or self._newest[0] is not ground:  # one look asks several times
            priors = self._seen_on(ground).tolist()
            self._newest = ground, {state: _rated(kinds, priors) for state, kinds in self._kinds_of.items()}
        return self._newest[1]

    def _seen_on(self, ground: Ground) -> npt.NDArray[np.float64]:
        """Each template's prior, less what the colour and the rows speak against it."""
        priors = self._priors
        if ground.colours:
            shares = np.array([ground.colours.get(colour, 0.0) for colour in PlateColour])
            fits = np.minimum(1.0, self._grounds @ shares + max(0.0, 1.0 - float(shares.sum())))
            heard = np.log(_COLOUR_UNHEARD + (1.0 - _COLOUR_UNHEARD) * fits)
            priors = priors + np.where(self._grounds.any(axis=1), heard, 0.0)
        if ground.rows is not None:
            priors = priors + np.array([0.0 if ground.rows in rows else _ROWS_UNHEARD for rows in self._rows])
        return priors

    def _by_kind(self, ended: Sequence[int]) -> tuple[tuple[PlateKind, tuple[int, ...]], ...]:
        kinds: dict[PlateKind, tuple[int, ...]] = {}
        for number in ended:
            kind = self._templates[number].kind
            kinds[kind] = (*kinds.get(kind, ()), number)
        return tuple(kinds.items())

    def prior(self, text: str, kind: PlateKind) -> float:
        return self._prior(text, kind)

    def kind_of(self, text: str) -> PlateKind | None:
        ending = self._ending(text)
        return ending.kind if ending is not None else None

    def spelled(self, text: str) -> str:
        """The likeliest string of the language that differs only by O for 0 and I for 1; of equals, the one nearest to the text."""
        best, highest = text, -math.inf
        places = [number for number, sign in enumerate(text) if sign in _CONFUSED][:_MOST_CONFUSED]
        for count in range(len(places) + 1):
            for chosen in itertools.combinations(places, count):
                other = "".join(_CONFUSED[sign] if n in chosen else sign for n, sign in enumerate(text))
                ending = self._ending(other)
                if ending is not None and ending.prior > highest:
                    best, highest = other, ending.prior
        return best

    def _ending(self, text: str) -> Ending | None:
        """The likeliest kind of a written number, its prior that of the number; None where it is not of this language."""
        state = self._automaton.end_of(text)
        if state is None:
            return None
        kinds = _rated(self._kinds_of[state], [template.prior for template in self._templates])
        rated = (Ending(ending.kind, ending.prior + self._prior(text, ending.kind)) for ending in kinds)
        return max(rated, key=lambda ending: ending.prior)

    def without_region(self, text: str) -> str:
        return text[self._region_length(text) :]


def _rated(kinds: Sequence[tuple[PlateKind, Sequence[int]]], priors: Sequence[float]) -> tuple[Ending, ...]:
    """Each kind with the prior of its likeliest template, likeliest first."""
    endings = [Ending(kind, max([priors[number] for number in numbers])) for kind, numbers in kinds]
    if len(endings) > 1:
        endings.sort(key=lambda ending: -ending.prior)
    return tuple(endings)


_: type[Grammar] = TemplateGrammar
