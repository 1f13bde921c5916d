"""A simulated camera that replays, or shows everything late: the worker says so within five seconds, and nothing of it decides."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from queue import Queue

import cv2
import numpy as np
import pytest

from hardware_sim.devices.camera import CameraFault, FrameFeed
from lpr import Settings, Worker
from lpr.frame import Image
from lpr.pictures import decode
from lpr.sources.memory import MemorySource
from parking.kernel.clock import ManualClock
from parking.kernel.device import Health
from tests.builders.lpr import MORNING, Heard, a_pipeline, eventually

pytestmark = pytest.mark.req("LPR-2")
FRAME_S = 1 / 8


class Watched:
    """A lane with a vehicle in it or none, the simulated camera that sees it, and the worker that watches that; time is a test's."""

    def __init__(self) -> None:
        coarse = np.random.default_rng(7).integers(40, 200, (18, 32, 3), dtype=np.uint8)
        self._empty = np.asarray(cv2.resize(coarse, (640, 360), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
        self._taken = self._empty.copy()
        self._taken[120:340, 160:480] = 230
        self.car = False
        self._feed = FrameFeed(lambda: self._taken if self.car else self._empty, fps=8.0)
        self._number = 0
        self.clock = ManualClock(MORNING)
        self._shown: Queue[Image | None] = Queue()
        self._waiting = 0
        self.worker = Worker(
            MemorySource("entry-1", self.clock, self._script), a_pipeline(settings=Settings()), self.clock
        )
        self.worker.start()

    def _script(self) -> Iterator[Image]:
        while (image := self._shown.get()) is not None:
            yield image
            self._waiting -= 1

    def play(self, seconds: float, fault: CameraFault = CameraFault.NONE) -> float | None:
        """Show what the camera sends; after how long the worker first complained, None when it never did."""
        complained = None
        for step in range(round(seconds / FRAME_S)):
            self._number += 1
            image = decode(self._feed._take(self._number, fault, None).jpeg)
            assert image is not None
            self.clock.advance(timedelta(seconds=FRAME_S))
            self._waiting += 1
            self._shown.put(image)
            eventually(lambda: self._waiting == 0)
            eventually(self.worker.is_idle)
            if complained is None and self.worker.health().health is Health.FAULTY:
                complained = step * FRAME_S
        return complained

    def stop(self) -> None:
        self._shown.put(None)
        self.worker.stop()


@pytest.fixture
def watched() -> Iterator[Watched]:
    made = Watched()
    yield made
    made.stop()


def test_a_living_camera_is_well_and_its_recording_is_noticed(watched: Watched) -> None:
    assert watched.play(12.0) is None
    noticed_s = watched.play(12.0, CameraFault.LOOP)
    assert noticed_s is not None
    assert noticed_s <= 5.0
    assert "is shown again" in watched.worker.health().detail
    heard = Heard()
    watched.worker.begin("visit-1", heard)
    watched.play(1.0, CameraFault.LOOP)
    assert heard.readings == []
    watched.car = True
    watched.play(8.0)
    watched.worker.begin("visit-2", heard)
    watched.play(2.0)
    assert watched.worker.health().health is Health.OK
    assert heard.readings != []


def test_video_that_comes_late_does_not_show_what_is_on_the_loop(watched: Watched) -> None:
    watched.play(36.0, CameraFault.DELAY)
    watched.car = True
    watched.worker.begin("visit-1", Heard())
    noticed_s = watched.play(5.0, CameraFault.DELAY)
    assert noticed_s is not None
    assert noticed_s <= 5.0
    assert "does not show what is on the loop" in watched.worker.health().detail


def test_a_vehicle_that_is_shown_in_time_is_no_reason_to_complain(watched: Watched) -> None:
    watched.play(32.0)
    watched.car = True
    watched.play(1.0)
    watched.worker.begin("visit-1", Heard())
    assert watched.play(4.0) is None
