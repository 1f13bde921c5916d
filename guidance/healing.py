"""The bays' book, and the counters healed by it: what is seen puts right what was counted, on record, without a morning reset.

Its methods are works: they take the unit of work (or connection) of a transaction. Unknown stays unknown: nothing is filled in.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from guidance import bay_store
from guidance.bay_store import Kept, SinceStated
from guidance.bays import BayState, Fault, Reading, Rules, as_of, fault_of, hear
from guidance.fusion import MOVING_FOR, Estimate, Seen, by_bays, by_passages, drift, fuse, usable_free
from guidance.model import ZoneView
from guidance.service import Occupancy
from parking.kernel.errors import not_found
from parking.kernel.events import BaySeen
from parking.kernel.ids import BayId, DeviceId, ZoneId
from parking.plumbing.unit_of_work import UnitOfWork
from parking.site.model import SiteMap, Zone
from parking.site.plan import FOR_ANYBODY, BayKind

HEALER = "system:healing"
WORDS = {True: "taken", False: "free", None: "unknown"}


@dataclass(frozen=True, slots=True)
class BayView:
    """A bay as it is believed now; `fault` says why it is not."""

    bay_id: BayId
    zone_id: ZoneId
    kind: BayKind
    occupied: bool | None
    fault: Fault | None
    since: datetime | None
    heard_at: datetime | None
    source: str
    coned_off: bool


@dataclass(frozen=True, slots=True)
class UsableView:
    """A zone with what anybody may drive into; `seen` of its bays are seen by somebody, `usable_by_kind` counts what is seen free."""

    zone: ZoneView
    usable: int
    confidence: float
    seen: int
    usable_by_kind: Mapping[BayKind, int]


class BayBook:
    """The bays of one site."""

    def __init__(self, site: SiteMap, rules: Rules | None = None) -> None:
        self.site = site
        self.rules = rules or Rules()
        self.kinds = {b.id: b.kind for b in site.plan.bays}
        self.kinds |= {bay: BayKind.OUT_OF_SERVICE for zone in site.zones for bay in zone.not_usable}
        self.zone_of = {bay: zone.id for zone in site.zones for bay in zone.bays}
        self.touched = 0
        """How often something was said of a bay here."""

    def hear(self, uow: UnitOfWork, readings: Sequence[Reading]) -> None:
        """Take readings in; ParkingError names a bay that there is not, and then none is taken."""
        for reading in readings:
            if reading.bay_id not in self.zone_of:
                raise not_found("site.bay_unknown", f"this site has no bay {reading.bay_id!r}")
        self.touched += 1
        rows = bay_store.of(uow.connection, {r.bay_id for r in readings})
        for reading in readings:
            zone_id = self.zone_of[reading.bay_id]
            before = rows.get(reading.bay_id) or Kept(BayState(reading.bay_id), zone_id)
            state = hear(as_of(before.state, uow.now, self.rules), reading, self.rules)
            fault = fault_of(state, uow.now, self.rules)
            word = WORDS[state.occupied if fault is None else None]
            rows[reading.bay_id] = after = replace(before, state=state, told=word)
            bay_store.put(uow.connection, after)
            if word != before.told or (reading.plate is not None and reading.occupied):
                occupied = state.occupied if fault is None else None
                at = state.since if word != before.told and state.since is not None else uow.now
                plate = reading.plate if occupied else None
                uow.publish(
                    BaySeen(
                        reading.bay_id, zone_id, occupied, reading.source, reading.device_id, reading.sure, at, plate
                    )
                )

    def look(self, uow: UnitOfWork) -> None:
        """Tell of every bay of which nobody can say any more what it is."""
        views = self.views(uow.connection, uow.now)
        for bay_id, kept in bay_store.of(uow.connection).items():
            view = views.get(bay_id)  # None: the site has this bay no more
            if view is not None and (word := WORDS[view.occupied]) != kept.told:
                bay_store.put(uow.connection, replace(kept, told=word))
                uow.publish(
                    BaySeen(bay_id, view.zone_id, view.occupied, view.source or "none", DeviceId(""), 1.0, uow.now)
                )

    def cone(self, uow: UnitOfWork, bay_id: BayId, *, off: bool) -> None:
        """Take a bay out of use, or back into it."""
        if bay_id not in self.zone_of:
            raise not_found("site.bay_unknown", f"this site has no bay {bay_id!r}")
        self.touched += 1
        before = bay_store.of(uow.connection, [bay_id]).get(bay_id) or Kept(BayState(bay_id), self.zone_of[bay_id])
        bay_store.put(uow.connection, replace(before, coned_off=off))

    def heard(self, connection: Connection, now: datetime) -> dict[BayId, BayView]:
        """The bays that were ever heard of or coned off, as they are believed now; nobody can say anything of the others."""
        rows = {
            bay_id: replace(kept, state=as_of(kept.state, now, self.rules))
            for bay_id, kept in bay_store.of(connection).items()
            if bay_id in self.zone_of
        }
        changes: dict[ZoneId, _Changes] = {}
        for bay_id, kept in rows.items():
            changes.setdefault(self.zone_of[bay_id], _Changes()).add(kept.state)
        views: dict[BayId, BayView] = {}
        for bay_id, kept in rows.items():
            zone_id, state = self.zone_of[bay_id], kept.state
            fault = fault_of(state, now, self.rules, changes[zone_id].beside(state))
            views[bay_id] = self._view(state, fault, kept.coned_off)
        return views

    def views(self, connection: Connection, now: datetime) -> dict[BayId, BayView]:
        """Every bay of the site as it is believed now."""
        heard = self.heard(connection, now)
        return {
            bay_id: heard.get(bay_id) or self._view(BayState(bay_id), Fault.NEVER_HEARD, coned_off=False)
            for bay_id in self.zone_of
        }

    def _view(self, s: BayState, fault: Fault | None, coned_off: bool) -> BayView:
        kind, occupied = self.kinds.get(s.bay_id, BayKind.ORDINARY), s.occupied if fault is None else None
        zone_id = self.zone_of[s.bay_id]
        return BayView(s.bay_id, zone_id, kind, occupied, fault, s.since, s.heard_at, s.source, coned_off)


class _Changes:
    """When the bays of one zone changed."""

    def __init__(self) -> None:
        self._bays = 0
        self._at: list[datetime] = []

    def add(self, one: BayState) -> None:
        self._bays += 1
        for at in one.changes:
            insort(self._at, at)

    def beside(self, one: BayState) -> int:
        """How often the other bays changed on average since this one did."""
        if one.since is None or self._bays < 2:
            return 0
        later = len(self._at) - bisect_right(self._at, one.since) - sum(at > one.since for at in one.changes)
        return later // (self._bays - 1)


class Healer:
    """Counters and bays together."""

    def __init__(self, occupancy: Occupancy, book: BayBook) -> None:
        self.occupancy, self.book = occupancy, book
        self.site = book.site
        self.out = frozenset(bay for zone in self.site.zones for bay in zone.not_usable)
        self._for_anybody = {
            zone.id: sum(book.kinds.get(b, BayKind.ORDINARY) in FOR_ANYBODY for b in zone.bays if b not in self.out)
            for zone in self.site.zones
        }

    def heal(self, uow: UnitOfWork) -> list[ZoneId]:
        """Put right every counter that has drifted from what is seen, each on record; returns which."""
        bays = self._heard(uow.connection, uow.now)
        counted = self.occupancy.views(uow.connection)
        healed = []
        for zone in self.site.zones:
            view = counted.get(zone.id)
            counts = self._counts(uow.connection, zone, view, uow.now) if bays[zone.id] else None
            estimate = self._estimate(zone, view, counts, self._seen(zone, bays[zone.id]))
            if view is None or estimate is None:
                continue
            before = bay_store.doubt_of(uow.connection, zone.id)
            lately = counts.lately if counts is not None else 0
            found, correct_to = drift(view.occupied, estimate, zone.capacity, before, uow.now, lately)
            if correct_to is None and not view.known and estimate.known(zone.capacity):
                correct_to = estimate.occupied  # nobody vouches for the counter: the bays do
            bay_store.set_doubt(uow.connection, zone.id, None if correct_to is not None else found)
            if correct_to is not None:
                reason = f"bays say {correct_to}, passages said {view.occupied}"
                self.occupancy.adjust(uow, zone.id, actor=HEALER, reason=reason, occupied=correct_to)
                healed.append(zone.id)
        return healed

    def views(self, connection: Connection, now: datetime) -> dict[ZoneId, UsableView]:
        """Every zone with what is known of it from all witnesses."""
        bays = self._heard(connection, now)
        counted = self.occupancy.views(connection)
        return {
            zone.id: self._view(connection, zone, counted[zone.id], bays[zone.id], now)
            for zone in self.site.zones
            if zone.id in counted
        }

    def _heard(self, connection: Connection, now: datetime) -> dict[ZoneId, list[BayView]]:
        """The usable bays of every zone of which anybody ever said anything: at a site without sensors that is none."""
        found: dict[ZoneId, list[BayView]] = {zone.id: [] for zone in self.site.zones}
        for bay_id, view in self.book.heard(connection, now).items():
            if bay_id not in self.out:
                found[view.zone_id].append(view)
        return found

    def _seen(self, zone: Zone, heard: Sequence[BayView]) -> Seen:
        """What is seen of a zone; the bays that were never heard of are nobody's guess."""
        said = Seen.of([_is_free(b) for b in heard], [b.kind in FOR_ANYBODY and not b.coned_off for b in heard])
        quiet = zone.capacity - len(heard)
        quiet_for_anybody = self._for_anybody[zone.id] - sum(b.kind in FOR_ANYBODY for b in heard)
        return replace(said, unseen=said.unseen + quiet, unseen_for_anybody=said.unseen_for_anybody + quiet_for_anybody)

    def _counts(self, connection: Connection, zone: Zone, view: ZoneView | None, now: datetime) -> SinceStated | None:
        """What the passages have counted; None where nobody vouches for the counter."""
        if view is None or not view.known:
            return None
        return bay_store.since_stated(connection, zone.id, now - MOVING_FOR, HEALER)

    def _estimate(self, zone: Zone, view: ZoneView | None, counts: SinceStated | None, seen: Seen) -> Estimate | None:
        if seen.taken + seen.free == 0:
            return None  # nobody sees a bay here: the counters stand alone
        said = [by_bays(seen.taken, seen.free, seen.unseen)]
        if view is not None and counts is not None:
            healed = counts.actor == HEALER
            said.append(by_passages(view.occupied, counts.passages, stated=True, lately=counts.lately, healed=healed))
        return fuse(said, zone.capacity, taken=seen.taken, free=seen.free)

    def _view(
        self, connection: Connection, zone: Zone, view: ZoneView, heard: Sequence[BayView], now: datetime
    ) -> UsableView:
        seen = self._seen(zone, heard)
        counts = self._counts(connection, zone, view, now) if heard else None
        estimate = self._estimate(zone, view, counts, seen)
        if estimate is not None:
            occupied = estimate.occupied
            known = estimate.known(zone.capacity)
            view = replace(view, occupied=occupied, free=zone.capacity - occupied, known=known)
        else:
            estimate = fuse([by_passages(view.occupied, 0, stated=True)], zone.capacity)
        by_kind = dict(Counter(b.kind for b in heard if b.occupied is False and not b.coned_off))
        confidence = estimate.confidence(zone.capacity) if estimate is not None and view.known else 0.0
        usable = min(usable_free(seen, estimate), view.free)
        return UsableView(view, usable, confidence, seen.taken + seen.free, by_kind)


def seen_whole(views: Mapping[ZoneId, UsableView]) -> dict[ZoneId, UsableView]:
    """The zones of which every bay is seen: for those the sensors vouch, whether a gate box is heard or not."""
    return {zone: view for zone, view in views.items() if view.zone.known and view.seen >= view.zone.capacity > 0}


def _is_free(bay: BayView) -> bool | None:
    return None if bay.occupied is None else not bay.occupied


def signs_see(views: Mapping[ZoneId, UsableView]) -> dict[ZoneId, ZoneView]:
    """What the signs show: usable bays, not merely free ones."""
    return {
        zone_id: replace(v.zone, free=v.usable, occupied=v.zone.capacity - v.usable) for zone_id, v in views.items()
    }
