"""Find my car: proof of possession becomes a token of ten minutes, the token an answer; whoever has no proof gets one and the same refusal.

A plate is never looked up here for anybody but the member whose own vehicle it is: for a stranger it is not even read, so that a plate
that is inside, one that is not and one that does not exist cost the same work and bring the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from parking.journeys import car_places, own_stays
from parking.journeys.placing import INSIDE
from parking.journeys.ports import Cashier
from parking.journeys.where import CarPlace, Source, best
from parking.kernel.errors import ErrorKind, ParkingError, conflict
from parking.kernel.ids import BayId, PaymentId, PillarId, StayId, ZoneId
from parking.kernel.plate import Plate
from parking.kernel.principal import ANONYMOUS, Principal, Scope
from parking.kernel.signed import Signer, Verifier, seal, unseal
from parking.plumbing.db import UnitOfWork
from parking.site.geometry import apart
from parking.site.graph import Graph
from parking.site.model import SiteMap, Zone
from parking.site.plan import Level
from parking.site.route import Route, Step, route, steps
from parking.site.words import LocalName

TOKEN_VALID = timedelta(minutes=10)
ReadTicket = Callable[[Connection, str, datetime], StayId | None]
"""The stay of a genuine ticket, whoever printed it; None for anything else."""


@dataclass(frozen=True, slots=True)
class Proofs:
    """What counts as a proof here; `by_payment`: a stay looked up at a kiosk and paid by this very phone."""

    cashier: Cashier
    read_ticket: ReadTicket
    by_payment: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """What somebody shows besides who he is."""

    code: str = ""
    plate: str = ""
    payment_id: str = ""


@dataclass(frozen=True, slots=True)
class Map:
    """The site with its walking graph, made once."""

    site: SiteMap
    walk: Graph

    def zone(self, zone_id: ZoneId) -> Zone:
        return self.site.zone(zone_id)

    def level(self, level_id: str) -> Level | None:
        return next((level for level in self.site.plan.levels if level.id == level_id), None)


@dataclass(frozen=True, slots=True)
class Answer:
    """Where the car stands and how to get there; `place` None: nobody knows, `gone`: the stay has ended."""

    gone: bool
    place: CarPlace | None = None
    zone: Zone | None = None
    level: Level | None = None
    way: Route | None = None
    steps: tuple[Step, ...] = ()
    start: LocalName | None = None


def refused(who: Principal) -> ParkingError:
    """The one answer to everybody without a proof, whatever was shown."""
    kind = ErrorKind.UNAUTHENTICATED if who.kind == ANONYMOUS.kind else ErrorKind.FORBIDDEN
    return ParkingError(
        kind, "find.no_proof", "show the code of your ticket, or open your own parking page on this phone"
    )


def stay_of_proof(conn: Connection, proofs: Proofs, who: Principal, shown: Shown, now: datetime) -> StayId | None:
    """The open stay that `who` proves to possess, None without a proof."""
    if who.may(Scope.OWN_WALLET):
        return StayId(who.subject)
    ticket = proofs.read_ticket(conn, shown.code, now) if shown.code else None
    if ticket is not None:
        return ticket
    if who.may(Scope.OWN_MEMBER):
        return _of_member(conn, who.subject, shown.plate)
    if who.may(Scope.OWN_STAY) and proofs.by_payment and shown.payment_id:
        paid = proofs.cashier.payment(conn, PaymentId(shown.payment_id))
        if paid is not None and paid.stay_id == who.subject and paid.state == "PAID":
            return StayId(who.subject)
    return None


def _of_member(conn: Connection, member_id: str, plate: str) -> StayId | None:
    """The stay of one of the member's own vehicles, of the named one if one is named."""
    inside = own_stays.inside(conn, member_id)
    wanted = [stay for stay in inside if not plate or (stay.plate is not None and stay.plate.text == _normal(plate))]
    return wanted[0].id if len(wanted) == 1 or (wanted and not plate) else None


def _normal(plate: str) -> str:
    try:
        return Plate.parse(plate).text
    except ParkingError:
        return ""


def token_for(stay_id: StayId, signer: Signer, now: datetime) -> tuple[str, datetime]:
    """A token for finding alone: it pays nothing, opens nothing, and is over in ten minutes."""
    until = now + TOKEN_VALID
    return seal({"use": "find", "find": stay_id, "exp": int(until.timestamp())}, signer), until


def stay_of_token(token: str, verifier: Verifier, now: datetime) -> StayId:
    """ParkingError (unauthenticated) for a token that is forged, old or for something else."""
    return StayId(str(unseal(token, verifier, use="find", now=now)["find"]))


def answer(conn: Connection, there: Map, stay_id: StayId, start: str | None, *, step_free: bool) -> Answer:
    """Where the car of a stay stands, and the way from `start` (a spot such as `pillar:P1`) to it."""
    stay = car_places.standing(conn, stay_id)
    if not isinstance(stay, INSIDE):
        return Answer(gone=True)
    drawn = {zone.id for zone in there.site.zones}  # a site that was drawn anew may have lost one
    place = best(place for place in car_places.of_stay(conn, stay.id) if place.zone_id in drawn)
    if place is None:
        return Answer(gone=False)
    zone = there.zone(place.zone_id)
    level = there.level(zone.level)
    way = _way(there, place, start, step_free=step_free) if start else None
    return Answer(
        gone=False,
        place=place,
        zone=zone,
        level=level,
        way=way,
        steps=steps(way) if way is not None else (),
        start=None if start is None else spot_name(there, start),
    )


def _way(there: Map, place: CarPlace, start: str, *, step_free: bool) -> Route | None:
    return route(there.walk, start, goal_of(there, place), step_free=step_free)


def goal_of(there: Map, place: CarPlace) -> str:
    """The spot to walk to: the bay, the marked pillar, or the middle of the zone."""
    if place.bay_id is not None:
        return f"bay:{place.bay_id}"
    if place.pillar_id is not None:
        return f"pillar:{place.pillar_id}"
    own = [bay for bay in there.site.plan.bays if bay.zone_id == place.zone_id]
    if not own:
        return ""
    x, y = sum(b.at[0] for b in own) / len(own), sum(b.at[1] for b in own) / len(own)
    return f"bay:{min(own, key=lambda b: apart(b.at, (x, y))).id}"


def spot_name(there: Map, spot: str) -> LocalName | None:
    """What people call a spot from which a route starts; None where there is no such spot."""
    kind, _, ident = spot.partition(":")
    if spot not in there.walk.spots:
        return None
    for entrance in there.site.plan.entrances if kind == "entrance" else ():
        if entrance.id == ident:
            return entrance.name
    return LocalName(ident, ident)


def mark(uow: UnitOfWork, there: Map, stay_id: StayId, *, bay: str = "", pillar: str = "") -> CarPlace:
    """The driver says where the car stands: a bay, or the pillar beside it. ParkingError names what there is not."""
    stay = car_places.standing(uow.connection, stay_id)
    if not isinstance(stay, INSIDE):
        raise conflict("find.gone", "this stay has ended")
    plan = there.site.plan
    if bay:
        found = plan.bay(bay)
        place = CarPlace(Source.DRIVER, found.zone_id, uow.now, BayId(found.id))
    else:
        post = plan.pillar(pillar)
        near = [b for b in plan.bays if b.level_id == post.place.level_id]
        if not near:
            raise conflict("find.no_bays", "no bays are drawn on this level")
        zone = min(near, key=lambda b: apart(b.at, post.place.at)).zone_id
        place = CarPlace(Source.DRIVER, zone, uow.now, None, PillarId(post.id))
    car_places.put(uow, stay.id, place)
    return place


def starts(pillar: str, entrance: str) -> str | None:
    """The spot that a request names, None for none."""
    if pillar:
        return f"pillar:{pillar}"
    return f"entrance:{entrance}" if entrance else None
