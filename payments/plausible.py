"""What a bill can be: one that is too high, or for too long a stay, is shown to a person and never to a wallet (invariant I6). Pure.

Bounds are set, and learned besides from the bills that a lot has really had, once there are enough of them to know the rare ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

ENOUGH = 2_000
"""With fewer bills nobody knows what one in a thousand comes to."""
RARE = 0.001
TIMES = 4
"""So many times the bill that only one in a thousand exceeds: beyond anything that this lot has seen, below any mistake that hurts."""
EVERY_HOLDER = "pass:*"
Passes = Callable[[], Iterable[str]]
"""The passes that the vehicle has (`p7`), asked for only where a bound names any."""


def _no_passes() -> Iterable[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is plausible: minor units for one stay, in general and by `class:<kind of plate>`, `lot:<id>` and `pass:<id>` (`pass:*` for
    any pass); and how long one is. `learned` is by lot, from its own history.

    The lowest bound that fits counts. None: no bound.
    """

    above_minor: int | None = None
    special: Mapping[str, int] = field(default_factory=dict)
    longest: timedelta | None = None
    learned: Mapping[str | None, int] = field(default_factory=dict)

    def most(self, kind: str | None, lot_id: str | None, passes: Passes = _no_passes) -> int | None:
        """The bound for a stay of this class in this lot, by a vehicle with these passes."""
        named = [self.special.get(f"class:{kind}"), self.special.get(f"lot:{lot_id}"), self.above_minor]
        named.append(self.learned.get(lot_id))
        if any(name.startswith("pass:") for name in self.special):
            held = list(passes())
            named += [self.special.get(f"pass:{one}") for one in held]
            named.append(self.special.get(EVERY_HOLDER) if held else None)
        return min((bound for bound in named if bound is not None), default=None)

    def why_held(
        self, due_minor: int, lasted: timedelta, kind: str | None, lot_id: str | None, passes: Passes = _no_passes
    ) -> str | None:
        """Why a person sees this bill first: too_high, too_long, or None where it is plausible."""
        most = self.most(kind, lot_id, passes) if due_minor > 0 else None
        if most is not None and due_minor > most:
            return "too_high"
        return "too_long" if due_minor > 0 and self.longest is not None and lasted > self.longest else None

    def having_learned(self, learned: Mapping[str | None, int]) -> Bounds:
        return replace(self, learned=learned)


def rare_rank(bills: int) -> int | None:
    """Which bill, counted from the dearest (0), only one in a thousand exceeds; None while there are too few to say."""
    return int(bills * RARE) if bills >= ENOUGH else None


def learned_bound(rare_minor: int) -> int | None:
    """The bound that a lot's rare bill makes; a lot where hardly anybody pays teaches none."""
    return TIMES * rare_minor if rare_minor > 0 else None
