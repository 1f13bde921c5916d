"""Bodies are strict where money and time are concerned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from parking.kernel.errors import ParkingError
from parking.kernel.money import Money
from parking.web import paging
from parking.web.schemas import Loose, Moment, MoneySchema, Strict


class Kind(StrEnum):
    ALLOW = "allow"


class Body(Strict):
    at: Moment
    kind: Annotated[Kind, Loose] = Kind.ALLOW


@pytest.mark.req("FEE-1")
@pytest.mark.parametrize("amount", ["95", True, 1.0, 1.5, None, 10**13])
def test_only_a_whole_number_is_an_amount(amount: Any) -> None:
    with pytest.raises(ValidationError):
        MoneySchema.model_validate({"amount": amount, "currency": "CNY"})


@pytest.mark.parametrize("currency", ["cny", "YUAN", "", 156])
def test_only_three_capital_letters_are_a_currency(currency: Any) -> None:
    with pytest.raises(ValidationError):
        MoneySchema.model_validate({"amount": 1, "currency": currency})


def test_money_goes_out_and_comes_back() -> None:
    sent = MoneySchema.of(Money(1500, "CNY"))
    assert sent.model_dump() == {"amount": 1500, "currency": "CNY"}
    assert sent.money() == Money(1500, "CNY")


def test_an_unknown_key_is_an_error_and_the_input_is_not_repeated() -> None:
    with pytest.raises(ValidationError) as error:
        MoneySchema.model_validate({"amount": 1, "currency": "CNY", "plate": "粤B12345"})
    assert "12345" not in str(error.value)


def test_a_time_is_utc_inside() -> None:
    assert Body.model_validate({"at": "2026-05-01T20:00:00+08:00"}).at == datetime(2026, 5, 1, 12, tzinfo=UTC)
    offset = datetime(2026, 5, 1, 20, tzinfo=timezone(timedelta(hours=8)))
    assert Body(at=offset).model_dump_json() == '{"at":"2026-05-01T12:00:00Z","kind":"allow"}'


@pytest.mark.parametrize("at", ["2026-05-01T20:00:00", "tomorrow", 1777600000, None, datetime(2026, 5, 1)])  # noqa: DTZ001
def test_a_time_without_an_offset_is_refused(at: Any) -> None:
    with pytest.raises(ValidationError):
        Body.model_validate({"at": at})


def test_an_enum_comes_as_text() -> None:
    body = Body.model_validate({"at": "2026-05-01T12:00:00Z", "kind": "allow"})
    assert body.kind is Kind.ALLOW


@given(
    st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40), st.integers(-(2**63) + 1, 2**63 - 1)
)
def test_a_cursor_comes_back_as_it_went(text: str, number: int) -> None:
    assert paging.decode(paging.encode(text, number), str, int) == (text, number)


@given(st.text(max_size=60))
def test_a_cursor_that_we_did_not_make_is_refused(cursor: str) -> None:
    if cursor:
        with pytest.raises(ParkingError, match="next"):
            paging.decode(cursor, str, int)
    else:
        assert paging.decode(cursor, str, int) is None


@pytest.mark.parametrize("position", [["", 2**63], ["", -(2**63)], ["a\0", 1], ["\ud800", 1]])
def test_a_cursor_that_no_database_would_take_is_refused(position: list[Any]) -> None:
    with pytest.raises(ParkingError, match="next"):
        paging.decode(paging.encode(*position), str, int)


def test_pages_cover_everything_once() -> None:
    rows = [f"{n:02}" for n in range(25)]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        position = paging.decode(cursor, str)
        after = [row for row in rows if position is None or row > str(position[0])]
        shown, cursor = paging.page(after[:11], 10, paging.encode)
        seen += shown
    assert seen == rows
