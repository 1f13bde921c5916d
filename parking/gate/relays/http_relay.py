"""A relay on HTTP: Shelly's Gen2 RPC (Pro and Plus devices). The device times the pulse; its password is proven by digest, never sent.

A pulse that meets a fresh challenge was not carried out and is sent once more under it, unless its deadline is over by then.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from parking.gate.relays import http_wire, rpc_wire
from parking.gate.relays.base import ALWAYS, BoardState, RelayBoard, check_coil, check_duration
from parking.gate.relays.digest import Challenge, authorization, parse_challenge
from parking.gate.relays.link import Link, Tcp, Turn
from parking.gate.relays.settings import BoardSettings
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault, DeviceRefused, HealthReport

PORT = 80
_TRY_AGAIN_CODES = frozenset({-104, -108, -109, -114})
_LOCKED_OUT_S = 10.0  # devices count wrong passwords
_METHOD = "POST"


class HttpRelay:
    """One device; every call is one or two round trips (twice as many when its challenge has run out), one at a time."""

    def __init__(
        self, settings: BoardSettings, clock: Clock, *, nonce: Callable[[], str] = lambda: secrets.token_hex(8)
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._nonce = nonce
        self._link = Link(settings, Tcp(settings.host, settings.port or PORT), clock)
        self._host = f"{settings.host}:{settings.port or PORT}"
        self._number = 0
        self._challenge: Challenge | None = None
        self._count = 0
        self._not_before_s = float("-inf")

    def read(self) -> BoardState:
        with self._link.turn() as turn:
            read_s = self._clock.monotonic_s()
            status = self._call(turn, rpc_wire.GET_ALL, {})
            try:
                inputs = rpc_wire.inputs_of(status, self._settings.inputs)
                return BoardState(inputs, rpc_wire.coils_of(status, self._settings.coils), read_s)
            except rpc_wire.MalformedRpc as error:
                raise DeviceFault(f"the relay tells too little: {error}") from None

    def pulse(self, coil: int, duration_ms: int, *, not_after_s: float = ALWAYS) -> bool:
        check_coil(coil, self._settings.coils)
        check_duration(duration_ms)
        with self._link.turn() as turn:
            self._call(turn, rpc_wire.SET, rpc_wire.pulse_params(coil, duration_ms), not_after_s)
            return self._reads_on(turn, coil)

    def hold(self, coil: int, on: bool) -> bool:
        check_coil(coil, self._settings.coils)
        with self._link.turn() as turn:
            self._call(turn, rpc_wire.SET, {"id": coil, "on": on})
            return self._reads_on(turn, coil) is on

    def health(self) -> HealthReport:
        return self._link.health()

    def close(self) -> None:
        self._link.close()

    def _reads_on(self, turn: Turn, coil: int) -> bool:
        status = self._call(turn, rpc_wire.GET_SWITCH, {"id": coil})
        try:
            return rpc_wire.output_of(status, coil)
        except rpc_wire.MalformedRpc as error:
            raise turn.doubt(str(error)) from None

    def _call(
        self, turn: Turn, method: str, params: Mapping[str, Any], not_after_s: float = ALWAYS
    ) -> Mapping[str, Any]:
        if self._clock.monotonic_s() < self._not_before_s:
            raise DeviceRefused("the relay does not accept the user or the password")
        self._number = self._number % 0xFFFF + 1
        body = rpc_wire.encode_call(self._number, method, params)
        answer = self._post(turn, body, not_after_s)
        if answer.status == 401:
            self._challenge, self._count = parse_challenge(answer.headers.get("www-authenticate", "")), 0
            if self._challenge is None:
                raise DeviceRefused("the relay wants a kind of password proof that is not known here")
            answer = self._post(turn, body, not_after_s)
        if answer.status == 401:
            self._not_before_s = self._clock.monotonic_s() + _LOCKED_OUT_S
            raise DeviceRefused("the relay does not accept the user or the password")
        return self._result(turn, answer)

    def _post(self, turn: Turn, body: bytes, not_after_s: float) -> http_wire.HttpAnswer:
        headers = {"Content-Type": "application/json"}
        if self._challenge is not None:
            self._count += 1
            headers["Authorization"] = authorization(
                self._challenge,
                user=self._settings.user,
                password=self._settings.password,
                method=_METHOD,
                target=rpc_wire.TARGET,
                cnonce=self._nonce(),
                count=self._count,
            )
        request = http_wire.encode_request(_METHOD, rpc_wire.TARGET, self._host, body, headers)
        answer = turn.exchange(request, http_wire.decode, not_after_s=not_after_s)
        if not answer.keeps_open:
            turn.hang_up()
        return answer

    def _result(self, turn: Turn, answer: http_wire.HttpAnswer) -> Mapping[str, Any]:
        try:
            reply = rpc_wire.parse_reply(answer.body)
        except rpc_wire.MalformedRpc as error:
            raise turn.doubt(f"HTTP {answer.status}, {error}") from None
        if reply.number != self._number:
            raise turn.doubt("an answer to another question")
        if isinstance(reply, rpc_wire.RpcResult):
            return reply.result
        if reply.code in _TRY_AGAIN_CODES:
            raise DeviceFault(f"the relay cannot now: error {reply.code}")
        raise DeviceRefused(f"the relay refuses: error {reply.code}")


_: type[RelayBoard] = HttpRelay
