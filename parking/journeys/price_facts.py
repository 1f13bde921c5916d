"""What a price depends on besides its times: worked out from the site's own stays, passages and passes. Nobody is asked for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import Connection

from parking.access.rows import PassRow
from parking.access.store import ServersCopy
from parking.journeys.ports import PricedStay
from parking.kernel.ids import BayId
from parking.kernel.price_facts import NOTHING_MORE, REMEMBERED_DAYS, Asked, Place, PriceFacts, Span, Visit
from parking.sessions import finding, places
from parking.sessions.places import Stood

WhereIs = Callable[[BayId], tuple[str, str]]
"""The zone in which a bay lies, and its kind; empty for what the site map does not say."""
FactsOf = Callable[[Connection, PricedStay, Asked], PriceFacts]
EARLIER_MOST = 50
_DAY, _LOOKED_BACK = timedelta(days=1), timedelta(days=31)


def nowhere(_: BayId) -> tuple[str, str]:
    """Of a site whose map names no bays."""
    return "", ""


def facts_of(where: WhereIs = nowhere) -> FactsOf:
    """Works the facts of a stay out, as far as its tariff asks for them; passes count under every tariff."""

    def derive(conn: Connection, stay: PricedStay, asked: Asked) -> PriceFacts:
        stood = places.of_stay(conn, stay.stay_id)
        at = _places(stood, asked, where) if asked.zones or asked.bays else ()
        covered = _covered(ServersCopy(conn), stood)
        earlier = _earlier(conn, stay) if asked.earlier and stay.plate is not None else ()
        return PriceFacts(at, covered, earlier) if at or covered or earlier else NOTHING_MORE

    return derive


def _places(stood: Sequence[Stood], asked: Asked, where: WhereIs) -> tuple[Place, ...]:
    """The places by the names that the tariff has for them; what it does not name is everywhere else."""
    found: list[Place] = []
    for one in stood:
        zone, kind = where(one.bay_id) if one.bay_id is not None else ("", "")
        lot = one.lot_id or ""
        named = next((name for name in (zone, lot) if name in asked.zones), "")
        here = Place(one.since, named, kind if kind in asked.bays else "")
        if not found or found[-1][1:] != here[1:]:
            found.append(here)
    return tuple(found) if any(place.zone or place.bay for place in found) else ()


def _covered(copy: ServersCopy, stood: Sequence[Stood]) -> tuple[Span, ...]:
    """The spans in which a pass holds, by which the vehicle came to where it stood."""
    passes: dict[str, PassRow | None] = {}
    spans = []
    for one, until in _stretches(stood):
        kind, _, name = (one.right or "").partition(":")
        if kind != "pass":
            continue
        if name not in passes:
            passes[name] = copy.pass_by_id(name)
        held = passes[name]
        if held is None or not held.is_for(one.lot_id):
            continue
        since = max(one.since, held.valid_from) if held.valid_from is not None else one.since
        ends = [end for end in (until, held.valid_until) if end is not None]
        spans.append((since, min(ends) if ends else None))
    return tuple(_joined(spans))


def _stretches(stood: Sequence[Stood]) -> Iterator[tuple[Stood, datetime | None]]:
    for one, following in pairwise(stood):
        yield one, following.since
    if stood:
        yield stood[-1], None


def _joined(spans: Iterable[Span]) -> Iterator[Span]:
    """Spans that follow each other without a gap are one; what ends before it begins is none."""
    last: Span | None = None
    for since, until in spans:
        if until is not None and until <= since:
            continue
        if last is not None and last[1] == since:
            last = (last[0], until)
            continue
        if last is not None:
            yield last
        last = (since, until)
    if last is not None:
        yield last


def _earlier(conn: Connection, stay: PricedStay) -> tuple[Visit, ...]:
    """The stays of the last days, and those that came before them with less than a day in between.

    Whether something is given that is given once in 24 hours depends on when it was given last, and that on the time before.
    """
    assert stay.plate is not None
    since = stay.entered_at - timedelta(days=REMEMBERED_DAYS)
    found = finding.left_between(conn, stay.plate, stay.entered_at - _LOOKED_BACK, stay.entered_at, EARLIER_MOST)
    visits = [Visit(came, left) for came, left in found]
    first = next((n for n, visit in enumerate(visits) if visit.left_at > since), len(visits))
    while 0 < first < len(visits) and visits[first].entered_at < visits[first - 1].left_at + _DAY:
        first -= 1
    return tuple(visits[first:])
