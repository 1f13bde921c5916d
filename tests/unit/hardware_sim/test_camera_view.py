"""What the demo's cameras send: the lane as it is, always the same vehicle for a number, people now and then, other noise each time."""

from __future__ import annotations

import numpy as np

from hardware_sim.camera_view import TAKES, WALK_EVERY_S, CameraView, vehicle_of
from hardware_sim.physical_lane import InView
from lpr.drawing.layouts import PlateStyle
from lpr.drawing.scenes import Light, Weather
from parking.kernel.plate import Plate

CAR = InView(Plate.parse("浙A12345"), 1.0)


def a_view(seen: InView | None = CAR, *, seconds: float | None = None) -> CameraView:
    clock = None if seconds is None else lambda: seconds
    return CameraView(lambda: seen, lambda: Light.DAY, place=0, seed=1, weather=lambda: Weather.DRY, seconds=clock)


def test_a_car_that_waits_is_drawn_a_few_times_and_then_shown_with_noise_that_never_comes_back() -> None:
    view = a_view()
    frames = [view.next_frame() for _ in range(3 * TAKES)]
    assert len({frame.tobytes() for frame in frames}) == 3 * TAKES
    drawn, shown = (np.stack(part).astype(int) for part in (frames[:TAKES], frames[-TAKES:]))
    assert np.abs(drawn.mean(axis=0) - shown.mean(axis=0)).mean() < 2.0
    assert 0.5 < shown.std(axis=0).mean() / drawn.std(axis=0).mean() < 2.0


def test_a_number_always_comes_with_the_same_vehicle() -> None:
    assert vehicle_of("浙A12345") == vehicle_of("浙A12345")
    styles = {vehicle_of(f"浙A{number:05d}").style for number in range(120)}
    assert styles == {PlateStyle.BLUE, PlateStyle.YELLOW}
    assert vehicle_of("浙A1234警").style is PlateStyle.POLICE
    assert vehicle_of("浙AD12345").style is PlateStyle.GREEN_SMALL


def test_people_walk_through_now_and_then() -> None:
    empty = a_view(None, seconds=WALK_EVERY_S - 1).next_frame().astype(int)
    moved = []
    for turn in range(8):
        walked = a_view(None, seconds=turn * WALK_EVERY_S + 3.0).next_frame().astype(int)
        moved.append((np.abs(walked - empty).max(axis=2) > 40).mean() > 0.001)
    assert any(moved)
    assert not all(moved)
