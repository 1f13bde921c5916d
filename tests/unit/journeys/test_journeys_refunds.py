"""Money that goes back, and the providers' files of the day: once, never too much, and the books agree."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from parking.bootstrap.rounds import purge
from parking.kernel.errors import ParkingError
from parking.kernel.ids import StayId
from parking.kernel.money import Money
from parking.plumbing.db import UnitOfWork
from payments import reconciling, refunding, store
from payments.coupons import using
from payments.model import Payment
from payments.providers.abilities import LineKind, RefundOutcome, Statement, StatementLine
from payments.providers.abilities import RefundState as Done
from payments.providers.base import OutcomeUnknown, ProviderRefused
from payments.refund_store import Refund, RefundState, of_payment
from payments.settling import Settled
from payments.statements import Booked, Difference, compare
from tests.builders.corrections import Office
from tests.builders.journeys import MORNING, OTHER_PLATE, SiteStory


def paid_stay(site: SiteStory, plate: str | None = None, key: str = "k1") -> tuple[StayId, Payment]:
    """A car has parked for an hour and has paid."""
    stay_id = site.enter(plate) if plate else site.enter()
    site.park(hours=1)
    payment = site.begin_payment(stay_id, key)
    site.approve(payment)
    return stay_id, site.payment(payment.payment_id)


def refund(site: SiteStory, payment: Payment, minor: int, key: str = "r1") -> Refund:
    amount = Money(minor, payment.amount.currency)

    def work(uow: UnitOfWork) -> Refund:
        return refunding.begin(uow, payment.payment_id, amount, reason="a broken lift", actor="anna", key=key)

    begun = site.database.write(work)
    site.application.drain()
    return begun


def states(site: SiteStory, payment: Payment) -> list[RefundState]:
    return [one.state for one in site.database.read(lambda conn: of_payment(conn, payment.payment_id))]


@pytest.mark.req("PAY-5")
def test_a_part_goes_back_and_the_books_hold(site: SiteStory) -> None:
    stay_id, payment = paid_stay(site)
    refund(site, payment, 200)
    assert states(site, payment) == [RefundState.REFUNDED]
    sums = site.sums(stay_id)
    assert (sums.captured, sums.waived, sums.overpaid) == (payment.amount.minor - 200, 200, 0)
    site.check()


@pytest.mark.req("PAY-5")
def test_all_of_it_and_not_one_fen_more(site: SiteStory) -> None:
    _, payment = paid_stay(site)
    whole = payment.amount.minor
    refund(site, payment, whole - 1)
    with pytest.raises(ParkingError, match="may still go back"):
        refund(site, payment, 2, key="r2")
    refund(site, payment, 1, key="r3")
    assert states(site, payment) == [RefundState.REFUNDED] * 2
    assert sum(held.refunded for held in site.wallet.orders.values()) == whole
    site.check()


@pytest.mark.req("PAY-5")
def test_the_same_key_is_the_same_refund(site: SiteStory) -> None:
    _, payment = paid_stay(site)
    first = refund(site, payment, 100)
    assert refund(site, payment, 100).id == first.id
    assert sum(held.refunded for held in site.wallet.orders.values()) == 100


def refunding_while_its_end_is_taken_back(site: SiteStory) -> tuple[StayId, Payment]:
    """A person has ended a stay by mistake, and begun to give its money back; the bill is taken back before the provider has answered."""
    office = Office(site)
    stay_id, payment = paid_stay(site)
    office.close(stay_id)
    site.wallet.fail_next("refund", "before", lambda: OutcomeUnknown("cut"))
    refund(site, payment, payment.amount.minor)
    office.take_back_last(stay_id)
    return stay_id, payment


@pytest.mark.req("PAY-5", "ID-1")
def test_a_refund_that_fails_after_its_bill_was_taken_back_gives_up_nothing_and_the_stay_can_end(
    site: SiteStory,
) -> None:
    stay_id, payment = refunding_while_its_end_is_taken_back(site)
    site.wallet.fail_next("refund", "before", lambda: ProviderRefused("NOT_ENOUGH"))
    site.park(hours=1)
    site.application.drain()
    assert states(site, payment) == [RefundState.FAILED]
    assert site.sums(stay_id).settled == payment.amount.minor
    site.leave(stay=stay_id)
    assert site.sums(stay_id).debt == 1000 - payment.amount.minor
    site.check()


@pytest.mark.req("PAY-5", "PAY-1")
def test_what_is_not_given_up_after_all_is_owed_where_the_car_left_meanwhile(site: SiteStory) -> None:
    stay_id, payment = refunding_while_its_end_is_taken_back(site)
    site.park(minutes=59)
    site.wallet.fail_next("refund", "before", lambda: OutcomeUnknown("cut"))
    site.leave(stay=stay_id)
    assert (site.sums(stay_id).due, site.sums(stay_id).debt) == (1000, 0)
    site.wallet.fail_next("refund", "before", lambda: ProviderRefused("NOT_ENOUGH"))
    site.park(minutes=5)
    site.application.drain()
    found = site.database.read(lambda conn: site.application.cashier.later.debt(conn, stay_id))
    assert found is not None
    assert found[1] == Money(1000 - payment.amount.minor, "CNY")
    site.check()


@pytest.mark.req("PAY-5", "GATE-3")
def test_the_lanes_ask_for_what_is_due_once_the_money_has_gone_back(site: SiteStory) -> None:
    stay_id, payment = refunding_while_its_end_is_taken_back(site)
    site.park(minutes=59)
    site.application.drain()
    assert states(site, payment) == [RefundState.REFUNDED]
    assert site.due_at_the_lane(stay_id, site.clock.now()) == 400


@pytest.mark.req("PAY-5")
@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_answer_that_got_lost_refunds_once(site: SiteStory, moment: str) -> None:
    _, payment = paid_stay(site)
    site.wallet.fail_next("refund", moment, lambda: OutcomeUnknown("cut"))  # type: ignore[arg-type]
    refund(site, payment, 100)
    for _ in range(4):
        site.park(minutes=1)
        site.application.drain()
    assert states(site, payment) == [RefundState.REFUNDED]
    assert sum(held.refunded for held in site.wallet.orders.values()) == 100
    site.check()


@pytest.mark.req("PAY-5")
def test_a_provider_that_says_no_gives_nothing_back_and_asks_a_person(site: SiteStory) -> None:
    stay_id, payment = paid_stay(site)
    site.wallet.fail_next("refund", "before", lambda: ProviderRefused("NOT_ENOUGH"))
    refund(site, payment, 100)
    assert states(site, payment) == [RefundState.FAILED]
    assert (site.sums(stay_id).captured, site.sums(stay_id).waived) == (payment.amount.minor, 0)
    assert "refund_failed" in site.reasons()
    refund(site, payment, payment.amount.minor, key="r2")
    assert sorted(states(site, payment)) == [RefundState.FAILED, RefundState.REFUNDED]
    site.check()


@pytest.mark.req("PAY-3", "PAY-5")
def test_a_provider_that_pays_out_after_its_no_is_believed_and_a_person_is_told(site: SiteStory) -> None:
    stay_id, payment = paid_stay(site)
    site.wallet.fail_next("refund", "before", lambda: ProviderRefused("SYSTEM_BUSY"))
    failed = refund(site, payment, 100)
    for _ in range(2):
        site.database.write(lambda uow: refunding.take_over(uow, word_on(failed, payment, 100)))
    site.application.drain()
    assert states(site, payment) == [RefundState.REFUNDED]
    sums = site.sums(stay_id)
    assert (sums.captured, sums.waived, sums.overpaid) == (payment.amount.minor - 100, 100, 0)
    assert "refund_late" in site.reasons()
    site.check()


@pytest.mark.req("PAY-5")
def test_a_no_that_was_none_is_a_persons_once_the_money_has_gone_out_another_time(site: SiteStory) -> None:
    """Both have truly gone out, more than had come: our books cannot say so, and the provider need not tell it for ever."""
    stay_id, payment = paid_stay(site)
    site.wallet.fail_next("refund", "before", lambda: ProviderRefused("SYSTEM_BUSY"))
    failed = refund(site, payment, payment.amount.minor)
    refund(site, payment, payment.amount.minor, key="r2")
    before, word = site.sums(stay_id), word_on(failed, payment, payment.amount.minor)
    assert site.database.write(lambda uow: refunding.take_over(uow, word)) is Settled.MISMATCH
    site.application.drain()
    assert site.sums(stay_id) == before
    assert "refund_mismatch" in site.reasons()
    site.check()


def word_on(refund: Refund, payment: Payment, minor: int) -> RefundOutcome:
    """The provider says that so much has gone back."""
    amount = Money(minor, payment.amount.currency)
    return RefundOutcome(refund.number, payment.number, Done.DONE, amount, "b1")


@pytest.mark.req("PAY-3", "PAY-5")
def test_when_less_went_back_than_was_wanted_the_rest_goes_back_under_a_number_of_its_own(site: SiteStory) -> None:
    stay_id, payment = paid_stay(site)
    site.wallet.fail_next("refund", "before", lambda: OutcomeUnknown("cut"))
    begun = refund(site, payment, 100)
    site.park(seconds=1)
    site.database.write(lambda uow: refunding.take_over(uow, word_on(begun, payment, 60), asked=True))
    site.application.drain()
    found = site.database.read(lambda conn: of_payment(conn, payment.payment_id))
    assert [(one.amount.minor, one.granted.minor, one.state) for one in found] == [
        (60, 100, RefundState.REFUNDED),
        (40, 0, RefundState.REFUNDED),
    ]
    assert (site.sums(stay_id).captured, site.sums(stay_id).overpaid) == (payment.amount.minor - 100, 0)
    assert site.reasons() == []
    site.check()


def test_a_rest_that_falls_short_as_well_is_shown_to_a_person(site: SiteStory) -> None:
    stay_id, payment = paid_stay(site)
    site.wallet.fail_next("refund", "before", lambda: OutcomeUnknown("cut"))
    site.wallet.fail_next("refund", "before", lambda: OutcomeUnknown("cut"))
    begun = refund(site, payment, 100)
    site.park(seconds=1)
    site.database.write(lambda uow: refunding.take_over(uow, word_on(begun, payment, 60), asked=True))
    site.application.drain()
    (_, rest) = site.database.read(lambda conn: of_payment(conn, payment.payment_id))
    site.database.write(lambda uow: refunding.take_over(uow, word_on(rest, payment, 30), asked=True))
    site.application.drain()
    assert site.reasons() == ["refund_mismatch"]
    assert site.sums(stay_id).overpaid == 10, "owed back until somebody has decided"
    site.check()


@pytest.mark.parametrize(("minor", "asked"), [(60, False), (101, True), (101, False)])
def test_an_amount_that_nobody_wanted_changes_nothing(site: SiteStory, minor: int, asked: bool) -> None:
    stay_id, payment = paid_stay(site)
    site.wallet.fail_next("refund", "before", lambda: OutcomeUnknown("cut"))
    begun = refund(site, payment, 100)
    before = site.sums(stay_id)
    said = site.database.write(lambda uow: refunding.take_over(uow, word_on(begun, payment, minor), asked=asked))
    assert (said, site.sums(stay_id)) == (Settled.MISMATCH, before)
    assert [one.state for one in site.database.read(lambda conn: of_payment(conn, payment.payment_id))] == [
        RefundState.SENT
    ]


def test_a_coupon_does_not_come_back_while_a_part_is_still_on_its_way(site: SiteStory) -> None:
    _, payment = paid_stay(site)
    returned: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(using, "give_back", lambda _, payment_id: returned.append(payment_id))
        site.wallet.fail_next("refund", "before", lambda: OutcomeUnknown("cut"))
        refund(site, payment, 100)
        refund(site, payment, payment.amount.minor - 100, key="r2")
        assert returned == []
        site.park(minutes=1)
        site.application.drain()
    assert returned == [payment.payment_id]


@pytest.mark.parametrize(("minor", "currency"), [(0, "CNY"), (-5, "CNY"), (5, "USD")])
def test_a_refund_of_nothing_or_of_other_money_is_refused_by_name(site: SiteStory, minor: int, currency: str) -> None:
    _, payment = paid_stay(site)
    with pytest.raises(ParkingError, match="should be more than nothing, in CNY"):
        site.database.write(
            lambda uow: refunding.begin(
                uow, payment.payment_id, Money(minor, currency), reason="x y", actor="anna", key="k"
            )
        )


# --- the file of the day ---------------------------------------------------------------------------------------------


def reconcile(site: SiteStory) -> list[dict[str, object]]:
    site.park(days=1)
    site.application.reconciler.look()
    site.application.drain()
    return [dict(row) for row in site.database.read(reconciling.open_differences)]


@pytest.mark.req("PAY-5")
def test_a_clean_day_has_no_difference_and_is_not_fetched_again(site: SiteStory) -> None:
    _, first = paid_stay(site)
    paid_stay(site, OTHER_PLATE)
    refund(site, first, 100)
    assert reconcile(site) == []
    (day,) = [d for d in site.database.read(lambda conn: reconciling.days(conn, 10)) if d.lines]
    assert (day.channel, day.lines, day.differences) == ("wallet", 3, 0)
    fetched = [operation for operation, _ in site.wallet.calls].count("statement")
    site.application.reconciler.look()
    assert [operation for operation, _ in site.wallet.calls].count("statement") == fetched


@pytest.mark.req("PAY-5", "PAY-3")
def test_a_payment_whose_callback_never_came_is_found_in_the_file_and_booked(site: SiteStory) -> None:
    stay_id = site.enter()
    site.park(hours=1)
    payment = site.begin_payment(stay_id)
    site.database.write(
        lambda uow: uow.connection.exec_driver_sql("DELETE FROM job")
    )  # nobody asks by himself any more
    site.wallet.approve(payment.number)
    assert reconcile(site) == []
    assert site.payment(payment.payment_id).state == "PAID"
    assert site.sums(stay_id).captured == payment.amount.minor
    site.check()


@pytest.mark.req("PAY-5")
def test_a_refund_that_was_done_after_its_provider_said_no_is_found_in_the_file_and_booked(site: SiteStory) -> None:
    stay_id, payment = paid_stay(site)
    site.wallet.fail_next("refund", "after", lambda: ProviderRefused("SYSTEM_BUSY"))
    refund(site, payment, 100)
    assert states(site, payment) == [RefundState.FAILED]
    assert reconcile(site) == []
    assert states(site, payment) == [RefundState.REFUNDED]
    assert site.sums(stay_id).captured == payment.amount.minor - 100
    site.check()


@pytest.mark.req("PAY-5")
def test_a_refund_that_takes_its_bank_over_midnight_is_no_difference_of_the_day_on_which_we_hear_of_it(
    site: SiteStory,
) -> None:
    _, payment = paid_stay(site)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            site.wallet, "_refunded", lambda number, order: RefundOutcome(number, order, Done.PROCESSING, None, None)
        )
        refund(site, payment, 200)
        site.park(hours=14)
        site.application.drain()
    site.park(hours=2)
    site.application.drain()
    assert states(site, payment) == [RefundState.REFUNDED]
    assert reconcile(site) == []
    assert site.reasons() == []


@pytest.mark.req("PAY-5")
def test_a_refund_over_midnight_that_no_file_names_is_a_difference_until_one_does(site: SiteStory) -> None:
    _, payment = paid_stay(site)
    site.park(hours=12)
    site.wallet.fail_next("refund", "after", lambda: OutcomeUnknown("cut"))
    refund(site, payment, 200)
    site.park(hours=2)
    site.application.drain()
    number = number_of_refund(site, payment)
    held = site.wallet.refunds.pop(number)
    assert [(row["difference"], row["day"]) for row in reconcile(site)] == [("missing_there", "2026-03-08")]
    site.wallet.refunds[number] = held
    assert reconcile(site) == []


def number_of_refund(site: SiteStory, payment: Payment) -> str:
    (one,) = site.database.read(lambda conn: of_payment(conn, payment.payment_id))
    return one.number


@pytest.mark.req("PRIV-1")
def test_a_providers_file_names_payers_and_is_forgotten_half_a_year_later(site: SiteStory) -> None:
    paid_stay(site)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site.wallet, "statement", lambda day: Statement(day, (), b"`oUpF8"))
        reconcile(site)
    site.park(days=181)
    purge(site.database)

    def kept(conn: Connection) -> list[tuple[str, bytes]]:
        t = reconciling.day_table.c
        return [(row.day, row.raw) for row in conn.execute(sa.select(t.day, t.raw).order_by(t.day))]

    found = site.database.read(kept)
    assert found[-1] == ("2026-03-07", b"")
    assert {raw for _, raw in found} == {b""}


@pytest.mark.req("PAY-5")
def test_a_file_that_never_comes_is_a_case_once_where_there_is_money_of_ours_in_its_day(site: SiteStory) -> None:
    def not_there(_: date) -> Statement:
        raise ProviderRefused("NO_STATEMENT")

    paid_stay(site)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site.wallet, "statement", not_there)
        for _ in range(reconciling.BACK - 1):
            reconcile(site)
        assert site.reasons() == []
        for _ in range(3):
            reconcile(site)
    assert site.reasons() == ["statement_no_file"]


@pytest.mark.req("PAY-5")
def test_what_the_provider_does_not_have_is_a_case_until_it_agrees(site: SiteStory) -> None:
    _, payment = paid_stay(site)
    held = site.wallet.orders.pop(payment.number)
    (found,) = reconcile(site)
    assert (found["difference"], found["number"], found["there"]) == ("missing_there", payment.number, None)
    assert site.reasons().count("statement_missing_there") == 1
    site.wallet.orders[payment.number] = held
    assert reconcile(site) == []


@pytest.mark.req("PAY-5")
def test_money_under_a_number_that_is_not_ours_is_a_case(site: SiteStory) -> None:
    _, payment = paid_stay(site)
    site.database.write(
        lambda uow: uow.connection.execute(
            store.payment_table.update().where(store.payment_table.c.id == payment.payment_id).values(channel="other")
        )
    )
    assert [row["difference"] for row in reconcile(site)] == ["missing_here"]


NUMBERS = st.sampled_from("abcd")
AMOUNTS = st.integers(1, 3).map(lambda minor: Money(minor, "CNY"))


@given(
    here=st.dictionaries(NUMBERS, AMOUNTS),
    there=st.lists(st.tuples(NUMBERS, AMOUNTS), max_size=6),
)
def test_days_agree_exactly_when_every_number_stands_once_on_both_sides_with_one_amount(
    here: dict[str, Money], there: list[tuple[str, Money]]
) -> None:
    booked = [Booked(LineKind.PAYMENT, number, amount) for number, amount in here.items()]
    lines = [StatementLine(LineKind.PAYMENT, number, amount, MORNING, "t") for number, amount in there]
    found = compare(booked, lines)
    assert (found == ()) == (dict(there) == here and len(there) == len(here))
    for one in found:
        if one.difference is Difference.AMOUNT:
            assert one.here != one.there
    assert {f.number for f in found} <= here.keys() | {number for number, _ in there}
