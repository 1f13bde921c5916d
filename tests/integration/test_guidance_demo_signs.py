"""The demo's own site: a passage reaches the simulated sign boxes over TCP, and a box that was away learns the newest number."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import pytest
import sqlalchemy as sa

from guidance.service import Occupancy
from guidance.sign_board import SignBoard, connect, publish_to, read_from
from guidance.signs.registry import SIGNS
from hardware_sim.devices.sign import SignBox
from parking.kernel.clock import SystemClock
from parking.plumbing.db import Database
from parking.plumbing.tables import outbox
from parking.site.loader import load
from tests.builders.guidance import entered, ramped

DEMO = Path(__file__).parents[2] / "hardware_sim" / "sites" / "demo" / "site.yaml"


class Mall(NamedTuple):
    database: Database
    occupancy: Occupancy
    b1: SignBox
    b2: SignBox


@pytest.fixture
def mall(sqlite_database: Database) -> Iterator[Mall]:
    boxes = {name: SignBox(name, SystemClock()) for name in ("sign-b1", "sign-b2")}
    with ExitStack() as open_things:
        addresses = {}
        for name, box in boxes.items():
            addresses[name] = box.start()
            open_things.callback(box.stop)
        site = load(DEMO.read_text(encoding="utf-8"), "site.yaml", addresses)
        occupancy = Occupancy(site)
        sqlite_database.write(occupancy.open_zones)
        read, publish = read_from(sqlite_database, occupancy), publish_to(sqlite_database)
        board = SignBoard(connect(site, SIGNS), read, publish, SystemClock())
        sqlite_database.after_commit(board.wake)
        board.start(look_every_s=20.0)
        open_things.callback(board.stop)
        yield Mall(sqlite_database, occupancy, boxes["sign-b1"], boxes["sign-b2"])


@pytest.mark.req("GUIDE-1")
def test_a_car_in_and_down_the_ramp_is_on_the_signs(mall: Mall) -> None:
    assert mall.b1.wait_for("30", 20.0)
    mall.database.write(lambda uow: mall.occupancy.vehicle_passed(uow, entered("1", 0)))
    assert mall.b1.wait_for("29", 20.0)
    mall.database.write(lambda uow: mall.occupancy.ramp_passed(uow, ramped("2", 1)))
    assert mall.b1.wait_for("30", 20.0)
    assert mall.b2.wait_for("29", 20.0)


@pytest.mark.req("GUIDE-1")
def test_a_box_that_was_away_learns_the_newest_number_and_the_other_never_waits(mall: Mall) -> None:
    assert mall.b1.wait_for("30", 20.0)
    port = int(mall.b1.address.rpartition(":")[2])
    mall.b1.stop()
    for number in range(3):
        mall.database.write(lambda uow, n=number: mall.occupancy.vehicle_passed(uow, entered(f"e{n}", n)))  # type: ignore[misc] # a loop's lambda
    mall.database.write(lambda uow: mall.occupancy.ramp_passed(uow, ramped("r", 9)))
    assert mall.b2.wait_for("29", 20.0)
    mall.b1.start(port=port)
    assert mall.b1.wait_for("28", 20.0)
    assert _comes_to_be_told(mall.database, {"sign_id": "sign-b1", "text": "28"})
    assert _comes_to_be_told(mall.database, {"sign_id": "sign-b2", "text": "29"})


def _comes_to_be_told(database: Database, news: dict[str, str]) -> bool:
    told = sa.select(outbox.c.data).where(outbox.c.type == "SignShown")
    pause, deadline = threading.Event(), monotonic() + 20.0
    while monotonic() < deadline:
        if news in database.read(lambda c: c.scalars(told).all()):
            return True
        pause.wait(0.01)
    return False
