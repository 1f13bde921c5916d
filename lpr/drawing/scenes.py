"""What a gate camera sees: a lane, perhaps cars and people in it, at some hour and in some weather; pure functions of what is asked
and a random generator: the same state gives the same picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from lpr.drawing.lanes import Lane, is_covered, lane_at
from lpr.drawing.lighting import DARK as DARK
from lpr.drawing.lighting import Light as Light
from lpr.drawing.lighting import Lighting, lighting_of, shade
from lpr.drawing.lighting import Weather as Weather
from lpr.drawing.meshes import Floats, Mesh
from lpr.drawing.optics import Sensor, smear, through_the_lens
from lpr.drawing.painting import Picture, Points, darken, glow
from lpr.drawing.people import Walker, build_walker
from lpr.drawing.perspective import View
from lpr.drawing.rendering import Layer, render
from lpr.drawing.vehicles import Drawn, Pose, Vehicle, draw_vehicle
from lpr.drawing.weather import dazzle, drops_on_lens, fall, mirror_in_wet_ground

_FAR_M = 4.4
_NEAR_M = 2.25
_GAP_M = 1.3  # between a car and the one that waits behind it


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture (H x W x 3, BGR, uint8), the true plate corners (4 x 2 px, clockwise from the top left), the hidden share of the plate."""

    image: Picture
    corners: Points
    hidden: float = 0.0


class Around(NamedTuple):
    """What else there is: the hour, the weather, a vehicle behind, people, seconds since they started, the text over the picture."""

    light: Light = Light.DAY
    weather: Weather = Weather.DRY
    behind: Vehicle | None = None
    walkers: Sequence[Walker] = ()
    seconds: float = 0.0
    caption: str = ""


def distance_at(approach: float) -> float:
    """Metres between camera and car: 0 is where the car comes into view, 1 is where it waits for the barrier."""
    return _FAR_M + (_NEAR_M - _FAR_M) * min(1.0, max(0.0, approach))


def draw_scene(
    vehicle: Vehicle,
    rng: np.random.Generator,
    *,
    approach: float = 0.6,
    light: Light = Light.DAY,
    view: View | None = None,
    place: int = 0,
    moving: float = 0.3,
    weather: Weather = Weather.DRY,
    behind: Vehicle | None = None,
    walkers: Sequence[Walker] = (),
    seconds: float = 0.0,
) -> Scene:
    """A car in the lane at `approach` (0 far to 1 near); `place` picks the surroundings, `moving` (0-1) the blur of its speed."""
    habits = np.random.default_rng(vehicle.body.seed)
    drift = float(habits.uniform(-0.14, 0.14)) + float(rng.normal(0, 0.004))
    pose = Pose(distance_at(approach), drift, float(habits.uniform(-0.03, 0.03)))
    return draw_at(
        vehicle, pose, rng, Around(light, weather, behind, walkers, seconds), view=view, place=place, moving=moving
    )


def draw_at(
    vehicle: Vehicle,
    pose: Pose,
    rng: np.random.Generator,
    around: Around,
    *,
    view: View | None = None,
    place: int = 0,
    moving: float = 0.0,
) -> Scene:
    """A vehicle that stands or moves at `pose`."""
    view = view or View()
    lane = lane_at(place, view, around.light, around.weather)
    lighting = lighting_of(around.light, around.weather, covered=is_covered(place), seed=place)
    picture = lane.light.copy()
    lit = around.light in DARK or is_covered(place) or around.weather is Weather.RAIN
    walkers = [(walker.where(around.seconds)[1], build_walker(walker, around.seconds)) for walker in around.walkers]
    if around.behind is not None:
        habits = np.random.default_rng(around.behind.body.seed)
        further = Pose(pose.distance + _length_of(vehicle) + _GAP_M, float(habits.uniform(-0.2, 0.2)))
        _halo(picture, _drive_in(picture, around.behind, view, further, lighting, lane, lit=lit), around.light)
    for z, mesh in sorted(walkers, key=lambda one: -one[0]):
        if z >= pose.distance:
            _walk_in(picture, mesh, view, lighting, lane)
    drawn = _drive_in(picture, vehicle, view, pose, lighting, lane, lit=lit)
    _shade_by_chance(picture, view, pose, lighting, place)
    _smear(picture, drawn, view, pose, moving * float(rng.uniform(0.4, 1.0)))
    _halo(picture, drawn, around.light)
    hidden = 0.0
    for z, mesh in sorted(walkers, key=lambda one: -one[0]):
        if z < pose.distance:
            hidden = max(hidden, _share_of(drawn.plate_corners, _walk_in(picture, mesh, view, lighting, lane), view))
    return Scene(_finished(picture, rng, around, lighting, view, place), drawn.plate_corners, hidden)


def draw_empty_lane(
    rng: np.random.Generator,
    *,
    light: Light = Light.DAY,
    view: View | None = None,
    place: int = 0,
    weather: Weather = Weather.DRY,
    walkers: Sequence[Walker] = (),
    seconds: float = 0.0,
    caption: str = "",
) -> Picture:
    """The lane with no car in it (H x W x 3, BGR, uint8); people may walk there."""
    view = view or View()
    lane = lane_at(place, view, light, weather)
    lighting = lighting_of(light, weather, covered=is_covered(place), seed=place)
    picture = lane.light.copy()
    for walker in sorted(walkers, key=lambda one: -one.where(seconds)[1]):
        _walk_in(picture, build_walker(walker, seconds), view, lighting, lane)
    return _finished(picture, rng, Around(light, weather, None, walkers, seconds, caption), lighting, view, place)


def _length_of(vehicle: Vehicle) -> float:
    return {"truck": 6.0, "bus": 9.0, "motorcycle": 2.0}.get(vehicle.body.kind.value, 4.6)


def _drive_in(
    picture: Floats, vehicle: Vehicle, view: View, pose: Pose, lighting: Lighting, lane: Lane, *, lit: bool
) -> Drawn:
    """Paint a vehicle, mirrored in the ground where that is wet."""
    return draw_vehicle(picture, vehicle, view, pose, lighting, lit=lit, wet=lane.wet if lane.rained else None)


def _walk_in(picture: Floats, mesh: Mesh, view: View, lighting: Lighting, lane: Lane) -> Layer | None:
    colours = shade(mesh, view.stands, lighting)
    feet = mesh.points.mean(axis=0) * (1, 0, 1) + np.array(
        [(-0.2, 0, -0.15), (0.2, 0, -0.15), (0.2, 0, 0.15), (-0.2, 0, 0.15)]
    )
    if view.in_camera(feet)[:, 2].min() > 0.5:
        darken(picture, view.project(feet), 0.10 * view.scale / max(float(feet[0, 2]), 1.0), 0.55)
    if lane.rained:
        mirror_in_wet_ground(picture, lane.wet, mesh, colours, view)
    layer = render(mesh, colours, view)
    if layer is not None:
        layer.put(picture)
    return layer


def _share_of(corners: Points, layer: Layer | None, view: View) -> float:
    """How much of the plate a layer covers (0-1)."""
    if layer is None:
        return 0.0
    plate = np.zeros((view.height, view.width), np.uint8)
    cv2.fillPoly(plate, [np.round(corners).astype(np.int32)], 1)
    cover = np.zeros(plate.shape, np.float32)
    height, width = layer.cover.shape[:2]
    cover[layer.top : layer.top + height, layer.left : layer.left + width] = layer.cover[..., 0]
    return float((plate * cover).sum() / max(1, int(plate.sum())))


def _shade_by_chance(picture: Floats, view: View, pose: Pose, lighting: Lighting, place: int) -> None:
    """What stands beside the lane throws its shadow over the car where the sun shines: a pole, a branch, the edge of a roof."""
    rng = np.random.default_rng(place + 31)
    if not any(lighting.sun) or lighting.covered or rng.random() < 0.45:
        return
    for _ in range(int(rng.integers(1, 4))):
        x, wide, lean = float(rng.uniform(-0.9, 0.9)), float(rng.uniform(0.06, 0.5)), float(rng.uniform(-0.5, 0.5))
        z = pose.distance - 0.02
        band = [
            (x - lean, 0.0, z),
            (x - lean + wide, 0.0, z),
            (x + lean + wide, 2.4, z + 1.2),
            (x + lean, 2.4, z + 1.2),
        ]
        darken(picture, view.project(band), 0.012 * view.scale / pose.distance, float(rng.uniform(0.25, 0.55)))


def _smear(picture: Floats, drawn: Drawn, view: View, pose: Pose, moving: float) -> None:
    """The blur of a car under way: along the way of its plate in a few hundredths of a second."""
    if moving <= 0 or drawn.layer is None:
        return
    here = view.project([(pose.drift, 0.5, pose.distance), (pose.drift, 0.5, pose.distance - 0.06 * moving)])
    step = here[1] - here[0]
    height, width = drawn.layer.cover.shape[:2]
    where = slice(drawn.layer.top, drawn.layer.top + height), slice(drawn.layer.left, drawn.layer.left + width)
    smear(picture, where, drawn.layer.cover, (float(step[0]), float(step[1])))


def _halo(picture: Floats, drawn: Drawn, light: Light) -> None:
    """Lamps dazzle the more the darker it is."""
    dark = {Light.DAY: 0.10, Light.LOW_SUN: 0.08, Light.DUSK: 0.6, Light.NIGHT: 1.0, Light.INFRARED: 0.7}[light]
    for lamp in drawn.lamps:
        b, g, r = (channel * lamp.strength * dark for channel in lamp.colour)
        glow(picture, lamp.at, lamp.radius * 1.1, (5.0 * b, 5.0 * g, 5.0 * r))
        glow(picture, lamp.at, lamp.radius * 2.8, (0.3 * b, 0.3 * g, 0.3 * r))


def _finished(
    picture: Floats, rng: np.random.Generator, around: Around, lighting: Lighting, view: View, place: int
) -> Picture:
    """What is between the scene and the file."""
    covered = is_covered(place)
    if around.weather is Weather.RAIN and not covered:
        fall(picture, rng, lighting)
        drops_on_lens(picture, place + 11)
    dazzle(picture, lighting, view)
    frame = through_the_lens(picture, rng, around.light, Sensor.of(place), covered=covered)
    return _with_caption(frame, around.caption) if around.caption else frame


def _with_caption(frame: Picture, caption: str) -> Picture:
    """The clock and the name that cameras write over their pictures."""
    size = frame.shape[1] / 1500
    at = (round(frame.shape[1] * 0.02), round(frame.shape[0] * 0.06))
    for colour, thick in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(frame, caption, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, thick, cv2.LINE_AA)
    return frame
