"""What a member does for himself. Logged in by the mall's app; nothing here is needed to park, to pay or to leave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from sqlalchemy import Connection, Row

from parking.journeys import forgetting, own_stays, paying, shopping, wallets
from parking.journeys.coupon_port import Coupons
from parking.journeys.me_schemas import (
    ClaimVehicle,
    CouponHere,
    CouponView,
    Erased,
    MemberCode,
    Notice,
    OwnCoupon,
    ShowCoupon,
)
from parking.journeys.paying import StayAccount
from parking.journeys.ports import Cashier
from parking.journeys.schemas import LocalText
from parking.kernel.clock import Clock
from parking.kernel.errors import conflict, invalid, not_found
from parking.kernel.ids import StayId
from parking.kernel.plate import Plate
from parking.kernel.principal import Principal, Scope
from parking.kernel.signed import Signer, Verifier, unseal
from parking.members import service, store, vehicles
from parking.members.api import MemberRoom, view
from parking.members.model import Proof, Purpose, VehicleState
from parking.members.schemas import Consents, ContactBody, LookView, MemberView, VehicleView
from parking.plumbing.db import Database, UnitOfWork
from parking.security import looks
from parking.sessions import store as sessions
from parking.sessions.model import ClosedStay, OpenStay, Stay, StayInReview
from parking.web.deps import require
from parking.web.limits import RateLimit

Me = Annotated[Principal, Depends(require(Scope.OWN_MEMBER))]
MOST_COUPONS, MOST_ROWS = 100, 100
CODES_MOST = 10
"""Codes shown a minute: nobody types more, and nobody tries codes out."""
PROVES_FOR = timedelta(days=1)
"""So long after it has left, the code of a stay still proves whose the vehicle is."""
CLAIMS_MOST = 10
"""Claims a day and member: more is somebody who collects plates."""


@dataclass(frozen=True, slots=True)
class Loyalty:
    """Everything that the routes of members, shoppers and tills need."""

    database: Database
    cashier: Cashier
    coupons: Coupons
    room: MemberRoom
    signer: Signer
    verifier: Verifier
    clock: Clock
    qr_svg: Callable[[str], str]
    key_of_app: Callable[[Connection, str], bytes | None]
    holds: Callable[[bytes, bytes, bytes], bool]
    public_url: str
    currency: str
    others_forget: tuple[forgetting.Forget, ...] = ()


def router(j: Loyalty) -> APIRouter:
    """All routes under /me, and the driver's own coupon."""
    routes = APIRouter(tags=["me"])
    _own_data(routes, j)
    _own_vehicles(routes, j)
    _own_wallet(routes, j)
    return routes


def _own_data(routes: APIRouter, j: Loyalty) -> None:
    @routes.get("/me")
    async def me(who: Me) -> MemberView:
        return await j.database.aread(lambda conn: view(conn, j.room, who.subject, in_clear=True))

    @routes.put("/me/consents")
    async def consents(who: Me, body: Consents) -> dict[str, bool]:
        """Each purpose by itself, given and taken back at any time; what was kept for it alone is gone at once."""

        def work(uow: UnitOfWork) -> dict[str, bool]:
            found = service.consent(uow, who.subject, body.wishes(), by="member")
            return {purpose.value: given for purpose, given in found.items()}

        return await j.database.awrite(work)

    @routes.put("/me/contact", status_code=204)
    async def contact(who: Me, body: ContactBody) -> Response:
        await j.database.awrite(lambda uow: service.set_contact(uow, who.subject, body.contact(), j.room.cipher))
        return Response(status_code=204)

    @routes.get("/me/notices")
    async def notices(who: Me) -> list[Notice]:
        """What happens to his vehicles; `can_object` while a claim of somebody else may still be objected to."""

        def ask(conn: Connection) -> list[Notice]:
            return [_notice(conn, who.subject, row) for row in store.notices(conn, who.subject, MOST_ROWS)]

        return await j.database.aread(ask)

    @routes.get("/me/looks")
    async def looked_at(who: Me) -> list[LookView]:
        """Who has looked at this member's data, and at the latest stays of his vehicles."""

        def ask(conn: Connection) -> Sequence[Row[Any]]:
            mine = [who.subject, *(stay.id for stay in own_stays.of_member(conn, who.subject))]
            return looks.of_subjects(conn, mine, MOST_ROWS)

        found = await j.database.aread(ask)
        return [LookView(**{name: getattr(row, name) for name in LookView.model_fields}) for row in found]

    @routes.delete("/me")
    async def forget_me(who: Me) -> Erased:
        """Everything of this member is erased; cars that are inside park and pay on as anybody's."""
        stays = await j.database.awrite(lambda uow: forgetting.erase(uow, j.coupons, who.subject, j.others_forget))
        return Erased(stays=stays)


def _notice(conn: Connection, member_id: str, row: Row[Any]) -> Notice:
    about = store.vehicle(conn, row.about)
    held = store.holder(conn, about.plate) if about is not None else None
    mine = held is not None and held.member_id == member_id
    return Notice(
        notice_id=row.id,
        kind=row.kind,
        about=row.about,
        at=row.at,
        plate=about.plate.masked if about is not None else None,
        can_object=mine and about is not None and about.state is VehicleState.COOLING and not about.is_decided,
    )


def _own_vehicles(routes: APIRouter, j: Loyalty) -> None:
    limit = RateLimit(CLAIMS_MOST, 86_400.0, j.clock)

    @routes.post("/me/vehicles", status_code=201, dependencies=[Depends(limit)])
    async def claim(who: Me, body: ClaimVehicle) -> VehicleView:
        """Bind a vehicle with proof; it counts after the cooling time, unless whoever holds it objects."""

        def work(uow: UnitOfWork) -> VehicleView:
            service.known(uow.connection, who.subject)
            plate = proven(uow, j, body)
            return VehicleView.of(vehicles.claim(uow, who.subject, plate, body.proof), in_clear=True)

        return await j.database.awrite(work)

    @routes.post("/me/claims/{vehicle_id}/object", status_code=204)
    async def objection(who: Me, vehicle_id: str) -> Response:
        """Somebody else claims a vehicle of mine: a person shall look at it."""
        await j.database.awrite(lambda uow: vehicles.object_to(uow, who.subject, vehicle_id))
        return Response(status_code=204)

    @routes.delete("/me/vehicles/{vehicle_id}", status_code=204)
    async def unbind(who: Me, vehicle_id: str) -> Response:
        def work(uow: UnitOfWork) -> None:
            found = store.vehicle(uow.connection, vehicle_id)
            if found is None or found.member_id != who.subject or found.state is VehicleState.ENDED:
                raise not_found("vehicle.unknown", "there is no such vehicle of yours")
            vehicles.end(uow, found, "by_member")

        await j.database.awrite(work)
        return Response(status_code=204)


def proven(uow: UnitOfWork, j: Loyalty, body: ClaimVehicle) -> Plate:
    """The plate that the proof is about. A code from a kiosk proves nothing: anybody may type a plate there.

    Nor does one that a member got as the holder of the vehicle.
    """
    if body.proof is Proof.DOCUMENT:
        if body.plate is None:
            raise invalid("vehicle.plate", "say which plate the document is for", field="plate")
        return Plate.parse(body.plate)
    if body.stay_token is None:
        raise invalid("vehicle.stay_token", "show the code of a stay of this vehicle", field="stay_token")
    said = unseal(body.stay_token, j.verifier, use="stay", now=uow.now)
    stay = sessions.get(uow.connection, StayId(str(said.get("stay"))))
    if stay is None or stay.plate is None or said.get("at") is not None or not _is_fresh(stay, uow.now):
        raise conflict("vehicle.weak_proof", "this code does not prove that the vehicle is yours")
    if body.proof is Proof.PAYMENT:
        paid = [p for p in j.cashier.payments_of(uow.connection, stay.id) if p.state == "PAID"]
        if not paid:
            raise conflict("vehicle.not_paid", "this stay has not been paid; pay it first, or choose another proof")
    return stay.plate


def _is_fresh(stay: Stay, now: datetime) -> bool:
    """Whether whoever has the stay's code may well have the car: an old ticket is found in a bin, or in a car that was sold."""
    if isinstance(stay, ClosedStay):
        return now <= stay.exited_at + PROVES_FOR
    return isinstance(stay, OpenStay | StayInReview)


def _own_wallet(routes: APIRouter, j: Loyalty) -> None:
    limit = RateLimit(CODES_MOST, 60.0, j.clock)

    @routes.post("/my/coupons", tags=["driver"], status_code=201, dependencies=[Depends(limit)])
    async def show(who: Annotated[Principal, Depends(require(Scope.OWN_WALLET))], body: ShowCoupon) -> CouponView:
        """Show a coupon's code for one's own stay; the bill counts it from now on. No account is needed."""
        given = await j.database.awrite(lambda uow: wallets.show(uow, j.coupons, body.code, StayId(who.subject)))
        return CouponView.of(given)

    @routes.get("/me/coupons")
    async def coupons(who: Me, cursor: str = "") -> list[OwnCoupon]:
        """The wallet, newest first; of each coupon what it does for a vehicle that is inside now, and why it does nothing."""

        def ask(conn: Connection) -> list[OwnCoupon]:
            now = _counting_now(conn, j, who.subject)
            found = j.coupons.wallet(conn, who.subject, cursor[:36], MOST_COUPONS)
            return [OwnCoupon(**CouponView.of(one).model_dump(), here=_here(one.coupon_id, now)) for one in found]

        return await j.database.aread(ask)

    @routes.post("/me/code")
    async def code(who: Me) -> MemberCode:
        """What to show at a till: good for a minute and a half, and for earning alone."""
        await j.database.aread(lambda conn: service.known(conn, who.subject))
        text, until = shopping.member_code(who.subject, j.signer, j.clock.now())
        return MemberCode(code=text, qr_svg=j.qr_svg(text), shown_until=until)


def _counting_now(conn: Connection, j: Loyalty, member_id: str) -> list[StayAccount]:
    """The bills of the member's vehicles that are inside, as far as he is recognised by them."""
    if not service.agrees(conn, member_id, Purpose.RECOGNISE):
        return []
    now = j.clock.now()
    return [paying.account_of(conn, j.cashier, stay.id, now) for stay in own_stays.inside(conn, member_id)]


def _here(coupon_id: str, bills: Sequence[StayAccount]) -> list[CouponHere]:
    found = []
    for bill in bills:
        plate = bill.stay.plate.masked if bill.stay.plate is not None else None
        why = next((one for one in bill.account.not_applied if one.key == coupon_id), None)
        if coupon_id in bill.account.counting:
            found.append(CouponHere(stay_id=bill.stay.id, plate=plate, counts=True, why=None, text=None))
        elif why is not None:
            text = LocalText(zh=why.text["zh"], en=why.text["en"])
            found.append(CouponHere(stay_id=bill.stay.id, plate=plate, counts=False, why=why.why, text=text))
    return found
