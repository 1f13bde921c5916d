"""A desk whose paid bills can have invoices: from the fake platform, or from the simulated one over its real wire."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from hardware_sim.providers.books import Books
from hardware_sim.providers.nuonuo import NuonuoWire
from hardware_sim.providers.server import ProviderServer
from hardware_sim.providers.side_door import side_door
from parking.kernel.clock import Clock
from parking.kernel.ids import StayId
from parking.kernel.money import Money
from parking.plumbing.jobs import JobRunner
from payments import refunding
from payments.invoices import asking, loader, reversing, store
from payments.invoices.issuing import Issuer
from payments.invoices.model import Buyer, BuyerKind, Invoice, Policy
from payments.invoices.providers.base import InvoiceProvider
from payments.invoices.providers.memory import MemoryInvoices
from payments.invoices.providers.nuonuo import Nuonuo
from payments.model import Payment
from payments.providers.registry import Surroundings
from tests.builders.payments import STAY_ID, Desk, Key, Stay

COMPANY_NUMBER = "91310000MA1FL3J80T"
COMPANY = Buyer(BuyerKind.COMPANY, "上海某某贸易有限公司", COMPANY_NUMBER)
PERSON = Buyer(BuyerKind.PERSON, "个人")
OTHER_STAY = StayId("0197f000-0000-7000-8000-000000000002")


def hex_nonces() -> Any:
    numbers = count(1)
    return lambda: f"{next(numbers):032x}"


@dataclass
class InvoiceDesk(Desk):
    """The cashier with an issuer beside it; `again` is another process on the same database and platform."""

    platform: InvoiceProvider | None = None
    policy: Policy = field(default_factory=Policy)

    def restart(self) -> None:
        super().restart()
        if self.platform is None:
            self.platform = MemoryInvoices(self.clock)
        self.issuer = Issuer(self.platform, self.policy)
        self.jobs = JobRunner(self.database, self.cashier.jobs() | self.issuer.jobs(), self.clock)

    @property
    def fake(self) -> MemoryInvoices:
        assert isinstance(self.platform, MemoryInvoices)
        return self.platform

    def paid(self, stay_id: StayId = STAY_ID, *, hours: int = 2) -> Payment:
        """Somebody has parked and paid."""
        self.park(hours=hours)
        payment = self.begin(Stay(stay_id), key=f"pay-{stay_id}-{self.clock.now()}")
        self.memory.approve(payment.number)
        self.ask()
        return self.payment(payment)

    def invoice(self, *stays: StayId, buyer: Buyer = COMPANY, key: str = "inv-1") -> Invoice:
        wanted = stays or (STAY_ID,)
        return self.database.write(
            lambda uow: asking.ask(uow, self.policy, wanted, buyer, asked_by="driver:1", key=key)
        )

    def now(self, invoice: Invoice) -> Invoice:
        found = self.database.read(lambda conn: store.get(conn, invoice.id))
        assert found is not None
        return found

    def work(self, turns: int = 8, **span: int) -> None:
        """Let the jobs run for a while."""
        for _ in range(turns):
            self.jobs.run_due()
            self.clock.advance(timedelta(**(span or {"seconds": 10})))
        self.jobs.run_due()

    def refund(self, payment: Payment, minor: int, *, key: str = "r1") -> None:
        amount = Money(minor, "CNY")
        self.database.write(
            lambda uow: refunding.begin(uow, payment.payment_id, amount, reason="wrong", actor="anna", key=key)
        )

    def reverse(self, invoice: Invoice, *, key: str = "rev-1") -> Invoice:
        return self.database.write(
            lambda uow: reversing.reverse(uow, invoice.id, reason="wrong title", actor="anna", key=key)
        )

    def reds(self, invoice: Invoice) -> list[Invoice]:
        return list(self.database.read(lambda conn: store.reds_of(conn, invoice.id)))


@contextmanager
def a_platform(folder: Path, clock: Clock, **rules: Any) -> Iterator[tuple[NuonuoWire, Nuonuo]]:
    """The simulated platform on a socket, and our client of it, built from a settings file as a site has it."""
    wire = NuonuoWire(Books(clock=clock, nonces=hex_nonces()))
    server = ProviderServer(wire, side_door)
    url = server.start(callbacks=False)
    papers = wire.papers()
    for name in ("app_secret", "access_token"):
        (folder / name).write_text(papers[name])
    plain = {
        "kind": "nuonuo",
        "url": url,
        "app_key": papers["app_key"],
        "app_secret": "app_secret",
        "access_token": "access_token",
        "timeout_s": 2.0,
        "seller": {"tax_number": papers["tax_number"], "name": "示范商场有限公司", "clerk": "王芳"},
        **rules,
    }
    path = folder / "invoices.yaml"
    path.write_text(yaml.safe_dump(plain, allow_unicode=True))
    around = Surroundings(clock, hex_nonces(), folder, lambda _: Key(), lambda _: Key())
    try:
        platform = loader.load(path, around)
        assert isinstance(platform.provider, Nuonuo)
        yield wire, platform.provider
    finally:
        around.close()
        server.stop()
