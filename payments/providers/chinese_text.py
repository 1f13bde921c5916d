"""How Chinese payment companies write amounts and times: yuan with exactly two decimals, Beijing wall time. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from parking.kernel.money import Money

BEIJING = timezone(timedelta(hours=8))  # no summer time since 1991
_YUAN = re.compile(r"(\d{1,11})\.(\d{2})")


def yuan(amount: Money) -> str:
    """`12.00`; ValueError for any other currency than CNY."""
    if amount.currency != "CNY" or amount.minor < 0:
        raise ValueError("yuan are CNY, not below zero")
    return f"{amount.minor // 100}.{amount.minor % 100:02d}"


def from_yuan(text: object) -> Money:
    """The amount of `12.00`; ValueError for anything else."""
    found = _YUAN.fullmatch(text) if isinstance(text, str) and text.isascii() else None
    if found is None:
        raise ValueError("not yuan with two decimals")
    return Money(int(found[1]) * 100 + int(found[2]), "CNY")


def rfc3339(at: datetime) -> str:
    """`2026-05-01T10:00:00+08:00`, whole seconds."""
    return at.astimezone(BEIJING).replace(microsecond=0).isoformat()


def wall(at: datetime) -> str:
    """`2026-05-01 10:00:00`."""
    return at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def from_wall(text: object) -> datetime:
    """The moment of `2026-05-01 10:00:00`; ValueError for anything else."""
    if not isinstance(text, str):
        raise ValueError("not a time")
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
