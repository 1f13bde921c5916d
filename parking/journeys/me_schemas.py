"""What a member, a till and a shopper see of coupons, points and stays over HTTP."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from parking.journeys.coupon_port import Given
from parking.journeys.schemas import BillView, LocalText
from parking.kernel.money import Money
from parking.members.model import Proof
from parking.web.schemas import LARGEST_AMOUNT, Loose, Moment, MoneySchema, Strict


class ShowCoupon(Strict):
    """The code that a till shows, or that a coupon's bearer carries."""

    code: str = Field(min_length=1, max_length=1024)


class CouponView(Strict):
    """A coupon of one's own; `code` is what its bearer shows, if it is a bearer's."""

    coupon_id: str
    campaign_id: str
    state: str
    text: LocalText
    valid_from: Moment
    valid_until: Moment
    code: str | None

    @classmethod
    def of(cls, given: Given) -> CouponView:
        return cls(
            coupon_id=given.coupon_id,
            campaign_id=given.campaign_id,
            state=given.state,
            text=LocalText(zh=given.text["zh"], en=given.text["en"]),
            valid_from=given.valid_from,
            valid_until=given.valid_until,
            code=given.bearer,
        )


class CouponHere(Strict):
    """What a coupon does for one's own vehicle that is inside now; `why` (a stable code) and `text` where it does nothing."""

    stay_id: str
    plate: str | None
    counts: bool
    why: str | None
    text: LocalText | None


class OwnCoupon(CouponView):
    here: list[CouponHere]


class ClaimVehicle(Strict):
    """`payment` and `lane_qr` need the code of a stay of the vehicle, `document` its plate."""

    proof: Annotated[Proof, Loose]
    stay_token: str | None = Field(default=None, max_length=4096)
    plate: str | None = Field(default=None, min_length=1, max_length=24)


class MemberCode(Strict):
    code: str
    qr_svg: str
    shown_until: Moment


class PointsOffer(Strict):
    campaign_id: str
    text: LocalText
    points: int


class PointsEnd(Strict):
    """Points that end within a month; `at` is when the first of them do."""

    points: int
    at: Moment


class PointsView(Strict):
    balance: int
    ends: PointsEnd | None
    offers: list[PointsOffer]


class PointsMove(Strict):
    """One line of one's points. `kind`: earned, taken_back, spent, expired; `fact`: purchase, parking, exchange, other."""

    at: Moment
    points: int
    kind: str
    fact: str
    merchant_id: str
    merchant: str


class OwnLevel(Strict):
    level_id: str
    name: LocalText
    from_points: int
    benefits: list[LocalText]


class StandingView(Strict):
    """`earned` are the points of the last year, by which the tier is told; `points_to_go` what `following`, the next one, still needs."""

    tier: OwnLevel | None
    credit: OwnLevel | None
    earned: int
    following: OwnLevel | None
    points_to_go: int | None


class Exchange(Strict):
    campaign_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")


class OwnPayment(Strict):
    payment_id: str
    state: str
    amount: MoneySchema
    channel: str


class OwnStay(Strict):
    """One stay of a vehicle since it has been the member's: its bill, what was paid, its receipts."""

    stay_id: str
    plate: str | None
    entered_at: Moment
    exited_at: Moment | None
    state: str
    leave_by: Moment | None
    bill: BillView
    payments: list[OwnPayment]


class StayCode(Strict):
    """`token` is the Bearer of everything under /my for this stay, `page_url` the driver's page with it."""

    token: str
    page_url: str
    expires_at: Moment


class OwnReceipt(Strict):
    merchant_id: str
    merchant: str
    receipt: str
    amount: MoneySchema
    points: int
    at: Moment
    given_back: bool

    @classmethod
    def amount_of(cls, amount: int, currency: str) -> MoneySchema:
        return MoneySchema.of(Money(amount, currency))


class Notice(Strict):
    notice_id: str
    kind: str
    about: str
    at: Moment
    plate: str | None
    can_object: bool


class BuyIn(Strict):
    """A receipt of a till; `member_code` is what the member shows, `plate` what the shopper says. Neither is needed."""

    receipt: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/-]*$")
    amount: int = Field(ge=0, le=LARGEST_AMOUNT)
    currency: str = Field(pattern="^[A-Z]{3}$")
    member_code: str | None = Field(default=None, max_length=1024)
    plate: str | None = Field(default=None, min_length=1, max_length=24)


class EarnedView(Strict):
    points: int
    coupons: list[CouponView]


class GivenBack(Strict):
    points: int


class IssueIn(Strict):
    """One coupon for `origin` (a survey's answer, a campaign's draw): for a member, a plate, or a bearer."""

    origin: str = Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]*$")
    member_id: str | None = Field(default=None, max_length=36)
    plate: str | None = Field(default=None, min_length=1, max_length=24)
    why: Literal["campaign", "survey"] = "campaign"


class Erased(Strict):
    """How many past stays lost their plate."""

    stays: int
