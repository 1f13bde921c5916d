"""Groups, schedules, lots, holders and passes over HTTP: strict bodies, every change on record, plates masked for who only reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Response
from sqlalchemy import Connection

from parking.access import keeping, rights_store
from parking.access.rights_store import Group, Holder
from parking.access.rows import ScheduleRow
from parking.access.schemas import (
    CredentialIn,
    GroupIn,
    GroupView,
    HolderIn,
    HolderView,
    LotIn,
    LotView,
    PassIn,
    PassView,
    ScheduleIn,
    ScheduleView,
    fingerprint,
    parsed_plates,
)
from parking.access.snapshot import CopyRow, parse_fact
from parking.access.store import ServersCopy
from parking.kernel.credential import Credential
from parking.kernel.errors import not_found
from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.unit_of_work import Audit
from parking.web.deps import require
from parking.web.paging import Page

T = TypeVar("T")
Look = Callable[[UnitOfWork, Principal, str, str], object]
"""Writes down who has seen what of whom."""
PAGE = 100
Reader = Annotated[Principal, Depends(require(Scope.ACCESS_READ))]
Keeper = Annotated[Principal, Depends(require(Scope.ACCESS_WRITE))]
After = Annotated[str, Query(max_length=64, pattern="^[A-Za-z0-9_.-]*$", alias="cursor")]
Key = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


@dataclass(frozen=True, slots=True)
class Desk:
    """What every route needs: the database, the site's name and time zone, the audit, the book of looks."""

    database: Database
    site: str
    time_zone: str
    audit: Audit
    look: Look

    async def show(
        self, who: Principal, what: str, ask: Callable[[Connection], T], subjects: Callable[[T], Iterable[str]]
    ) -> T:
        """Answer a question; who sees plates and names in clear is put on record, with each of those whom they saw."""
        if not sees_clearly(who):
            return await self.database.aread(ask)

        def both(uow: UnitOfWork) -> T:
            found = ask(uow.connection)
            for subject in subjects(found):
                self.look(uow, who, what, subject)
            return found

        return await self.database.awrite(both)

    async def change(self, who: Principal, action: str, subject: str, work: Callable[[UnitOfWork], T]) -> T:
        """Do something and put it on record in the same transaction."""

        def both(uow: UnitOfWork) -> T:
            done = work(uow)
            self.audit(uow, who, action, f"{self.site}:{subject}", "")
            return done

        return await self.database.awrite(both)


def sees_clearly(who: Principal) -> bool:
    """Whoever keeps the rights must be able to read them."""
    return who.may(Scope.ACCESS_WRITE)


def paged(items: list[T], key: Callable[[T], str]) -> Page[T]:
    """One page of `PAGE + 1` fetched rows."""
    return Page(items=items[:PAGE], next=key(items[PAGE - 1]) if len(items) > PAGE else None)


def add_routes(routes: APIRouter, desk: Desk) -> None:
    """All routes of this module."""
    _group_routes(routes, desk)
    _schedule_routes(routes, desk)
    _lot_routes(routes, desk)
    _holder_routes(routes, desk)
    _credential_routes(routes, desk)
    _pass_routes(routes, desk)


def _group_routes(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/groups")
    async def list_groups(_: Reader, after: After = "") -> Page[GroupView]:
        def ask(conn: Connection) -> list[GroupView]:
            return [
                GroupView.of(group, ServersCopy(conn).count("inside", f"group:{group.group_id}"))
                for group in rights_store.groups(conn, after, PAGE + 1)
            ]

        return paged(await desk.database.aread(ask), lambda group: group.group_id)

    @routes.put("/groups/{group_id}")
    async def put_group(who: Keeper, group_id: Key, body: GroupIn) -> GroupView:
        group = Group(group_id, body.name, body.capacity, body.second_car)

        def work(uow: UnitOfWork) -> int:
            keeping.save_group(uow, group)
            return ServersCopy(uow.connection).count("inside", f"group:{group_id}")

        return GroupView.of(group, await desk.change(who, "access.group_saved", group_id, work))

    @routes.delete("/groups/{group_id}", status_code=204)
    async def delete_group(who: Keeper, group_id: Key) -> Response:
        await desk.change(who, "access.group_deleted", group_id, lambda uow: keeping.remove_group(uow, group_id))
        return Response(status_code=204)


def _schedule_routes(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/schedules")
    async def list_schedules(_: Reader, after: After = "") -> Page[ScheduleView]:
        found = await desk.database.aread(lambda conn: rights_store.schedules(conn, after, PAGE + 1))
        views = []
        for schedule_id, name, data in found:
            row = parse_fact(CopyRow("schedule", schedule_id, 0, data))
            assert isinstance(row, ScheduleRow)
            views.append(ScheduleView.of(name, row))
        return paged(views, lambda schedule: schedule.schedule_id)

    @routes.put("/schedules/{schedule_id}")
    async def put_schedule(who: Keeper, schedule_id: Key, body: ScheduleIn) -> ScheduleView:
        row = body.row(schedule_id, desk.time_zone)
        await desk.change(
            who, "access.schedule_saved", schedule_id, lambda uow: keeping.save_schedule(uow, body.name, row)
        )
        return ScheduleView.of(body.name, row)

    @routes.delete("/schedules/{schedule_id}", status_code=204)
    async def delete_schedule(who: Keeper, schedule_id: Key) -> Response:
        await desk.change(
            who, "access.schedule_deleted", schedule_id, lambda uow: keeping.remove_schedule(uow, schedule_id)
        )
        return Response(status_code=204)


def _lot_routes(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/lots")
    async def list_lots(_: Reader) -> list[LotView]:
        def ask(conn: Connection) -> list[LotView]:
            copy = ServersCopy(conn)
            return [LotView.of(lot, copy.count("inside", f"lot:{lot.lot_id}")) for lot in rights_store.lots(conn)]

        return await desk.database.aread(ask)

    @routes.put("/lots/{lot_id}")
    async def put_lot(who: Keeper, lot_id: Key, body: LotIn) -> LotView:
        lot = body.row(lot_id)

        def work(uow: UnitOfWork) -> int:
            keeping.save_lot(uow, lot)
            return ServersCopy(uow.connection).count("inside", f"lot:{lot_id}")

        return LotView.of(lot, await desk.change(who, "access.lot_saved", lot_id, work))

    @routes.delete("/lots/{lot_id}", status_code=204)
    async def delete_lot(who: Keeper, lot_id: Key) -> Response:
        await desk.change(who, "access.lot_deleted", lot_id, lambda uow: keeping.remove_lot(uow, lot_id))
        return Response(status_code=204)


def _holder_routes(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/holders")
    async def list_holders(who: Reader, after: After = "") -> Page[HolderView]:
        def ask(conn: Connection) -> Page[HolderView]:
            found = rights_store.holders(conn, after, PAGE + 1)
            views = [HolderView.of(holder, in_clear=sees_clearly(who)) for holder in found]
            return paged(views, lambda holder: holder.holder_id)

        return await desk.show(who, "holder", ask, lambda page: (one.holder_id for one in page.items))

    @routes.get("/holders/{holder_id}")
    async def show_holder(who: Reader, holder_id: Key) -> HolderView:
        def ask(conn: Connection) -> HolderView:
            return HolderView.of(_known(rights_store.holder(conn, holder_id)), in_clear=sees_clearly(who))

        return await desk.show(who, "holder", ask, lambda _: [holder_id])

    @routes.put("/holders/{holder_id}")
    async def put_holder(who: Keeper, holder_id: Key, body: HolderIn) -> HolderView:
        given = body.model_dump(exclude={"plates"})
        plates = parsed_plates(body.plates)

        def work(uow: UnitOfWork) -> Holder:
            before = rights_store.holder(uow.connection, holder_id)
            credentials = before.credentials if before is not None else ()
            holder = Holder(holder_id, plates=plates, credentials=credentials, **given)
            keeping.save_holder(uow, holder)
            return holder

        return HolderView.of(await desk.change(who, "access.holder_saved", holder_id, work), in_clear=True)

    @routes.delete("/holders/{holder_id}", status_code=204)
    async def delete_holder(who: Keeper, holder_id: Key) -> Response:
        await desk.change(who, "access.holder_deleted", holder_id, lambda uow: keeping.remove_holder(uow, holder_id))
        return Response(status_code=204)


def _credential_routes(routes: APIRouter, desk: Desk) -> None:
    def with_credentials(
        uow: UnitOfWork, holder_id: str, change: Callable[[tuple[Credential, ...]], tuple[Credential, ...]]
    ) -> Holder:
        holder = _known(rights_store.holder(uow.connection, holder_id))
        changed = replace(holder, credentials=change(holder.credentials))
        keeping.save_holder(uow, changed)
        return changed

    @routes.post("/holders/{holder_id}/credentials", status_code=201)
    async def add_credential(who: Keeper, holder_id: Key, body: CredentialIn) -> HolderView:
        credential = Credential.parse(body.kind, body.value)

        def work(uow: UnitOfWork) -> Holder:
            return with_credentials(
                uow, holder_id, lambda those: those if credential in those else (*those, credential)
            )

        subject = f"{holder_id}:{fingerprint(credential)}"
        return HolderView.of(await desk.change(who, "access.credential_added", subject, work), in_clear=True)

    @routes.delete("/holders/{holder_id}/credentials/{credential_id}", status_code=204)
    async def delete_credential(
        who: Keeper, holder_id: Key, credential_id: Annotated[str, Path(pattern="^[0-9a-f]{16}$")]
    ) -> Response:
        def without(those: tuple[Credential, ...]) -> tuple[Credential, ...]:
            left = tuple(credential for credential in those if fingerprint(credential) != credential_id)
            if left == those:
                raise not_found("credential.unknown", "this holder has no such credential")
            return left

        subject = f"{holder_id}:{credential_id}"
        await desk.change(
            who, "access.credential_removed", subject, lambda uow: with_credentials(uow, holder_id, without)
        )
        return Response(status_code=204)


def _pass_routes(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/passes")
    async def list_passes(who: Reader, after: After = "") -> Page[PassView]:
        def ask(conn: Connection) -> Page[PassView]:
            copy = ServersCopy(conn)
            found = [
                PassView.of(
                    keeping.as_pass(pass_id, data), copy.count("inside", f"pass:{pass_id}"), in_clear=sees_clearly(who)
                )
                for pass_id, data in rights_store.passes(conn, after, PAGE + 1)
            ]
            return paged(found, lambda held: held.pass_id)

        return await desk.show(who, "pass", ask, lambda page: (one.pass_id for one in page.items))

    @routes.put("/passes/{pass_id}")
    async def put_pass(who: Keeper, pass_id: Key, body: PassIn) -> PassView:
        def work(uow: UnitOfWork) -> PassView:
            held = keeping.save_pass(uow, body.row(pass_id))
            return PassView.of(held, ServersCopy(uow.connection).count("inside", f"pass:{pass_id}"), in_clear=True)

        return await desk.change(who, "access.pass_saved", pass_id, work)

    @routes.delete("/passes/{pass_id}", status_code=204)
    async def delete_pass(who: Keeper, pass_id: Key) -> Response:
        await desk.change(who, "access.pass_deleted", pass_id, lambda uow: keeping.remove_pass(uow, pass_id))
        return Response(status_code=204)


def _known(holder: Holder | None) -> Holder:
    if holder is None:
        raise not_found("holder.unknown", "there is no such holder")
    return holder
