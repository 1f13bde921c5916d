"""Debts and agreements over HTTP. A driver sees and pays what the car in hand still owes; staff see plates masked and act on record.

A driver proves possession of the present stay; an earlier debt of the same plate shows its day and its amount, never a place or a time.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from pydantic import Field, StringConstraints
from sqlalchemy import Connection

from parking.journeys import owing, paying_at_desk
from parking.journeys.later_port import Agreement, Debt
from parking.journeys.opening_by_hand import SHORTEST_REASON
from parking.journeys.ports import Cashier, Payment
from parking.journeys.schemas import PaymentView, StartPayment
from parking.kernel.clock import Clock
from parking.kernel.errors import invalid, not_found
from parking.kernel.ids import StayId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from parking.kernel.principal import Principal, Scope
from parking.plumbing.database import Threads
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.unit_of_work import Audit
from parking.sessions import store
from parking.sessions.model import OpenStay, Stay, StayInReview
from parking.web.deps import require
from parking.web.idempotency import IdempotencyKey, Once, Reply
from parking.web.paging import Cursor, Limit, Page, decode, encode, page
from parking.web.schemas import MoneySchema, Strict

PAYING_AT_ONCE = 8
Driver = Annotated[Principal, Depends(require(Scope.OWN_STAY, Scope.OWN_WALLET))]
"""Whoever holds the stay's own code: a plate typed at a kiosk tells nothing of earlier days."""
Accountant = Annotated[Principal, Depends(require(Scope.BILLS_READ))]
Decider = Annotated[Principal, Depends(require(Scope.BILLS_READ, Scope.CASES_WORK))]
Keeper = Annotated[Principal, Depends(require(Scope.ACCESS_WRITE))]
Reason = Annotated[str, StringConstraints(min_length=SHORTEST_REASON, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class MyDebt(Strict):
    """What the car in hand still owes from an earlier day."""

    debt_id: str
    on: date
    left: MoneySchema
    state: str


class DebtView(Strict):
    """A debt as staff see it; `left` is what the ledger says of it now."""

    stay_id: str
    plate: str | None
    amount: MoneySchema
    left: MoneySchema
    since: datetime
    state: str
    tries: int
    next_try_at: datetime | None
    blocked: bool

    @classmethod
    def of(cls, debt: Debt, left: Money) -> DebtView:
        return cls(
            stay_id=debt.stay_id,
            plate=debt.plate.masked if debt.plate else None,
            amount=MoneySchema.of(debt.amount),
            left=MoneySchema.of(left),
            since=debt.since,
            state=debt.state,
            tries=debt.tries,
            next_try_at=debt.next_try_at,
            blocked=debt.blocked_at is not None,
        )


class Decide(Strict):
    """What a person decides about a debt, and why."""

    reason: Reason


class Dispute(Strict):
    """Why it is not owed, in the driver's own words, if there are any."""

    reason: Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""


NO_WORDS = Dispute()


class DecideDispute(Strict):
    """Whether a disputed debt is owed after all; one that is not is written off."""

    owed: bool
    reason: Reason


class AgreementIn(Strict):
    """Limits in minor units of the site's currency; `reference` is the provider's own name for the payer's consent."""

    plate: str = Field(max_length=16)
    channel: str = Field(pattern="^[a-z_]{1,32}$")
    reference: str = Field(min_length=1, max_length=128)
    per_stay_minor: int = Field(ge=0, le=10_000_000)
    at_once_minor: int = Field(ge=0, le=10_000_000)
    per_day_minor: int = Field(ge=0, le=10_000_000)


class AgreementView(Strict):
    agreement_id: str
    plate: str
    channel: str
    per_stay_minor: int
    at_once_minor: int
    per_day_minor: int
    since: datetime

    @classmethod
    def of(cls, agreement: Agreement) -> AgreementView:
        per_stay, at_once, per_day = agreement.limits
        return cls(
            agreement_id=agreement.id,
            plate=agreement.plate.masked,
            channel=agreement.channel,
            per_stay_minor=per_stay,
            at_once_minor=at_once,
            per_day_minor=per_day,
            since=agreement.since,
        )


def router(database: Database, cashier: Cashier, clock: Clock, audit: Audit, zone: ZoneInfo) -> APIRouter:
    """Routes of drivers and of staff; a debt's day is the site's."""
    routes = APIRouter()
    _driver_routes(routes, database, cashier, clock, audit, zone)
    _debt_routes(routes, database, cashier, audit)
    _agreement_routes(routes, database, cashier, audit)
    return routes


def _own(database_read: Database, cashier: Cashier, who: Principal, debt_id: str) -> tuple[Debt, Money]:
    """A debt of the car whose present stay the caller has proven; anything else does not exist for him."""

    def look(conn: Connection) -> tuple[Debt, Money] | None:
        stay = store.get(conn, StayId(who.subject))
        found = cashier.later.debt(conn, StayId(debt_id))
        if stay is None or found is None or found[0].plate is None:
            return None
        return found if _is_shown(found[0], stay) else None

    found = database_read.read(look)
    if found is None:
        raise not_found("debt.unknown", "this car has no such debt")
    return found


def _is_shown(debt: Debt, stay: Stay) -> bool:
    """Who has the code of a stay that is over sees what that one owes, and nothing of the car's other days: it may be another's now."""
    in_hand = isinstance(stay, OpenStay | StayInReview)
    return debt.stay_id == stay.id or (in_hand and debt.plate == stay.plate)


def day_of(conn: Connection, debt: Debt, zone: ZoneInfo) -> date:
    """A debt's day is that of its stay: after a dispute a debt ages anew."""
    return (store.left_at(conn, debt.stay_id) or debt.since).astimezone(zone).date()


def _driver_routes(
    routes: APIRouter, database: Database, cashier: Cashier, clock: Clock, audit: Audit, zone: ZoneInfo
) -> None:
    threads = Threads("paying debts", PAYING_AT_ONCE)

    @routes.get("/my/debts", tags=["driver"])
    async def my_debts(who: Driver) -> list[MyDebt]:
        def look(conn: Connection) -> list[MyDebt]:
            stay = store.get(conn, StayId(who.subject))
            found = cashier.later.unsettled_debts(conn, stay.plate) if stay and stay.plate else []
            return [mine(conn, debt, left) for debt, left in found if stay and _is_shown(debt, stay)]

        return await database.aread(look)

    def mine(conn: Connection, debt: Debt, left: Money) -> MyDebt:
        day = day_of(conn, debt, zone)
        return MyDebt(debt_id=debt.stay_id, on=day, left=MoneySchema.of(left), state=debt.state)

    @routes.post("/my/debts/{debt_id}/payments", tags=["driver"], status_code=201)
    async def pay_debt(who: Driver, debt_id: str, body: StartPayment, idempotency_key: IdempotencyKey) -> PaymentView:
        cashier.check_by_code(body.channel)
        once = Once.of(who, idempotency_key, "debt.pay", {"debt": debt_id, "channel": body.channel})
        await database.awrite(once.take)

        def begin() -> Payment:
            debt, _ = _own(database, cashier, who, debt_id)
            key = f"debt:{idempotency_key}"
            return paying_at_desk.begin_debt(database, cashier, debt.stay_id, clock.now(), body.channel, key)

        return PaymentView.of(await threads.run(begin), qr_svg=None, leave_by=None)

    @routes.post("/my/debts/{debt_id}/dispute", tags=["driver"], status_code=204)
    async def dispute(who: Driver, debt_id: str, body: Dispute = NO_WORDS) -> None:
        """This is not owed, says the driver: it stands still, and a person decides."""
        debt, _ = await threads.run(lambda: _own(database, cashier, who, debt_id))

        def work(uow: UnitOfWork) -> None:
            first = debt.state != "disputed"
            owing.dispute(uow, cashier, debt.stay_id)
            if first:
                audit(uow, who, "debt.disputed", debt.stay_id, body.reason.strip() or "no words given")

        await database.awrite(work)


def _debt_routes(routes: APIRouter, database: Database, cashier: Cashier, audit: Audit) -> None:
    def on_record(uow: UnitOfWork, who: Principal, action: str, stay_id: str, reason: str) -> None:
        if len(reason.strip()) < SHORTEST_REASON:
            raise invalid("debt.reason", f"say why, in {SHORTEST_REASON} signs at least", field="reason")
        audit(uow, who, action, stay_id, reason.strip())

    @routes.get("/debts", tags=["debts"])
    async def list_debts(
        _: Accountant,
        state: Annotated[str, Query(pattern="^(open|disputed|paid|written_off)$")] = "open",
        cursor: Cursor = "",
        limit: Limit = 50,
    ) -> Page[DebtView]:
        behind = decode(cursor, str)
        after = str(behind[0]) if behind else ""
        found = await database.aread(lambda conn: cashier.later.debts(conn, state, after, limit + 1))
        views, following = page([DebtView.of(*one) for one in found], limit, lambda view: encode(view.stay_id))
        return Page(items=views, next=following)

    @routes.post("/debts/{stay_id}/write-off", tags=["debts"])
    async def write_off(stay_id: str, body: Decide, who: Decider, idempotency_key: IdempotencyKey) -> MoneySchema:
        def deed(uow: UnitOfWork) -> Reply:
            on_record(uow, who, "debt.write_off", stay_id, body.reason)
            given_up = owing.give_up(uow, cashier, StayId(stay_id))
            return Reply(200, MoneySchema.of(given_up).model_dump(mode="json"))

        once = Once.of(who, idempotency_key, "debt.write_off", {"stay": stay_id, "reason": body.reason})
        reply = await database.awrite(lambda uow: once.inside(uow, deed))
        return MoneySchema(**reply.body)

    @routes.post("/debts/{stay_id}/dispute", tags=["debts"])
    async def dispute(stay_id: str, body: Decide, who: Decider, idempotency_key: IdempotencyKey) -> DebtView:
        """For a driver who has no code any more and says so at the desk or on the phone."""

        def deed(uow: UnitOfWork) -> Reply:
            on_record(uow, who, "debt.disputed", stay_id, body.reason)
            owing.dispute(uow, cashier, StayId(stay_id))
            found = cashier.later.debt(uow.connection, StayId(stay_id))
            assert found is not None
            return Reply(200, DebtView.of(*found).model_dump(mode="json"))

        once = Once.of(who, idempotency_key, "debt.dispute", {"stay": stay_id, "reason": body.reason})
        reply = await database.awrite(lambda uow: once.inside(uow, deed))
        return DebtView.model_validate_json(json.dumps(reply.body))

    @routes.post("/debts/{stay_id}/decide", tags=["debts"])
    async def decide(stay_id: str, body: DecideDispute, who: Decider, idempotency_key: IdempotencyKey) -> DebtView:
        def deed(uow: UnitOfWork) -> Reply:
            on_record(uow, who, f"debt.{'stands' if body.owed else 'not_owed'}", stay_id, body.reason)
            owing.decide(uow, cashier, StayId(stay_id), owed=body.owed, by=who.subject, why=body.reason.strip())
            found = cashier.later.debt(uow.connection, StayId(stay_id))
            assert found is not None
            return Reply(200, DebtView.of(*found).model_dump(mode="json"))

        once = Once.of(who, idempotency_key, "debt.decide", {"stay": stay_id, **body.model_dump()})
        reply = await database.awrite(lambda uow: once.inside(uow, deed))
        return DebtView.model_validate_json(json.dumps(reply.body))


def _agreement_routes(routes: APIRouter, database: Database, cashier: Cashier, audit: Audit) -> None:
    @routes.get("/agreements", tags=["debts"])
    async def list_agreements(_: Accountant, cursor: Cursor = "", limit: Limit = 50) -> Page[AgreementView]:
        behind = decode(cursor, str)
        after = str(behind[0]) if behind else ""
        found = await database.aread(lambda conn: cashier.later.agreements(conn, after, limit + 1))
        views, following = page([AgreementView.of(a) for a in found], limit, lambda view: encode(view.agreement_id))
        return Page(items=views, next=following)

    @routes.post("/agreements", tags=["debts"], status_code=201)
    async def agree(body: AgreementIn, who: Keeper, idempotency_key: IdempotencyKey) -> AgreementView:
        limits = (body.per_stay_minor, body.at_once_minor, body.per_day_minor)

        def deed(uow: UnitOfWork) -> Reply:
            made = cashier.later.agree(uow, Plate.parse(body.plate), body.channel, body.reference, limits)
            audit(uow, who, "agreement.made", made.id, body.channel)
            return Reply(201, AgreementView.of(made).model_dump(mode="json"))

        once = Once.of(who, idempotency_key, "agreement.make", body.model_dump())
        reply = await database.awrite(lambda uow: once.inside(uow, deed))
        return AgreementView.model_validate_json(json.dumps(reply.body))

    @routes.delete("/agreements/{agreement_id}", tags=["debts"], status_code=204)
    async def end(agreement_id: str, who: Keeper) -> None:
        def work(uow: UnitOfWork) -> None:
            cashier.later.end_agreement(uow, agreement_id)
            audit(uow, who, "agreement.ended", agreement_id, "")

        await database.awrite(work)
