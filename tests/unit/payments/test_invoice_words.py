"""Tax numbers, tax in an amount, titles and what a driver reads: rules without any platform."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking.kernel.errors import ParkingError
from payments.invoices import tax_number, words
from payments.invoices.asking import order_no
from payments.invoices.model import Buyer, BuyerKind, InvoiceState, Policy, Trouble
from payments.invoices.providers.nuonuo_wire import issued_of
from payments.invoices.tax import part, rate_text, split
from payments.invoices.tax_number import Fault

pytestmark = pytest.mark.req("INV-1")
FIRST_17 = st.text(tax_number.SIGNS, min_size=17, max_size=17)


@pytest.mark.parametrize("number", ["91330106MA2AYNWD8M", "91440101MA5APD8X8J", "91440300582733406C"])
def test_numbers_that_the_platforms_own_papers_print_are_right(number: str) -> None:
    assert tax_number.fault(number) is None


@given(FIRST_17, st.integers(0, 16), st.sampled_from(tax_number.SIGNS))
def test_one_wrong_sign_is_always_found(first: str, place: int, other: str) -> None:
    right = first + tax_number.check_sign(first)
    assert tax_number.fault(right) is None
    wrong = right[:place] + other + right[place + 1 :]
    assert (tax_number.fault(wrong) is None) == (wrong == right)


@given(FIRST_17, st.integers(0, 16))
def test_two_neighbours_that_change_places_are_found_unless_their_weights_agree(first: str, place: int) -> None:
    right = first + tax_number.check_sign(first)
    signs = list(right)
    signs[place], signs[place + 1] = signs[place + 1], signs[place]
    assert (tax_number.fault("".join(signs)) is None) == (signs[place] == signs[place + 1])


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("", Fault.LENGTH),
        ("9131000", Fault.LENGTH),
        ("91310000MA1FL3J8OT", Fault.SIGNS),
        ("91310000MA1FL3J80A", Fault.CHECK),
        ("31000063128", Fault.LENGTH),
        ("31010163140250A", Fault.CHECK),
        ("31010X631402500", Fault.SIGNS),
        ("3101011980010112341-", Fault.SIGNS),
    ],
)
def test_what_cannot_be_a_number_is_told_with_the_reason(number: str, fault: Fault) -> None:
    assert tax_number.fault(number) is fault


@given(st.integers(0, 10**9), st.integers(0, 9_999))
def test_net_and_tax_sum_to_what_was_paid_and_the_tax_is_rounded_once(gross: int, rate: int) -> None:
    parts = split(gross, rate)
    assert parts.net + parts.tax == gross
    assert abs(parts.tax - Fraction(gross * rate, 10_000 + rate)) <= Fraction(1, 2)


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=8), st.integers(0, 9_999))
def test_however_an_invoice_is_taken_back_in_parts_its_tax_goes_back_to_the_cent(amounts: list[int], rate: int) -> None:
    parts = [part(sum(amounts[:nth]), amount, rate) for nth, amount in enumerate(amounts)]
    whole = split(sum(amounts), rate)
    assert (sum(one.net for one in parts), sum(one.tax for one in parts)) == (whole.net, whole.tax)
    assert all(one.net >= 0 <= one.tax for one in parts)


def test_a_number_in_other_digits_is_no_number_of_the_bureau() -> None:
    said = {"orderNo": "I1", "status": "2", "invoiceTime": 0, "orderAmount": "1.00"}
    assert issued_of("I1", {**said, "allElectronicInvoiceNumber": "2" * 20}).fiscal_number == "2" * 20
    with pytest.raises(ValueError, match="without its number"):
        issued_of("I1", {**said, "allElectronicInvoiceNumber": "٢" * 20})


def test_a_rate_is_written_as_the_wire_wants_it() -> None:
    assert [rate_text(rate) for rate in (0, 100, 500, 900, 1300)] == ["0", "0.01", "0.05", "0.09", "0.13"]


def test_a_title_is_tidied_and_checked_field_by_field() -> None:
    assert Buyer.of(BuyerKind.PERSON, "", None) == Buyer(BuyerKind.PERSON, "个人")
    company = Buyer.of(BuyerKind.COMPANY, "  上海某某  公司 ", " 91310000 ma1fl3j80t ")
    assert company == Buyer(BuyerKind.COMPANY, "上海某某 公司", "91310000MA1FL3J80T")
    for kind, name, number, field, code in (
        (BuyerKind.COMPANY, "", "91310000MA1FL3J80T", "name", "invoice.name"),
        (BuyerKind.COMPANY, "某某公司", None, "tax_number", "invoice.tax_number_length"),
        (BuyerKind.COMPANY, "某某公司", "91310000MA1FL3J80A", "tax_number", "invoice.tax_number_check"),
        (BuyerKind.PERSON, "王", "91310000MA1FL3J80T", "tax_number", "invoice.person_with_number"),
        (BuyerKind.PERSON, "王\x07", None, "name", "invoice.name"),
        (BuyerKind.PERSON, "王" * 101, None, "name", "invoice.name"),
    ):
        with pytest.raises(ParkingError) as error:
            Buyer.of(kind, name, number)
        assert (error.value.field, error.value.code) == (field, code)


def test_every_state_trouble_and_refusal_is_said_in_both_languages() -> None:
    said = [words.STATES[state.value] for state in InvoiceState] + [words.TROUBLES[t.value] for t in Trouble]
    said += [*words.REFUSALS.values(), *words.rules(Policy())]
    for one in said:
        assert any("\u4e00" <= sign <= "\u9fff" for sign in one["zh"])
        assert one["en"].isascii() or "¥" in one["en"]


@pytest.mark.parametrize(
    ("sentence", "trouble"),
    [
        ("开票预扣授信额度失败，授信额度不足本次开票金额：88.5", Trouble.QUOTA),
        ("购买方纳税人识别号有误", Trouble.WRONG_TAX_NUMBER),
        ("购方名称不能为空", Trouble.WRONG_TITLE),
        ("系统异常", Trouble.OTHER),
    ],
)
def test_a_platforms_own_sentence_is_understood_only_where_it_is_sure(sentence: str, trouble: Trouble) -> None:
    assert words.trouble_of(sentence) is trouble


@given(st.uuids(), st.integers(1, 50))
def test_our_number_fits_the_wire_and_another_attempt_has_another(invoice_id: object, attempt: int) -> None:
    number = order_no(str(invoice_id), attempt)
    assert len(number) == 20
    assert number.isalnum()
    assert number != order_no(str(invoice_id), attempt + 1)
