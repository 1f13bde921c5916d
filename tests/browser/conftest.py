"""The servers behind the pages: a scripted one with a small mall in the afternoon, and a real one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.browser.fake_server import FakeServer
from tests.browser.office import Office
from tests.browser.script import yuan

AFTERNOON = datetime(2026, 5, 16, 6, 17, 30, tzinfo=UTC)  # 14:17:30 in Shanghai
LINES = [
    ("免费 15 分钟", "Free 15 min", 15, 1, 0),
    ("首 1 小时 ¥6.00", "First 1 h ¥6.00", 60, 1, 600),
    ("每 30 分钟 ¥3.00 × 4", "Each 30 min ¥3.00 × 4", 95, 4, 300),
]


@pytest.fixture
def fake(built_pages: Path) -> Iterator[FakeServer]:
    """A running scripted server: two levels, an entry, an exit and a ramp, one car with a fee."""
    server = FakeServer(built_pages, moment=AFTERNOON)
    server.zone("B1", name={"zh": "B1 层", "en": "Level B1"}, capacity=320, free=128)
    server.zone("B2", name={"zh": "B2 层", "en": "Level B2"}, capacity=280, free=9)
    server.lane("entry-1", name={"zh": "东入口 1", "en": "East entry 1"}, kind="entry")
    server.lane("exit-1", name={"zh": "西出口 1", "en": "West exit 1"}, kind="exit")
    server.lane("ramp-1", name={"zh": "B1–B2 坡道", "en": "Ramp B1–B2"}, kind="ramp")
    server.sign("sign-b1", zone_id="B1", text="128")
    server.sign("sign-b2", zone_id="B2", text="9")
    server.stay("沪A52T86", "stay-token.1", minutes=155, lines=LINES)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def busy(fake: FakeServer) -> FakeServer:
    """The same mall at a lively moment: a car held at the exit, one let in, a silent device, two cases."""
    fake.zone("B3", name={"zh": "B3 层", "en": "Level B3"}, capacity=260, free=0)
    fake.zone("B4", name={"zh": "B4 层（充电区）", "en": "Level B4 (charging)"}, capacity=90, free=31, known=False)
    fake.lane("entry-1", state="allowed", plate="沪A***88", rule="site_has_room")
    fake.lane("entry-2", name={"zh": "东入口 2", "en": "East entry 2"}, kind="entry")
    due = yuan(1800)
    held = {"plate": "苏E***2K", "rule": "nothing_is_due", "reason": "payment_due", "due": due}
    fake.lane("exit-1", state="refused", **held)
    fake.lane(
        "exit-2", name={"zh": "西出口 2", "en": "West exit 2"}, kind="exit", state="fault", fault="safety_loop_stuck"
    )
    fake.sign("sign-b3", zone_id="B3", text="0")
    fake.sign("sign-b4", zone_id="B4", text="----", health="silent")
    fake.device("camera entry-1", "ok")
    fake.device("camera exit-1", "faulty", "the picture is frozen")
    fake.case("c1", "exit_without_stay", lane_id="exit-1", ago_s=1900)
    fake.case("c2", "lane_safety_loop_stuck", lane_id="exit-2", ago_s=260)
    fake.lane(
        "exit-3",
        name={"zh": "南出口 3", "en": "South exit 3"},
        kind="exit",
        mode="degraded",
        causes=["camera", "network"],
    )
    fake.lane("exit-1", held="relay")
    fake.help.ring(
        "call-1",
        "exit-1",
        "relay",
        ago_s=95,
        picture_ref="v1",
        called=["attendant", "manager", "technician"],
    )
    fake.help.ring("call-2", "exit-3", "unknown_plate", ago_s=12)
    fake.help.ring("call-3", None, "help_wanted", ago_s=48, source="driver")
    fake.help.change("call-3", "taken", "taken", taken_by="李明", taken_at=fake.now())
    fake.event("PaymentCaptured", amount=yuan(1200), ago_s=190)
    fake.event("LaneDecided", lane_id="exit-1", plate="沪B***07", allowed=True, ago_s=120)
    fake.event("BarrierPulsed", lane_id="exit-1", ago_s=119)
    fake.event("VehiclePassed", lane_id="exit-1", plate="沪B***07", direction="out", ago_s=112)
    fake.event("OccupancyChanged", zone_id="B1", free=128, ago_s=111)
    fake.event("SignShown", sign_id="sign-b1", text="128", ago_s=110)
    fake.event("RampPassed", lane_id="ramp-1", ago_s=70)
    fake.event(
        "LaneDecided", lane_id="exit-1", plate="苏E***2K", allowed=False, reason="payment_due", amount=due, ago_s=40
    )
    fake.event("LaneDecided", lane_id="entry-1", plate="沪A***88", allowed=True, ago_s=3)
    return fake


@pytest.fixture
def office(tmp_path: Path, built_pages: Path) -> Iterator[Office]:
    """A real server with its pages, and a real lane's box in front of it."""
    running = Office(tmp_path)
    try:
        yield running
    finally:
        running.close()
