"""Opens, closes and corrects stays on evidence. Nothing is merged silently: what is put right is on record, what is undecidable a case."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from parking.kernel.events import StayClosed, StayOpened, StaySettled
from parking.kernel.ids import CaseId, LaneId, LotId, StayId, VisitId
from parking.kernel.near_plates import folded, tail
from parking.kernel.plate import Plate
from parking.kernel.votes import UNREAD, Votes
from parking.plumbing.db import UnitOfWork
from parking.sessions import cases, corrections, finding, store, visits
from parking.sessions.costs import Costs
from parking.sessions.model import (
    TWO_OF_ONE_PLATE,
    ClosedStay,
    DoubtfulStay,
    GhostStay,
    OpenStay,
    Stay,
    StayInReview,
)
from parking.sessions.stay_life import (
    Earlier,
    GoneUnseen,
    LateExit,
    LeftThen,
    ReadAnew,
    Undecided,
    is_clear,
    on_second_entry,
)

End = Callable[[UnitOfWork, OpenStay, LeftThen], None]
"""Closes a stay with its bill; who knows prices hands it in."""


def open_stay(
    uow: UnitOfWork,
    stay_id: StayId,
    plate: Plate | None,
    *,
    entered_at: datetime,
    lane_id: LaneId,
    tariff_version: str,
    votes: Votes | None = None,
    lot_id: LotId | None = None,
    authorised: bool = True,
    has_left: bool = False,
    costs: Costs | None = None,
    end: End | None = None,
) -> OpenStay:
    """Open a stay on a proven entry.

    A plate that is inside already cannot enter: what became of the earlier of the two stays is judged by what was seen in between,
    in whatever order they arrive; `end` closes it with its bill where the judgement knows when it left. One that `has_left` (its exit
    arrived first; the caller closes it) disturbs nobody who came in after it. The same `stay_id` twice changes nothing.
    """
    known = store.get(uow.connection, stay_id)
    new = OpenStay(stay_id, plate, entered_at, lane_id, tariff_version, votes=votes, lot_id=lot_id)
    if isinstance(known, DoubtfulStay):
        confirm(uow, known, "passage_proved", {}, passages=0)
        return new
    if known is not None:
        return known if isinstance(known, OpenStay) else new
    prices = costs or Costs()
    inside = store.open_by_plate(uow.connection, plate) if plate else None
    if inside is None:
        store.insert(uow.connection, new)
        new = _settle_misread_return(uow, new, prices, end)
        uow.publish(StayOpened(stay_id, new.plate, entered_at, lane_id, tariff_version))
    elif inside.entered_at <= entered_at:
        store.insert(uow.connection, new, state="review")
        new = settle_second_entry(uow, inside, new, prices, end)
        store.set_state(uow.connection, stay_id, state="open")
        uow.publish(StayOpened(stay_id, new.plate, entered_at, lane_id, tariff_version))
    else:
        store.insert(uow.connection, new, state="review")
        uow.publish(StayOpened(stay_id, plate, entered_at, lane_id, tariff_version))
        if not has_left:
            settle_second_entry(uow, new, inside, prices, end)
    if plate is None:  # one car, one question: who drove in unread and unauthorised is not asked about twice
        reason = "entry_without_plate" if authorised else "unauthorised_entry"
        cases.open_case(uow, reason, stay_id=stay_id, visit_id=VisitId(stay_id), lane_id=lane_id)
    return new


def settle_second_entry(uow: UnitOfWork, earlier: OpenStay, later: OpenStay, costs: Costs, end: End | None) -> OpenStay:
    """Do with the earlier stay of a plate what the evidence says; the later one, as it is now."""
    conn, came = uow.connection, later.entered_at
    verdict = on_second_entry(_between(conn, earlier, later), later.votes, came, costs)
    evidence = {"later_entry": later.id, "at": came}
    if isinstance(verdict, ReadAnew):
        anew = read_anew(uow, later if verdict.later else earlier, verdict, evidence | {"earlier_entry": earlier.id})
        if verdict.later:
            store.set_state(conn, earlier.id, state="open")
        return anew if verdict.later else later
    if isinstance(verdict, Undecided):
        store.set_state(conn, earlier.id, state="review")
        cases.open_case(uow, verdict.reason, stay_id=earlier.id, visit_id=VisitId(later.id), lane_id=later.lane_id)
        return later
    apply(uow, earlier, verdict, evidence, end)
    return later


def _settle_misread_return(uow: UnitOfWork, later: OpenStay, costs: Costs, end: End | None) -> OpenStay:
    """A car that has left unseen comes in again, and its province is misread: its earlier stay ends, the later has the plate of both.

    Two cars that differ in their province alone, of which one has been let out and the other is read with a doubt between both, are
    rarer by far. Where nothing says when the earlier left, they stay two cars. Returns the later, as it is now.
    """
    votes = later.votes
    if later.plate is None or votes is None or is_clear(votes, costs):
        return later
    for one in votes.spellings[1:]:
        is_near = one.behind > -costs.sure_known and tail(one.text) == tail(later.plate.text) and UNREAD not in one.text
        earlier = store.open_by_plate(uow.connection, Plate(one.text)) if is_near else None
        if earlier is None:
            continue
        as_both = replace(later, plate=Plate(one.text), votes=votes.led_by(one.text))
        if ended_before(uow, earlier, as_both, costs, end) is not None:
            anew = ReadAnew(True, Plate(one.text), as_both.votes or votes)
            seen = {"later_entry": later.id, "earlier_entry": earlier.id, "at": later.entered_at}
            return read_anew(uow, later, anew, seen)
    return later


def ended_before(uow: UnitOfWork, earlier: OpenStay, later: OpenStay, costs: Costs, end: End | None) -> str | None:
    """End the earlier of two stays of one plate, if an exit let it out or saw it out in between; the correction, None where none did."""
    if earlier.entered_at > later.entered_at:
        return None
    verdict = on_second_entry(_between(uow.connection, earlier, later), later.votes, later.entered_at, costs)
    if not isinstance(verdict, LeftThen) or verdict.visit_id is None:
        return None
    return apply(uow, earlier, verdict, {"later_entry": later.id, "at": later.entered_at}, end)


def _between(conn: Connection, earlier: OpenStay, later: OpenStay) -> Earlier:
    """A stay whose plate comes in again, with what was seen in between."""
    assert earlier.plate is not None
    came = later.entered_at
    out = visits.earliest_unmatched(conn, earlier.id, earlier.plate, _texts(earlier), earlier.entered_at, came)
    return Earlier(
        earlier,
        visits.let_through(conn, [earlier.plate.text], leaving=True, since=earlier.entered_at, until=came),
        LateExit(VisitId(out.visit_id), out.exited_at, LaneId(out.lane_id), out.yes_at, out.counted) if out else None,
        finding.has_lookalike(conn, earlier.plate),
        frozenset(text for text in {*_texts(earlier), *_texts(later)} if store.open_by_plate(conn, Plate(text))),
        visits.somebody_left_unread(conn, earlier.entered_at, came),
    )


def read_anew(uow: UnitOfWork, stay: OpenStay, verdict: ReadAnew, evidence: Mapping[str, Any]) -> OpenStay:
    """Keep another plate for a stay, as its own pictures leave it open, on record; found by both spellings."""
    conn = uow.connection
    before = corrections.snapshot(conn, stay.id)
    values = {"plate": verdict.plate, "votes": verdict.votes.compact(), "folded": folded(verdict.plate.text)}
    store.set_state(conn, stay.id, state="open", **values)
    store.put_keys(conn, stay.id, verdict.plate, verdict.votes)
    corrections.record(uow, stay.id, verdict.rule, before, evidence)
    return replace(stay, plate=verdict.plate, votes=verdict.votes)


def _texts(stay: OpenStay) -> Iterable[str]:
    """How an exit may have read this car: as its entry did, or as that entry left open."""
    spelt = [one.text for one in stay.votes.spellings] if stay.votes is not None else []
    return {*spelt, *([stay.plate.text] if stay.plate is not None else [])}


def apply(
    uow: UnitOfWork, stay: OpenStay, verdict: LeftThen | GoneUnseen, evidence: Mapping[str, Any], end: End | None
) -> str:
    """End a stay as the evidence says, on record; the correction's id."""
    conn = uow.connection
    before = corrections.snapshot(conn, stay.id)
    if isinstance(verdict, GoneUnseen):
        store.set_state(conn, stay.id, state="ghost")
        return corrections.record(uow, stay.id, verdict.rule, before, evidence, passages=-1)
    out = visits.unmatched(conn, verdict.visit_id) if verdict.visit_id is not None else None
    if out is not None:
        visits.explain(conn, VisitId(out.visit_id), stay.id)
        cases.answer(uow, CaseId(out.case_id), verdict.rule)
    if end is not None:
        end(uow, stay, verdict)
    else:
        close_stay(uow, stay, exited_at=verdict.at, lane_id=verdict.lane_id)
    seen = {**evidence, "exit_visit": verdict.visit_id}
    return corrections.record(uow, stay.id, verdict.rule, before, seen, passages=0 if verdict.counted else -1)


def confirm(
    uow: UnitOfWork, stay: DoubtfulStay | GhostStay, rule: str, evidence: Mapping[str, Any], *, passages: int
) -> OpenStay:
    """Evidence shows that a doubtful stay's car, or a ghost's, is or was inside: it is open again, unless its plate is by another stay.

    Then it is handed back open all the same, for who closes it at once.
    """
    conn = uow.connection
    before = corrections.snapshot(conn, stay.id)
    row = store.row_of(conn, stay.id)
    assert row is not None
    taken = stay.plate is not None and store.open_by_plate(conn, stay.plate) is not None
    store.set_state(conn, stay.id, state="review" if taken else "open")
    standing = corrections.standing(conn, stay.id)
    was_ghost = standing if isinstance(stay, GhostStay) else None
    how = (was_ghost.id, corrections.moment_of(was_ghost)) if was_ghost is not None else (None, None)
    corrections.record(uow, stay.id, rule, before, evidence, passages=passages, undoes=how[0], counted_at=how[1])
    uow.publish(StayOpened(stay.id, stay.plate, stay.entered_at, stay.lane_id, stay.tariff_version))
    return store.to_open(row)


def left_before_its_doubt(uow: UnitOfWork, stay: StayInReview, at: datetime) -> OpenStay | None:
    """The stay as an open one, if all that is doubtful of it is that its plate came in again after it had left at `at`."""
    conn = uow.connection
    asked = store.open_cases_of(conn, stay.id)
    laters = [store.row_of(conn, StayId(case.visit_id)) if case.visit_id is not None else None for case in asked]
    if not asked or not all(
        case.reason in TWO_OF_ONE_PLATE and later is not None and later.entered_at > at
        for case, later in zip(asked, laters, strict=True)
    ):
        return None
    for case in asked:
        cases.answer(uow, case.id, "its exit arrived later")
    row = store.row_of(conn, stay.id)
    assert row is not None
    return store.to_open(row)


def settle(uow: UnitOfWork, stay_id: StayId, *, priced_at: datetime, leave_by: datetime) -> None:
    """The time up to `priced_at` is paid, nothing more is owed until `leave_by`; an earlier moment never replaces a later."""
    row = store.row_of(uow.connection, stay_id)
    if row is None or (row.leave_by is not None and row.leave_by >= leave_by):
        return
    store.set_state(uow.connection, stay_id, priced_at=priced_at, leave_by=leave_by)
    if row.state == "open":
        uow.publish(StaySettled(stay_id, leave_by))


def close_stay(uow: UnitOfWork, leaving: Stay, *, exited_at: datetime, lane_id: LaneId) -> ClosedStay:
    """Close a stay on a proven exit; closing it again changes nothing."""
    if isinstance(leaving, ClosedStay):
        return leaving
    closed = ClosedStay(
        leaving.id, leaving.plate, leaving.entered_at, leaving.lane_id, leaving.tariff_version, exited_at, lane_id
    )
    store.set_state(uow.connection, leaving.id, state="closed", exited_at=exited_at, exit_lane_id=lane_id)
    uow.publish(StayClosed(leaving.id, leaving.plate, leaving.entered_at, exited_at, lane_id))
    return closed


def reopen(uow: UnitOfWork, stay: StayInReview) -> None:
    """A person says that a stay in review is true: it is open again, as it began."""
    store.set_state(uow.connection, stay.id, state="open")
    uow.publish(StayOpened(stay.id, stay.plate, stay.entered_at, stay.lane_id, stay.tariff_version))


def record_unmatched_exit(
    uow: UnitOfWork,
    visit_id: VisitId,
    plate: Plate | None,
    *,
    exited_at: datetime,
    lane_id: LaneId,
    reason: str = "exit_without_stay",
    told: bool = True,
    **more: Any,
) -> None:
    """Somebody left and nobody knows by which stay: keep it with its evidence and ask a person (`told` as for any case)."""
    if visits.unmatched(uow.connection, visit_id) is not None:
        return
    case_id = cases.open_case(uow, reason, visit_id=visit_id, lane_id=lane_id, told=told)
    visits.add_unmatched(uow, visit_id, plate=plate, exited_at=exited_at, lane_id=lane_id, case_id=case_id, **more)
