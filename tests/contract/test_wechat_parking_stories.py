"""WeChat's parking service from entry to pay-back: what its events say, and one live parking id a plate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hardware_sim.providers.wechat import WechatWire
from parking.kernel.clock import ManualClock
from payments.providers.abilities import RefundOutcome, RefundState, Standing, StandingChanged
from payments.providers.base import CallbackRefused, OrderState, Outcome, ProviderRefused
from tests.builders.payments import START
from tests.builders.providers import CAR, ENTRY, REFUND, Company, a_charge, a_wechat

pytestmark = pytest.mark.req("PAY-1", "PAY-2")


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with a_wechat(tmp_path, ManualClock(START), "wechat_parking") as found:
        found.books.standings[CAR.plate] = Standing.ENROLLED
        yield found


def told(company: Company) -> list[object]:
    """What the events say that are due now, read by us."""
    assert isinstance(company.wire, WechatWire)
    calls = [company.wire.callback(announcement) for announcement in company.books.take_due()]
    return [company.provider.read_callback(headers, body).news for headers, body in calls]


def collected(company: Company) -> Any:
    charge = a_charge(reference=company.provider.enter(ENTRY).reference)
    assert company.provider.charge(charge).state is OrderState.ACCEPTED
    return charge


def test_an_advance_is_paid_and_the_pay_back_is_told(company: Company) -> None:
    charge = collected(company)
    company.books.trades[charge.number].advanced = True
    company.approve(charge.number)
    company.books.repay(charge.number)
    first, second = told(company)
    assert isinstance(first, Outcome)
    assert isinstance(second, Outcome)
    assert (first.state, first.advanced, second.repaid) == (OrderState.PAID, True, True)
    assert company.charges(charge.number) == 1


def test_a_bank_that_says_no_after_the_car_has_gone_is_told(company: Company) -> None:
    charge = collected(company)
    company.books.fail(charge.number)
    (news,) = told(company)
    assert isinstance(news, Outcome)
    assert (news.number, news.state) == (charge.number, OrderState.FAILED)


def test_a_driver_who_pauses_the_service_while_inside_is_told(company: Company) -> None:
    taken = company.provider.enter(ENTRY)
    assert isinstance(company.wire, WechatWire)
    company.wire.set_standing(ENTRY.number, Standing.PAUSED)
    (news,) = told(company)
    assert isinstance(news, StandingChanged)
    assert (news.number, news.reference, news.standing) == (ENTRY.number, taken.reference, Standing.PAUSED)


def test_a_refund_is_told(company: Company) -> None:
    charge = collected(company)
    company.approve(charge.number)
    company.provider.refund(replace(REFUND, order_number=charge.number, total=charge.amount))
    news = told(company)[-1]
    assert isinstance(news, RefundOutcome)
    assert (news.number, news.order_number, news.state) == (REFUND.number, charge.number, RefundState.DONE)


def test_only_the_newest_entry_of_a_plate_can_be_charged(company: Company) -> None:
    older = company.provider.enter(ENTRY)
    newer = company.provider.enter(replace(ENTRY, number="S2NUMBER"))
    with pytest.raises(ProviderRefused) as error:
        company.provider.charge(a_charge(reference=older.reference))
    assert error.value.code == "INVALID_REQUEST"
    assert company.provider.charge(a_charge(reference=newer.reference)).state is OrderState.ACCEPTED


def test_an_event_sealed_for_another_merchant_is_refused(company: Company) -> None:
    charge = collected(company)
    company.approve(charge.number)
    assert isinstance(company.wire, WechatWire)
    company.wire.merchant = "1999999999"
    with pytest.raises(CallbackRefused, match="merchant"):
        told(company)
