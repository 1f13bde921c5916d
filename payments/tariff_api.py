"""Tariffs over HTTP: what holds, what a text would mean and change, and publishing it by two different people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path
from sqlalchemy import Connection

from parking.kernel.clock import Clock
from parking.kernel.errors import ParkingError, conflict, invalid
from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.unit_of_work import Audit
from parking.web.deps import require
from parking.web.idempotency import IdempotencyKey, Once, Reply
from payments import tariff_proposals
from payments.tariff.check import warnings
from payments.tariff.compare import Recorded, compare
from payments.tariff.describe import rules, usual
from payments.tariff.facts import NO_FACTS
from payments.tariff.mistakes import WrongTariff
from payments.tariff.model import Tariff
from payments.tariff.parse import load
from payments.tariff_book import TariffBook
from payments.tariff_proposals import Proposal, ProposalKind
from payments.tariff_schemas import (
    ApproveProposal,
    CompareTariff,
    EndTariff,
    OfferedTariff,
    ProposalView,
    ProposeTariff,
    RefuseProposal,
    TariffChecked,
    TariffCompared,
    TariffProblem,
    TariffRemark,
    TariffSource,
    TariffsView,
    TariffUsual,
    TariffView,
    TariffWords,
)

RecordedDay = Callable[[Connection, datetime, datetime], Iterable[Recorded]]
"""(connection, since, until) -> the stays that ended in that span."""
MONDAY = date(2026, 6, 1)  # a week without a clock change, as `parking tariff check` takes it
PROPOSALS_SHOWN = 50
MOST_CHANGES = 20
Reader = Annotated[Principal, Depends(require(Scope.TARIFFS_READ))]
Author = Annotated[Principal, Depends(require(Scope.TARIFFS_WRITE))]
Version = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.:-]{1,32}$")]
ProposalId = Annotated[str, Path(pattern=r"^[0-9a-zA-Z-]{1,36}$")]


@dataclass(frozen=True, slots=True)
class Tariffs:
    """What the routes need; `name_of` is what people call an operator, `recorded` gives a day of stays."""

    database: Database
    book: TariffBook
    clock: Clock
    audit: Audit
    name_of: Callable[[Connection, str], str]
    recorded: RecordedDay


def router(room: Tariffs) -> APIRouter:
    """Routes under /tariffs."""
    routes = APIRouter(prefix="/tariffs", tags=["tariffs"])
    _reading(routes, room)
    _trying(routes, room)
    _proposing(routes, room)
    return routes


def _reading(routes: APIRouter, room: Tariffs) -> None:
    @routes.get("")
    def show_tariffs(who: Reader) -> TariffsView:
        def ask(conn: Connection) -> TariffsView:
            def called(actor: str | None) -> str | None:
                return None if actor is None else room.name_of(conn, actor)

            in_force = room.book.at_entry(conn, room.clock.now()).version
            offered = room.book.offered(conn)
            shown = tariff_proposals.latest(conn, PROPOSALS_SHOWN)
            return TariffsView(
                in_force=in_force,
                tariffs=[OfferedTariff.of(one, called, in_force) for one in offered],
                proposals=[ProposalView.of(one, called, who.subject) for one in shown],
            )

        return room.database.read(ask)

    @routes.get("/versions/{version}")
    def show_tariff(_: Reader, version: Version) -> TariffView:
        def ask(conn: Connection) -> Tariff:
            try:
                return room.book.get(conn, version)
            except ParkingError:
                asked = [one for one in tariff_proposals.latest(conn, PROPOSALS_SHOWN) if one.version == version]
                if not asked or asked[0].source is None:
                    raise
                return load(asked[0].source, name="tariff")

        tariff = room.database.read(ask)
        return TariffView(version=tariff.version, source=tariff.source, checked=_checked(tariff, room.clock.now()))


def _trying(routes: APIRouter, room: Tariffs) -> None:
    @routes.post("/check")
    def check(_: Reader, body: TariffSource) -> TariffChecked:
        try:
            tariff = load(body.source, name="tariff")
        except WrongTariff as error:
            return TariffChecked.wrong(_problems(error))
        return _checked(tariff, room.clock.now())

    @routes.post("/compare")
    def compare_on_a_day(_: Reader, body: CompareTariff) -> TariffCompared:
        after = load(body.source, name="tariff")

        def ask(conn: Connection) -> TariffCompared:
            in_force = room.book.at_entry(conn, room.clock.now())
            before = room.book.get(conn, body.before) if body.before is not None else in_force
            begin = datetime(body.day.year, body.day.month, body.day.day, tzinfo=ZoneInfo(before.timezone))
            found = compare(before, after, room.recorded(conn, begin, begin + timedelta(days=1)))
            return TariffCompared.of(found, before.version, MOST_CHANGES)

        return room.database.read(ask)


def _proposing(routes: APIRouter, room: Tariffs) -> None:
    async def once(
        who: Principal, key: str, deed: str, said: Mapping[str, object], work: Callable[[UnitOfWork], Proposal]
    ) -> ProposalView:
        def inside(uow: UnitOfWork) -> Reply:
            done = work(uow)

            def called(actor: str | None) -> str | None:
                return None if actor is None else room.name_of(uow.connection, actor)

            view = ProposalView.of(done, called, who.subject)
            return Reply(200, view.model_dump(mode="json"))

        request = Once.of(who, key, deed, said)
        reply = await room.database.awrite(lambda uow: request.inside(uow, inside))
        return ProposalView.model_validate_json(ProposalView.text_of(reply.body))

    @routes.post("/proposals")
    async def propose(who: Author, body: ProposeTariff, idempotency_key: IdempotencyKey) -> ProposalView:
        def work(uow: UnitOfWork) -> Proposal:
            in_force = room.book.at_entry(uow.connection, uow.now)
            made = tariff_proposals.propose(uow, who, body.source, body.note, in_force)
            room.audit(uow, who, "tariff.proposed", made.version, body.note)
            return made

        return await once(who, idempotency_key, "tariff.propose", body.model_dump(), work)

    @routes.post("/ends")
    async def propose_end(who: Author, body: EndTariff, idempotency_key: IdempotencyKey) -> ProposalView:
        def work(uow: UnitOfWork) -> Proposal:
            tariff = _ended(room, uow.connection, body.version, body.last_day)
            made = tariff_proposals.propose_end(uow, who, tariff, body.last_day, body.note)
            room.audit(uow, who, "tariff.end_proposed", made.version, f"{body.last_day}: {body.note}")
            return made

        said = {"version": body.version, "last_day": body.last_day.isoformat(), "note": body.note}
        return await once(who, idempotency_key, "tariff.propose_end", said, work)

    @routes.post("/proposals/{proposal_id}/approve")
    async def approve(
        who: Author, proposal_id: ProposalId, body: ApproveProposal, idempotency_key: IdempotencyKey
    ) -> ProposalView:
        def work(uow: UnitOfWork) -> Proposal:
            found = tariff_proposals.get(uow.connection, proposal_id)
            ended = None
            if found.kind is ProposalKind.END and found.last_day is not None:
                ended = _ended(room, uow.connection, found.version, found.last_day)
            done = tariff_proposals.approve(uow, who, proposal_id, body.version, ended)
            room.audit(uow, who, "tariff.approved", done.version, f"{done.kind.value}: {done.note}")
            return done

        said = {"proposal": proposal_id, "version": body.version}
        return await once(who, idempotency_key, "tariff.approve", said, work)

    @routes.post("/proposals/{proposal_id}/refuse")
    async def refuse(
        who: Author, proposal_id: ProposalId, body: RefuseProposal, idempotency_key: IdempotencyKey
    ) -> ProposalView:
        def work(uow: UnitOfWork) -> Proposal:
            done = tariff_proposals.refuse(uow, who, proposal_id, body.reason)
            room.audit(uow, who, f"tariff.{done.state.value}", done.version, body.reason)
            return done

        said = {"proposal": proposal_id, "reason": body.reason}
        return await once(who, idempotency_key, "tariff.refuse", said, work)


def _ended(room: Tariffs, conn: Connection, version: str, last_day: date) -> Tariff:
    """The tariff that is to end; ParkingError where it is offered to nobody, or nothing would hold on the day after."""
    offered = room.book.offered(conn)
    mine = [one for one in offered if one.tariff.version == version]
    if not mine:
        raise invalid("tariff.unknown", "no tariff of this version is in use", field="version")
    if not mine[0].holds(room.clock.now(), last_day):  # one that was ended before may end sooner still, never later
        raise invalid("tariff.end", "should be a day on which this tariff holds", field="last_day")
    after = last_day + timedelta(days=1)
    if not any(one.holds(room.clock.now(), after) for one in offered if one.tariff.version != version):
        raise conflict("tariff.last", "no other tariff holds on the day after: publish one first")
    return mine[0].tariff


def _checked(tariff: Tariff, now: datetime) -> TariffChecked:
    begin = now.astimezone(ZoneInfo(tariff.timezone)).replace(hour=10, minute=0, second=0, microsecond=0)
    return TariffChecked(
        ok=True,
        version=tariff.version,
        name=TariffWords(zh=tariff.name[0], en=tariff.name[1]),
        currency=tariff.currency,
        valid_from=tariff.valid_from,
        valid_to=tariff.valid_to,
        problems=[],
        warnings=[
            TariffRemark(code=one.code, text=TariffWords(**one.text))
            for one in warnings(tariff, tariff.valid_from or MONDAY)
        ],
        rules=[TariffWords(**words) for words in rules(tariff)],
        usual=[
            TariffUsual(stay=TariffWords(**words), total=amount) for words, amount in usual(tariff, begin, NO_FACTS)
        ],
    )


def _problems(error: WrongTariff) -> list[TariffProblem]:
    return [
        TariffProblem(line=one.line, code=one.code, values=dict(one.values), text=TariffWords(zh=one.zh, en=one.en))
        for one in error.mistakes
    ]
