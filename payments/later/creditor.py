"""Leave first, pay later, as the journeys need it; satisfies their port `Creditor` by shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from parking.kernel.errors import invalid
from parking.kernel.events import ExitPromised
from parking.kernel.ids import StayId, VisitId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from parking.plumbing.db import UnitOfWork
from payments import ledger_store
from payments import store as payments_store
from payments.later import agreements, debts, promises, store
from payments.later.model import Agreement, Debt, DebtState, Policy, Terms


@dataclass(frozen=True, slots=True)
class Creditor:
    """The one policy of this site, and what it does in the transactions of others; `channels` collect by agreement."""

    policy: Policy = field(default_factory=Policy)
    channels: frozenset[str] = frozenset()

    def set_aside(self, uow: UnitOfWork, stay_id: StayId, plate: Plate | None) -> int:
        """What this open stay may leave owing, in minor units, set aside for it from now on."""
        return promises.set_aside(uow, self.policy, stay_id, plate)

    def promised(self, uow: UnitOfWork, event: ExitPromised, at: datetime) -> None:
        """Take a lane's promise over, once."""
        promises.take_over(uow, event, at)

    def taken_back(self, uow: UnitOfWork, visit_id: VisitId) -> None:
        """The vehicle has backed away: it owes nothing by this promise."""
        promises.take_back(uow, visit_id)

    def passed(self, uow: UnitOfWork, visit_id: VisitId) -> None:
        """The passage is proven."""
        promises.keep(uow, visit_id)

    def has_promised(self, conn: Connection, stay_id: StayId) -> bool:
        """Whether this stay left with a promise, so that what it owes was agreed."""
        return store.promise_of(conn, stay_id) is not None

    def left(self, uow: UnitOfWork, stay_id: StayId, plate: Plate | None) -> None:
        """A stay is over: what it owes is a debt from now on, and nothing is set aside for it any more."""
        sums = ledger_store.stay_sums(uow.connection, stay_id)
        if sums.debt > 0:
            unit = payments_store.billed_in(uow.connection, stay_id)
            debts.begin(uow, self.policy, stay_id, plate, Money(sums.debt, unit))
        promises.release(uow, stay_id)

    def release(self, uow: UnitOfWork, stay_id: StayId) -> None:
        """Nothing is set aside for this stay any more: it does not go on."""
        promises.release(uow, stay_id)

    def is_debt(self, conn: Connection, stay_id: StayId) -> bool:
        """Whether this stay owes, or once owed, something after it had left."""
        return store.debt(conn, stay_id) is not None

    def paid(self, uow: UnitOfWork, stay_id: StayId) -> Plate | None:
        """Something was paid or given up: the plate that may come in again, if this was the last debt that kept it out."""
        return _free_again(uow.connection, debts.follow(uow, stay_id))

    def open_debts(self, conn: Connection, plate: Plate) -> Sequence[tuple[Debt, Money]]:
        """What a plate still owes, oldest first, each with what is left of it."""
        return self._with_rest(conn, store.open_debts_of(conn, plate))

    def unsettled_debts(self, conn: Connection, plate: Plate) -> Sequence[tuple[Debt, Money]]:
        """The same with what is disputed, as its driver sees it."""
        return self._with_rest(conn, store.unsettled_debts_of(conn, plate))

    def _with_rest(self, conn: Connection, debts: Sequence[Debt]) -> Sequence[tuple[Debt, Money]]:
        return [(debt, Money(ledger_store.stay_sums(conn, debt.stay_id).debt, debt.amount.currency)) for debt in debts]

    def standing(self, conn: Connection, after: str, limit: int) -> Sequence[Debt]:
        """Open debts in the order of their stays' ids, those behind `after`."""
        return store.debts(conn, (DebtState.OPEN,), after, limit)

    def reminded(self, uow: UnitOfWork, debt: Debt) -> int:
        """Note one more reminder; returns which one it is."""
        store.change_debt(uow.connection, debt.stay_id, reminded=debt.reminded + 1)
        return debt.reminded + 1

    def debt(self, conn: Connection, stay_id: StayId) -> tuple[Debt, Money] | None:
        """The debt of a stay, whatever has become of it, and what is left of it."""
        debt = store.debt(conn, stay_id)
        if debt is None:
            return None
        return debt, Money(ledger_store.stay_sums(conn, stay_id).debt, debt.amount.currency)

    def debts(self, conn: Connection, state: str, after: str, limit: int) -> Sequence[tuple[Debt, Money]]:
        """Debts in one state in the order of their stays' ids, those behind `after`, each with what is left of it."""
        found = store.debts(conn, (DebtState(state),), after, limit)
        sums = [ledger_store.stay_sums(conn, debt.stay_id).debt for debt in found]
        return [(debt, Money(left, debt.amount.currency)) for debt, left in zip(found, sums, strict=True)]

    def write_off(self, uow: UnitOfWork, stay_id: StayId) -> Money:
        """Give a debt up; returns what was given up."""
        return debts.write_off(uow, stay_id)

    def dispute(self, uow: UnitOfWork, stay_id: StayId) -> Plate | None:
        """The driver says that it is not owed: it stands still until somebody has decided.

        Returns the plate that may come in again meanwhile, if this debt alone kept it out.
        """
        before = store.debt(uow.connection, stay_id)
        debts.dispute(uow, stay_id)
        return _free_again(uow.connection, before)

    def turn_to(self, uow: UnitOfWork, stay_id: StayId, plate: Plate) -> Plate | None:
        """It was this plate: it owes, and nobody else; returns as `dispute` does."""
        return _free_again(uow.connection, debts.turn_to(uow, stay_id, plate))

    def stand(self, uow: UnitOfWork, stay_id: StayId) -> None:
        """It is owed after all."""
        debts.stand(uow, stay_id)

    def agree(
        self, uow: UnitOfWork, plate: Plate, channel: str, reference: str, limits: tuple[int, int, int]
    ) -> Agreement:
        """A plate's stays are collected afterwards; `limits` in minor units: per stay, at once, per day."""
        if channel not in self.channels:
            known = ", ".join(sorted(self.channels)) or "none"
            raise invalid("agreement.channel", f"should collect by agreement, as do here: {known}", field="channel")
        return agreements.agree(uow, plate, channel, reference, Terms(*limits))

    def agreement_of(self, conn: Connection, plate: Plate) -> Agreement | None:
        """The agreement that stands for a plate."""
        return store.agreement_of(conn, plate)

    def by_no_agreement(self, uow: UnitOfWork, stay_id: StayId) -> None:
        """Whoever had agreed does not pay this debt; its driver does."""
        store.change_debt(uow.connection, stay_id, agreement_id=None, next_try_at=None)

    def end_agreement(self, uow: UnitOfWork, agreement_id: str) -> None:
        agreements.end(uow, agreement_id)

    def agreements(self, conn: Connection, after: str, limit: int) -> Sequence[Agreement]:
        """Standing agreements in the order of their ids, those behind `after`."""
        return store.agreements(conn, after, limit)

    def forget(self, uow: UnitOfWork, plate: Plate, stay_id: StayId) -> None:
        """Take a plate out of what is over, and out of what was said while this stay's debt was paid."""
        store.forget_plate(uow.connection, plate, uow.now, uow.now)
        payments_store.forget_said(uow.connection, payments_store.said_of_orders(uow.connection, [stay_id]))

    def blocked(self, uow: UnitOfWork, debt: Debt) -> None:
        store.change_debt(uow.connection, debt.stay_id, blocked_at=uow.now)


def _free_again(conn: Connection, before: Debt | None) -> Plate | None:
    """The plate that a debt kept out before it changed, unless another one does."""
    if before is None or before.blocked_at is None or before.plate is None:
        return None
    others = store.open_debts_of(conn, before.plate)
    return None if any(debt.blocked_at for debt in others) else before.plate
