"""Cash at the kiosk in a real browser: the real server, a note acceptor and a coin hopper on their real wires."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Page, expect

from hardware_sim.devices.cash_desk import HopperSim
from hardware_sim.devices.note_acceptor import NoteAcceptorSim
from parking.kernel.clock import ManualClock
from parking.kernel.events import Direction
from parking.plumbing.db import UnitOfWork
from payments import ledger_store
from payments.cash import machine_store, shifts
from payments.providers.channels import Channel
from payments.providers.memory import MemoryProvider
from payments.providers.registry import Method
from tests.browser.office import Office
from tests.browser.pages import KioskPage
from tests.builders.journeys import MORNING, OTHER_PLATE, PLATE
from tests.builders.plumbing import eventually
from tests.fixtures.browser import OpenPage

NOTES = {1: 500, 2: 1000, 3: 2000, 4: 5000, 5: 10_000}
PATIENT = 30_000
COINS = 18


@dataclass
class CashKiosk:
    """A server whose kiosk has an acceptor, a hopper of ¥1 coins and a card terminal; its shift is open."""

    office: Office
    notes: NoteAcceptorSim
    hopper: HopperSim

    def account(self, name: str) -> int:
        return self.office.application.database.read(lambda conn: ledger_store.BOOK.balance(conn, name, "CNY"))

    def insert(self, note: int) -> None:
        """A hand that tries until the note is drawn in."""
        eventually(lambda: self.notes.insert(note))


@pytest.fixture
def kiosk(tmp_path: Path, built_pages: Path) -> Iterator[CashKiosk]:
    assert built_pages.is_dir()
    notes, hopper, clock = NoteAcceptorSim(NOTES), HopperSim(COINS), ManualClock(MORNING)
    notes.start()
    hopper.start()
    where = {"kind": "cctalk", "host": "127.0.0.1"}
    acceptor, coins = {**where, "port": notes.port, "notes": NOTES}, {**where, "port": hopper.port, "coin_minor": 100}
    row = {"id": "kiosk-1", "card": "bank", "acceptor": acceptor, "hoppers": [coins]}
    (tmp_path / "kiosks.yaml").write_text(yaml.safe_dump([row]))
    channels = {
        "wallet": Channel("wallet", "手机支付", "Phone", Method.QR, MemoryProvider(clock)),
        "bank": Channel("bank", "银行卡", "Bank card", Method.TERMINAL, MemoryProvider(clock)),
    }
    built = {"channels": channels}
    office = Office(tmp_path, clock=clock, built=built, cash=True, kiosks_file=tmp_path / "kiosks.yaml", public_url="")
    office.application.database.write(open_shift)
    yield CashKiosk(office, notes, hopper)
    office.close()
    hopper.stop()
    notes.stop()


def open_shift(uow: UnitOfWork) -> None:
    counts, brought = {100: COINS}, COINS * 100
    shifts.open_shift(
        uow, "kiosk-1", "CNY", counts, brought=brought, reason=None, by="anna", key="o1", audit=lambda *_: None
    )


def shown(page: Page, name: str, request: pytest.FixtureRequest) -> None:
    """With `--pictures`, kept in both languages; each of these states is looked at in test_look."""
    folder = request.config.getoption("--pictures")
    for _ in range(2 if folder else 0):
        page.set_viewport_size({"width": 1080, "height": 1920})
        switch = page.get_by_role("button", name=re.compile("^(English|中文)$"))
        lang = "zh" if switch.inner_text().strip() == "English" else "en"
        page.screenshot(path=f"{folder}/{name}-{lang}.png")
        switch.click()


@pytest.mark.req("KIOSK-1", "PAY-2")
def test_a_driver_pays_with_notes_takes_the_change_and_the_next_one_cancels(
    kiosk: CashKiosk, open_page: OpenPage, request: pytest.FixtureRequest
) -> None:
    office = kiosk.office
    office.passes(Direction.IN, PLATE)
    office.passes(Direction.IN, OTHER_PLATE)
    office.clock.advance(timedelta(hours=2))
    database = office.application.database
    eventually(lambda: database.read(lambda conn: machine_store.acceptor(conn, "kiosk-1")).answers)
    page = open_page(office.kiosk_page(), width=1080, height=1920)
    expect(page.get_by_text("本机可用：手机、现金、银行卡")).to_be_visible()
    screen = KioskPage(page)
    screen.start()
    screen.find(PLATE)
    shown(page, "kiosk-cash-ways", request)
    page.get_by_role("button", name="现金").click()
    expect(page.get_by_test_id("cash-left")).to_have_text("¥10.00")
    kiosk.insert(500)
    expect(page.get_by_test_id("cash-inserted")).to_have_text("¥5.00", timeout=PATIENT)
    expect(page.get_by_test_id("cash-left")).to_have_text("¥5.00")
    assert not kiosk.notes.insert(5000)  # forty-five coins are not there
    shown(page, "kiosk-cash-insert", request)
    kiosk.insert(2000)
    screen.expect_screen("done")
    expect(page.get_by_text("请取走找零 ¥15.00")).to_be_visible()
    shown(page, "kiosk-cash-done", request)
    assert (kiosk.notes.cashbox, kiosk.hopper.given) == ([500, 2000], 15)
    assert (kiosk.account("drawer:kiosk-1"), kiosk.account("held:kiosk-1")) == (COINS * 100 + 1000, 0)

    screen.home()  # the next one, in English: three coins are left
    page.get_by_role("button", name="English").click()
    screen.start()
    screen.find(OTHER_PLATE)
    page.get_by_role("button", name="cash").click()
    expect(page.get_by_text("Please insert the exact sum")).to_be_visible()
    kiosk.insert(500)
    expect(page.get_by_test_id("cash-inserted")).to_have_text("¥5.00", timeout=PATIENT)
    kiosk.notes.jams_next = True
    kiosk.insert(500)
    expect(page.get_by_role("alert")).to_contain_text("A note is stuck", timeout=PATIENT)
    shown(page, "kiosk-cash-jam", request)
    page.get_by_role("button", name="Cancel and get it back").click()
    expect(page.get_by_test_id("slip")).to_be_visible(timeout=PATIENT)
    expect(page.get_by_text("This machine still owes you ¥2.00")).to_be_visible()
    shown(page, "kiosk-cash-slip", request)
    assert kiosk.account("held:kiosk-1") == -200
    page.get_by_role("button", name="I have noted it").click()
    expect(page.get_by_role("button", name="A note is stuck")).to_be_disabled()
    page.get_by_role("button", name="bank card").click()
    expect(page.get_by_text("Insert or tap your card")).to_be_visible()
    shown(page, "kiosk-card", request)
