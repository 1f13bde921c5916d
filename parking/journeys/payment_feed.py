"""How a payment stands, told over a websocket the moment it changes; whoever listens shows the stay's code in the first message.

The code does not travel in the address: addresses are written down on the way. The socket ends with the payment.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import datetime
from typing import Any

from fastapi import APIRouter, WebSocket
from sqlalchemy import Connection
from starlette.websockets import WebSocketDisconnect

from parking.journeys.ports import Cashier
from parking.kernel.clock import Clock
from parking.kernel.errors import ParkingError
from parking.kernel.ids import PaymentId
from parking.plumbing.db import Database

FIRST_MESSAGE_S = 10.0
LOOK_AGAIN_S = 2.0
NOT_OFTENER_S = 0.1
MOST_LISTENERS = 500
LONGEST_MESSAGE = 5_000
_ENDED = ("PAID", "FAILED", "CLOSED")
_DONE, _REFUSED, _FULL = 1000, 1008, 1013


class Bell:
    """Rings for everybody who listens when something was committed."""

    def __init__(self, database: Database) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        database.after_commit(self._ring)

    def listen(self) -> asyncio.Event | None:
        """An event of one's own; None when there are too many listeners."""
        with self._lock:
            if len(self._listeners) >= MOST_LISTENERS:
                return None
            event = asyncio.Event()
            self._listeners[event] = asyncio.get_running_loop()
            return event

    def leave(self, event: asyncio.Event) -> None:
        with self._lock:
            self._listeners.pop(event, None)

    def _ring(self) -> None:
        with self._lock:
            listeners = list(self._listeners.items())
        for event, loop in listeners:
            with suppress(RuntimeError):  # its loop has ended
                loop.call_soon_threadsafe(event.set)


def router(
    database: Database, cashier: Cashier, clock: Clock, stay_of_ticket: Callable[[str, datetime], str]
) -> APIRouter:
    """The websocket of payments."""
    routes = APIRouter()
    bell = Bell(database)

    def look(conn: Connection, payment_id: str, stay_id: str) -> dict[str, Any] | None:
        payment = cashier.payment(conn, PaymentId(payment_id))
        if payment is None or payment.stay_id != stay_id:
            return None
        money = {"amount": payment.amount.minor, "currency": payment.amount.currency}
        told = {"type": "payment", "payment_id": payment_id, "state": str(payment.state), "amount": money}
        return told | {"channel": payment.channel, "pay_url": payment.pay_url}

    async def tell(websocket: WebSocket, payment_id: str, stay_id: str | None, rung: asyncio.Event) -> int:
        last: dict[str, Any] | None = None
        while stay_id is not None:
            rung.clear()
            now = await database.aread(lambda conn: look(conn, payment_id, stay_id))
            if now is None:
                break
            if now != last:
                await websocket.send_text(json.dumps(now, separators=(",", ":")))
                last = now
            if now["state"] in _ENDED:
                return _DONE
            with suppress(TimeoutError):
                await asyncio.wait_for(rung.wait(), LOOK_AGAIN_S)
            await asyncio.sleep(NOT_OFTENER_S)
        await websocket.send_text('{"type":"error","code":"payment.unknown"}')
        return _REFUSED

    @routes.websocket("/my/payments/{payment_id}/live")
    async def live(websocket: WebSocket, payment_id: str) -> None:
        await websocket.accept()
        rung: asyncio.Event | None = None
        try:
            stay_id = await _shown(websocket, clock, stay_of_ticket)
            rung = bell.listen() if stay_id is not None else asyncio.Event()  # only who shows a code takes a place
            if rung is None:
                await websocket.close(_FULL)
                return
            telling = asyncio.create_task(tell(websocket, payment_id, stay_id, rung))
            if await _before(telling, _gone(websocket)):
                await websocket.close(telling.result())
        except (WebSocketDisconnect, RuntimeError):  # the listener has gone
            pass
        finally:
            if rung is not None:
                bell.leave(rung)

    return routes


async def _gone(websocket: WebSocket) -> None:
    """Wait until the listener has left or the server stops; what else is said is not for us."""
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass


async def _before(first: asyncio.Task[int], other: Coroutine[Any, Any, None]) -> bool:
    """Whether `first` ends before the other; then nobody goes on."""
    tasks = {first, asyncio.create_task(other)}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return first.done()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _shown(websocket: WebSocket, clock: Clock, stay_of_ticket: Callable[[str, datetime], str]) -> str | None:
    """The stay whose code the first message shows: `{"token": "…"}`; None for anything else."""
    try:
        text = await asyncio.wait_for(websocket.receive_text(), FIRST_MESSAGE_S)
        plain = json.loads(text) if len(text) <= LONGEST_MESSAGE else None
        token = plain.get("token") if isinstance(plain, dict) else None
        return stay_of_ticket(token, clock.now()) if isinstance(token, str) else None
    except (TimeoutError, ValueError, KeyError, RecursionError, ParkingError):
        return None
