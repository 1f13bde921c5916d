"""Two stays that were one visit, and one stay that was two: people say so, and others hold in the place of what was wrong.

Whatever belonged to a stay goes to those that hold in its place: its right, its coupons, what had stopped its fee clock.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from parking.access import following
from parking.access.service import parks_free
from parking.journeys import known_rights, leaving, taking_back
from parking.journeys.ports import Cashier
from parking.kernel.errors import conflict, invalid
from parking.kernel.ids import LaneId, StayId, VisitId
from parking.plumbing.db import UnitOfWork
from parking.sessions import cases, corrections, places, store
from parking.sessions.model import TWO_OF_ONE_PLATE, OpenStay
from parking.sessions.stay_life import is_counted


def merge(
    uow: UnitOfWork, cashier: Cashier, later_id: StayId, into_id: StayId, *, actor: str, reason: str
) -> tuple[str, ...]:
    """Two stays are one visit: the later is merged into the earlier, which goes on, or ends, as the later did."""
    conn = uow.connection
    later, earlier = taking_back.known(uow, later_id), taking_back.known(uow, into_id)
    if (
        later_id == into_id
        or later.entered_at < earlier.entered_at
        or {later.state, earlier.state} & {"merged", "split"}
    ):
        raise invalid("merge.order", "merge the later of two stays into the earlier", field="stay_id")
    before = {one: corrections.snapshot(conn, one) for one in (later_id, into_id)}
    _refuse_what_is_settled(uow, cashier, later_id, "merge")
    of_earlier, taken = taking_back.bill(uow, cashier, into_id), taking_back.bill(uow, cashier, later_id)
    taking_back.hand_on(uow, cashier, later_id, (into_id,))
    _hand_right_on(uow, later_id, into_id, later.entered_at)
    _answer(uow, later_id, actor, reason, also=into_id, now_of=into_id)
    store.set_state(conn, later_id, state="merged", into_ids=into_id)
    if later.state == "closed":
        until = taken.until or later.exited_at
        stay = store.to_open(earlier)
        free = known_rights.why_free(conn, stay, until)
        lane_id = LaneId(later.exit_lane_id)
        leaving.close(uow, cashier, stay, at=later.exited_at, priced_at=until, lane_id=lane_id, free=free)
        taking_back.dispute_again(uow, cashier, into_id, taken._replace(disputed=taken.disputed or of_earlier.disputed))
    else:
        third = store.open_by_plate(conn, earlier.plate) if earlier.plate is not None else None
        is_doubted = third is not None and third.id not in (later_id, into_id)  # it came in a third time
        store.set_state(conn, into_id, state="review" if is_doubted else "open", exited_at=None, exit_lane_id=None)
        taking_back.find_again(uow, into_id)
    seen = {"into": into_id, "merged": later_id}
    counted = (later.state != "closed") - is_counted(earlier.state) - is_counted(later.state)

    def record(one: StayId, rule: str, was: taking_back.Taken, passages: int) -> str:
        evidence = seen | was.evidence
        return corrections.record(uow, one, rule, before[one], evidence, actor=actor, reason=reason, passages=passages)

    first = record(later_id, "merged", taken, counted)
    second = record(into_id, taking_back.TOOK_IN, of_earlier, 0)
    return first, second  # taken back in reverse: the earlier has to be out of the way before the later is inside again


def split(
    uow: UnitOfWork,
    cashier: Cashier,
    stay_id: StayId,
    left_at: datetime,
    came_at: datetime,
    *,
    actor: str,
    reason: str,
) -> tuple[StayId, StayId]:
    """One stay was two visits, left at `left_at` and come again at `came_at`: two stays take its place."""
    conn, row = uow.connection, taking_back.known(uow, stay_id)
    ends = row.exited_at or uow.now
    if row.state in ("merged", "split") or not row.entered_at <= left_at <= came_at <= ends:
        raise invalid("split.times", "should lie within the stay, the exit before the second entry", field="left_at")
    _refuse_what_is_settled(uow, cashier, stay_id, "split")
    before, whole = corrections.snapshot(conn, stay_id), store.to_open(row)
    first = _part(whole, StayId(uow.ids.new(row.entered_at)), row.entered_at)
    second = _part(whole, StayId(uow.ids.new(came_at)), came_at)
    taken = taking_back.bill(uow, cashier, stay_id)
    taking_back.hand_on(uow, cashier, stay_id, (first.id, second.id))
    store.set_state(conn, stay_id, state="split", into_ids=f"{first.id} {second.id}")
    lane, stood = LaneId(row.exit_lane_id or row.lane_id), places.of_stay(conn, stay_id)
    for part in (first, second) if stood else ():
        places.came_into(conn, part.id, part.entered_at, stood[-1].lot_id, stood[-1].right)
    store.insert(conn, first, state="review")
    free = _why_free(uow, stay_id, first, left_at)
    leaving.close(uow, cashier, first, at=left_at, priced_at=left_at, lane_id=lane, free=free)
    store.insert(conn, second, state="review" if row.state == "closed" else row.state)
    if row.state == "closed":
        until = taken.until if taken.until is not None and came_at <= taken.until <= ends else ends
        free = _why_free(uow, stay_id, second, until)
        leaving.close(uow, cashier, second, at=ends, priced_at=until, lane_id=lane, free=free)
        for part in (first, second):
            taking_back.dispute_again(uow, cashier, part.id, taken)
    else:
        following.hand_on(uow, stay_id, second.id)
    _answer(uow, stay_id, actor, reason, now_of=second.id)
    for one in (first, second):
        corrections.record(uow, one.id, taking_back.SPLIT_FROM, None, {"of": stay_id}, actor=actor, reason=reason)
    parts = {"first": first.id, "second": second.id} | taken.evidence
    corrections.record(uow, stay_id, "split", before, parts, actor=actor, reason=reason)
    return first.id, second.id


def _why_free(uow: UnitOfWork, whole: StayId, part: OpenStay, until: datetime) -> str | None:
    """Why a part costs nothing: by the right of the whole, while that is inside by one, else by what its plate may claim."""
    came_by = known_rights.right_on_record(uow.connection, whole)
    by_whole = parks_free(uow.connection, whole, part.plate, until, right=came_by)
    return by_whole or known_rights.why_free(uow.connection, part, until)


def _refuse_what_is_settled(uow: UnitOfWork, cashier: Cashier, stay_id: StayId, deed: str) -> None:
    """No payment and nothing that a person gave up is lost with the stay that it was for."""
    if cashier.has_money(uow.connection, stay_id):
        raise conflict(f"{deed}.paid", "this stay has payments of its own: settle those first")
    if cashier.has_waiver(uow.connection, stay_id):
        raise conflict(f"{deed}.waived", "something of this stay was given up: take that back first")


def _hand_right_on(uow: UnitOfWork, stay_id: StayId, to: StayId, since: datetime) -> None:
    """A visit has the right by which either of its stays came in."""
    conn, right = uow.connection, known_rights.right_on_record(uow.connection, stay_id)
    if right is None or known_rights.right_on_record(conn, to) is not None:
        following.left(uow, stay_id)
        return
    inside = following.hand_on(uow, stay_id, to)
    places.came_into(conn, to, since, inside.lot_id if inside is not None else None, right)


def _answer(
    uow: UnitOfWork, gone: StayId, actor: str, reason: str, *, also: StayId | None = None, now_of: StayId | None = None
) -> None:
    """What was asked of a stay that holds no more is answered; whether another's entry was its second is asked of `now_of`."""
    of_both = store.open_cases_of(uow.connection, also) if also is not None else []
    asked = [*store.open_cases_of(uow.connection, gone), *(one for one in of_both if one.visit_id == VisitId(gone))]
    for case in asked:
        cases.answer(uow, case.id, reason, by=actor)
        if now_of is not None and case.stay_id == gone and case.reason in TWO_OF_ONE_PLATE:
            cases.open_case(uow, case.reason, stay_id=now_of, visit_id=case.visit_id, lane_id=case.lane_id)


def _part(whole: OpenStay, stay_id: StayId, entered_at: datetime) -> OpenStay:
    bare = OpenStay(whole.id, whole.plate, whole.entered_at, whole.lane_id, whole.tariff_version)
    return replace(bare, id=stay_id, entered_at=entered_at, votes=whole.votes, lot_id=whole.lot_id)
