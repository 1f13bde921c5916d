"""Workers that collect debts and are killed in the act, and a payment company that they reach over real sockets.

The company is a process of its own: it takes the money, and then, now and then, kills the worker that asked for it before it has its
answer. Every worker has a port of its own there, so that the company knows whom it has on the line.
"""

from __future__ import annotations

import mmap
import os
import random
import signal
import struct
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import structlog
import yaml

from hardware_sim.providers.books import Announcement, Books
from hardware_sim.providers.faults import Fault
from hardware_sim.providers.keyed import UnionpayWire
from hardware_sim.providers.server import ProviderServer, Request, Response, Wire
from hardware_sim.providers.side_door import side_door
from parking.kernel.events import ExitPromised
from parking.kernel.ids import LaneId, RandomIds, StayId, VisitId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from parking.plumbing.db import Database, UnitOfWork, metadata, open_database
from parking.plumbing.jobs import JobRunner
from payments.cashier import Cashier, CashierSettings
from payments.later import agreements
from payments.later.model import Terms
from payments.providers import channels
from payments.providers.abilities import Standing
from payments.providers.registry import Surroundings
from payments.tariff_book import TariffBook
from tests.builders.payments import Key, Stay, a_tariff
from tests.builders.plumbing import PLATES_KEY

BEGIN = datetime(2026, 5, 1, 2, 0, tzinfo=UTC)
SPEED = 60.0
"""The world's seconds in one of ours."""
CHANNEL, KEY = "unionpay_plate", "0123456789abcdef0123456789abcdef"
OWN = {"merId": "898110000000001", "parkId": "LOT1"}
ERRORS = (Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER, Fault.ERROR_500)
DUE = 1000
_PID = struct.Struct("=i")


class WorldClock:
    """The world's time, the same in every process of a run."""

    def __init__(self, began: float, speed: float = SPEED) -> None:
        self._began, self._speed = began, speed

    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=(time.time() - self._began) * self._speed)

    def monotonic_s(self) -> float:
        return (time.time() - self._began) * self._speed


@dataclass(frozen=True)
class Town:
    """What all processes of a run know; `pids` holds the worker behind each port, where the company finds whom to kill."""

    url: str
    folder: Path
    began: float
    ports: tuple[int, ...]
    pids: mmap.mmap
    errors: float = 0.4
    kills: float = 0.1

    @property
    def clock(self) -> WorldClock:
        return WorldClock(self.began)

    def database(self) -> Database:
        database = open_database(self.url, clock=self.clock, ids=RandomIds(), origin="server")
        database.pseudonyms.open([PLATES_KEY])
        return database

    def pid_of(self, worker: int) -> int:
        return int(_PID.unpack_from(self.pids, worker * _PID.size)[0])

    def note(self, worker: int, pid: int) -> None:
        _PID.pack_into(self.pids, worker * _PID.size, pid)


def fork(life: Callable[[], None]) -> int:
    """A child that lives `life` and never comes back here; its process id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        structlog.configure(processors=[_drop])
        life()
    except BaseException as error:  # the parent sees the exit code; nothing of the child's may run on
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
        os._exit(1)
    os._exit(0)


def _drop(_logger: Any, _name: str, _event: Any) -> Any:
    raise structlog.DropEvent


# --- the company -----------------------------------------------------------------------------------------------------


class Murderous:
    """A company's wire that, having taken the money, sometimes kills who asked for it."""

    def __init__(self, inner: Wire, town: Town, worker: int, dice: random.Random) -> None:
        self._inner, self._town, self._worker, self._dice = inner, town, worker, dice
        self.killed = 0

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def books(self) -> Books:
        return self._inner.books

    def operation(self, request: Request) -> str:
        return self._inner.operation(request)

    def answer(self, request: Request, fault: Fault | None) -> Response:
        before = sum(trade.charges for trade in list(self.books.trades.values()))
        response = self._inner.answer(request, fault)
        taken = sum(trade.charges for trade in list(self.books.trades.values())) > before
        if taken and self._dice.random() < self._town.kills:
            pid = self._town.pid_of(self._worker)
            if pid:
                self._town.note(self._worker, 0)
                self.killed += 1
                os.kill(pid, signal.SIGKILL)
        return response

    def callback(self, announcement: Announcement) -> tuple[dict[str, str], bytes]:
        return self._inner.callback(announcement)

    def heard(self, response: httpx.Response) -> bool:
        return self._inner.heard(response)

    def rotate_keys(self) -> None:
        self._inner.rotate_keys()

    def papers(self) -> dict[str, str]:
        return self._inner.papers()


def live_as_company(town: Town, plates: int, seed: int) -> None:
    """Answer until SIGTERM; a share of all calls goes wrong, before or after the work was done."""
    dice = random.Random(seed)
    books = Books(clock=town.clock, nonces=lambda: f"{dice.getrandbits(128):032x}", at_once=True)
    for number in range(plates):
        books.standings[plate_of(number).text] = Standing.ENROLLED
    inner = UnionpayWire(books, own=OWN, key=KEY)

    def shaky(wire: Wire, request: Request) -> Response | None:
        if request.path == "/_sim/kills":
            return Response(200, str(sum(one.killed for one in wires)).encode())
        aside = side_door(wire, request)
        if aside is None and dice.random() < town.errors:
            books.switches.set(dice.choice(ERRORS))
        return aside

    wires = [Murderous(inner, town, worker, dice) for worker in range(len(town.ports))]
    servers = [ProviderServer(wire, shaky, port=port) for wire, port in zip(wires, town.ports, strict=True)]
    for server in servers:
        server.start(callbacks=False)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    while True:
        signal.pause()


# --- the workers -----------------------------------------------------------------------------------------------------


def a_cashier(town: Town, database: Database, port: int, stack: ExitStack) -> Cashier:
    """The product's cashier with one channel that charges by plate."""
    folder = town.folder / f"channels-{port}"
    folder.mkdir(exist_ok=True)
    (folder / "union.key").write_text(KEY)
    settings = {"url": f"http://127.0.0.1:{port}", "merchant": OWN["merId"], "lot": OWN["parkId"], "key": "union.key"}
    entry = {"kind": CHANNEL, "name": {"zh": "渠道", "en": "Channel"}, **settings, "timeout_s": 5.0}
    path = folder / "channels.yaml"
    path.write_text(yaml.safe_dump({"channels": {CHANNEL: entry}}, allow_unicode=True))
    around = Surroundings(town.clock, lambda: os.urandom(16).hex(), folder, lambda _: Key(), lambda _: Key())
    stack.callback(around.close)
    provider = channels.load(path, around)[CHANNEL].provider
    book = TariffBook(a_tariff())
    return Cashier(database, book, {}, town.clock, CashierSettings(f"{settings['url']}/nobody"), {CHANNEL: provider})


def live_as_worker(town: Town, worker: int) -> None:
    """Run due jobs until killed."""
    town.note(worker, os.getpid())
    database = town.database()
    with ExitStack() as stack:
        cashier = a_cashier(town, database, town.ports[worker], stack)
        runner = JobRunner(database, cashier.jobs(), town.clock)
        while True:
            runner.run_due()
            time.sleep(0.05)  # between two looks; the parent ends it


# --- the debts -------------------------------------------------------------------------------------------------------


def plate_of(number: int) -> Plate:
    return Plate(f"浙A{number:05d}")


def stay_of(number: int) -> StayId:
    return StayId(f"0197f000-0000-7000-8000-{number:012d}")


def owe(town: Town, debts: int) -> None:
    """So many enrolled cars have left owing 10.00 each, and their debts are due for collection."""
    database = town.database()
    try:
        database.create_tables(metadata)
        book = TariffBook(a_tariff())
        database.write(book.keep)
        cashier = Cashier(database, book, {}, town.clock, CashierSettings("http://mall.test"))

        def one(uow: UnitOfWork, number: int) -> None:
            plate, stay_id = plate_of(number), stay_of(number)
            agreements.agree(uow, plate, CHANNEL, f"contract-{number}", Terms(5000, 5000, 5000))
            later = cashier.later
            assert later.set_aside(uow, stay_id, plate) == 5000
            money, limit = Money(DUE, "CNY"), Money(5000, "CNY")
            promise = ExitPromised(
                LaneId("exit-1"), VisitId(f"visit-{number}"), stay_id, money, limit, f"token-{number}"
            )
            later.promised(uow, promise, uow.now)
            stay = Stay(stay_id, uow.now - timedelta(minutes=100), book.current(uow.now).version, plate=plate)
            assert cashier.post_due(uow, stay, uow.now).minor == DUE
            later.passed(uow, VisitId(f"visit-{number}"))
            later.left(uow, stay_id, plate)

        def some(uow: UnitOfWork, numbers: range) -> None:
            for number in numbers:
                one(uow, number)

        for first in range(0, debts, 100):
            numbers = range(first, min(debts, first + 100))
            database.write(lambda uow, numbers=numbers: some(uow, numbers))  # type: ignore[misc] # bound per turn
    finally:
        database.close()
