"""The best order of coupons is found, not guessed: the same as trying every order of every set; and every one left out is explained."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from parking.kernel.errors import ParkingError
from parking.kernel.standing import Effect, OffKind
from payments.coupons.best import best
from payments.coupons.model import LeftOut, Offer
from payments.coupons.words import line_text, why_not
from tests.builders.coupon_oracle import HourlyFee, agrees
from tests.builders.coupons import HOUR, an_offer, five_off

pytestmark = pytest.mark.req("CPN-1")
WALLETS = 250
"""Tried here; `make prove NAME=coupon_order` tries ten thousand."""


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
        "zh": "停车券（抵扣 1 小时）",
        "en": "Coupon (1 h off the clock)",
    }
    capped = Effect(OffKind.PERCENT, percent=20, most_minor=1000)
    assert line_text("金卡", "Gold", capped, "CNY")["en"] == "Gold (20% off, at most ¥10.00)"
    assert line_text("券", "C", Effect(OffKind.FIRST_HOUR, minutes=90), "CNY")["zh"] == "券（前 1 小时 30 分钟免费）"
