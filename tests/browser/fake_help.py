"""Calls and the emergency on the scripted server: the contract's paths, bodies and refusals, and the words of the live feed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import cv2
import numpy as np
from fastapi import APIRouter, Depends, Header, Response

from lpr import pictures
from lpr.drawing.scenes import draw_scene
from lpr.drawing.vehicles import Vehicle
from parking.emergency.saying import PHRASES, Said
from parking.emergency.schemas import (
    CallPage,
    CallView,
    EmergencyState,
    EmergencyView,
    MyCall,
    Press,
    SaidView,
    SayToCaller,
    WithNote,
    WithReason,
)
from parking.kernel.errors import conflict, not_found
from parking.kernel.principal import Principal, Scope
from parking.web.deps import require
from tests.browser.script import Opened

if TYPE_CHECKING:
    from tests.browser.fake_server import FakeServer

Watcher = Annotated[Principal, Depends(require(Scope.LANES_READ))]
Operator = Annotated[Principal, Depends(require(Scope.LANES_OPEN))]
Driver = Annotated[Principal, Depends(require(Scope.OWN_STAY))]
Kiosk = Annotated[Principal, Depends(require(Scope.KIOSK))]
Key = Annotated[str, Header(alias="idempotency-key", min_length=8, max_length=64)]
ME = "王芳"


@functools.cache
def a_grey_picture(_: str) -> bytes:
    """A picture that costs nothing to draw."""
    return pictures.jpeg(np.full((90, 160, 3), 128, dtype=np.uint8))


DRAWN = {"visit-c1": ("沪AD88588", 0.9), "stay-1": ("沪AD88588", 0.78)}
"""Whose plate stands on a visit's picture, and how near the car has come; of any other visit the car of the lane's panel."""


@functools.cache
def a_drawn_picture(visit_id: str) -> bytes:
    """A car at a gate, in other light for each visit; takes its time to draw."""
    light = 4 + len(visit_id)
    plate, approach = DRAWN.get(visit_id, ("沪B12307", 0.9))
    drawn = draw_scene(Vehicle.of(plate, np.random.default_rng(3)), np.random.default_rng(light), approach=approach)
    return pictures.jpeg(np.asarray(cv2.resize(drawn.image, (640, 360)), dtype=np.uint8))


class FakeHelp:
    """What the script says of calls and the emergency; `taken`, `finished` and `opened` are what operators did."""

    def __init__(self, fake: FakeServer) -> None:
        self._fake = fake
        self.calls: dict[str, dict[str, Any]] = {}
        self.finished: dict[str, str] = {}
        self.opened: list[Opened] = []
        self.emergency: dict[str, Any] | None = None
        self.emergency_words: list[tuple[str, str]] = []
        self.picture: Callable[[str], bytes] = a_grey_picture

    def ring(
        self, call_id: str, lane_id: str | None, cause: str, *, ago_s: float = 0, source: str = "lane", **more: Any
    ) -> None:
        """Somebody calls."""
        called_at = self._fake.now() - timedelta(seconds=ago_s)
        empty = dict.fromkeys(
            ("visit_id", "stay_id", "plate", "picture_ref", "taken_by", "taken_at", "ended_at", "how")
        )
        call = {"id": call_id, "source": source, "lane_id": lane_id, "cause": cause, "called_at": called_at}
        self.calls[call_id] = (
            empty
            | call
            | {"state": "waiting", "called": ["attendant"], "mine": False, "note": "", "said": None}
            | {"has_screen": source != "lane"}
            | more
        )
        self._fake.event("CallChanged", lane_id=lane_id, reason="called", state="waiting")

    def change(self, call_id: str, state: str, reason: str, **more: Any) -> CallView:
        """The call moves on, by whoever it is."""
        call = self.calls[call_id]
        call |= {"state": state, **more}
        self._fake.event("CallChanged", lane_id=call["lane_id"], reason=reason, state=state)
        return CallView(**call)

    def begin(self, *, lane_id: str | None, cause: str, lanes: list[dict[str, Any]], ago_s: float = 0) -> None:
        started = self._fake.now() - timedelta(seconds=ago_s)
        times: dict[str, datetime | None] = dict.fromkeys(("ordered_at", "opened_at", "cleared_at"))
        self.emergency = {
            "id": "emergency-1", "standing": True, "cause": cause, "lane_id": lane_id, "started_at": started,
            "begun_by": lane_id or ME, "reason": cause, "ended_at": None, "ended_by": None, "end_reason": None,
            "lanes": [times | lane for lane in lanes],
        }  # fmt: skip
        self._fake.event("EmergencyChanged", reason=cause, standing=True)

    def held(self, call_id: str) -> dict[str, Any]:
        call = self.calls.get(call_id)
        if call is None:
            raise not_found("call.unknown", "there is no such call")
        if call["state"] == "ended":
            raise conflict("call.ended", "this call has ended")
        if call["state"] == "taken" and not call["mine"]:
            raise conflict("call.taken", f"{call['taken_by']} has taken this call")
        return call


def install(routes: APIRouter, fake: FakeServer) -> None:
    """All routes about calls and emergencies."""
    _operators(routes, fake, fake.help)
    _callers(routes, fake, fake.help)


def _operators(routes: APIRouter, fake: FakeServer, known: FakeHelp) -> None:
    @routes.get("/calls")
    async def list_calls(_: Watcher) -> CallPage:
        open_ones = [CallView(**call) for call in known.calls.values() if call["state"] != "ended"]
        return CallPage(items=sorted(open_ones, key=lambda c: c.called_at), now=fake.now(), next=None)

    @routes.get("/visits/{visit_id}/picture", response_class=Response)
    async def picture(visit_id: str, _: Operator) -> Response:
        return Response(known.picture(visit_id), media_type="image/jpeg")

    @routes.post("/calls/{call_id}/take")
    async def take(call_id: str, _: Operator) -> CallView:
        known.held(call_id)
        return known.change(call_id, "taken", "taken", mine=True, taken_by=ME, taken_at=fake.now())

    @routes.post("/calls/{call_id}/hand-back")
    async def hand_back(call_id: str, _: Operator) -> CallView:
        known.held(call_id)
        return known.change(call_id, "waiting", "handed_back", mine=False, taken_by=None, taken_at=None)

    @routes.post("/calls/{call_id}/end")
    async def end(call_id: str, _: Operator, body: WithNote) -> CallView:
        known.held(call_id)
        known.finished[call_id] = body.note
        return known.change(call_id, "ended", "helped", how="helped")

    @routes.post("/calls/{call_id}/say")
    async def say(call_id: str, _: Operator, body: SayToCaller) -> CallView:
        call = known.held(call_id)
        said = PHRASES[body.phrase] if body.phrase else Said(body.text, body.text)
        call["said"] = SaidView.of(said)
        return known.change(call_id, "taken", "said")

    @routes.post("/calls/{call_id}/open", status_code=202)
    async def open_lane(call_id: str, _: Operator, body: WithReason, key: Key) -> dict[str, str]:
        call = known.held(call_id)
        if key not in {one.key for one in known.opened}:
            known.opened.append(Opened(call["lane_id"], body.reason, key))
        known.change(call_id, "taken", "taken", mine=True, taken_by=ME, taken_at=fake.now())
        return {"command_id": key}

    def state() -> EmergencyState:
        latest = EmergencyView(**known.emergency) if known.emergency else None
        return EmergencyState(standing=latest is not None and latest.standing, latest=latest)

    @routes.get("/emergency")
    async def look(_: Watcher) -> EmergencyState:
        return state()

    @routes.post("/emergency/begin")
    async def begin(_: Operator, body: WithReason, key: Key) -> EmergencyState:
        known.emergency_words.append(("begin", body.reason))
        known.begin(lane_id=None, cause="ordered", lanes=[{"lane_id": "exit-1", "ordered_at": fake.now()}])
        return state()

    @routes.post("/emergency/end")
    async def end_it(_: Operator, body: WithReason, key: Key) -> EmergencyState:
        assert known.emergency is not None
        known.emergency_words.append(("end", body.reason))
        known.emergency |= {"standing": False, "ended_at": fake.now(), "ended_by": ME, "end_reason": body.reason}
        fake.event("EmergencyChanged", reason="fire", standing=False)
        return state()


def _callers(routes: APIRouter, fake: FakeServer, known: FakeHelp) -> None:
    def mine(source: str) -> MyCall:
        call = known.calls[f"{source}-call"]
        return MyCall(call_id=call["id"], state=call["state"], called_at=call["called_at"], said=call["said"])

    def press(source: str, body: Press) -> MyCall:
        known.ring(f"{source}-call", body.lane_id, "help_wanted", source=source)
        return mine(source)

    @routes.post("/my/calls", status_code=201)
    async def driver_calls(_: Driver, body: Press) -> MyCall:
        return press("driver", body)

    @routes.get("/my/calls/{call_id}")
    async def driver_asks(call_id: str, _: Driver) -> MyCall:
        return mine("driver")

    @routes.post("/my/calls/{call_id}/end")
    async def driver_hangs_up(call_id: str, _: Driver) -> MyCall:
        known.change("driver-call", "ended", "gone")
        return mine("driver")

    @routes.post("/kiosk/calls", status_code=201)
    async def kiosk_calls(_: Kiosk, body: Press) -> MyCall:
        return press("kiosk", body)

    @routes.get("/kiosk/calls/{call_id}")
    async def kiosk_asks(call_id: str, _: Kiosk) -> MyCall:
        return mine("kiosk")

    @routes.post("/kiosk/calls/{call_id}/end")
    async def kiosk_hangs_up(call_id: str, _: Kiosk) -> MyCall:
        known.change("kiosk-call", "ended", "gone")
        return mine("kiosk")
