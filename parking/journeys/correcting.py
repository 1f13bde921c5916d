"""People put right what no rule could: whose exit it was, one visit that was two, two that were one, a plate that was misread.

Each step is a correction on record and can be taken back; money follows by counter-entries. Who asks is `actor`, and says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from parking.emergency import emergency_store, fee_clocks
from parking.journeys import known_rights, leaving, owing, paying
from parking.journeys.closing_by_hand import BY_HAND
from parking.journeys.ports import Cashier
from parking.kernel.codec import parse_time
from parking.kernel.errors import conflict, invalid, not_found
from parking.kernel.ids import CaseId, LaneId, StayId, VisitId
from parking.kernel.near_plates import folded
from parking.kernel.plate import Plate
from parking.kernel.votes import Votes
from parking.plumbing.db import UnitOfWork
from parking.sessions import corrections, evidence, service, store, visits
from parking.sessions.corrections import EXIT_MATCHED, Correction
from parking.sessions.costs import Costs
from parking.sessions.desk import service as desk
from parking.sessions.desk import store as desk_store
from parking.sessions.model import ClosedStay, OpenStay, StayInReview

_OVER = ("closed", "merged", "split")
"""What has ended for good; a ghost may live again."""
_TIMES = ("entered_at", "priced_at", "leave_by", "exited_at", "seen_at", "leaving_at")


def match_exit(
    uow: UnitOfWork, cashier: Cashier, visit_id: VisitId, stay_id: StayId, *, actor: str, reason: str
) -> str:
    """This exit was that stay's: it ends then, with its bill. Returns the correction.

    A stay that a person has given to another exit is taken back from it first: whose exit that was is a question once more.
    """
    out = visits.unmatched(uow.connection, visit_id)
    if out is None or out.stay_id is not None:
        raise conflict("exit.explained", "this exit is not waiting for its stay")
    row = _row(uow, stay_id)
    before_this = corrections.given_by_person(uow.connection, stay_id) if row.state == "closed" else None
    if before_this is not None:
        undo(uow, cashier, before_this.id, actor=actor, reason=f"it left later: {reason}")
        desk.overtaken(uow, stay_id, before_this.id, by=actor, reason="its car left by another exit")
        row = _row(uow, stay_id)
    if row.state in _OVER or not row.entered_at <= out.exited_at:
        raise conflict("exit.not_its", "this stay had ended by then, or had not begun")
    before = corrections.snapshot(uow.connection, stay_id)
    stay = store.to_open(row)
    visits.explain(uow.connection, visit_id, stay_id)
    store.close_case(uow.connection, CaseId(out.case_id), by=actor, note=reason, at=uow.now)
    end_by(uow, cashier, stay, out)
    counts = {"ghost": 1, "doubtful": 1}.get(row.state, 0) - (not out.counted)
    return corrections.record(
        uow, stay_id, EXIT_MATCHED, before, {"exit_visit": visit_id}, actor=actor, reason=reason, passages=counts
    )


def end_by(uow: UnitOfWork, cashier: Cashier, stay: OpenStay | StayInReview, out: Row[Any]) -> None:
    """End a stay by an exit that was kept, with its bill until the lane's yes; a right of either plate counts, for one may be misread."""
    at = out.yes_at or out.exited_at
    fee_clocks.vehicle_left(uow.connection, out.exited_at, VisitId(out.visit_id), stay.id)
    free = leaving.free_by_either(uow.connection, stay, out.plate, at, out.right)
    free = free or known_rights.free_by(uow.connection, stay, out.plate, at)
    leaving.close(uow, cashier, stay, at=out.exited_at, priced_at=at, lane_id=LaneId(out.lane_id), free=free)


def reread(
    uow: UnitOfWork, cashier: Cashier, stay_id: StayId, plate: Plate, *, actor: str, reason: str
) -> tuple[str, ...]:
    """The entry's plate was misread: this is what it says. One that is inside by another stay has left before, or is a conflict.

    Returns the corrections: the one that ended the other stay, where there was one, and this.
    """
    row = _row(uow, stay_id)
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
    if row.state not in _OVER:
        store.put_keys(uow.connection, stay_id, plate, votes)
    done = corrections.record(uow, stay_id, "plate_reread", before, {}, actor=actor, reason=reason)
    return (done,) if ended is None else (ended, done)


def merge(
    uow: UnitOfWork, cashier: Cashier, later_id: StayId, into_id: StayId, *, actor: str, reason: str
) -> tuple[str, ...]:
    """Two stays are one visit: the later is merged into the earlier, which goes on, or ends, as the later did."""
    later, earlier = _row(uow, later_id), _row(uow, into_id)
    if (
        later_id == into_id
        or later.entered_at < earlier.entered_at
        or {later.state, earlier.state} & {"merged", "split"}
    ):
        raise invalid("merge.order", "merge the later of two stays into the earlier", field="stay_id")
    before = {one: corrections.snapshot(uow.connection, one) for one in (later_id, into_id)}
    if cashier.payments_of(uow.connection, later_id):
        raise conflict("merge.paid", "the later stay has payments of its own: settle those first")
    for stay_id in (later_id, into_id):
        _take_back(uow, cashier, stay_id)
    store.set_state(uow.connection, later_id, state="merged", into_ids=into_id)
    if later.state == "closed":
        at = later.exited_at
        leaving.close(uow, cashier, store.to_open(earlier), at=at, priced_at=at, lane_id=LaneId(later.exit_lane_id))
    else:
        store.set_state(uow.connection, into_id, state="open", exited_at=None, exit_lane_id=None)
        _find_again(uow, into_id)
    seen = {"into": into_id, "merged": later_id}
    counted = 0 if earlier.state == "ghost" else -1  # one car was counted in twice
    return tuple(
        corrections.record(uow, one, rule, before[one], seen, actor=actor, reason=reason, passages=counts)
        for one, rule, counts in ((into_id, "took_in_another", 0), (later_id, "merged", counted))
    )


def gone(uow: UnitOfWork, stay_id: StayId, *, actor: str, reason: str) -> str:
    """The car has left, nobody knows when: its stay is not billed."""
    row = _row(uow, stay_id)
    if row.state not in ("open", "review", "doubtful"):
        raise conflict("stay.over", "this stay is over already")
    before = corrections.snapshot(uow.connection, stay_id)
    store.set_state(uow.connection, stay_id, state="ghost")
    counted = 0 if row.state == "doubtful" else -1
    return corrections.record(uow, stay_id, "gone_unseen", before, {}, actor=actor, reason=reason, passages=counted)


def close_now(uow: UnitOfWork, cashier: Cashier, stay_id: StayId, *, actor: str, reason: str) -> str:
    """The car leaves now, or has just left: its stay ends, with its bill."""
    row = _row(uow, stay_id)
    if row.state in _OVER:
        raise conflict("stay.closed", "this stay has ended already")
    before = corrections.snapshot(uow.connection, stay_id)
    leaving.close(uow, cashier, store.to_open(row), at=uow.now, priced_at=uow.now, lane_id=BY_HAND)
    counted = {"ghost": 0, "doubtful": 0}.get(row.state, -1)
    return corrections.record(uow, stay_id, "closed_by_hand", before, {}, actor=actor, reason=reason, passages=counted)


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
    row = _row(uow, stay_id)
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
                service.open_case(uow, owing.LEFT_UNPAID, stay_id=stay_id, lane_id=LaneId(row.exit_lane_id))
    return corrections.record(uow, stay_id, paying.BILL_IS_TRUE, before, {}, actor=actor, reason=reason)


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
    row = _row(uow, stay_id)
    ends = row.exited_at or uow.now
    if row.state in ("merged", "split") or not row.entered_at <= left_at <= came_at <= ends:
        raise invalid("split.times", "should lie within the stay, the exit before the second entry", field="left_at")
    if cashier.payments_of(uow.connection, stay_id):
        raise conflict("split.paid", "this stay has payments: settle those first")
    before = corrections.snapshot(uow.connection, stay_id)
    _take_back(uow, cashier, stay_id)
    whole = store.to_open(row)
    first, second = StayId(uow.ids.new(row.entered_at)), StayId(uow.ids.new(came_at))
    store.set_state(uow.connection, stay_id, state="split", into_ids=f"{first} {second}")
    lane = LaneId(row.exit_lane_id or row.lane_id)
    store.insert(uow.connection, _new(whole, first, row.entered_at), state="review")
    leaving.close(uow, cashier, _new(whole, first, row.entered_at), at=left_at, priced_at=left_at, lane_id=lane)
    store.insert(uow.connection, _new(whole, second, came_at), state="review" if row.state == "closed" else row.state)
    if row.state == "closed":
        leaving.close(uow, cashier, _new(whole, second, came_at), at=ends, priced_at=ends, lane_id=lane)
    parts = {"first": first, "second": second}
    for one in (first, second):
        corrections.record(uow, one, "split_from", None, {"of": stay_id}, actor=actor, reason=reason)
    corrections.record(uow, stay_id, "split", before, parts, actor=actor, reason=reason)
    return first, second


def undo(uow: UnitOfWork, cashier: Cashier, correction_id: str, *, actor: str, reason: str) -> str:
    """Take a correction back: the stay is as it was, its bill by counter-entries; what has changed since is a conflict."""
    done = corrections.undoable(uow.connection, correction_id)
    before, after = done.before, done.after or {}
    if before is None:
        raise conflict("correction.beginning", "a stay that a correction began is taken back with what it came from")
    parts = _parts(done)
    _refuse_what_rests_on(uow, cashier, parts, before)
    if before["state"] == "open" and before["plate"] is not None:
        inside = store.open_by_plate(uow.connection, Plate(before["plate"]))
        if inside is not None and inside.id not in (done.stay_id, *parts):
            raise conflict("stay.plate_inside", "this plate is inside by another stay: settle that one first")
    _take_back(uow, cashier, done.stay_id)
    _take_back_parts(uow, cashier, done)
    _restore(uow, done.stay_id, before)
    if done.rule == evidence.NOT_SEEN_SINCE:
        store.set_state(uow.connection, done.stay_id, leaving_at=None)  # or the next round would end it again
    if before["state"] == "closed" and done.rule != paying.BILL_IS_TRUE:
        _bill_again(uow, cashier, done.stay_id)
    visit = done.evidence.get("exit_visit")
    if visit is not None and after.get("state") == "closed" and visits.unmatched(uow.connection, VisitId(visit)):
        visits.explain(uow.connection, VisitId(visit), None)
        emergency_store.unname_stay(uow.connection, VisitId(visit), done.stay_id)
        desk_store.reopen_case(uow.connection, CaseId(visits.case_of(uow.connection, VisitId(visit))))
    return corrections.record(
        uow,
        done.stay_id,
        f"undo_{done.rule}"[:48],
        after,
        {},
        actor=actor,
        reason=reason,
        passages=-done.passages,
        undoes=done.id,
    )


def _take_back(uow: UnitOfWork, cashier: Cashier, stay_id: StayId) -> None:
    """The bill goes by a counter-entry, and so does whatever followed from a debt."""
    if cashier.take_back(uow, stay_id) is not None:
        owing.settled(uow, cashier, stay_id)


def _parts(done: Correction) -> tuple[StayId, ...]:
    """The stays into which one was split."""
    return tuple(StayId(done.evidence[name]) for name in ("first", "second")) if done.rule == "split" else ()


def _refuse_what_rests_on(
    uow: UnitOfWork, cashier: Cashier, parts: tuple[StayId, ...], before: Mapping[str, Any]
) -> None:
    """A split is not taken back over what has happened to its parts since."""
    if parts and _row(uow, parts[1]).state != before["state"]:
        raise conflict("split.went_on", "the second of these visits has changed since: settle that one first")
    if any(cashier.payments_of(uow.connection, part) for part in parts):
        raise conflict("split.paid", "one of these visits has payments: settle those first")


def _take_back_parts(uow: UnitOfWork, cashier: Cashier, done: Correction) -> None:
    """The stays into which one was split go back with it."""
    for part in _parts(done):
        _take_back(uow, cashier, part)
        before = corrections.snapshot(uow.connection, part)
        store.set_state(uow.connection, part, state="merged", into_ids=done.stay_id)
        corrections.record(uow, part, "split_taken_back", before, {"of": done.stay_id}, actor=done.actor)


def _restore(uow: UnitOfWork, stay_id: StayId, before: Mapping[str, Any]) -> None:
    values = {name: value for name, value in before.items() if name != "id"}
    for name in _TIMES:
        values[name] = parse_time(values[name]) if values.get(name) else None
    plate = Plate(values["plate"]) if values["plate"] else None
    values |= {"plate": plate, "folded": folded(plate.text) if plate is not None else None}
    store.set_state(uow.connection, stay_id, **values)
    if values["state"] not in _OVER:
        _find_again(uow, stay_id)


def _find_again(uow: UnitOfWork, stay_id: StayId) -> None:
    row = _row(uow, stay_id)
    store.put_keys(uow.connection, stay_id, row.plate, Votes.parse(row.votes) if row.votes else None)


def _bill_again(uow: UnitOfWork, cashier: Cashier, stay_id: StayId) -> None:
    closed = store.get(uow.connection, stay_id)
    assert isinstance(closed, ClosedStay)
    stay = store.to_open(_row(uow, stay_id))
    leaving.close(uow, cashier, stay, at=closed.exited_at, priced_at=closed.exited_at, lane_id=closed.exit_lane_id)


def _new(whole: OpenStay, stay_id: StayId, entered_at: datetime) -> OpenStay:
    bare = OpenStay(whole.id, whole.plate, whole.entered_at, whole.lane_id, whole.tariff_version)
    return replace(bare, id=stay_id, entered_at=entered_at, votes=whole.votes, lot_id=whole.lot_id)


def _row(uow: UnitOfWork, stay_id: StayId) -> Row[Any]:
    row = store.row_of(uow.connection, stay_id)
    if row is None:
        raise not_found("stay.unknown", "this stay is not known")
    return row
