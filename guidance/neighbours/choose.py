"""To which lot the next car is sent, so that not all go to the same one. Pure.

What counts is the free bays when the car arrives: those free now, less what the trend will have taken by then, less the cars already
sent there. Lots share the cars by how many bays they will have and how long the way is; a lot once closed to overflow opens again only
when it has clearly more. A stale feed is unknown and nobody is sent there; nobody is sent back to where he was turned away.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from guidance.neighbours.base import Lot, LotState
from parking.kernel.ids import LotId

STALE_AFTER = timedelta(minutes=5)
MARGIN_SHARE = 0.01
"""Bays that are kept unpromised: feeds round, and drivers find their own way."""
REOPEN_SHARE = 0.03
NEARNESS = 10
"""How strongly a shorter way counts against more free bays (tests/prove/overflow.py: 6 sends too many far, 14 fills the near)."""
FORGOTTEN_AFTER = 1.5
"""A car that has not arrived after this many times its way has gone elsewhere."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A car on its way to a lot."""

    lot_id: LotId
    at: datetime
    arrives_at: datetime


@dataclass(frozen=True, slots=True)
class Memory:
    """What choosing remembers: the last two states of each lot, the cars under way, which lots are closed, how many each was sent."""

    seen: Mapping[LotId, tuple[LotState, ...]] = field(default_factory=dict)
    sent: tuple[Sent, ...] = ()
    closed: frozenset[LotId] = frozenset()
    credit: Mapping[LotId, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offer:
    """A lot one may be sent to, with the bays that will be free there on arrival and its share of the cars."""

    lot: Lot
    free_on_arrival: int
    share: float


def hear(memory: Memory, states: Sequence[LotState]) -> Memory:
    """Take in what feeds said; what is older than known changes nothing."""
    seen = dict(memory.seen)
    for state in states:
        before = seen.get(state.lot_id, ())
        if not before or state.at > before[-1].at:
            seen[state.lot_id] = (*before[-4:], state)
    return replace(memory, seen=seen)


def expected(lot: Lot, memory: Memory, now: datetime) -> int | None:
    """Free bays when a car that is sent now arrives; None: nobody knows, or the lot is closed."""
    states = memory.seen.get(lot.id, ())
    if not states:
        return None
    last = states[-1]
    if last.free is None or not last.is_open or now - last.at > STALE_AFTER:
        return None
    under_way = sum(one.lot_id == lot.id and _still_coming(one, last, now) for one in memory.sent)
    ahead_s = lot.drive_s + (now - last.at).total_seconds()
    taken = max(0.0, -_rate(states) * ahead_s)
    margin = max(1, round(MARGIN_SHARE * lot.capacity)) + lot.kept_back
    free = last.free - max(under_way, round(taken)) - margin  # the trend already holds the cars we sent: never both
    return max(0, min(free, last.free))


def _still_coming(one: Sent, last: LotState, now: datetime) -> bool:
    """Not yet in the feed's number, and not so late that it must have gone elsewhere."""
    return one.arrives_at > last.at and now < one.at + (one.arrives_at - one.at) * FORGOTTEN_AFTER


def _rate(states: Sequence[LotState]) -> float:
    """Bays a second that become free (negative: taken) over the states that are kept."""
    first, last = states[0], states[-1]
    seconds = (last.at - first.at).total_seconds()
    if first.free is None or last.free is None or seconds <= 0:
        return 0.0
    return (last.free - first.free) / seconds


def offers(
    lots: Sequence[Lot], memory: Memory, now: datetime, tried: Collection[LotId] = ()
) -> tuple[list[Offer], Memory]:
    """Where one may be sent now, best share first, and the memory with lots that closed or opened."""
    closed = set(memory.closed)
    open_lots: list[tuple[Lot, int]] = []
    for lot in lots:
        free = expected(lot, memory, now)
        reopen = max(2, round(REOPEN_SHARE * lot.capacity))
        if free is None or free <= 0 or (lot.id in closed and free < reopen):
            closed.add(lot.id)
            continue
        closed.discard(lot.id)
        if lot.id not in tried:
            open_lots.append((lot, free))
    weights = [free / (60.0 + lot.drive_s + lot.walk_s) ** NEARNESS for lot, free in open_lots]
    total = sum(weights)
    found = [Offer(lot, free, w / total) for (lot, free), w in zip(open_lots, weights, strict=True)]
    return sorted(found, key=lambda o: -o.share), replace(memory, closed=frozenset(closed))


def send(
    lots: Sequence[Lot], memory: Memory, now: datetime, tried: Collection[LotId] = ()
) -> tuple[Lot | None, Memory]:
    """The lot for this car (None: there is none that can be promised), and the memory in which it is on its way there.

    Shares are kept by credit, not by chance: the lot that is farthest behind its share is next.
    """
    found, memory = offers(lots, memory, now, tried)
    if not found:
        return None, memory
    credit = {o.lot.id: memory.credit.get(o.lot.id, 0.0) + o.share for o in found}
    chosen = max(found, key=lambda o: (credit[o.lot.id], o.share)).lot
    credit[chosen.id] -= 1.0
    last = memory.seen[chosen.id][-1].at
    coming = tuple(one for one in memory.sent if one.arrives_at > min(last, now) - STALE_AFTER)
    sent = Sent(chosen.id, now, now + timedelta(seconds=chosen.drive_s))
    return chosen, replace(memory, sent=(*coming, sent), credit={**memory.credit, **credit})
