"""A quote at any time while parked: the bill in periods, what a later exit would cost, what leaving sooner saves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from parking.kernel.codec import parse_time
from tests.builders.application import Server, a_server, problem_of

pytestmark = pytest.mark.req("FEE-1")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with a_server(tmp_path) as running:
        yield running


def test_a_driver_is_told_the_bill_and_what_leaving_before_the_next_step_saves(server: Server) -> None:
    stay_id = server.enter()
    server.park(hours=1, minutes=30)
    quote = server.ask("GET", "/my/quote", "driver", stay=stay_id).json()
    assert quote["bill"]["due"] == {"amount": 1000, "currency": "CNY"}
    lines = [line for period in quote["periods"] for line in period["lines"]]
    assert sum(line["amount"]["amount"] for line in lines) == quote["bill"]["total"]["amount"]
    entered_at = parse_time(quote["entered_at"])
    assert [parse_time(one["before"]) for one in quote["what_if"]] == [
        entered_at + timedelta(hours=hours, minutes=1) for hours in (2, 3, 4)
    ]
    first = quote["what_if"][0]
    assert (first["total"]["amount"], first["later"]["amount"]) == (1000, 1400)
    assert quote["what_if"][0]["text"]["en"].endswith(": ¥4.00 less")
    assert quote["what_if"][0]["text"]["zh"].endswith("前离场少付 ¥4.00")


def test_a_later_exit_can_be_asked_for_and_an_earlier_one_is_refused(server: Server) -> None:
    stay_id = server.enter()
    server.park(hours=1)
    now = server.clock.now()
    later = {"leaving_at": (now + timedelta(hours=2)).isoformat()}
    assert (
        server.ask("GET", f"/stays/{stay_id}/quote", "cashier", params=later).json()["bill"]["total"]["amount"] == 1400
    )
    earlier = {"leaving_at": (now - timedelta(hours=1)).isoformat()}
    problem = problem_of(server.ask("GET", f"/stays/{stay_id}/quote", "cashier", params=earlier), 422)
    assert problem["code"] == "quote.past"
    problem_of(server.ask("GET", f"/stays/{stay_id}/quote", "cashier", params={"leaving_at": "soon"}), 422)


def test_a_quote_names_no_plate(server: Server) -> None:
    stay_id = server.enter("浙A12345")
    assert "12345" not in server.ask("GET", f"/stays/{stay_id}/quote", "cashier").text.replace(stay_id, "")
