"""An LCD on an MQTT broker: shows what it is told, says what it shows, and goes to dashes when nobody tells it anything any more."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from guidance.sensors.mqtt_wire import Kind, Message, Packet, connect, decode, encode, message_of, publish, subscribe
from guidance.signs.base import NO_NUMBER, Face
from guidance.signs.lcd_wire import FACE, SHOWN, encode_shown, topic
from guidance.signs.lcd_wire import decode as order_of
from hardware_sim.devices.sign import SignFault
from parking.kernel.clock import Clock

_TICK_S = 0.02
_AGAIN_S = 0.05


@dataclass(frozen=True, slots=True)
class _Glass:
    face: Face
    until: datetime


class LcdSim:
    """One LCD; `start` connects to the broker at `host:port` and again whenever the line is lost, `stop` makes it dark."""

    def __init__(self, site: str, sign: str, clock: Clock, *, slow_s: float = 5.0, qos: int = 0) -> None:
        self._site, self._sign, self._clock, self._slow_s, self._qos = site, sign, clock, slow_s, qos
        self._glass: _Glass | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.fault = SignFault.NONE
        self.ready = threading.Event()
        """It hangs on the broker and hears what is said."""

    @property
    def text(self) -> str:
        """What a driver reads now; empty when it was never told anything."""
        glass = self._glass
        if glass is None:
            return ""
        return glass.face.text if self._clock.now() <= glass.until else NO_NUMBER

    def start(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, args=((host, int(port)),), name="lcd", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()
        self._glass = None

    def _run(self, where: tuple[str, int]) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(OSError, ValueError), socket.create_connection(where, timeout=1.0) as line:
                line.settimeout(_TICK_S)
                line.sendall(encode(connect(f"lcd-{self._sign}", 60)))
                self._serve(line)
            self.ready.clear()
            self._stopping.wait(_AGAIN_S)

    def _serve(self, line: socket.socket) -> None:
        buffer = b""
        while not self._stopping.is_set():
            packet, used = decode(buffer)
            buffer = buffer[used:]
            if packet is not None:
                if not self._obey(line, packet):
                    return
                continue
            with contextlib.suppress(TimeoutError):
                piece = line.recv(4096)
                if not piece:
                    return
                buffer += piece

    def _obey(self, line: socket.socket, packet: Packet) -> bool:
        """False hangs up."""
        if packet.kind == Kind.CONNACK:
            line.sendall(encode(subscribe(1, topic(self._site, self._sign, FACE))))
        elif packet.kind == Kind.SUBACK:
            self.ready.set()
        elif packet.kind == Kind.PUBLISH:
            return self._show(line, message_of(packet))
        return True

    def _show(self, line: socket.socket, message: Message) -> bool:
        line.sendall(encode(Packet(Kind.PUBACK, 0, message.number.to_bytes(2, "big"))))
        order, fault = order_of(message.payload), self.fault
        if fault in (SignFault.CUT, SignFault.SLOW):
            self.ready.clear()  # before anybody mends it: whoever waits for it waits until it hangs on the broker again
        if fault is SignFault.CUT:
            return False
        if fault is SignFault.SILENT or order is None:
            return True
        if fault is SignFault.SLOW:
            ends = time.monotonic() + self._slow_s
            while time.monotonic() < ends and not self._stopping.wait(_TICK_S) and self.fault is SignFault.SLOW:
                pass
            return False
        said = b"\xff{" if fault is SignFault.GARBAGE else encode_shown(order.token)
        if fault is SignFault.NONE:
            self._glass = _Glass(order.face, self._clock.now() + timedelta(seconds=order.for_s))
        number = 1 if self._qos else 0
        line.sendall(encode(publish(Message(topic(self._site, self._sign, SHOWN), said, self._qos, number=number))))
        return True
