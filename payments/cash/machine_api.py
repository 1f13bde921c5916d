"""A cash machine over HTTP: what it takes now, the conversation with whoever pays, and the slips that a person pays out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from sqlalchemy import Connection

from parking.kernel.errors import conflict, not_found
from parking.kernel.ids import PaymentId, fitting
from parking.kernel.money import Money
from parking.kernel.principal import Principal, Scope
from parking.plumbing.database import Threads
from parking.plumbing.db import UnitOfWork
from parking.web.deps import require
from parking.web.idempotency import IdempotencyKey, Once
from parking.web.paging import Cursor, Limit, Page, decode, encode, page
from parking.web.schemas import MoneySchema, Strict
from payments import store
from payments.cash import machine_books, machine_store, shift_store
from payments.cash.api import CashRoom
from payments.cash.change import takeable
from payments.cash.machine import CashMachine
from payments.cash.machine_model import Session, SessionState, Why
from payments.cash.schemas import HandOut
from payments.model import Payment

BEGINNING_AT_ONCE = 2
Machine = Annotated[Principal, Depends(require(Scope.KIOSK))]
Desk = Annotated[Principal, Depends(require(Scope.CASH_DESK))]
Due = Annotated[int, Query(ge=0, le=10**9)]


class BeginCash(Strict):
    """`due` is what the payer was told."""

    stay_token: str = Field(min_length=1, max_length=4096)
    due: MoneySchema


class CashOffer(Strict):
    """Whether notes are taken for what is due, and which; without `gives_change` only those that come to the sum exactly.

    `trouble` says why not: away, jam, full, no_box, fault, no_shift, no_change, busy.
    """

    trouble: str
    notes: list[MoneySchema]
    gives_change: bool


class KioskWays(Strict):
    """The ways to pay that this machine itself has: notes, and the channel of the card terminal beside it."""

    cash: CashOffer | None
    card: str | None


class CashSession(Strict):
    """`state`: open, ending, giving, over; `why` it ended: paid, cancelled, expired, not_due. `notes` may be put in now.

    `change` is what goes back in all, `given` what came out so far; `owed` is handed out at a desk against the `slip`.
    """

    session_id: str
    payment_id: str
    state: str
    why: str | None
    due: MoneySchema
    inserted: MoneySchema
    left: MoneySchema
    notes: list[MoneySchema]
    holds: bool
    change: MoneySchema
    given: MoneySchema
    owed: MoneySchema
    slip: str | None
    trouble: str


class SlipView(Strict):
    """What a machine could not give back; `in_doubt`: coins may have fallen of which nobody knows, a case asks about them."""

    slip: str
    till: str
    amount: MoneySchema
    handed_out: bool
    in_doubt: bool


@dataclass(frozen=True, slots=True)
class MachineRoom:
    """The cash desk's room, the machines by their till's name, the card channels beside them; `wake` has a machine look at once."""

    cash: CashRoom
    machines: Mapping[str, CashMachine]
    cards: Mapping[str, str]
    wake: Callable[[str], None]

    def machine(self, who: Principal) -> CashMachine:
        found = self.machines.get(who.subject)
        if found is None:
            raise conflict("cash.no_machine", "this kiosk takes no notes")
        return found

    def money(self, minor: int) -> MoneySchema:
        return MoneySchema.of(Money(minor, self.cash.currency))

    def offer(self, conn: Connection, machine: CashMachine, due: int) -> CashOffer:
        """What it takes for this sum."""
        shift, coins = shift_store.open_shift(conn, machine.till), tuple(machine.hoppers)
        stock = {} if shift is None else machine_store.stock(conn, shift, coins)
        notes = sorted(takeable(due, machine.acceptor.notes, stock))
        acceptor = machine_store.acceptor(conn, machine.till)
        trouble = acceptor.trouble.value if acceptor.answers else "away"
        if not trouble and shift is None:
            trouble = "no_shift"
        if not trouble and (acceptor.holds or machine_store.alive(conn, machine.till) is not None):
            trouble = "busy"
        if not trouble and not notes and due:
            trouble = "no_change"
        return CashOffer(
            trouble=trouble, notes=[self.money(n) for n in notes], gives_change=any(n > due for n in notes)
        )

    def shown(self, conn: Connection, session: Session) -> CashSession:
        machine = self.machines.get(session.till)
        acceptor = machine_store.acceptor(conn, session.till)
        known, coins = ((), ()) if machine is None else (machine.acceptor.notes, tuple(machine.hoppers))
        trouble = "away" if machine is None or not acceptor.answers else acceptor.trouble.value
        return CashSession(
            session_id=session.id,
            payment_id=session.payment_id,
            state=session.state.value,
            why=session.why.value if session.why else None,
            due=MoneySchema.of(session.due),
            inserted=self.money(session.stored),
            left=self.money(session.left),
            notes=[self.money(n) for n in sorted(machine_books.notes_for(conn, session, known, coins))],
            holds=acceptor.holds,
            change=self.money(session.to_give),
            given=self.money(session.given),
            owed=self.money(session.owed),
            slip=session.slip,
            trouble=trouble,
        )


def router(room: MachineRoom) -> APIRouter:
    """All routes of cash machines."""
    routes = APIRouter(tags=["cash"])
    _kiosk_routes(routes, room)
    _begin_route(routes, room)
    _card_route(routes, room)
    _slip_routes(routes, room)
    return routes


def _kiosk_routes(routes: APIRouter, room: MachineRoom) -> None:
    database = room.cash.database

    @routes.get("/kiosk/ways")
    async def ways(who: Machine, due: Due = 0) -> KioskWays:
        """What can be paid with at this machine, told before anything is put in."""
        machine = room.machines.get(who.subject)
        cash = None if machine is None else await database.aread(lambda conn: room.offer(conn, machine, due))
        return KioskWays(cash=cash, card=room.cards.get(who.subject))

    def mine(conn: Connection, who: Principal, session_id: str) -> Session:
        found = machine_store.session(conn, session_id)
        if found is None or found.till != who.subject:
            raise not_found("cash.no_session", "there is no such payment at this machine")
        return found

    @routes.get("/kiosk/cash/sessions/{cash_id}")
    async def session(who: Machine, cash_id: str) -> CashSession:
        found, shown = await database.aread(lambda conn: (one := mine(conn, who, cash_id), room.shown(conn, one)))
        if found.is_watched_anew(room.cash.clock.now()):
            await database.awrite(lambda uow: machine_store.change_session(uow.connection, cash_id, watched_at=uow.now))
        return shown

    @routes.post("/kiosk/cash/sessions/{cash_id}/cancel")
    async def cancel(who: Machine, cash_id: str, idempotency_key: IdempotencyKey) -> CashSession:
        """No more notes; what is held and what was stored goes back. What is paid already stays paid."""
        once = Once.of(who, idempotency_key, "cash.cancel", {"session": cash_id})

        def work(uow: UnitOfWork) -> CashSession:
            found = mine(uow.connection, who, cash_id)
            once.take(uow)
            return room.shown(uow.connection, machine_books.end(uow, found.id, Why.CANCELLED))

        shown = await database.awrite(work)
        room.wake(who.subject)
        return shown


def _begin_route(routes: APIRouter, room: MachineRoom) -> None:
    database, threads = room.cash.database, Threads("beginning cash", BEGINNING_AT_ONCE)

    @routes.post("/kiosk/cash/sessions", status_code=201)
    async def begin(who: Machine, body: BeginCash, idempotency_key: IdempotencyKey) -> CashSession:
        """Begin to pay with notes what a stay owes now; nothing is drawn in whose change could not be given."""
        stay_id = room.cash.stay_of_ticket(body.stay_token, room.cash.clock.now())
        due, machine = body.due.money(), room.machine(who)
        key = fitting(f"cash:{who.subject}:{idempotency_key}", 160)
        once = Once.of(who, idempotency_key, "cash.begin", {"stay": stay_id, "due": due.minor, "cur": due.currency})

        def ready(uow: UnitOfWork) -> Session | None:
            once.take(uow)  # refuses the key of another request
            known = machine_store.session_by_key(uow.connection, key)
            offer = room.offer(uow.connection, machine, due.minor)
            alive = machine_store.alive(uow.connection, machine.till)
            again = alive is not None and alive.stay_id == stay_id and alive.state is SessionState.OPEN
            if known is None and not again and offer.trouble:
                raise conflict(f"cash.{offer.trouble}", "this machine takes no notes for that now: pay in another way")
            return known

        known = await database.awrite(ready)
        if known is None:
            payment = await threads.run(lambda: _payment(room.cash, stay_id, key, due))
            known = await database.awrite(lambda uow: machine_books.begin(uow, machine.till, payment, key=key))
        begun = known
        room.wake(machine.till)
        return await database.aread(lambda conn: room.shown(conn, begun))


def _payment(cash: CashRoom, stay_id: str, key: str, due: Money) -> Payment:
    payment = cash.begin(stay_id, key)
    if payment.amount != due:
        cash.close(payment)
        raise conflict("cash.amount_changed", "another amount is due now: tell the payer first")
    return payment


def _card_route(routes: APIRouter, room: MachineRoom) -> None:
    database, threads = room.cash.database, Threads("leaving a card terminal", BEGINNING_AT_ONCE)

    @routes.post("/kiosk/cards/{payment_id}/cancel", status_code=204)
    async def leave_terminal(who: Machine, payment_id: str, idempotency_key: IdempotencyKey) -> None:
        """Whoever was to hold a card to the terminal beside this machine has gone: nobody else shall pay that by mistake."""
        once = Once.of(who, idempotency_key, "card.cancel", {"payment": payment_id})

        def find(uow: UnitOfWork) -> Payment:
            found = store.get(uow.connection, PaymentId(payment_id))
            if found is None or found.channel != room.cards.get(who.subject):
                raise not_found("payment.unknown", "there is no such payment at this machine")
            once.take(uow)
            return found

        payment = await database.awrite(find)
        await threads.run(lambda: room.cash.close(payment))  # one that ended meanwhile is left as it is


def _slip_routes(routes: APIRouter, room: MachineRoom) -> None:
    def view(conn: Connection, session: Session) -> SlipView:
        return SlipView(
            slip=session.slip or "",
            till=session.till,
            amount=room.money(session.to_give - session.given),
            handed_out=session.handed_at is not None,
            in_doubt=machine_store.has_unknown_payout(conn, session.id),
        )

    @routes.get("/cash/slips")
    async def slips(_: Desk, cursor: Cursor = "", limit: Limit = 50) -> Page[SlipView]:
        """What machines owe and nobody has handed out yet, newest first."""
        behind = decode(cursor, str)
        after = str(behind[0]) if behind else ""

        def owed(conn: Connection) -> Page[SlipView]:
            found = machine_store.owed(conn, after, limit + 1)
            kept, following = page(list(found), limit, lambda one: encode(one.id))
            return Page(items=[view(conn, one) for one in kept], next=following)

        return await room.cash.database.aread(owed)

    @routes.post("/cash/slips/{slip}/hand-out")
    async def hand_out(who: Desk, slip: str, body: HandOut, idempotency_key: IdempotencyKey) -> SlipView:
        """What a machine could not give back was handed to whoever has its slip."""
        once = Once.of(who, idempotency_key, "cash.slip", {"slip": slip, "till": body.till})

        def work(uow: UnitOfWork) -> SlipView:
            audit = room.cash.on_record(uow, who)
            handed = machine_books.hand_out(uow, body.till, slip.strip().upper(), by=who.subject, audit=audit)
            return view(uow.connection, handed)

        return await room.cash.handed_out(once, SlipView, work)
