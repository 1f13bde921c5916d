"""The picture of a visit, for the person who judges it: asked of the gate boxes, shown, forgotten. The server stores none.

A plate with a place and a time is somebody's whereabouts: pictures stay on the box that took them until a person with a case looks, and
every look is written down.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from parking.kernel.clock import Clock
from parking.kernel.errors import invalid, not_found
from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import Database
from parking.plumbing.unit_of_work import Audit
from parking.web.deps import require

NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
WAIT_MOST_S = 25.0
_BOXES_LOOK_S = 4.0  # they hold a question open, so that an answer takes as long as the way
_WANTED_MOST, _KEPT_MOST = 32, 16
_KEPT_S = 60.0
_LOOK_EVERY_S = 0.1
_JPEG = b"\xff\xd8"
T = TypeVar("T")


@dataclass(slots=True)
class _Picture:
    until_s: float
    jpeg: bytes | None = None


class CasePictures:
    """What is wanted now and what has just come, in memory; safe to share between threads."""

    def __init__(self, clock: Clock, stopping: Callable[[], bool] = lambda: False) -> None:
        self._clock = clock
        self.stopping = stopping
        self._lock = threading.Lock()
        self._pictures: OrderedDict[str, _Picture] = OrderedDict()

    def want(self, name: str) -> bytes | None:
        """Ask for a picture; the picture where it is there already."""
        with self._lock:
            self._tidy()
            picture = self._pictures.setdefault(name, _Picture(0.0))
            picture.until_s = self._clock.monotonic_s() + _KEPT_S
            self._pictures.move_to_end(name)
            return picture.jpeg

    def wanted(self) -> list[str]:
        """The names that somebody waits for, oldest first."""
        with self._lock:
            self._tidy()
            return [name for name, picture in self._pictures.items() if picture.jpeg is None]

    def bring(self, name: str, jpeg: bytes) -> bool:
        """A box has it; False where nobody asked for it (any more)."""
        with self._lock:
            self._tidy()
            picture = self._pictures.get(name)
            if picture is None:
                return False
            picture.jpeg = jpeg
            return True

    def _tidy(self) -> None:
        now_s = self._clock.monotonic_s()
        for name in [name for name, picture in self._pictures.items() if picture.until_s and picture.until_s < now_s]:
            del self._pictures[name]
        held = [name for name, picture in self._pictures.items() if picture.jpeg is not None]
        waiting = [name for name, picture in self._pictures.items() if picture.jpeg is None]
        for name in [*held[:-_KEPT_MOST], *waiting[:-_WANTED_MOST]]:
            del self._pictures[name]


def router(pictures: CasePictures, database: Database, audit: Audit) -> APIRouter:
    """Routes for gate boxes, and one for people."""
    routes = APIRouter(tags=["pictures"])

    @routes.get("/edge/pictures")
    async def wanted_pictures(
        who: Annotated[Principal, Depends(require(Scope.EDGE))],  # noqa: ARG001 - the scope is the point
        wait_s: Annotated[float, Query(ge=0, le=WAIT_MOST_S)] = 0.0,
    ) -> dict[str, list[str]]:
        names = await _until(pictures, pictures.wanted, wait_s)
        return {"wanted": names or []}

    @routes.post("/edge/pictures/{name}", status_code=204)
    async def bring_picture(
        request: Request,
        name: Annotated[str, Path(pattern=NAME)],
        who: Annotated[Principal, Depends(require(Scope.EDGE))],  # noqa: ARG001 - the scope is the point
    ) -> None:
        jpeg = await request.body()
        if not jpeg.startswith(_JPEG):
            raise invalid("picture.malformed", "a picture is a JPEG file", field="body")
        if not pictures.bring(name, jpeg):
            raise not_found("picture.not_wanted", "nobody has asked for this picture")

    @routes.get(
        "/visits/{visit_id}/picture",
        response_class=Response,
        responses={200: {"content": {"image/jpeg": {}}}},
    )
    async def see_picture(
        visit_id: Annotated[str, Path(pattern=NAME)], who: Annotated[Principal, Depends(require(Scope.LANES_OPEN))]
    ) -> Response:
        await database.awrite(lambda uow: audit(uow, who, "picture.view", visit_id, ""))
        jpeg = await _until(pictures, lambda: pictures.want(visit_id), _BOXES_LOOK_S)
        if not jpeg:
            raise not_found("picture.none", "no gate box has a picture of this visit, or its box does not answer")
        return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "no-store"})

    return routes


async def _until(pictures: CasePictures, look: Callable[[], T], wait_s: float) -> T:
    """What there is, as soon as there is something; at the latest after `wait_s`."""
    for _ in range(round(wait_s / _LOOK_EVERY_S)):
        if (found := look()) or pictures.stopping():
            return found
        await asyncio.sleep(_LOOK_EVERY_S)
    return look()
