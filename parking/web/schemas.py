"""Strict bodies: `"95"`, `true` and `1.0` are not integers, an unknown key is an error, a time has an offset."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from parking.kernel import codec
from parking.kernel.errors import ParkingError
from parking.kernel.money import Money

LARGEST_AMOUNT = 10**12
FIRST_YEAR, LAST_YEAR = 2000, 2999
AS_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
"""For the description of a route that answers with a file for spreadsheets, beside `response_class=Response`."""


class Strict(BaseModel):
    """The base of every body and reply; times are `Moment`, an enum or a tuple in a body is `Annotated[..., Loose]`."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


Loose = Field(strict=False)
"""For a field whose JSON form is another type than its Python form: an enum (text) or a tuple (list)."""


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if not isinstance(value, str):
        raise ValueError("should be an RFC 3339 time with an offset")
    try:
        return codec.parse_time(value)
    except ParkingError as error:
        raise ValueError(error.message) from None


Moment = Annotated[datetime, BeforeValidator(_moment, json_schema_input_type=datetime)]
"""A time: RFC 3339 with an offset outside, UTC inside."""


def _reckoned(day: date) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"should be a day of the years {FIRST_YEAR} to {LAST_YEAR}")
    return day


SiteDay = Annotated[date, AfterValidator(_reckoned)]
"""A day with a day after it and a midnight in every time zone."""


class MoneySchema(Strict):
    """`{"amount": 1500, "currency": "CNY"}`: whole minor units."""

    amount: int = Field(ge=-LARGEST_AMOUNT, le=LARGEST_AMOUNT)
    currency: str = Field(pattern="^[A-Z]{3}$")

    @classmethod
    def of(cls, money: Money) -> MoneySchema:
        return cls(amount=money.minor, currency=money.currency)

    def money(self) -> Money:
        return Money(self.amount, self.currency)
