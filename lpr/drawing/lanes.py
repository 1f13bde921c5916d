"""The lane without a car: what stands round it, surveyed once per place and camera, then lit for each hour and weather.

The same place number is always the same place: even ones lie outdoors, odd ones under a roof.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from lpr.drawing.lighting import Light, Weather, falling_on, lighting_of
from lpr.drawing.materials import Material, clouds, worked
from lpr.drawing.meshes import Floats, floats, merged
from lpr.drawing.perspective import View
from lpr.drawing.places import LANE_HALF_M, Thing, ground_of, is_covered, things_at
from lpr.drawing.rendering import whole

_FINER = 1.5
_FAR = 400.0
_IDS = 32.0


@dataclass(frozen=True, slots=True, eq=False)
class Lane:
    """The empty lane in some light (H x W x 3, linear), and how much of the wet ground mirrors at each pixel (H x W x 1, 0-1)."""

    light: Floats
    wet: Floats
    rained: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Survey:
    """What each pixel of a larger picture shows: own colour, own light, where it is, which way it faces (H x W x 3), the road (H x W)."""

    colours: Floats
    shines: Floats
    at: Floats
    facing: Floats
    sky: NDArray[np.bool_]
    road: NDArray[np.bool_]


@lru_cache(maxsize=12)
def lane_at(place: int, view: View, light: Light, weather: Weather) -> Lane:
    """The lane as it is lit; read-only."""
    survey = _survey(place, view)
    covered = is_covered(place)
    lighting = lighting_of(light, weather, covered=covered, seed=place)
    bright = falling_on(survey.at, survey.facing, lighting)
    wet = weather is Weather.RAIN and not covered
    if covered:  # corners and the far end are darker
        bright *= np.clip(1.25 - survey.at[..., 2:] / 45, 0.3, 1) * np.clip(0.5 + survey.at[..., 1:2] * 0.5, 0.62, 1)
    colours = survey.colours
    if wet:
        colours = np.where(survey.road[..., None], colours * np.float32(0.45), colours)
    picture = colours * bright + survey.shines * np.float32(_own_light(light, covered))
    picture[survey.sky] = _sky(view, survey.sky, lighting.zenith, lighting.horizon)
    mirror = (
        survey.road.astype(np.float32)[..., None] * _puddles(survey.at, place)
        if wet
        else np.zeros_like(bright[..., :1])
    )
    if wet:
        picture += mirror * np.float32(0.30) * floats(lighting.horizon)
    size = (view.width, view.height)
    small = np.asarray(cv2.resize(picture.astype(np.float32), size, interpolation=cv2.INTER_AREA), np.float32)
    lane = Lane(
        _out_of_focus(small, survey, view),
        np.asarray(cv2.resize(mirror, size, interpolation=cv2.INTER_AREA), np.float32)[..., None],
        wet,
    )
    lane.light.flags.writeable = lane.wet.flags.writeable = False
    return lane


def _own_light(light: Light, covered: bool) -> float:
    """How much of their full strength lamps and lit windows have against this hour's exposure."""
    if covered:
        return {Light.NIGHT: 0.5, Light.INFRARED: 0.25}.get(light, 1.0)
    return {Light.DAY: 0.35, Light.LOW_SUN: 0.35, Light.DUSK: 1.0}.get(light, 0.8)


@lru_cache(maxsize=4)
def _survey(place: int, view: View) -> _Survey:
    things = things_at(place)
    mesh = merged([thing.mesh for thing in things])
    large = (round(view.width * _FINER), round(view.height * _FINER))
    colours, ahead = whole(mesh, mesh.colours, view, _FINER)
    facing, _ = whole(mesh, np.asarray(mesh.normals * 0.5 + 0.5, np.float32), view, _FINER)
    shines, _ = whole(mesh, mesh.shines, view, _FINER)
    ids, _ = whole(mesh, _ids(things), view, _FINER)
    rays = view.rays(_FINER).astype(np.float32)
    eye = floats(view.stands)
    down = np.minimum(rays[..., 1], -1e-6)
    to_road = np.where(rays[..., 1] < -1e-4, -eye[1] / down, np.float32(_FAR * 2))
    road = (to_road < np.minimum(ahead, _FAR)) & (to_road > 0)
    ahead = np.where(road, to_road, ahead)
    at = eye + rays * ahead[..., None]
    normals = facing * 2 - 1
    normals /= np.linalg.norm(normals, axis=2, keepdims=True) + 1e-6
    normals[road] = (0, 1, 0)
    shines[road] = 0
    kinds = np.round(ids[..., 0] * _IDS).astype(np.int32)
    sky = (ahead > _FAR) & ~road
    kinds[sky] = Material.PLAIN
    kinds[road] = -1
    colours[road] = ground_of(place, at[road])
    colours = _work(colours, kinds, at, place)
    assert large == colours.shape[1::-1]
    return _Survey(colours, shines, at.astype(np.float32), normals.astype(np.float32), sky, road)


def _ids(things: tuple[Thing, ...]) -> Floats:
    return np.concatenate([np.full((len(t.mesh.points), 3), t.material / _IDS, np.float32) for t in things])


def _work(colours: Floats, kinds: NDArray[np.int32], at: Floats, place: int) -> Floats:
    for kind in np.unique(kinds[kinds > 0]):
        chosen = kinds == kind
        colours[chosen] *= worked(Material(int(kind)), at[chosen], place * 17 + int(kind))
    return colours


def _sky(view: View, sky: NDArray[np.bool_], zenith: tuple[float, ...], horizon: tuple[float, ...]) -> Floats:
    rays = view.rays(_FINER)[sky]
    high = np.clip(rays[:, 1] / np.linalg.norm(rays, axis=1) * 2.2, 0, 1)[:, None]
    return np.asarray(floats(horizon) * (1 - high) + floats(zenith) * high, np.float32)


def _puddles(at: Floats, place: int) -> Floats:
    """Where water stands it mirrors well, elsewhere a little."""
    field = clouds(place + 5, 14)
    x, z = np.floor(at[..., 0] * 26).astype(np.int64) % 256, np.floor(at[..., 2] * 26).astype(np.int64) % 256
    return np.asarray(0.30 + 0.70 * np.clip(field[z, x] * 0.9, 0, 1), np.float32)[..., None]


def _out_of_focus(picture: Floats, survey: _Survey, view: View) -> Floats:
    """The camera is focused on the stop line; what lies far behind is soft."""
    far = np.where(survey.sky, np.float32(60), survey.at[..., 2])
    share = cv2.resize(np.clip((far.astype(np.float32) - 6) / 14, 0, 1), (view.width, view.height))[..., None]
    soft = np.asarray(cv2.GaussianBlur(picture, (0, 0), view.width / 420), np.float32)
    return np.asarray(picture * (1 - share) + soft * share, np.float32)


__all__ = ["LANE_HALF_M", "Lane", "is_covered", "lane_at"]
