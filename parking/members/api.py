"""Members as the mall's own app keeps them and its staff see them: masked, and every look on record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path
from sqlalchemy import Connection
from starlette.requests import HTTPConnection

from parking.kernel.clock import Clock
from parking.kernel.errors import ErrorKind, ParkingError, invalid, not_found
from parking.kernel.events import MemberChanged
from parking.kernel.principal import ANONYMOUS, Principal, Scope
from parking.kernel.signed import Signer, seal
from parking.members import points, service, store, vehicles
from parking.members.model import VehicleState
from parking.members.schemas import (
    Consents,
    ContactBody,
    Join,
    Joined,
    LevelBody,
    LevelView,
    MemberToken,
    MemberView,
    PointsOfMerchant,
    Standing,
    VehicleView,
)
from parking.members.store import Cipher
from parking.members.tables import vehicle_table
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.unit_of_work import Audit
from parking.web.deps import current_principal, require

TOKEN_LASTS = timedelta(hours=12)
PAGE = 100
Look = Callable[[UnitOfWork, Principal, str, str], object]
Reader = Annotated[Principal, Depends(require(Scope.MEMBERS_READ))]
Keeper = Annotated[Principal, Depends(require(Scope.MEMBERS_WRITE))]
App = Annotated[Principal, Depends(require(Scope.APP))]
LevelKind = Annotated[Literal["tier", "credit"], Path()]
LevelId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$")]


@dataclass(frozen=True, slots=True)
class MemberRoom:
    """What the routes of members need."""

    database: Database
    cipher: Cipher
    signer: Signer
    clock: Clock
    audit: Audit
    look: Look
    public_url: str


def app_or_keeper(connection: HTTPConnection) -> Principal:
    """A dependency: the mall's own app, or staff who keep members."""
    who = current_principal(connection)
    if who.may(Scope.APP) or who.may(Scope.MEMBERS_WRITE):
        return who
    if who.kind == ANONYMOUS.kind:
        raise ParkingError(ErrorKind.UNAUTHENTICATED, "auth.required", "sign in, or show a valid token")
    raise ParkingError(ErrorKind.FORBIDDEN, "auth.forbidden", f"this needs the right {Scope.MEMBERS_WRITE}")


AppOrKeeper = Annotated[Principal, Depends(app_or_keeper)]


def check_own(conn: Connection, who: Principal, member_id: str) -> None:
    """An app speaks for the members that it brought; any other, and nobody, gets the same answer."""
    found = service.known(conn, member_id)
    if who.may(Scope.APP) and found.client != who.subject:
        raise not_found("member.unknown", "there is no such member")


def router(room: MemberRoom) -> APIRouter:
    """All routes of this room."""
    routes = APIRouter(tags=["members"])
    _app_routes(routes, room)
    _staff_routes(routes, room)
    _level_routes(routes, room)
    return routes


def view(conn: Connection, room: MemberRoom, member_id: str, *, in_clear: bool) -> MemberView:
    """A member with everything that is kept; masked unless he asks himself."""
    member = service.known(conn, member_id)
    tier = service.tier_name(conn, member, room.clock.now())
    contact = service.contact_of(conn, member_id, room.cipher)
    return MemberView(
        member_id=member_id,
        joined_at=member.joined_at,
        tier=tier[0] if tier is not None else "",
        credit=member.credit,
        points=points.balance(conn, member_id),
        contact=ContactBody.of(contact if in_clear else contact.masked),
        consents={purpose.value: given for purpose, given in store.consents(conn, member_id).items()},
        vehicles=[VehicleView.of(one, in_clear=in_clear) for one in store.vehicles_of(conn, member_id)],
    )


def _app_routes(routes: APIRouter, room: MemberRoom) -> None:
    @routes.post("/members", status_code=201)
    async def join(who: App, body: Join) -> Joined:
        """A new member; the same `ref` again is the same member."""
        member = await room.database.awrite(lambda uow: service.join(uow, who.subject, body.ref))
        return Joined(member_id=member.member_id)

    @routes.post("/members/{member_id}/token")
    async def log_in(who: App, member_id: str) -> MemberToken:
        """What the app on the member's phone shows from now on; it is good for this member alone, for twelve hours."""
        await room.database.aread(lambda conn: check_own(conn, who, member_id))
        until = room.clock.now() + TOKEN_LASTS
        token = seal({"use": "member", "member": member_id, "exp": int(until.timestamp())}, room.signer)
        return MemberToken(token=token, expires_at=until, page_url=f"{room.public_url}/member/#t={token}")

    @routes.put("/members/{member_id}/consents")
    async def consents(who: AppOrKeeper, member_id: str, body: Consents) -> dict[str, bool]:
        def work(uow: UnitOfWork) -> dict[str, bool]:
            check_own(uow.connection, who, member_id)
            found = service.consent(uow, member_id, body.wishes(), by=f"{who.kind}:{who.subject}")
            return {purpose.value: given for purpose, given in found.items()}

        return await room.database.awrite(work)

    @routes.put("/members/{member_id}/standing")
    async def standing(who: AppOrKeeper, member_id: str, body: Standing) -> Standing:
        def work(uow: UnitOfWork) -> None:
            check_own(uow.connection, who, member_id)
            known = {(level.kind, level.level_id) for level in store.levels(uow.connection)}
            for kind, name in (("tier", body.tier), ("credit", body.credit)):
                if name and (kind, name) not in known:
                    raise invalid("member.level", f"there is no such {kind}", field=kind)
            store.change_member(uow.connection, member_id, tier_by_hand=body.tier, credit=body.credit)
            room.audit(uow, who, "member.standing", member_id, f"tier {body.tier or '-'}, credit {body.credit or '-'}")
            uow.publish(MemberChanged(member_id, "tier"))

        await room.database.awrite(work)
        return body

    @routes.get("/members/{member_id}")
    async def one_member(who: Annotated[Principal, Depends(_app_or_reader)], member_id: str) -> MemberView:
        def work(uow: UnitOfWork) -> MemberView:
            check_own(uow.connection, who, member_id)
            room.look(uow, who, "member", member_id)
            return view(uow.connection, room, member_id, in_clear=False)

        return await room.database.awrite(work)


async def _app_or_reader(connection: HTTPConnection) -> Principal:
    who = current_principal(connection)
    return who if who.may(Scope.APP) else await require(Scope.MEMBERS_READ)(connection)


def _staff_routes(routes: APIRouter, room: MemberRoom) -> None:
    @routes.get("/member-claims")
    async def claims(who: Keeper) -> list[VehicleView]:
        """Vehicles that a person has to look at: a document, or an objection; in clear, for that is what has to be compared."""

        def work(uow: UnitOfWork) -> list[VehicleView]:
            waiting = store.vehicles(uow.connection, vehicle_table.c.state == VehicleState.REVIEW)[:PAGE]
            for one in waiting:
                room.look(uow, who, "vehicle", one.member_id)
            return [VehicleView.of(one, in_clear=True) for one in waiting]

        return await room.database.awrite(work)

    @routes.post("/member-claims/{vehicle_id}/approve")
    async def approve(who: Keeper, vehicle_id: str) -> VehicleView:
        def work(uow: UnitOfWork) -> VehicleView:
            room.audit(uow, who, "vehicle.approved", vehicle_id, "")
            return VehicleView.of(vehicles.approve(uow, vehicle_id))

        return await room.database.awrite(work)

    @routes.post("/member-claims/{vehicle_id}/refuse")
    async def refuse(who: Keeper, vehicle_id: str) -> VehicleView:
        def work(uow: UnitOfWork) -> VehicleView:
            found = store.vehicle(uow.connection, vehicle_id)
            if found is None or found.state is not VehicleState.REVIEW:
                raise not_found("vehicle.unknown", "there is no such claim to decide")
            vehicles.end(uow, found, "refused")
            room.audit(uow, who, "vehicle.refused", vehicle_id, "")
            return VehicleView.of(found)

        return await room.database.awrite(work)

    @routes.get("/points/settlement")
    async def settlement(_: Reader) -> list[PointsOfMerchant]:
        """Who has issued and who is owed how many points; all sums together are nothing."""
        found = await room.database.aread(points.settlement)
        return [PointsOfMerchant(merchant_id=name, sums=dict(sums)) for name, sums in sorted(found.items())]


def _level_routes(routes: APIRouter, room: MemberRoom) -> None:
    @routes.get("/member-levels")
    async def levels(_: Reader) -> list[LevelView]:
        return [LevelView.of(level) for level in await room.database.aread(store.levels)]

    @routes.put("/member-levels/{kind}/{level_id}")
    async def put_level(who: Keeper, kind: LevelKind, level_id: LevelId, body: LevelBody) -> LevelView:
        level = body.level(kind, level_id)

        def work(uow: UnitOfWork) -> None:
            store.save_level(uow.connection, level)
            room.audit(uow, who, "member.level", f"{kind}:{level_id}", "")

        await room.database.awrite(work)
        return LevelView.of(level)
