"""A desk with two operators and a manager on a bare database; its deeds only note what they were asked to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from parking.bootstrap import tables
from parking.kernel.clock import ManualClock
from parking.kernel.errors import conflict
from parking.kernel.ids import CaseId, LaneId, StayId, VisitId
from parking.kernel.plate import Plate
from parking.kernel.principal import Principal
from parking.plumbing.db import Database, UnitOfWork
from parking.security.roles import ROLES
from parking.sessions import cases
from parking.sessions.desk import service, store
from parking.sessions.desk.model import Candidate, Choice, Decision, Hand, Outcome, Ranked, Wish
from parking.sessions.desk.taught import Taught
from parking.sessions.model import ReviewCase

assert tables.all_tables()  # every table is registered before the fixtures create them
NINE = datetime(2026, 3, 7, 1, 0, tzinfo=UTC)
READ, TRUE = Plate("浙A123B5"), Plate("浙A12385")


def operator(name: str, role: str = "attendant") -> Principal:
    return Principal("operator", name, ROLES[role])


LI, WANG, BOSS = operator("li"), operator("wang"), operator("boss", "manager")


@dataclass
class NotedDeeds:
    """Does nothing and says so; with `refuses` it cannot."""

    done: list[tuple[str, str]] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)
    refuses: bool = False

    def do(self, uow: UnitOfWork, who: Principal, case: ReviewCase, wish: Wish, decision_id: str) -> Outcome:
        if self.refuses:
            raise conflict("stay.closed", "this stay has ended already")
        self.done.append((who.subject, wish.choice.value))
        misread = (READ, TRUE) if wish.choice is Choice.MATCH else None
        return Outcome({"state": "open"}, {"state": "closed"}, wish.stay_id or case.stay_id, ("c1",), misread)

    def undo(self, uow: UnitOfWork, who: Principal, case: ReviewCase, decision: Decision, reason: str) -> None:
        self.undone.append(decision.id)


@dataclass
class Office:
    """The desk and its cases; each verb is one transaction at the clock's now."""

    database: Database
    clock: ManualClock = field(default_factory=lambda: ManualClock(NINE))
    deeds: NotedDeeds = field(default_factory=NotedDeeds)
    ranked: Ranked = field(
        default_factory=lambda: Ranked(
            (Candidate(StayId("stay-1"), 2.5, (("read_differently", 2.5),)), Candidate(StayId("stay-2"), 9.0)),
            READ,
            "none",
        )
    )

    def __post_init__(self) -> None:
        self.database.clock = self.clock
        self.desk = service.Desk(
            self.deeds, self._rank, lambda _, __, ___: self.ranked, Taught(), _nobody_listens, _nobody_counts, _name_of
        )

    def _rank(self, conn: Connection, case: ReviewCase, typed: Plate | None = None) -> Ranked:
        return self.ranked if typed is None else replace(self.ranked, candidates=self.ranked.candidates[::-1])

    def case(self, reason: str = "exit_without_stay", case_id: str = "case-1", stay_id: str | None = None) -> CaseId:
        """A question is put to the operators."""
        stay, visit, lane = StayId(stay_id) if stay_id else None, VisitId("visit-9"), LaneId("exit-1")
        self.database.write(
            lambda uow: cases.record_case(uow, CaseId(case_id), reason, stay_id=stay, visit_id=visit, lane_id=lane)
        )
        return CaseId(case_id)

    def take(self, case_id: CaseId, who: Principal = LI) -> int:
        """The version at which the operator now has it."""
        self.database.write(lambda uow: service.take(uow, self.desk, case_id, who))
        return self.hand(case_id).version

    def give_back(self, case_id: CaseId, who: Principal = LI) -> None:
        self.database.write(lambda uow: service.give_back(uow, case_id, who))

    def decide(self, case_id: CaseId, version: int, wish: Wish, who: Principal = LI) -> Decision:
        return self.database.write(lambda uow: service.decide(uow, self.desk, case_id, version, who, wish))

    def undo(self, decision_id: str, who: Principal = LI, reason: str = "wrong picture") -> Decision:
        return self.database.write(lambda uow: service.undo(uow, self.desk, decision_id, who, reason))

    def switch(self, lesson_id: str, *, active: bool, who: Principal = BOSS) -> None:
        self.database.write(
            lambda uow: service.switch_lesson(uow, self.desk, lesson_id, who, active=active, reason="glare that day")
        )

    def hand(self, case_id: CaseId) -> Hand:
        return self.database.read(lambda conn: store.hand(conn, case_id))

    def decisions(self, case_id: CaseId) -> Sequence[Decision]:
        return self.database.read(lambda conn: store.decisions_of(conn, [case_id]))


def match(stay_id: str = "stay-1") -> Wish:
    """It was this stay."""
    return Wish(Choice.MATCH, "plate_misread", stay_id=StayId(stay_id))


def done() -> Wish:
    return Wish(Choice.DONE, "seen_to")


def _name_of(_: Connection, actor: str) -> str:
    return actor.title()


def _nobody_counts(uow: UnitOfWork, principal: Principal, what: str, subject: str) -> bool:
    """Looks have tests of their own."""
    return True


def _nobody_listens(uow: UnitOfWork, principal: Principal, action: str, subject: str, reason: str) -> None:
    """The audit has tests of its own."""
