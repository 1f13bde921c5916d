"""What a box knows to be wrong around its lanes: a camera that does not see, a server that is away. A lane in trouble is told at once;
a link that stumbles is no trouble yet.
"""

from __future__ import annotations

from collections.abc import Sequence

from parking.gate.cameras.base import CameraWorker
from parking.gate.link_loop import Loop
from parking.gate.model import Cause
from parking.kernel.clock import Clock
from parking.kernel.device import Health

LINK_AFTER_S = 10.0
_LOOK_EVERY_S = 0.25
_BLIND = (Health.FAULTY, Health.SILENT)


class LinkWatch:
    """Whether the server has been away for long enough to matter; asked from any lane's thread."""

    def __init__(self, clock: Clock, loops: Sequence[Loop]) -> None:
        self._clock = clock
        self._loops = loops
        self._since_s: float | None = None

    @property
    def is_down(self) -> bool:
        if not any(loop.state.trouble for loop in self._loops):
            self._since_s = None
            return False
        now_s = self._clock.monotonic_s()
        since_s = self._since_s
        if since_s is None:
            self._since_s = since_s = now_s
        return now_s - since_s >= LINK_AFTER_S


class Troubles:
    """One lane's; looked at a few times a second, however often it steps."""

    def __init__(self, clock: Clock, camera: CameraWorker, link: LinkWatch) -> None:
        self._clock = clock
        self._camera = camera
        self._link = link
        self._looked_s = float("-inf")
        self._found: frozenset[Cause] = frozenset()

    def now(self) -> frozenset[Cause]:
        now_s = self._clock.monotonic_s()
        if now_s - self._looked_s >= _LOOK_EVERY_S:
            blind = self._camera.health().health in _BLIND
            wrong = ((Cause.CAMERA, blind), (Cause.NETWORK, self._link.is_down))
            self._looked_s, self._found = now_s, frozenset(cause for cause, holds in wrong if holds)
        return self._found
