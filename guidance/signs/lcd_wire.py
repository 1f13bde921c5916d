"""What an LCD that hangs on an MQTT broker is told, and what it answers, as JSON; pure, pinned by golden bytes.

`park/{site}/sign/{sign}/face`, kept: `{"kind","text","colour","free","for_s","token"}`; `for_s` seconds later it shows `----` by itself.
A sign that speaks of one of several places has `name` and `arrow` (left, ahead, right, back, ahead_left, ahead_right), too.
`park/{site}/sign/{sign}/shown`: `{"token"}` of what is on the glass now. The shape is ours.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from guidance.signs.base import Arrow, Colour, Face, FaceKind

FACE, SHOWN = "face", "shown"


@dataclass(frozen=True, slots=True)
class Order:
    """A face, for how many seconds it may stand without news, and the token that the answer repeats."""

    face: Face
    for_s: float
    token: str


def topic(site: str, sign: str, about: str) -> str:
    """Where it is said."""
    return f"park/{site}/sign/{sign}/{about}"


def encode(order: Order) -> bytes:
    face = order.face
    said = {"kind": face.kind.value, "text": face.text, "colour": face.colour.value, "free": face.free}
    about = {"name": face.name, "arrow": face.arrow.value if face.arrow is not None else ""}
    said |= {key: word for key, word in about.items() if word}
    return json.dumps(said | {"for_s": order.for_s, "token": order.token}, ensure_ascii=False).encode()


def decode(payload: bytes) -> Order | None:
    """None for what makes no sense."""
    try:
        said = json.loads(payload)
        text, free, for_s, token = said["text"], said["free"], said["for_s"], said["token"]
        name, arrow = said.get("name", ""), said.get("arrow")
        face = Face(FaceKind(said["kind"]), text, Colour(said["colour"]), free, name, Arrow(arrow) if arrow else None)
    except (AttributeError, ValueError, KeyError, TypeError, RecursionError):
        return None
    fits = type(text) is str and type(name) is str and type(free) is int and free >= 0 and type(token) is str
    return Order(face, float(for_s), token) if fits and type(for_s) in (int, float) else None


def encode_shown(token: str) -> bytes:
    return json.dumps({"token": token}).encode()


def token_of(payload: bytes) -> str | None:
    """None for what makes no sense."""
    try:
        token = json.loads(payload)["token"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return token if type(token) is str else None
