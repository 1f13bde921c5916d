"""The best order of coupons is found, not guessed: the same as trying every order of every set; and every one left out is explained."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations, permutations
from typing import Any

import pytest

from parking.kernel.errors import ParkingError
from parking.kernel.standing import Effect, OffKind
from payments.coupons.best import best, take_off
from payments.coupons.model import LeftOut, Offer
from payments.coupons.words import line_text, why_not
from tests.builders.coupons import HOUR, an_offer, five_off

pytestmark = pytest.mark.req("CPN-1")
WALLETS = 250
"""Tried here; `make prove NAME=coupon_order` tries ten thousand."""


@dataclass(frozen=True)
class HourlyFee:
    """So much for the first hour and so much for each further one, begun hours whole."""

    minutes: int
    first_minor: int = 600
    step_minor: int = 400

    def _of(self, minutes: int) -> int:
        hours = -(-minutes // 60)
        return 0 if hours <= 0 else self.first_minor + (hours - 1) * self.step_minor

    @property
    def total(self) -> int:
        return self._of(self.minutes)

    def without(self, minutes: int) -> int:
        return self._of(self.minutes - minutes)

    def first(self, minutes: int) -> int:
        return self._of(min(minutes, self.minutes))


def together(offers: Sequence[Offer]) -> bool:
    groups = [o.group for o in offers if o.group]
    return len(groups) == len(set(groups)) and (len(offers) < 2 or not any(o.alone for o in offers))


def left_after(order: Sequence[Offer], fee: HourlyFee, due: int) -> int:
    """What is left to pay after these offers in this order, as a bill is reckoned by hand."""
    hours = first = 0
    for offer in order:
        due -= take_off(offer, due, fee, hours, first)
        hours += offer.effect.minutes if offer.effect.kind is OffKind.HOURS else 0
        first = max(first, offer.effect.minutes if offer.effect.kind is OffKind.FIRST_HOUR else 0)
    return due


def by_hand(offers: Sequence[Offer], fee: HourlyFee, due: int) -> tuple[int, int]:
    """The least that any order of any set leaves to pay, and the fewest coupons that do it."""
    allowed = [o for o in offers if fee.total >= o.effect.least_fee_minor]
    tried: Iterator[tuple[int, int]] = (
        (left_after(order, fee, due), size)
        for size in range(len(allowed) + 1)
        for chosen in combinations(allowed, size)
        if together(chosen)
        for order in permutations(chosen)
    )
    return min(tried)


def a_wallet(chance: random.Random, most: int = 7) -> list[Offer]:
    def effect() -> Effect:
        limits: dict[str, Any] = {
            "most_minor": chance.choice([None, None, 300, 700]),
            "least_fee_minor": chance.choice([0, 0, 1000]),
        }
        kind = chance.choice(list(OffKind))
        if kind is OffKind.FREE:
            return Effect(kind, **limits)
        if kind is OffKind.AMOUNT:
            return Effect(kind, minor=chance.choice([1, 250, 500, 999]), **limits)
        if kind is OffKind.PERCENT:
            return Effect(kind, percent=chance.choice([1, 10, 33, 50, 88]), **limits)
        return Effect(kind, minutes=chance.choice([30, 60, 90, 120]), **limits)

    return [
        an_offer(str(i), effect(), alone=chance.random() < 0.1, group=chance.choice(["", "", "", "a", "b"]))
        for i in range(chance.randint(0, most))
    ]


def agrees(chance: random.Random, most: int = 7) -> bool:
    """Whether search and hand agree on one random wallet, and the plan adds up step by step."""
    fee = HourlyFee(chance.randint(1, 900), chance.choice([600, 350]), chance.choice([400, 350, 101]))
    due = fee.total - chance.choice([0, 0, min(fee.total, 300)])
    offers = a_wallet(chance, most)
    plan = best(offers, fee, due)
    order = [a.offer for a in plan.applied]
    told = {r.offer.key for r in plan.left_out} | {o.key for o in order}
    return (
        (plan.due, len(order)) == by_hand(offers, fee, due)
        and left_after(order, fee, due) == plan.due == due - sum(a.off for a in plan.applied)
        and all(a.off > 0 for a in plan.applied)
        and told == {o.key for o in offers}
    )


def test_the_plan_is_as_good_as_the_best_of_all_orders_of_all_sets() -> None:
    for seed in range(WALLETS):
        assert agrees(random.Random(seed), most=6), seed  # seeded: a failure can be looked at


def test_two_half_hours_that_save_a_step_only_together_share_what_they_save() -> None:
    halves = [an_offer(key, Effect(OffKind.HOURS, minutes=30), issuer=key) for key in ("cafe", "cinema")]
    plan = best(halves, HourlyFee(120), 1000)
    assert [a.off for a in plan.applied] == [200, 200]


def test_percent_goes_before_amount_because_it_leaves_less() -> None:
    plan = best(
        [an_offer("amount", five_off()), an_offer("tenth", Effect(OffKind.PERCENT, percent=10))], HourlyFee(300), 2200
    )
    assert [a.offer.key for a in plan.applied] == ["tenth", "amount"]
    assert plan.due == 2200 - 220 - 500


def test_a_coupon_that_is_not_needed_stays_in_the_wallet() -> None:
    plan = best([an_offer("a", five_off(600)), an_offer("b", five_off(600))], HourlyFee(50), 600)
    assert [a.off for a in plan.applied] == [600]
    assert [r.why for r in plan.left_out] == [LeftOut.NOT_NEEDED]


def test_of_two_that_save_the_same_the_one_that_expires_first_is_used() -> None:
    today = datetime(2026, 5, 1, tzinfo=UTC)
    late, soon = (
        an_offer(key, HOUR, expires_at=today + timedelta(days=days)) for key, days in (("late", 9), ("soon", 1))
    )
    assert [a.offer.key for a in best([late, soon], HourlyFee(50), 600).applied] == ["soon"]


def test_a_benefit_is_taken_before_a_coupon_is_used_up() -> None:
    tier = an_offer("tier:gold:0", five_off(600), is_coupon=False, kind="tier")
    assert [a.offer.key for a in best([an_offer("c", five_off(600)), tier], HourlyFee(50), 600).applied] == [
        "tier:gold:0"
    ]


@pytest.mark.parametrize(
    ("others", "one", "fee", "why"),
    [
        ((), an_offer("x", five_off(least_fee_minor=2000)), HourlyFee(60), LeftOut.BILL_TOO_SMALL),
        ((), an_offer("x", HOUR, refused=LeftOut.EXPIRED), HourlyFee(60), LeftOut.EXPIRED),
        ((five_off(500),), an_offer("x", five_off(100), alone=True), HourlyFee(600), LeftOut.ONLY_ALONE),
        ((five_off(500),), an_offer("x", five_off(100), group="g"), HourlyFee(600), LeftOut.SAME_GROUP),
        ((), an_offer("x", Effect(OffKind.PERCENT, percent=1)), HourlyFee(60, first_minor=10), LeftOut.TAKES_NOTHING_OFF),
    ],
)  # fmt: skip
def test_every_coupon_left_out_is_told_why(
    others: tuple[Effect, ...], one: Offer, fee: HourlyFee, why: LeftOut
) -> None:
    plan = best([one, *(an_offer("o", effect, group="g") for effect in others)], fee, fee.total)
    (refused,) = [r for r in plan.left_out if r.offer.key == "x"]
    assert refused.why is why
    said = why_not(refused)
    assert said["zh"] != said["en"]
    assert (refused.because_of is not None) == ("券o" in said["zh"])


def test_every_reason_has_words_in_both_languages() -> None:
    for why in LeftOut:
        plan = best([an_offer("x", HOUR, refused=why)], HourlyFee(60), 600)
        assert all(why_not(plan.left_out[0]).values())


def test_a_large_wallet_of_the_same_coupon_is_searched_all_the_same() -> None:
    plan = best([an_offer(f"{i:02d}", five_off(100)) for i in range(60)], HourlyFee(300), 2200)
    assert plan.due == 2200 - 10 * 100
    assert len(plan.left_out) == 50


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": OffKind.HOURS}, {"kind": OffKind.PERCENT, "percent": 101}, {"kind": OffKind.AMOUNT, "minor": -5},
        {"kind": OffKind.FREE, "most_minor": 0}, {"kind": OffKind.FREE, "least_fee_minor": -1},
    ],
)  # fmt: skip
def test_an_effect_that_makes_no_sense_cannot_be_written(wrong: dict[str, Any]) -> None:
    with pytest.raises(ParkingError):
        Effect(**wrong)


def test_lines_say_what_is_taken_off() -> None:
    assert line_text("停车券", "Coupon", HOUR, "CNY") == {
        "zh": "停车券(抵扣 1 小时)",
        "en": "Coupon (1 h off the clock)",
    }
    capped = Effect(OffKind.PERCENT, percent=20, most_minor=1000)
    assert line_text("金卡", "Gold", capped, "CNY")["en"] == "Gold (20% off, at most ¥10.00)"
    assert line_text("券", "C", Effect(OffKind.FIRST_HOUR, minutes=90), "CNY")["zh"] == "券(前 1 小时 30 分钟免费)"
