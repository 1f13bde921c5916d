"""A car has gone out: the loops have proved it, so its stay ends, priced at the moment the lane said yes.

Which stay that is, is judged from all that its passages show; where two are as likely, or a misread is all there is, a person says.
What was not paid by then is a debt in the ledger, never a blank; a bill that cannot be true is nobody's before a person has seen it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from parking.access.service import parks_free
from parking.emergency import fee_clocks
from parking.journeys import known_rights, pairing
from parking.journeys.pairing import CostsOf
from parking.journeys.paying import priced, why_held
from parking.journeys.ports import Cashier
from parking.kernel.codec import parse_time
from parking.kernel.events import (
    BarrierPulsed,
    Direction,
    Envelope,
    LaneDecided,
    VehicleBackedAway,
    VehiclePassed,
)
from parking.kernel.ids import LaneId, StayId, VisitId
from parking.kernel.plate import Plate
from parking.kernel.votes import Votes
from parking.plumbing.db import UnitOfWork
from parking.plumbing.delivery import Handler
from parking.sessions import cases, corrections, evidence, finding, service, store, visits
from parking.sessions.matching import Ambiguous, Match, Matched, NoStay
from parking.sessions.model import DoubtfulStay, GhostStay, LaneVisit, LeavingStay, OpenStay, Stay, StayInReview
from parking.sessions.stay_life import QUEUE_BEHIND, LeftThen, on_queue_behind

HeardUntil = Callable[[Connection, datetime, str], datetime]
"""Up to when all gate boxes but one have told what they let in and out, asked at a moment: that moment, where none is cut off."""


def remember_decision(uow: UnitOfWork, envelope: Envelope) -> None:
    """Handles LaneDecided: a yes counts until the lane takes it back; who stands at an exit has come in, whatever its entry felt."""
    event = envelope.event
    if not isinstance(event, LaneDecided):
        return
    at = envelope.occurred_at
    said = LaneVisit(
        event.visit_id,
        event.lane_id,
        event.direction is Direction.OUT,
        event.plate,
        event.votes,
        event.stay_id if event.direction is Direction.OUT else None,
        at if event.allowed else None,
        None,
        None,
    )
    visits.note(uow.connection, said, at)
    if said.leaving:
        _stands_at_exit(uow, event, at)


def _stands_at_exit(uow: UnitOfWork, event: LaneDecided, at: datetime) -> None:
    """Whose entry was in doubt is inside, by its own plate: its driver need not wait for a person; and so is who was let out."""
    stay = store.get(uow.connection, event.stay_id) if event.stay_id is not None else None
    if isinstance(stay, LeavingStay):
        evidence.seen_again(uow, stay, event.visit_id, at)
    if not isinstance(stay, DoubtfulStay) or event.plate is None or stay.plate != event.plate or at < stay.entered_at:
        return
    if store.open_by_plate(uow.connection, event.plate) is None:
        service.confirm(uow, stay, "missed_entry", {"exit_visit": event.visit_id, "at": at}, passages=1)


def remember_pulse(uow: UnitOfWork, envelope: Envelope) -> None:
    """Handles BarrierPulsed: the boom was opened for this vehicle."""
    event = envelope.event
    if isinstance(event, BarrierPulsed):
        visits.mark(uow.connection, event.visit_id, pulsed_at=envelope.occurred_at)


def forget_decision(uow: UnitOfWork, envelope: Envelope) -> None:
    """Handles VehicleBackedAway from an exit: unless its boom was open, a yes that nobody used is over.

    One for which a person opened, or a lane for want of a person, may have gone through past a loop that missed it: whose it was only
    a person can tell, as he could when he opened.
    """
    event = envelope.event
    if not isinstance(event, VehicleBackedAway):
        return
    said = visits.mark(uow.connection, event.visit_id, backed_at=envelope.occurred_at)
    if said is None or not said.leaving:
        return
    if said.pulsed_at is None:
        visits.take(uow.connection, event.visit_id)
    elif said.yes_at is None or said.stay_id is None:
        visits.take(uow.connection, event.visit_id)
        service.record_unmatched_exit(
            uow,
            event.visit_id,
            said.plate,
            exited_at=said.pulsed_at,
            lane_id=event.lane_id,
            reason="exit_unproven",
            counted=False,
            votes=said.votes.compact() if said.votes is not None else None,
            yes_at=said.yes_at,
        )
    elif isinstance(store.get(uow.connection, said.stay_id), OpenStay):
        store.set_state(
            uow.connection,
            said.stay_id,
            leaving_visit_id=said.visit_id,
            leaving_lane_id=said.lane_id,
            leaving_at=said.yes_at,
        )


def queue_behind(cashier: Cashier) -> Handler:
    """Handles LaneDecided(OUT): with this vehicle on the loop so soon, the one before it went through, whatever the loops missed."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event, at = envelope.event, envelope.occurred_at
        if not isinstance(event, LaneDecided) or event.direction is not Direction.OUT:
            return
        for said in visits.queued_behind(uow.connection, event.lane_id, at - QUEUE_BEHIND):
            stay = store.get(uow.connection, said.stay_id) if said.stay_id is not None else None
            if not isinstance(stay, OpenStay) or said.visit_id == event.visit_id or not on_queue_behind(said, at):
                continue
            assert said.yes_at is not None
            left = LeftThen(said.yes_at, said.yes_at, said.lane_id, "missed_exit_queue_behind", said.visit_id)
            service.apply(uow, stay, left, {"next_visit": event.visit_id, "at": at}, end(cashier))
            visits.take(uow.connection, said.visit_id)

    return handle


def close_stay(cashier: Cashier, costs_of: CostsOf, heard_until: HeardUntil) -> Handler:
    """Handles VehiclePassed(OUT)."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event, at = envelope.event, envelope.occurred_at
        if not isinstance(event, VehiclePassed) or event.direction is not Direction.OUT:
            return
        if event.outer_lot_id is not None:  # it is still on the site
            return
        conn = uow.connection
        said = visits.take(conn, event.visit_id)
        decided_at = said.yes_at if said is not None else None
        unheard = heard_until(conn, uow.now, envelope.origin) < min(at, uow.now)
        shown = replace(pairing.evidence_of(event, at), unheard=unheard)
        also = (event.stay_id,) if event.stay_id is not None else ()
        found = pairing.whose(conn, shown, costs_of(conn), uow.now, *also)
        stay, doubted = to_close(uow, found.stay_id, event.visit_id, at) if isinstance(found, Matched) else (None, None)
        if stay is None:
            passed = PassedOut(event.visit_id, event.lane_id, event.plate, shown.votes, at, event.stay_id)
            if known_to_have_left(uow, passed, nobody_else=isinstance(found, NoStay)) is not None:
                return
            service.record_unmatched_exit(
                uow,
                event.visit_id,
                event.plate,
                exited_at=at,
                lane_id=event.lane_id,
                reason=reason_of(found),
                awaits=unheard,
                **kept(event, decided_at),
            )
            return
        fee_clocks.vehicle_left(conn, at, event.visit_id, stay.id)
        close(
            uow,
            cashier,
            stay,
            at=at,
            priced_at=decided_at or at,
            lane_id=event.lane_id,
            free=free_by_either(conn, stay, event.plate, decided_at or at, event.right),
        )
        if doubted is not None:
            corrections.record(uow, stay.id, "exit_found_late", doubted, {"exit_visit": event.visit_id, "at": at})
        if not event.authorised:
            cases.open_case(uow, "unauthorised_exit", stay_id=stay.id, visit_id=event.visit_id, lane_id=event.lane_id)

    return handle


def reason_of(found: Match) -> str:
    """What a person is asked of an exit that ended no stay."""
    return "exit_in_doubt" if isinstance(found, Ambiguous) else "exit_without_stay"


def free_by_either(conn: Connection, stay: Stay, plate: Plate | None, at: datetime, right: str | None) -> str | None:
    """Why it parks free, by the plate of either passage: one of them may be misread. `right` goes with the exit's `plate`."""
    by_exit = parks_free(conn, stay.id, plate, at, right=right)
    if by_exit is not None or stay.plate == plate:
        return by_exit
    return parks_free(conn, stay.id, stay.plate, at, right=right)


def to_close(
    uow: UnitOfWork, stay_id: StayId, exit_visit: VisitId, at: datetime
) -> tuple[OpenStay | StayInReview | None, dict[str, Any] | None]:
    """The stay as one that can end, and what it was where its doubts end with it.

    An exit is the proof that a doubtful one began, that a ghost was none, and that whoever came in with its plate later is another visit.
    """
    stay = store.get(uow.connection, stay_id)
    seen = {"exit_visit": exit_visit, "at": at}
    if isinstance(stay, DoubtfulStay):
        proved = service.confirm(uow, stay, "missed_entry", seen, passages=1)
        known_rights.settle(uow, proved)
        return proved, None
    if isinstance(stay, GhostStay):
        return service.confirm(uow, stay, "ghost_seen_leaving", seen, passages=1), None
    if isinstance(stay, StayInReview):
        before = corrections.snapshot(uow.connection, stay_id)
        sure = service.left_before_its_doubt(uow, stay, at)
        return (stay, None) if sure is None else (sure, before)
    return (stay, None) if isinstance(stay, OpenStay) else (None, None)


class PassedOut(NamedTuple):
    """A proven passage out, told now or kept; `named` is the stay that its lane took it for, as by a ticket."""

    visit_id: VisitId
    lane_id: LaneId
    plate: Plate | None
    votes: Votes | None
    at: datetime
    named: StayId | None


def known_to_have_left(uow: UnitOfWork, out: PassedOut, *, nobody_else: bool) -> StayId | None:
    """The stay that a rule has ended which had worked out this very passage: then the passage is explained, and counted twice.

    A passage after what the rule rests on is none that it had worked out: the rule erred, if it is that car at all. That takes its own
    plate to the letter, the last visit of that plate, nobody inside who may be meant, and no ticket of another visit.
    """
    texts, came_since, at = {one.text for one in out.votes.spellings} if out.votes is not None else set(), False, out.at
    for stay_id in finding.closed_around(uow.connection, texts, at):
        before = corrections.snapshot(uow.connection, stay_id)
        assert before is not None, "a closed stay is there"
        is_its_own = out.plate is not None and before["plate"] == out.plate.text
        erred = nobody_else and is_its_own and not came_since and out.named in (None, stay_id)
        came_since = came_since or is_its_own
        known = corrections.standing(uow.connection, stay_id)
        if known is None or not known.rule.startswith("missed_exit"):
            continue
        rests_on = known.evidence.get("at") or known.evidence.get("patrol_ended")
        if erred or at <= (parse_time(rests_on) if rests_on else known.at):
            seen = {"exit_visit": out.visit_id, "at": at}
            store.set_state(uow.connection, stay_id, exited_at=at, exit_lane_id=out.lane_id)
            corrections.record(
                uow, stay_id, "exit_arrived_late", before, seen, passages=1, counted_at=corrections.moment_of(known)
            )
            return stay_id
    return None


def kept(event: VehiclePassed, yes_at: datetime | None) -> dict[str, Any]:
    """What of a passage out is kept where no stay explains it."""
    return {
        "votes": event.votes.compact() if event.votes is not None else None,
        "yes_at": yes_at,
        "credential": event.credential.ref if event.credential is not None else None,
        "lot_id": event.lot_id,
        "picture_ref": event.picture_ref,
        "named": event.stay_id if event.credential is not None or event.plate is None else None,
        "right": event.right,
        "authorised": event.authorised,
    }


def end(cashier: Cashier) -> service.End:
    """Closes a stay of which evidence says when it left, with its bill."""

    def close_it(uow: UnitOfWork, stay: OpenStay, left: LeftThen) -> None:
        if left.visit_id is not None:
            fee_clocks.vehicle_left(uow.connection, left.at, left.visit_id, stay.id)
        free = known_rights.why_free(uow.connection, stay, left.priced_at)
        close(uow, cashier, stay, at=left.at, priced_at=left.priced_at, lane_id=left.lane_id, free=free)

    return close_it


def close(
    uow: UnitOfWork,
    cashier: Cashier,
    leaving: Stay,
    *,
    at: datetime,
    priced_at: datetime,
    lane_id: LaneId,
    free: str | None = None,
) -> None:
    """Close a stay and book its fee; what is in review is closed without a bill: a person prices it, as one that cannot be true.

    What somebody has not paid who parks `free` (by a pass, an invitation, a list) is waived: it leaves by right, so it is no debt.
    """
    if isinstance(leaving, OpenStay):
        to_price = priced(uow.connection, leaving)
        until = leaving.billed_until(priced_at, to_price.stops)
        if free is None and why_held(uow.connection, cashier, leaving, until, to_price) is not None:
            service.close_stay(uow, leaving, exited_at=at, lane_id=lane_id)
            if not store.open_cases(uow.connection, "charge_over_bound", leaving.id):
                cases.open_case(uow, "charge_over_bound", stay_id=leaving.id, lane_id=lane_id)
            return
        unpaid = cashier.post_due(uow, to_price, until, with_offers=free is None)
        if unpaid.minor > 0 and free is not None:
            cashier.let_off(uow, leaving.id, unpaid)
        elif unpaid.minor > 0 and not cashier.later.has_promised(uow.connection, leaving.id):
            cases.open_case(uow, "left_without_paying", stay_id=leaving.id, lane_id=lane_id)
    service.close_stay(uow, leaving, exited_at=at, lane_id=lane_id)
    if isinstance(leaving, StayInReview):
        cases.open_case(uow, "review_stay_left", stay_id=leaving.id, lane_id=lane_id)
