"""Rows of a lane's copy, the copy itself in memory, and lanes that think with the real rules and remember with the real ones."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from parking.access.decide import Answer, decide
from parking.access.facts import Facts, LaneRules
from parking.access.presence import Gone, after
from parking.access.queries import Queries
from parking.access.refs import refs_of
from parking.access.rows import (
    CommandRow,
    Fact,
    HolderRow,
    InsideRow,
    InvitationRow,
    ListedAs,
    ListRow,
    PassRow,
    PriceStep,
    StayRow,
)
from parking.access.snapshot import data_of
from parking.gate.answering import gather, told
from parking.gate.credentials.base import Presented
from parking.gate.credentials.codes import CodeUse, VerifiedCode
from parking.gate.model import LaneConfig
from parking.gate.visit import Visit
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.events import CodeUsed, Direction, Event, VehicleBackedAway, VehiclePassed
from parking.kernel.ids import DeviceId, LaneId, StayId, VisitId
from parking.kernel.plate import Plate
from tests.builders.gate import NOON, seen

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
TAG = Credential(CredentialKind.UHF, "E28011606000020612345678")
CARD = Credential(CredentialKind.CARD, "04A1B2C3")
CODE = Credential(CredentialKind.CODE, "invitation-0001")


def plate(text: str) -> Plate:
    return Plate.parse(text)


def a_pass(pass_id: str = "p1", *plates: str, **changes: Any) -> PassRow:
    """A pass of one bay for ever, unless told otherwise."""
    values: dict[str, Any] = {"holder_id": "h1", "bays": 1, "valid_from": None, "valid_until": None}
    return PassRow(pass_id=pass_id, plates=tuple(map(plate, plates)), **{**values, **changes})


def a_holder(credential: Credential = TAG, *plates: str, **changes: Any) -> HolderRow:
    return HolderRow(credential, "h1", tuple(map(plate, plates)), **changes)


def an_invitation(**changes: Any) -> InvitationRow:
    """A visitor may come in once today."""
    values: dict[str, Any] = {"invitation_id": "i1", "host_id": "h1", "entries": 1}
    return InvitationRow(**{**values, "valid_from": NOON - DAY, "valid_until": NOON + DAY, **changes})


def inside(stay_id: str, text: str | None = None, **changes: Any) -> InsideRow:
    values: dict[str, Any] = {"since": NOON - timedelta(hours=1), "plate": plate(text) if text else None}
    return InsideRow(StayId(stay_id), **{**values, **changes})


def listed(text: str, listed_as: ListedAs, **changes: Any) -> ListRow:
    values: dict[str, Any] = {"note": "", "valid_from": None, "valid_until": None}
    return ListRow(plate(text), listed_as, **{**values, **changes})


def owing(stay_id: str, text: str | None, **changes: Any) -> StayRow:
    """A stay of an hour that owes 5.00."""
    values: dict[str, Any] = {
        "entered_at": NOON - timedelta(hours=1),
        "paid_until": None,
        "currency": "CNY",
        "prices": (PriceStep(NOON + DAY, 500),),
        "paid_minor": 0,
        "credit_minor": 0,
    }
    return StayRow(StayId(stay_id), plate(text) if text else None, **{**values, **changes})


def presented(credential: Credential = TAG, *, at: datetime = NOON, **changes: Any) -> Presented:
    """A credential held up at the lane."""
    return Presented(credential, at, DeviceId("reader-1"), 0.0, **changes)


def a_code(use: CodeUse = CodeUse.INVITATION, code_id: str = "code-0001", **changes: Any) -> Presented:
    """A genuine code held up at the lane."""
    values: dict[str, Any] = {"not_before": NOON - DAY, "expires": NOON + DAY, "lot": "mall"}
    return presented(CODE, code=VerifiedCode(code_id, use, **{**values, **changes}))


class MemoryRows(Queries):
    """A lane's copy as a dict; `free` bays as told."""

    def __init__(self, *facts: Fact, free: int | None = None) -> None:
        self.rows: dict[tuple[str, str], Fact] = {}
        self.free_bays = free
        self.version = 1
        for fact in facts:
            self.put(fact)

    def put(self, fact: Fact) -> None:
        self.rows[data_of(fact)[:2]] = fact

    def take(self, changes: Iterable[Fact | Gone]) -> None:
        for change in changes:
            if isinstance(change, Gone):
                self.rows.pop((change.kind, change.key), None)
            else:
                self.put(change)

    def find(self, kind: str, *refs: str) -> list[Fact]:
        return [
            row for (of, _), row in sorted(self.rows.items()) if of == kind and not set(refs).isdisjoint(refs_of(row))
        ]

    def count(self, kind: str, ref: str) -> int:
        return len(self.find(kind, ref))

    def free(self) -> int | None:
        return self.free_bays

    def orders(self, lane_id: LaneId) -> tuple[CommandRow, ...]:
        return ()


class ThinkingLane:
    """A lane without wires: a vehicle comes, is answered by the real rules, goes through or away."""

    def __init__(self, copy: MemoryRows, direction: Direction = Direction.IN, **rules: Any) -> None:
        self.copy = copy
        self.config = LaneConfig(LaneId(f"{direction}-1"), direction, LaneRules(**rules))
        self.now = NOON
        self._visits = 0
        self.visit = self._next()
        self.answer: Answer | None = None

    def _next(self) -> Visit:
        self._visits += 1
        return Visit(VisitId(f"{self.config.lane_id}-{id(self)}-{self._visits}"), self.now - timedelta(seconds=3), 0.0)

    def facts(self, text: str | None, *shown: Presented, waited_s: float = 9.0, **evidence: Any) -> Facts:
        """What the rules are told of a vehicle with this plate and these credentials."""
        self.visit = self._next()
        self.visit.evidence = seen(text, at=self.now, **evidence) if text else None
        self.visit.presented = shown
        facts = gather(self.visit, self.config, self.copy, self.now, waited_s)
        assert facts is not None
        return facts

    def ask(self, text: str | None, *shown: Presented, **evidence: Any) -> Answer:
        """A vehicle comes to the lane and is answered; the answer is written down as the box does it."""
        facts = self.facts(text, *shown, **evidence)
        self.answer = decide(facts)
        self.visit.answer, self.visit.stay_id = self.answer, self.answer.stay_id
        self._tell(told(self.visit, facts, self.answer))
        if self.answer.allowed and self.answer.code_id:
            self._tell(CodeUsed(self.answer.code_id, self.config.lane_id, self.visit.id))
        return self.answer

    def ask_again(self) -> Answer:
        """The same vehicle still stands there, and something has changed."""
        facts = gather(self.visit, self.config, self.copy, self.now, 9.0)
        assert facts is not None
        self.answer = decide(facts)
        self._tell(told(self.visit, facts, self.answer))
        return self.answer

    def drive_through(self) -> Answer:
        """The vehicle that was let in passes."""
        answer, rules = self.answer, self.config.rules
        assert answer is not None
        nested = rules.outer_lot_id is not None
        self._tell(
            VehiclePassed(
                lane_id=self.config.lane_id,
                visit_id=self.visit.id,
                direction=self.config.direction,
                plate=answer.plate,
                confidence=0.9,
                stay_id=answer.stay_id if nested else self.visit.stay(self.config.direction),
                authorised=answer.allowed,
                credential=answer.credential,
                right=answer.right,
                lot_id=rules.lot_id,
                outer_lot_id=rules.outer_lot_id,
            )
        )
        return answer

    def back_away(self) -> None:
        self._tell(VehicleBackedAway(self.config.lane_id, self.visit.id))

    def _tell(self, event: Event) -> None:
        self.copy.take(after(event, self.now, self.copy))
