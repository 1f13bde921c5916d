"""Largest paint of each page on a slow line: Chromium, nothing cached, 400 kbit/s either way and 400 ms to the server and back.

That is what browsers call slow 3G, about what a phone has two levels below ground. Each page is opened `ROUNDS` times in turn, each
time by a browser that has never seen it, and the median of the largest contentful paint and of the bytes on the line is printed.
"""

from __future__ import annotations

import os
import statistics
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

import kiosk_ui
from tests.browser.fake_server import FakeServer
from tests.fixtures.browser import ARGUMENTS
from tests.tools import setup

ROUNDS = int(os.environ.get("PAINT_ROUNDS", "5"))
SLOW_3G = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
PATHS = {"driver": "/driver/#t=stay-token.1", "guide": "/guide/", "operator": "/operator/"}
_LARGEST = """() => new Promise((answer) => new PerformanceObserver(
  (list) => answer(list.getEntries().at(-1).startTime)).observe({ type: 'largest-contentful-paint', buffered: true }))"""


def opened(browser: Browser, url: str) -> tuple[float, int]:
    """Milliseconds until the largest paint, and the bytes that came over the line by then."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, service_workers="block")
    page = context.new_page()
    line = context.new_cdp_session(page)
    page.set_default_timeout(120_000)
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", SLOW_3G)
    sizes: list[int] = []

    def loaded(event: dict[str, Any]) -> None:
        sizes.append(int(event["encodedDataLength"]))

    line.on("Network.loadingFinished", loaded)
    page.goto(url)
    page.locator("[data-zone], form").first.wait_for()
    paint = float(page.evaluate(_LARGEST))
    context.close()
    return paint, sum(sizes)


def test_the_largest_paint_of_each_page_on_a_slow_line() -> None:
    setup.ui()
    dist, chromium = kiosk_ui.dist(), setup.find_chromium()
    if dist is None or chromium is None:
        pytest.skip("needs the built pages and Chromium")
    seen: dict[str, list[tuple[float, int]]] = {name: [] for name in PATHS}
    server = a_mall(dist)
    server.start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
            for _ in range(ROUNDS):
                for name, path in PATHS.items():
                    seen[name].append(opened(browser, server.url + path))
            browser.close()
    finally:
        server.stop()
    print()
    for name, rounds in seen.items():
        paint, size = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(
            f"{name:9} largest paint {paint / 1000:.2f} s, {size / 1000:.1f} kB on the line (median of {len(rounds)})"
        )
        assert paint > 0


def a_mall(dist: Path) -> FakeServer:
    """Two levels and one car with a fee, by script."""
    server = FakeServer(dist, moment=datetime(2026, 5, 16, 6, 17, 30, tzinfo=UTC))
    server.zone("B1", name={"zh": "B1 层", "en": "Level B1"}, capacity=320, free=128)
    server.zone("B2", name={"zh": "B2 层", "en": "Level B2"}, capacity=280, free=9)
    server.guide.zone("B1", ("地下一层", "Level B1"), 128)
    server.stay("沪A52T86", "stay-token.1", minutes=155, lines=[("首 1 小时 ¥6.00", "First 1 h ¥6.00", 60, 1, 600)])
    return server
