"""A stay's whole story in order: what was read, decided, opened and passed; what it cost and who paid; what people asked, decided
and took back; and who has looked. It is put together when somebody reads it, from the records themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from parking.journeys.ports import Payment
from parking.kernel.ids import StayId, VisitId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from parking.security import store as security_store
from parking.security.model import AuditEntry
from parking.sessions import corrections as corrections_of
from parking.sessions import store as stays
from parking.sessions import visit_notes
from parking.sessions.desk import store as desk_store
from parking.sessions.desk.model import Decision
from parking.sessions.model import ClosedStay, ReviewCase, Stay
from parking.sessions.visit_notes import VisitNote

LOOKS = frozenset(
    {"case.look", "case.plates", "lane.candidates", "lane.plates", "picture.view", "stay.look", "stay.plates"}
)
"""Entries of the audit that say that somebody looked, and changed nothing."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened: `kind` says of what sort it is, `code` what it was; both are stable."""

    at: datetime
    kind: str
    code: str
    lane_id: str | None = None
    plate: Plate | None = None
    by: str = ""
    by_kind: str = ""
    amount: Money | None = None
    picture: str | None = None
    note: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Booking:
    """A movement of the ledger about a stay: `reference` begins with what it is, `amount` is what it moves."""

    at: datetime
    reference: str
    amount: Money


Bookings = Callable[[Connection, StayId], Sequence[Booking]]
Corrections = Callable[[Connection, StayId], Sequence[Line]]
_ORDER = (
    "read",
    "boom",
    "lane",
    "passage",
    "stay",
    "case",
    "decision",
    "undone",
    "correction",
    "bill",
    "money",
    "deed",
    "look",
)


def corrected(conn: Connection, stay_id: StayId) -> list[Line]:
    """What was put right about a stay; states only, the record itself has the rest."""
    return [
        Line(
            one.at,
            "correction",
            one.rule,
            by=one.actor,
            note=one.reason,
            detail={
                "id": one.id,
                "before": (one.before or {}).get("state"),
                "after": (one.after or {}).get("state"),
                "evidence": dict(one.evidence),
                "undoes": one.undoes,
                "undone_by": one.undone_by,
            },
        )
        for one in corrections_of.of_stay(conn, stay_id)
    ]


def in_order(lines: Iterable[Line]) -> list[Line]:
    """As it happened; at one moment what was seen comes before what followed from it."""
    return sorted(lines, key=lambda line: (line.at, _ORDER.index(line.kind), line.code))


def story_of(
    conn: Connection,
    stay: Stay,
    payments: Sequence[Payment],
    bookings: Sequence[Booking],
    corrections: Sequence[Line] = (),
) -> list[Line]:
    """Everything that is on record about a stay."""
    visits = visit_notes.visits_of(conn, stay)
    cases = _cases(conn, stay, visits)
    ids = [case.id for case in cases]
    subjects = [stay.id, *visits, *ids, *(payment.payment_id for payment in payments)]
    return in_order(
        [
            *(_told(note) for note in visit_notes.of_visits(conn, visits)),
            *_life(stay),
            *(line for case in cases for line in _asked(case)),
            *(line for made in desk_store.decisions_about(conn, stay.id, ids) for line in _decided(made)),
            *(_begun(payment) for payment in payments),
            *(_booked(booking) for booking in bookings),
            *corrections,
            *(
                _did(entry)
                for entry in security_store.audit_about(conn, subjects)
                if entry.action in LOOKS or not entry.action.startswith("case.")
            ),
        ]
    )


def pictures_of(conn: Connection, stay: Stay) -> list[tuple[VisitId, str, datetime]]:
    """The visits that may have a picture, which way they went and when: the box that took it is asked when somebody looks."""
    came, *left = visit_notes.visits_of(conn, stay)
    found = [(came, "in", stay.entered_at)]
    if isinstance(stay, ClosedStay):
        found += [(visit, "out", stay.exited_at) for visit in left]
    return found


def _told(told: VisitNote) -> Line:
    code = {
        "LaneDecided": "allowed" if told.said.get("allowed") else "refused",
        "BarrierPulsed": "opened",
        "VehiclePassed": f"passed_{told.said.get('direction', 'in')}",
        "VehicleBackedAway": "backed_away",
        "LaneBlocked": "held_up" if told.said.get("blocked") else "held_up_ended",
        "LaneCalled": "called",
    }[told.kind]
    kind = {"LaneDecided": "read", "BarrierPulsed": "boom", "VehiclePassed": "passage"}.get(told.kind, "lane")
    by = str(told.said.get("by", ""))
    detail = {k: v for k, v in told.said.items() if k not in ("by", "direction", "allowed")}
    picture = told.visit_id if told.kind in ("LaneDecided", "LaneCalled") else None
    whose = "operator" if by.startswith("operator:") else by
    who = by.removeprefix("operator:")
    return Line(told.at, kind, code, told.lane_id, told.plate, who, whose, picture=picture, detail=detail)


def _life(stay: Stay) -> Iterable[Line]:
    yield Line(stay.entered_at, "stay", "began", stay.lane_id, stay.plate, detail={"tariff": stay.tariff_version})
    if isinstance(stay, ClosedStay):
        yield Line(stay.exited_at, "stay", "ended", stay.exit_lane_id, stay.plate)


def _cases(conn: Connection, stay: Stay, visits: Sequence[VisitId]) -> list[ReviewCase]:
    return stays.cases_about(conn, stay.id, visits)


def _asked(case: ReviewCase) -> Iterable[Line]:
    yield Line(case.opened_at, "case", case.reason, case.lane_id, detail={"case_id": case.id, "state": case.state})


def _decided(made: Decision) -> Iterable[Line]:
    about: dict[str, Any] = {"decision_id": made.id, "case_id": made.case_id, "reason": made.reason, "rule": made.rule}
    about |= {"before": dict(made.before), "after": dict(made.after), "evidence": dict(made.evidence)}
    yield Line(made.decided_at, "decision", made.choice.value, by=made.actor, note=made.note, detail=about)
    if made.undone_at is not None:
        undone = {"decision_id": made.id, "case_id": made.case_id}
        yield Line(made.undone_at, "undone", made.choice.value, by=made.undone_by, note=made.undo_reason, detail=undone)


def _begun(payment: Payment) -> Line:
    about = {"payment_id": payment.payment_id, "channel": payment.channel}
    return Line(payment.created_at, "bill", f"payment_{payment.state.lower()}", amount=payment.amount, detail=about)


def _booked(booking: Booking) -> Line:
    kind, _, rest = booking.reference.partition(":")
    return Line(
        booking.at, "money", kind, amount=booking.amount, detail={"reference": booking.reference} if rest else {}
    )


def _did(entry: AuditEntry) -> Line:
    kind = "look" if entry.action in LOOKS else "deed"
    picture = entry.subject if entry.action == "picture.view" else None
    return Line(
        entry.at, kind, entry.action, by=entry.actor, by_kind=entry.actor_kind, picture=picture, note=entry.reason
    )
