"""The bays' book, and the counters healed by it: what is seen puts right what was counted, on record, without a morning reset.

Its methods are works: they take the unit of work (or connection) of a transaction. Unknown stays unknown: nothing is filled in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from guidance import bay_store
from guidance.bay_store import Kept
from guidance.bays import BayState, Fault, Reading, Rules, fault_of, hear
from guidance.fusion import Estimate, by_bays, by_passages, drift, fuse, usable_free
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
        self.zone_of = {bay: zone.id for zone in site.zones for bay in zone.bays}

    def hear(self, uow: UnitOfWork, readings: Sequence[Reading]) -> None:
        """Take readings in; ParkingError names a bay that there is not, and then none is taken."""
        for reading in readings:
            if reading.bay_id not in self.zone_of:
                raise not_found("site.bay_unknown", f"this site has no bay {reading.bay_id!r}")
        rows = bay_store.of(uow.connection, {r.bay_id for r in readings})
        for reading in readings:
            zone_id = self.zone_of[reading.bay_id]
            before = rows.get(reading.bay_id) or Kept(BayState(reading.bay_id), zone_id)
            state = hear(before.state, reading, self.rules)
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
            word = WORDS[views[bay_id].occupied]
            if word != kept.told and bay_id in views:
                bay_store.put(uow.connection, replace(kept, told=word))
                view = views[bay_id]
                uow.publish(
                    BaySeen(bay_id, view.zone_id, view.occupied, view.source or "none", DeviceId(""), 1.0, uow.now)
                )

    def cone(self, uow: UnitOfWork, bay_id: BayId, *, off: bool) -> None:
        """Take a bay out of use, or back into it."""
        if bay_id not in self.zone_of:
            raise not_found("site.bay_unknown", f"this site has no bay {bay_id!r}")
        before = bay_store.of(uow.connection, [bay_id]).get(bay_id) or Kept(BayState(bay_id), self.zone_of[bay_id])
        bay_store.put(uow.connection, replace(before, coned_off=off))

    def views(self, connection: Connection, now: datetime) -> dict[BayId, BayView]:
        """Every bay of the site as it is believed now."""
        rows = bay_store.of(connection)
        views: dict[BayId, BayView] = {}
        for zone in self.site.zones:
            own = [rows[b].state for b in zone.bays if b in rows]
            for bay_id in zone.bays:
                kept = rows.get(bay_id) or Kept(BayState(bay_id), zone.id)
                fault = fault_of(kept.state, now, self.rules, _moved(own, kept.state))
                views[bay_id] = BayView(
                    bay_id,
                    zone.id,
                    self.kinds.get(bay_id, BayKind.ORDINARY),
                    kept.state.occupied if fault is None else None,
                    fault,
                    kept.state.since,
                    kept.state.source,
                    kept.coned_off,
                )
        return views


def _moved(zone: Sequence[BayState], one: BayState) -> int:
    """How often the other bays of a zone changed on average since this one did."""
    if one.since is None or len(zone) < 2:
        return 0
    since = one.since
    return sum(sum(at > since for at in other.changes) for other in zone if other is not one) // (len(zone) - 1)


class Healer:
    """Counters and bays together."""

    def __init__(self, occupancy: Occupancy, book: BayBook) -> None:
        self.occupancy, self.book = occupancy, book
        self.site = book.site

    def heal(self, uow: UnitOfWork) -> list[ZoneId]:
        """Put right every counter that has drifted from what is seen, each on record; returns which."""
        bays = self.book.views(uow.connection, uow.now)
        counted = self.occupancy.views(uow.connection)
        healed = []
        for zone in self.site.zones:
            view = counted.get(zone.id)
            estimate = self._estimate(uow.connection, zone, view, bays)
            if view is None or estimate is None:
                continue
            before = bay_store.doubt_of(uow.connection, zone.id)
            found, correct_to = drift(view.occupied, estimate, zone.capacity, before, uow.now)
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
        bays = self.book.views(connection, now)
        counted = self.occupancy.views(connection)
        return {
            zone.id: self._view(connection, zone, counted[zone.id], bays)
            for zone in self.site.zones
            if zone.id in counted
        }

    def _own(self, zone: Zone, bays: Mapping[BayId, BayView]) -> list[BayView]:
        return [bays[b] for b in zone.bays if b not in zone.not_usable]

    def _estimate(
        self, connection: Connection, zone: Zone, view: ZoneView | None, bays: Mapping[BayId, BayView]
    ) -> Estimate | None:
        own = self._own(zone, bays)
        taken, free = sum(b.occupied is True for b in own), sum(b.occupied is False for b in own)
        if taken + free == 0:
            return None  # nobody sees a bay here: the counters stand alone
        said = [by_bays(taken, free, len(own) - taken - free)]
        if view is not None and view.known:
            passages = bay_store.passages_since_stated(connection, zone.id)
            said.append(by_passages(view.occupied, passages, stated=True))
        return fuse(said, zone.capacity, taken=taken, free=free)

    def _view(self, connection: Connection, zone: Zone, view: ZoneView, bays: Mapping[BayId, BayView]) -> UsableView:
        own = self._own(zone, bays)
        seen = sum(b.occupied is not None for b in own)
        estimate = self._estimate(connection, zone, view, bays)
        if estimate is not None:
            occupied = estimate.occupied
            known = estimate.known(zone.capacity)
            view = replace(view, occupied=occupied, free=zone.capacity - occupied, known=known)
        else:
            estimate = fuse([by_passages(view.occupied, 0, stated=True)], zone.capacity)
        free = [None if b.occupied is None else not b.occupied for b in own]
        open_to = [b.kind in FOR_ANYBODY and not b.coned_off for b in own]
        by_kind: dict[BayKind, int] = {}
        for one in own:
            if one.occupied is False and not one.coned_off:
                by_kind[one.kind] = by_kind.get(one.kind, 0) + 1
        confidence = estimate.confidence(zone.capacity) if estimate is not None and view.known else 0.0
        usable = min(usable_free(free, open_to, estimate), view.free)
        return UsableView(view, usable, confidence, seen, by_kind)


def signs_see(views: Mapping[ZoneId, UsableView]) -> dict[ZoneId, ZoneView]:
    """What the signs show: usable bays, not merely free ones."""
    return {
        zone_id: replace(v.zone, free=v.usable, occupied=v.zone.capacity - v.usable) for zone_id, v in views.items()
    }
