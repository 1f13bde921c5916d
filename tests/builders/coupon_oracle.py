"""The slow truth about coupons: every order of every set, reckoned by hand; and wallets to try it on."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from parking.kernel.standing import Effect, OffKind
from payments.coupons.best import best, take_off
from payments.coupons.model import Offer
from tests.builders.coupons import an_offer


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

    def tried(taken: tuple[Offer, ...], left: int, hours: int, first: int) -> Iterator[tuple[int, int]]:
        """Every order of every set that begins so, as a bill is reckoned by hand."""
        yield left, len(taken)
        for one in allowed:
            if one not in taken and together((*taken, one)):
                minutes, kind = one.effect.minutes, one.effect.kind
                yield from tried(
                    (*taken, one),
                    left - take_off(one, left, fee, hours, first),
                    hours + (minutes if kind is OffKind.HOURS else 0),
                    max(first, minutes if kind is OffKind.FIRST_HOUR else 0),
                )

    return min(tried((), due, 0, 0))


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
