"""What journeys look like over HTTP. Plates are masked here, at the border, for everybody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from parking.journeys.paying import StayAccount
from parking.journeys.ports import Account, BillLine, Payment
from parking.sessions.model import ClosedStay, DoubtfulStay, GhostStay, OpenStay, Stay, StayInReview, SupersededStay
from parking.web.schemas import Moment, MoneySchema, Strict


class LocalText(Strict):
    zh: str
    en: str


class LineView(Strict):
    code: str
    text: LocalText
    minutes: int
    count: int
    unit: MoneySchema | None
    amount: MoneySchema

    @classmethod
    def of(cls, line: BillLine) -> LineView:
        return cls(
            code=line.code,
            text=LocalText(zh=line.text["zh"], en=line.text["en"]),
            minutes=line.minutes,
            count=line.count,
            unit=MoneySchema.of(line.unit) if line.unit else None,
            amount=MoneySchema.of(line.amount),
        )


class NotAppliedView(Strict):
    """A coupon that stays in the wallet: what it is, a stable code and one sentence for why."""

    coupon_id: str
    name: LocalText
    why: str
    text: LocalText


class BillView(Strict):
    """`lines` sum to `total`; `can_settle`: there is something to pay, or coupons that pay it all."""

    currency: str
    total: MoneySchema
    paid: MoneySchema
    due: MoneySchema
    lines: list[LineView]
    not_applied: list[NotAppliedView] = Field(default=[])
    can_settle: bool = False

    @classmethod
    def of(cls, account: Account) -> BillView:
        return cls(
            not_applied=[
                NotAppliedView(
                    coupon_id=one.key,
                    name=LocalText(zh=one.name["zh"], en=one.name["en"]),
                    why=one.why,
                    text=LocalText(zh=one.text["zh"], en=one.text["en"]),
                )
                for one in account.not_applied
            ],
            can_settle=account.is_open,
            currency=account.total.currency,
            total=MoneySchema.of(account.total),
            paid=MoneySchema.of(account.paid),
            due=MoneySchema.of(account.due),
            lines=[LineView.of(line) for line in account.lines],
        )


def state_of(stay: Stay, at: datetime, leave_by: datetime | None = None) -> str:
    """open, settled (may leave now, until `leave_by` or what the stay says), closed, review, doubtful, ghost, merged or split."""
    if isinstance(stay, OpenStay):
        until = leave_by or stay.leave_by
        return "settled" if until is not None and at <= until else "open"
    if isinstance(stay, SupersededStay):
        return stay.how
    return _STATES[type(stay)]


_STATES: dict[type, str] = {
    ClosedStay: "closed",
    StayInReview: "review",
    DoubtfulStay: "doubtful",
    GhostStay: "ghost",
}


class MyStay(Strict):
    """A stay as the driver in it sees it."""

    plate: str | None
    entered_at: datetime
    state: str
    now: datetime
    leave_by: datetime | None
    exited_at: datetime | None
    bill: BillView

    @classmethod
    def of(cls, found: StayAccount, at: datetime, *, discreet: bool = False) -> MyStay:
        """`discreet`: for eyes that have shown no more than a plate."""
        stay = found.stay
        return cls(
            plate=stay.plate.masked if stay.plate else None,
            entered_at=stay.entered_at,
            state=state_of(stay, at, found.leave_by),
            now=at,
            leave_by=found.leave_by,
            exited_at=stay.exited_at if isinstance(stay, ClosedStay) else None,
            bill=BillView.of(found.account.discreet() if discreet else found.account),
        )


class PaymentView(Strict):
    payment_id: str
    state: str
    amount: MoneySchema
    channel: str
    pay_url: str | None
    qr_svg: str | None
    leave_by: datetime | None
    in_app: dict[str, str] | None = None  # what a page inside the provider's app hands to its pay function
    join_url: str | None = None  # an offer to become a member, once it is paid, if the site makes one

    @classmethod
    def of(
        cls,
        payment: Payment,
        *,
        qr_svg: str | None,
        leave_by: datetime | None,
        join_url: str | None = None,
        in_app: Mapping[str, str] | None = None,
    ) -> PaymentView:
        return cls(
            payment_id=payment.payment_id,
            state=payment.state,
            amount=MoneySchema.of(payment.amount),
            channel=payment.channel,
            pay_url=payment.pay_url,
            qr_svg=qr_svg,
            leave_by=leave_by,
            in_app=dict(in_app) if in_app is not None else None,
            join_url=join_url if payment.state == "PAID" else None,
        )


class StartPayment(Strict):
    """`payer` is the app's own id of who looks at the page, for a channel that is paid inside its app; it is not kept."""

    channel: str = Field(default="wallet", pattern="^[a-z_]{1,32}$")
    payer: str | None = Field(default=None, pattern="^[A-Za-z0-9_-]{1,128}$")


class FindStay(Strict):
    plate: str = Field(min_length=1, max_length=24)


class FoundStay(Strict):
    found: bool
    stay_token: str | None = None
    stay: MyStay | None = None


class StayRow(Strict):
    """A stay in the operators' list."""

    id: str
    plate: str | None
    state: str
    entered_at: datetime
    lane_id: str
    leave_by: datetime | None
    exited_at: datetime | None

    @classmethod
    def of(cls, stay: Stay, at: datetime) -> StayRow:
        return cls(
            id=stay.id,
            plate=stay.plate.masked if stay.plate else None,
            state=state_of(stay, at),
            entered_at=stay.entered_at,
            lane_id=stay.lane_id,
            leave_by=stay.leave_by if isinstance(stay, OpenStay) else None,
            exited_at=stay.exited_at if isinstance(stay, ClosedStay) else None,
        )


class StayPage(Strict):
    items: list[StayRow]
    next: str | None


class WholeStay(StayRow):
    bill: BillView
    payments: list[PaymentView]


class TicketView(Strict):
    url: str
    token: str
    svg: str


Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=200)]
"""Why a person does it, in their own words; blanks are no reason."""


class OpenLane(Strict):
    reason: Reason


class CloseStay(Strict):
    """`exited_at` is when the car was gone, if somebody knows; the stay owes its fee until then."""

    reason: Reason
    exited_at: Moment | None = None


class ConfirmStay(Strict):
    reason: Reason


class Ordered(Strict):
    command_id: str
