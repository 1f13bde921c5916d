"""Invoices from the paid bill: asked for once, issued once, taken back by red letters, gone on with after every crash."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from parking.kernel.errors import ParkingError
from parking.kernel.money import Money
from parking.plumbing import blobs
from payments.invoices.asking import offered
from payments.invoices.issuing import pdf_key
from payments.invoices.model import InvoiceState, Policy, Trouble
from payments.invoices.providers.memory import MemoryInvoices
from payments.providers.base import NotSent, OutcomeUnknown
from tests.builders.invoices import COMPANY, OTHER_STAY, PERSON, InvoiceDesk
from tests.builders.payments import STAY_ID

pytestmark = pytest.mark.req("INV-1")


@pytest.fixture
def desk() -> InvoiceDesk:
    return InvoiceDesk()


def refusal(deed: Callable[[], object]) -> str:
    with pytest.raises(ParkingError) as error:
        deed()
    return error.value.code


def test_a_paid_bill_becomes_an_invoice_with_number_and_document(desk: InvoiceDesk) -> None:
    payment = desk.paid()
    asked = desk.invoice()
    assert (asked.state, asked.amount) == (InvoiceState.NEW, payment.amount)
    desk.work()
    issued = desk.now(asked)
    assert issued.state is InvoiceState.ISSUED
    assert issued.fiscal_number is not None
    assert len(issued.fiscal_number) == 20
    kept = desk.database.read(lambda conn: blobs.get(conn, pdf_key(asked.id)))
    assert kept is not None
    assert kept.content.startswith(b"%PDF-")
    assert desk.jobs.run_due() == 0


def test_the_same_key_is_the_same_invoice_and_another_finds_the_bill_taken(desk: InvoiceDesk) -> None:
    desk.paid()
    asked = desk.invoice()
    assert desk.invoice() == asked
    assert refusal(lambda: desk.invoice(key="inv-2")) == "invoice.already_invoiced"
    desk.work()
    assert refusal(lambda: desk.invoice(key="inv-3", buyer=PERSON)) == "invoice.already_invoiced"
    assert len(desk.fake.orders) == 1


def test_several_bills_stand_on_one_invoice(desk: InvoiceDesk) -> None:
    first, second = desk.paid(), desk.paid(OTHER_STAY)
    asked = desk.invoice(STAY_ID, OTHER_STAY, STAY_ID)
    assert asked.amount == first.amount + second.amount
    desk.work()
    assert desk.now(asked).state is InvoiceState.ISSUED
    assert refusal(lambda: desk.invoice(OTHER_STAY, key="inv-2")) == "invoice.already_invoiced"


def test_limits_are_kept_and_named(desk: InvoiceDesk) -> None:
    assert refusal(desk.invoice) == "invoice.nothing_paid"
    desk.paid()
    desk.paid(OTHER_STAY)
    desk.policy = Policy(most_bills=1)
    assert refusal(lambda: desk.invoice(STAY_ID, OTHER_STAY)) == "invoice.too_many"
    desk.policy = Policy(most_minor=100)
    assert refusal(desk.invoice) == "invoice.too_much"
    desk.policy = Policy(least_minor=100_000)
    assert refusal(desk.invoice) == "invoice.too_little"
    desk.policy = Policy(within=timedelta(days=1))
    desk.park(days=2)
    assert refusal(desk.invoice) == "invoice.too_old"
    desk.policy = Policy()
    desk.invoice()


def test_what_went_back_is_not_invoiced_and_a_refund_under_way_waits(desk: InvoiceDesk) -> None:
    payment = desk.paid()
    desk.refund(payment, 100)
    assert refusal(desk.invoice) == "invoice.refund_under_way"
    desk.ask()
    asked = desk.invoice()
    assert asked.amount == payment.amount - Money(100, "CNY")
    desk.work()
    assert desk.now(asked).state is InvoiceState.ISSUED
    assert desk.reds(asked) == []  # it never stood on the invoice
    desk.refund(payment, asked.amount.minor, key="r2")
    desk.work()
    assert [one.why_not for one in desk.database.read(lambda conn: offered(conn, STAY_ID, desk.clock.now(), Policy()))]


@pytest.mark.req("PAY-5")
def test_a_refund_gets_one_red_letter_for_as_much_and_the_rest_of_the_invoice_stands(desk: InvoiceDesk) -> None:
    payment = desk.paid()
    asked = desk.invoice()
    desk.work()
    desk.refund(payment, 300)
    desk.work()
    (red,) = desk.reds(asked)
    assert (red.state, red.amount, red.buyer) == (InvoiceState.ISSUED, Money(300, "CNY"), COMPANY)
    assert red.fiscal_number not in (None, desk.now(asked).fiscal_number)
    assert refusal(lambda: desk.invoice(key="inv-2")) == "invoice.already_invoiced"
    desk.refund(payment, payment.amount.minor - 300, key="r2")
    desk.work()
    assert sum(red.amount.minor for red in desk.reds(asked)) == asked.amount.minor
    assert refusal(lambda: desk.invoice(key="inv-3")) == "invoice.refunded"
    desk.check()


def test_a_refund_before_the_invoice_is_there_waits_for_its_number(desk: InvoiceDesk) -> None:
    desk.platform = MemoryInvoices(desk.clock, slow=3)
    desk.restart()
    payment = desk.paid()
    asked = desk.invoice()
    desk.jobs.run_due()
    desk.refund(payment, 300)
    desk.ask()
    (red,) = desk.reds(asked)
    assert red.is_live
    desk.work(12, minutes=30)
    assert [desk.now(red).state, desk.now(asked).state] == [InvoiceState.ISSUED] * 2


def test_a_refund_of_a_bill_whose_invoice_failed_needs_no_red_letter(desk: InvoiceDesk) -> None:
    desk.fake.refused_numbers.add(str(COMPANY.tax_number))
    payment = desk.paid()
    asked = desk.invoice()
    desk.refund(payment, 300)
    desk.work()
    assert desk.now(asked).state is InvoiceState.FAILED
    assert {red.state for red in desk.reds(asked)} <= {InvoiceState.DROPPED}


def test_a_wrong_tax_number_is_told_and_the_bill_may_have_another_invoice(desk: InvoiceDesk) -> None:
    desk.paid()
    desk.fake.refused_numbers.add(str(COMPANY.tax_number))
    asked = desk.invoice()
    desk.work()
    failed = desk.now(asked)
    assert (failed.state, failed.trouble) == (InvoiceState.FAILED, Trouble.WRONG_TAX_NUMBER)
    again = desk.invoice(buyer=PERSON, key="inv-2")
    desk.work()
    assert desk.now(again).state is InvoiceState.ISSUED


def test_a_used_up_quota_is_waited_for_and_a_person_is_told_once(desk: InvoiceDesk) -> None:
    desk.paid()
    desk.fake.quota_minor = 0
    asked = desk.invoice()
    desk.work(20, minutes=30)
    waiting = desk.now(asked)
    assert (waiting.is_live, waiting.trouble) == (True, Trouble.QUOTA)
    assert waiting.attempt > 2
    assert desk.cases().count("invoice_quota") == 1
    desk.fake.quota_minor = None
    desk.work(6, hours=1)
    assert desk.now(asked).state is InvoiceState.ISSUED
    assert sum(held.issues for held in desk.fake.orders.values()) == 1


def test_another_amount_on_the_invoice_is_not_believed(desk: InvoiceDesk) -> None:
    desk.paid()
    desk.fake.off_minor = 100
    asked = desk.invoice()
    desk.work()
    assert (desk.now(asked).state, desk.now(asked).fiscal_number) == (InvoiceState.SENT, None)
    assert desk.cases().count("invoice_mismatch") == 1


def test_taking_a_whole_invoice_back_frees_its_bills_for_another_title(desk: InvoiceDesk) -> None:
    desk.paid()
    asked = desk.invoice()
    assert refusal(lambda: desk.reverse(asked)) == "invoice.not_issued"
    desk.work()
    red = desk.reverse(asked)
    assert desk.reverse(asked) == red
    assert refusal(lambda: desk.reverse(asked, key="rev-2")) == "invoice.reversed"
    assert refusal(lambda: desk.invoice(key="inv-2")) == "invoice.already_invoiced"  # until the red letter is there
    desk.work()
    assert desk.now(red).state is InvoiceState.ISSUED
    again = desk.invoice(key="inv-3", buyer=PERSON)
    desk.work()
    assert desk.now(again).state is InvoiceState.ISSUED


@pytest.mark.parametrize("operation", ["issue", "query", "pdf"])
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("error", [lambda: OutcomeUnknown("lost"), lambda: NotSent("away")], ids=["lost", "away"])
def test_a_call_that_is_lost_is_asked_about_and_nothing_is_issued_twice(
    desk: InvoiceDesk, operation: str, moment: str, error: Callable[[], BaseException]
) -> None:
    desk.paid()
    for _ in range(2):
        desk.fake.fail_next(operation, moment, error)  # type: ignore[arg-type]  # one of its words
    asked = desk.invoice()
    desk.work(12)
    issued = desk.now(asked)
    assert (issued.state, issued.has_pdf) == (InvoiceState.ISSUED, True)
    assert [held.issues for held in desk.fake.orders.values()] == [1]


@pytest.mark.parametrize("operation", ["issue", "reverse", "query", "pdf"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_process_that_dies_in_the_middle_leaves_nothing_undone_and_nothing_twice(
    desk: InvoiceDesk, operation: str, moment: str
) -> None:
    payment = desk.paid()
    asked = desk.invoice()
    if operation == "reverse":
        desk.work()
        desk.refund(payment, 100)
    desk.fake.fail_next(operation, moment, lambda: SystemExit("killed"))  # type: ignore[arg-type]  # one of its words
    with pytest.raises(SystemExit):
        desk.work()
    desk.restart()
    desk.park(minutes=2)  # the lease of the one that died ends
    desk.work(12)
    assert desk.now(asked).state is InvoiceState.ISSUED
    assert desk.now(asked).has_pdf
    assert all(held.issues == 1 for held in desk.fake.orders.values())
    assert len(desk.reds(asked)) == (1 if operation == "reverse" else 0)
