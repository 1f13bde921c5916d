"""Every relay board of the family with its world: what a test switches, whatever kind of board it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Protocol, Self

from hardware_sim.devices.relay_board import RelayBoardSim
from parking.gate.relays.base import RelayBoard
from parking.gate.relays.memory import MemoryBoard
from parking.gate.relays.modbus_tcp import BoardMap, ModbusBoard, ModbusSettings
from parking.kernel.clock import ManualClock
from tests.builders.gate import NOON


class Physical(Protocol):
    """What both the board in memory and the simulated device let a test do."""

    gone: bool
    lost_answers: int
    welded: set[int]
    unconfirmed: set[int]

    def set_input(self, index: int, on: bool) -> None: ...

    def coil_is_on(self, coil: int) -> bool: ...


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


def memory_world() -> BoardWorld:
    clock = ManualClock(NOON)
    board = MemoryBoard(clock)
    return BoardWorld(board, board, clock, lambda: None)


def modbus_world(board_map: BoardMap = BoardMap.WAVESHARE) -> BoardWorld:
    clock = ManualClock(NOON)
    device = RelayBoardSim(clock)
    device.start()
    settings = ModbusSettings("127.0.0.1", device.port, board_map=board_map, timeout_s=0.3)
    return BoardWorld(ModbusBoard(settings, clock), device, clock, device.stop)


def dam_world() -> BoardWorld:
    return modbus_world(BoardMap.DAM)


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
