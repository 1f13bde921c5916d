"""Figures over HTTP: what an operator reads and exports, who may, what is refused and why; and a driver's one rating."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parking.analytics import ratings
from parking.analytics.tables import MONEY
from parking.bootstrap.erasing import OTHERS_FORGET
from parking.kernel.events import Direction
from parking.kernel.plate import Plate
from tests.builders.application import Server, a_server, problem_of, rows
from tests.builders.finding import kiosk_code
from tests.builders.journeys import OTHER_PLATE, PLATE, passage

DAY = "since=2026-03-07&until=2026-03-07"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with a_server(tmp_path) as running:
        yield running


def park_and_pay(server: Server, plate: str = PLATE, *, minutes: int = 50) -> str:
    stay_id = server.enter(plate)
    server.park(minutes=minutes)
    how: dict[str, Any] = {"json": {"channel": "wallet"}, "headers": {"Idempotency-Key": f"pay-{stay_id}"}}
    begun = server.ask("POST", "/my/payments", "driver", stay=stay_id, **how)
    assert begun.status_code == 201, begun.text
    server.approve(begun.json()["pay_url"])
    server.box.note(passage(Direction.OUT, f"out-{stay_id[-20:]}", plate, stay=stay_id), server.clock.now())
    server.box.send()
    server.settle_down()
    return stay_id


def asked(server: Server, what: str, query: str = "", who: str = "auditor") -> Any:
    reply = server.ask("GET", f"/figures/{what}?{DAY}{query}", who)
    assert reply.status_code == 200, reply.text
    return reply.json()["rows"]


@pytest.mark.req("DATA-1")
def test_a_day_is_told_by_lane_by_hour_and_by_channel_and_is_the_ledgers(server: Server) -> None:
    for n in range(5):
        park_and_pay(server, f"浙A0000{n}", minutes=50 + n)
    flow = asked(server, "flow", "&split=lane")
    assert [(r["key"], r["entered"], r["gone"]) for r in flow] == [("entry-1", 5, 0), ("exit-1", 0, 5)]
    (dwell,) = asked(server, "dwell")
    assert (dwell["stays"], dwell["median_min"], dwell["steps"]) == (5, 52, [0, 0, 5, 0, 0, 0, 0, 0])
    by_hour = asked(server, "flow", "&by=hour")
    assert sum(r["entered"] for r in by_hour) == 5
    assert by_hour[0]["period"] == "2026-03-07T10"  # 02:00 UTC is ten in Shanghai
    (day,) = asked(server, "revenue")
    assert (day["due"], day["captured"], day["debt"], day["unit"]) == (3000, 3000, 0, "CNY")
    books = server.ask("GET", "/ledger/days/2026-03-07/balances", "auditor").json()
    assert -sum(b["balance"] for b in books if b["account"].startswith("revenue")) == day["due"]
    paid = {r["key"]: r["captured"] for r in asked(server, "revenue", "&split=channel")}
    assert paid == {"": 0, "wallet": 3000} or paid == {"wallet": 3000}
    zones = asked(server, "occupancy", "&split=zone")
    assert {r["key"] for r in zones} <= set(server.ask("GET", "/figures", "auditor").json()["zones"])


@pytest.mark.req("DATA-1", "PRIV-1")
def test_of_fewer_than_five_only_their_number_is_told_and_no_plate_is_kept(server: Server) -> None:
    park_and_pay(server)
    (dwell,) = asked(server, "dwell")
    assert (dwell["stays"], dwell["median_min"], dwell["steps"]) == (1, None, None)
    told = "".join(server.ask("GET", f"/figures/{w}.csv?{DAY}", "auditor").text for w in ("flow", "dwell", "revenue"))
    assert PLATE not in told
    assert PLATE not in server.ask("GET", "/figures", "auditor").text


@pytest.mark.req("DATA-1")
def test_an_export_has_a_header_that_never_changes_and_all_rows(server: Server) -> None:
    park_and_pay(server)
    reply = server.ask("GET", f"/figures/revenue.csv?{DAY}&split=lane", "manager")
    assert reply.headers["content-disposition"] == "attachment; filename=revenue-2026-03-07-2026-03-07.csv"
    lines = list(csv.reader(io.StringIO(reply.text)))
    assert lines[0] == ["period", "key", "unit", *MONEY]
    assert [line[:2] for line in lines[1:]] == [["2026-03-07", "exit-1"]]
    dwell = server.ask("GET", f"/figures/dwell.csv?{DAY}", "manager").text.splitlines()
    assert dwell[0].startswith("period,key,stays,median_min,below_15_min,")
    assert dwell[1] == "2026-03-07,,1,,,,,,,,,"


@pytest.mark.req("DATA-1")
def test_pages_follow_one_another_without_gap_or_repeat(server: Server) -> None:
    park_and_pay(server)
    park_and_pay(server, OTHER_PLATE, minutes=70)
    whole = [(r["period"], r["key"]) for r in asked(server, "flow", "&by=hour&split=lane")]
    found: list[tuple[str, str]] = []
    after = ""
    for _ in range(20):
        query = f"/figures/flow?{DAY}&by=hour&split=lane&limit=1&after={after}"
        one = server.ask("GET", query, "auditor").json()
        found += [(r["period"], r["key"]) for r in one["rows"]]
        if one["next"] is None:
            break
        after = one["next"]
    assert found == whole
    assert len(whole) > 2


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=2026-03-08&until=2026-03-07", "until"),
        ("since=2025-03-08&until=2026-03-09", "until"),
        ("since=2026-01-01&until=2026-03-07&by=hour", "until"),
        ("since=yesterday&until=2026-03-07", "since"),
        (f"{DAY}&by=minute", "by"),
        (f"{DAY}&split=channel", "split"),
        (f"{DAY}&channel=wallet", "channel"),
        (f"{DAY}&limit=0", "limit"),
    ],
)
def test_what_cannot_be_answered_is_refused_by_the_name_of_its_field(server: Server, query: str, field: str) -> None:
    problem = problem_of(server.ask("GET", f"/figures/flow?{query}", "manager"), 422)
    assert problem["errors"][0]["field"].endswith(field)


@pytest.mark.req("CARE-1")
def test_a_driver_rates_a_paid_stay_once(server: Server) -> None:
    unpaid = server.enter(OTHER_PLATE)
    assert server.ask("GET", "/my/rating", "driver", stay=unpaid).json() == {"open": False, "score": None, "words": ""}
    problem_of(server.ask("POST", "/my/rating", "driver", stay=unpaid, json={"score": 5}), 409)
    stay_id = park_and_pay(server)
    assert server.ask("GET", "/my/rating", "driver", stay=stay_id).json()["open"] is True
    for wrong in ({"score": 0}, {"score": 6}, {"score": "5"}, {"score": 4, "words": "x" * 301}):
        problem_of(server.ask("POST", "/my/rating", "driver", stay=stay_id, json=wrong), 422)
    said = {"score": 4, "words": "出口有点慢"}
    for _ in range(2):
        kept = server.ask("POST", "/my/rating", "driver", stay=stay_id, json=said)
        assert kept.json() == {"open": False, **said}
    assert problem_of(server.ask("POST", "/my/rating", "driver", stay=stay_id, json={"score": 1}), 409)["code"] == (
        "rating.given"
    )
    (row,) = asked(server, "ratings", "&split=lane")
    assert (row["key"], row["n"], row["average"], row["gave"]) == ("exit-1", 1, None, [0, 0, 0, 1, 0])


@pytest.mark.req("CARE-1", "PRIV-1")
def test_whoever_only_typed_the_plate_at_a_kiosk_reads_nothing_of_what_its_driver_thinks(server: Server) -> None:
    stay_id = park_and_pay(server)
    server.ask("POST", "/my/rating", "driver", stay=stay_id, json={"score": 2, "words": "ring me on 13800138000"})
    weak = {"Authorization": f"Bearer {kiosk_code(server, stay_id)}"}
    assert server.ask("GET", "/my/rating", headers=weak).json() == {"open": False, "score": None, "words": ""}


@pytest.mark.req("PRIV-1")
def test_a_rating_has_no_plate_and_goes_with_its_driver(server: Server) -> None:
    for n in range(5):
        stay_id = park_and_pay(server, f"浙A0000{n}")
        server.ask("POST", "/my/rating", "driver", stay=stay_id, json={"score": n + 1, "words": "ok"})
    (row,) = asked(server, "ratings")
    assert (row["n"], row["average"]) == (5, 3.0)
    assert "浙A" not in str(rows(server, ratings.rating))
    database, now = server.application.database, server.clock.now()

    def forget(uow: Any) -> None:
        for one in OTHERS_FORGET:
            one(uow, Plate("浙A00004"), now)

    database.write(forget)
    assert [r["score"] for r in rows(server, ratings.rating)] == [1, 2, 3, 4]
