"""People put right what no rule could: whose exit it was, a plate that was misread, that a car has gone, that a bill is true.

Each step is a correction on record and can be taken back; money follows by counter-entries. Who asks is `actor`, and says why.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Row

from parking.emergency import fee_clocks
from parking.journeys import known_rights, leaving, owing, paying, taking_back
from parking.journeys.closing_by_hand import BY_HAND
from parking.journeys.ports import Cashier
from parking.kernel.errors import conflict
from parking.kernel.ids import CaseId, LaneId, StayId, VisitId
from parking.kernel.near_plates import folded
from parking.kernel.plate import Plate
from parking.kernel.votes import Votes
from parking.plumbing.db import UnitOfWork
from parking.sessions import cases, corrections, service, store, visits
from parking.sessions.corrections import EXIT_MATCHED
from parking.sessions.costs import Costs
from parking.sessions.desk import service as desk
from parking.sessions.model import OpenStay, StayInReview
from parking.sessions.stay_life import is_counted


def match_exit(
    uow: UnitOfWork, cashier: Cashier, visit_id: VisitId, stay_id: StayId, *, actor: str, reason: str
) -> str:
    """This exit was that stay's: it ends then, with its bill. Returns the correction.

    A stay that a person has given to another exit is taken back from it first: whose exit that was is a question once more.
    """
    out = visits.unmatched(uow.connection, visit_id)
    if out is None or out.stay_id is not None:
        raise conflict("exit.explained", "this exit is not waiting for its stay")
    row = taking_back.known(uow, stay_id)
    before_this = corrections.given_by_person(uow.connection, stay_id) if row.state == "closed" else None
    if before_this is not None:
        taking_back.undo(uow, cashier, before_this.id, actor=actor, reason=f"it left later: {reason}")
        desk.overtaken(uow, stay_id, before_this.id, by=actor, reason="its car left by another exit")
        row = taking_back.known(uow, stay_id)
    if row.state in taking_back.OVER or not row.entered_at <= out.exited_at:
        raise conflict("exit.not_its", "this stay had ended by then, or had not begun")
    before = corrections.snapshot(uow.connection, stay_id)
    stay, was = store.to_open(row), corrections.standing(uow.connection, stay_id)
    visits.explain(uow.connection, visit_id, stay_id)
    cases.answer(uow, CaseId(out.case_id), reason, by=actor)
    end_by(uow, cashier, stay, out)
    counts = (not is_counted(row.state)) - (not out.counted)
    counted_at = corrections.moment_of(was) if row.state == "ghost" and was is not None else out.exited_at
    return corrections.record(
        uow,
        stay_id,
        EXIT_MATCHED,
        before,
        {"exit_visit": visit_id},
        actor=actor,
        reason=reason,
        passages=counts,
        counted_at=counted_at,
    )


def end_by(uow: UnitOfWork, cashier: Cashier, stay: OpenStay | StayInReview, out: Row[Any]) -> None:
    """End a stay by an exit that was kept, with its bill until the lane's yes; a right of either plate counts, for one may be misread."""
    at = out.yes_at or out.exited_at
    fee_clocks.vehicle_left(uow.connection, out.exited_at, VisitId(out.visit_id), stay.id)
    free = leaving.free_by_either(uow.connection, stay, out.plate, at, out.right)
    free = free or known_rights.free_by(uow.connection, stay, out.plate, at)
    leaving.close(uow, cashier, stay, at=out.exited_at, priced_at=at, lane_id=LaneId(out.lane_id), free=free)


def reread(uow: UnitOfWork, cashier: Cashier, stay_id: StayId, plate: Plate, *, actor: str, reason: str) -> str:
    """The entry's plate was misread: this is what it says. One that is inside by another stay has left before, or is a conflict.

    What one that has left still owes is owed as this plate owes it. Returns the correction; what ended the other stay goes with it.
    """
    row = taking_back.known(uow, stay_id)
    inside = store.open_by_plate(uow.connection, plate) if row.state == "open" else None
    ended = None
    if inside is not None and inside.id != stay_id:
        here = replace(store.to_open(row), plate=plate, votes=Votes.lone(plate.text))
        ended = service.ended_before(uow, inside, here, Costs(), leaving.end(cashier))
        if ended is None:
            raise conflict("stay.plate_inside", "this plate is inside by another stay: settle that one first")
    before = corrections.snapshot(uow.connection, stay_id)
    votes = (Votes.parse(row.votes) if row.votes else Votes()).led_by(plate.text)
    values = {"plate": plate, "votes": votes.compact(), "folded": folded(plate.text)}
    store.set_state(uow.connection, stay_id, **values)
    if row.state not in taking_back.OVER:
        store.put_keys(uow.connection, stay_id, plate, votes)
    else:
        _settle_anew(uow, cashier, stay_id, row.plate)
    seen = {taking_back.ENDED: ended} if ended is not None else {}
    return corrections.record(uow, stay_id, "plate_reread", before, seen, actor=actor, reason=reason)


def _settle_anew(uow: UnitOfWork, cashier: Cashier, stay_id: StayId, misread: Plate | None) -> None:
    """One that has left owes as its true plate does; what somebody has paid he has paid, and nobody else's coupons are used for it."""
    if any(one.is_live for one in cashier.payments_of(uow.connection, stay_id)):
        raise conflict("stay.being_paid", "a payment of this stay is under way: wait for its end")
    owed = owing.owes(uow.connection, cashier, stay_id)
    others = cashier.give_back_coupons(uow, stay_id, misread) if misread is not None else None
    if misread is not None:
        known_rights.misread(uow.connection, store.to_open(taking_back.known(uow, stay_id)), misread)
    if owed:
        taking_back.bill_again(uow, cashier, stay_id, taking_back.bill(uow, cashier, stay_id))
    if others is not None:
        cashier.bear(uow, stay_id, others)
        owing.settled(uow, cashier, stay_id)


def gone(uow: UnitOfWork, stay_id: StayId, *, actor: str, reason: str) -> str:
    """The car has left, nobody knows when: its stay is not billed."""
    row = taking_back.known(uow, stay_id)
    if row.state not in ("open", "review", "doubtful"):
        raise conflict("stay.over", "this stay is over already")
    before = corrections.snapshot(uow.connection, stay_id)
    store.set_state(uow.connection, stay_id, state="ghost")
    counts = -is_counted(row.state)
    return corrections.record(uow, stay_id, "gone_unseen", before, {}, actor=actor, reason=reason, passages=counts)


def close_now(uow: UnitOfWork, cashier: Cashier, stay_id: StayId, *, actor: str, reason: str) -> str:
    """The car leaves now, or has just left: its stay ends, with its bill."""
    row = taking_back.known(uow, stay_id)
    if row.state in taking_back.OVER:
        raise conflict("stay.closed", "this stay has ended already")
    before = corrections.snapshot(uow.connection, stay_id)
    stay = store.to_open(row)
    free = known_rights.why_free(uow.connection, stay, uow.now)
    leaving.close(uow, cashier, stay, at=uow.now, priced_at=uow.now, lane_id=BY_HAND, free=free)
    counts = -is_counted(row.state)
    return corrections.record(uow, stay_id, "closed_by_hand", before, {}, actor=actor, reason=reason, passages=counts)


def confirm(uow: UnitOfWork, stay: StayInReview, *, actor: str, reason: str) -> str:
    """A stay in review is true as recorded, unless its plate is inside by another one."""
    if stay.plate is not None and store.open_by_plate(uow.connection, stay.plate) is not None:
        raise conflict("stay.plate_inside", "this plate is inside by another stay: close that one first")
    before = corrections.snapshot(uow.connection, stay.id)
    service.reopen(uow, stay)
    return corrections.record(uow, stay.id, "confirmed", before, {}, actor=actor, reason=reason)


def bill_is_true(
    uow: UnitOfWork, cashier: Cashier, stay_id: StayId, *, actor: str, reason: str, asks: bool = True
) -> str:
    """However high it is: an open stay's bill can be paid from now on, a closed one's is booked as if nobody had held it.

    `asks`: what nobody has paid of it is a question for a person.
    """
    row = taking_back.known(uow, stay_id)
    if row.state not in ("open", "closed"):
        raise conflict("stay.not_billed", "this stay has no bill to confirm")
    before = corrections.snapshot(uow.connection, stay_id)
    if row.state == "closed":
        stay = store.to_open(row)
        to_price = paying.priced(uow.connection, stay)
        unpaid = cashier.post_due(uow, to_price, stay.billed_until(row.exited_at, to_price.stops))
        if asks and unpaid.minor > 0:
            owing.owed_again(uow, cashier, stay_id)
            if not cashier.later.has_promised(uow.connection, stay_id):
                cases.open_case(uow, owing.LEFT_UNPAID, stay_id=stay_id, lane_id=LaneId(row.exit_lane_id))
    return corrections.record(uow, stay_id, paying.BILL_IS_TRUE, before, {}, actor=actor, reason=reason)
