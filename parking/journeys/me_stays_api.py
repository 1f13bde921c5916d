"""A member's stays, what each cost, the code to pay with, and what he bought; logged in by the mall's app."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter
from sqlalchemy import Connection

from parking.journeys import own_stays, paying
from parking.journeys.me_api import MOST_ROWS, Loyalty, Me
from parking.journeys.me_schemas import OwnPayment, OwnReceipt, OwnStay, StayCode
from parking.journeys.own_stays import OwnedStay
from parking.journeys.schemas import BillView, state_of
from parking.members import store
from parking.sessions.model import ClosedStay
from parking.web.schemas import MoneySchema

CODE_LASTS = timedelta(hours=12)
"""As long as the member is logged in: whoever has the phone for longer logs in again."""


def router(j: Loyalty) -> APIRouter:
    """Routes of a member's stays and purchases."""
    routes = APIRouter(tags=["me"])

    @routes.get("/me/stays")
    async def own(who: Me) -> list[OwnStay]:
        """Stays of one's own vehicles, since each became one's own; only with the consent for it."""

        def ask(conn: Connection) -> list[OwnStay]:
            return [_view(conn, j, stay) for stay in own_stays.shown_to(conn, who.subject)]

        return await j.database.aread(ask)

    @routes.post("/me/stays/{stay_id}/code", status_code=201)
    async def code(who: Me, stay_id: str) -> StayCode:
        """The stay's own code, as a ticket has it: with it everything under /my is open, paying above all."""
        stay = await j.database.aread(lambda conn: own_stays.one_shown_to(conn, who.subject, stay_id))
        until = j.clock.now() + CODE_LASTS
        token = paying.ticket(stay.id, j.signer, until, at="member")
        return StayCode(token=token, page_url=f"{j.public_url}/driver/#t={token}", expires_at=until)

    @routes.get("/me/receipts")
    async def receipts(who: Me) -> list[OwnReceipt]:
        def ask(conn: Connection) -> list[OwnReceipt]:
            rows = store.receipts_of(conn, who.subject, MOST_ROWS)
            names = j.coupons.merchant_names(conn, {row.merchant_id for row in rows})
            return [
                OwnReceipt(
                    merchant_id=row.merchant_id,
                    merchant=names.get(row.merchant_id, ""),
                    receipt=row.receipt,
                    amount=OwnReceipt.amount_of(row.amount, row.currency),
                    points=row.points,
                    at=row.at,
                    given_back=row.reversed_at is not None,
                )
                for row in rows
            ]

        return await j.database.aread(ask)

    return routes


def _view(conn: Connection, j: Loyalty, stay: OwnedStay) -> OwnStay:
    now = j.clock.now()
    found = paying.account_of(conn, j.cashier, stay.id, now)
    return OwnStay(
        stay_id=stay.id,
        plate=stay.plate.masked if stay.plate is not None else None,
        entered_at=stay.entered_at,
        exited_at=stay.exited_at if isinstance(stay, ClosedStay) else None,
        state=state_of(stay, now, found.leave_by),
        leave_by=found.leave_by,
        bill=BillView.of(found.account),
        payments=[
            OwnPayment(payment_id=p.payment_id, state=p.state, amount=MoneySchema.of(p.amount), channel=p.channel)
            for p in j.cashier.payments_of(conn, stay.id)
        ],
    )
