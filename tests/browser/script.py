"""What is true in the scripted world: stays, payments, orders, in the shapes that the real schemas accept."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from parking.journeys.quote_api import AheadView, QuoteView
from parking.journeys.schemas import BillView, MyStay
from parking.kernel.principal import Scope

KIOSK_KEY = "kiosk-1-key"
PASSWORDS = {"wangfang": "correct horse battery"}
SCOPES = frozenset(
    {Scope.OCCUPANCY_READ, Scope.LANES_READ, Scope.LANES_OPEN, Scope.STAYS_READ, Scope.CASES_READ, Scope.CASES_WORK}
)


@dataclass
class FakeStay:
    """One stay; `bill` is what it owes, `token` the code of its driver."""

    plate: str
    token: str
    entered_at: datetime
    bill: dict[str, Any]
    state: str = "open"
    leave_by: datetime | None = None
    exited_at: datetime | None = None
    steps: list[AheadView] = field(default_factory=list)  # when leaving later costs another amount

    def quoted(self, now: datetime) -> QuoteView:
        shown = self.shown(now)
        return QuoteView(
            at=now,
            entered_at=self.entered_at,
            state=self.state,
            leave_by=self.leave_by,
            bill=shown.bill,
            periods=[],
            what_if=self.steps,
        )

    def shown(self, now: datetime) -> MyStay:
        masked = self.plate[:2] + "*" * (len(self.plate) - 4) + self.plate[-2:]
        return MyStay(
            plate=masked,
            entered_at=self.entered_at,
            state=self.state,
            now=now,
            leave_by=self.leave_by,
            exited_at=self.exited_at,
            bill=BillView.model_validate(self.bill),
        )


@dataclass
class FakePayment:
    payment_id: str
    token: str
    amount: dict[str, Any]
    state: str = "SENT"


@dataclass
class Opened:
    """An order to open a lane, as it arrived."""

    lane_id: str | None
    reason: str
    key: str
    deed: str = "open"


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def yuan(minor: int) -> dict[str, Any]:
    return {"amount": minor, "currency": "CNY"}


def bill(lines: list[tuple[str, str, int, int, int]]) -> dict[str, Any]:
    """A bill whose lines add up; nothing is paid yet."""
    total = sum(count * unit for _, _, _, count, unit in lines)
    shown = [
        {
            "code": f"line_{n}",
            "text": {"zh": zh, "en": en},
            "minutes": minutes,
            "count": count,
            "unit": yuan(unit) if count else None,
            "amount": yuan(count * unit),
        }
        for n, (zh, en, minutes, count, unit) in enumerate(lines)
    ]
    return {"currency": "CNY", "total": yuan(total), "paid": yuan(0), "due": yuan(total), "lines": shown}
