"""The cash desk over HTTP: shifts, cash for a stay, cash that goes back. Who counts is not told what to find."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends
from sqlalchemy import Connection

from parking.kernel.clock import Clock
from parking.kernel.errors import ParkingError, conflict, not_found
from parking.kernel.ids import StayId, fitting
from parking.kernel.money import Money
from parking.kernel.principal import Principal, Scope
from parking.plumbing.database import Threads
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.unit_of_work import Audit
from parking.web.deps import require
from parking.web.idempotency import IdempotencyKey, Once, Reply
from parking.web.paging import Cursor, Limit, Page, decode, encode, page
from parking.web.schemas import MoneySchema, Strict
from payments import ledger_store, store
from payments.books_api import RefundView
from payments.cash import shift_store, shifts
from payments.cash.model import Report, Shift, drawer
from payments.cash.schemas import (
    CashTaken,
    CloseShift,
    Counted,
    CountShift,
    HandOut,
    MoveCash,
    MoveView,
    OpenShift,
    ShiftReport,
    ShiftView,
    TakeCash,
    TakeCashAtMachine,
    Withdraw,
    counts_of,
)
from payments.model import Payment

TAKING_AT_ONCE = 4
_TELLING = frozenset({"cash.reason", "cash.not_there"})
"""Refusals that tell something of what there should be in a drawer."""
T = TypeVar("T")
V = TypeVar("V", bound=Strict)
Desk = Annotated[Principal, Depends(require(Scope.CASH_DESK))]
Machine = Annotated[Principal, Depends(require(Scope.KIOSK))]
Accountant = Annotated[Principal, Depends(require(Scope.BILLS_READ))]


@dataclass(frozen=True, slots=True)
class CashRoom:
    """Everything that the routes need. `begin` starts a payment of what a stay owes now, by its key once; `close` ends one."""

    database: Database
    clock: Clock
    audit: Audit
    currency: str
    begin: Callable[[str, str], Payment]
    close: Callable[[Payment], object]
    stay_of_ticket: Callable[[str, datetime], str]
    name_of: Callable[[Connection, str], str] = lambda _, who: who
    counted: Collection[str] = ()
    """The tills whose notes we count ourselves: nobody's word says there what was put in."""

    def on_record(self, uow: UnitOfWork, who: Principal) -> shifts.Audit:
        return lambda action, subject, reason: self.audit(uow, who, action, subject, reason)

    async def tried(self, once: Once, deed: Callable[[UnitOfWork], T]) -> T:
        """Do it in one transaction; of a try that the books refused, the count and the record stay: nobody guesses unseen."""

        def work(uow: UnitOfWork) -> T | ParkingError:
            once.earlier(uow.connection)  # refuses the key of another request
            try:
                done = deed(uow)
            except ParkingError as error:
                if error.code not in _TELLING:
                    raise
                return error
            once.take(uow)
            return done

        done = await self.database.awrite(work)
        if isinstance(done, ParkingError):
            raise done
        return done

    async def handed_out(self, once: Once, view: type[V], deed: Callable[[UnitOfWork], V]) -> V:
        """The same; asked again it gets the same answer, another hand that of the deed."""

        def work(uow: UnitOfWork) -> V:
            earlier = once.earlier(uow.connection)
            if earlier is not None:
                return view.model_validate_json(json.dumps(earlier.body))
            done = deed(uow)
            once.keep(uow, Reply(200, done.model_dump(mode="json")))
            return done

        return await self.tried(once, work)

    def shown(self, conn: Connection, shift: Shift) -> ShiftView:
        return ShiftView.of(shift, lambda who: self.name_of(conn, who))


def router(room: CashRoom) -> APIRouter:
    """All routes of the cash desk."""
    routes = APIRouter(tags=["cash"])
    _shift_routes(routes, room)
    _drawer_routes(routes, room)
    _taking_routes(routes, room)
    return routes


def _shift_routes(routes: APIRouter, room: CashRoom) -> None:
    @routes.get("/cash/shifts")
    async def list_shifts(_: Accountant, cursor: Cursor = "", limit: Limit = 50) -> Page[ShiftView]:
        behind = decode(cursor, str)
        after = str(behind[0]) if behind else ""
        found = await room.database.aread(
            lambda conn: [room.shown(conn, s) for s in shift_store.shifts(conn, after, limit + 1)]
        )
        views, following = page(found, limit, lambda view: encode(view.shift_id))
        return Page(items=views, next=following)

    @routes.post("/cash/shifts", status_code=201)
    async def open_shift(who: Desk, body: OpenShift, idempotency_key: IdempotencyKey) -> ShiftView:
        counts = counts_of(body.counts)
        once = Once.of(who, idempotency_key, "cash.open", body.model_dump(mode="json"))

        def work(uow: UnitOfWork) -> ShiftView:
            once.take(uow)
            opened = shifts.open_shift(
                uow,
                body.till,
                room.currency,
                counts,
                brought=body.brought,
                reason=body.reason,
                by=who.subject,
                key=f"{who.subject}:{idempotency_key}",
                audit=room.on_record(uow, who),
            )
            return room.shown(uow.connection, opened)

        return await room.database.awrite(work)

    @routes.post("/cash/shifts/{shift_id}/close")
    async def close_shift(who: Desk, shift_id: str, body: CloseShift, idempotency_key: IdempotencyKey) -> ShiftView:
        counts = counts_of(body.counts)
        said = {"shift": shift_id, **body.model_dump(mode="json")}
        once = Once.of(who, idempotency_key, "cash.close", said)

        def work(uow: UnitOfWork) -> ShiftView:
            closed = shifts.close_shift(
                uow,
                shift_id,
                counts,
                take_out=body.take_out,
                reason=body.reason,
                by=who.subject,
                audit=room.on_record(uow, who),
            )
            return room.shown(uow.connection, closed)

        return await room.tried(once, work)

    @routes.get("/cash/shifts/{shift_id}")
    async def report(who: Accountant, shift_id: str) -> ShiftReport:
        """What there should be in an open drawer is told to accountants who do not count it; to all after the last count."""
        return await room.database.aread(lambda conn: _report(room, conn, shift_id, who))


def _report(room: CashRoom, conn: Connection, shift_id: str, who: Principal) -> ShiftReport:
    shift = shift_store.shift(conn, shift_id)
    if shift is None:
        raise not_found("cash.no_shift", "there is no such shift")
    balance = ledger_store.BOOK.balance(conn, drawer(shift.till), shift.currency)
    moves, counts = shift_store.moves(conn, shift), shift_store.counts(conn, shift)
    whole = Report(shift, moves, counts, Money(balance, shift.currency))
    now = shift_store.open_shift(conn, shift.till)  # a closed shift's drawer may be somebody's to count again
    blind = now is not None and not (who.may(Scope.LEDGER_READ) and now.opened_by != who.subject)
    return ShiftReport.of(whole, lambda one: room.name_of(conn, one), blind=blind)


def _drawer_routes(routes: APIRouter, room: CashRoom) -> None:
    @routes.post("/cash/shifts/{shift_id}/counts", status_code=201)
    async def count(who: Desk, shift_id: str, body: CountShift) -> Counted:
        """A count in between; nothing is booked, and what the books say is shown to accountants alone."""
        counts = counts_of(body.counts)

        def work(uow: UnitOfWork) -> Money:
            total = shifts.count_between(uow, shift_id, counts, by=who.subject)
            return Money(total, room.currency)

        return Counted(total=MoneySchema.of(await room.database.awrite(work)))

    @routes.post("/cash/shifts/{shift_id}/moves", status_code=201)
    async def move(who: Desk, shift_id: str, body: MoveCash, idempotency_key: IdempotencyKey) -> MoveView:
        said = {"shift": shift_id, **body.model_dump(mode="json")}
        once = Once.of(who, idempotency_key, "cash.move", said)

        def work(uow: UnitOfWork) -> MoveView:
            moved = shifts.move(
                uow,
                shift_id,
                body.amount.money(),
                key=idempotency_key,
                by=who.subject,
                reason=body.reason.strip(),
                audit=room.on_record(uow, who),
            )
            return MoveView.of(moved, lambda one: room.name_of(uow.connection, one))

        return await room.tried(once, work)

    @routes.post("/cash/refunds/{refund_id}/hand-out")
    async def hand_out(who: Desk, refund_id: str, body: HandOut, idempotency_key: IdempotencyKey) -> RefundView:
        """The money of a refund was handed to whoever it is for."""
        once = Once.of(who, idempotency_key, "cash.hand_out", {"refund": refund_id, "till": body.till})

        def work(uow: UnitOfWork) -> RefundView:
            audit = room.on_record(uow, who)
            return RefundView.of(shifts.hand_out(uow, body.till, refund_id, by=who.subject, audit=audit))

        return await room.handed_out(once, RefundView, work)

    @routes.post("/cash/refunds/{refund_id}/withdraw")
    async def withdraw(who: Desk, refund_id: str, body: Withdraw, idempotency_key: IdempotencyKey) -> RefundView:
        """Nobody has fetched the money of a refund: it stays here, and the payment may have its invoice, or another refund."""
        reason = body.reason.strip()
        once = Once.of(who, idempotency_key, "cash.withdraw", {"refund": refund_id, "reason": reason})

        def work(uow: UnitOfWork) -> RefundView:
            return RefundView.of(shifts.withdraw(uow, refund_id, reason, audit=room.on_record(uow, who)))

        return await room.handed_out(once, RefundView, work)


def _taking_routes(routes: APIRouter, room: CashRoom) -> None:
    threads = Threads("taking cash", TAKING_AT_ONCE)

    async def take(
        who: Principal, till: str, stay_id: str, due: Money, tendered: int, idempotency_key: str
    ) -> CashTaken:
        key = fitting(f"cash:{who.subject}:{idempotency_key}", 160)
        said = {"till": till, "stay": stay_id, "due": due.minor, "currency": due.currency, "tendered": tendered}
        once = Once.of(who, idempotency_key, "cash.take", said)

        def ready(uow: UnitOfWork) -> None:
            once.take(uow)  # refuses the key of another request
            known = store.by_key(uow.connection, StayId(stay_id), key)
            if known is None and shift_store.open_shift(uow.connection, till) is None:
                raise conflict("cash.no_open_shift", "no cash without an open shift: open one at this till first")

        await room.database.awrite(ready)

        def begin() -> Payment:
            payment = room.begin(stay_id, key)
            if payment.amount != due:
                room.close(payment)
                raise conflict("cash.amount_changed", "another amount is due now: tell the payer first")
            return payment

        payment = await threads.run(begin)

        def work(uow: UnitOfWork) -> Money:
            return shifts.take(uow, till, payment, tendered, by=who.subject)

        change = await room.database.awrite(work)
        return CashTaken(
            payment_id=payment.payment_id,
            number=payment.number,
            amount=MoneySchema.of(payment.amount),
            tendered=MoneySchema.of(payment.amount + change),
            change=MoneySchema.of(change),
        )

    @routes.post("/cash/payments", status_code=201)
    async def take_at_desk(who: Desk, body: TakeCash, idempotency_key: IdempotencyKey) -> CashTaken:
        """Cash for a stay that is inside, or for what one that has left still owes."""
        return await take(who, body.till, body.stay_id, body.due.money(), body.tendered, idempotency_key)

    @routes.post("/kiosk/cash/payments", status_code=201)
    async def take_at_machine(who: Machine, body: TakeCashAtMachine, idempotency_key: IdempotencyKey) -> CashTaken:
        """A cash machine that counts by itself: its till has its own name, and somebody has opened its shift."""
        if who.subject in room.counted:
            raise conflict("cash.counted_here", "this machine's notes are counted as they are stored: begin a session")
        stay_id = room.stay_of_ticket(body.stay_token, room.clock.now())
        return await take(who, who.subject, stay_id, body.due.money(), body.tendered, idempotency_key)
