"""A company's file of the day as it may come: with money of others in it, damaged, locked. Whatever cannot be read is asked for again."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hardware_sim.providers import stripe as stripe_company
from parking.kernel.clock import ManualClock
from parking.kernel.money import Money
from payments.providers import alipay, stripe_wire
from payments.providers.abilities import LineKind
from payments.providers.base import OutcomeUnknown
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
