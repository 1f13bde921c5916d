"""What a GPIO board and the keeper of its lines say to each other: one JSON object a line. No sockets here.

A question is read, pulse or hold under a number; the answer repeats the number and tells all inputs and coils, or why not.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

LINE_MOST = 4096
LINES_MOST = 64


class MalformedLine(ValueError):
    """Not a line of this conversation."""


@dataclass(frozen=True, slots=True)
class Read:
    number: int


@dataclass(frozen=True, slots=True)
class Pulse:
    """On for `duration_ms`, unless the monotonic clock of this machine is past `not_after_s` (None: never)."""

    number: int
    coil: int
    duration_ms: int
    not_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    number: int
    coil: int
    on: bool


Question = Read | Pulse | Hold


@dataclass(frozen=True, slots=True)
class Levels:
    """Inputs and coils as they are after the order was carried out."""

    number: int
    inputs: tuple[bool, ...]
    coils: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """The chip does not do it now; nothing is known of its lines."""

    number: int
    why: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The keeper will not do it, now or later."""

    number: int
    why: str


Answer = Levels | Failed | Refused


def encode_question(question: Question) -> bytes:
    """The question as one line."""
    if isinstance(question, Read):
        return _line({"id": question.number, "ask": "read"})
    if isinstance(question, Hold):
        return _line({"id": question.number, "ask": "hold", "coil": question.coil, "on": question.on})
    late = {} if question.not_after_s is None else {"not_after_s": question.not_after_s}
    return _line({"id": question.number, "ask": "pulse", "coil": question.coil, "ms": question.duration_ms, **late})


def encode_answer(answer: Answer) -> bytes:
    """The answer as one line."""
    if isinstance(answer, Levels):
        bits = {"inputs": [int(on) for on in answer.inputs], "coils": [int(on) for on in answer.coils]}
        return _line({"id": answer.number, **bits})
    return _line({"id": answer.number, "failed" if isinstance(answer, Failed) else "refused": answer.why})


def parse_question(data: bytes) -> Question:
    """The question in one line; MalformedLine for anything else."""
    plain = _plain(data)
    number, ask, coil = _number(plain, "id"), plain.get("ask"), plain.get("coil", 0)
    keys = set(plain) - {"id", "ask"}
    if ask == "read" and not keys:
        return Read(number)
    if type(coil) is not int or not 0 <= coil < LINES_MOST:
        raise MalformedLine("coil")
    if ask == "hold" and keys == {"coil", "on"} and type(plain["on"]) is bool:
        return Hold(number, coil, plain["on"])
    if ask == "pulse" and keys | {"not_after_s"} == {"coil", "ms", "not_after_s"}:
        late = plain.get("not_after_s")
        return Pulse(number, coil, _number(plain, "ms"), None if late is None else _seconds(late, "not_after_s"))
    raise MalformedLine("not a question")


def parse_answer(data: bytes) -> Answer:
    """The answer in one line; MalformedLine for anything else."""
    plain = _plain(data)
    number, keys = _number(plain, "id"), set(plain) - {"id"}
    if keys == {"inputs", "coils"}:
        return Levels(number, _bits(plain["inputs"]), _bits(plain["coils"]))
    for key, kind in (("failed", Failed), ("refused", Refused)):
        if keys == {key} and isinstance(plain[key], str):
            return kind(number, plain[key][:200])
    raise MalformedLine("not an answer")


def _seconds(plain: Any, key: str) -> float:
    """A time as a float; one that no float holds is none."""
    try:
        seconds = float(plain) if type(plain) in (int, float) else math.nan
    except OverflowError:  # JSON knows whole numbers of any length
        seconds = math.inf
    if not math.isfinite(seconds):
        raise MalformedLine(key)
    return seconds


def _line(plain: dict[str, Any]) -> bytes:
    return json.dumps(plain, separators=(",", ":")).encode() + b"\n"


def _plain(data: bytes) -> dict[str, Any]:
    if len(data) > LINE_MOST:
        raise MalformedLine("too long a line")
    try:
        plain = json.loads(data)
    except (ValueError, RecursionError):
        raise MalformedLine("not JSON") from None
    if not isinstance(plain, dict):
        raise MalformedLine("not an object")
    return plain


def _number(plain: dict[str, Any], key: str) -> int:
    value = plain.get(key)
    if type(value) is not int or not 0 <= value < 2**31:
        raise MalformedLine(key)
    return value


def _bits(value: object) -> tuple[bool, ...]:
    if not isinstance(value, list) or len(value) > LINES_MOST or any(type(bit) is not int for bit in value):
        raise MalformedLine("levels")
    if not set(value) <= {0, 1}:
        raise MalformedLine("levels")
    return tuple(bool(bit) for bit in value)
