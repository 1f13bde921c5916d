"""How many bays a lot will have when a car gets there, and how likely one of them is that car's. Pure.

Free bays now, less the cars sent there that its feed has not seen yet, plus what its own guests come and go by: their drift and their
spread are learned from the feed's steps after our own arrivals are taken out of them, and begin at what any lot of that size does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import erf, sqrt

from guidance.neighbours.base import Lot, LotState
from parking.kernel.ids import LotId

STALE_AFTER = timedelta(minutes=5)
"""A feed that is older is unknown; what it says of a time still to come is no news either (`EARLY`)."""
EARLY = timedelta(minutes=1)
FORGOTTEN_AFTER = 1.5
"""A car that has not arrived after this many times its way has gone elsewhere."""
USUAL_STAY_S = 7200.0
USUAL_WEIGHT_S = 600.0
"""For so long what any lot does weighs as much as what this lot did."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A car on its way to a lot; `code` names it where somebody holds it, so that it counts once."""

    lot_id: LotId
    at: datetime
    arrives_at: datetime
    code: str = ""

    def still_coming(self, seen_at: datetime, now: datetime) -> bool:
        """Not yet in what the feed saw at `seen_at`, and not so late that it must have gone elsewhere."""
        return self.arrives_at > seen_at and now < self.at + (self.arrives_at - self.at) * FORGOTTEN_AFTER


@dataclass(frozen=True, slots=True)
class Prediction:
    """`left`: bays that nobody has been promised; `wanted`: those expected then, give or take `spread`; both as they come out."""

    left: int
    wanted: float
    spread: float
    under_way: int

    @property
    def on_arrival(self) -> int:
        """Bays that one may count on being there: never more than are left now."""
        return min(self.left, max(0, round(self.wanted)))

    def chance(self, after: int = 0) -> float:
        """That a car gets a bay when `after` others are sent before it, 0 to 1."""
        return _normal((self.wanted - after - 0.5) / self.spread) if self.left > after else 0.0


def believed(states: Sequence[LotState], now: datetime) -> LotState | None:
    """What a feed said last, None where it says nothing that one may send a car on."""
    if not states:
        return None
    last = states[-1]
    fresh = -EARLY <= now - last.at <= STALE_AFTER
    return last if fresh and last.is_open and last.free is not None else None


def predict(lot: Lot, states: Sequence[LotState], sent: Sequence[Sent], now: datetime) -> Prediction | None:
    """For a car that is sent now; None: nobody knows, or the lot is closed. Never more than are free and not kept back."""
    last = believed(states, now)
    if last is None or last.free is None:
        return None
    here = [one for one in sent if one.lot_id == lot.id]
    under_way = sum(one.still_coming(last.at, now) for one in here)
    left = max(0, last.free - lot.kept_back - under_way)
    ahead_s = lot.drive_s + max(0.0, (now - last.at).total_seconds())
    drift, spread = _own_guests(lot, states, here)
    return Prediction(left, left + drift * ahead_s, sqrt(spread * max(1.0, ahead_s)), under_way)


def _own_guests(lot: Lot, states: Sequence[LotState], sent: Sequence[Sent]) -> tuple[float, float]:
    """Bays a second that a lot's own guests free (negative: take), and the variance (bays squared a second) of that."""
    moved = squares = seconds = 0.0
    for one, two in pairwise(s for s in states if s.free is not None):
        assert one.free is not None
        assert two.free is not None
        ours = sum(one.at < car.arrives_at <= two.at for car in sent)
        step = two.free - one.free + ours
        moved += step
        squares += step * step
        seconds += (two.at - one.at).total_seconds()
    usual = 2.0 * lot.capacity / USUAL_STAY_S  # as many come as go, each at its own time
    spread = (usual * USUAL_WEIGHT_S + squares) / (USUAL_WEIGHT_S + seconds)
    return moved / (USUAL_WEIGHT_S + seconds), spread


def _normal(x: float) -> float:
    return 0.5 * (1.0 + erf(x / sqrt(2.0)))
