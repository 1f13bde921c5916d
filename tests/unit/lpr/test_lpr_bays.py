"""What one picture says of each bay: real drawn pictures, through the very compression that a camera uses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from hardware_sim.bay_view import BayView
from lpr import Frame, Pipeline, bays, pictures
from lpr.bays import BaySight, BayWatch, ShowsNothing, box_of
from lpr.frame import Image
from lpr.model import PlateRead
from lpr.settings import Settings
from parking.kernel.clock import ManualClock
from parking.kernel.errors import ParkingError
from parking.kernel.plate import Plate
from tests.builders.guidance import NOON

READABLE, OTHER = "沪A52T86", "粤B8K219"


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline.default(Settings(detect_side_px=480, whole_below_px=0))


class Scene:
    """A camera over three bays, and whoever watches its pictures."""

    def __init__(self, pipeline: Pipeline, *, knows_empty: bool = True) -> None:
        self.view = BayView(["A", "B", "C"], ManualClock(NOON))
        self._grain = np.random.default_rng(1)
        boxes = {bay: box_of(box) for box, bay in self.view.boxes().items()}
        self.watch = BayWatch(boxes, pipeline.read, self.picture() if knows_empty else None)

    def picture(self) -> Image:
        drawn = self.view.next_frame().astype(np.int16)
        noisy = (drawn + self._grain.normal(0, 1.2, drawn.shape).round().astype(np.int16)).clip(0, 255).astype(np.uint8)
        image = pictures.decode(pictures.jpeg(noisy))
        assert image is not None
        return image

    def look(self, times: int = 2) -> dict[str, BaySight]:
        for _ in range(times):
            seen = self.watch.see(Frame(self.picture(), "cam", NOON, 1))
        return seen


@pytest.mark.req("FIND-1", "GUIDE-1")
def test_a_bay_is_free_taken_with_its_plate_or_taken_by_a_car_whose_plate_cannot_be_read(pipeline: Pipeline) -> None:
    scene = Scene(pipeline)
    assert {bay: sight.occupied for bay, sight in scene.look().items()} == {"A": False, "B": False, "C": False}
    assert scene.watch.reads == 0, "an empty bay is not read"
    scene.view.park("A", READABLE)
    scene.view.park("C", OTHER, readable=False)
    seen = scene.look()
    assert (seen["A"].occupied, seen["A"].plate) == (True, Plate.parse(READABLE))
    assert seen["A"].sure >= 0.9
    assert (seen["B"].occupied, seen["C"].occupied, seen["C"].plate) == (False, True, None)
    assert scene.watch.reads == 2
    scene.look(5)
    assert scene.watch.reads == 2, "what has not changed is not read again"
    scene.view.leave("A")
    scene.view.park("C", OTHER)
    seen = scene.look(bays.UNREAD_AGAIN_LOOKS + 1)
    assert (seen["A"].occupied, seen["C"].plate) == (False, Plate.parse(OTHER))


@pytest.mark.req("GUIDE-1")
def test_what_is_in_one_look_only_is_nothing(pipeline: Pipeline) -> None:
    scene = Scene(pipeline)
    scene.look()
    scene.view.park("B", READABLE)
    assert scene.look(1)["B"].occupied is None, "it may only drive by"
    scene.view.leave("B")
    assert scene.look(1)["B"].occupied is None
    assert scene.look(1)["B"].occupied is False


@pytest.mark.req("GUIDE-1")
def test_a_camera_that_never_saw_its_bays_empty_calls_none_free(pipeline: Pipeline) -> None:
    scene = Scene(pipeline, knows_empty=False)
    scene.view.park("A", READABLE)
    seen = scene.look()
    assert (seen["A"].occupied, seen["B"].occupied) == (True, None)


def no_read(_: Frame) -> Sequence[PlateRead]:
    return ()


def test_a_black_picture_and_the_very_same_picture_again_are_no_look() -> None:
    watch = BayWatch({"A": (0.0, 0.0, 1.0, 1.0)}, no_read)
    grain = np.random.default_rng(1).integers(60, 200, (90, 160, 3), dtype=np.uint8)
    watch.see(Frame(grain, "cam", NOON, 1))
    with pytest.raises(ShowsNothing, match="same picture"):
        watch.see(Frame(grain, "cam", NOON, 2))
    with pytest.raises(ShowsNothing, match="black"):
        watch.see(Frame(np.zeros_like(grain), "cam", NOON, 3))
    with pytest.raises(ShowsNothing, match="too small"):
        BayWatch({"A": (0.0, 0.0, 0.001, 0.001)}, no_read).see(Frame(grain, "cam", NOON, 1))


def test_a_bay_is_read_again_now_and_then_though_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bays, "UNREAD_AGAIN_LOOKS", 3)
    grain = np.random.default_rng(1)
    watch = BayWatch({"A": (0.0, 0.0, 1.0, 1.0)}, no_read)
    still = grain.integers(60, 200, (90, 160, 3), dtype=np.uint8)
    for number in range(7):
        picture = still.copy()
        picture[0, 0] = number
        watch.see(Frame(picture, "cam", NOON, number))
    assert watch.reads == 3


@pytest.mark.parametrize("text", ["", "0,0,1", "0,0,1,x", "0.5,0,0.5,1", "-0.1,0,1,1", "0,0,1,1.1", "nan,0,1,1"])
def test_a_box_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ParkingError, match="left,top,right,bottom"):
        box_of(text)
