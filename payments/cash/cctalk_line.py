"""A ccTalk line behind a serial server (TCP): one question, one answer, on a connection of its own.

On a line of two wires our own question comes back first. What was not answered may have been done all the same: the caller asks.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass

from parking.kernel.device import DeviceFault, DeviceRefused
from payments.cash import wire
from payments.cash.wire import Message


@dataclass(frozen=True, slots=True)
class CcTalkLine:
    """The way to one device: where the serial server is, and the device's address on the line."""

    host: str
    port: int
    address: int
    answer_s: float = 2.0

    def ask(self, header: int, data: bytes = b"") -> bytes:
        """The data of the reply; DeviceRefused for a refusal, DeviceFault where nothing came or nothing that can be read."""
        question = wire.encode(Message(self.address, wire.HOST, header, data))
        try:
            with socket.create_connection((self.host, self.port), timeout=self.answer_s) as line:
                line.sendall(question)
                return self._answer(line)
        except OSError as error:
            raise DeviceFault(f"the device did not answer: {type(error).__name__}") from None
        except ValueError:
            raise DeviceFault("the device's answer is broken") from None

    def _answer(self, line: socket.socket) -> bytes:
        heard = b""
        while True:
            found, used = wire.decode(heard)
            if found is not None and found.to == wire.HOST and found.sender == self.address:
                if found.header == wire.NAK:
                    raise DeviceRefused("the device says no")
                if found.header == 0:
                    return found.data
            heard = heard[used:]
            if found is None:
                piece = line.recv(256)
                if not piece:
                    raise DeviceFault("the device hung up")
                heard += piece
