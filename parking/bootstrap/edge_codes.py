"""Which codes open at a lane: the server's keys sign all of them, sibling boxes' keys (rows of the copy) their paper tickets."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Sequence

from parking.access.rows import KeyRow
from parking.bootstrap.keys import KeyRing
from parking.gate.credentials.codes import CodeRefusal, VerifiedCode, verify
from parking.gate.local_copy import LocalCopy
from parking.kernel.clock import Clock
from parking.kernel.ids import LaneId
from parking.kernel.signed import Verifier


class CodeKeys:
    """The keys that a box knows now; siblings' are read again whenever the copy has changed."""

    def __init__(self, server: Verifier, own: bytes, copy: LocalCopy, clock: Clock) -> None:
        self._server = server
        self._own = own
        self._copy = copy
        self._clock = clock
        self._lock = threading.Lock()
        self._seen = -1
        self._boxes = KeyRing([own])

    def check(self, lots: Sequence[str], lane_id: LaneId | None) -> Callable[[str], VerifiedCode | CodeRefusal]:
        """What a reader at this lane asks of each text: codes of the lane's lot count, and those of the whole site.

        A shared reader's lane is not known, so codes bound to one are refused there.
        """

        def verified(text: str) -> VerifiedCode | CodeRefusal:
            now, lane, boxes = self._clock.now(), lane_id or LaneId(""), self._siblings()
            answers = [verify(text, self._server, now=now, lot=lot, lane_id=lane, boxes=boxes) for lot in lots]
            return next((answer for answer in answers if answer is not CodeRefusal.OTHER_LOT), answers[-1])

        return verified

    def _siblings(self) -> Verifier:
        version = self._copy.version
        with self._lock:
            if version != self._seen:
                told = [_raw(row) for row in self._copy.keys() if isinstance(row, KeyRow)]  # noqa: SIM118 - no dict
                self._boxes, self._seen = KeyRing([self._own, *filter(None, told)]), version
            return self._boxes


def _raw(row: KeyRow) -> bytes | None:
    """The 32 bytes of a sibling's key; None for a row that holds none."""
    try:
        key = base64.urlsafe_b64decode(row.public + "=" * (-len(row.public) % 4))
    except ValueError:
        return None
    return key if len(key) == 32 else None
