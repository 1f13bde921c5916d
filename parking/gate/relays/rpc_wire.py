"""Shelly's Gen2 RPC as bytes: JSON-RPC frames in the body of a POST to /rpc, and the few methods that a relay needs. No sockets here.

`Switch.Set` with `toggle_after` is the pulse, timed by the device; `Shelly.GetStatus` tells all switches and inputs at once.
Source: the maker's API pages (Switch, Input, Shelly, RPC protocol, common errors).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TARGET, SOURCE = "/rpc", "parking"
GET_ALL, SET, GET_SWITCH = "Shelly.GetStatus", "Switch.Set", "Switch.GetStatus"
_NUMBER_MOST = 2**31


class MalformedRpc(ValueError):
    """Not the answer of such a device, or not to this question."""


@dataclass(frozen=True, slots=True)
class RpcResult:
    """What a method gave back."""

    number: int
    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RpcError:
    """The device says no: -103 wrong argument, -105 no such switch, -108 exhausted, -109 not now, -114 unavailable ..."""

    number: int
    code: int


RpcReply = RpcResult | RpcError


def encode_call(number: int, method: str, params: Mapping[str, Any]) -> bytes:
    """The frame of a call, as it stands in the body."""
    frame = {"id": number, "src": SOURCE, "method": method, "params": dict(params)}
    return json.dumps(frame, separators=(",", ":")).encode()


def pulse_params(coil: int, duration_ms: int) -> dict[str, Any]:
    """Parameters of `Switch.Set`: on, and back after the time (seconds)."""
    return {"id": coil, "on": True, "toggle_after": duration_ms / 1000}


def parse_reply(body: bytes) -> RpcReply:
    """The frame in a body; MalformedRpc for anything else."""
    try:
        frame = json.loads(body)
    except (ValueError, RecursionError):
        raise MalformedRpc("not JSON") from None
    if not isinstance(frame, dict) or not _is_number(frame.get("id")):
        raise MalformedRpc("not an RPC frame")
    error, result = frame.get("error"), frame.get("result")
    if isinstance(error, dict) and result is None and _is_number(error.get("code")):
        return RpcError(frame["id"], error["code"])
    if isinstance(result, dict) and error is None:
        return RpcResult(frame["id"], result)
    raise MalformedRpc("neither a result nor an error")


def coils_of(status: Mapping[str, Any], count: int) -> tuple[bool, ...]:
    """Which switches are on, from `Shelly.GetStatus`; MalformedRpc when one of them is not told."""
    return tuple(_flag(status.get(f"switch:{number}"), "output", f"switch {number}") for number in range(count))


def inputs_of(status: Mapping[str, Any], count: int) -> tuple[bool, ...]:
    """Which inputs are on; an input without a state (null: a button, or not settled) makes the reading worthless."""
    return tuple(_flag(status.get(f"input:{number}"), "state", f"input {number}") for number in range(count))


def output_of(status: Mapping[str, Any], coil: int) -> bool:
    """Whether `Switch.GetStatus` says that the switch is on; MalformedRpc when it tells of another one."""
    if status.get("id") != coil:
        raise MalformedRpc("the state of another switch")
    return _flag(status, "output", f"switch {coil}")


def _flag(component: object, key: str, name: str) -> bool:
    value = component.get(key) if isinstance(component, Mapping) else None
    if not isinstance(value, bool):
        raise MalformedRpc(f"{name} has no state")
    return value


def _is_number(value: object) -> bool:
    return type(value) is int and abs(value) < _NUMBER_MOST
