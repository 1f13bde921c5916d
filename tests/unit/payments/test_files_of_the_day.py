"""A company's file of the day as it may come: with money of others in it, damaged, locked. Whatever cannot be read is asked for again."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hardware_sim.providers import stripe as stripe_company
from parking.kernel.clock import ManualClock
from parking.kernel.money import Money
from parking.plumbing.db import Database
from payments import reconciling
from payments.providers import alipay, stripe_wire
from payments.providers.abilities import LineKind, Statement
from payments.providers.base import OutcomeUnknown
from tests.builders.figures import FarSite
from tests.builders.journeys import SiteStory
from tests.builders.payments import START
from tests.builders.provider_companies import COMPANIES

pytestmark = pytest.mark.req("PAY-5")
DAY = (START + timedelta(hours=8)).date()


def balance(kind: str, amount: int, source: dict[str, Any] | None) -> dict[str, Any]:
    plain = {"id": "txn_1", "type": kind, "amount": amount, "currency": "cny", "created": 1_777_600_000, "fee": 0}
    return plain | {"source": source}


def test_what_another_shop_takes_through_the_same_account_is_no_line_of_ours() -> None:
    assert stripe_wire.balance_line(balance("charge", 900, {"payment_intent": "pi_9", "metadata": {}})) is None


def test_a_refund_that_was_made_on_the_companys_own_page_is_a_line_that_our_books_do_not_have() -> None:
    line = stripe_wire.balance_line(balance("refund", -900, {"payment_intent": "pi_9", "metadata": {}}))
    assert line is not None
    assert (line.kind, line.number, line.refund_number, line.amount) == (
        LineKind.REFUND,
        "pi_9",
        None,
        Money(900, "CNY"),
    )


def test_a_balance_that_cannot_be_read_is_asked_for_again_and_holds_no_other_company_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe_company, "balance_of", lambda *_: [balance("charge", 900, None)])
    clock = ManualClock(START)
    with COMPANIES["stripe"].open(tmp_path, clock) as company:
        clock.advance(timedelta(days=1, hours=2))
        with pytest.raises(OutcomeUnknown):
            company.provider.statement(DAY)


def packed() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("2088_DETAILS.csv", "x" * 3000)
    return file.getvalue()


def damaged(whole: bytes) -> bytes:
    return whole[:46] + b"\xff" * 10 + whole[56:]


def locked(whole: bytes) -> bytes:
    at = whole.find(b"PK\x01\x02") + 8
    return whole[:6] + bytes([whole[6] | 1]) + whole[7:at] + bytes([whole[at] | 1]) + whole[at + 1 :]


@pytest.mark.parametrize("bent", [damaged, locked])
def test_an_archive_that_is_damaged_or_locked_is_asked_for_again(
    bent: Callable[[bytes], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    details = alipay._details
    monkeypatch.setattr(alipay, "_details", lambda _: details(bent(packed())))
    clock = ManualClock(START)
    with COMPANIES["alipay"].open(tmp_path, clock) as company:
        clock.advance(timedelta(days=1, hours=2))
        with pytest.raises(OutcomeUnknown):
            company.provider.statement(DAY)


def paid_at(site: SiteStory, begun: datetime) -> None:
    """A car has parked for an hour from then on, has paid, and has left."""
    site.clock.advance(begun - site.clock.now())
    stay_id = site.enter()
    site.park(hours=1)
    site.pay(stay_id)
    site.leave()


def differences(site: SiteStory, days: int) -> list[tuple[str, str]]:
    """What does not agree after so many days, each of them compared."""
    for _ in range(days):
        site.park(days=1)
        site.application.reconciler.look()
    return [(row["day"], row["difference"]) for row in site.database.read(reconciling.open_differences)]


def test_a_site_far_from_beijing_agrees_with_files_whose_days_begin_there(memory_database: Database) -> None:
    site = FarSite(memory_database, datetime(2026, 7, 1, 17, tzinfo=UTC))
    paid_at(site, site.clock.now())  # at eight in the evening in Berlin, on the next day in Beijing
    assert differences(site, 2) == []


def test_money_of_the_minutes_around_midnight_that_no_file_names_is_a_difference(
    memory_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = SiteStory(memory_database)
    told = site.wallet.statement
    paid_at(site, datetime(2026, 7, 1, 14, 53, tzinfo=UTC))  # paid seven minutes before midnight
    monkeypatch.setattr(site.wallet, "statement", lambda day: replace(told(day), lines=()))
    assert differences(site, 3) == [("2026-07-02", "missing_there")]


@pytest.mark.parametrize("minutes", [-7, 7])
def test_a_company_whose_clock_differs_by_minutes_may_have_a_payment_in_the_file_of_the_day_beside(
    minutes: int, memory_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = SiteStory(memory_database)
    told = site.wallet.statement
    paid_at(site, datetime(2026, 7, 1, 15, tzinfo=UTC) + timedelta(minutes=minutes))
    other = date(2026, 7, 1 if minutes > 0 else 2)

    def moved(day: date) -> Statement:
        found = [line for near in (1, 2) for line in told(date(2026, 7, near)).lines]
        return Statement(day, tuple(found) if day == other else ())

    monkeypatch.setattr(site.wallet, "statement", moved)
    assert differences(site, 3) == []


@pytest.mark.parametrize(
    ("currency", "told"), [("CNY", 500), ("XOF", 500), ("KWD", 500), ("ISK", 50_000), ("UGX", 50_000)]
)
def test_stripe_is_told_of_crowns_and_shillings_in_hundredths_that_they_no_longer_have(
    currency: str, told: int
) -> None:
    ours = Money(500, currency)
    assert stripe_wire.amount_of(ours) == told
    assert stripe_wire.money_of(told, currency.lower()) == ours
    if told != ours.minor:
        with pytest.raises(ValueError, match="no amount"):
            stripe_wire.money_of(told + 1, currency.lower())
