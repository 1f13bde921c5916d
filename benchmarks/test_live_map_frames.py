"""Frame times of the operators' live map: 2,000 bays on one level in Chromium while their states change, against the same page at rest.

Three loads alternate on one open page: `rest` (nothing changes), `storm` (40 bays every 50 ms: 800 changes a second, where a full mall has
about two) and `all` (every bay at once, each second). Printed are the frame times between animation frames, the share of frames that the
display of 60 Hz went without, and the CPU that the page's main thread took. A busy machine drops frames at rest too: what counts is the
difference. At the end the page must show what the script last said of every bay.
"""

from __future__ import annotations

import itertools
import os
import random
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page, sync_playwright

import kiosk_ui
from parking.kernel.ids import LaneId, SignId, SiteId, ZoneId
from parking.site.model import Lane, LaneKind, LocalName, Sign, SiteMap, Zone
from tests.browser.fake_server import FakeServer
from tests.browser.pages import OperatorPage
from tests.builders.plans import towers
from tests.fixtures.browser import ARGUMENTS
from tests.tools import setup

BAYS = 2_000
ROUNDS = int(os.environ.get("MAP_ROUNDS", "5"))
SECONDS = float(os.environ.get("MAP_SECONDS", "5"))
FRAME_MS = 1000 / 60
MORE_DROPPED_MOST = 0.02
_FRAMES = """(ms) => new Promise((answer) => {
  const times = [];
  const end = performance.now() + ms;
  const frame = (at) => { times.push(at); if (performance.now() < end) requestAnimationFrame(frame); else answer(times); };
  requestAnimationFrame(frame);
})"""
_STATES = """() => Object.fromEntries(
  [...document.querySelectorAll('rect[data-bay]')].map((rect) => [rect.dataset.bay, rect.dataset.state]))"""


def a_wide_level() -> SiteMap:
    """All bays on one level: ten aisles of a hundred bays on either side, with a lane and a sign."""
    plan = towers(1, 10, 100, 260.0)
    assert len(plan.bays) == BAYS
    name = LocalName("一层", "Level 1")
    zone = Zone(ZoneId("z"), name, plan.levels[0].id, tuple(bay.id for bay in plan.bays))
    lane = Lane(LaneId("entry-1"), name, LaneKind.ENTRY, to_zone=zone.id)
    return SiteMap(
        SiteId("wide"), name, "CNY", "Asia/Shanghai", (zone,), (lane,), (Sign(SignId("s"), zone.id, "memory"),), plan
    )


class Loads:
    """What changes meanwhile; each load runs in a thread until it is told to stop."""

    def __init__(self, server: FakeServer) -> None:
        self._map = server.map
        self._bays = [(bay.id, bay.zone_id) for bay in server.map.site.plan.bays]
        self._random = random.Random(7)
        self._turn(self._bays)

    def _turn(self, bays: list[Any]) -> None:
        for bay, zone in bays:
            self._map.stands(bay, zone, "free" if self._map.states.get(bay) == "taken" else "taken")

    def rest(self, stop: threading.Event) -> None:
        stop.wait()

    def storm(self, stop: threading.Event) -> None:
        while not stop.wait(0.05):
            self._turn(self._random.sample(self._bays, 40))

    def all(self, stop: threading.Event) -> None:
        while not stop.wait(1.0):
            self._turn(self._bays)


def measured(page: Page, line: CDPSession, load: Callable[[threading.Event], None]) -> tuple[list[float], float]:
    """Frame times in milliseconds under a load, and the CPU seconds a second of the page's main thread."""
    stop = threading.Event()
    thread = threading.Thread(target=load, args=(stop,), daemon=True)
    thread.start()
    before, began = cpu_s(line), time.monotonic()
    times: list[float] = page.evaluate(_FRAMES, SECONDS * 1000)
    cpu = (cpu_s(line) - before) / (time.monotonic() - began)
    stop.set()
    thread.join()
    return [after - at for at, after in itertools.pairwise(times)], cpu


def cpu_s(line: CDPSession) -> float:
    metrics = line.send("Performance.getMetrics")["metrics"]
    return next(float(one["value"]) for one in metrics if one["name"] == "TaskDuration")


def dropped(frames: list[float]) -> float:
    """The share of the display's frames that passed without a new one of ours."""
    missed = sum(max(0, round(took / FRAME_MS) - 1) for took in frames)
    return missed / (missed + len(frames))


def told(name: str, rounds: list[tuple[list[float], float]]) -> str:
    frames = sorted(took for one, _ in rounds for took in one)
    at = [frames[min(len(frames) - 1, int(len(frames) * share))] for share in (0.5, 0.95, 0.99)]
    share = statistics.median(dropped(one) for one, _ in rounds)
    cpu = statistics.median(cpu for _, cpu in rounds)
    return (
        f"{name:6} frame p50 {at[0]:.1f}, p95 {at[1]:.1f}, p99 {at[2]:.1f}, longest {frames[-1]:.1f} ms; "
        f"dropped {share:.2%}; main thread {cpu:.1%} of a core"
    )


def opened(page: Page, server: FakeServer) -> CDPSession:
    """The map stands, with all bays drawn; its clock counts the CPU of the main thread, not the wall."""
    page.set_default_timeout(180_000)
    page.goto(f"{server.url}/operator/#/map")
    OperatorPage(page).log_in("wangfang", "correct horse battery")
    page.locator("rect[data-state]").nth(BAYS - 1).wait_for(state="attached")
    line = page.context.new_cdp_session(page)
    line.send("Performance.enable", {"timeDomain": "threadTicks"})
    return line


def test_two_thousand_bays_change_on_the_map_without_dropped_frames() -> None:
    setup.ui()
    dist, chromium = kiosk_ui.dist(), setup.find_chromium()
    if dist is None or chromium is None:
        pytest.skip("needs the built pages and Chromium")
    seen = frames_of(dist, chromium)
    print(f"\nlive map, {BAYS} bays on one level, {ROUNDS} rounds of {SECONDS:g} s each:")
    for name, rounds in seen.items():
        print("  " + told(name, rounds))
    for name in ("storm", "all"):
        more = statistics.median(
            dropped(busy) - dropped(rest) for (busy, _), (rest, _) in zip(seen[name], seen["rest"], strict=True)
        )
        print(f"  {name}: {more:+.2%} frames dropped beside those at rest (goal: at most {MORE_DROPPED_MOST:+.0%})")
        assert more <= MORE_DROPPED_MOST


def frames_of(dist: Path, chromium: str) -> dict[str, list[tuple[list[float], float]]]:
    """The rounds of each load, on one page."""
    server = FakeServer(dist)
    server.map.site = a_wide_level()
    server.zone("z", name={"zh": "一层", "en": "Level 1"}, capacity=BAYS, free=700)
    loads = Loads(server)
    seen: dict[str, list[tuple[list[float], float]]] = {"rest": [], "storm": [], "all": []}
    server.start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            line = opened(page, server)
            for name in seen:
                measured(page, line, getattr(loads, name))  # warm
            for _ in range(ROUNDS):
                for name in random.sample(list(seen), len(seen)):
                    seen[name].append(measured(page, line, getattr(loads, name)))
            page.wait_for_function(
                f"(said) => {{ const now = ({_STATES})(); return Object.keys(said).every((id) => now[id] === said[id]); }}",
                arg=server.map.states,
            )
            browser.close()
    finally:
        server.stop()
    return seen
