"""A QR or paper code scanner: one line of text for each code, over TCP (its own socket, or a serial server's). Every line is checked
here, so that the signed text itself goes no further: the lane gets the code's own id, or the reason why it opens nothing.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from parking.gate.credentials.codes import LONGEST_CODE, CodeRefusal, VerifiedCode
from parking.gate.credentials.conversation import LATE, SETTLE_S, Conversation, Seen, Turn, WireFault
from parking.gate.credentials.lines import split
from parking.gate.credentials.link import LinkedReader, LinkSettings
from parking.kernel.clock import Clock
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.device import DeviceFault
from parking.kernel.errors import invalid
from parking.kernel.ids import DeviceId

CodeCheck = Callable[[str], VerifiedCode | CodeRefusal]
"""Whether a code is good here and now: `codes.verify` with this box's keys, lot and lane; it must not raise."""

_LONGEST_LINE = 4 * LONGEST_CODE  # whatever is printed on other people's things
_SYMBOLOGY = re.compile(r"^\][A-Za-z][0-9A-Za-z]")  # AIM identifier, which many scanners can be told to send first


@dataclass(frozen=True, slots=True)
class ScannerSettings:
    """A line scanner. `heartbeat` is the text that it (or its serial server) sends every `heartbeat_s` seconds; where none is set,
    only TCP tells whether the scanner is still there."""

    link: LinkSettings
    heartbeat: str = ""
    heartbeat_s: float = 10.0

    def __post_init__(self) -> None:
        if len(self.heartbeat) > 64 or self.heartbeat != self.heartbeat.strip():
            raise invalid("reader.heartbeat", "should be at most 64 signs without spaces around", field="heartbeat")
        if not 0.1 <= self.heartbeat_s <= 3600:
            raise invalid("reader.heartbeat", "should be 0.1 to 3600 seconds", field="heartbeat_s")


class ScannerConversation:
    """Lines in, checked codes out."""

    def __init__(self, settings: ScannerSettings, check: CodeCheck) -> None:
        self._settings = settings
        self._check = check
        self._buffer = b""
        self._heard_s = self._begun_s = 0.0
        self.ready = False
        self.trouble = ""

    def begin(self, now_s: float) -> bytes:
        self._heard_s = self._begun_s = now_s
        return b""

    def take(self, data: bytes, now_s: float) -> Turn:
        self._heard_s = now_s
        self._settle(now_s)
        try:
            lines, self._buffer = split(self._buffer + data, _LONGEST_LINE)
        except WireFault as fault:
            return Turn(fault=fault)
        texts = [_SYMBOLOGY.sub("", line.decode("utf-8", "replace").strip()) for line in lines]
        return Turn(seen=tuple(self._look(text) for text in texts if text and text != self._settings.heartbeat))

    def tick(self, now_s: float) -> Turn:
        self._settle(now_s)
        silent = self._settings.heartbeat and now_s - self._heard_s > 3 * self._settings.heartbeat_s
        return Turn(fault=DeviceFault("the scanner is silent") if silent else None)

    def _settle(self, now_s: float) -> None:
        """A scanner says nothing of itself: a line that holds for a moment is a good one, and has told whatever was kept."""
        self.ready = self.ready or now_s - self._begun_s >= SETTLE_S

    def _look(self, text: str) -> Seen:
        answer = self._check(text)
        if isinstance(answer, VerifiedCode):
            credential = Credential(CredentialKind.CODE, answer.code_id)
            if not self.ready:
                return Seen(credential, refused=LATE)
            return Seen(credential, code=answer, plate=answer.plate, proven=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]  # so that the same bad code is told from another
        return Seen(Credential(CredentialKind.CODE, f"refused-{digest}"), refused=answer.value)


def code_scanner(
    device_id: DeviceId, settings: ScannerSettings, clock: Clock, chance: random.Random, check: CodeCheck
) -> LinkedReader:
    """A code scanner on a TCP socket."""
    return LinkedReader(device_id, settings.link, lambda: ScannerConversation(settings, check), clock, chance)


_: type[Conversation] = ScannerConversation
