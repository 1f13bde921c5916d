"""The accountant's desk: refunds with a name and a reason, and the providers' days against our books."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field, StringConstraints
from sqlalchemy import Connection

from parking.kernel.errors import conflict, not_found
from parking.kernel.ids import PaymentId, fitting
from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.unit_of_work import Audit
from parking.web.deps import require
from parking.web.idempotency import IdempotencyKey, Once
from parking.web.schemas import MoneySchema, Strict
from payments import phases, reconciling, refund_store, refunding, store
from payments.model import Payment
from payments.refund_store import Refund

DAYS_SHOWN = 60
Accountant = Annotated[Principal, Depends(require(Scope.BILLS_READ))]
Decider = Annotated[Principal, Depends(require(Scope.BILLS_READ, Scope.CASES_WORK))]


class RefundIn(Strict):
    """How much of a payment goes back, and why; `in_cash`: handed out at a desk, where the payment's own channel has refused it."""

    amount: MoneySchema
    in_cash: bool = False
    reason: Annotated[
        str, StringConstraints(min_length=3, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$")
    ]


class RefundView(Strict):
    """`granted`: the part that was not owed back before somebody decided so. `channel`: where it goes back another way than it came."""

    refund_id: str
    number: str
    amount: MoneySchema
    granted: MoneySchema
    state: str
    reason: str
    actor: str
    created_at: datetime
    ended_at: datetime | None
    failure: str | None
    channel: str | None

    @classmethod
    def of(cls, refund: Refund) -> RefundView:
        return cls(
            refund_id=refund.id,
            number=refund.number,
            amount=MoneySchema.of(refund.amount),
            granted=MoneySchema.of(refund.granted),
            state=refund.state.value,
            reason=refund.reason,
            actor=refund.actor,
            created_at=refund.created_at,
            ended_at=refund.ended_at,
            failure=refund.failure,
            channel=refund.channel,
        )


class PaymentDetail(Strict):
    """`phase` of a paid one: PAID, ADVANCED (the provider paid for the driver), REFUNDING, PARTLY_REFUNDED, REFUNDED."""

    payment_id: str
    stay_id: str
    number: str
    channel: str
    state: str
    phase: str | None
    amount: MoneySchema
    refunded: MoneySchema
    created_at: datetime
    captured_at: datetime | None
    advanced_at: datetime | None
    repaid_at: datetime | None
    failure: str | None

    @classmethod
    def of(cls, payment: Payment, after: phases.Aftermath) -> PaymentDetail:
        return cls(
            payment_id=payment.payment_id,
            stay_id=payment.stay_id,
            number=payment.number,
            channel=payment.channel,
            state=payment.state.value,
            phase=after.phase.value if after.phase else None,
            amount=MoneySchema.of(payment.amount),
            refunded=MoneySchema.of(after.refunded),
            created_at=payment.created_at,
            captured_at=payment.captured_at,
            advanced_at=after.advanced_at,
            repaid_at=after.repaid_at,
            failure=payment.failure,
        )


class StatementDay(Strict):
    channel: str
    day: str
    lines: int = Field(ge=0)
    differences: int = Field(ge=0)
    looked_at: datetime


class StatementDifference(Strict):
    """`here` is what we have booked, `there` what the provider says, in minor units; null where a side has nothing."""

    channel: str
    day: str
    kind: str
    number: str
    difference: str
    here: int | None
    there: int | None
    currency: str


class Statements(Strict):
    days: list[StatementDay]
    open: list[StatementDifference]


def router(database: Database, audit: Audit, cash: str | None = None) -> APIRouter:
    """Routes of refunds and reconciliation; `cash` is the channel by which a desk hands money out, None: there is none."""
    routes = APIRouter()

    @routes.post("/payments/{payment_id}/refunds", tags=["payments"], status_code=201)
    async def refund(payment_id: str, body: RefundIn, who: Decider, idempotency_key: IdempotencyKey) -> RefundView:
        money, reason = body.amount.money(), body.reason.strip()
        asked = {"payment": payment_id, "amount": money.minor, "currency": money.currency}
        once = Once.of(who, idempotency_key, "refund.begin", asked | ({"in_cash": True} if body.in_cash else {}))
        if body.in_cash and cash is None:
            raise conflict("refund.no_cash", "no cash is handed out here")
        channel = cash if body.in_cash else None

        def work(uow: UnitOfWork) -> Refund:
            once.take(uow)  # refuses the key of another request
            key = fitting(f"{who.subject}:{idempotency_key}", refund_store.LONGEST_KEY)
            before = refund_store.by_key(uow.connection, key)
            if before is None:
                audit(uow, who, "payment.refund", payment_id, reason)
            about = {"reason": reason, "actor": who.subject, "key": key}
            return refunding.begin(uow, PaymentId(payment_id), money, channel=channel, **about)

        return RefundView.of(await database.awrite(work))

    @routes.get("/payments/{payment_id}/details", tags=["payments"])
    async def one_payment(payment_id: str, _: Accountant) -> PaymentDetail:
        """A payment with what has become of it."""

        def look(conn: Connection) -> PaymentDetail:
            payment = store.get(conn, PaymentId(payment_id))
            if payment is None:
                raise not_found("payment.unknown", "there is no such payment")
            return PaymentDetail.of(payment, phases.of(conn, payment))

        return await database.aread(look)

    @routes.get("/payments/{payment_id}/refunds", tags=["payments"])
    async def refunds(payment_id: str, _: Accountant) -> list[RefundView]:
        payment = await database.aread(lambda conn: store.get(conn, PaymentId(payment_id)))
        if payment is None:
            raise not_found("payment.unknown", "there is no such payment")
        found = await database.aread(lambda conn: refund_store.of_payment(conn, payment.payment_id))
        return [RefundView.of(one) for one in found]

    @routes.get("/statements", tags=["payments"])
    async def statements(_: Accountant) -> Statements:
        """The providers' days as they were compared last, newest first, and what does not agree."""
        days = await database.aread(lambda conn: reconciling.days(conn, DAYS_SHOWN))
        wrong = await database.aread(reconciling.open_differences)
        return Statements(
            days=[
                StatementDay(
                    channel=d.channel, day=d.day, lines=d.lines, differences=d.differences, looked_at=d.looked_at
                )
                for d in days
            ],
            open=[StatementDifference(**{k: v for k, v in row.items() if k != "open"}) for row in wrong],
        )

    return routes
