"""What was put right can be taken back: a stay is as it was, and its bill by counter-entries, priced as it was at first.

What followed from a bill goes with it: the debt, what a right had waived of it, and the question whether it was paid.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row

from parking.access import following
from parking.emergency import emergency_store
from parking.journeys import known_rights, leaving, owing, paying
from parking.journeys.ports import Cashier
from parking.kernel.codec import parse_time
from parking.kernel.errors import conflict, not_found
from parking.kernel.events import CaseChanged
from parking.kernel.ids import CaseId, StayId, VisitId
from parking.kernel.near_plates import folded
from parking.kernel.plate import Plate
from parking.kernel.votes import Votes
from parking.plumbing.db import UnitOfWork
from parking.sessions import cases, corrections, evidence, places, store, visits
from parking.sessions.corrections import Correction
from parking.sessions.desk import store as desk_store
from parking.sessions.model import ClosedStay

OVER = ("closed", "merged", "split")
"""What has ended for good; a ghost may live again."""
SPLIT_FROM, TOOK_IN = "split_from", "took_in_another"
ENDED = "ended"
"""In the evidence of a plate read by a person: the correction that ended the stay which had that plate."""
_SUPERSEDE = ("split", "merged", TOOK_IN)
_TIMES = ("entered_at", "priced_at", "leave_by", "exited_at", "seen_at", "leaving_at")


class Taken(NamedTuple):
    """What a bill had said that was taken back: until when it counted, and whether its driver says that he does not owe it."""

    until: datetime | None
    disputed: bool

    @property
    def evidence(self) -> dict[str, Any]:
        """What a correction keeps of it, for whoever takes that back when the bill has long gone."""
        until = {} if self.until is None else {"billed_until": self.until}
        return until | ({"disputed": True} if self.disputed else {})

    @classmethod
    def kept(cls, evidence: Mapping[str, Any]) -> Taken:
        until = evidence.get("billed_until")
        return cls(parse_time(until) if until else None, bool(evidence.get("disputed")))


def known(uow: UnitOfWork, stay_id: StayId) -> Row[Any]:
    """A stay as it lies in its table; ParkingError where there is none."""
    row = store.row_of(uow.connection, stay_id)
    if row is None:
        raise not_found("stay.unknown", "this stay is not known")
    return row


def bill(uow: UnitOfWork, cashier: Cashier, stay_id: StayId) -> Taken:
    """The bill goes by a counter-entry, and so does whatever followed from a debt."""
    debt = cashier.later.debt(uow.connection, stay_id)
    taken = Taken(cashier.billed_until(uow.connection, stay_id), debt is not None and debt[0].state == "disputed")
    if cashier.take_back(uow, stay_id) is not None:
        owing.settled(uow, cashier, stay_id)
    return taken


def bill_again(uow: UnitOfWork, cashier: Cashier, stay_id: StayId, taken: Taken) -> None:
    """Book the bill of a stay that has left anew, until the moment until which the one before counted; a dispute goes on.

    One that had none, as a person had to look first, has none now.
    """
    closed = store.get(uow.connection, stay_id)
    assert isinstance(closed, ClosedStay)
    if taken.until is None:
        return
    stay, at = store.to_open(known(uow, stay_id)), closed.exited_at
    priced_at = min(taken.until, at)
    free = known_rights.why_free(uow.connection, stay, priced_at)
    leaving.close(uow, cashier, stay, at=at, priced_at=priced_at, lane_id=closed.exit_lane_id, free=free)
    dispute_again(uow, cashier, stay_id, taken)


def dispute_again(uow: UnitOfWork, cashier: Cashier, stay_id: StayId, taken: Taken) -> None:
    """What its driver says that he does not owe he still says of the bill that stands in its place."""
    if taken.disputed:
        owing.owed_again(uow, cashier, stay_id)
        if owing.owes(uow.connection, cashier, stay_id):
            owing.dispute(uow, cashier, stay_id)


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
    if done.rule in _SUPERSEDE:
        _refuse_half(uow, cashier, done)
    taken = bill(uow, cashier, done.stay_id)
    if done.rule in _SUPERSEDE:
        taken = Taken.kept(done.evidence)
        _questions_as_before(uow, done, parts)
    if done.rule in known_rights.PLATE_SAID and before["state"] == "closed" and after.get("plate"):
        cashier.give_back_coupons(uow, done.stay_id, Plate(after["plate"]))
    for part in parts:
        _take_part_back(uow, cashier, done, part)
    if done.rule == TOOK_IN:
        _hand_back(uow, cashier, done.stay_id, StayId(done.evidence["merged"]))
    _restore(uow, done)
    ended = done.evidence.get(ENDED)
    if ended is not None and corrections.get(uow.connection, ended).undone_by is None:
        undo(uow, cashier, ended, actor=actor, reason=reason)
    if done.rule == evidence.NOT_SEEN_SINCE:
        store.set_state(uow.connection, done.stay_id, leaving_at=None)  # or the next round would end it again
    if before["state"] == "closed" and done.rule != paying.BILL_IS_TRUE:
        bill_again(uow, cashier, done.stay_id, taken)
    visit = done.evidence.get("exit_visit")
    if visit is not None and after.get("state") == "closed" and visits.unmatched(uow.connection, VisitId(visit)):
        visits.explain(uow.connection, VisitId(visit), None)
        emergency_store.unname_stay(uow.connection, VisitId(visit), done.stay_id)
        _ask_again(uow, CaseId(visits.case_of(uow.connection, VisitId(visit))))
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
        counted_at=corrections.moment_of(done),
    )


def _refuse_half(uow: UnitOfWork, cashier: Cashier, done: Correction) -> None:
    """What was given up since is not lost with the stay; a merge is taken back with the later stay last."""
    if cashier.has_waiver(uow.connection, done.stay_id, since=done.at):
        raise conflict("stay.waived", "something of this stay was given up since: take that back first")
    of_other = corrections.of_stay(uow.connection, StayId(done.evidence["into"])) if done.rule == "merged" else ()
    if any(
        one.rule == TOOK_IN and one.undone_by is None and one.evidence.get("merged") == done.stay_id for one in of_other
    ):
        raise conflict("merge.half", "take back first that the earlier stay took this one in")


def _questions_as_before(uow: UnitOfWork, done: Correction, parts: tuple[StayId, ...]) -> None:
    """What was asked before the stays that hold now took its place is asked again, and nothing of those that hold no more."""
    again = desk_store.answered_at(uow.connection, done.stay_id, done.at)
    for part in (*parts, *([done.stay_id] if done.rule == TOOK_IN else [])):
        for case in store.open_cases_of(uow.connection, part):
            if part in parts or case.opened_at >= done.at:
                cases.answer(uow, case.id, "its stay is taken back")
    for case_id in again:
        _ask_again(uow, case_id)


def _ask_again(uow: UnitOfWork, case_id: CaseId) -> None:
    desk_store.reopen_case(uow.connection, case_id)
    case = store.get_case(uow.connection, case_id)
    assert case is not None, "cases are never deleted"
    uow.publish(CaseChanged(case_id, case.reason, "reopened"))


def _parts(done: Correction) -> tuple[StayId, ...]:
    """The stays into which one was split."""
    return tuple(StayId(done.evidence[name]) for name in ("first", "second")) if done.rule == "split" else ()


def _refuse_what_rests_on(
    uow: UnitOfWork, cashier: Cashier, parts: tuple[StayId, ...], before: Mapping[str, Any]
) -> None:
    """A split is not taken back over what has happened to its parts since."""
    states = [known(uow, part).state for part in parts]
    said = [corrections.standing(uow.connection, part) for part in parts]
    if parts and (states != ["closed", before["state"]] or any(one is None or one.rule != SPLIT_FROM for one in said)):
        raise conflict("split.went_on", "these visits have changed since: settle those first")
    if any(cashier.has_money(uow.connection, part) for part in parts):
        raise conflict("split.paid", "one of these visits has payments: settle those first")
    if any(cashier.has_waiver(uow.connection, part) for part in parts):
        raise conflict("split.waived", "something of these visits was given up: take that back first")


def _take_part_back(uow: UnitOfWork, cashier: Cashier, done: Correction, part: StayId) -> None:
    """A stay into which one was split goes back with it, and hands back what was handed on to it."""
    bill(uow, cashier, part)
    hand_on(uow, cashier, part, (done.stay_id,))
    following.hand_on(uow, part, done.stay_id)
    before = corrections.snapshot(uow.connection, part)
    store.set_state(uow.connection, part, state="merged", into_ids=done.stay_id)
    corrections.record(uow, part, "split_taken_back", before, {"of": done.stay_id}, actor=done.actor)


def _hand_back(uow: UnitOfWork, cashier: Cashier, stay_id: StayId, merged: StayId) -> None:
    """What a stay was handed on by one that was merged into it is that one's again."""
    cashier.hand_back(uow, stay_id, merged)
    emergency_store.drop_copies(uow.connection, merged, stay_id)
    places.came_not(uow.connection, stay_id, known(uow, merged).entered_at)
    following.left(uow, stay_id)


def hand_on(uow: UnitOfWork, cashier: Cashier, stay_id: StayId, to: tuple[StayId, ...]) -> None:
    """Others hold in the place of a stay whose bill is taken back: its coupons are theirs, and what stopped its clock stops theirs."""
    cashier.hand_on(uow, stay_id, to)
    for one in to:
        emergency_store.copy_stops(uow.connection, stay_id, one)


def find_again(uow: UnitOfWork, stay_id: StayId) -> None:
    """A stay that lives again is found by all that its entry's pictures leave open."""
    row = known(uow, stay_id)
    store.put_keys(uow.connection, stay_id, row.plate, Votes.parse(row.votes) if row.votes else None)


def _restore(uow: UnitOfWork, done: Correction) -> None:
    """What the correction has changed is as it was; what has happened to the stay since, as a payment or a bay that saw it, stays."""
    before, after = done.before or {}, done.after or {}
    values = {name: value for name, value in before.items() if name != "id" and value != after.get(name)}
    for name in _TIMES:
        if name in values:
            values[name] = parse_time(values[name]) if values[name] else None
    if "plate" in values:
        plate = Plate(values["plate"]) if values["plate"] else None
        values |= {"plate": plate, "folded": folded(plate.text) if plate is not None else None}
    if values:
        store.set_state(uow.connection, done.stay_id, **values)
    if before["state"] not in OVER:
        find_again(uow, done.stay_id)
