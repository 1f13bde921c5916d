"""What members look like over HTTP: in clear to themselves, masked to everybody else."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from parking.kernel.standing import Benefit, Effect, OffKind
from parking.members.model import Contact, Level, Purpose, Vehicle
from parking.web.schemas import Loose, Moment, Strict


class Join(Strict):
    """`ref` is the app's own name for its customer; no name, no telephone number."""

    ref: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:@-]*$")


class Joined(Strict):
    member_id: str


class MemberToken(Strict):
    """`page_url` is the member's page with the token, for an app that shows it in a window of its own."""

    token: str
    expires_at: Moment
    page_url: str


class Consents(Strict):
    """What is agreed to, each purpose by itself; what is left out stays as it is."""

    contact: bool | None = None
    recognise: bool | None = None
    history: bool | None = None
    points: bool | None = None
    crm: bool | None = None
    marketing: bool | None = None

    def wishes(self) -> dict[Purpose, bool]:
        said = {purpose: getattr(self, purpose.value) for purpose in Purpose}
        return {purpose: wish for purpose, wish in said.items() if wish is not None}


class ContactBody(Strict):
    name: str = Field(default="", max_length=60)
    phone: str = Field(default="", max_length=24, pattern=r"^[0-9+ -]*$")
    mail: str = Field(default="", max_length=120, pattern=r"^([^@\s]+@[^@\s]+)?$")

    def contact(self) -> Contact:
        return Contact(self.name, self.phone, self.mail)

    @classmethod
    def of(cls, contact: Contact) -> ContactBody:
        return cls.model_construct(name=contact.name, phone=contact.phone, mail=contact.mail)


class VehicleView(Strict):
    """`active_at` is when it counts, if nobody objects; `reason` why a person has to look."""

    vehicle_id: str
    plate: str
    state: str
    proof: str
    since: Moment
    active_at: Moment | None
    reason: str

    @classmethod
    def of(cls, vehicle: Vehicle, *, in_clear: bool = False) -> VehicleView:
        return cls(
            vehicle_id=vehicle.vehicle_id,
            plate=vehicle.plate.text if in_clear else vehicle.plate.masked,
            state=vehicle.state.value,
            proof=vehicle.proof.value,
            since=vehicle.since,
            active_at=vehicle.active_at,
            reason=vehicle.reason,
        )


class MemberView(Strict):
    member_id: str
    joined_at: Moment
    tier: str
    credit: str
    points: int
    contact: ContactBody
    consents: dict[str, bool]
    vehicles: list[VehicleView]


class Standing(Strict):
    """What the mall says of a member: a tier that wins over his points, a credit standing; empty for none."""

    tier: str = Field(default="", max_length=32)
    credit: str = Field(default="", max_length=32)


class BenefitBody(Strict):
    zh: str = Field(min_length=1, max_length=60)
    en: str = Field(min_length=1, max_length=60)
    kind: Annotated[OffKind, Loose]
    minutes: int = Field(default=0, ge=0, le=44_640)
    minor: int = Field(default=0, ge=0, le=10**9)
    percent: int = Field(default=0, ge=0, le=100)
    most_minor: int | None = Field(default=None, ge=1, le=10**9)
    least_fee_minor: int = Field(default=0, ge=0, le=10**9)
    per_day: int | None = Field(default=None, ge=1, le=100)

    def benefit(self, key: str) -> Benefit:
        names = ("kind", "minutes", "minor", "percent", "most_minor", "least_fee_minor")
        effect = Effect(**{name: getattr(self, name) for name in names})
        return Benefit(key, self.zh, self.en, effect, self.per_day)


class LevelBody(Strict):
    zh: str = Field(min_length=1, max_length=60)
    en: str = Field(min_length=1, max_length=60)
    from_points: int = Field(default=0, ge=0, le=10**9)
    benefits: list[BenefitBody] = Field(default=[], max_length=8)

    def level(self, kind: str, level_id: str) -> Level:
        benefits = tuple(one.benefit(f"{kind}:{level_id}:{i}") for i, one in enumerate(self.benefits))
        return Level(level_id, kind, self.zh, self.en, self.from_points, benefits)


class LevelView(Strict):
    level_id: str
    kind: str
    zh: str
    en: str
    from_points: int
    benefits: list[BenefitBody]

    @classmethod
    def of(cls, level: Level) -> LevelView:
        def body(benefit: Benefit) -> BenefitBody:
            names = ("kind", "minutes", "minor", "percent", "most_minor", "least_fee_minor")
            values = {name: getattr(benefit.effect, name) for name in names}
            return BenefitBody(zh=benefit.zh, en=benefit.en, per_day=benefit.per_day, **values)

        return cls(
            level_id=level.level_id,
            kind=level.kind,
            zh=level.zh,
            en=level.en,
            from_points=level.from_points,
            benefits=[body(one) for one in level.benefits],
        )


class PointsOfMerchant(Strict):
    """Points that a merchant has issued (positive: it owes them) and that were spent with it (negative: it is owed them)."""

    merchant_id: str
    sums: dict[str, int]


class LookView(Strict):
    at: Moment
    actor_kind: str
    actor: str
    what: str
    subject: str
