"""A vehicle at the gate: a body with a plate on it, set before the camera, lit, and painted into the picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import cv2
import numpy as np

from lpr.drawing.bodywork import Body, BodyKind, Facing, Parts
from lpr.drawing.car_fronts import build_front
from lpr.drawing.car_rears import build_rear
from lpr.drawing.heavy_bodies import build_heavy_front, build_heavy_rear, build_motorcycle
from lpr.drawing.layouts import DOUBLE_ROW, MOTORCYCLES, NEW_ENERGY, PlateStyle, layout_of, style_of
from lpr.drawing.lighting import Lighting, shade
from lpr.drawing.meshes import Finish, Floats, Mesh, box, floats, linear, merged
from lpr.drawing.painting import Picture, Points, brighten, darken, paste
from lpr.drawing.perspective import View
from lpr.drawing.plates import draw_plate
from lpr.drawing.rendering import Layer, render
from lpr.drawing.weather import mirror_in_wet_ground

_DUST = floats(linear(126, 138, 146))
_FILM_RETURNS = 1.5  # times more of the camera's own light comes back from a plate than from paper
_THICK_M = 0.004
_HEAVY = (BodyKind.TRUCK, BodyKind.BUS)


@dataclass(frozen=True, slots=True)
class Vehicle:
    """One vehicle, the same in every frame: its number, the style of its plate, its body, the end one sees, its dirt (0-1)."""

    plate: str
    style: PlateStyle
    body: Body
    facing: Facing = Facing.FRONT
    dirt: float = 0.0

    @classmethod
    def of(
        cls,
        plate: str,
        rng: np.random.Generator,
        *,
        style: PlateStyle | None = None,
        facing: Facing | None = None,
        dirt: float = 0.0,
    ) -> Self:
        """A vehicle that bears `plate`, its looks drawn from `rng`; the style follows from the number unless given."""
        style = style or style_of(plate)
        kind = _kind_for(style, rng)
        facing = facing or (Facing.REAR if style in DOUBLE_ROW or kind is BodyKind.MOTORCYCLE else Facing.FRONT)
        return cls(plate, style, Body.of(rng, kind=kind, electric=style in NEW_ENERGY), facing, dirt)


def _kind_for(style: PlateStyle, rng: np.random.Generator) -> BodyKind | None:
    """What bears plates of a style; None: any car."""
    if style in MOTORCYCLES:
        return BodyKind.MOTORCYCLE
    if style in (PlateStyle.YELLOW, PlateStyle.YELLOW_DOUBLE, PlateStyle.TRAILER, PlateStyle.GREEN_LARGE):
        return _HEAVY[int(rng.random() < 0.4)] if style is not PlateStyle.TRAILER else BodyKind.TRUCK
    return BodyKind.TRUCK if style in DOUBLE_ROW else None


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a vehicle stands: its nearest end `distance` m ahead, `drift` m right of the lane's middle, turned by `yaw` (radians)."""

    distance: float
    drift: float = 0.0
    yaw: float = 0.0


@dataclass(frozen=True, slots=True)
class Shining:
    """A lamp as the camera sees it: where (px), how large (px), in which colour (linear), how strongly it dazzles."""

    at: tuple[float, float]
    radius: float
    colour: tuple[float, float, float]
    strength: float


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Where the parts that are read or shine came to lie: plate corners (4 x 2 px, clockwise from the top left), lamps; and the mesh."""

    plate_corners: Points
    lamps: tuple[Shining, ...]
    mesh: Mesh
    layer: Layer | None


def draw_vehicle(
    picture: Floats,
    vehicle: Vehicle,
    view: View,
    pose: Pose,
    lighting: Lighting,
    *,
    lit: bool = False,
    wet: Floats | None = None,
) -> Drawn:
    """Paint the vehicle with its shadow; `lit`: its lamps are on; `wet` (H x W x 1): how well the ground mirrors it."""
    parts, solid = _built(vehicle, lit)
    by = (pose.drift, 0.0, pose.distance)
    mesh = solid.moved(by, pose.yaw)
    _draw_shadow(picture, parts, mesh, view, pose, lighting)
    if lit and vehicle.facing is Facing.FRONT and parts.lamps:
        _light_the_road(picture, parts, view, pose)
    colours = shade(mesh, view.stands, lighting)
    if wet is not None:
        mirror_in_wet_ground(picture, wet, mesh, colours, view)
    layer = render(mesh, colours, view)
    if layer is not None:
        layer.put(picture)
    if parts.panes is not None:
        panes = parts.panes.moved(by, pose.yaw)
        glass = render(panes, shade(panes, view.stands, lighting), view, finer=1.0)
        if glass is not None:
            Layer(glass.left, glass.top, glass.light, glass.cover * np.float32(0.42)).put(picture)
    corners, gain, veil = _plate_in_place(vehicle, parts, view, pose, lighting)
    paste(picture, _plate_of(vehicle), corners, gain, veil)
    return Drawn(corners, _shining(parts, view, pose), mesh, layer)


@lru_cache(maxsize=24)
def _built(vehicle: Vehicle, lit: bool) -> tuple[Parts, Mesh]:
    body = vehicle.body
    if body.kind is BodyKind.MOTORCYCLE:
        parts = build_motorcycle(body, lit=lit)
    elif body.kind in _HEAVY:
        parts = (build_heavy_front if vehicle.facing is Facing.FRONT else build_heavy_rear)(body, lit=lit)
    else:
        parts = (build_front if vehicle.facing is Facing.FRONT else build_rear)(body, lit=lit)
    return parts, _dusty(merged([parts.solid, _holder(vehicle, parts)]), vehicle.dirt)


def _dusty(mesh: Mesh, dirt: float) -> Mesh:
    """Dust from the road, thickest below."""
    if not dirt:
        return mesh
    share = (np.clip(1.1 - mesh.points[:, 1:2], 0.12, 1) * np.float32(0.75 * dirt)).astype(np.float32)
    dull = mesh.colours * (1 - share) + _DUST * share
    return Mesh(mesh.points, mesh.normals, dull, mesh.mirrors * (1 - share), mesh.shines, mesh.triangles)


def _leant(points: Floats, parts: Parts) -> Floats:
    """Points round the plate's middle, leant back and set where the plate is mounted."""
    c, s = float(np.cos(parts.mount.lean)), float(np.sin(parts.mount.lean))
    turn = np.array([[1, 0, 0], [0, c, -s], [0, s, c]], np.float32)
    return np.asarray(points @ turn.T + floats(parts.mount.at), np.float32)


def _holder(vehicle: Vehicle, parts: Parts) -> Mesh:
    """The frame round the plate and the block that it is screwed to."""
    layout, rim = layout_of(vehicle.style), parts.mount.rim
    half, rise = layout.width / 2000 + rim, layout.height / 2000 + rim
    frame = box((-half, -rise, _THICK_M), (half, rise, 0.05), parts.mount.finish)
    lower = box((-half, -rise - 0.012, -0.004), (half, -rise + rim * 0.7, 0.04), parts.mount.finish)
    both_parts = merged([frame, lower] if rim > 0.006 else [frame])
    return Mesh(
        _leant(both_parts.points, parts),
        both_parts.normals,
        both_parts.colours,
        both_parts.mirrors,
        both_parts.shines,
        both_parts.triangles,
    )


def _plate_in_place(
    vehicle: Vehicle, parts: Parts, view: View, pose: Pose, lighting: Lighting
) -> tuple[Points, Floats, Floats]:
    """The plate's corners (px), the light on it and what it mirrors (3 each)."""
    layout = layout_of(vehicle.style)
    half, rise = layout.width / 2000, layout.height / 2000
    flat = floats([(-half, rise, 0), (half, rise, 0), (half, -rise, 0), (-half, -rise, 0)])
    normal = floats([0, np.sin(parts.mount.lean), -np.cos(parts.mount.lean)])
    sheet = Mesh.of(_leant(flat, parts), np.tile(normal, (4, 1)), [(0, 1, 2), (0, 2, 3)], Finish((1.0, 1.0, 1.0), 0.02))
    sheet = sheet.moved((pose.drift, 0.0, pose.distance), pose.yaw)
    black = Mesh(sheet.points, sheet.normals, sheet.colours * 0, sheet.mirrors, sheet.shines, sheet.triangles)
    white, veil = shade(sheet, view.stands, lighting).mean(axis=0), shade(black, view.stands, lighting).mean(axis=0)
    returned = floats(lighting.lamp) * np.float32(_FILM_RETURNS * 9.0 / (pose.distance**2 + 1.5))
    return view.project(sheet.points), np.asarray(white - veil + returned, np.float32), np.asarray(veil, np.float32)


@lru_cache(maxsize=64)
def _plate_of(vehicle: Vehicle) -> Picture:
    """The car's own plate, the same in every frame; read-only."""
    rng = np.random.default_rng(vehicle.body.seed)
    plate = draw_plate(vehicle.plate, vehicle.style, rng, wear=0.2 + 0.6 * vehicle.dirt)
    if vehicle.dirt:
        plate = _soiled(plate, vehicle.dirt, rng)
    plate.flags.writeable = False
    return plate


def _soiled(plate: Picture, dirt: float, rng: np.random.Generator) -> Picture:
    """A film of dust in clouds, and splashes that dried."""
    height, width = plate.shape[:2]
    clouds = rng.uniform(0, 1, (4, 9)).astype(np.float32)
    film = np.asarray(cv2.resize(clouds, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    film = np.clip(film * np.linspace(0.5, 1.1, height, dtype=np.float32)[:, None], 0, 1) * np.float32(0.62 * dirt)
    for _ in range(int(rng.poisson(22 * dirt))):
        at = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        cv2.circle(film, at, int(rng.integers(2, 3 + round(9 * dirt))), float(rng.uniform(0.35, 0.8)), -1, cv2.LINE_AA)
    film = cv2.GaussianBlur(film, (0, 0), 2.0)[..., None]
    tone = np.float32(rng.uniform(0.7, 1.1)) * floats((112, 126, 136))
    return np.asarray(np.clip(plate * (1 - film) + tone * film, 0, 255), np.uint8)


def _draw_shadow(picture: Floats, parts: Parts, mesh: Mesh, view: View, pose: Pose, lighting: Lighting) -> None:
    """The dark below the vehicle, and what it keeps from the sun."""
    w, unit = parts.half_width, view.scale / max(pose.distance, 1.0)
    if any(lighting.sun) and lighting.sun_from[1] > 0.1:
        sun = np.asarray(lighting.sun_from)
        some = mesh.points[::9].astype(np.float64)
        on_road = some - sun * (some[:, 1:2] / sun[1])
        ahead = on_road[view.in_camera(on_road)[:, 2] > 0.4]
        if len(ahead) > 3:
            hull = cv2.convexHull(view.project(ahead).astype(np.float32))[:, 0].astype(np.float64)
            direct = float(np.mean(lighting.sun)) * lighting.sun_from[1]
            share = direct / (direct + float(np.mean(lighting.above)))
            darken(picture, hull, 0.03 * unit * (4 if lighting.covered else 1), share * 0.92)
    footprint = np.array([(-w, 0, -0.05), (w, 0, -0.05), (w, 0, parts.length), (-w, 0, parts.length)])
    darken(picture, _on_screen(footprint, view, pose), 0.09 * unit, 0.80)


def _light_the_road(picture: Floats, parts: Parts, view: View, pose: Pose) -> None:
    """Two pools of light before a car with its headlights on."""
    for lamp in parts.lamps:
        x = lamp.at[0]
        pool = np.array([(x - 0.35, 0, -0.35), (x + 0.35, 0, -0.35), (x + 0.6, 0, -1.8), (x - 0.6, 0, -1.8)])
        brightness = 0.05 * lamp.strength
        brighten(
            picture,
            _on_screen(pool, view, pose),
            0.25 * view.scale / max(pose.distance, 1.0),
            (brightness, brightness, brightness * 0.95),
        )


def _on_screen(points: Points, view: View, pose: Pose) -> Points:
    c, s = np.cos(pose.yaw), np.sin(pose.yaw)
    turn = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    return view.project(points @ turn.T + (pose.drift, 0.0, pose.distance))


def _shining(parts: Parts, view: View, pose: Pose) -> tuple[Shining, ...]:
    if not parts.lamps:
        return ()
    points = _on_screen(np.array([lamp.at for lamp in parts.lamps]), view, pose)
    scale = view.scale / max(pose.distance, 0.5)
    return tuple(
        Shining((float(x), float(y)), lamp.radius * scale, lamp.colour, lamp.strength)
        for (x, y), lamp in zip(points, parts.lamps, strict=True)
    )
