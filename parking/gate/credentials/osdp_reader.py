"""IC card readers by OSDP, over a TCP-to-485 box: secure channel only. A reader that would talk in clear, a key that everybody
knows and install mode cannot be configured; without the channel a card is never taken, whatever the reader says of itself.

libosdp (extra `osdp`) is the control panel; this file feeds it bytes and time, and takes the cards out.
"""

from __future__ import annotations

import importlib
import random
import socket
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from types import ModuleType
from typing import Any

from parking.gate.credentials.base import CredentialReader
from parking.gate.credentials.conversation import LATE, SETTLE_S, Seen, WireFault
from parking.gate.credentials.link import LinkSettings, ReaderThread, open_line
from parking.gate.credentials.osdp_payload import TEXT, CardRead, credential_of
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault, why
from parking.kernel.errors import invalid
from parking.kernel.ids import DeviceId

DEFAULT_KEY = bytes(range(0x30, 0x40))
"""SCBK-D of the standard: in every reader, and in every book."""
_REFRESH_S = 0.02
_CHUNK = 2048


@dataclass(frozen=True, slots=True)
class OsdpSettings:
    """The readers on one line: their OSDP addresses, the site's key (16 bytes) and how long they may take to open the secure channel.

    Several addresses are several readers on one 485 line; the first is antenna 1, so that each can serve another lane. `secure` and
    `install_mode` are there to be refused by name: what they would allow is not to be had.
    """

    link: LinkSettings
    key: bytes = field(repr=False)
    addresses: tuple[int, ...] = (0,)
    secure_s: float = 5.0
    secure: bool = True
    install_mode: bool = False

    def __post_init__(self) -> None:
        if not self.secure:
            raise invalid("osdp.clear", "a reader that talks in clear is not used: leave it true", field="secure")
        if self.install_mode:
            message = "install mode gives the key to whoever asks: set the reader's key with its maker's tool"
            raise invalid("osdp.install_mode", message, field="install_mode")
        fits = all(0 <= address <= 126 for address in self.addresses)
        if not fits or not 1 <= len(self.addresses) <= 16 or len(set(self.addresses)) < len(self.addresses):
            raise invalid("osdp.address", "should be 1 to 16 different numbers from 0 to 126", field="addresses")
        if not 0.5 <= self.secure_s <= 60:
            raise invalid("osdp.secure", "should be 0.5 to 60 seconds", field="secure_s")
        if len(self.key) != 16:
            raise invalid("osdp.key", "should have 16 bytes (32 hex digits)", field="key")
        steps = {(b - a) % 256 for a, b in zip(self.key, self.key[1:], strict=False)}
        if self.key == DEFAULT_KEY or len(steps) == 1:  # the default, all the same, or counted up or down
            raise invalid("osdp.key", "is a key that everybody knows: make one for this site", field="key")


def load_key(path: Path) -> bytes:
    """The 16 bytes in a file of 32 hex digits that only its owner may read; ParkingError says what is wrong, without the key."""
    try:
        if path.stat().st_mode & 0o077:
            raise invalid("osdp.key", "should be readable by its owner only (chmod 600)", field=str(path))
        key = bytes.fromhex(path.read_text().strip())
    except OSError as error:
        raise invalid("osdp.key", f"cannot be read ({error.strerror})", field=str(path)) from None
    except ValueError:
        raise invalid("osdp.key", "should have 32 hex digits", field=str(path)) from None
    if len(key) != 16:
        raise invalid("osdp.key", "should have 32 hex digits", field=str(path))
    return key


class _Line:
    """The bytes between libosdp and the socket; a failing socket is remembered, because libosdp cannot be told."""

    def __init__(self, line: socket.socket) -> None:
        self.id = line.fileno()
        self.broken = ""
        self.heard = False
        self._line = line

    def read(self, most: int) -> bytes:
        try:
            data = self._line.recv(min(most, _CHUNK))
        except (BlockingIOError, InterruptedError):
            return b""
        except OSError as error:
            self.broken = why(error)
            return b""
        self.heard = self.heard or bool(data)
        self.broken = self.broken if data else "the reader's line hung up"
        return data

    def write(self, data: bytes) -> int:
        try:
            return self._line.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            self.broken = why(error)
            return 0

    def flush(self) -> None:
        """What still lies in the socket belongs to a question that is over."""
        while self.read(_CHUNK):
            pass


class OsdpReader(ReaderThread):
    """The card readers of one line; a thread of its own keeps their channels."""

    def __init__(self, device_id: DeviceId, settings: OsdpSettings, clock: Clock, chance: random.Random) -> None:
        super().__init__(device_id, settings.link, clock, chance)
        self._osdp = _library()
        self._settings = settings

    def talk(self) -> None:
        with open_line(self._settings.link, self.stopping) as connection:
            connection.setblocking(False)
            line = _Line(connection)
            panel = self._panel(line)
            try:
                self._poll(panel, line)
            finally:
                panel.ctx = None  # it holds the panel, and the panel it: nobody else would ever free the two

    def _poll(self, panel: Any, line: _Line) -> None:
        begun_s = last_s = self.clock.monotonic_s()
        since_s: dict[int, float] = {}
        while not self.stopping.wait(_REFRESH_S):
            secured = panel.ctx.sc_status()
            panel.ctx.refresh()
            now_s = self.clock.monotonic_s()
            for number, events in enumerate(panel.event_queue):
                if not secured >> number & 1:
                    since_s.pop(number, None)
                self._take(number, events, since_s.setdefault(number, now_s) if secured >> number & 1 else None)
            if secured:
                last_s = now_s
            if any(now_s - opened_s >= SETTLE_S for opened_s in since_s.values()):
                self.reads(self._missing(secured) if now_s - begun_s > self._settings.secure_s else "")
            if line.broken:
                raise DeviceFault(line.broken)
            if now_s - last_s > self._settings.secure_s:
                self._give_up(heard=line.heard)

    def _missing(self, secured: int) -> str:
        """Which readers of the line have no channel while others have one."""
        missing = [address for number, address in enumerate(self._settings.addresses) if not secured >> number & 1]
        return f"no secure channel with address {', '.join(map(str, missing))}" if missing else ""

    def _panel(self, line: _Line) -> Any:
        osdp, settings = self._osdp, self._settings
        devices = [
            osdp.PDInfo(address, line, scbk=settings.key, flags=[osdp.LibFlag.EnforceSecure])
            for address in settings.addresses
        ]
        return osdp.ControlPanel(devices, log_level=osdp.LogLevel.Emergency)  # its log lines are not ours to vouch for

    def _take(self, number: int, events: Queue[dict[str, Any]], since_s: float | None) -> None:
        """Take the cards of one reader, whose channel is open since then; None: it has none, and nothing that it says is taken."""
        broken: WireFault | None = None
        while not events.empty():
            event = events.get_nowait()
            if since_s is None or event.get("event") != self._osdp.Event.CardRead:
                continue  # keys and inputs say nothing about who is there
            late = self.clock.monotonic_s() - since_s < SETTLE_S
            try:
                read = _card_read(event)
                antenna = number + 1 if len(self._settings.addresses) > 1 else read.reader + 1
                self.tray.put(Seen(credential_of(read), antenna=antenna, refused=LATE if late else ""))
            except WireFault as fault:
                broken = fault  # the cards behind it are taken first
        if broken is not None:
            raise broken

    def _give_up(self, *, heard: bool) -> None:
        if heard:
            raise WireFault("no secure channel: another key, or a reader that talks in clear")
        raise DeviceFault("the reader is silent")


def _card_read(event: dict[str, Any]) -> CardRead:
    data, card_format = event.get("data"), event.get("format")
    reader = event.get("reader_no", 0)
    bits = len(data) * 8 if card_format == TEXT and isinstance(data, bytes) else event.get("length")
    if not isinstance(data, bytes) or not isinstance(card_format, int) or not isinstance(bits, int):
        raise WireFault("OSDP: a card that libosdp cannot describe")
    return CardRead(reader, card_format, bits, data)


def _library() -> ModuleType:
    try:
        return importlib.import_module("osdp")
    except ImportError:
        message = "card readers need libosdp: install this package with its extra osdp"
        raise invalid("osdp.missing", message, field="kind") from None


_: type[CredentialReader] = OsdpReader
