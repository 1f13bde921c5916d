"""Every relay board of the family with its world: what a test switches, whatever kind of board it is.

A new kind of board joins the contract suite with one line in `WORLDS`, or in `WIRED` as well when it has a wire that can fail.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Protocol, Self

from hardware_sim.devices.http_relay import HttpRelaySim
from hardware_sim.devices.relay_board import RelayBoardSim
from parking.gate.relays import wire
from parking.gate.relays.base import RelayBoard
from parking.gate.relays.http_relay import HttpRelay
from parking.gate.relays.memory import MemoryBoard
from parking.gate.relays.modbus_tcp import BoardMap, ModbusBoard, ModbusSettings
from parking.kernel.clock import ManualClock
from tests.builders.gate import NOON

TIMEOUT_S = 0.3
PASSWORD = "s3cret of the cabinet"


class Physical(Protocol):
    """What both the board in memory and the simulated device let a test do."""

    gone: bool
    lost_answers: int
    welded: set[int]
    unconfirmed: set[int]

    def set_input(self, index: int, on: bool) -> None: ...

    def coil_is_on(self, coil: int) -> bool: ...


class Wired(Physical, Protocol):
    """What a simulated device on a wire lets a test do besides."""

    mute: bool
    late_s: float
    drip_s: float


class BoardWorld:
    """A board to be spoken to, the physical side of it, and the one clock of both."""

    def __init__(self, board: RelayBoard, physical: Physical, clock: ManualClock, stop: Callable[[], None]) -> None:
        self.board = board
        self.physical = physical
        self.clock = clock
        self._stop = stop

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    def stop(self) -> None:
        self.board.close()
        self._stop()


class WiredWorld(BoardWorld):
    """The same with a wire; `lie` makes the device answer another question than the one that was asked, `babble` talk nonsense."""

    def __init__(
        self,
        board: RelayBoard,
        device: Wired,
        clock: ManualClock,
        stop: Callable[[], None],
        *,
        lie: Callable[[bool], None],
        babble: Callable[[bool], None],
    ) -> None:
        super().__init__(board, device, clock, stop)
        self.device = device
        self.lie = lie
        self.babble = babble


def memory_world() -> BoardWorld:
    clock = ManualClock(NOON)
    board = MemoryBoard(clock)
    return BoardWorld(board, board, clock, lambda: None)


def modbus_world(board_map: BoardMap = BoardMap.WAVESHARE) -> WiredWorld:
    clock = ManualClock(NOON)
    device = RelayBoardSim(clock)
    device.start()
    settings = ModbusSettings("127.0.0.1", device.port, board_map=board_map, timeout_s=TIMEOUT_S)

    def lie(on: bool) -> None:
        device.disguise = (lambda f: wire.encode(wire.Frame(f.transaction ^ 1, f.unit, f.pdu))) if on else None

    def babble(on: bool) -> None:
        device.disguise = (lambda frame: b"HTTP/1.1 400 Bad Request\r\n\r\n") if on else None

    return WiredWorld(ModbusBoard(settings, clock), device, clock, device.stop, lie=lie, babble=babble)


def dam_world() -> WiredWorld:
    return modbus_world(BoardMap.DAM)


def http_world() -> WiredWorld:
    clock = ManualClock(NOON)
    device = HttpRelaySim(clock, password=PASSWORD)
    device.start()
    settings = ModbusSettings("127.0.0.1", device.port, password=PASSWORD, timeout_s=TIMEOUT_S)

    def lie(on: bool) -> None:
        device.disguise = (lambda body: body.replace(b'"id": ', b'"id": 9', 1)) if on else None

    def babble(on: bool) -> None:
        device.disguise = (lambda body: b"<html>welcome</html>") if on else None

    return WiredWorld(HttpRelay(settings, clock), device, clock, device.stop, lie=lie, babble=babble)


WIRED: dict[str, Callable[[], WiredWorld]] = {"waveshare": modbus_world, "dam": dam_world, "http_relay": http_world}
WORLDS: dict[str, Callable[[], BoardWorld]] = {"memory": memory_world, **WIRED}


class RecordingBoard:
    """A simulated board that keeps every request PDU it got."""

    def __init__(self) -> None:
        self.pdus: list[bytes] = []
        self._device = RelayBoardSim(ManualClock(NOON))
        answer = self._device.answer

        def record(pdu: bytes) -> bytes | None:
            self.pdus.append(pdu)
            return answer(pdu)

        self._device.answer = record  # type: ignore[method-assign]  # listening in is the point

    @property
    def port(self) -> int:
        return self._device.port

    def __enter__(self) -> Self:
        self._device.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._device.stop()
