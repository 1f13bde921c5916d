"""One vehicle's passage as a camera films it: comes into view, waits for the barrier, leaves; with the truth of every frame.

A passage is a plan, drawn from a random generator; each of its frames can be drawn alone, the same for the same plan and moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from lpr.drawing.bodywork import BodyKind, Facing
from lpr.drawing.layouts import MOTORCYCLES, PlateStyle
from lpr.drawing.numbers import random_number
from lpr.drawing.painting import Picture, Points
from lpr.drawing.people import Walker
from lpr.drawing.perspective import View
from lpr.drawing.places import is_covered
from lpr.drawing.scenes import Around, Light, Weather, draw_at, draw_empty_lane
from lpr.drawing.vehicles import Pose, Vehicle

PLACES = 24
_EXPOSURE_S = {
    Light.DAY: 1 / 500,
    Light.LOW_SUN: 1 / 700,
    Light.DUSK: 1 / 180,
    Light.NIGHT: 1 / 160,
    Light.INFRARED: 1 / 200,
}
_SMEARED_AT_ONE_M = 0.06
_UNDER_THE_CAMERA_M = 0.6

_STYLES: tuple[tuple[PlateStyle, float], ...] = (  # what comes to a mall, rare kinds more often than in life
    (PlateStyle.BLUE, 0.42),
    (PlateStyle.GREEN_SMALL, 0.22),
    (PlateStyle.YELLOW, 0.06),
    (PlateStyle.YELLOW_DOUBLE, 0.05),
    (PlateStyle.GREEN_LARGE, 0.03),
    (PlateStyle.POLICE, 0.04),
    (PlateStyle.HONG_KONG_MACAU, 0.04),
    (PlateStyle.LEARNER, 0.03),
    (PlateStyle.CONSULATE, 0.02),
    (PlateStyle.EMBASSY, 0.01),
    (PlateStyle.EMERGENCY, 0.02),
    (PlateStyle.MILITARY, 0.01),
    (PlateStyle.ARMED_POLICE, 0.01),
    (PlateStyle.TRAILER, 0.01),
    (PlateStyle.MOTORCYCLE_YELLOW, 0.02),
    (PlateStyle.MOTORCYCLE_BLUE, 0.01),
)
_LIGHTS = ((Light.DAY, 0.36), (Light.NIGHT, 0.26), (Light.DUSK, 0.14), (Light.LOW_SUN, 0.12), (Light.INFRARED, 0.12))


class Phase(StrEnum):
    """Where a passage is."""

    BEFORE = "before"
    ARRIVING = "arriving"
    WAITING = "waiting"
    LEAVING = "leaving"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Site:
    """A place with its camera: where cars stop (m from the camera) and how far away they come into view."""

    place: int
    view: View
    stops_m: float
    appears_m: float

    @classmethod
    def at(cls, place: int, *, width: int = 960, height: int = 540) -> Site:
        """The camera that hangs at a place: on a post beside the lane, at breast height or above, left or right."""
        rng = np.random.default_rng(place + 9000)
        stops = float(rng.uniform(2.6, 4.2))
        side = float(rng.uniform(0.35, 1.15)) * (-1.0 if rng.random() < 0.6 else 1.0)
        plate_px = float(rng.uniform(150, 235))
        view = View(
            width,
            height,
            focal_px=plate_px / 0.44 * stops,
            stands=(side, float(rng.uniform(1.05, 1.95)), 0.0),
            looks_at=(
                float(rng.uniform(-0.1, 0.1)),
                float(rng.uniform(0.60, 0.78)),
                stops + float(rng.uniform(0.5, 1.3)),
            ),
        )
        return cls(place, view, stops, stops + float(rng.uniform(3.0, 5.0)))


@dataclass(frozen=True, slots=True)
class Passage:
    """What happens and what is true of it: `arrives_s`, `leaves_s` are the seconds at which the vehicle stands and starts again."""

    vehicle: Vehicle
    site: Site
    light: Light
    weather: Weather
    arrives_s: float
    leaves_s: float
    ends_s: float
    drift: float
    yaw: float
    seed: int
    behind: Vehicle | None = None
    walkers: tuple[Walker, ...] = ()
    caption: str = ""

    @property
    def facing(self) -> Facing:
        """The end that the camera sees: cars arrive with the front towards it, or drive away from it."""
        return self.vehicle.facing

    def distance_at(self, seconds: float) -> float:
        """How far ahead of the camera the vehicle's visible end is (m)."""
        stop, far = self.site.stops_m, self.site.appears_m
        near = _UNDER_THE_CAMERA_M
        first, last = (far, near) if self.facing is Facing.FRONT else (near, far)
        if seconds < self.arrives_s:
            share = np.clip(seconds / self.arrives_s, 0, 1)
            return float(stop + (first - stop) * (1 - share) ** 2)
        share = np.clip((seconds - self.leaves_s) / (self.ends_s - self.leaves_s), 0, 1)
        return float(stop + (last - stop) * share**2)

    def speed_at(self, seconds: float) -> float:
        """How fast it moves (m/s)."""
        return abs(self.distance_at(seconds + 0.01) - self.distance_at(seconds - 0.01)) / 0.02

    def phase_at(self, seconds: float) -> Phase:
        """Where the passage is at a moment."""
        if seconds < 0:
            return Phase.BEFORE
        if seconds > self.ends_s:
            return Phase.AFTER
        if seconds < self.arrives_s:
            return Phase.ARRIVING
        return Phase.WAITING if seconds <= self.leaves_s else Phase.LEAVING


@dataclass(frozen=True, slots=True, eq=False)
class ClipFrame:
    """One frame (BGR, uint8) with its truth: when, which phase, the plate's corners (px; None unless all in sight), its hidden share."""

    image: Picture
    at_s: float
    phase: Phase
    corners: Points | None
    hidden: float


def plan_passage(
    rng: np.random.Generator,
    *,
    place: int | None = None,
    style: PlateStyle | None = None,
    light: Light | None = None,
    weather: Weather | None = None,
    width: int = 960,
    height: int = 540,
) -> Passage:
    """A passage drawn from `rng`; what is given is kept."""
    place = int(rng.integers(PLACES)) if place is None else place
    style = style or _STYLES[_pick(rng, [share for _, share in _STYLES])][0]
    light = light or _LIGHTS[_pick(rng, [share for _, share in _LIGHTS])][0]
    weather = weather or (
        Weather.RAIN if rng.random() < 0.22 and not is_covered(place) and light is not Light.LOW_SUN else Weather.DRY
    )
    dirt = float(rng.uniform(0.15, 0.7)) if rng.random() < 0.35 else 0.0
    facing = Facing.REAR if rng.random() < 0.25 and style not in (PlateStyle.YELLOW, PlateStyle.TEMPORARY) else None
    vehicle = Vehicle.of(random_number(style, rng), rng, style=style, facing=facing, dirt=dirt)
    arrives = float(rng.uniform(1.6, 3.0))
    leaves = arrives + float(rng.uniform(1.5, 4.0))
    behind = None
    if (
        vehicle.facing is Facing.FRONT
        and vehicle.body.kind not in (BodyKind.TRUCK, BodyKind.BUS)
        and rng.random() < 0.25
    ):
        behind = Vehicle.of(random_number(PlateStyle.BLUE, rng), rng)
    site = Site.at(place, width=width, height=height)
    return Passage(
        vehicle,
        site,
        light,
        weather,
        arrives,
        leaves,
        leaves + float(rng.uniform(1.5, 2.5)),
        drift=float(rng.uniform(-0.16, 0.16)) * (2 if style in MOTORCYCLES else 1),
        yaw=float(rng.normal(0, 0.035)),
        seed=int(rng.integers(2**31)),
        behind=behind,
        walkers=_walkers(rng, site, arrives, umbrellas=weather is Weather.RAIN),
        caption=f"2026-0{rng.integers(1, 10)}-{rng.integers(10, 29)} {rng.integers(10, 24)}:{rng.integers(10, 60)}:{rng.integers(10, 60)}"
        if rng.random() < 0.4
        else "",
    )


def _pick(rng: np.random.Generator, shares: Sequence[float]) -> int:
    return int(rng.choice(len(shares), p=np.asarray(shares) / sum(shares)))


def _walkers(rng: np.random.Generator, site: Site, arrives: float, *, umbrellas: bool) -> tuple[Walker, ...]:
    """Mostly nobody; some pass behind the car, a few between car and camera."""
    people = []
    if rng.random() < 0.3:
        people.append((site.stops_m + 5.5, site.stops_m + 10.0))
    if rng.random() < 0.10 and site.stops_m > 3.0:
        people.append((site.stops_m - 0.9, site.stops_m - 0.5))
    return tuple(
        Walker.of(
            rng,
            near=near,
            far=far,
            crosses_at_s=arrives + float(rng.uniform(0.3, 1.5)),
            umbrella=umbrellas and rng.random() < 0.7,
        )
        for near, far in people
    )


def draw_frame(passage: Passage, at_s: float) -> ClipFrame:
    """The frame at a moment (seconds since the vehicle came into view)."""
    rng = np.random.default_rng((passage.seed, round(at_s * 1000) % 2**31))
    phase, site = passage.phase_at(at_s), passage.site
    if phase in (Phase.BEFORE, Phase.AFTER):
        image = draw_empty_lane(
            rng,
            light=passage.light,
            view=site.view,
            place=site.place,
            weather=passage.weather,
            walkers=passage.walkers,
            seconds=at_s,
            caption=passage.caption,
        )
        return ClipFrame(image, at_s, phase, None, 0.0)
    sway = 0.0 if phase is Phase.WAITING else float(rng.normal(0, 0.004))
    pose = Pose(passage.distance_at(at_s), passage.drift + sway, passage.yaw)
    moving = passage.speed_at(at_s) * _EXPOSURE_S[passage.light] / _SMEARED_AT_ONE_M
    around = Around(passage.light, passage.weather, passage.behind, passage.walkers, at_s, passage.caption)
    scene = draw_at(passage.vehicle, pose, rng, around, view=site.view, place=site.place, moving=moving)
    whole = bool((scene.corners > 1).all() and (scene.corners < (site.view.width - 2, site.view.height - 2)).all())
    return ClipFrame(scene.image, at_s, phase, scene.corners if whole else None, scene.hidden)


def film(
    passage: Passage, frames_per_second: float, *, before_s: float = 0.3, after_s: float = 0.3
) -> Iterator[ClipFrame]:
    """The whole clip, with a little of the empty lane at both ends."""
    count = int((passage.ends_s + before_s + after_s) * frames_per_second) + 1
    for number in range(count):
        yield draw_frame(passage, number / frames_per_second - before_s)
