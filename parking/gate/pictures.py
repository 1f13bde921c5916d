"""The best picture of a visit, where the lane's camera keeps one: a reference that travels with whatever a person must judge."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from parking.kernel.ids import VisitId


@runtime_checkable
class TakesPictures(Protocol):
    """A camera that can name its best picture of a visit so far; asked for, never assumed."""

    def picture(self, visit_id: VisitId) -> str | None: ...


def picture_of(camera: object, visit_id: VisitId) -> str | None:
    """The reference of the visit's best picture; None where the camera has none, or keeps none."""
    return camera.picture(visit_id) if isinstance(camera, TakesPictures) else None
