"""What a decision at the desk does to stays and money. It goes the same ways as the lanes' own events, with a person's name on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from parking.journeys import correcting, joining, owing, paying, taking_back
from parking.journeys.ports import Cashier
from parking.journeys.refreshing_access import put_stay
from parking.journeys.schemas import state_of
from parking.kernel.codec import to_plain
from parking.kernel.errors import conflict, invalid, not_found
from parking.kernel.ids import StayId, VisitId
from parking.kernel.plate import Plate
from parking.kernel.principal import Principal
from parking.plumbing.db import UnitOfWork
from parking.sessions import corrections, store, visits
from parking.sessions.desk.model import Choice, Decision, Outcome, Wish
from parking.sessions.desk.service import Deeds
from parking.sessions.model import TWO_OF_ONE_PLATE, ClosedStay, ReviewCase, Stay, StayInReview


@dataclass(frozen=True, slots=True)
class StayDeeds:
    """The deeds of the desk; each is one of the choices that a case of its kind allows."""

    cashier: Cashier

    def do(self, uow: UnitOfWork, who: Principal, case: ReviewCase, wish: Wish, decision_id: str) -> Outcome:
        deeds: Mapping[Choice, Callable[[], Outcome]] = {
            Choice.MATCH: lambda: self._match(uow, who, case, wish),
            Choice.PLATE: lambda: self._plate(uow, who, case, wish),
            Choice.SPLIT: lambda: self._split(uow, who, case, wish),
            Choice.PART: lambda: self._part(uow, who, case, wish),
            Choice.MERGE: lambda: self._merge(uow, who, case, wish),
            Choice.CONFIRM: lambda: self._confirm(uow, who, case, wish),
            Choice.CLOSE: lambda: self._close(uow, who, case, wish),
            Choice.WAIVE: lambda: self._waive(uow, who, case, wish, decision_id),
        }
        return deeds[wish.choice]()

    def undo(self, uow: UnitOfWork, who: Principal, case: ReviewCase, decision: Decision, reason: str) -> None:  # noqa: ARG002
        if decision.choice is Choice.WAIVE and decision.stay_id is not None:
            self.cashier.unwaive(uow, decision.stay_id, f"desk:{decision.id}")
            owing.owed_again(uow, self.cashier, decision.stay_id)
            put_stay(uow, self.cashier, decision.stay_id)
        for correction_id in reversed(decision.corrections):
            taking_back.undo(uow, self.cashier, correction_id, actor=who.subject, reason=reason)

    def _match(self, uow: UnitOfWork, who: Principal, case: ReviewCase, wish: Wish) -> Outcome:
        """The car that nobody could name at the exit was this stay's."""
        found, out = _known(uow, wish.stay_id), visits.unmatched(uow.connection, VisitId(case.visit_id or ""))
        made = correcting.match_exit(
            uow, self.cashier, VisitId(case.visit_id or ""), found.id, actor=who.subject, reason=_words(wish)
        )
        misread = (out.plate, found.plate) if out is not None and out.plate and found.plate else None
        return _outcome(uow, found, corrections=(made,), misread=misread)

    def _plate(self, uow: UnitOfWork, who: Principal, case: ReviewCase, wish: Wish) -> Outcome:
        """An entry's plate was misread, or not read at all. Where one plate came in twice, that answers what was doubted of the earlier."""
        if wish.stay_id not in (None, case.stay_id, case.visit_id):
            raise invalid("decision.stay", "is neither of the two stays of this case", field="stay_id")
        found = _known(uow, wish.stay_id or case.stay_id or case.visit_id)
        assert wish.plate is not None
        said = {"actor": who.subject, "reason": _words(wish)}
        made = [correcting.reread(uow, self.cashier, found.id, wish.plate, **said)]
        if case.reason in TWO_OF_ONE_PLATE:
            earlier = _known(uow, case.stay_id)
            if isinstance(earlier, StayInReview) and not _is_inside(uow, earlier.plate):
                made.append(correcting.confirm(uow, earlier, **said))
        misread = (found.plate, wish.plate) if found.plate and found.plate != wish.plate else None
        return _outcome(uow, found, corrections=tuple(made), misread=misread)

    def _split(self, uow: UnitOfWork, who: Principal, case: ReviewCase, wish: Wish) -> Outcome:
        """Two visits: the earlier stay's car left unseen before its plate came in again; it is not billed.

        One that has left with a bill too high to be true is not billed either: nobody knows which part of it was a stay.
        """
        earlier = _known(uow, case.stay_id)
        if isinstance(earlier, ClosedStay) and case.reason == "charge_over_bound":
            return _outcome(uow, earlier)
        made = correcting.gone(uow, earlier.id, actor=who.subject, reason=_words(wish))
        return _outcome(uow, earlier, corrections=(made,))

    def _part(self, uow: UnitOfWork, who: Principal, case: ReviewCase, wish: Wish) -> Outcome:
        """Two visits whose times a person has seen: each is billed for itself."""
        whole = _known(uow, case.stay_id)
        assert wish.left_at is not None and wish.came_at is not None  # noqa: PT018 - the queue has seen to it
        said = {"actor": who.subject, "reason": _words(wish)}
        joining.split(uow, self.cashier, whole.id, wish.left_at, wish.came_at, **said)
        made = corrections.standing(uow.connection, whole.id)
        assert made is not None
        return _outcome(uow, whole, corrections=(made.id,))

    def _merge(self, uow: UnitOfWork, who: Principal, case: ReviewCase, wish: Wish) -> Outcome:
        """One visit: what came in again had not left."""
        earlier, later = _known(uow, case.stay_id), _known(uow, case.visit_id)
        made = joining.merge(uow, self.cashier, later.id, earlier.id, actor=who.subject, reason=_words(wish))
        return _outcome(uow, earlier, corrections=made)

    def _confirm(self, uow: UnitOfWork, who: Principal, case: ReviewCase, wish: Wish) -> Outcome:
        found = _known(uow, case.stay_id or case.visit_id)
        if case.reason == "charge_over_bound":
            true = correcting.bill_is_true(uow, self.cashier, found.id, actor=who.subject, reason=_words(wish))
            return _outcome(uow, found, corrections=(true,))
        if not isinstance(found, StayInReview):
            return _outcome(uow, found)
        made = correcting.confirm(uow, found, actor=who.subject, reason=_words(wish))
        return _outcome(uow, found, corrections=(made,))

    def _close(self, uow: UnitOfWork, who: Principal, case: ReviewCase, wish: Wish) -> Outcome:
        found = _known(uow, case.stay_id or case.visit_id)
        made = correcting.close_now(uow, self.cashier, found.id, actor=who.subject, reason=_words(wish))
        return _outcome(uow, found, corrections=(made,))

    def _waive(self, uow: UnitOfWork, who: Principal, case: ReviewCase, wish: Wish, decision_id: str) -> Outcome:
        """What the stay still owes is given up."""
        found = _known(uow, case.stay_id)
        made: tuple[str, ...] = ()
        if case.reason == "charge_over_bound" and isinstance(found, ClosedStay):  # booked, before it is given up
            said = {"actor": who.subject, "reason": _words(wish)}
            made = (correcting.bill_is_true(uow, self.cashier, found.id, asks=False, **said),)
        account = paying.account_of(uow.connection, self.cashier, found.id, uow.now).account
        if account.due.minor <= 0:
            raise conflict("stay.nothing_due", "nothing is due for this stay now")
        self.cashier.waive(uow, found.id, account.due, f"desk:{decision_id}")
        owing.settled(uow, self.cashier, found.id, by=who.subject, note=_words(wish))
        put_stay(uow, self.cashier, found.id)
        before, after = {"due": to_plain(account.due)}, {"due": {**to_plain(account.due), "amount": 0}}
        return Outcome(before, after, found.id, made)


def _known(uow: UnitOfWork, stay_id: str | None) -> Stay:
    found = store.get(uow.connection, StayId(stay_id)) if stay_id else None
    if found is None:
        raise not_found("stay.unknown", "this stay is not known")
    return found


def _is_inside(uow: UnitOfWork, plate: Plate | None) -> bool:
    return plate is not None and store.open_by_plate(uow.connection, plate) is not None


def _words(wish: Wish) -> str:
    return f"{wish.reason}: {wish.note}".rstrip(": ")


def _outcome(uow: UnitOfWork, before: Stay, **more: Any) -> Outcome:
    return Outcome(_facts(before), _facts(_known(uow, before.id)), before.id, **more)


def _facts(stay: Stay) -> dict[str, Any]:
    """What a decision may change of a stay, plates masked: the record is shown to people."""
    state = state_of(stay, stay.entered_at)
    facts = {
        "state": state,
        "plate": stay.plate.masked if stay.plate else None,
        "entered_at": to_plain(stay.entered_at),
    }
    if isinstance(stay, ClosedStay):
        facts |= {"exited_at": to_plain(stay.exited_at), "exit_lane_id": stay.exit_lane_id}
    return facts


_: type[Deeds] = StayDeeds
