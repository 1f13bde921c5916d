"""What a decision at the desk does to stays and money. It goes the same ways as the lanes' own events, with a person's name on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from parking.journeys import leaving, paying
from parking.journeys.closing_by_hand import BY_HAND
from parking.journeys.ports import Cashier
from parking.kernel.codec import to_plain
from parking.kernel.errors import conflict, not_found
from parking.kernel.ids import LaneId, StayId
from parking.kernel.principal import Principal
from parking.plumbing.db import UnitOfWork
from parking.sessions import service, store
from parking.sessions.desk.model import Choice, Decision, Outcome, Wish
from parking.sessions.desk.service import Deeds
from parking.sessions.model import (
    ClosedStay,
    DoubtfulStay,
    GhostStay,
    OpenStay,
    ReviewCase,
    Stay,
    StayInReview,
    SupersededStay,
)


@dataclass(frozen=True, slots=True)
class StayDeeds:
    """The deeds of the desk; each is one of the choices that a case of its kind allows."""

    cashier: Cashier

    def do(self, uow: UnitOfWork, who: Principal, case: ReviewCase, wish: Wish, decision_id: str) -> Outcome:  # noqa: ARG002
        deeds: Mapping[Choice, Callable[[], Outcome]] = {
            Choice.MATCH: lambda: self._match(uow, case, wish),
            Choice.SPLIT: lambda: self._split(uow, case),
            Choice.CONFIRM: lambda: self._confirm(uow, case),
            Choice.CLOSE: lambda: self._close(uow, case),
            Choice.WAIVE: lambda: self._waive(uow, case, decision_id),
        }
        return deeds[wish.choice]()

    def undo(self, uow: UnitOfWork, who: Principal, case: ReviewCase, decision: Decision, reason: str) -> None:  # noqa: ARG002
        raise conflict("decision.final", "this decision cannot be taken back")

    def _match(self, uow: UnitOfWork, case: ReviewCase, wish: Wish) -> Outcome:
        """The car that nobody could name at the exit was this stay's."""
        t = store.unmatched_exit
        row = uow.connection.execute(sa.select(t).where(t.c.visit_id == case.visit_id)).one_or_none()
        if row is None or row.stay_id is not None:
            raise conflict("exit.explained", "this exit belongs to a stay already")
        found = _known(uow, wish.stay_id)
        if isinstance(found, ClosedStay | SupersededStay):
            raise conflict("stay.closed", "this stay has ended already")
        if found.entered_at > row.exited_at:
            raise conflict("stay.later", "this stay began after that car had left")
        leaving.close(
            uow,
            self.cashier,
            _as_open(found),
            at=row.exited_at,
            priced_at=row.exited_at,
            lane_id=LaneId(row.lane_id),
        )
        uow.connection.execute(t.update().where(t.c.visit_id == row.visit_id).values(stay_id=found.id))
        misread = (row.plate, found.plate) if row.plate and found.plate else None
        return _outcome(uow, found, misread=misread)

    def _split(self, uow: UnitOfWork, case: ReviewCase) -> Outcome:
        """Two visits: the earlier stay's car left unseen, at the latest when its plate came in again; it is not billed."""
        earlier, later = _known(uow, case.stay_id), _known(uow, case.visit_id)
        if isinstance(earlier, ClosedStay):
            raise conflict("stay.closed", "this stay has ended already")
        service.close_stay(uow, earlier, exited_at=later.entered_at, lane_id=BY_HAND)
        return _outcome(uow, earlier)

    def _confirm(self, uow: UnitOfWork, case: ReviewCase) -> Outcome:
        found = _known(uow, case.stay_id or case.visit_id)
        if isinstance(found, StayInReview):
            if found.plate is not None and store.open_by_plate(uow.connection, found.plate) is not None:
                raise conflict("stay.plate_inside", "this plate is inside by another stay: close that one first")
            service.reopen(uow, found)
        return _outcome(uow, found)

    def _close(self, uow: UnitOfWork, case: ReviewCase) -> Outcome:
        found = _known(uow, case.stay_id or case.visit_id)
        if isinstance(found, ClosedStay | SupersededStay):
            raise conflict("stay.closed", "this stay has ended already")
        leaving.close(uow, self.cashier, _as_open(found), at=uow.now, priced_at=uow.now, lane_id=BY_HAND)
        return _outcome(uow, found)

    def _waive(self, uow: UnitOfWork, case: ReviewCase, decision_id: str) -> Outcome:
        """What the stay still owes is given up."""
        found = _known(uow, case.stay_id)
        account = paying.account_of(uow.connection, self.cashier, found.id, uow.now).account
        if account.due.minor <= 0:
            raise conflict("stay.nothing_due", "nothing is due for this stay now")
        self.cashier.waive(uow, found.id, account.due, f"desk:{decision_id}")
        return Outcome({"due": to_plain(account.due)}, {"due": {**to_plain(account.due), "amount": 0}}, found.id)


def _known(uow: UnitOfWork, stay_id: str | None) -> Stay:
    found = store.get(uow.connection, StayId(stay_id)) if stay_id else None
    if found is None:
        raise not_found("stay.unknown", "this stay is not known")
    return found


def _as_open(stay: OpenStay | DoubtfulStay | GhostStay | StayInReview) -> OpenStay:
    """A person vouches for a doubtful stay: it is billed like any other."""
    if isinstance(stay, OpenStay):
        return stay
    return OpenStay(stay.id, stay.plate, stay.entered_at, stay.lane_id, stay.tariff_version)


def _outcome(uow: UnitOfWork, before: Stay, **more: Any) -> Outcome:
    return Outcome(_facts(before), _facts(_known(uow, before.id)), before.id, **more)


def _facts(stay: Stay) -> dict[str, Any]:
    """What a decision may change of a stay, plates masked: the record is shown to people."""
    state = "closed" if isinstance(stay, ClosedStay) else "open" if isinstance(stay, OpenStay) else "review"
    facts = {
        "state": state,
        "plate": stay.plate.masked if stay.plate else None,
        "entered_at": to_plain(stay.entered_at),
    }
    if isinstance(stay, ClosedStay):
        facts |= {"exited_at": to_plain(stay.exited_at), "exit_lane_id": stay.exit_lane_id}
    return facts


_: type[Deeds] = StayDeeds
