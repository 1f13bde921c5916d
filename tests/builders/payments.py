"""Tariffs, clocks, keys and a whole cashier with good defaults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from parking.kernel.clock import ManualClock
from parking.kernel.events import CaseOpened, Event, PaymentCaptured
from parking.kernel.fee_clock import Stop
from parking.kernel.ids import SeededIds, StayId
from parking.kernel.plate import Plate
from parking.kernel.standing import MemberStanding
from parking.plumbing.db import Database, metadata, open_database
from parking.plumbing.jobs import JobRunner
from parking.plumbing.tables import outbox
from payments import ledger_store, store
from payments.cashier import Cashier, CashierSettings
from payments.ledger import StaySums
from payments.model import Payment
from payments.providers.base import Provider
from payments.providers.memory import MemoryProvider
from payments.tariff.model import Tariff
from payments.tariff.parse import load
from payments.tariff_book import TariffBook
from tests.builders.plumbing import PLATES_KEY

START = datetime(2026, 5, 1, 2, 0, tzinfo=UTC)  # ten in the morning in Shanghai
STAY_ID = StayId("0197f000-0000-7000-8000-000000000001")

DEMO = """\
tariff: 1
name: { zh: 示范商场, en: Demo mall }
currency: CNY
timezone: Asia/Shanghai
free_minutes: 15
first: { minutes: 60, amount: 6.00 }
step: { minutes: 60, amount: 4.00 }
day: { kind: calendar_day, cap: 40.00 }
"""


def a_tariff(text: str = DEMO, *, name: str = "tariff.yaml") -> Tariff:
    return load(text, name=name)


@dataclass(frozen=True)
class Stay:
    """A stay as the cashier wants it."""

    stay_id: StayId = STAY_ID
    entered_at: datetime = START
    tariff_version: str = a_tariff().version
    stops: tuple[Stop, ...] = ()
    plate: Plate | None = None
    standing: MemberStanding | None = None


@dataclass(frozen=True)
class Key:
    """One Ed25519 key pair from a seed byte; signs, and verifies its own id."""

    key_id: str = "wallet-1"
    seed: int = 1

    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(bytes([self.seed]) * 32)

    def sign(self, message: bytes) -> bytes:
        return self._private().sign(message)

    def public(self) -> Ed25519PublicKey:
        return self._private().public_key()

    def verify(self, key_id: str, message: bytes, signature: bytes) -> bool:
        if key_id != self.key_id:
            return False
        try:
            self.public().verify(signature, message)
        except InvalidSignature:
            return False
        return True


def nonces() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"nonce-{next(numbers)}"


@dataclass
class Desk:
    """A cashier with a database in memory, its jobs, its provider and everything that it said."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(START))
    provider: Provider | None = None
    settings: CashierSettings = field(default_factory=lambda: CashierSettings(notify_base="http://test/payments"))
    tariff: Tariff = field(default_factory=a_tariff)
    others: dict[str, Provider] = field(default_factory=dict)
    url: str = "sqlite://"

    def __post_init__(self) -> None:
        self.database: Database = open_database(self.url, clock=self.clock, ids=SeededIds(7), origin="test")
        self.database.pseudonyms.open([PLATES_KEY])
        self.database.create_tables(metadata)
        self.restart()

    def restart(self) -> None:
        """The process is gone; a new one comes up on the same database and the same outside world."""
        if self.provider is None:
            self.provider = MemoryProvider(self.clock)
        book = TariffBook(self.tariff)
        self.database.write(book.keep)
        self.providers: dict[str, Provider] = {"wallet": self.provider, **self.others}
        self.cashier = Cashier(self.database, book, self.providers, self.clock, self.settings)
        self.jobs = JobRunner(self.database, self.cashier.jobs(), self.clock)

    @property
    def memory(self) -> MemoryProvider:
        assert isinstance(self.provider, MemoryProvider)
        return self.provider

    def park(self, **span: int) -> None:
        """Let time pass, such as `hours=2`."""
        self.clock.advance(timedelta(**span))

    def begin(self, stay: Stay | None = None, *, key: str = "key-1", channel: str = "wallet") -> Payment:
        return self.cashier.begin_payment(stay or Stay(), self.clock.now(), channel, key)

    def due(self, stay: Stay | None = None) -> int:
        at = self.clock.now()
        return self.database.read(lambda conn: self.cashier.account(conn, stay or Stay(), at)).due.minor

    def leave(self, stay: Stay | None = None) -> int:
        """Post the due of the stay now; returns the debt in minor units."""
        at = self.clock.now()
        return self.database.write(lambda uow: self.cashier.post_due(uow, stay or Stay(), at)).minor

    def payment(self, known: Payment) -> Payment:
        found = self.database.read(lambda conn: self.cashier.payment(conn, known.payment_id))
        assert found is not None
        return found

    def payments(self, stay_id: StayId = STAY_ID) -> list[Payment]:
        return list(self.database.read(lambda conn: store.of_stay(conn, stay_id)))

    def sums(self, stay_id: StayId = STAY_ID) -> StaySums:
        return self.database.read(lambda conn: ledger_store.stay_sums(conn, stay_id))

    def ask(self, **span: int) -> int:
        """Let time pass and run the jobs that are due; returns how many ran."""
        self.park(**(span or {"seconds": 15}))
        return self.jobs.run_due()

    def events(self) -> list[tuple[str, dict[str, object]]]:
        """Type and data of everything published so far."""
        rows = self.database.read(lambda conn: conn.execute(outbox.select().order_by(outbox.c.seq)).all())
        return [(row.type, row.data) for row in rows]

    def captured(self) -> int:
        return self._count(PaymentCaptured)

    def cases(self) -> list[str]:
        return [str(data["reason"]) for kind, data in self.events() if kind == CaseOpened.__name__]

    def _count(self, kind: type[Event]) -> int:
        return sum(name == kind.__name__ for name, _ in self.events())

    def check(self) -> None:
        """Invariants I1 and I2, whatever happened."""
        verdict = self.database.read(ledger_store.verify)
        assert verdict.holds, verdict
        totals: dict[str, int] = {}
        for _, unit, balance in self.database.read(ledger_store.balances):
            totals[unit] = totals.get(unit, 0) + balance
        assert all(total == 0 for total in totals.values()), totals
        stays = {payment.stay_id for payment in self.payments()} | {STAY_ID}
        assert all(self.sums(stay_id).holds for stay_id in stays)
