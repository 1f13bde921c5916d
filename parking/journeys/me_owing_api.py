"""What a member's own vehicles still owe, and what their later stays are charged to; the plate masked, a day and an amount, no place.

Only of stays since a vehicle became his own: what it owed before is shown to whoever has the car in hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from sqlalchemy import Connection

from parking.journeys import owing, own_stays, paying_at_desk
from parking.journeys.later_port import Agreement, Debt
from parking.journeys.me_api import Me
from parking.journeys.owing_api import NO_WORDS, Dispute, MyDebt, day_of
from parking.journeys.ports import Cashier, Payment
from parking.journeys.schemas import PaymentView, StartPayment
from parking.kernel.clock import Clock
from parking.kernel.errors import not_found
from parking.kernel.ids import StayId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from parking.members import service
from parking.members import store as members
from parking.members.model import Vehicle
from parking.plumbing.database import Threads
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.unit_of_work import Audit
from parking.sessions import store
from parking.sessions.model import ClosedStay
from parking.web.idempotency import IdempotencyKey, Once
from parking.web.schemas import MoneySchema, Strict

PAYING_AT_ONCE = 8


class OwnDebt(MyDebt):
    plate: str | None


class OwnAgreement(Strict):
    """What later stays of a vehicle are charged to, and what one stay may leave owing at most."""

    agreement_id: str
    plate: str
    channel: str
    since: datetime
    per_stay: MoneySchema


@dataclass(frozen=True, slots=True)
class OwnOwing:
    """What the routes need; `standing` finds the agreement of a plate."""

    database: Database
    cashier: Cashier
    clock: Clock
    audit: Audit
    zone: ZoneInfo
    standing: Callable[[Connection, Plate], Agreement | None]
    currency: str

    def debts(self, conn: Connection, member_id: str) -> list[tuple[Debt, Money]]:
        """Of all his vehicles, oldest first."""
        service.known(conn, member_id)
        found = []
        for vehicle in own_stays.vehicles_of(conn, member_id):
            for debt, left in self.cashier.later.unsettled_debts(conn, vehicle.plate):
                stay = store.get(conn, debt.stay_id)
                if isinstance(stay, ClosedStay) and own_stays.is_own(vehicle, stay):
                    found.append((debt, left))
        return sorted(found, key=lambda one: one[0].since)

    def debt(self, conn: Connection, member_id: str, debt_id: str) -> Debt:
        """One of his, whatever has become of it; another's and one that is not there are the same."""
        service.known(conn, member_id)
        stay, found = store.get(conn, StayId(debt_id)), self.cashier.later.debt(conn, StayId(debt_id))
        own = own_stays.vehicles_of(conn, member_id)
        if found is not None and isinstance(stay, ClosedStay) and any(own_stays.is_own(one, stay) for one in own):
            return found[0]
        raise not_found("debt.unknown", "no vehicle of yours has such a debt")

    def agreements(self, conn: Connection, member_id: str) -> list[Agreement]:
        """Those that stand for his vehicles, and those made while a vehicle was his that he has no more: only he can know of them."""
        service.known(conn, member_id)
        found: dict[str, Agreement] = {}
        for vehicle in members.every_vehicle_of(conn, member_id):
            one = self.standing(conn, vehicle.plate) if vehicle.was_his else None
            if one is not None and (vehicle.ended_at is None or _was_made_by(vehicle, one)):
                found[one.id] = one
        return list(found.values())


def _was_made_by(vehicle: Vehicle, agreement: Agreement) -> bool:
    """Whether it was made while the vehicle was this member's; who it was is written nowhere else."""
    begun, ended = vehicle.active_at, vehicle.ended_at
    return begun is not None and ended is not None and begun <= agreement.since <= ended


def router(o: OwnOwing) -> APIRouter:
    """Routes of a member's debts and agreements."""
    routes = APIRouter(tags=["me"])
    _debt_routes(routes, o)
    _agreement_routes(routes, o)
    return routes


def _debt_routes(routes: APIRouter, o: OwnOwing) -> None:
    threads = Threads("members paying debts", PAYING_AT_ONCE)

    @routes.get("/me/debts")
    async def own_debts(who: Me) -> list[OwnDebt]:
        def look(conn: Connection) -> list[OwnDebt]:
            return [
                OwnDebt(
                    debt_id=debt.stay_id,
                    on=day_of(conn, debt, o.zone),
                    left=MoneySchema.of(left),
                    state=debt.state,
                    plate=debt.plate.masked if debt.plate is not None else None,
                )
                for debt, left in o.debts(conn, who.subject)
            ]

        return await o.database.aread(look)

    @routes.post("/me/debts/{debt_id}/payments", status_code=201)
    async def pay(who: Me, debt_id: str, body: StartPayment, idempotency_key: IdempotencyKey) -> PaymentView:
        o.cashier.check_by_code(body.channel)
        once = Once.of(who, idempotency_key, "debt.pay", {"debt": debt_id, "channel": body.channel})
        await o.database.awrite(once.take)

        def begin() -> Payment:
            debt = o.database.read(lambda conn: o.debt(conn, who.subject, debt_id))
            key = f"own-debt:{idempotency_key}"
            return paying_at_desk.begin_debt(o.database, o.cashier, debt.stay_id, o.clock.now(), body.channel, key)

        return PaymentView.of(await threads.run(begin), qr_svg=None, leave_by=None)

    @routes.post("/me/debts/{debt_id}/dispute", status_code=204)
    async def dispute(who: Me, debt_id: str, body: Dispute = NO_WORDS) -> None:
        """This is not owed, says the member: it stands still, and a person decides."""

        def work(uow: UnitOfWork) -> None:
            debt = o.debt(uow.connection, who.subject, debt_id)
            owing.dispute(uow, o.cashier, debt.stay_id)
            if debt.state != "disputed":
                o.audit(uow, who, "debt.disputed", debt.stay_id, body.reason.strip() or "no words given")

        await o.database.awrite(work)


def _agreement_routes(routes: APIRouter, o: OwnOwing) -> None:
    @routes.get("/me/agreements")
    async def own_agreements(who: Me) -> list[OwnAgreement]:
        found = await o.database.aread(lambda conn: o.agreements(conn, who.subject))
        return [
            OwnAgreement(
                agreement_id=one.id,
                plate=one.plate.masked,
                channel=one.channel,
                since=one.since,
                per_stay=MoneySchema(amount=one.limits[0], currency=o.currency),
            )
            for one in found
        ]

    @routes.delete("/me/agreements/{agreement_id}", status_code=204)
    async def end(who: Me, agreement_id: str) -> None:
        """Later stays are not charged to it any more; what is owed already stays as it is."""

        def work(uow: UnitOfWork) -> None:
            if agreement_id not in {one.id for one in o.agreements(uow.connection, who.subject)}:
                raise not_found("agreement.unknown", "no such agreement stands for a vehicle of yours")
            o.cashier.later.end_agreement(uow, agreement_id)
            o.audit(uow, who, "agreement.ended", agreement_id, "by the member")

        await o.database.awrite(work)
