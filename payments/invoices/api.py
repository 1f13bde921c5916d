"""Invoices over HTTP: for the stay in hand, for a member's stays, and at the cash desk. No phone number, no e-mail, no account.

A code from a kiosk proves no more than a plate that anybody may type: with it an invoice may be asked for, and only the one that was
asked for is shown, by its own unguessable id; what others asked for stays hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from sqlalchemy import Connection

from parking.kernel.clock import Clock
from parking.kernel.errors import conflict, not_found
from parking.kernel.principal import Principal, Scope
from parking.plumbing import blobs
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.unit_of_work import Audit
from parking.web.deps import require
from parking.web.idempotency import IdempotencyKey, Once
from payments.invoices import asking, reversing, store, words
from payments.invoices.issuing import PDF, pdf_key
from payments.invoices.model import Buyer, Invoice, Policy
from payments.invoices.schemas import (
    AskForStays,
    AskMine,
    BillToInvoice,
    Invoices,
    InvoiceView,
    Reverse,
    StayKey,
    Text,
)

Driver = Annotated[Principal, Depends(require(Scope.OWN_STAY))]
Me = Annotated[Principal, Depends(require(Scope.OWN_MEMBER))]
Desk = Annotated[Principal, Depends(require(Scope.CASH_DESK))]
Accountant = Annotated[Principal, Depends(require(Scope.BILLS_READ))]


@dataclass(frozen=True, slots=True)
class InvoiceRoom:
    """Everything that the routes need; without a `policy` the site issues no invoices, and says so."""

    database: Database
    clock: Clock
    audit: Audit
    policy: Policy | None
    stay_of_ticket: Callable[[str, datetime], str]
    stays_of_member: Callable[[Connection, str], Collection[str]]

    def rules(self) -> Policy:
        if self.policy is None:
            raise conflict("invoice.not_offered", "no invoices are issued here; please ask our staff")
        return self.policy

    async def ask(
        self, who: Principal, stays: Sequence[str], buyer: Buyer, key: str, *, on_record: bool = False
    ) -> InvoiceView:
        policy = self.rules()
        said = {"stays": sorted(stays), "kind": buyer.kind.value, "name": buyer.name, "number": buyer.tax_number}
        once = Once.of(who, key, "invoice.ask", said)

        def work(uow: UnitOfWork) -> Invoice:
            once.take(uow)  # refuses the key of another request
            asked_by = f"{who.kind}:{who.subject}"
            found = asking.ask(uow, policy, stays, buyer, asked_by=asked_by, key=f"{asked_by}:{key}")
            if on_record and found.asked_at == uow.now:
                self.audit(uow, who, "invoice.asked", found.id, f"{len(stays)} stays")
            return found

        return InvoiceView.of(await self.database.awrite(work))

    async def shown(self, stays: Collection[str], *, with_invoices: bool = True) -> Invoices:
        def look(conn: Connection) -> Invoices:
            policy = self.policy
            found = [asking.offered(conn, stay, self.clock.now(), policy) for stay in sorted(stays)] if policy else []
            return Invoices(
                offered=policy is not None,
                rules=[Text.of(rule) for rule in words.rules(policy)] if policy else [],
                bills=[BillToInvoice.of(one) for bills in found for one in bills],
                invoices=[InvoiceView.of(one) for one in store.of_stays(conn, stays)] if with_invoices else [],
            )

        return await self.database.aread(look)

    async def one(self, invoice_id: str, stays: Collection[str] | None) -> Invoice:
        """An invoice with a bill of one of these stays on it (None: of any); the others do not exist for the asker."""

        def look(conn: Connection) -> Invoice | None:
            found = store.get(conn, invoice_id)
            mine = stays is None or (found is not None and store.stays_of(conn, found.blue_id or found.id) & set(stays))
            return found if mine else None

        found = await self.database.aread(look)
        if found is None:
            raise not_found("invoice.unknown", "there is no such invoice here")
        return found

    async def pdf(self, invoice: Invoice) -> Response:
        blob = await self.database.aread(lambda conn: blobs.get(conn, pdf_key(invoice.id)))
        if blob is None:
            raise not_found("invoice.no_pdf", "the document is not here yet; try again in a minute")
        name = f'attachment; filename="invoice-{invoice.fiscal_number}.pdf"'
        headers = {"Content-Disposition": name, "Cache-Control": "private, no-store"}
        return Response(blob.content, media_type=blob.media_type, headers=headers)


def router(room: InvoiceRoom) -> APIRouter:
    """All routes of this room."""
    routes = APIRouter(tags=["invoices"])
    _driver_routes(routes, room)
    _member_routes(routes, room)
    _desk_routes(routes, room)
    return routes


_AS_PDF: dict[int | str, dict[str, object]] = {200: {"content": {PDF: {}}}}


def _driver_routes(routes: APIRouter, room: InvoiceRoom) -> None:
    @routes.get("/my/invoices")
    async def my_invoices(who: Driver) -> Invoices:
        return await room.shown({who.subject}, with_invoices=who.may(Scope.OWN_WALLET))

    @routes.post("/my/invoices", status_code=201)
    async def ask_mine(who: Driver, body: AskMine, idempotency_key: IdempotencyKey) -> InvoiceView:
        now = room.clock.now()
        stays = [who.subject, *(room.stay_of_ticket(ticket, now) for ticket in body.tickets)]
        return await room.ask(who, list(dict.fromkeys(stays)), body.buyer.buyer(), idempotency_key)

    @routes.get("/my/invoices/{invoice_id}")
    async def my_invoice(who: Driver, invoice_id: str) -> InvoiceView:
        return InvoiceView.of(await room.one(invoice_id, {who.subject}))

    @routes.get("/my/invoices/{invoice_id}/pdf", response_class=Response, responses=_AS_PDF)
    async def my_pdf(who: Driver, invoice_id: str) -> Response:
        return await room.pdf(await room.one(invoice_id, {who.subject}))


def _member_routes(routes: APIRouter, room: InvoiceRoom) -> None:
    async def own(who: Principal) -> Collection[str]:
        return await room.database.aread(lambda conn: room.stays_of_member(conn, who.subject))

    @routes.get("/me/invoices")
    async def own_invoices(who: Me) -> Invoices:
        return await room.shown(await own(who))

    @routes.post("/me/invoices", status_code=201)
    async def ask_own(who: Me, body: AskForStays, idempotency_key: IdempotencyKey) -> InvoiceView:
        """Several stays of one's own vehicles on one invoice."""
        if not set(body.stays) <= set(await own(who)):
            raise not_found("stay.unknown", "this is no stay of yours")
        return await room.ask(who, list(dict.fromkeys(body.stays)), body.buyer.buyer(), idempotency_key)

    @routes.get("/me/invoices/{invoice_id}/pdf", response_class=Response, responses=_AS_PDF)
    async def own_pdf(who: Me, invoice_id: str) -> Response:
        return await room.pdf(await room.one(invoice_id, await own(who)))


def _desk_routes(routes: APIRouter, room: InvoiceRoom) -> None:
    @routes.get("/stays/{stay_id}/invoices")
    async def of_stay(_: Accountant, stay_id: StayKey) -> Invoices:
        return await room.shown({stay_id})

    @routes.post("/invoices", status_code=201)
    async def ask_at_desk(who: Desk, body: AskForStays, idempotency_key: IdempotencyKey) -> InvoiceView:
        """For a driver who stands at the desk; on record."""
        stays = list(dict.fromkeys(body.stays))
        return await room.ask(who, stays, body.buyer.buyer(), idempotency_key, on_record=True)

    @routes.get("/invoices/{invoice_id}")
    async def one(_: Accountant, invoice_id: str) -> InvoiceView:
        return InvoiceView.of(await room.one(invoice_id, None))

    @routes.get("/invoices/{invoice_id}/pdf", response_class=Response, responses=_AS_PDF)
    async def pdf(_: Accountant, invoice_id: str) -> Response:
        return await room.pdf(await room.one(invoice_id, None))

    @routes.post("/invoices/{invoice_id}/reverse", status_code=201)
    async def reverse(who: Desk, invoice_id: str, body: Reverse, idempotency_key: IdempotencyKey) -> InvoiceView:
        """Take an invoice back by a red letter (a wrong title, say); then its bills may have another."""
        reason = body.reason.strip()
        once = Once.of(who, idempotency_key, "invoice.reverse", {"invoice": invoice_id, "reason": reason})

        def work(uow: UnitOfWork) -> Invoice:
            first = once.take(uow) is None
            asked_by = f"{who.kind}:{who.subject}"
            key = f"{asked_by}:{idempotency_key}"
            known = store.by_key(uow.connection, key)
            found = reversing.reverse(uow, invoice_id, reason=reason, actor=asked_by, key=key)
            if first and known is None:
                room.audit(uow, who, "invoice.reversed", invoice_id, reason)
            return found

        return InvoiceView.of(await room.database.awrite(work))
