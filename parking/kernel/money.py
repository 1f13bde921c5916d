"""Money is whole minor units of one currency. It is never a float, and it is rounded in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from parking.kernel.errors import invalid

# ISO 4217 exponents that differ from two, and the ariary, whose fifths nobody pays any more; the pages have the same table.
_WHOLE = "BIF CLP DJF GNF ISK JPY KMF KRW MGA PYG RWF UGX VND VUV XAF XOF XPF"
_THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND"
_DECIMALS = {**dict.fromkeys(_WHOLE.split(), 0), **dict.fromkeys(_THOUSANDTHS.split(), 3)}


def decimals(currency: str) -> int:
    """How many digits the minor unit of an ISO 4217 currency has."""
    return _DECIMALS.get(currency, 2)


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in minor units (`Money(1500, "CNY")` is ¥15.00); arithmetic across currencies raises ParkingError."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:  # bool and float are both mistakes here
            raise invalid("money.not_integer", f"an amount is a whole number of minor units, not {self.minor!r}")
        if len(self.currency) != 3 or not self.currency.isascii() or not self.currency.isupper():
            raise invalid("money.currency", f"{self.currency!r} is not an ISO 4217 currency code")

    @classmethod
    def zero(cls, currency: str) -> Self:
        return cls(0, currency)

    def _same(self, other: Money) -> None:
        if other.currency != self.currency:
            raise invalid("money.mixed", f"{self.currency} and {other.currency} do not add up")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __str__(self) -> str:
        places = decimals(self.currency)
        sign = "-" if self.minor < 0 else ""
        whole, part = divmod(abs(self.minor), 10**places)
        return f"{sign}{whole}.{part:0{places}d} {self.currency}" if places else f"{sign}{whole} {self.currency}"


def round_ratio(numerator: int, denominator: int) -> int:
    """The one rounding rule: `numerator / denominator` (positive) to the nearest minor unit, halves away from zero."""
    rounded = (2 * abs(numerator) + denominator) // (2 * denominator)
    return rounded if numerator >= 0 else -rounded
