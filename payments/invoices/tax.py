"""What of an amount that was paid is tax. Pure; minor units, rates in hundredths of a percent."""

from __future__ import annotations

from dataclasses import dataclass

from parking.kernel.errors import invalid

WHOLE = 10_000


@dataclass(frozen=True, slots=True)
class Split:
    """`net` and `tax` sum to what was paid."""

    net: int
    tax: int


def split(gross: int, rate: int) -> Split:
    """The tax that an amount with tax contains, half a minor unit rounded up."""
    if gross < 0 or not 0 <= rate < WHOLE:
        raise invalid("invoice.rate", "should be an amount from 0 on and a rate from 0 to 9999", field="tax_rate")
    tax = (2 * gross * rate + WHOLE + rate) // (2 * (WHOLE + rate))
    return Split(gross - tax, tax)


def part(gone: int, gross: int, rate: int) -> Split:
    """What of an amount that lost `gone` before goes with another `gross`: all parts sum to the whole's split, however they are rounded."""
    before, after = split(gone, rate), split(gone + gross, rate)
    return Split(after.net - before.net, after.tax - before.tax)


def rate_text(rate: int) -> str:
    """900 -> "0.09", as the wire wants it."""
    return f"{rate / WHOLE:.4f}".rstrip("0").rstrip(".")
