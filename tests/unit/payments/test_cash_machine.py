"""A cash machine from the first note to the last coin: what is stored is booked once, and whatever crashes or jams, no money is lost."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parking.kernel.device import DeviceFault
from parking.kernel.errors import ParkingError
from parking.kernel.money import Money
from payments.cash import machine_books, machine_store, shifts
from payments.cash.change import as_much, change, takeable
from payments.cash.machine_model import SessionState, Trouble, Why
from tests.builders.cash_machine import NOTES, Machine

pytestmark = pytest.mark.req("PAY-2", "KIOSK-1")


@pytest.fixture
def kiosk() -> Machine:
    return Machine()


def test_notes_pay_the_fee_and_the_change_comes_in_coins(kiosk: Machine) -> None:
    session = kiosk.begins()  # two hours: ¥10
    assert session.due.minor == 1000
    assert kiosk.puts(500)
    assert (kiosk.now(session).stored, kiosk.now(session).left, kiosk.paid()) == (500, 500, False)
    assert kiosk.account("held:kiosk-1") == -500
    assert kiosk.puts(2000)
    kiosk.turns()
    over = kiosk.now(session)
    assert (over.state, over.why, over.to_give, over.given, over.owed) == (SessionState.OVER, Why.PAID, 1500, 1500, 0)
    assert kiosk.paid()
    assert (kiosk.notes.cashbox, kiosk.hopper.coins) == ([500, 2000], 5)
    assert kiosk.account("held:kiosk-1") == 0
    assert not kiosk.puts(500)  # nobody pays any more: nothing is drawn in
    kiosk.holds()
    assert kiosk.cases() == []


def test_a_note_whose_change_cannot_be_given_is_not_even_drawn_in() -> None:
    kiosk = Machine(coins=6)
    session = kiosk.begins()
    assert not kiosk.puts(2000)
    assert not kiosk.puts(10_000)
    assert kiosk.puts(500)
    assert not kiosk.puts(2000)  # fifteen coins
    assert kiosk.puts(1000)  # five
    kiosk.turns()
    assert (kiosk.now(session).given, kiosk.hopper.coins, kiosk.paid()) == (500, 1, True)
    kiosk.holds()


def test_whoever_cancels_gets_the_held_note_back_and_what_was_stored_in_coins_and_the_rest_on_a_slip(
    kiosk: Machine,
) -> None:
    session = kiosk.begins(minutes=60 * 6)  # ¥26
    assert kiosk.puts(2000)
    assert kiosk.puts(500)
    kiosk.notes.insert(500)
    kiosk.cancels(session)
    over = kiosk.now(session)
    assert kiosk.notes.cashbox == [2000, 500]
    assert (over.why, over.to_give, over.given, over.owed) == (Why.CANCELLED, 2500, 2000, 500)
    assert over.slip
    assert not kiosk.paid()
    assert kiosk.account("held:kiosk-1") == -500
    kiosk.holds()
    till = kiosk.database.write(
        lambda uow: shifts.open_shift(
            uow, "desk-1", "CNY", {100: 90}, brought=9000, reason=None, by="anna", key="o2", audit=kiosk.audit
        )
    ).till
    pay = partial(machine_books.hand_out, till=till, slip=str(over.slip), by="anna", audit=kiosk.audit)
    kiosk.database.write(pay)
    with pytest.raises(ParkingError, match="handed out before"):
        kiosk.database.write(pay)
    assert (kiosk.account("held:kiosk-1"), kiosk.account("drawer:desk-1")) == (0, 8500)
    assert kiosk.now(session).owed == 0
    assert ("cash.slip_handed_out", session.id, "5.00 CNY") in [(a, s, r) for a, s, r in kiosk.told]


def test_a_hopper_that_is_emptier_than_was_counted_leaves_a_slip_and_is_not_trusted_again(kiosk: Machine) -> None:
    kiosk = Machine(filled=3)
    session = kiosk.begins()
    assert kiosk.puts(2000)
    kiosk.turns()
    over = kiosk.now(session)
    assert (over.given, over.owed, kiosk.paid()) == (300, 700, True)
    kiosk.holds()
    stock = kiosk.database.read(lambda conn: machine_store.stock(conn, kiosk.shift, [100]))
    assert stock == {100: 0}


@pytest.mark.parametrize("how", ["before", "after"])
def test_an_order_whose_answer_is_lost_counts_its_note_once(kiosk: Machine, how: str) -> None:
    session = kiosk.begins()
    kiosk.notes.breaks = [how, how]
    assert kiosk.puts(1000)
    kiosk.turns(10)
    assert (kiosk.notes.cashbox, kiosk.now(session).stored, kiosk.paid()) == ([1000], 1000, True)
    kiosk.holds()


@pytest.mark.parametrize("after", range(6))
def test_a_server_that_dies_at_any_step_asks_the_devices_what_became_of_it(kiosk: Machine, after: int) -> None:
    session = kiosk.begins()
    kiosk.hopper.cut = 1
    kiosk.notes.insert(2000)
    for _ in range(after):
        kiosk.machine.step()
    kiosk.restart()
    kiosk.turns(12)
    over = kiosk.now(session)
    assert (over.state, over.stored, over.given, over.owed) == (SessionState.OVER, 2000, 1000, 0)
    assert (kiosk.notes.cashbox, kiosk.hopper.coins, kiosk.paid()) == ([2000], 10, True)
    kiosk.holds()
    assert kiosk.cases() == []


def test_a_note_that_was_stored_while_the_server_was_away_is_booked_when_it_is_back(kiosk: Machine) -> None:
    session = kiosk.begins()
    kiosk.notes.insert(1000)
    decided = kiosk.database.write(lambda uow: machine_books.take_over(uow, "kiosk-1", kiosk.notes.heard(0), since=0))
    assert decided.held == 1000
    kiosk.database.write(lambda uow: machine_books.decide(uow, "kiosk-1", NOTES, [100]))
    kiosk.notes.route(store=True)  # and in this moment the power of the server fails
    kiosk.restart()
    kiosk.turns()
    assert kiosk.now(session).stored == 1000
    assert kiosk.paid()
    kiosk.holds()


def test_a_jam_asks_a_person_and_what_was_stored_before_it_goes_back(kiosk: Machine) -> None:
    session = kiosk.begins()
    assert kiosk.puts(500)
    kiosk.notes.insert(500)
    kiosk.notes.jams = True
    kiosk.turns(2)
    acceptor = kiosk.database.read(lambda conn: machine_store.acceptor(conn, "kiosk-1"))
    assert acceptor.trouble is Trouble.JAM
    assert kiosk.cases() == ["cash_note_unknown"]
    kiosk.cancels(session)
    over = kiosk.now(session)
    assert (over.stored, over.given, over.state) == (500, 500, SessionState.OVER)
    kiosk.holds()


def test_a_full_cashbox_still_counts_the_note_that_filled_it(kiosk: Machine) -> None:
    kiosk.notes.holds_most = 1
    session = kiosk.begins()
    assert kiosk.puts(1000)
    assert (kiosk.now(session).stored, kiosk.paid()) == (1000, True)
    acceptor = kiosk.database.read(lambda conn: machine_store.acceptor(conn, "kiosk-1"))
    assert acceptor.trouble is Trouble.FULL


def test_a_payment_that_was_made_by_phone_meanwhile_gives_the_notes_back(kiosk: Machine) -> None:
    session = kiosk.begins()
    assert kiosk.puts(500)
    by_phone = kiosk.begin(key="phone")  # the cash order is closed first
    assert by_phone.channel == "wallet"
    kiosk.turns()
    over = kiosk.now(session)
    assert (over.why, over.given, over.state) == (Why.NOT_DUE, 500, SessionState.OVER)
    kiosk.holds()


def test_whoever_walks_away_leaves_nothing_open(kiosk: Machine) -> None:
    session = kiosk.begins()
    assert kiosk.puts(500)
    kiosk.clock.advance(timedelta(seconds=61))
    kiosk.turns()
    assert (kiosk.now(session).why, kiosk.now(session).given) == (Why.EXPIRED, 500)
    kiosk.holds()


def test_one_conversation_at_a_machine_and_no_count_while_somebody_pays(kiosk: Machine) -> None:
    session = kiosk.begins()
    again = kiosk.database.write(lambda uow: machine_books.begin(uow, "kiosk-1", kiosk.paying, key="k1"))
    assert again.id == session.id
    kiosk.cancels(session)
    second = kiosk.database.write(lambda uow: machine_books.begin(uow, "kiosk-1", kiosk.paying, key="k2"))
    with pytest.raises(ParkingError, match="somebody is paying"):
        kiosk.database.write(
            lambda uow: shifts.close_shift(
                uow, kiosk.shift.id, {}, take_out=0, reason="home", by="anna", audit=kiosk.audit
            )
        )
    assert second.id != session.id


def test_a_coin_whose_payout_nobody_knows_of_is_a_persons_and_owed(kiosk: Machine) -> None:
    session = kiosk.begins()

    def dead(*_: int) -> Any:
        raise DeviceFault("nobody there")

    assert kiosk.notes.insert(2000)
    kiosk.hopper.give = dead  # type: ignore[method-assign,assignment]
    kiosk.turns(4)
    assert kiosk.now(session).state is SessionState.GIVING
    kiosk.clock.advance(timedelta(seconds=31))
    kiosk.turns(3)
    over = kiosk.now(session)
    assert (over.state, over.owed) == (SessionState.OVER, 1000)
    assert kiosk.cases() == ["cash_change_unknown"]
    kiosk.holds()


@given(
    st.integers(1, 300).map(lambda n: n * 100),
    st.sets(st.sampled_from(NOTES), min_size=1),
    st.integers(0, 12),
    st.data(),
)
@settings(max_examples=25)
def test_whoever_puts_in_only_notes_that_are_taken_always_comes_to_an_end_with_exact_change(
    due: int, notes: set[int], coins: int, data: st.DataObject
) -> None:
    left, there = due, {100: coins}
    taken = takeable(left, notes, there)
    if not taken:
        return
    while left > 0:
        left -= data.draw(st.sampled_from(sorted(taken)))
        taken = takeable(left, notes, there)
        assert taken or left <= 0  # no dead end
    assert change(-left, there) is not None


@settings(max_examples=40)
@given(st.integers(0, 60), st.dictionaries(st.sampled_from([1, 2, 5, 10]), st.integers(0, 4)))
def test_as_much_as_there_is_never_more_than_is_owed(minor: int, there: dict[int, int]) -> None:
    found = as_much(minor, there)
    total = sum(value * count for value, count in found.items())
    assert total <= minor
    assert all(count <= there[value] for value, count in found.items())
    assert total == minor or change(minor, there) is None


def test_two_moves_whose_keys_begin_alike_are_two_moves(kiosk: Machine) -> None:
    for number in (1, 2):
        key = f"to-the-safe-2026-11-29-kiosk-1-{number}"
        kiosk.database.write(
            lambda uow, key=key: shifts.move(  # type: ignore[misc]
                uow, kiosk.shift.id, Money(-1000, "CNY"), key=key, by="anna", reason="full", audit=kiosk.audit
            )
        )
    assert kiosk.account("safe:cash") == -(2000 + 5000) + 2000
