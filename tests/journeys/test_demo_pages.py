"""The real pages against the real mall: somebody touches the kiosk, pays with a phone, and the operator sees it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from parking.cli import demo
from parking.cli.demo_site import OPERATOR, DemoSite, lay_out
from parking.cli.operator_client import OperatorClient
from parking.cli.supervisor import Supervisor
from tests.browser.pages import DriverPage, KioskPage, OperatorPage
from tests.builders.plumbing import eventually
from tests.fixtures.browser import OpenPage

PLATE = "沪A8M62K"


@pytest.fixture
def mall(built_pages: Path, tmp_path: Path) -> Iterator[tuple[DemoSite, OperatorClient]]:
    """The demo without its traffic, and one parked car."""
    assert built_pages
    site = lay_out(tmp_path / "mall")
    supervisor = Supervisor(tmp_path / "logs")
    try:
        operator = demo.start(supervisor, site, traffic=False, seed=1, say=lambda _: None)
        car = {"plate": PLATE, "dwell_s": 600, "pays": "never"}
        httpx.post(f"{site.url('control')}/cars", json=car, timeout=30.0).raise_for_status()
        eventually(lambda: len(operator.get("/stays", state="open")["items"]) == 1, within_s=90)
        yield site, operator
        operator.close()
    finally:
        supervisor.stop()


@pytest.mark.req("KIOSK-1", "PAY-2", "PRIV-2")
def test_a_driver_pays_at_the_kiosk_and_the_phone_and_the_operator_see_it(
    mall: tuple[DemoSite, OperatorClient], open_page: OpenPage
) -> None:
    site, operator = mall
    server = site.url("server")

    kiosk = KioskPage(open_page(server + KioskPage.path(site.kiosk_token), width=1080, height=1920))
    kiosk.start()
    kiosk.find(PLATE)
    kiosk.expect_screen("fee")
    pay_url = kiosk.pay()
    httpx.post(f"{pay_url}/approve", timeout=30.0).raise_for_status()
    kiosk.leave_by().wait_for(timeout=60_000)

    stay = operator.get("/stays", state="open")["items"][0]
    assert stay["state"] == "settled"
    ticket = operator.post(f"/stays/{stay['id']}/ticket", {})
    driver = DriverPage(open_page(ticket["url"], width=390, height=844))
    driver.answer().wait_for(timeout=60_000)

    console = OperatorPage(open_page(f"{server}/operator/", expect={401}))
    console.log_in(OPERATOR, site.password)
    console.page.get_by_text(stay["plate"][:2]).first.wait_for(timeout=60_000)
