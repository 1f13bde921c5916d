"""A vehicle at the gate: a body with a plate on it, painted at a distance from the camera."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np

from lpr.drawing.bodywork import PLATE_Y_M, Body, Brush, Lamps, draw_body, mirrored
from lpr.drawing.layouts import PlateStyle, layout_of, style_of
from lpr.drawing.painting import Picture, Points, paste
from lpr.drawing.perspective import View
from lpr.drawing.plates import draw_plate

_PLATE_Z_M = -0.02


@dataclass(frozen=True, slots=True)
class Vehicle:
    """One vehicle, the same in every frame: its number, the style of its plate, its body."""

    plate: str
    style: PlateStyle
    body: Body

    @classmethod
    def of(cls, plate: str, rng: np.random.Generator, *, style: PlateStyle | None = None) -> Self:
        """A car that bears `plate`, its looks drawn from `rng`; the style follows from the number unless given."""
        return cls(plate, style or style_of(plate), Body.of(rng))


@dataclass(frozen=True, slots=True)
class Drawn:
    """Where the parts that are read or shine came to lie: plate corners (4 x 2 px, clockwise from the top left), lamps."""

    plate_corners: Points
    lamps: Lamps


def draw_vehicle(
    picture: Picture, vehicle: Vehicle, view: View, *, distance: float, drift: float = 0.0, lamps_lit: bool = False
) -> Drawn:
    """Paint the car with its nose `distance` m ahead of the camera and `drift` m right of the lane's middle."""
    brush = Brush(picture, view, distance, drift)
    lamps = draw_body(brush, vehicle.body, lamps_lit=lamps_lit)
    return Drawn(_draw_number(brush, vehicle), lamps)


@lru_cache(maxsize=64)
def _plate_of(vehicle: Vehicle) -> Picture:
    """The car's own plate, the same in every frame; read-only."""
    plate = draw_plate(vehicle.plate, vehicle.style, np.random.default_rng(vehicle.body.seed))
    plate.flags.writeable = False
    return plate


def _draw_number(brush: Brush, vehicle: Vehicle) -> Points:
    layout = layout_of(vehicle.style)
    half, rise = layout.width / 2000, layout.height / 2000
    y, z = PLATE_Y_M, _PLATE_Z_M
    for grow, shade in ((0.022, (30.0, 30.0, 30.0)), (0.010, (52.0, 51.0, 50.0))):
        holder = mirrored([(half + grow, y + rise + grow, z + 0.01), (half + grow, y - rise - grow, z + 0.01)])
        brush.fill(holder, shade)
    corners = brush.px(
        [(-half, y + rise, z + 0.004), (half, y + rise, z + 0.004), (half, y - rise, z), (-half, y - rise, z)]
    )
    paste(brush.picture, _plate_of(vehicle), corners)
    return corners
