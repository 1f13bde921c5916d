"""An operator resolves an ambiguous stay: the real page in a browser against the real server, from the passage to the ledger."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import uvicorn
from playwright.sync_api import expect

from parking.bootstrap.application import Application, build
from parking.bootstrap.keys import create_key
from parking.bootstrap.server import wrap
from parking.kernel.clock import ManualClock
from parking.kernel.events import Direction
from parking.kernel.ids import RandomIds, StayId
from parking.kernel.votes import Votes
from parking.plumbing.db import open_database
from parking.plumbing.outbox import backlog
from parking.plumbing.tables import delivery
from parking.sessions import store
from parking.sessions.model import ClosedStay, OpenStay, Stay
from payments import ledger_store
from tests.browser.pages import OperatorPage
from tests.builders.application import Box, enrol
from tests.builders.journeys import MORNING, demo_settings, passage
from tests.builders.plumbing import count, eventually
from tests.builders.security import PASSWORD
from tests.fixtures.browser import OpenPage

PATIENT = 30_000
MINE, HIS = "浙A6688B", "浙A66888"


class Office:
    """A server on a port, over a file, whose clock stands still, and a gate box that tells it of passages."""

    def __init__(self, folder: Path) -> None:
        keys = folder / "keys"
        keys.mkdir()
        edge_key, signer = create_key(keys / "edge-1.pem"), create_key(keys / "server.pem")
        self.clock = ManualClock(MORNING)
        settings = demo_settings(database_url=f"sqlite:///{folder / 'server.db'}", keys_dir=keys)
        database = open_database(settings.database_url, clock=self.clock, ids=RandomIds(), origin="server")
        enrol(database, edge_key)
        self.application: Application = build(settings, database, clock=self.clock, providers={})
        app = wrap(self.application, settings, signer=signer, clock=self.clock)
        self._server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=1))
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        eventually(lambda: self._server.started)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._client = httpx.Client(base_url=self.url, timeout=30)
        self._box = Box(self._client, edge_key)  # type: ignore[arg-type] # it posts, as the test client does

    def passes(self, direction: Direction, read: str) -> str:
        """A car goes through a lane, read so; its visit."""
        visit = RandomIds().new(self.clock.now())
        votes = Votes.of([(read, 0.0)], "blue", "civil")
        number = self._box.note(passage(direction, visit, read, votes=votes), self.clock.now())
        self._box.send(number)
        database = self.application.database
        eventually(lambda: database.read(backlog) == 0 and count(database, delivery) == 0)
        return visit

    def stay(self, stay_id: str) -> Stay | None:
        return self.application.database.read(lambda conn: store.get(conn, StayId(stay_id)))

    def due(self, stay_id: str) -> int | None:
        return self.application.database.read(lambda conn: ledger_store.stay_sums(conn, StayId(stay_id))).due

    def close(self) -> None:
        self._client.close()
        self._server.should_exit = True
        self._thread.join(20)


@pytest.fixture
def office(tmp_path: Path, built_pages: Path) -> Iterator[Office]:
    assert built_pages.is_dir()
    running = Office(tmp_path)
    yield running
    running.close()


@pytest.mark.req("ID-1", "DATA-2")
def test_an_operator_gives_an_exit_in_doubt_to_its_stay_and_takes_it_back_with_the_keyboard(
    office: Office, open_page: OpenPage, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    mine, his = office.passes(Direction.IN, MINE), office.passes(Direction.IN, HIS)
    office.clock.advance(timedelta(hours=2))
    office.passes(Direction.OUT, HIS)  # the B was read as an 8: two cars, one plate, nobody's bill yet
    assert (office.due(mine), office.due(his)) == (None, None)

    page = open_page(f"{office.url}/operator/#/desk", expect={401, 404, 409, 503}, width=1440, height=1000)
    page.set_default_timeout(PATIENT)
    OperatorPage(page).log_in("attendant", PASSWORD)
    row = page.locator("[data-case]")
    expect(row).to_have_count(1, timeout=PATIENT)
    expect(page.locator("body")).not_to_contain_text(MINE)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name="领取")).to_be_visible(timeout=PATIENT)
    page.keyboard.press("Enter")
    expect(page.get_by_text("由您处理").first).to_be_visible(timeout=PATIENT)
    shown = page.locator("[data-candidate]")
    expect(shown).to_have_count(2, timeout=PATIENT)
    order = [one.get_attribute("data-candidate") for one in shown.all()]
    assert order == [his, mine], "likeliest first: the plate to the letter; the pictures say otherwise"
    folder = Path(request.config.getoption("--pictures") or tmp_path)
    page.screenshot(path=str(folder / "desk-real.png"))
    page.keyboard.press(str(order.index(mine) + 1))
    expect(page.get_by_text("已处理：是这辆车")).to_be_visible(timeout=PATIENT)

    eventually(lambda: isinstance(office.stay(mine), ClosedStay))
    assert (office.due(mine), office.due(his)) == (1000, None)
    assert isinstance(office.stay(his), OpenStay)
    expect(row).to_have_count(1, timeout=PATIENT)  # what the driver has not paid is the next question
    page.keyboard.press("u")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Enter")
    eventually(lambda: isinstance(office.stay(mine), OpenStay))
    assert office.due(mine) is None
    assert office.application.database.read(ledger_store.verify).holds
