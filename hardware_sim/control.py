"""The side door of the simulated mall: makes things happen in the physical world and shows what a bystander would see."""

from __future__ import annotations

import json

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hardware_sim.devices.camera import CameraFault
from hardware_sim.mall import FIRE_INPUT, Mall, plan_of
from parking.kernel.errors import ParkingError


def side_door(mall: Mall) -> Starlette:
    """GET /state, /logs, /cars/{number}; POST /cars (a plan), /cars/{number}/go, /faults ({device, fault}), /kiosk/notes ({note})."""

    async def state(_: Request) -> Response:
        return JSONResponse(mall.state())

    async def logs(_: Request) -> Response:
        return JSONResponse(mall.logs())

    async def drive_up(request: Request) -> Response:
        try:
            car = mall.drive_up(plan_of(json.loads(await request.body())))
        except (KeyError, ValueError, TypeError, ParkingError) as error:
            return JSONResponse({"error": f"this is no plan for a car: {error}"}, status_code=422)
        return JSONResponse(mall.car(car), status_code=201)

    async def car(request: Request) -> Response:
        number = request.path_params["number"]
        cars = mall.garage.cars if mall.garage else []
        return JSONResponse(mall.car(cars[number])) if number < len(cars) else Response(status_code=404)

    async def go(request: Request) -> Response:
        number = request.path_params["number"]
        cars = mall.garage.cars if mall.garage else []
        if number >= len(cars):
            return Response(status_code=404)
        cars[number].go.set()
        return Response(status_code=204)

    async def put_in(request: Request) -> Response:
        try:
            drawn = mall.cash.insert(int(json.loads(await request.body())["note"]))
        except (KeyError, ValueError, TypeError) as error:
            return JSONResponse({"error": f"this is no note: {error}"}, status_code=422)
        return JSONResponse({"drawn_in": drawn, **mall.cash.state()})

    async def break_something(request: Request) -> Response:
        try:
            wish = json.loads(await request.body())
            _break(mall, str(wish["device"]), str(wish["fault"]))
        except (KeyError, ValueError, TypeError) as error:
            return JSONResponse({"error": f"this is no fault: {error}"}, status_code=422)
        return Response(status_code=204)

    return Starlette(
        routes=[
            Route("/state", state),
            Route("/logs", logs),
            Route("/cars", drive_up, methods=["POST"]),
            Route("/cars/{number:int}", car),
            Route("/cars/{number:int}/go", go, methods=["POST"]),
            Route("/kiosk/notes", put_in, methods=["POST"]),
            Route("/faults", break_something, methods=["POST"]),
        ]
    )


def _break(mall: Mall, device: str, fault: str) -> None:
    """A camera by its lane (none, freeze, black, stop, garbage, slow, drop; entry-2: none, gone, network_down), a camera over bays by its
    name (as any camera), the board (none, gone, mute, loop-N-on), a reader (uhf or scanner: none, mute, hang_up), the feed next door
    (none, silent, broken, stale, garbage_row, lies),
    the kiosk's slot for notes (kiosk: none, jam, mute, empty), or the fire contact (on, off).
    """
    if device in mall.cameras:
        mall.cameras[device].set_fault(CameraFault(fault))
    elif device in mall.parked.cameras:
        mall.parked.cameras[device].set_fault(CameraFault(fault))
    elif device == "board":
        mall.board.gone = fault == "gone"
        mall.board.mute = fault == "mute"
        for index in range(6):
            mall.board.stick_input(index, True if fault == f"loop-{index}-on" else None)
    elif device == "entry-2":
        mall.second.camera.faults.gone = fault == "gone"
        mall.second.camera.faults.network_down = fault == "network_down"
    elif device in ("uhf", "scanner"):
        reader = mall.second.tags if device == "uhf" else mall.second.scanner
        reader.mute = fault == "mute"
        if fault == "hang_up":
            reader.hang_up()
    elif device == "neighbour":
        mall.next_door.feed.fault(*([] if fault == "none" else [fault]))
    elif device == "kiosk":
        mall.cash.fault(fault)
    elif device == "fire":
        mall.board.set_input(FIRE_INPUT, fault == "on")
    else:
        raise KeyError(device)
