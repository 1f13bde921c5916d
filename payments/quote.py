"""Price and coupons are one quote: the bill's lines, then what was and what would be taken off, line by line; they sum to the total."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from parking.kernel.money import Money
from parking.kernel.standing import OffKind
from payments.coupons.best import NOTHING_BEFORE, Before, Plan, best
from payments.coupons.model import EXPLAINED_FOR, LeftOut, Offer, Use
from payments.coupons.words import DISCREET, line_text, why_not
from payments.ledger import StaySums
from payments.tariff.facts import Facts
from payments.tariff.model import Bill, BillLine, Tariff
from payments.tariff.price import price

WAIVED = "waived"
WAIVED_WORDS = {"zh": "已减免", "en": "Waived"}
"""What the mall has given up: nobody has paid it."""
_SECOND = timedelta(seconds=1)
FOR_EVER = datetime.max.replace(tzinfo=UTC)


class StayFee:
    """A stay's bill under one tariff, and what it would have been had its clock run less; every price is worked out once."""

    def __init__(self, bill: Bill, tariff: Tariff, entered_at: datetime, until: datetime, facts: Facts) -> None:
        self._bill = bill
        self._tariff = tariff
        self._entered_at = entered_at
        self._until = until
        self._facts = facts
        self._less: dict[int, int] = {}
        self._firsts: dict[int, int] = {0: 0}

    @property
    def total(self) -> int:
        return self.without(0)

    def without(self, minutes: int) -> int:
        """The clock stands still for the last `minutes`, or it begins so much later: whichever is cheaper for the driver."""
        if minutes not in self._less:
            self._less[minutes] = min(self._shorter(minutes), self._later(minutes))
        return self._less[minutes]

    def _shorter(self, minutes: int) -> int:
        if not minutes:
            return self._bill.total.minor
        stopped = self._facts._replace(stopped_minutes=self._facts.stopped_minutes + minutes)
        return price(self._tariff, self._entered_at, self._until, stopped).total.minor

    def _later(self, minutes: int) -> int:
        if not minutes:
            return self._bill.total.minor
        begins = min(self._entered_at + timedelta(minutes=minutes), self._until)
        return price(self._tariff, begins, self._until, self._facts).total.minor

    def first(self, minutes: int) -> int:
        """What the first `minutes` cost by themselves."""
        if minutes not in self._firsts:
            end = min(self._entered_at + timedelta(minutes=minutes), self._until)
            facts = self._facts._replace(stopped_minutes=0)
            self._firsts[minutes] = price(self._tariff, self._entered_at, end, facts).total.minor
        return self._firsts[minutes]


@dataclass(frozen=True, slots=True)
class OffLine:
    """What is taken off, as a line of the bill; `code` is coupon, tier, credit (a good standing) or waived."""

    code: str
    words: Mapping[str, str] = field(hash=False)
    amount: Money
    minutes: int = 0
    count: int = 1
    unit: Money | None = None

    @property
    def text(self) -> Mapping[str, str]:
        return self.words


@dataclass(frozen=True, slots=True)
class NotApplied:
    """A coupon that stays in the wallet: its id, its name, a stable code and one sentence for why."""

    key: str
    name: Mapping[str, str]
    why: str
    text: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Account:
    """What a stay costs after all that is taken off it, what was paid, what is due; the lines sum to `total`, `due = total - paid`.

    `gross` is the bill before anything is taken off; `settled` what stands against it already, used coupons included.
    """

    total: Money
    paid: Money
    due: Money
    lines: tuple[BillLine | OffLine, ...]
    gross: Money
    settled: Money
    plan: Plan
    not_applied: tuple[NotApplied, ...] = ()

    @property
    def unsettled(self) -> Money:
        """What stands open as long as nothing more is taken off."""
        return Money(max(0, self.gross.minor - self.settled.minor), self.gross.currency)

    @property
    def is_open(self) -> bool:
        """Whether there is anything to settle, be it with coupons alone."""
        return self.due.minor > 0 or bool(self.plan.applied)

    @property
    def counting(self) -> frozenset[str]:
        """The ids of the coupons that this bill counts, not used up before it is settled."""
        return frozenset(one.offer.key for one in self.plan.applied if one.offer.is_coupon)

    @property
    def _offers(self) -> list[Offer]:
        return [*(one.offer for one in self.plan.applied), *(one.offer for one in self.plan.left_out)]

    @property
    def limited(self) -> frozenset[str]:
        """The campaigns and benefits among its offers of which one holder has so many a day."""
        return frozenset(offer.campaign for offer in self._offers if offer.per_day is not None)

    def holds_until(self, at: datetime) -> datetime | None:
        """Until when its offers count as they do at `at`, while nobody reaches a limit; None where that cannot be said."""
        moments = [FOR_EVER]
        for offer in self._offers:
            if offer.refused is LeftOut.NOT_YET:
                return None
            if offer.expires_at is not None:
                moments += [one for one in (offer.expires_at, offer.expires_at + EXPLAINED_FOR) if one > at]
        return min(moments)

    def discreet(self) -> Account:
        """The same for eyes that may not know who the driver is: one line for all that is taken off, nothing of what is not."""
        said = [isinstance(line, BillLine) or line.code == WAIVED for line in self.lines]
        lines = [line for line, is_said in zip(self.lines, said, strict=True) if is_said]
        off = sum(line.amount.minor for line, is_said in zip(self.lines, said, strict=True) if not is_said)
        if off:
            lines.append(OffLine("coupon", DISCREET, Money(off, self.total.currency)))
        return replace(self, lines=tuple(lines), not_applied=())


def used_before(uses: Sequence[Use], offers: Mapping[str, tuple[str, bool]]) -> Before:
    """What earlier payments of a stay have used; `offers` gives the (group, alone) of a campaign."""
    if not uses:
        return NOTHING_BEFORE
    rules = [offers.get(use.campaign, ("", False)) for use in uses]
    return Before(
        hours=sum(use.effect.minutes for use in uses if use.effect.kind is OffKind.HOURS),
        first=max((use.effect.minutes for use in uses if use.effect.kind is OffKind.FIRST_HOUR), default=0),
        groups=frozenset(group for group, _ in rules if group),
        some=any(use.coupon_id is not None for use in uses),
        alone=any(alone for _, alone in rules),
    )


def quote(
    bill: Bill, fee: StayFee, sums: StaySums, offers: Sequence[Offer], redeemed: Sequence[Use], before: Before
) -> Account:
    """The account of a stay under these offers; `redeemed` are the uses that its payments have made already."""
    currency, gross = bill.total.currency, bill.total.minor
    settled = sums.captured + sums.coupon + sums.waived - sums.overpaid
    plan = best(offers, fee, max(0, gross - settled), before)
    lines: list[BillLine | OffLine] = list(bill.lines)
    used = 0
    for use in redeemed:
        used += use.amount
        words = line_text(use.zh, use.en, use.effect, currency)
        lines.append(OffLine(use.kind, words, Money(-use.amount, currency)))
    waived = min(sums.waived, max(0, gross - used))
    if waived:
        used += waived
        lines.append(OffLine(WAIVED, WAIVED_WORDS, Money(-waived, currency)))
    for one in plan.applied:
        words = line_text(one.offer.zh, one.offer.en, one.offer.effect, currency)
        lines.append(OffLine(one.offer.kind, words, Money(-one.off, currency)))
    total = gross - used - sum(one.off for one in plan.applied)
    return Account(
        total=Money(total, currency),
        paid=Money(settled - used, currency),
        due=Money(plan.due, currency),
        lines=tuple(lines),
        gross=bill.total,
        settled=Money(settled, currency),
        plan=plan,
        not_applied=tuple(
            NotApplied(r.offer.key, {"zh": r.offer.zh, "en": r.offer.en}, r.why.value, why_not(r))
            for r in plan.left_out
            if r.offer.is_coupon
        ),
    )


def stepwise(
    off_at: Callable[[datetime], int], begin: datetime, until: datetime, entered_at: datetime, grid: timedelta
) -> Iterator[tuple[datetime, int]]:
    """Until when which amount is taken off between two moments of one price.

    Hours off the clock change what they take off in the middle of a step; no amount changes but where the `grid` from the entry does.
    """
    while begin < until:
        off, end = off_at(begin), until
        low, high = (begin - entered_at) // grid + 1, (until - _SECOND - entered_at) // grid
        if low <= high and off_at(entered_at + high * grid) != off:
            while low < high:
                middle = (low + high) // 2
                low, high = (low, middle) if off_at(entered_at + middle * grid) != off else (middle + 1, high)
            end = entered_at + low * grid
        yield end, off
        begin = end
