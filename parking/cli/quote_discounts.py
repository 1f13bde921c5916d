"""Coupons and benefits of members as `parking quote` takes them, and the bill with what they take off."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from parking.kernel.errors import ParkingError, invalid
from parking.kernel.money import decimals
from parking.kernel.standing import Effect, OffKind
from payments.coupons.best import NOTHING_BEFORE
from payments.coupons.model import Offer
from payments.ledger import NOTHING_BOOKED
from payments.quote import Account, StayFee, quote
from payments.tariff.facts import Facts
from payments.tariff.model import Tariff
from payments.tariff.outlook import Before, changes, schedule
from payments.tariff.price import price

FORMS = "free, hours:1, minutes:90, amount:5, percent:20 or first:60 (minutes)"
_SECOND = timedelta(seconds=1)
_NUMBER = re.compile(r"\d{1,9}(\.\d{1,3})?")


def offers_of(coupons: Sequence[str], benefits: Sequence[str], currency: str) -> list[Offer]:
    """What `--coupon` and `--member` say, each as NAME=FORM or FORM alone."""
    found = [_offer(f"coupon-{n}", "券", "Coupon", text, currency, "--coupon") for n, text in enumerate(coupons, 1)]
    for number, text in enumerate(benefits, start=1):
        found.append(_offer(f"tier:{number}", "会员", "Member", text, currency, "--member"))
    return found


def _offer(key: str, zh: str, en: str, text: str, currency: str, option: str) -> Offer:
    name, named, form = text.rpartition("=")
    names = (name, name) if named else (f"{zh} {key[-1]}", f"{en} {key[-1]}")
    is_coupon = option == "--coupon"
    effect = _effect(form, currency, option)
    return Offer(key, *names, effect, is_coupon=is_coupon, kind="coupon" if is_coupon else "tier")


def _effect(form: str, currency: str, option: str) -> Effect:
    word, _, number = form.partition(":")
    if word == "free" and not number:
        return Effect(OffKind.FREE)
    if word not in ("hours", "minutes", "amount", "percent", "first") or not _NUMBER.fullmatch(number):
        raise invalid("quote.coupon", f"{form!r} is no coupon; write {FORMS}", field=option)
    scale = {"hours": 60, "amount": 10 ** decimals(currency)}.get(word, 1)
    whole, _, part = number.partition(".")
    units, left = divmod(int(whole + part) * scale, 10 ** len(part))
    if left:
        raise invalid("quote.coupon", f"{form!r} is no whole number of minutes, percent or {currency}", field=option)
    try:
        match word:
            case "hours" | "minutes":
                return Effect(OffKind.HOURS, minutes=units)
            case "amount":
                return Effect(OffKind.AMOUNT, minor=units)
            case "percent":
                return Effect(OffKind.PERCENT, percent=units)
        return Effect(OffKind.FIRST_HOUR, minutes=units)
    except ParkingError as error:
        raise invalid("quote.coupon", f"{form!r}: {error.message}", field=option) from None


def account_of(
    rules: Tariff, entered_at: datetime, leaving_at: datetime, facts: Facts, offers: Sequence[Offer]
) -> Account:
    """The bill with the best of these offers for the driver, and why the others are left out."""
    bill = price(rules, entered_at, leaving_at, facts)
    fee = StayFee(bill, rules, entered_at, leaving_at, facts)
    return quote(bill, fee, NOTHING_BOOKED, offers, (), NOTHING_BEFORE)


def later_of(
    rules: Tariff,
    entered_at: datetime,
    since: datetime,
    horizon: datetime,
    facts: Facts,
    offers: Sequence[Offer],
    most: int,
) -> tuple[Before, ...]:
    """The next changes of what is due, with everything taken off."""
    rows = schedule(rules, entered_at, horizon, since=since, facts=facts, most=most + 1)
    if offers:
        rows = tuple(
            (until, account_of(rules, entered_at, until - _SECOND, facts, offers).due.minor) for until, _ in rows
        )
    return changes(rows, rules.currency)
