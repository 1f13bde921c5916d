"""What a note acceptor promises, asked of the fake and of the real adapter over a real socket; and its bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware_sim.devices.cash_desk import HopperSim
from hardware_sim.devices.note_acceptor import NoteAcceptorSim
from parking.kernel.device import DeviceFault, DeviceRefused
from payments.cash import wire
from payments.cash.base import GivesCoins, Heard, NoteEvent, NoteWord, RemembersPayouts, TakesNotes
from payments.cash.memory import MemoryHopper, MemoryNotes
from payments.cash.registry import ACCEPTORS, HOPPERS
from payments.cash.wire import Message

pytestmark = pytest.mark.req("PAY-2")
NOTES = {1: 500, 2: 1000, 3: 2000, 4: 5000, 5: 10_000}
WHERE: dict[str, Any] = {"host": "127.0.0.1", "answer_s": 20.0, "notes": NOTES}
IMPATIENT = {**WHERE, "answer_s": 0.15}
"""For answers that never come."""


@pytest.fixture
def sim() -> Iterator[NoteAcceptorSim]:
    acceptor = NoteAcceptorSim(NOTES, holds_most=3)
    acceptor.start()
    yield acceptor
    acceptor.stop()


@pytest.fixture(params=["memory", "cctalk"])
def acceptor(request: pytest.FixtureRequest) -> tuple[TakesNotes, Any]:
    """An acceptor, and the hand that inserts."""
    if request.param == "cctalk":
        hand = request.getfixturevalue("sim")
        return ACCEPTORS.get("cctalk")(port=hand.port, **WHERE), hand
    device = ACCEPTORS.get("memory")(notes=NOTES)
    assert isinstance(device, MemoryNotes)
    device.holds_most = 3
    return device, device


def words(heard: Heard) -> list[tuple[str, int]]:
    return [(one.word.value, one.note) for one in heard.events]


def test_a_note_is_held_until_it_is_stored_or_given_back_and_all_is_told_once(acceptor: tuple[TakesNotes, Any]) -> None:
    device, hand = acceptor
    assert device.notes == (500, 1000, 2000, 5000, 10_000)
    start = device.heard(None).counter
    device.admit([1000, 5000])
    assert hand.insert(5000)
    held = device.heard(start)
    assert words(held) == [("escrow", 5000)]
    assert device.heard(start) == held  # asked again, the same again
    assert not hand.insert(1000)  # one place only
    assert device.route(store=True)
    stored = device.heard(held.counter)
    assert words(stored) == [("stored", 5000)]
    assert hand.insert(1000)
    assert device.route(store=False)
    assert words(device.heard(stored.counter)) == [("escrow", 1000), ("returned", 0)]
    assert hand.cashbox == [5000]
    assert not device.route(store=True)


def test_what_is_not_admitted_stays_in_the_hand(acceptor: tuple[TakesNotes, Any]) -> None:
    device, hand = acceptor
    start = device.heard(None).counter
    device.admit([1000])
    assert not hand.insert(10_000)
    assert words(device.heard(start)) == [("refused", 0)]
    device.admit([])
    assert not hand.insert(1000)
    with pytest.raises(DeviceRefused):
        device.admit([777])


def test_a_full_cashbox_is_told_and_takes_no_more(acceptor: tuple[TakesNotes, Any]) -> None:
    device, hand = acceptor
    device.admit([1000])
    for _ in range(3):
        before = device.heard(None).counter
        assert hand.insert(1000)
        assert device.route(store=True)
    assert words(device.heard(before)) == [("escrow", 1000), ("stored", 1000), ("full", 0)]


def test_a_lost_answer_stores_one_note_and_tells_it_once(sim: NoteAcceptorSim) -> None:
    device = ACCEPTORS.get("cctalk")(port=sim.port, **IMPATIENT)
    device.admit([1000])
    start = device.heard(None).counter
    assert sim.insert(1000)
    sim.lost_answers = 1
    with pytest.raises(DeviceFault):
        device.route(store=True)
    assert not device.route(store=True)  # it had heard us
    assert words(device.heard(start)) == [("escrow", 1000), ("stored", 1000)]
    assert sim.cashbox == [1000]
    sim.deaf_routes = 1
    assert sim.insert(1000)
    with pytest.raises(DeviceFault):
        device.route(store=True)
    assert device.route(store=True)  # it had not
    assert sim.cashbox == [1000, 1000]


def test_a_jam_and_a_loss_of_power_are_told(sim: NoteAcceptorSim) -> None:
    device = ACCEPTORS.get("cctalk")(port=sim.port, **WHERE)
    device.admit([1000])
    assert sim.insert(1000)
    sim.jams_next = True
    assert not device.route(store=True)
    jammed = device.heard(0)
    assert words(jammed) == [("escrow", 1000), ("jam", 0)]
    sim.mend()
    assert words(device.heard(jammed.counter)) == [("no_box", 0), ("ready", 0)]
    sim.lose_power()
    assert device.heard(jammed.counter) == Heard(0, missed=True)
    sim.stop()
    with pytest.raises(DeviceFault):
        device.heard(0)


@pytest.fixture(params=["memory", "cctalk"])
def hopper(request: pytest.FixtureRequest) -> Iterator[Any]:
    if request.param == "memory":
        yield HOPPERS.get("memory")(coin_minor=100, coins=6)
        return
    sim = HopperSim(6)
    sim.start()
    yield HOPPERS.get("cctalk")(host="127.0.0.1", port=sim.port, coin_minor=100, answer_s=20.0)
    sim.stop()


def test_a_hopper_tells_whoever_was_not_there_what_its_last_payout_gave(hopper: Any) -> None:
    assert isinstance(hopper, RemembersPayouts)
    gives: GivesCoins = hopper  # type: ignore[assignment]  # both
    gives.give(1)
    mark = hopper.mark()
    assert hopper.gave_since(mark, 3) is None  # nothing was begun
    paid = gives.give(3)
    assert hopper.gave_since(mark, 3) == paid
    with pytest.raises(DeviceFault):
        hopper.gave_since(mark, 2)  # it was another payout
    short = hopper.mark()
    assert gives.give(3).given == 2
    told = hopper.gave_since(short, 3)
    assert told is not None
    assert (told.wanted, told.given) == (3, 2)
    with pytest.raises(DeviceFault):
        hopper.gave_since(mark, 3)  # two payouts ago: it cannot tell
    assert isinstance(HOPPERS.get("memory")(coin_minor=1), MemoryHopper)


def test_a_hopper_that_has_lost_its_power_says_that_it_cannot_tell() -> None:
    sim = HopperSim(20)
    sim.start()
    hopper = HOPPERS.get("cctalk")(host="127.0.0.1", port=sim.port, coin_minor=100, answer_s=20.0)
    try:
        assert isinstance(hopper, RemembersPayouts)
        assert isinstance(hopper, GivesCoins)
        for given in (3, 6):  # its first payout ever, and a later one
            mark = hopper.mark()
            hopper.give(3)
            sim.lose_power()
            with pytest.raises(DeviceFault):
                hopper.gave_since(mark, 3)  # never None: three coins have fallen
            assert sim.given == given
            hopper.give(1)
            sim.given -= 1
    finally:
        sim.stop()


def test_a_slow_hopper_is_waited_for_as_long_as_coins_fall() -> None:
    sim = HopperSim(30)
    sim.looks_a_coin = 40
    sim.start()
    try:
        hopper = HOPPERS.get("cctalk")(host="127.0.0.1", port=sim.port, coin_minor=100, answer_s=20.0, look_s=0.0)
        assert isinstance(hopper, GivesCoins)
        assert hopper.give(20).given == 20
    finally:
        sim.stop()


def test_the_bytes_of_a_note_acceptor_both_ways() -> None:
    poll = bytes.fromhex("2800019f38")  # 28+00+01+9f+38 = 0x100
    assert wire.encode(Message(wire.NOTES, wire.HOST, wire.BILL_EVENTS)) == poll
    assert wire.decode(poll) == (Message(40, 1, 159), 5)
    store = bytes.fromhex("2801019a013b")
    assert wire.encode(Message(wire.NOTES, wire.HOST, wire.ROUTE_BILL, b"\x01")) == store
    assert wire.inhibits_of([1, 2, 5]) == bytes.fromhex("1300")
    assert wire.inhibits_of([9]) == bytes.fromhex("0001")
    with pytest.raises(ValueError, match="1 to 16"):
        wire.inhibits_of([17])
    reply = bytes.fromhex("0703000301" + "0002" + "0000" * 2)  # the counter stands at 7; newest first
    assert wire.events_reply(7, [(3, 0), (3, 1), (0, 2)]) == reply
    note = [NoteEvent(NoteWord.ESCROW, 2000), NoteEvent(NoteWord.STORED, 2000)]
    assert wire.heard_of(reply, 5, NOTES) == Heard(7, tuple(note))
    assert wire.heard_of(reply, 7, NOTES) == Heard(7)
    assert wire.heard_of(reply, None, NOTES) == Heard(7)
    assert wire.heard_of(reply, 1, NOTES).missed  # six are new, five are kept
    assert wire.heard_of(bytes(11), 9, NOTES) == Heard(0, missed=True)
    with pytest.raises(ValueError, match="events"):
        wire.heard_of(reply[:-1], 5, NOTES)


@given(st.integers(0, 255), st.lists(st.integers(1, 5), min_size=0, max_size=9))
def test_what_is_new_is_told_whole_or_said_to_be_missed_wherever_the_counter_runs_round(
    start: int, stored: list[int]
) -> None:
    counter = start
    for _ in stored:
        counter = counter % 255 + 1
    heard = wire.heard_of(wire.events_reply(counter, [(kind, 0) for kind in reversed(stored)]), start, NOTES)
    assert (heard.counter, heard.missed) == (counter, len(stored) > 5)
    assert [one.note for one in heard.events] == [NOTES[kind] for kind in stored][-5:]
