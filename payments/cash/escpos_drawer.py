"""A cash drawer on the connector of a receipt printer (ESC/POS over TCP): a pulse opens it, a pin tells whether it stands open."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from parking.kernel.device import DeviceFault
from payments.cash import wire
from payments.cash.base import OpensDrawer, SeesDrawer


@dataclass(frozen=True, slots=True)
class DrawerSettings:
    """Where the printer is; `open_is_high`: which level of its pin means open, which differs from drawer to drawer."""

    host: str
    port: int = 9100
    connector: int = 0
    open_is_high: bool = True
    answer_s: float = 5.0


class EscPosDrawer:
    """One drawer; a fresh connection for every pulse."""

    def __init__(self, settings: DrawerSettings) -> None:
        self._settings = settings

    def open_drawer(self) -> None:
        """The pulse is sent, and believed when the printer answers after it."""
        self._ask(wire.drawer_pulse(connector=self._settings.connector) + wire.ASK_DRAWER)

    def drawer_is_open(self) -> bool:
        return wire.pin_is_high(self._ask(wire.ASK_DRAWER)) is self._settings.open_is_high

    def _ask(self, question: bytes) -> int:
        settings = self._settings
        try:
            with socket.create_connection((settings.host, settings.port), timeout=settings.answer_s) as line:
                line.sendall(question)
                answer = line.recv(1)
            if not answer:
                raise DeviceFault("the printer hung up")
            wire.pin_is_high(answer[0])
        except OSError as error:
            raise DeviceFault(f"the printer did not answer: {type(error).__name__}") from None
        except ValueError:
            raise DeviceFault("the printer said something else") from None
        return answer[0]


_: type[OpensDrawer] = EscPosDrawer
_sees: type[SeesDrawer] = EscPosDrawer
