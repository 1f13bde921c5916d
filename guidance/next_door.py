"""The lots next door as this site knows them: what their feeds said, who is on his way there, and the one story told of them.

Signs, the drivers' page and the API all read `story`. Nothing of it is kept over a restart: feeds speak again within a minute, and
a way that was given keeps its code for as long as a drive takes. Whoever asks says nothing about himself.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from guidance.model import ZoneView
from guidance.neighbours import choose
from guidance.neighbours.base import BadRow, Lot, LotState
from guidance.neighbours.choose import Memory, Offer
from guidance.neighbours.feeds import FEEDS
from guidance.neighbours.predict import EARLY, believed
from parking.kernel.clock import Clock
from parking.kernel.errors import conflict, not_found
from parking.kernel.ids import Ids, LotId, ZoneId
from parking.site.words import LocalName

WAYS_KEPT = 5000
COUNTED_MOST, COUNTED_WITHIN = 120, timedelta(minutes=5)
"""More cars than drive by in that time are advised, but not counted: nobody fills a lot by asking."""
UNPROVEN_SHARE = 0.5
"""Those who ask without the code of a stay, as most do from outside, count up to this share of a lot's believed free bays."""
LEAST_SHARE_OF_THE_WAY = 0.5


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A lot with its name, and where a driver's own navigator should go."""

    lot: Lot
    name: LocalName
    address: str = ""


@dataclass(frozen=True, slots=True)
class Feed:
    """Where lots are heard of: `kind` is one of `FEEDS`, `lots` says which of ours is which row."""

    id: str
    kind: str
    url: str
    lots: Mapping[str, LotId]
    poll_s: float = 30.0


@dataclass(frozen=True, slots=True)
class NextLot:
    """A neighbour as it is told: `state` is free (a bay can be promised), likely, full, closed or unknown; `at` when its feed saw it."""

    neighbour: Neighbour
    state: str
    free_on_arrival: int | None
    share: float
    first: bool
    under_way: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Asker:
    """Whoever asks for a way: `proven`, he has the code of a stay; `may_count` and `is_heard` are asked when it comes to it.

    `may_count`: whether a new way of his is one more car that is coming; `is_heard`: whether his word that a lot is full counts once more.
    """

    proven: bool = False
    may_count: Callable[[], bool] = lambda: True
    is_heard: Callable[[], bool] = lambda: True


ANYBODY = Asker()


@dataclass(slots=True)
class _Trip:
    """A way that was given: the lot it leads to now, since when, the lots found full on it, and whether it counts.

    `proven` is whether whoever asked had the code of a stay.
    """

    lot: Lot
    since: datetime
    tried: frozenset[LotId] = frozenset()
    counts: bool = True
    proven: bool = True


@dataclass(slots=True)
class FeedHealth:
    """When a feed was last read and how many rows were good; what was wrong with the others, or with all of it."""

    at: datetime | None = None
    good: int = 0
    bad: tuple[BadRow, ...] = ()
    trouble: str = ""


def sign_zone(lot_id: LotId) -> ZoneId:
    """The name under which signs at the approach speak of a neighbour."""
    return ZoneId(f"next:{lot_id}")


@dataclass(slots=True)
class NextDoor:
    """All neighbours of a site; its methods may be called from any thread."""

    neighbours: Sequence[Neighbour]
    feeds: Sequence[Feed]
    clock: Clock
    ids: Ids
    needed_from: int = 0
    own_free: Callable[[], int | None] = lambda: None
    health: dict[str, FeedHealth] = field(default_factory=dict)
    _memory: Memory = field(default_factory=Memory)
    _trips: OrderedDict[str, _Trip] = field(default_factory=OrderedDict)
    _needed: bool = False
    _noted_at: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    # --- what comes in -----------------------------------------------------------------------------------------------

    def hear(self, feed: Feed, said: Any) -> FeedHealth:
        """Take in an answer of a feed: good rows count, bad ones are told; rows of other lots are nobody's business."""
        good, bad = FEEDS[feed.kind](said)
        now = self._now()
        capacity = {n.lot.id: n.lot.capacity for n in self.neighbours}
        ours: list[LotState] = []
        wrong = list(bad)
        for state in good:
            lot_id = feed.lots.get(str(state.lot_id))
            if lot_id is None:
                continue
            if state.free is not None and state.free > capacity[lot_id]:
                wrong.append(BadRow(str(state.lot_id), f"{state.free} free of {capacity[lot_id]} bays"))
                continue
            if state.at - now > EARLY:  # kept, it would outdate whatever the feed says until then
                wrong.append(BadRow(str(state.lot_id), f"of {state.at.isoformat()}, which is still to come"))
                continue
            ours.append(LotState(lot_id, state.free, state.is_open, state.at))
        health = FeedHealth(now, len(ours), tuple(wrong))
        with self._lock:
            self._memory = choose.hear(self._memory, ours)
            self.health[feed.id] = health
        return health

    def failed(self, feed: Feed, trouble: str) -> None:
        """A feed could not be read: what it said before grows old."""
        with self._lock:
            before = self.health.get(feed.id, FeedHealth())
            self.health[feed.id] = FeedHealth(before.at, before.good, before.bad, trouble)

    def _now(self) -> datetime:
        """The time; when the clock was put back, what was noted by it is forgotten, as at a start."""
        now = self.clock.now()
        with self._lock:
            if self._noted_at is not None and self._noted_at - now > EARLY:
                self._memory, self._trips = Memory(), OrderedDict()
            self._noted_at = now
        return now

    # --- what is told ------------------------------------------------------------------------------------------------

    def needed(self) -> bool:
        """Whether our own lots run short: from `needed_from` free bays down, until there are twice as many; unknown changes nothing."""
        free = self.own_free()
        with self._lock:
            if free is not None:
                self._needed = free <= self.needed_from * (2 if self._needed else 1)
            return self._needed

    def story(self) -> list[NextLot]:
        """Every neighbour as it stands now, the first choice first."""
        now = self._now()
        with self._lock:
            found, self._memory = choose.offers([n.lot for n in self.neighbours], self._memory, now)
            memory = self._memory
        by_lot = {offer.lot.id: offer for offer in found}
        first = found[0].lot if found else None
        told = [_told(n, memory, by_lot.get(n.lot.id), now, first=n.lot == first) for n in self.neighbours]
        order = {offer.lot.id: n for n, offer in enumerate(found)}
        return sorted(told, key=lambda one: order.get(one.neighbour.lot.id, len(order)))

    def sign_views(self) -> dict[ZoneId, ZoneView]:
        """What the signs at the approach show: bays that can be promised, FULL, or that nobody knows."""
        views = {}
        for one in self.story():
            lot = one.neighbour.lot
            known = one.state != "unknown"
            free = one.free_on_arrival if one.state == "free" and one.free_on_arrival is not None else 0
            zone = sign_zone(lot.id)
            views[zone] = ZoneView(zone, lot.capacity, lot.capacity - free, free, known, one.at or self.clock.now())
        return views

    # --- ways --------------------------------------------------------------------------------------------------------

    def send(
        self,
        *,
        code: str = "",
        wanted: str = "",
        full: Collection[str] = (),
        asker: Asker = ANYBODY,
    ) -> tuple[str, NextLot | None]:
        """A way to a lot, and its code; the same `code` again changes the way, and lots found `full` on it are not named again.

        `wanted` is the driver's own choice: he gets it as long as a bay there can be promised or is likely. None: there is no lot.
        """
        now = self._now()
        known = {n.lot.id: n for n in self.neighbours}
        for lot in (*full, *([wanted] if wanted else [])):
            if lot not in known:
                raise not_found("overflow.lot_unknown", f"there is no lot {lot!r} next door")
        with self._lock:
            trip = self._trips.get(code)
            tried = frozenset(LotId(lot) for lot in full) | (trip.tried if trip else frozenset())
            if trip is not None and trip.lot.id in full and trip.lot.id not in trip.tried:
                self._was_full(trip, now, asker)
            lots = [n.lot for n in self.neighbours]
            found, self._memory = choose.offers(lots, self._memory, now, tried)
            if wanted and wanted not in {o.lot.id for o in found}:
                raise conflict("overflow.full", "no bay can be promised there now: take another lot")
            code = code if trip is not None else self.ids.new(now)
            offer: Offer | None
            if wanted:
                offer = next(o for o in found if o.lot.id == wanted)
                after = choose.under_way(self._memory, offer.lot, now, code)
            else:
                offer, after = choose.send(lots, self._memory, now, tried, code)
            if offer is None:
                self._memory = after
                if trip is not None:
                    self._keep(code, replace(trip, tried=tried))
                return code, None
            counts = trip.counts if trip is not None else self._are_few(now) and asker.may_count()
            new = _Trip(offer.lot, now, tried, counts, trip.proven if trip is not None else asker.proven)
            if not (counts and self._has_room(new, code, now)):  # whose turn it is goes on all the same
                after = replace(after, sent=tuple(one for one in self._memory.sent if one.code != code))
            self._memory = after
            self._keep(code, new)
            return code, _told(known[offer.lot.id], self._memory, offer, now, first=True)

    def _are_few(self, now: datetime) -> bool:
        return sum(now - one.at <= COUNTED_WITHIN for one in self._memory.sent) < COUNTED_MOST

    def _has_room(self, trip: _Trip, code: str, now: datetime) -> bool:
        """Whether this way may take a bay from what is told of its lot."""
        last = believed(self._memory.seen.get(trip.lot.id, ()), now)
        if trip.proven or last is None:
            return trip.proven
        coming = (one for one in self._memory.sent if one.lot_id == trip.lot.id and one.still_coming(last.at, now))
        unproven = sum(
            one.code != code and one.code in self._trips and not self._trips[one.code].proven for one in coming
        )
        return unproven < max(1, int((last.free or 0) * UNPROVEN_SHARE))

    def _was_full(self, trip: _Trip, now: datetime, asker: Asker) -> None:
        """A driver who can have been there by now says that it was full; one who cannot, or does not count, is only sent elsewhere."""
        long_enough = now - trip.since >= timedelta(seconds=trip.lot.drive_s * LEAST_SHARE_OF_THE_WAY)
        if trip.counts and long_enough and asker.is_heard():
            self._memory = choose.turned_away(self._memory, trip.lot, now)

    def _keep(self, code: str, trip: _Trip) -> None:
        self._trips[code] = trip
        self._trips.move_to_end(code)
        while len(self._trips) > WAYS_KEPT:
            self._trips.popitem(last=False)


def _told(neighbour: Neighbour, memory: Memory, offer: Offer | None, now: datetime, *, first: bool) -> NextLot:
    lot = neighbour.lot
    states = memory.seen.get(lot.id, ())
    last = states[-1] if states else None
    found = choose.expected(lot, memory, now)
    if found is None:
        fresh = last is not None and not last.is_open and believed([_opened(last)], now) is not None
        return NextLot(neighbour, "closed" if fresh else "unknown", None, 0.0, False, 0, last.at if last else None)
    state = "full" if offer is None else "free" if offer.promised else "likely"
    free = found.on_arrival if offer is not None and offer.promised else 0
    share = offer.share if offer is not None else 0.0
    at = last.at if last else None
    return NextLot(neighbour, state, free, share, first and offer is not None, found.under_way, at)


def _opened(state: LotState) -> LotState:
    return LotState(state.lot_id, state.free or 0, True, state.at)
