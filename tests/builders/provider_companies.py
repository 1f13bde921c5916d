"""Every simulated payment company by the kind of channel that talks to it, and what its contract cannot promise."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from parking.kernel.clock import Clock
from tests.builders.providers import Company, a_stripe, a_terminal, a_unionpay, a_wechat, an_alipay, an_etc


@dataclass(frozen=True)
class Kind:
    """How to open it; `at_counter`: a driver can choose it and pay now; `by_plate`: it charges a car without its driver."""

    open: Callable[[Path, Clock], AbstractContextManager[Company]]
    at_counter: bool = False
    by_plate: bool = False
    refunds: bool = True
    unseen_until_scanned: bool = False


COMPANIES: dict[str, Kind] = {
    "wechat": Kind(a_wechat, at_counter=True),
    "wechat_parking": Kind(partial(a_wechat, kind="wechat_parking"), by_plate=True),
    "alipay": Kind(an_alipay, at_counter=True, unseen_until_scanned=True),
    "alipay_parking": Kind(partial(an_alipay, kind="alipay_parking"), by_plate=True),
    "stripe": Kind(a_stripe, at_counter=True),
    "unionpay_plate": Kind(a_unionpay, by_plate=True),
    "etc_aggregator": Kind(an_etc, by_plate=True, refunds=False),
    "card_terminal": Kind(a_terminal, at_counter=True),
}
