"""Leave first, pay later, through the whole server: credit set aside, promised at the lane, a debt once, aged, ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import pytest

from parking.access import store as access_store
from parking.access.rows import ListedAs
from parking.bootstrap.application import build
from parking.journeys import owing
from parking.journeys.paying import priced
from parking.kernel.errors import ParkingError
from parking.kernel.events import DebtReminded, Direction, ExitPromised, VehicleBackedAway
from parking.kernel.ids import StayId, VisitId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from parking.plumbing.db import UnitOfWork
from payments import ledger_store, reconciling
from payments.later import agreements, debts, store
from payments.later.model import Debt, DebtState, Terms
from payments.model import PaymentState
from payments.providers.abilities import Standing
from payments.providers.base import OrderState, OutcomeUnknown
from payments.providers.channels import Channel
from payments.providers.memory import MemoryProvider
from payments.providers.registry import Method
from tests.builders.journeys import EXIT, OTHER_PLATE, PLATE, SiteStory, demo_settings, passage

TERMS = Terms(per_stay_minor=3000, at_once_minor=4000, per_day_minor=8000)


def enrol(site: SiteStory, plate: str = PLATE, terms: Terms = TERMS) -> str:
    """A plate whose stays are collected afterwards."""
    return site.database.write(lambda uow: agreements.agree(uow, Plate(plate), "wallet", "contract-1", terms)).id


def credit(site: SiteStory, stay_id: StayId) -> int:
    """What the lanes' copy lets a stay owe."""
    row = site.copy_row("stay", stay_id)
    assert row is not None
    return int(row["credit_minor"])


def promise(
    site: SiteStory, stay_id: StayId, minor: int, *, visit: str, token: str = "t1", limit: int = 3000
) -> ExitPromised:
    return ExitPromised(EXIT, VisitId(visit), stay_id, Money(minor, "CNY"), Money(limit, "CNY"), token)


def leave_first(site: SiteStory, stay_id: StayId, plate: str = PLATE, token: str = "t1") -> int:
    """A car leaves on its promise; what it owes, in minor units."""
    due = site.due_at_the_lane(stay_id, site.clock.now())
    assert due is not None
    visit = site.visit()
    site.hear(promise(site, stay_id, due, visit=visit, token=token), passage(Direction.OUT, visit, plate, stay=stay_id))
    return due


def debt(site: SiteStory, stay_id: StayId) -> Debt:
    found = site.database.read(lambda conn: store.debt(conn, stay_id))
    assert found is not None
    return found


def balance(site: SiteStory, account: str) -> int:
    return {name: amount for name, _, amount in site.database.read(ledger_store.balances)}.get(account, 0)


@pytest.mark.req("PAY-1")
def test_an_enrolled_car_has_its_credit_in_the_lanes_copy_and_a_stranger_has_none(site: SiteStory) -> None:
    enrol(site)
    enrolled, stranger = site.enter(), site.enter(OTHER_PLATE)
    assert (credit(site, enrolled), credit(site, stranger)) == (3000, 0)


@pytest.mark.req("PAY-1")
def test_what_was_promised_becomes_one_debt_and_nobody_is_asked(site: SiteStory) -> None:
    enrol(site)
    stay_id = site.enter()
    site.park(hours=3)
    due = leave_first(site, stay_id)
    assert due > 0
    assert site.sums(stay_id).debt == due
    assert (debt(site, stay_id).state, debt(site, stay_id).amount) == (DebtState.OPEN, Money(due, "CNY"))
    assert "left_without_paying" not in site.reasons()
    assert balance(site, "promised") == balance(site, "promises") == 0
    site.check()


def test_between_the_promise_and_the_passage_it_stands_in_the_ledger(site: SiteStory) -> None:
    enrol(site)
    stay_id = site.enter()
    site.park(hours=1)
    site.hear(promise(site, stay_id, 600, visit="v-out"))
    assert (balance(site, "promised"), balance(site, "promises")) == (600, -600)
    site.check()


@pytest.mark.req("PAY-1")
def test_the_same_promise_told_ten_times_is_one_and_one_debt(site: SiteStory) -> None:
    enrol(site)
    stay_id = site.enter()
    site.park(hours=1)
    visit = site.visit()
    for _ in range(10):
        site.hear(promise(site, stay_id, 600, visit=visit))
    assert balance(site, "promised") == 600  # what is repeated neither doubles itself nor takes itself back
    site.hear(passage(Direction.OUT, visit, stay=stay_id))
    assert "left_without_paying" not in site.reasons()
    for _ in range(3):
        site.hear(promise(site, stay_id, 600, visit=visit))
    assert site.sums(stay_id).debt == debt(site, stay_id).amount.minor
    assert balance(site, "promised") == 0
    site.check()


@pytest.mark.req("PAY-1")
def test_who_backs_away_owes_nothing_by_it(site: SiteStory) -> None:
    enrol(site)
    stay_id = site.enter()
    site.park(hours=1)
    site.hear(promise(site, stay_id, 600, visit="v-out"), VehicleBackedAway(EXIT, VisitId("v-out")))
    assert balance(site, "promised") == 0
    assert site.database.read(lambda conn: store.debt(conn, stay_id)) is None
    assert site.database.read(lambda conn: store.promise_of(conn, stay_id)) is None
    site.check()


def test_another_promise_of_the_same_visit_replaces_the_first(site: SiteStory) -> None:
    enrol(site)
    enrol(site, OTHER_PLATE)
    first, second = site.enter(), site.enter(OTHER_PLATE)
    site.park(hours=1)
    visit = site.visit()
    site.hear(promise(site, first, 600, visit=visit, token="t1"), promise(site, second, 700, visit=visit, token="t2"))
    assert balance(site, "promised") == 700
    site.hear(passage(Direction.OUT, visit, OTHER_PLATE, stay=second))
    assert site.database.read(lambda conn: store.debt(conn, first)) is None
    assert debt(site, second).state is DebtState.OPEN
    site.check()


@pytest.mark.req("PAY-1")
def test_all_that_is_set_aside_and_owed_never_exceeds_the_limit(site: SiteStory) -> None:
    """However many lanes are cut off with however old copies: what may be owed is set aside before anybody can promise it."""
    enrol(site, terms=Terms(1000, 1500, 9000))
    first = site.enter()
    assert credit(site, first) == 1000
    site.park(hours=1)
    owed = leave_first(site, first)
    second = site.enter()
    assert credit(site, second) == 1500 - owed
    site.park(hours=2)
    third = site.enter()  # the exit of the second was missed; its credit is still set aside
    assert credit(site, third) == 0


def test_a_late_debt_gives_no_new_credit_until_it_is_paid(site: SiteStory) -> None:
    enrol(site)
    first = site.enter()
    site.park(hours=1)
    leave_first(site, first)
    site.park(days=8)
    second = site.enter()
    assert credit(site, second) == 0


@pytest.mark.req("PAY-1")
def test_a_debt_that_is_paid_ends(site: SiteStory) -> None:
    enrol(site)
    stay_id = site.enter()
    site.park(hours=1)
    due = leave_first(site, stay_id)
    cashier = site.application.cashier
    left = site.stay(stay_id)
    to_price = site.database.read(lambda conn: priced(conn, left))
    payment = cashier.begin_payment(to_price, site.clock.now(), "wallet", "debt-1")
    assert payment.amount == Money(due, "CNY")
    site.approve(payment)
    assert (debt(site, stay_id).state, site.sums(stay_id).debt) == (DebtState.PAID, 0)
    assert "paid_but_not_inside" not in site.reasons()
    site.check()


def test_reminders_come_by_age_and_the_plate_is_kept_out_at_last_and_let_in_when_paid(site: SiteStory) -> None:
    enrol(site)
    stay_id = site.enter()
    site.park(hours=1)
    leave_first(site, stay_id)
    cashier = site.application.cashier
    for days in (1, 3, 10, 20):
        site.clock.advance(timedelta(days=days))
        owing.age(site.database, cashier)
        site.application.drain()
    assert [told["number"] for told in site.told(DebtReminded)] == [1, 2]
    entry = site.database.read(lambda conn: access_store.listed(conn, Plate(PLATE)))
    assert entry is not None
    assert (entry.listed_as, entry.note) == (ListedAs.BLOCK, owing.BLOCK_NOTE)

    def give_up(uow: UnitOfWork) -> None:
        debts.write_off(uow, stay_id)
        owing.settled(uow, cashier, stay_id)

    site.database.write(give_up)
    assert site.database.read(lambda conn: access_store.listed(conn, Plate(PLATE))) is None
    site.check()


@pytest.mark.req("PAY-5")
def test_a_debt_written_off_is_owed_no_more_and_stands_in_the_books(site: SiteStory) -> None:
    enrol(site)
    stay_id = site.enter()
    site.park(hours=1)
    due = leave_first(site, stay_id)
    assert site.database.write(lambda uow: debts.write_off(uow, stay_id)) == Money(due, "CNY")
    assert (site.sums(stay_id).debt, balance(site, "written_off")) == (0, due)
    with pytest.raises(ParkingError, match="written off"):
        site.database.write(lambda uow: debts.write_off(uow, stay_id))
    site.check()


def test_a_disputed_debt_does_not_age(site: SiteStory) -> None:
    enrol(site)
    stay_id = site.enter()
    site.park(hours=1)
    leave_first(site, stay_id)
    site.database.write(lambda uow: debts.dispute(uow, stay_id))
    site.park(days=60)
    owing.age(site.database, site.application.cashier)
    site.application.drain()
    assert site.told(DebtReminded) == []
    site.database.write(lambda uow: debts.stand(uow, stay_id))
    assert debt(site, stay_id).since == site.clock.now()


@pytest.mark.req("PAY-5")
def test_whose_dispute_was_turned_down_is_reminded_anew_before_his_plate_is_kept_out(site: SiteStory) -> None:
    stay_id = site.enter()
    site.park(hours=1)
    site.leave()

    def age(days: int) -> int:
        for _ in range(days):
            site.park(days=1)
            owing.age(site.database, site.application.cashier)
            site.application.drain()
        return len(site.told(DebtReminded))

    assert age(12) == 2
    site.database.write(lambda uow: debts.dispute(uow, stay_id))
    site.database.write(lambda uow: debts.stand(uow, stay_id))
    assert age(12) == 4


def test_a_promise_beyond_what_was_set_aside_is_taken_over_and_shown_to_a_person(site: SiteStory) -> None:
    stay_id = site.enter()
    site.park(hours=1)
    leave_first(site, stay_id)
    assert site.reasons() == ["promise_over_credit"]
    assert debt(site, stay_id).agreement_id is None
    site.check()


def test_one_plate_has_one_agreement(site: SiteStory) -> None:
    first = enrol(site)
    assert enrol(site) == first
    with pytest.raises(ParkingError, match="end it first"):
        enrol(site, terms=Terms(1, 1, 1))
    site.database.write(lambda uow: agreements.end(uow, first))
    assert enrol(site, terms=Terms(1, 1, 1)) != first
    with pytest.raises(ParkingError, match="no such agreement"):
        site.database.write(lambda uow: agreements.end(uow, first))


@pytest.mark.parametrize("terms", [(-1, 5, 5), (6, 5, 5), (5, 10**9, 5), (True, 5, 5)])
def test_terms_that_make_no_sense_are_refused_by_name(terms: tuple[int, int, int]) -> None:
    with pytest.raises(ParkingError, match="should be"):
        Terms(*terms)


# --- collecting ------------------------------------------------------------------------------------------------------


def owing_car(site: SiteStory) -> StayId:
    """An enrolled car has left; its debt is due to be collected."""
    enrol(site)
    stay_id = site.enter()
    site.park(hours=1)
    leave_first(site, stay_id)
    return stay_id


def charges(site: SiteStory) -> list[str]:
    """The numbers under which the wallet was asked to charge."""
    return [number for operation, number in site.wallet.calls if operation == "charge"]


def wallet_collects(site: SiteStory) -> None:
    """Time passes; the wallet takes the money for whatever it has accepted, and is asked."""
    for _ in range(12):
        for number, held in site.wallet.orders.items():
            if held.outcome.state is OrderState.ACCEPTED:
                site.wallet.approve(number)
        site.park(minutes=11)
        site.application.drain()


@pytest.mark.req("PAY-1")
def test_a_debt_under_an_agreement_is_collected_without_anybodys_hand(site: SiteStory) -> None:
    site.wallet.standings[PLATE] = Standing.ENROLLED
    stay_id = owing_car(site)
    (accepted,) = site.database.read(lambda conn: site.application.cashier.payments_of(conn, stay_id))
    assert accepted.state is PaymentState.ACCEPTED
    wallet_collects(site)
    assert (debt(site, stay_id).state, site.sums(stay_id).debt) == (DebtState.PAID, 0)
    assert len(charges(site)) == 1
    site.check()


@pytest.mark.req("PAY-1")
def test_a_provider_that_says_no_is_asked_again_by_the_ladder_and_a_person_at_last(site: SiteStory) -> None:
    stay_id = owing_car(site)  # not enrolled: the provider refuses
    for _ in range(60):
        site.park(days=1)
        site.application.drain()
    left = debt(site, stay_id)
    assert (left.state, left.next_try_at) == (DebtState.OPEN, None)
    assert left.tries == len(site.application.cashier.later.policy.collect) == len(set(charges(site)))
    assert site.reasons().count("debt_uncollected") == 1
    assert site.sums(stay_id).debt == left.amount.minor
    site.check()


@pytest.mark.req("PAY-1", "PAY-3")
@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_answer_that_got_lost_charges_once(site: SiteStory, moment: Literal["before", "after"]) -> None:
    site.wallet.standings[PLATE] = Standing.ENROLLED
    site.wallet.fail_next("charge", moment, lambda: OutcomeUnknown("the line was cut"))
    stay_id = owing_car(site)
    wallet_collects(site)
    assert debt(site, stay_id).state is DebtState.PAID
    assert sum(held.captures for held in site.wallet.orders.values()) == 1
    assert site.sums(stay_id).captured == debt(site, stay_id).amount.minor
    site.check()


class PlateCompany:
    """A company that only charges by the plate: nobody can choose it at a counter, and it cannot close what it does not know."""

    def __init__(self, wallet: MemoryProvider) -> None:
        self.charge, self.query, self.statement = wallet.charge, wallet.query, wallet.statement


@pytest.mark.req("PAY-1")
def test_a_company_that_only_charges_by_plate_collects_debts_and_is_reconciled(site: SiteStory) -> None:
    site.wallet.standings[PLATE] = Standing.ENROLLED
    channels = {
        "wallet": Channel("wallet", "wallet", "wallet", Method.QR, MemoryProvider(site.clock)),
        "plate_pay": Channel("plate_pay", "plate", "plate", Method.PLATE, PlateCompany(site.wallet)),
    }
    site.application = build(demo_settings(), site.database, clock=site.clock, channels=channels)
    site.application.prepare()
    site.database.write(lambda uow: agreements.agree(uow, Plate(PLATE), "plate_pay", "contract-1", TERMS))
    stay_id = site.enter()
    site.park(hours=1)
    site.wallet.fail_next("charge", "before", lambda: OutcomeUnknown("the line was cut"))
    leave_first(site, stay_id)
    wallet_collects(site)
    assert debt(site, stay_id).state is DebtState.PAID
    assert len(set(charges(site))) == 1
    site.park(days=1)
    site.application.reconciler.look()
    assert site.database.read(reconciling.open_differences) == []
    site.check()
