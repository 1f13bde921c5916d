"""A quote at any time while parked: the bill in periods, what a later exit would cost, what leaving sooner saves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from parking.emergency import emergency_store
from parking.journeys.quote_api import QuoteView
from parking.journeys.schemas import LineView
from parking.kernel.codec import parse_time
from parking.kernel.ids import StayId
from parking.kernel.plate import Plate
from parking.members import store as member_store
from parking.members.model import Proof, Vehicle, VehicleState
from parking.plumbing.db import UnitOfWork
from parking.sessions import store as sessions
from payments import ledger, ledger_store
from payments.coupons import limits
from payments.coupons.wallet import day_of, limit_key
from tests.builders.application import Server, a_server, problem_of
from tests.builders.journeys import PLATE
from tests.builders.loyalty import Mall, a_mall

pytestmark = pytest.mark.req("FEE-1")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with a_server(tmp_path) as running:
        yield running


def test_a_driver_is_told_the_bill_and_what_changes_at_the_next_step(server: Server) -> None:
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
    assert quote["what_if"][0]["text"]["en"].endswith(": ¥4.00 more")
    assert quote["what_if"][0]["text"]["zh"].endswith("起多付 ¥4.00")


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


@pytest.mark.parametrize("far", ["2027-03-10T00:00:00Z", "2400-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_nobody_has_centuries_reckoned_day_by_day(server: Server, far: str) -> None:
    stay_id = server.enter()
    asked = server.ask("GET", "/my/quote", "driver", stay=stay_id, params={"leaving_at": far})
    assert problem_of(asked, 422)["code"] == "quote.far"


def test_a_quote_names_no_plate(server: Server) -> None:
    stay_id = server.enter("浙A12345")
    assert "12345" not in server.ask("GET", f"/stays/{stay_id}/quote", "cashier").text.replace(stay_id, "")


def test_an_answer_is_of_the_published_shape_and_its_lines_are_those_of_the_bill(server: Server) -> None:
    stay_id = server.enter()
    server.park(hours=1, minutes=30)
    body = server.ask("GET", "/my/quote", "driver", stay=stay_id)
    assert body.headers["content-type"] == "application/json"
    found = QuoteView.model_validate_json(body.content, strict=False)
    assert json.loads(found.model_dump_json()) == body.json(), "nothing is missing, nothing is spelt in another way"
    assert found.bill.lines == server_lines(server, stay_id)


def server_lines(server: Server, stay_id: str) -> list[LineView]:
    """The lines of the same bill, as the other page shows it."""
    bill = server.ask("GET", "/my/stay", "driver", stay=stay_id).json()["bill"]
    return [LineView.model_validate_json(json.dumps(line), strict=False) for line in bill["lines"]]


def test_within_a_minute_of_the_stay_the_same_quote_is_given_with_its_own_time(server: Server) -> None:
    stay_id = server.enter()
    server.park(hours=1, minutes=30, seconds=10)
    first = server.ask("GET", "/my/quote", "driver", stay=stay_id).json()
    server.park(seconds=49)
    second = server.ask("GET", "/my/quote", "driver", stay=stay_id).json()
    server.park(seconds=1)
    third = server.ask("GET", "/my/quote", "driver", stay=stay_id).json()
    assert {**second, "at": first["at"]} == first
    assert second["at"] != first["at"]
    assert third["periods"][-1]["ends_at"] > second["periods"][-1]["ends_at"]


def test_a_minute_before_and_after_each_step_are_priced_apart(server: Server) -> None:
    """Whatever was asked before: the answer is that of a server that has never been asked."""
    stay_id = server.enter()
    for _ in range(6):
        server.park(minutes=20, seconds=30)
        asked = server.ask("GET", "/my/quote", "driver", stay=stay_id).json()
        assert asked["bill"] == server.ask("GET", "/my/stay", "driver", stay=stay_id).json()["bill"]


def in_database(work: Any) -> Callable[[Mall, str], None]:
    def change(mall: Mall, stay_id: str) -> None:
        mall.server.application.database.write(lambda uow: work(uow, StayId(stay_id)))

    return change


def a_coupon(mall: Mall, _: str) -> None:
    mall.campaign()
    body = {"receipt": "r-1", "amount": 5000, "currency": "CNY", "plate": PLATE}
    mall.campaign("receipt", receipt_minor=3000)
    assert mall.till("POST", "/till/purchases", json=body).status_code == 201


def a_shown_code(mall: Mall, stay_id: str) -> None:
    mall.campaign()
    code = mall.till("POST", "/till/codes", json={"campaign_id": "hour"}).json()["code"]
    assert mall.server.ask("POST", "/my/coupons", "driver", stay=stay_id, json={"code": code}).status_code == 201


def a_payment(mall: Mall, stay_id: str) -> None:
    mall.pay(stay_id)


def a_list(mall: Mall, _: str) -> None:
    entry = {"listed_as": "vip"}
    assert mall.manager("PUT", f"/access/list/{PLATE}", json=entry).status_code < 300


def stop(uow: UnitOfWork, stay_id: StayId) -> None:
    emergency_store.start_stop(uow.connection, "s1", cause="x", at=uow.now - timedelta(minutes=45), stay_id=stay_id)
    emergency_store.end_stops(uow.connection, uow.now, "id", "s1")


def stop_everyone(uow: UnitOfWork, _: StayId) -> None:
    emergency_store.start_stop(uow.connection, "s2", cause="x", at=uow.now - timedelta(minutes=45), everyone=True)
    emergency_store.end_stops(uow.connection, uow.now, "id", "s2")


def waive(uow: UnitOfWork, stay_id: StayId) -> None:
    movement = ledger.settlement("waive:x", "CNY", 100, source=ledger.WAIVED, stay_id=stay_id, owed=None)
    ledger_store.book(uow.connection, movement, stay_id=stay_id, at=uow.now)


def reread(uow: UnitOfWork, stay_id: StayId) -> None:
    sessions.set_state(uow.connection, stay_id, entered_at=uow.now - timedelta(hours=4))


def a_member(mall: Mall, stay_id: str) -> None:
    level = {"zh": "金卡", "en": "Gold", "benefits": [{"zh": "礼遇", "en": "Hour", "kind": "hours", "minutes": 60}]}
    assert mall.manager("PUT", "/member-levels/tier/gold", json=level).status_code == 200
    member = mall.join()
    mall.app("PUT", f"/members/{member.member_id}/standing", json={"tier": "gold"})
    mall.server.application.database.write(lambda uow: own(uow, member.member_id))


def own(uow: UnitOfWork, member_id: str) -> None:
    vehicle = Vehicle("v1", member_id, Plate(PLATE), VehicleState.ACTIVE, Proof.DOCUMENT, uow.now, uow.now)
    member_store.insert_vehicle(uow.connection, vehicle)


@pytest.mark.parametrize(
    "change",
    [
        a_coupon,
        a_shown_code,
        a_payment,
        a_list,
        a_member,
        in_database(stop),
        in_database(stop_everyone),
        in_database(waive),
        in_database(reread),
    ],
)
def test_whatever_a_quote_rests_on_changes_it_at_once(tmp_path: Path, change: Callable[[Mall, str], None]) -> None:
    with a_mall(tmp_path) as mall:
        stay_id = mall.server.enter()
        mall.server.park(hours=1, minutes=30)
        before = mall.server.ask("GET", "/my/quote", "driver", stay=stay_id).json()
        change(mall, stay_id)
        after = mall.server.ask("GET", "/my/quote", "driver", stay=stay_id).json()
        assert after["bill"] != before["bill"]
        assert after["bill"] == mall.bill(stay_id)


def test_a_quote_that_rests_on_a_limit_and_on_a_right_changes_with_them_within_its_minute(tmp_path: Path) -> None:
    with a_mall(tmp_path) as mall:
        stay_id = mall.server.enter()
        mall.campaign("receipt", receipt_minor=3000, per_day=1)
        body = {"receipt": "r-1", "amount": 5000, "currency": "CNY", "plate": PLATE}
        assert mall.till("POST", "/till/purchases", json=body).status_code == 201
        mall.server.park(hours=1, minutes=30, seconds=5)
        database = mall.server.application.database

        def asked() -> Any:
            mall.server.park(seconds=1)
            bill = mall.server.ask("GET", "/my/quote", "driver", stay=stay_id).json()["bill"]
            assert bill == mall.bill(stay_id)
            return bill["due"]["amount"], [one["why"] for one in bill["not_applied"]]

        def reach(uow: UnitOfWork) -> None:
            (name, *_) = limits.hidden(uow.connection, Plate(PLATE))
            day = day_of(uow.now, "Asia/Shanghai")
            assert limits.take_slot(uow.connection, limit_key("receipt", f"plate:{name}"), day, 1, "another")

        less = asked()
        assert asked() == less
        database.write(reach)
        whole = asked()
        assert whole[0] > less[0]
        assert whole[1] == ["day_limit"]
        database.write(lambda uow: limits.free_slots(uow.connection, "another"))
        assert asked() == less
        ends = mall.server.clock.now() + timedelta(seconds=3)
        entry = {"listed_as": "vip", "valid_until": ends.isoformat()}
        assert mall.manager("PUT", f"/access/list/{PLATE}", json=entry).status_code < 300
        assert [asked()[0], asked()[0]] == [0, 0]
        mall.server.park(seconds=5)
        assert asked() == less, "the right has ended within the minute"


def test_a_colleague_who_asks_for_a_quote_is_on_record(server: Server) -> None:
    stay_id = server.enter()
    server.ask("GET", f"/stays/{stay_id}/quote", "cashier")
    (look,) = server.ask("GET", "/audit/looks", "auditor").json()
    assert (look["what"], look["subject"]) == ("quote", stay_id)
