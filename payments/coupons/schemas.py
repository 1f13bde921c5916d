"""What campaigns, merchants and statements look like over HTTP."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from parking.kernel.standing import Effect, OffKind
from parking.web.schemas import LARGEST_AMOUNT, Loose, Moment, MoneySchema, Strict
from payments.coupons.merchants import Merchant, Statement
from payments.coupons.model import Bound, Campaign, Source

Name = Annotated[str, Field(min_length=1, max_length=60)]
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Count = Annotated[int, Field(ge=1, le=10_000_000)]
Minor = Annotated[int, Field(ge=1, le=LARGEST_AMOUNT)]


class EffectIn(Strict):
    """What is taken off: `hours` and `first_hour` need minutes, `amount` needs minor, `percent` needs percent."""

    kind: Annotated[OffKind, Loose]
    minutes: int = Field(default=0, ge=0, le=44_640)
    minor: int = Field(default=0, ge=0, le=10**9)
    percent: int = Field(default=0, ge=0, le=100)
    most_minor: Minor | None = None
    least_fee_minor: int = Field(default=0, ge=0, le=10**9)

    def effect(self) -> Effect:
        return Effect(**self.model_dump())


class CampaignIn(Strict):
    """A campaign; `issuer` is the merchant who pays for it, `mall` the site itself."""

    issuer: Key
    source: Annotated[Source, Loose]
    zh: Name
    en: Name
    effect: EffectIn
    currency: str = Field(pattern="^[A-Z]{3}$")
    bound: Annotated[Bound, Loose]
    valid_from: Moment
    valid_until: Moment
    valid_days: int | None = Field(default=None, ge=1, le=3660)
    alone: bool = False
    group: str = Field(default="", max_length=32)
    budget: Count | None = None
    budget_minor: Minor | None = None
    per_holder: int | None = Field(default=None, ge=1, le=100)
    per_day: int | None = Field(default=None, ge=1, le=100)
    points: Count | None = None
    receipt_minor: Minor | None = None
    enabled: bool = True

    def campaign(self, campaign_id: str) -> Campaign:
        values = {name: getattr(self, name) for name in type(self).model_fields if name != "effect"}
        return Campaign(campaign_id=campaign_id, effect=self.effect.effect(), **values)


class CampaignView(CampaignIn):
    campaign_id: str

    @classmethod
    def of(cls, campaign: Campaign) -> CampaignView:
        names = (name for name in CampaignIn.model_fields if name != "effect")
        effect = EffectIn(**{name: getattr(campaign.effect, name) for name in EffectIn.model_fields})
        values = {name: getattr(campaign, name) for name in names}
        return cls(campaign_id=campaign.campaign_id, effect=effect, **values)


class MerchantIn(Strict):
    name: str = Field(min_length=1, max_length=100)
    points_per_unit: int = Field(default=0, ge=0, le=1000)
    enabled: bool = True


class MerchantView(MerchantIn):
    merchant_id: str

    @classmethod
    def of(cls, merchant: Merchant) -> MerchantView:
        return cls(
            merchant_id=merchant.merchant_id,
            name=merchant.name,
            points_per_unit=merchant.points_per_unit,
            enabled=merchant.enabled,
        )


class TillCodeIn(Strict):
    campaign_id: Key


class TillCodeView(Strict):
    """What the till shows until `next_at`; then it asks for the next one."""

    code: str
    qr_svg: str
    next_at: Moment


class StatementLineView(Strict):
    at: Moment
    use_id: str
    campaign: str
    name: str
    state: str
    amount: MoneySchema


class StatementView(Strict):
    merchant_id: str
    issued: int
    used: int
    owed: MoneySchema
    lines: list[StatementLineView]

    @classmethod
    def of(cls, found: Statement) -> StatementView:
        return cls(
            merchant_id=found.merchant_id,
            issued=found.issued,
            used=sum(line.state == "redeemed" for line in found.lines),
            owed=MoneySchema.of(found.owed),
            lines=[
                StatementLineView(
                    at=line.at,
                    use_id=line.use_id,
                    campaign=line.campaign,
                    name=line.name,
                    state=line.state,
                    amount=MoneySchema.of(line.amount),
                )
                for line in found.lines
            ],
        )


class Returned(Strict):
    """How many coupons of a refunded payment came back; none the second time."""

    returned: int
