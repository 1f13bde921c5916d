"""To which lot the next car is sent, so that not all go to the same one. Pure.

A car goes where it will have parked and walked to the mall soonest, with the chance of finding the lot full counted in seconds. Lots
that are about as good share the cars by how many bays they will have. A lot that is no longer sure opens again, to all who read a
sign, only with room for some minutes' cars; a bay that comes free there meanwhile goes to one driver, whose way is counted. The first
choice changes only for a clear gain. A stale feed is unknown and nobody is sent there, nor back to where he was turned away; a lot that
turns cars away whatever its feed says is not believed for a while, and one whose feed never moves gets a few at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from guidance.neighbours.base import Lot, LotState
from guidance.neighbours.predict import STALE_AFTER, Prediction, Sent, believed, predict
from parking.kernel.ids import LotId

__all__ = ["STALE_AFTER", "Memory", "Offer", "Sent", "hear", "offers", "send", "turned_away"]

PROMISED_FROM, LIKELY_FROM = 0.90, 0.5
"""The chance of a bay from which a lot is promised, and from which it is named where none can be promised."""
LOST_S = 300.0
"""What it costs to find a lot full: looking, turning, asking again."""
AS_GOOD_S, CLEARLY_BETTER_S = 45.0, 60.0
STATES_KEPT = 15
SHUT_FOR, REOPEN_SHARE = timedelta(minutes=5), 0.03
"""A lot that could not be promised is not promised again sooner, nor before it
surely has room for all who were sent in that time and for this share of its bays."""
DISTRUST_AFTER, DISTRUSTED_FOR = 2, timedelta(minutes=45)
"""So many cars turned away while the feed said plenty, within the time for which it is then not believed."""
STUCK_ARRIVALS, ON_TRUST = 10, 3
"""A feed that says the same in all that is remembered of it, though so many of our cars have arrived, is good for so many on the way."""
PLENTY_SHARE, PLENTY_LEAST = 0.03, 5
"""Bays with which a feed cannot be wrong by mere haste."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered: each lot's states, cars under way, lots not sure since when, shares owed, first choice, cars turned away."""

    seen: Mapping[LotId, tuple[LotState, ...]] = field(default_factory=dict)
    sent: tuple[Sent, ...] = ()
    closed: Mapping[LotId, datetime] = field(default_factory=dict)
    credit: Mapping[LotId, float] = field(default_factory=dict)
    first: LotId | None = None
    turned: tuple[tuple[LotId, datetime], ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A lot one may be sent to; `promised` is whether a bay is sure enough, `seconds` until one stands in the mall, `share` of the cars."""

    lot: Lot
    prediction: Prediction
    promised: bool
    seconds: float
    share: float

    @property
    def free_on_arrival(self) -> int:
        return self.prediction.on_arrival


def hear(memory: Memory, states: Sequence[LotState]) -> Memory:
    """Take in what feeds said; what is older than known changes nothing."""
    seen = dict(memory.seen)
    for state in states:
        before = seen.get(state.lot_id, ())
        if not before or state.at > before[-1].at:
            seen[state.lot_id] = (*before[-(STATES_KEPT - 1) :], state)
    return replace(memory, seen=seen)


def turned_away(memory: Memory, lot: Lot, now: datetime) -> Memory:
    """A driver found this lot full; that counts against its feed where the feed says plenty."""
    last = believed(memory.seen.get(lot.id, ()), now)
    if last is None or last.free is None or last.free < max(PLENTY_LEAST, PLENTY_SHARE * lot.capacity):
        return memory
    recent = tuple(one for one in memory.turned if now - one[1] <= DISTRUSTED_FOR)
    return replace(memory, turned=(*recent, (lot.id, now)))


def is_distrusted(memory: Memory, lot: Lot, now: datetime) -> bool:
    """Whether so many were turned away that the feed is not believed."""
    return sum(one == lot.id and now - at <= DISTRUSTED_FOR for one, at in memory.turned) >= DISTRUST_AFTER


def _doubted(memory: Memory, lot: Lot, now: datetime) -> bool:
    """Whether somebody was turned away, or the feed does not notice who arrives, and those who are on their way cannot have told yet."""
    if any(one == lot.id and (now - at).total_seconds() <= lot.drive_s for one, at in memory.turned):
        return True
    states = memory.seen.get(lot.id, ())
    if len(states) < STATES_KEPT or len({state.free for state in states}) > 1:
        return False
    begin, end = states[0].at, states[-1].at
    arrived = [one.arrives_at for one in memory.sent if one.lot_id == lot.id]
    return sum(begin < at <= end for at in arrived) >= STUCK_ARRIVALS and sum(at > now for at in arrived) >= ON_TRUST


def expected(lot: Lot, memory: Memory, now: datetime) -> Prediction | None:
    """What a car that is sent now will find; None: nobody knows, or the lot is closed."""
    if is_distrusted(memory, lot, now):
        return None
    return predict(lot, memory.seen.get(lot.id, ()), memory.sent, now)


def offers(
    lots: Sequence[Lot], memory: Memory, now: datetime, tried: Collection[LotId] = ()
) -> tuple[list[Offer], Memory]:
    """Where one may be sent now, the first choice first, and the memory with lots that closed or opened.

    Lots that can be promised come alone; where none can, those that are likely. `share` is 0 for a lot that is clearly worse.
    """
    closed = dict(memory.closed)
    asked = sum(now - one.at <= SHUT_FOR for one in memory.sent)
    able: list[tuple[Lot, Prediction, bool]] = []
    for lot in lots:
        found = expected(lot, memory, now)
        since, batch = closed.get(lot.id), max(asked, round(REOPEN_SHARE * lot.capacity))
        if found is None:
            continue  # nobody knows: that is no hesitation of ours
        if not found.left or found.chance() < PROMISED_FROM:
            closed.setdefault(lot.id, now)
        elif since is not None and now - since >= SHUT_FOR and found.chance(after=batch) >= PROMISED_FROM:
            del closed[lot.id]
        if found.left and found.chance() >= LIKELY_FROM and lot.id not in tried:
            able.append((lot, found, lot.id not in closed))
    sure = [one for one in able if one[2]] or able
    ranked = _ranked(sure, memory.first if not tried else None)
    kept = replace(memory, closed=closed)
    if not tried:
        kept = replace(kept, first=ranked[0].lot.id if ranked else None)
    return ranked, kept


def _ranked(able: Sequence[tuple[Lot, Prediction, bool]], first: LotId | None) -> list[Offer]:
    seconds = {lot.id: _seconds(lot, found, able) for lot, found, _ in able}
    if not seconds:
        return []
    best = min(seconds, key=lambda lot_id: seconds[lot_id])
    if first in seconds and seconds[first] - seconds[best] < CLEARLY_BETTER_S:
        best = first
    as_good = {lot_id for lot_id, s in seconds.items() if lot_id == best or s - seconds[best] <= AS_GOOD_S}
    bays = sum(found.left for lot, found, _ in able if lot.id in as_good)
    made = [
        Offer(lot, found, sure, seconds[lot.id], found.left / bays if lot.id in as_good else 0.0)
        for lot, found, sure in able
    ]
    return sorted(made, key=lambda o: (o.lot.id != best, -o.share, o.seconds))


def _seconds(lot: Lot, found: Prediction, able: Sequence[tuple[Lot, Prediction, bool]]) -> float:
    """Until one stands in the mall, on average: straight, or after this lot was full and the next best took the car."""
    straight = lot.drive_s + lot.walk_s
    others = [other.drive_s + other.walk_s for other, _, _ in able if other.id != lot.id]
    instead = lot.drive_s + LOST_S + (min(others) if others else straight)
    chance = found.chance()
    return chance * straight + (1.0 - chance) * instead


def send(
    lots: Sequence[Lot], memory: Memory, now: datetime, tried: Collection[LotId] = (), code: str = ""
) -> tuple[Offer | None, Memory]:
    """What this car is offered (None: there is no lot), and the memory in which it is on its way there.

    Shares are kept by credit, not by chance: the lot that is farthest behind its share is next. One driver who found a lot full may be
    wrong, so that the signs stand; until others have been there, it is nobody's who can be sent elsewhere.
    """
    wary = {*tried, *(lot.id for lot in lots if _doubted(memory, lot, now))}
    found, memory = offers(lots, memory, now, wary)
    if not found:
        found, memory = offers(lots, memory, now, wary := {*tried})
    if not found:
        return None, memory
    spare = _spare(lots, found, memory, now, wary)
    if spare is not None:
        return spare, under_way(memory, spare.lot, now, code)
    sharing = [o for o in found if o.share > 0.0]
    credit = {o.lot.id: memory.credit.get(o.lot.id, 0.0) + o.share for o in sharing}
    chosen = max(sharing, key=lambda o: (credit[o.lot.id], o.share))
    credit[chosen.lot.id] -= 1.0
    return chosen, under_way(replace(memory, credit=credit), chosen.lot, now, code)


def _spare(
    lots: Sequence[Lot], found: Sequence[Offer], memory: Memory, now: datetime, tried: Collection[LotId]
) -> Offer | None:
    """A sure bay in a lot that is shut to the stream, with which this one driver is clearly sooner there."""
    offered = [(o.lot, o.prediction, o.promised) for o in found]
    spare = []
    for lot in lots:
        if lot.id in tried or any(lot.id == o.lot.id for o in found):
            continue
        left = expected(lot, memory, now)
        if left is not None and left.chance() >= PROMISED_FROM:
            spare.append(Offer(lot, left, True, _seconds(lot, left, offered), 0.0))
    best = min(spare, key=lambda o: o.seconds, default=None)
    return best if best is not None and best.seconds + CLEARLY_BETTER_S <= found[0].seconds else None


def under_way(memory: Memory, lot: Lot, now: datetime, code: str = "") -> Memory:
    """A car is on its way to a lot; the same `code` again has changed its mind and counts once."""
    sent = Sent(lot.id, now, now + timedelta(seconds=lot.drive_s), code)
    kept = tuple(
        one for one in memory.sent if now - one.arrives_at <= timedelta(hours=1) and not (code and one.code == code)
    )
    return replace(memory, sent=(*kept, sent))
