"""Every relay board of the family with its world: what a test switches, whatever kind of board it is.

A new kind of board joins the contract suite with one line in `WORLDS`, or in `WIRED` as well when it has a wire that can fail.
"""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TypeVar

from hardware_sim.devices.gpio_chip import ChipWorld, SimulatedLines, make_chip
from hardware_sim.devices.http_relay import HttpRelaySim
from hardware_sim.devices.relay_board import RelayBoardSim
from parking.gate.relays import gpio_wire, wire
from parking.gate.relays.base import BoardState, RelayBoard
from parking.gate.relays.gpio import GpioBoard
from parking.gate.relays.gpio_chip import LineRequest
from parking.gate.relays.gpio_keeper import Keeper, address_of
from parking.gate.relays.http_relay import HttpRelay
from parking.gate.relays.memory import MemoryBoard
from parking.gate.relays.modbus_tcp import ModbusBoard, ModbusSettings
from parking.gate.relays.settings import BoardMap, BoardSettings
from parking.kernel.clock import ManualClock
from parking.kernel.device import DeviceFault
from tests.builders.camera_boards import PATIENT_S, CameraBoardWorld, VzenithBoardWorld
from tests.builders.gate import NOON

IMPATIENT_S, SHORT_S = 0.5, 1.5
"""The time that a board has where it must run out (else `PATIENT_S`): at once, or once an order has surely arrived."""
PASSWORD = "s3cret of the cabinet"
T = TypeVar("T")


class Physical(Protocol):
    """What both the board in memory and the simulated device let a test do."""

    gone: bool
    lost_answers: int

    @property
    def welded(self) -> set[int]: ...

    @property
    def unconfirmed(self) -> set[int]: ...

    def set_input(self, index: int, on: bool) -> None: ...

    def coil_is_on(self, coil: int) -> bool: ...


class Wired(Physical, Protocol):
    """What a simulated device on a wire lets a test do besides."""

    mute: bool
    late_s: float
    drip_s: float


class BoardWorld:
    """A board to be spoken to, the physical side of it, and the one clock of both."""

    shows_contacts = True
    """Whether reading a coil tells the contact itself, or (False) only what drives it."""
    reads_back = True
    """Whether a coil can be read at all, or (False) an acknowledged order has to be believed."""
    size = 8
    """So many coils and inputs."""

    def __init__(self, board: RelayBoard, physical: Physical, clock: ManualClock, stop: Callable[[], None]) -> None:
        self.board = board
        self.physical = physical
        self.clock = clock
        self._stop = stop

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    def when_well(self, ask: Callable[[], T]) -> T:
        """The answer as soon as the board gives one again, on however busy a machine."""
        for _ in range(40):
            with suppress(DeviceFault):
                return ask()
            self.pass_time(10)  # whatever it waits for is over
        return ask()

    def read_when_well(self) -> BoardState:
        return self.when_well(self.board.read)

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


def memory_world(timeout_s: float = PATIENT_S) -> BoardWorld:  # nothing here takes time
    clock = ManualClock(NOON)
    board = MemoryBoard(clock)
    return BoardWorld(board, board, clock, lambda: None)


def modbus_world(timeout_s: float = PATIENT_S, board_map: BoardMap = BoardMap.WAVESHARE) -> WiredWorld:
    clock = ManualClock(NOON)
    device = RelayBoardSim(clock)
    device.start()
    settings = ModbusSettings("127.0.0.1", device.port, board_map=board_map, timeout_s=timeout_s)

    def lie(on: bool) -> None:
        device.disguise = (lambda f: wire.encode(wire.Frame(f.transaction ^ 1, f.unit, f.pdu))) if on else None

    def babble(on: bool) -> None:
        device.disguise = (lambda frame: b"HTTP/1.1 400 Bad Request\r\n\r\n") if on else None

    return WiredWorld(ModbusBoard(settings, clock), device, clock, device.stop, lie=lie, babble=babble)


def dam_world(timeout_s: float = PATIENT_S) -> WiredWorld:
    return modbus_world(timeout_s, BoardMap.DAM)


def http_world(timeout_s: float = PATIENT_S) -> WiredWorld:
    clock = ManualClock(NOON)
    device = HttpRelaySim(clock, password=PASSWORD)
    device.start()
    settings = ModbusSettings("127.0.0.1", device.port, password=PASSWORD, timeout_s=timeout_s)

    def lie(on: bool) -> None:
        device.disguise = (lambda body: body.replace(b'"id": ', b'"id": 9', 1)) if on else None

    def babble(on: bool) -> None:
        device.disguise = (lambda body: b"<html>welcome</html>") if on else None

    return WiredWorld(HttpRelay(settings, clock), device, clock, device.stop, lie=lie, babble=babble)


GPIO_COILS, GPIO_INPUTS = tuple(range(8)), tuple(range(20, 28))


class ShowingFlags(set[int]):
    """A set of coils that tells a chip of each one that is added."""

    def __init__(self, tell: Callable[[int, bool], None]) -> None:
        super().__init__()
        self._tell = tell

    def add(self, coil: int) -> None:
        super().add(coil)
        self._tell(coil, True)


class FaultyKeeper(Keeper):
    """The product's keeper, that can be made to hang, to forget answers, to answer late, by halves, or something else."""

    mute = False
    late_s = 0.0
    drip_s = 0.0
    lost_answers = 0
    disguise: Callable[[bytes], bytes] | None = None

    def answer(self, line: bytes) -> bytes:
        if self.mute:
            return b""
        told = super().answer(line)
        time.sleep(self.late_s)  # a keeper that the machine does not let run
        if self.lost_answers and not isinstance(gpio_wire.parse_question(line), gpio_wire.Read):
            self.lost_answers -= 1
            return b""
        if self.disguise is not None:
            told = self.disguise(told)
        return told[: len(told) // 2] if self.drip_s else told


class GpioPhysical:
    """A simulated chip with its relays, and the keeper of its lines in a thread of this process."""

    def __init__(self, settings: BoardSettings, clock: ManualClock) -> None:
        make_chip(Path(settings.chip))
        request = LineRequest.of(settings)
        self._world = ChipWorld(Path(settings.chip), request.coils, request.inputs)
        self._lines = SimulatedLines(request)
        self.keeper = FaultyKeeper(self._lines, clock)
        self.welded: set[int] = ShowingFlags(self._world.weld)
        self.unconfirmed: set[int] = ShowingFlags(self._world.short)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(address_of(request))
        self._listener.listen(4)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=lambda: self.keeper.serve(self._listener, self._stopping.is_set))
        self._thread.start()

    @property
    def gone(self) -> bool:
        return self._world.gone

    @gone.setter
    def gone(self, gone: bool) -> None:
        self._world.gone = gone

    @property
    def lost_answers(self) -> int:
        return self.keeper.lost_answers

    @lost_answers.setter
    def lost_answers(self, count: int) -> None:
        self.keeper.lost_answers = count

    mute = property(lambda self: self.keeper.mute, lambda self, on: setattr(self.keeper, "mute", on))
    late_s = property(lambda self: self.keeper.late_s, lambda self, s: setattr(self.keeper, "late_s", s))
    drip_s = property(lambda self: self.keeper.drip_s, lambda self, s: setattr(self.keeper, "drip_s", s))

    def set_input(self, index: int, on: bool) -> None:
        self._world.set_input(index, on)

    def coil_is_on(self, coil: int) -> bool:
        return self._world.coil_is_on(coil)

    def stop(self) -> None:
        self._stopping.set()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as bell:
            bell.connect(self._listener.getsockname())  # wakes it up
        for coil in GPIO_COILS:
            self.keeper.answer(gpio_wire.encode_question(gpio_wire.Hold(1, coil, False)))
        self._thread.join()
        self._listener.close()
        self._lines.close()
        self._world.close()


class GpioWorld(WiredWorld):
    shows_contacts = False

    def pass_time(self, seconds: float) -> None:
        super().pass_time(seconds)
        self.device.keeper.tick()  # type: ignore[attr-defined]  # its thread may wait for real time


def gpio_world(timeout_s: float = PATIENT_S) -> WiredWorld:
    folder = tempfile.TemporaryDirectory()
    clock = ManualClock(NOON)
    settings = BoardSettings(
        chip=f"{folder.name}/gpiochip", coil_lines=GPIO_COILS, input_lines=GPIO_INPUTS, timeout_s=timeout_s
    )
    device = GpioPhysical(settings, clock)

    def lie(on: bool) -> None:
        device.keeper.disguise = (lambda line: line.replace(b'"id":', b'"id":9', 1)) if on else None

    def babble(on: bool) -> None:
        device.keeper.disguise = (lambda line: b"Segmentation fault\n") if on else None

    def stop() -> None:
        device.stop()
        folder.cleanup()

    return GpioWorld(GpioBoard(settings, clock), device, clock, stop, lie=lie, babble=babble)


class CameraWorld(BoardWorld):
    """The outputs of a camera."""

    def __init__(self, made: CameraBoardWorld | VzenithBoardWorld) -> None:
        super().__init__(made.board, made.physical, made.clock, made.stop)
        self._made = made

    def stop(self) -> None:
        self._made.stop()


class VzenithWorld(CameraWorld):
    shows_contacts = reads_back = False
    size = 4


def hikvision_world(timeout_s: float = PATIENT_S) -> BoardWorld:
    return CameraWorld(CameraBoardWorld(timeout_s=timeout_s))


def vzenith_world(timeout_s: float = PATIENT_S) -> BoardWorld:
    return VzenithWorld(VzenithBoardWorld(timeout_s=timeout_s))


WIRED: dict[str, Callable[[float], WiredWorld]] = {
    "waveshare": modbus_world,
    "dam": dam_world,
    "http_relay": http_world,
    "gpio": gpio_world,
}
WORLDS: dict[str, Callable[[float], BoardWorld]] = {
    "memory": memory_world,
    "waveshare": modbus_world,
    "dam": dam_world,
    "http_relay": http_world,
    "gpio": gpio_world,
    "hikvision": hikvision_world,
    "vzenith": vzenith_world,
}


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
