"""What a bill can be: one that is too high, or for too long a stay, is shown to a person and never to a wallet (invariant I6). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is plausible: minor units for one stay, in general and by `class:<kind of plate>` and `lot:<id>`; and how long one is.

    The lowest bound that fits counts. None: no bound.
    """

    above_minor: int | None = None
    special: Mapping[str, int] = field(default_factory=dict)
    longest: timedelta | None = None

    def most(self, kind: str | None, lot_id: str | None) -> int | None:
        """The bound for a stay of this class in this lot."""
        named = [self.special.get(f"class:{kind}"), self.special.get(f"lot:{lot_id}"), self.above_minor]
        return min((bound for bound in named if bound is not None), default=None)

    def why_held(self, due_minor: int, lasted: timedelta, kind: str | None, lot_id: str | None) -> str | None:
        """Why a person sees this bill first: too_high, too_long, or None where it is plausible."""
        most = self.most(kind, lot_id)
        if most is not None and due_minor > most:
            return "too_high"
        return "too_long" if due_minor > 0 and self.longest is not None and lasted > self.longest else None
