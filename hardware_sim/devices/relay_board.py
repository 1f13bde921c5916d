"""A relay board as a simulated device on a real socket: Waveshare's Modbus TCP map (and DAM's pulses), pulses timed by the board.

Barriers hang on its coils, loops on its inputs; the world switches the loops and asks where the booms are. Faults are attributes.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from hardware_sim.devices.barrier import BarrierArm, BarrierWiring
from parking.gate.relays import wire
from parking.kernel.clock import Clock

_NEVER = float("inf")
DEMO_BARRIERS = (
    BarrierWiring("entry-1", open_coil=0, close_coil=1, safety_input=1),
    BarrierWiring("exit-1", open_coil=2, close_coil=3, safety_input=3),
)
"""As `parking demo` is wired: inputs 0 entry presence, 1 entry safety, 2 exit presence, 3 exit safety, 4 and 5 the ramp."""


@dataclass(frozen=True, slots=True)
class RelayWritten:
    """One order that was carried out: `what` is pulse, on or off."""

    at: datetime
    coil: int
    what: str
    duration_ms: int | None


@dataclass(frozen=True, slots=True)
class LoopChanged:
    at: datetime
    input: int
    on: bool


@dataclass(frozen=True, slots=True)
class BoomMoved:
    """`what` is opening, open, closing, closed or refused_to_close."""

    at: datetime
    barrier: str
    what: str


class RelayBoardSim:
    """The board; `start` listens on `port` (0 picks one), everything else works without a socket too."""

    def __init__(
        self,
        clock: Clock,
        barriers: Iterable[BarrierWiring] = DEMO_BARRIERS,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        coils: int = 8,
        inputs: int = 8,
    ) -> None:
        self._clock = clock
        self._host, self._wanted_port = host, port
        self._lock = threading.RLock()
        self._inputs = [False] * inputs
        self._stuck: dict[int, bool] = {}
        self._until_s = [-_NEVER] * coils
        self._arms = {w.name: BarrierArm(w, self._boom_teller(w.name)) for w in barriers}
        self._listener: socket.socket | None = None
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self.relay_log: list[RelayWritten] = []
        self.loop_log: list[LoopChanged] = []
        self.boom_log: list[BoomMoved] = []
        self.mute = False
        """Connections stay open, but nothing is carried out and nothing is answered."""
        self.lost_answers = 0
        """So many coming orders are carried out, but not answered."""
        self.unconfirmed: set[int] = set()
        """Coils that read back as off whatever they do."""
        self.welded: set[int] = set()
        """Coils whose contact, once closed, stays closed."""
        self._gone = False

    # --- the world's side --------------------------------------------------------------------------------------------

    def set_input(self, index: int, on: bool) -> None:
        """Metal comes onto a loop, or leaves it; a stuck loop does not notice."""
        with self._lock:
            before = self.input_is_on(index)
            self._inputs[index] = on
            self._input_changed(index, before)

    def stick_input(self, index: int, on: bool | None) -> None:
        """The loop says `on` whatever stands there; None mends it."""
        with self._lock:
            before = self.input_is_on(index)
            if on is None:
                self._stuck.pop(index, None)
            else:
                self._stuck[index] = on
            self._input_changed(index, before)

    def input_is_on(self, index: int) -> bool:
        """What the board says of an input."""
        return self._stuck.get(index, self._inputs[index])

    def coil_is_on(self, coil: int) -> bool:
        """Whether the contact is closed."""
        with self._lock:
            ever = self._until_s[coil] > -_NEVER
            return self._clock.monotonic_s() < self._until_s[coil] or (coil in self.welded and ever)

    def boom_is_up(self, barrier: str) -> bool:
        """Whether a car may drive."""
        return self.boom_position(barrier) >= 1.0

    def boom_position(self, barrier: str) -> float:
        """0 is down, 1 is up."""
        with self._lock:
            return self._arms[barrier].position(self._clock.monotonic_s())

    @property
    def gone(self) -> bool:
        """Whether the board has no power: connections break, new ones are cut."""
        return self._gone

    @gone.setter
    def gone(self, gone: bool) -> None:
        self._gone = gone
        if gone:
            self._cut_connections()

    # --- the board's side --------------------------------------------------------------------------------------------

    def answer(self, pdu: bytes) -> bytes | None:
        """Carry out one request PDU; the reply PDU, or None when the board stays silent."""
        with self._lock:
            try:
                request = wire.decode_request(pdu)
                if self.mute:
                    return None
                if isinstance(request, wire.ReadBits):
                    return wire.bits_reply(request.function, self._read(request))
                self._write(request)
            except wire.RefusedRequest as refused:
                return wire.refused_reply(refused)
            if self.lost_answers > 0:
                self.lost_answers -= 1
                return None
            return wire.written_reply(request)

    def _read(self, request: wire.ReadBits) -> list[bool]:
        coils = request.function == wire.READ_COILS
        size = len(self._until_s) if coils else len(self._inputs)
        if request.count < 1 or request.first + request.count > size:
            raise wire.RefusedRequest(request.function, wire.ModbusCode.ILLEGAL_ADDRESS)
        wanted = range(request.first, request.first + request.count)
        if coils:
            return [self.coil_is_on(coil) and coil not in self.unconfirmed for coil in wanted]
        return [self.input_is_on(index) for index in wanted]

    def _write(self, request: wire.WriteCoil | wire.WriteRegisters) -> None:
        if isinstance(request, wire.WriteRegisters):
            coil, rest = divmod(request.first - wire.DAM_FIRST, wire.DAM_STRIDE)
            if rest or len(request.values) != 2 or request.values[0] != wire.DAM_FLASH_ON:
                raise wire.RefusedRequest(wire.WRITE_REGISTERS, wire.ModbusCode.ILLEGAL_ADDRESS)
            self._pulse(coil, request.values[1], wire.WRITE_REGISTERS)
        elif request.address >= wire.WAVESHARE_FLASH_ON:
            self._pulse(request.address - wire.WAVESHARE_FLASH_ON, request.value, wire.WRITE_COIL)
        elif request.value not in (wire.COIL_ON, wire.COIL_OFF):
            raise wire.RefusedRequest(wire.WRITE_COIL, wire.ModbusCode.ILLEGAL_VALUE)
        else:
            self._hold(request.address, on=request.value == wire.COIL_ON)

    def _pulse(self, coil: int, units: int, function: int) -> None:
        self._check(coil, function)
        if not 1 <= units <= wire.WAVESHARE_UNITS_MOST:
            raise wire.RefusedRequest(function, wire.ModbusCode.ILLEGAL_VALUE)
        now_s = self._clock.monotonic_s()
        self._until_s[coil] = now_s + units * wire.UNIT_MS / 1000
        self.relay_log.append(RelayWritten(self._clock.now(), coil, "pulse", units * wire.UNIT_MS))
        self._contact(coil, now_s, _NEVER if coil in self.welded else self._until_s[coil])

    def _hold(self, coil: int, *, on: bool) -> None:
        self._check(coil, wire.WRITE_COIL)
        now_s = self._clock.monotonic_s()
        was_on, self._until_s[coil] = self.coil_is_on(coil), _NEVER if on else min(self._until_s[coil], now_s)
        self.relay_log.append(RelayWritten(self._clock.now(), coil, "on" if on else "off", None))
        if on:
            self._contact(coil, now_s, _NEVER)
        elif was_on and not self.coil_is_on(coil):
            for arm in self._arms.values():
                if arm.wiring.open_coil == coil:
                    arm.release(now_s)

    def _check(self, coil: int, function: int) -> None:
        if not 0 <= coil < len(self._until_s):
            raise wire.RefusedRequest(function, wire.ModbusCode.ILLEGAL_ADDRESS)

    def _contact(self, coil: int, now_s: float, until_s: float) -> None:
        for arm in self._arms.values():
            if arm.wiring.open_coil == coil:
                arm.contact(now_s, until_s)
            elif arm.wiring.close_coil == coil:
                arm.close_contact(now_s)

    def _input_changed(self, index: int, before: bool) -> None:
        after = self.input_is_on(index)
        if after is before:
            return
        self.loop_log.append(LoopChanged(self._clock.now(), index, after))
        for arm in self._arms.values():
            if arm.wiring.safety_input == index:
                arm.loop(self._clock.monotonic_s(), after)

    def _boom_teller(self, barrier: str) -> Callable[[float, str], None]:
        def tell(at_s: float, what: str) -> None:
            ago = timedelta(seconds=self._clock.monotonic_s() - at_s)
            self.boom_log.append(BoomMoved(self._clock.now() - ago, barrier, what))

        return tell

    # --- the socket --------------------------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """The port that it listens on; RuntimeError before `start`."""
        if self._listener is None:
            raise RuntimeError("the board is not started")
        return int(self._listener.getsockname()[1])

    def start(self) -> None:
        """Listen, and answer every connection in a thread of its own."""
        self._listener = socket.create_server((self._host, self._wanted_port))
        self._listener.settimeout(0.1)
        self._spawn(self._accept, self._listener)

    def stop(self) -> None:
        """Stop listening and end every connection."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
        self._cut_connections()
        for thread in self._threads:
            thread.join(timeout=5)
        self._threads.clear()

    def _spawn(self, work: Callable[[socket.socket], None], connection: socket.socket) -> None:
        thread = threading.Thread(target=work, args=(connection,), name="relay-board", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while self._listener is listener:
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            if self._gone:
                connection.close()
                continue
            with self._lock:
                self._connections.add(connection)
                self._threads = [thread for thread in self._threads if thread.is_alive()]
            connection.settimeout(None)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._spawn(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        pending = b""
        try:
            while chunk := connection.recv(4096):
                pending += chunk
                while True:
                    used, frame = wire.decode(pending)
                    if frame is None:
                        break
                    pending = pending[used:]
                    reply = self.answer(frame.pdu)
                    if reply is not None:
                        connection.sendall(wire.encode(wire.Frame(frame.transaction, frame.unit, reply)))
        except (OSError, wire.MalformedFrame):
            pass  # the peer went away, or does not speak Modbus: either way this connection is over
        finally:
            with self._lock:
                self._connections.discard(connection)
            connection.close()

    def _cut_connections(self) -> None:
        with self._lock:
            connections = tuple(self._connections)
        for connection in connections:
            with suppress(OSError):  # it may be gone already
                connection.shutdown(socket.SHUT_RDWR)
