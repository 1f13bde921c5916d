"""The best picture of a visit, where the lane's camera keeps one: a reference that travels with whatever a person must judge."""

from __future__ import annotations

from typing import Any

from parking.kernel.ids import VisitId


def picture_of(camera: Any, visit_id: VisitId) -> str | None:
    """The reference of the visit's best picture; None where the camera has none, or keeps none."""
    picture = getattr(
        camera, "picture", None
    )  # no Protocol: asked for it, Python looks at every name, four times a vehicle
    return picture(visit_id) if picture is not None else None
