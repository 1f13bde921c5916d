"""A relay board as a simulated device on a real socket: Waveshare's Modbus TCP map and DAM's pulses, timed by the board.

Barriers hang on its coils, loops on its inputs. Besides the board's own faults (`relay_coils`) its wire can be made to fail: answers
that come late, in drips, under another question's number, from another unit, or as nonsense.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress

from hardware_sim.devices.barrier import BarrierWiring
from hardware_sim.devices.relay_coils import (
    DEMO_BARRIERS,
    BoomMoved,
    CoilMissing,
    LoopChanged,
    RelayCoils,
    RelayWritten,
)
from parking.gate.relays import wire
from parking.kernel.clock import Clock

__all__ = ["DEMO_BARRIERS", "BoomMoved", "LoopChanged", "RelayBoardSim", "RelayWritten"]


class RelayBoardSim(RelayCoils):
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
        super().__init__(clock, barriers, coils=coils, inputs=inputs)
        self._host, self._wanted_port = host, port
        self._listener: socket.socket | None = None
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        self.late_s = 0.0
        """Every answer comes so much later (real seconds); orders are carried out at once."""
        self.drip_s = 0.0
        """Answers come byte by byte, with so much time (real seconds) between them."""
        self.disguise: Callable[[wire.Frame], bytes] | None = None
        """What is sent in place of an answer: another number, another unit, nonsense."""

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
                self._write(request, pdu[0])
            except wire.RefusedRequest as refused:
                return wire.refused_reply(refused)
            if self.lost_answers > 0:
                self.lost_answers -= 1
                return None
            return wire.written_reply(request)

    def _read(self, request: wire.ReadBits) -> list[bool]:
        bits = self.coils_read() if request.function == wire.READ_COILS else self.inputs_read()
        if request.count < 1 or request.first + request.count > len(bits):
            raise wire.RefusedRequest(request.function, wire.ModbusCode.ILLEGAL_ADDRESS)
        return bits[request.first : request.first + request.count]

    def _write(self, request: wire.WriteCoil | wire.WriteRegisters, function: int) -> None:
        try:
            if isinstance(request, wire.WriteRegisters):
                coil, rest = divmod(request.first - wire.DAM_FIRST, wire.DAM_STRIDE)
                if rest or len(request.values) != 2 or request.values[0] != wire.DAM_FLASH_ON:
                    raise wire.RefusedRequest(function, wire.ModbusCode.ILLEGAL_ADDRESS)
                self._flash(coil, request.values[1], function)
            elif request.address >= wire.WAVESHARE_FLASH_ON:
                self._flash(request.address - wire.WAVESHARE_FLASH_ON, request.value, function)
            elif request.value not in (wire.COIL_ON, wire.COIL_OFF):
                raise wire.RefusedRequest(function, wire.ModbusCode.ILLEGAL_VALUE)
            else:
                self.hold_coil(request.address, on=request.value == wire.COIL_ON)
        except CoilMissing:
            raise wire.RefusedRequest(function, wire.ModbusCode.ILLEGAL_ADDRESS) from None

    def _flash(self, coil: int, units: int, function: int) -> None:
        self._check(coil)
        if not 1 <= units <= wire.WAVESHARE_UNITS_MOST:
            raise wire.RefusedRequest(function, wire.ModbusCode.ILLEGAL_VALUE)
        self.pulse_coil(coil, units * wire.UNIT_MS)

    # --- the socket --------------------------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """The port that it listens on; RuntimeError before `start`."""
        if self._listener is None:
            raise RuntimeError("the board is not started")
        return int(self._listener.getsockname()[1])

    def start(self) -> None:
        """Listen, and answer every connection in a thread of its own."""
        self._stopping.clear()
        self._listener = socket.create_server((self._host, self._wanted_port))
        self._listener.settimeout(0.1)
        self._spawn(self._accept, self._listener)

    def stop(self) -> None:
        """Stop listening and end every connection."""
        self._stopping.set()
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
                        self._send(connection, wire.Frame(frame.transaction, frame.unit, reply))
        except (OSError, wire.MalformedFrame):
            pass  # the peer went away, or does not speak Modbus: either way this connection is over
        finally:
            with self._lock:
                self._connections.discard(connection)
            connection.close()

    def _send(self, connection: socket.socket, reply: wire.Frame) -> None:
        self._stopping.wait(self.late_s)
        content = wire.encode(reply) if self.disguise is None else self.disguise(reply)
        if not self.drip_s:
            connection.sendall(content)
            return
        for index in range(len(content)):
            self._stopping.wait(self.drip_s)
            connection.sendall(content[index : index + 1])

    def _cut_connections(self) -> None:
        with self._lock:
            connections = tuple(self._connections)
        for connection in connections:
            with suppress(OSError):  # it may be gone already
                connection.shutdown(socket.SHUT_RDWR)
