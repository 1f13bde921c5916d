"""What somebody would try against a cash machine, or what goes wrong between two lines: no note is credited twice or to another, no
coin falls twice, and what nobody knows is told a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from parking.kernel.device import DeviceFault
from payments.cash import machine_books, machine_store, shifts
from payments.cash.base import PaidOut
from payments.cash.machine import CashMachine
from payments.cash.machine_model import Session, SessionState, Trouble, Why
from payments.cash.memory import MemoryHopper
from payments.cash.model import drawer
from tests.builders.cash_machine import Machine

pytestmark = pytest.mark.req("PAY-2", "KIOSK-1")


@pytest.fixture
def kiosk() -> Machine:
    return Machine()


class Meanwhile:
    """A device at which, once, something happens after it was asked and before its answer is used."""

    def __init__(self, device: Any, asked: str, happens: Callable[[], object]) -> None:
        self._device, self._asked, self._happens = device, asked, happens
        self._done = False

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._device, name)
        if name != self._asked or self._done:
            return found

        def ask(*args: Any, **more: Any) -> Any:
            answer = found(*args, **more)
            self._done = True
            self._happens()
            return answer

        return ask


def test_a_second_process_that_heard_of_a_note_later_than_it_was_booked_books_it_no_second_time(
    kiosk: Machine,
) -> None:
    session = kiosk.begins(minutes=60 * 6)  # ¥26
    kiosk.notes.insert(1000)
    slow = Meanwhile(kiosk.notes, "heard", lambda: kiosk.turns(3))
    second = CashMachine("kiosk-1", slow, {100: kiosk.hopper}, kiosk.database, kiosk.clock)
    for _ in range(4):
        second.step()
        kiosk.turns(1)
    assert (kiosk.notes.cashbox, kiosk.now(session).stored) == ([1000], 1000)
    kiosk.holds()


def test_old_news_of_an_acceptor_change_nothing(kiosk: Machine) -> None:
    session = kiosk.begins(minutes=60 * 6)
    since = kiosk.database.read(lambda conn: machine_store.acceptor(conn, "kiosk-1")).seen
    kiosk.notes.insert(1000)
    old = kiosk.notes.heard(since)
    kiosk.turns(3)
    assert kiosk.now(session).stored == 1000
    kiosk.database.write(lambda uow: machine_books.take_over(uow, "kiosk-1", old, since=since))
    kiosk.turns(3)
    assert kiosk.now(session).stored == 1000
    kiosk.holds()


def test_coins_of_which_nobody_knows_are_not_given_again_by_another_hopper(kiosk: Machine) -> None:
    fifties, counts = MemoryHopper(50, 100), {100: 20, 50: 100, 5000: 1}
    kiosk.database.write(lambda uow: shifts.count_between(uow, kiosk.shift.id, counts, by="anna"))
    kiosk.machine = CashMachine("kiosk-1", kiosk.notes, {100: kiosk.hopper, 50: fifties}, kiosk.database, kiosk.clock)
    session = kiosk.begins()

    def dead(*_: int) -> Any:
        raise DeviceFault("nobody there")

    kiosk.notes.insert(2000)
    kiosk.hopper.give = dead  # type: ignore[method-assign,assignment]
    kiosk.turns(4)
    kiosk.clock.advance(timedelta(seconds=31))
    kiosk.turns(6)
    over = kiosk.now(session)
    assert (over.state, over.given, over.owed) == (SessionState.OVER, 0, 1000)
    assert fifties.coins == 100, "ten coins may have fallen already: a person decides"
    assert kiosk.cases() == ["cash_change_unknown"]


def test_a_coin_too_many_is_booked_as_it_fell_and_is_owed_to_nobody(kiosk: Machine) -> None:
    session, give = kiosk.begins(), kiosk.hopper.give

    def generous(coins: int) -> PaidOut:
        return PaidOut(coins, give(coins + 1).given)

    kiosk.hopper.give = generous  # type: ignore[method-assign]
    kiosk.notes.insert(2000)
    kiosk.turns(8)
    over = kiosk.now(session)
    assert (over.state, over.to_give, over.given, over.slip) == (SessionState.OVER, 1000, 1000, None)
    assert kiosk.account(drawer("kiosk-1")) == 2000 + 5000 + 2000 - 1100
    assert (kiosk.account("held:kiosk-1"), kiosk.account("cash_over_short")) == (0, 100)


def test_a_note_that_is_stored_after_we_gave_up_on_it_is_nobody_elses(kiosk: Machine) -> None:
    """The acceptor says nothing of it for half a minute; its owner cancels, the next one begins; then it says: stored."""
    first = kiosk.begins()
    kiosk.notes.insert(1000)
    route, late = kiosk.notes.route, []

    def stuck(*, store: bool) -> bool:
        late.append(store)
        return True  # on its way, and then nothing

    kiosk.notes.route = stuck  # type: ignore[method-assign]
    kiosk.turns(2)
    kiosk.clock.advance(timedelta(seconds=31))
    kiosk.turns(2)
    kiosk.cancels(first)
    assert kiosk.now(first).state is SessionState.OVER
    assert kiosk.cases() == ["cash_note_unknown"]
    acceptor = kiosk.database.read(lambda conn: machine_store.acceptor(conn, "kiosk-1"))
    assert acceptor.trouble is Trouble.FAULT, "it takes nothing until somebody has looked into it"
    second = kiosk.database.write(lambda uow: machine_books.begin(uow, "kiosk-1", kiosk.paying, key="k2"))
    route(store=True)
    kiosk.turns(3)
    assert kiosk.now(second).stored == 0, "it is the first one's"
    assert kiosk.account("held:kiosk-1") == 0
    assert len(kiosk.cases()) == 2
    kiosk.holds()


@pytest.mark.parametrize("minutes", [-60, 2])
def test_a_clock_that_is_put_right_neither_holds_a_note_back_nor_gives_up_on_it(kiosk: Machine, minutes: int) -> None:
    session = kiosk.begins()
    kiosk.notes.breaks = ["before"]
    kiosk.notes.insert(1000)
    kiosk.turns(1)  # the order was not heard
    kiosk.clock.jump(timedelta(minutes=minutes))
    kiosk.turns(4)
    over = kiosk.now(session)
    assert (kiosk.notes.cashbox, over.stored) == ([1000], 1000)
    assert kiosk.cases() == []
    kiosk.holds()


def test_whoever_walks_away_while_the_clock_is_put_back_leaves_nothing_open(kiosk: Machine) -> None:
    session = kiosk.begins()
    assert kiosk.puts(500)
    kiosk.clock.jump(timedelta(hours=-3))
    kiosk.clock.advance(timedelta(seconds=61))
    kiosk.turns()
    assert (kiosk.now(session).why, kiosk.now(session).given) == (Why.EXPIRED, 500)


class Forgetful(MemoryHopper):
    """Just switched on: its counter stands at zero, and does so again after a loss of power."""

    def gave_since(self, mark: int, coins: int) -> PaidOut | None:
        if mark == self.mark() == 0:
            raise DeviceFault("not moved, or its power was lost")
        return super().gave_since(mark, coins)


def test_a_hopper_that_was_just_switched_on_gives(kiosk: Machine) -> None:
    session = with_a_forgetful_hopper(kiosk)
    kiosk.turns(4)
    assert (kiosk.now(session).given, kiosk.hopper.coins) == (1000, 10)
    kiosk.holds()


def test_a_hopper_that_loses_its_power_after_it_gave_does_not_give_again(kiosk: Machine) -> None:
    session, give = with_a_forgetful_hopper(kiosk), kiosk.hopper.give

    def cut(coins: int) -> PaidOut:
        give(coins)
        kiosk.hopper._payouts.clear()  # the power of the whole kiosk is lost
        raise DeviceFault("its answer was lost")

    kiosk.hopper.give = cut  # type: ignore[method-assign]
    kiosk.turns(4)
    kiosk.hopper.give = give  # type: ignore[method-assign]
    kiosk.clock.advance(timedelta(seconds=31))
    kiosk.turns(3)
    assert (kiosk.hopper.coins, kiosk.now(session).owed) == (10, 1000)
    assert kiosk.cases() == ["cash_change_unknown"]


def with_a_forgetful_hopper(kiosk: Machine) -> Session:
    kiosk.hopper = Forgetful(100, 20)  # type: ignore[assignment]
    kiosk.restart()
    session = kiosk.begins()
    kiosk.notes.insert(2000)
    return session
