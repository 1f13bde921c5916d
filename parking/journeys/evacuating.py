"""What an emergency does to bills: every price in the lanes' copies is worked out anew, and what was charged for its time is waived.

In small turns, as jobs: an evacuation must not wait for ten thousand prices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from parking.emergency import emergency_store
from parking.journeys import owing
from parking.journeys.paying import priced
from parking.journeys.ports import Cashier
from parking.journeys.refreshing_access import put_stay
from parking.kernel.codec import parse_time, to_plain
from parking.kernel.events import EmergencyChanged, Envelope
from parking.kernel.ids import StayId
from parking.plumbing import jobs
from parking.plumbing.db import Database, UnitOfWork
from parking.sessions import cases, finding, store
from parking.sessions.model import ClosedStay

REPRICE, WAIVE = "journeys.reprice", "journeys.waive_stopped"
AT_ONCE = 50


def plan(uow: UnitOfWork, envelope: Envelope) -> None:
    """Handles EmergencyChanged: the prices of everybody inside, and the bills of those who were gone before we heard of it."""
    event = envelope.event
    if isinstance(event, EmergencyChanged):
        mark = f"{event.emergency_id}:{event.standing}"
        jobs.enqueue(uow, REPRICE, f"reprice:{mark}:", {"mark": mark, "after": ""})
        payload = {"mark": mark, "after": "", "since": to_plain(_since(uow, event))}
        jobs.enqueue(uow, WAIVE, f"waive:{mark}:", payload)


def _since(uow: UnitOfWork, event: EmergencyChanged) -> Any:
    found = emergency_store.last(uow.connection)
    return found.started_at if found is not None and found.id == event.emergency_id else event.since


def jobs_of(cashier: Cashier) -> Mapping[str, Callable[[Database, dict[str, Any]], None]]:
    """The durable jobs; each does one turn and enqueues the next."""

    def reprice(database: Database, payload: dict[str, Any]) -> None:
        def turn(uow: UnitOfWork) -> None:
            ids = finding.open_ids(uow.connection, payload["after"], AT_ONCE)
            for stay_id in ids:
                put_stay(uow, cashier, stay_id)
            _next(uow, REPRICE, "reprice", payload, ids)

        database.write(turn)

    def waive(database: Database, payload: dict[str, Any]) -> None:
        def turn(uow: UnitOfWork) -> None:
            since = parse_time(payload["since"], field="since")
            left = finding.closed_since(uow.connection, since, payload["after"], AT_ONCE)
            for stay in left:
                waive_stopped(uow, cashier, stay)
                since = stay.exited_at
            _next(uow, WAIVE, "waive", payload | {"since": to_plain(since)}, [stay.id for stay in left])

        database.write(turn)

    return {REPRICE: reprice, WAIVE: waive}


def _next(uow: UnitOfWork, kind: str, word: str, payload: dict[str, Any], done: list[StayId]) -> None:
    if len(done) == AT_ONCE:
        jobs.enqueue(uow, kind, f"{word}:{payload['mark']}:{done[-1]}", payload | {"after": done[-1]})


def waive_stopped(uow: UnitOfWork, cashier: Cashier, stay: ClosedStay) -> None:
    """Give up what a closed stay was charged for time in which its clock turns out to have stood still; a person sees to what is paid."""
    over = cashier.overcharged(uow, priced(uow.connection, stay))
    if over.minor > 0:
        rest = cashier.forgive(uow, stay.id, over)
        owing.settled(uow, cashier, stay.id)
        if rest.minor > 0 and not store.has_case(uow.connection, "paid_while_stopped", stay.id):
            cases.open_case(uow, "paid_while_stopped", stay_id=stay.id, lane_id=stay.exit_lane_id)
