"""Passages become counts, counts become OccupancyChanged: once per event, only on change, whoever the vehicle was.

A tailgater counts like everybody else: passages are counted, not plates. A passage that comes late is put where it belongs and
what follows is counted again; until that is done the zone is not known.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from guidance import store
from guidance.counters import Count, Movement, move
from guidance.model import Adjustment, ZoneView
from guidance.store import ZoneRow
from parking.kernel.errors import invalid
from parking.kernel.events import (
    Direction,
    Envelope,
    LaneFaulted,
    OccupancyChanged,
    RampPassed,
    StayCorrected,
    VehiclePassed,
)
from parking.kernel.ids import LaneId, ZoneId
from parking.plumbing.unit_of_work import UnitOfWork
from parking.site.model import LaneKind, SiteMap

RECOUNT_AT_ONCE = 500  # movements; a longer recount waits until the backlog is in (`recount`)

_JUST_BEFORE = timedelta(microseconds=1)

# The lasting faults of a lane (codes of `parking.gate`) during which vehicles may pass uncounted.
BLINDING_FAULTS = frozenset(
    {
        *("inputs_lost", "presence_loop_stuck", "safety_loop_stuck", "journal_full", "fire"),
        *("first_loop_stuck", "second_loop_stuck"),  # of a ramp
    }
)


class Occupancy:
    """The counters of one site. Its methods are works: they take the unit of work (or connection) of a transaction."""

    def __init__(
        self,
        site: SiteMap,
        blinding_faults: frozenset[str] = BLINDING_FAULTS,
        recount_at_once: int = RECOUNT_AT_ONCE,
    ) -> None:
        self.site = site
        self._blinding = blinding_faults
        self._recount_at_once = recount_at_once
        self.touched = 0
        """How often something was done to the counters here."""
        self._feeding: dict[ZoneId, frozenset[LaneId]] = {
            z.id: frozenset(lane.id for lane in site.lanes if z.id in lane.zones) for z in site.zones
        }

    # --- starting ----------------------------------------------------------------------------------------------------

    def open_zones(self, uow: UnitOfWork) -> None:
        """Begin counting new zones and take over changed capacities; call it at every start."""
        for zone_id in sorted(self._feeding):
            row = self._hold(uow, zone_id)
            capacity = self.site.zone(zone_id).capacity
            if row.count.capacity != capacity:
                row.count = replace(row.count, capacity=capacity)
            self._settle(uow, row)

    # --- events ------------------------------------------------------------------------------------------------------

    def vehicle_passed(self, uow: UnitOfWork, envelope: Envelope) -> None:
        """Handler of VehiclePassed, authorised or not."""
        event = envelope.event
        assert isinstance(event, VehiclePassed)
        lane = self.site.lane(event.lane_id)
        if lane.kind is LaneKind.RAMP:
            source, target = lane.from_zone, lane.to_zone
        else:  # one side is the street: whichever way the boom was passed, the vehicle came from there or went there
            source, target = None, lane.zones[0]
        if event.direction is Direction.OUT:
            source, target = target, source
        self._pass(uow, envelope.id, envelope.occurred_at, source, target)

    def ramp_passed(self, uow: UnitOfWork, envelope: Envelope) -> None:
        """Handler of RampPassed."""
        event = envelope.event
        assert isinstance(event, RampPassed)
        self._pass(uow, envelope.id, envelope.occurred_at, event.from_zone, event.to_zone)

    def stay_corrected(self, uow: UnitOfWork, envelope: Envelope) -> None:
        """Handler of StayCorrected: a passage that no loop told is counted where its stay began, just before what shows that it was.

        So it makes no difference to the count whether that is told at once or after days without a link.
        """
        event = envelope.event
        assert isinstance(event, StayCorrected)
        at = event.at - _JUST_BEFORE if event.at is not None else envelope.occurred_at
        zones = [
            lane.zones[0] for lane in self.site.lanes if lane.id == event.lane_id and lane.kind is not LaneKind.RAMP
        ]
        for zone_id in zones if event.passages else ():
            source, target = (None, zone_id) if event.passages > 0 else (zone_id, None)
            self._pass(uow, envelope.id, at, source, target)

    def lane_faulted(self, uow: UnitOfWork, envelope: Envelope) -> None:
        """Handler of LaneFaulted: while a lane cannot see, nobody vouches for the zones that it feeds."""
        event = envelope.event
        assert isinstance(event, LaneFaulted)
        if event.fault not in self._blinding:
            return
        if store.note_sight(
            uow.connection, event.lane_id, event.fault, blind=not event.cleared, at=envelope.occurred_at
        ):
            for zone_id in sorted(self.site.lane(event.lane_id).zones):
                self._settle(uow, self._hold(uow, zone_id))

    def _pass(self, uow: UnitOfWork, event_id: str, at: datetime, source: ZoneId | None, target: ZoneId | None) -> None:
        changes = {zone_id: delta for zone_id, delta in ((source, -1), (target, +1)) if zone_id is not None}
        for zone_id in sorted(changes):  # always in the same order: two ramps never wait for each other
            self._record(uow, zone_id, Movement(at, event_id, changes[zone_id]))

    # --- people ------------------------------------------------------------------------------------------------------

    def adjust(
        self,
        uow: UnitOfWork,
        zone_id: ZoneId,
        *,
        actor: str,
        reason: str,
        free: int | None = None,
        occupied: int | None = None,
    ) -> ZoneView:
        """Record what a person counted (exactly one of `free`, `occupied`, in bays); from here on the zone is known again."""
        zone = self.site.zone(zone_id)
        if (free is None) == (occupied is None):
            raise invalid("guidance.one_of", "say either free or occupied", field="free")
        field, said = ("free", free) if free is not None else ("occupied", occupied)
        if said is None or not 0 <= said <= zone.capacity:
            raise invalid("guidance.bounds", f"lies between 0 and {zone.capacity}", field=field)
        if not 1 <= len(reason.strip()) <= 200:
            raise invalid("guidance.reason", "say why, in 1 to 200 signs", field="reason")
        vehicles = said if field == "occupied" else zone.capacity - said
        row = self._hold(uow, zone_id)
        ident = uow.ids.new(uow.now)
        before, was_known = row.count.vehicles, self._view(row, store.blind_lanes(uow.connection)).known
        made = Adjustment(ident, zone_id, uow.now, actor, reason.strip(), before, vehicles, was_known)
        store.add_adjustment(uow.connection, made)
        self._record(uow, zone_id, Movement(uow.now, ident, stated=vehicles))
        return self._view(self._hold(uow, zone_id), store.blind_lanes(uow.connection))

    # --- counting ----------------------------------------------------------------------------------------------------

    def _hold(self, uow: UnitOfWork, zone_id: ZoneId) -> ZoneRow:
        self.touched += 1
        row = store.hold_zone(uow.connection, zone_id)
        if row is None:
            zone = self.site.zone(zone_id)
            store.add_zone(uow.connection, zone_id, Count(zone.capacity, stated=zone.opens_empty), uow.now)
            row = store.hold_zone(uow.connection, zone_id)
            assert row is not None
        return row

    def _record(self, uow: UnitOfWork, zone_id: ZoneId, movement: Movement) -> None:
        row = self._hold(uow, zone_id)
        after, correction = move(row.count, movement)
        if not store.add_movement(uow.connection, zone_id, movement, after, correction):
            return  # counted before
        if row.last is None or movement.place > row.last:
            row.count, row.last = after, movement.place
        else:
            row.recount_from = min(movement.at, row.recount_from or movement.at)
        self._settle(uow, row)

    def recount(self, uow: UnitOfWork) -> None:
        """Count again wherever late passages still wait for it, however long that takes."""
        for stale in store.zones(uow.connection):
            if stale.recount_from is not None:
                self._settle(uow, self._hold(uow, stale.zone_id), however_long=True)

    def _settle(self, uow: UnitOfWork, row: ZoneRow, *, however_long: bool = False) -> None:
        """Count again where that is due (and short enough), keep the row, tell the others if anything changed."""
        if row.recount_from is not None:
            most = None if however_long else self._recount_at_once + 1
            waiting = store.movements_from(uow.connection, row.zone_id, row.recount_from, most)
            if most is None or len(waiting) < most:
                self._count_again(uow.connection, row, waiting)
        view = self._view(row, store.blind_lanes(uow.connection))
        told = (view.capacity, view.occupied, view.known)
        if told != row.told:
            row.told, row.changed_at = told, uow.now
            uow.publish(OccupancyChanged(row.zone_id, view.capacity, view.occupied, view.free, view.known))
        store.save_zone(uow.connection, row)

    def _count_again(self, connection: sa.Connection, row: ZoneRow, waiting: list[Movement]) -> None:
        assert row.recount_from is not None
        count = store.count_before(connection, row, row.recount_from)
        results: list[tuple[str, Count, int]] = []
        for movement in waiting:
            count, correction = move(count, movement)
            results.append((movement.event_id, count, correction))
        store.set_results(connection, row.zone_id, results)
        row.count, row.recount_from = count, None

    # --- answers -----------------------------------------------------------------------------------------------------

    def views(self, connection: sa.Connection) -> dict[ZoneId, ZoneView]:
        """Every zone of the site that is being counted, by id."""
        return self._views(connection, store.zones(connection))

    def views_unless_stale(self, connection: sa.Connection) -> dict[ZoneId, ZoneView] | None:
        """The same, or None while `recount` has something to do."""
        rows = store.zones(connection)
        stale = any(row.recount_from is not None for row in rows)
        return None if stale else self._views(connection, rows)

    def _views(self, connection: sa.Connection, rows: Iterable[ZoneRow]) -> dict[ZoneId, ZoneView]:
        blind = store.blind_lanes(connection)
        return {row.zone_id: self._view(row, blind) for row in rows if row.zone_id in self._feeding}

    def _view(self, row: ZoneRow, blind: frozenset[LaneId]) -> ZoneView:
        count = row.count
        known = count.known and row.recount_from is None and not (self._feeding.get(row.zone_id, frozenset()) & blind)
        return ZoneView(row.zone_id, count.capacity, count.occupied, count.free, known, row.changed_at)
