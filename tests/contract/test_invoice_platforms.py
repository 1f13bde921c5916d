"""What every invoice platform promises, the fake one and the simulated one over its real wire: one number, one invoice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hardware_sim.providers.faults import Fault
from hardware_sim.providers.nuonuo import NuonuoWire
from parking.kernel.clock import ManualClock
from parking.kernel.money import Money
from payments.invoices.model import InvoiceState, Trouble
from payments.invoices.providers.base import BlueOrder, InvoiceProvider, InvoiceRefused, Issued, RedOrder, Standing
from payments.invoices.providers.memory import MemoryInvoices
from payments.providers.base import NotSent, OutcomeUnknown, ProviderFault
from tests.builders.invoices import COMPANY, PERSON, InvoiceDesk, a_platform
from tests.builders.payments import START

pytestmark = pytest.mark.req("INV-1")
ORDER = BlueOrder("IAAAAAAAAAAAAAAAAAA1", COMPANY, Money(1090, "CNY"), 900, START, "停车费 1")


@dataclass
class Bench:
    platform: InvoiceProvider
    clock: ManualClock
    lose: Callable[[str, bool], None]
    issued: Callable[[], int]

    def wait(self, order_no: str, *, red: bool = False) -> Issued:
        """Ask until it is no longer in hand."""
        for _ in range(5):
            said = self.platform.query(order_no, red=red)
            if said.standing is not Standing.PENDING:
                return said
            self.clock.advance(timedelta(seconds=5))
        return said

    def blue(self, order: BlueOrder = ORDER) -> Issued:
        self.platform.issue(order)
        return self.wait(order.order_no)


@pytest.fixture(params=["memory", "nuonuo"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    clock = ManualClock(START)
    if request.param == "memory":
        memory = MemoryInvoices(clock)

        def lose(operation: str, done: bool) -> None:
            memory.fail_next(operation, "after" if done else "before", lambda: OutcomeUnknown("lost"))  # type: ignore[arg-type]

        yield Bench(memory, clock, lose, lambda: sum(held.issues for held in memory.orders.values()))
        return
    with a_platform(tmp_path, clock) as (wire, provider):

        def lose_it(operation: str, done: bool) -> None:
            wire.books.switches.set(Fault.TIMEOUT_AFTER if done else Fault.TIMEOUT_BEFORE, operation=operation)

        yield Bench(provider, clock, lose_it, lambda: len(wire.issued()))


def a_red(blue: Issued, minor: int = 1090, order_no: str = "IRRRRRRRRRRRRRRRRRR1") -> RedOrder:
    assert blue.fiscal_number is not None
    return RedOrder(order_no, blue.fiscal_number, COMPANY, Money(minor, "CNY"), ORDER.amount, 900)


def test_an_order_is_issued_with_a_number_an_amount_and_a_document(bench: Bench) -> None:
    said = bench.blue()
    assert (said.standing, said.amount) == (Standing.ISSUED, ORDER.amount)
    assert said.fiscal_number is not None
    assert len(said.fiscal_number) == 20
    assert said.issued_at is not None
    assert said.pdf_url is not None
    assert bench.platform.pdf(said.pdf_url).startswith(b"%PDF-")


def test_the_same_number_again_is_the_same_invoice(bench: Bench) -> None:
    first = bench.blue()
    bench.platform.issue(ORDER)
    assert bench.wait(ORDER.order_no).fiscal_number == first.fiscal_number
    assert bench.issued() == 1


def test_a_number_that_nobody_handed_in_is_not_there(bench: Bench) -> None:
    assert bench.platform.query("INOBODYKNOWSTHISONE1", red=False).standing is Standing.ABSENT
    assert bench.platform.query("INOBODYKNOWSTHISONE1", red=True).standing is Standing.ABSENT


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_a_lost_answer_is_never_a_second_invoice(bench: Bench, done: bool) -> None:
    bench.lose("issue", done)
    with pytest.raises(ProviderFault):
        bench.platform.issue(ORDER)
    standing = bench.platform.query(ORDER.order_no, red=False).standing
    assert (standing is Standing.ABSENT) is not done
    assert bench.blue().standing is Standing.ISSUED
    assert bench.issued() == 1


@pytest.mark.parametrize("minor", [1090, 300], ids=["whole", "part"])
@pytest.mark.parametrize("buyer", [COMPANY, PERSON], ids=["company", "person"])
def test_a_red_letter_takes_back_what_it_says(bench: Bench, minor: int, buyer: Any) -> None:
    blue = bench.blue(replace(ORDER, buyer=buyer))
    red = replace(a_red(blue, minor), buyer=buyer)
    bench.platform.reverse(red)
    bench.platform.reverse(red)
    said = bench.wait(red.order_no, red=True)
    assert (said.standing, said.amount) == (Standing.ISSUED, red.amount)
    assert said.fiscal_number != blue.fiscal_number
    assert bench.issued() == 2


def test_more_than_the_invoice_is_not_taken_back(bench: Bench) -> None:
    blue = bench.blue()
    bench.platform.reverse(a_red(blue, 600))
    bench.wait("IRRRRRRRRRRRRRRRRRR1", red=True)
    with pytest.raises(InvoiceRefused):
        bench.platform.reverse(a_red(blue, 600, "IRRRRRRRRRRRRRRRRRR2"))


# --- the wire alone --------------------------------------------------------------------------------------------------


@pytest.fixture
def wired(tmp_path: Path) -> Iterator[tuple[NuonuoWire, InvoiceDesk]]:
    """A desk that has its invoices issued over the simulated platform's wire."""
    clock = ManualClock(START)
    with a_platform(tmp_path, clock) as (wire, provider):
        yield wire, InvoiceDesk(clock=clock, platform=provider)


def issued_after(desk: InvoiceDesk, turns: int = 12, **span: int) -> tuple[InvoiceState, Trouble | None]:
    desk.paid()
    asked = desk.invoice()
    desk.work(turns, **(span or {"minutes": 1}))
    now = desk.now(asked)
    return now.state, now.trouble


@pytest.mark.parametrize("operation", ["issue", "query", "pdf"])
@pytest.mark.parametrize("fault", [Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER, Fault.ERROR_500])
def test_one_invoice_and_its_document_whatever_the_line_does(
    wired: tuple[NuonuoWire, InvoiceDesk], operation: str, fault: Fault
) -> None:
    wire, desk = wired
    wire.books.switches.set(fault, operation=operation, times=2)
    assert issued_after(desk) == (InvoiceState.ISSUED, None)
    assert len(wire.issued()) == 1
    assert desk.now(desk.invoice()).has_pdf


def test_a_platform_that_is_down_for_an_hour_issues_afterwards(wired: tuple[NuonuoWire, InvoiceDesk]) -> None:
    wire, desk = wired
    wire.books.switches.set(Fault.ERROR_500, times=-1)
    assert issued_after(desk, 6, minutes=10)[0] is InvoiceState.SENT
    wire.books.switches.clear()
    desk.work(6, minutes=30)
    assert desk.now(desk.invoice()).state is InvoiceState.ISSUED
    assert len(wire.issued()) == 1


def test_a_used_up_quota_is_waited_for_under_new_numbers(wired: tuple[NuonuoWire, InvoiceDesk]) -> None:
    wire, desk = wired
    wire.books.switches.set(Fault.INVOICE_QUOTA, times=2)
    assert issued_after(desk, 10, minutes=40) == (InvoiceState.ISSUED, None)
    assert len(wire.issued()) == 1
    assert len(wire.papers_by_order) == 3


def test_a_wrong_tax_number_is_told_to_the_driver(wired: tuple[NuonuoWire, InvoiceDesk]) -> None:
    wire, desk = wired
    wire.books.switches.set(Fault.INVOICE_WRONG_TAX_NUMBER)
    assert issued_after(desk) == (InvoiceState.FAILED, Trouble.WRONG_TAX_NUMBER)
    assert wire.issued() == []


def test_a_wrong_amount_is_not_believed(wired: tuple[NuonuoWire, InvoiceDesk]) -> None:
    wire, desk = wired
    wire.books.switches.set(Fault.WRONG_AMOUNT, times=-1, operation="query")
    assert issued_after(desk)[0] is InvoiceState.SENT
    assert desk.cases().count("invoice_mismatch") == 1


def test_a_document_that_comes_later_is_fetched_later(wired: tuple[NuonuoWire, InvoiceDesk]) -> None:
    wire, desk = wired
    wire.books.switches.set(Fault.INVOICE_NO_DOCUMENT, times=2)
    assert issued_after(desk)[0] is InvoiceState.ISSUED
    assert desk.now(desk.invoice()).has_pdf


@pytest.mark.req("PAY-5")
def test_a_red_letter_may_wait_for_its_buyer(wired: tuple[NuonuoWire, InvoiceDesk]) -> None:
    wire, desk = wired
    payment = desk.paid()
    asked = desk.invoice()
    desk.work()
    wire.books.switches.set(Fault.INVOICE_BUYER_CONFIRMS)
    desk.refund(payment, 200)
    desk.work()
    (red,) = desk.reds(asked)
    assert (red.state, red.trouble) == (InvoiceState.SENT, Trouble.WAITS_FOR_BUYER)
    wire.confirm(red.order_no)
    desk.work(8, minutes=30)
    assert desk.now(red).state is InvoiceState.ISSUED
    assert sum(paper.cents for paper in wire.issued()) == payment.amount.minor - 200


def test_a_wrong_key_is_nobodys_order_lost(wired: tuple[NuonuoWire, InvoiceDesk]) -> None:
    wire, desk = wired
    right = wire.secret
    wire.rotate_keys()
    assert issued_after(desk, 3)[0] is InvoiceState.SENT
    wire.secret = right
    desk.work(8, minutes=10)
    assert desk.now(desk.invoice()).state is InvoiceState.ISSUED


def test_documents_are_fetched_from_the_platforms_own_hosts_alone(wired: tuple[NuonuoWire, InvoiceDesk]) -> None:
    _, desk = wired
    assert desk.platform is not None
    for url in ("http://169.254.169.254/latest", "file:///etc/passwd", "https://elsewhere.example/x.pdf", "http://[no"):
        with pytest.raises(OutcomeUnknown):
            desk.platform.pdf(url)
    with pytest.raises(NotSent):
        desk.platform.pdf("http://127.0.0.1:no-port/x.pdf")  # of our host, and no address all the same


@pytest.mark.req("PAY-5")
def test_small_refunds_of_one_bill_are_taken_back_to_the_cent(wired: tuple[NuonuoWire, InvoiceDesk]) -> None:
    wire, desk = wired
    payment = desk.paid()
    asked = desk.invoice()
    desk.work()
    for nth, minor in enumerate((6, 6, payment.amount.minor - 12)):  # the tax of each by itself sums to a cent too much
        desk.refund(payment, minor, key=f"r{nth}")
        desk.work()
    assert [desk.now(red).state for red in desk.reds(asked)] == [InvoiceState.ISSUED] * 3
    assert sum(paper.tax_cents for paper in wire.issued()) == 0
