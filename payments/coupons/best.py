"""Which coupons, in which order: the lowest bill for the driver, found by exact search; and why the others stay in the wallet.

What an offer takes off never grows dearer for a smaller bill to start from, and what it takes off the clock depends only on
which offers went before, not on their order. So the best bill of a set follows from the best bills of the sets with one fewer:
2^n sets instead of n! orders, and the same answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from parking.kernel.money import round_ratio
from parking.kernel.standing import OffKind
from payments.coupons.model import LeftOut, Offer

SEARCHED_MOST = 10
"""Different offers that are searched through exactly; of more, those that save most by themselves."""


class Fee(Protocol):
    """What a bill would have been, in minor units."""

    @property
    def total(self) -> int:
        """The bill before anything is taken off."""
        ...

    def without(self, minutes: int) -> int:
        """The bill if its clock had run `minutes` less; never more for more minutes."""
        ...

    def first(self, minutes: int) -> int:
        """What the first `minutes` cost by themselves; never less for more minutes."""
        ...


@dataclass(frozen=True, slots=True)
class Applied:
    offer: Offer
    off: int


@dataclass(frozen=True, slots=True)
class Refused:
    """An offer that was left out, and what it could not be combined with, if that was the reason."""

    offer: Offer
    why: LeftOut
    because_of: Offer | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is applied, in order; what is not, and why; what is left to pay. `taken off + due` is what was due before."""

    due: int
    applied: tuple[Applied, ...] = ()
    left_out: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True)
class Before:
    """What earlier payments of the same stay have used already: minutes off the clock, and of the first minutes."""

    hours: int = 0
    first: int = 0
    groups: frozenset[str] = frozenset()
    some: bool = False
    alone: bool = False


NOTHING_BEFORE = Before()
_Step = tuple[int, int]  # what is due after a set, and which offer came last


def take_off(offer: Offer, due: int, fee: Fee, hours: int, first: int) -> int:
    """What the offer takes off `due` after offers that took `hours` and `first` minutes, in minor units."""
    effect = offer.effect
    if effect.kind is OffKind.FREE:
        off = due
    elif effect.kind is OffKind.AMOUNT:
        off = effect.minor
    elif effect.kind is OffKind.PERCENT:
        off = round_ratio(due * effect.percent, 100)
    elif effect.kind is OffKind.HOURS:
        off = fee.without(hours) - fee.without(hours + effect.minutes)
    else:
        off = fee.first(max(first, effect.minutes)) - fee.first(first)
    return max(0, min(off, due, due if effect.most_minor is None else effect.most_minor))


def best(
    offers: Sequence[Offer], fee: Fee, due: int, before: Before = NOTHING_BEFORE, *, most: int = SEARCHED_MOST
) -> Plan:
    """The plan that leaves least to pay; of equal ones that with the fewest coupons, then the one whose coupons expire soonest."""
    if not offers:
        return Plan(due, (), ())
    refused = {o.key: Refused(o, why) for o in offers if (why := _speaks_against(o, fee, due, before)) is not None}
    candidates = [o for o in offers if o.key not in refused]
    single = {o.key: take_off(o, due, fee, before.hours, before.first) for o in candidates}
    searched = _worth_searching(candidates, single, most)
    after = _best_of_sets(searched, fee, due, before)
    least = min(left for left, _ in after.values())
    chosen = min((s for s, (left, _) in after.items() if left == least), key=lambda s: _rank(s, searched))
    applied = _in_order(chosen, after, searched)
    taken = [a.offer for a in applied]
    for offer in candidates:
        if offer not in taken:
            reason = _why_not(offer, taken, least)
            useless = reason.why is LeftOut.OTHERS_SAVE_MORE and not single[offer.key]
            refused[offer.key] = Refused(offer, LeftOut.TAKES_NOTHING_OFF) if useless else reason
    return Plan(least, applied, tuple(refused[o.key] for o in offers if o.key in refused))


def _speaks_against(offer: Offer, fee: Fee, due: int, before: Before) -> LeftOut | None:
    if offer.refused is not None:
        return offer.refused
    if fee.total < offer.effect.least_fee_minor:
        return LeftOut.BILL_TOO_SMALL
    if due <= 0:
        return LeftOut.NOT_NEEDED
    if before.alone or (offer.alone and before.some):
        return LeftOut.ONLY_ALONE
    return LeftOut.SAME_GROUP if offer.group and offer.group in before.groups else None


def _worth_searching(offers: Sequence[Offer], single: dict[str, int], most: int) -> list[Offer]:
    if len(offers) <= most:
        return list(offers)
    return sorted(offers, key=lambda o: (o.is_coupon, -single[o.key], _expiry(o), o.key))[:most]


def _best_of_sets(offers: Sequence[Offer], fee: Fee, due: int, before: Before) -> dict[int, _Step]:
    """For every set that may be combined, as bits: the least that is due after it, and the offer that comes last then."""
    after: dict[int, _Step] = {0: (due, -1)}
    clashes = [sum(1 << j for j, b in enumerate(offers) if _clash(a, b)) for a in offers]
    hours, first = {0: before.hours}, {0: before.first}
    for chosen in range(1, 1 << len(offers)):
        members = [i for i in range(len(offers)) if chosen >> i & 1]
        if any(chosen & clashes[i] for i in members):
            continue
        one, rest = offers[members[0]].effect, chosen & (chosen - 1)
        hours[chosen] = hours[rest] + (one.minutes if one.kind is OffKind.HOURS else 0)
        first[chosen] = max(first[rest], one.minutes if one.kind is OffKind.FIRST_HOUR else 0)
        steps = []
        for i in members:
            rest = chosen & ~(1 << i)
            left = after[rest][0]
            steps.append((left - take_off(offers[i], left, fee, hours[rest], first[rest]), i))
        after[chosen] = min(steps)
    return after


def _clash(a: Offer, b: Offer) -> bool:
    return a is not b and (a.alone or b.alone or bool(a.group and a.group == b.group))


def _expiry(offer: Offer) -> float:
    return offer.expires_at.timestamp() if offer.expires_at is not None else float("inf")


def _rank(chosen: int, offers: Sequence[Offer]) -> tuple[int, int, list[float], list[str]]:
    taken = [o for i, o in enumerate(offers) if chosen >> i & 1]
    coupons = sum(o.is_coupon for o in taken)
    return coupons, len(taken), sorted(map(_expiry, taken)), sorted(o.key for o in taken)


def _in_order(chosen: int, after: dict[int, _Step], offers: Sequence[Offer]) -> tuple[Applied, ...]:
    backwards: list[Applied] = []
    while chosen:
        left, last = after[chosen]
        chosen &= ~(1 << last)
        backwards.append(Applied(offers[last], after[chosen][0] - left))
    return _shared(backwards[::-1])


def _shared(applied: Sequence[Applied]) -> tuple[Applied, ...]:
    """Half an hour alone may save nothing and two of them a whole step: what they save together is theirs together, by their minutes."""
    offs = [one.off for one in applied]
    for i, one in enumerate(applied):
        minutes = one.offer.effect.minutes
        for j in range(i + 1, len(applied)):
            other = applied[j].offer.effect
            if not offs[i] and other.kind is OffKind.HOURS and offs[j] > 1:
                share = max(1, offs[j] * minutes // (minutes + other.minutes))
                offs[i] = share if one.offer.effect.most_minor is None else min(share, one.offer.effect.most_minor)
                offs[j] -= offs[i]
    return tuple(Applied(one.offer, off) for one, off in zip(applied, offs, strict=True))


def _why_not(offer: Offer, taken: Sequence[Offer], due: int) -> Refused:
    if due == 0:
        return Refused(offer, LeftOut.NOT_NEEDED)
    for other in taken:
        if offer.alone or other.alone:
            return Refused(offer, LeftOut.ONLY_ALONE, other)
        if offer.group and offer.group == other.group:
            return Refused(offer, LeftOut.SAME_GROUP, other)
    return Refused(offer, LeftOut.OTHERS_SAVE_MORE)
