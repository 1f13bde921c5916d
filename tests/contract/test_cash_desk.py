"""What a cash drawer and a hopper promise, asked of the fakes and of the real adapters over a real socket; and their bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware_sim.devices.cash_desk import DrawerPrinterSim, HopperSim
from parking.kernel.device import DeviceFault, DeviceRefused
from payments.cash import wire
from payments.cash.base import GivesCoins, OpensDrawer, SeesDrawer
from payments.cash.change import change
from payments.cash.memory import MemoryDrawer, MemoryHopper
from payments.cash.registry import DRAWERS, HOPPERS
from payments.cash.wire import Message

pytestmark = pytest.mark.req("PAY-2")
WHERE: dict[str, Any] = {"host": "127.0.0.1", "answer_s": 20.0}


@pytest.fixture(params=["memory", "escpos"])
def drawer(request: pytest.FixtureRequest) -> Iterator[tuple[Any, Callable[[], None]]]:
    """A drawer and the hand that shuts it."""
    if request.param == "memory":
        memory = DRAWERS.get("memory")()
        assert isinstance(memory, MemoryDrawer)
        yield memory, memory.shut
        return
    sim = DrawerPrinterSim()
    sim.start()
    yield DRAWERS.get("escpos")(port=sim.port, **WHERE), sim.shut
    sim.stop()


def test_a_drawer_opens_at_a_pulse_and_says_so(drawer: tuple[Any, Callable[[], None]]) -> None:
    device, shut = drawer
    assert isinstance(device, SeesDrawer)
    assert not device.drawer_is_open()
    assert isinstance(device, OpensDrawer)
    device.open_drawer()
    assert isinstance(device, SeesDrawer)
    assert device.drawer_is_open()
    shut()
    assert not device.drawer_is_open()


@pytest.fixture(params=["memory", "cctalk"])
def hopper(request: pytest.FixtureRequest) -> Iterator[GivesCoins]:
    if request.param == "memory":
        yield HOPPERS.get("memory")(coin_minor=100, coins=10)
        return
    sim = HopperSim(10)
    sim.start()
    yield HOPPERS.get("cctalk")(port=sim.port, coin_minor=100, **WHERE)
    sim.stop()


def test_a_hopper_gives_what_is_asked_and_says_when_it_is_short(hopper: GivesCoins) -> None:
    assert hopper.coin_minor == 100
    assert [hopper.give(coins).given for coins in (3, 3, 9, 1)] == [3, 3, 4, 0]
    for wrong in (0, 256):
        with pytest.raises(DeviceRefused):
            hopper.give(wrong)


def test_a_lost_answer_gives_no_coin_twice() -> None:
    sim = HopperSim(10)
    sim.start()
    device = HOPPERS.get("cctalk")(host="127.0.0.1", port=sim.port, coin_minor=100, answer_s=2.0)
    try:
        sim.lost_answers = 1
        assert device.give(4).given == 4
        sim.deaf_payouts = 1
        with pytest.raises(DeviceFault):
            device.give(2)
        assert (sim.given, sim.coins) == (4, 6)
    finally:
        sim.stop()


def test_nobody_there_is_a_fault() -> None:
    sim = DrawerPrinterSim()
    sim.start()
    port = sim.port
    sim.stop()
    with pytest.raises(DeviceFault):
        DRAWERS.get("escpos")(host="127.0.0.1", port=port).open_drawer()
    assert isinstance(HOPPERS.get("memory")(coin_minor=1), MemoryHopper)


def test_the_bytes_of_a_cash_desk_both_ways() -> None:
    assert wire.drawer_pulse() == bytes.fromhex("1b700032fa")
    assert wire.drawer_pulse(connector=1, on_ms=50, off_ms=100) == bytes.fromhex("1b70011932")
    assert [wire.pin_is_high(byte) for byte in (0x12, 0x16)] == [False, True]
    with pytest.raises(ValueError, match="status"):
        wire.pin_is_high(0x00)
    poll = bytes.fromhex("030001a656")  # status of hopper 3: 03+00+01+a6+56 = 0x100
    assert wire.encode(Message(3, 1, wire.STATUS)) == poll
    assert wire.decode(poll + b"\x01") == (Message(3, 1, wire.STATUS), 5)
    assert all(wire.decode(poll[:length]) == (None, 0) for length in range(5))
    with pytest.raises(ValueError, match="checksum"):
        wire.decode(poll[:-1] + b"\x57")


@given(st.integers(0, 400), st.dictionaries(st.sampled_from([1, 5, 10, 20, 50, 100]), st.integers(0, 6)))
def test_change_is_exact_within_what_is_there_or_there_is_none(minor: int, there: dict[int, int]) -> None:
    given_out = change(minor, there)
    reachable = {0}
    for value, count in there.items():
        reachable = {r + value * n for r in reachable for n in range(count + 1)}
    assert (given_out is not None) == (minor in reachable)
    if given_out is not None:
        assert sum(value * count for value, count in given_out.items()) == minor
        assert not Counter(given_out) - Counter(there)
