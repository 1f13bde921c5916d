"""Hikvision's ISAPI: multipart or bare XML events in, orders to gate and outputs out, their answers in. Bytes and values only; pure.

Namespaces differ by model, so elements are known by their local names. `statusCode` 1 says that an order was understood, not that
anything moved. Source: the maker's ISAPI documents (ANPR event, Parking barrierGate, System/IO).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum, StrEnum

from parking.gate.cameras import xml_wire
from parking.gate.cameras.base import Heading, HeartBeat, InputChanged, MalformedPush, Noted, Push, SmartRead, Trigger
from parking.gate.cameras.http_wire import Part, parts_of
from parking.gate.cameras.xml_wire import Element
from parking.kernel.errors import ParkingError
from parking.kernel.plate import Plate

_MOST_BYTES = 16 << 20
_MOST_PICTURE = 6 << 20
_HEADINGS = {"forward": Heading.APPROACHING, "reverse": Heading.LEAVING}
_NO_PLATE = {"", "unknown", "noplate", "无车牌", "未识别"}
_HEART_BEATS = {"heartbeat", "videoloss"}  # an inactive videoloss is how older models say that they live


class GateMode(StrEnum):
    OPEN = "open"
    CLOSE = "close"
    LOCK = "lock"
    UNLOCK = "unlock"


class GateStatus(IntEnum):
    """Where the boom is, as its limit switches tell; without any there is no signal."""

    NO_SIGNAL = 0
    CLOSED = 1
    OPEN = 2


@dataclass(frozen=True, slots=True)
class IoState:
    """All contacts of a camera, from 1; True is active."""

    inputs: dict[int, bool]
    outputs: dict[int, bool]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the camera says of an order: 1 is understood; everything else is not."""

    code: int
    text: str

    @property
    def accepted(self) -> bool:
        return self.code == 1


def parse(body: bytes, content_type: str = "", *, zone_h: float = 8.0) -> Push:
    """One push: bare XML, or a multipart body with the XML and its pictures; MalformedPush for anything else.

    `zone_h` is for models that tell local time without saying of which zone.
    """
    if len(body) > _MOST_BYTES:
        raise MalformedPush("the push is too large")
    parts: tuple[Part, ...] = ()
    if content_type.partition(";")[0].strip().lower().startswith("multipart/"):
        parts = parts_of(content_type, body)
        body = _event_part(parts)
    event = xml_wire.parse(body)
    kind = event.text_of("eventType").lower()
    serial, at = _serial(event), _time(event.text_of("dateTime"), zone_h)
    anpr = event.find("ANPR")
    if kind in _HEART_BEATS and anpr is None:
        return HeartBeat(serial, at)
    if kind == "io":
        port = _number(event.text_of("inputIOPortID"), "inputIOPortID", 1, 64)
        return InputChanged(serial, port - 1, event.text_of("eventState").lower() == "active")
    if anpr is None:
        return Noted(serial, "another event")
    return _read(event, anpr, serial, at, parts)


def _event_part(parts: tuple[Part, ...]) -> bytes:
    for part in parts:
        if part.content_type.endswith("/xml") or part.filename.lower().endswith(".xml"):
            return part.body
    for part in parts:
        if part.body.lstrip()[:1] == b"<":
            return part.body
    raise MalformedPush("multipart: no XML in it")


def _read(event: Element, anpr: Element, serial: str, at: datetime | None, parts: tuple[Part, ...]) -> SmartRead:
    plate = _plate_of(anpr.text_of("licensePlate") or anpr.text_of("originalLicensePlate"))
    signs = anpr.text_of("plateCharBelieve")
    pictures = {name: part.body for part in parts for name in _picture_names(part)}
    return SmartRead(
        serial=serial,
        plate_id=_event_number(event, at),
        plate=plate,
        confidence=_number(anpr.text_of("confidenceLevel") or "0", "confidenceLevel", 0, 1000) / 100 if plate else 0.0,
        captured_at=at,
        offline=event.text_of("isDataRetransmission").lower() == "true" or anpr.text_of("dataType") == "1",
        colour=anpr.text_of("plateColor").lower()[:20],
        plate_class=anpr.text_of("plateType")[:40],
        char_confidence=_signs(signs),
        heading=_HEADINGS.get(anpr.text_of("direction").lower(), Heading.UNKNOWN),
        trigger=Trigger.AUTO,
        picture=pictures.get("vehicle"),
        plate_picture=pictures.get("plate"),
    )


def _picture_names(part: Part) -> tuple[str, ...]:
    if not part.body.startswith(b"\xff\xd8") or len(part.body) > _MOST_PICTURE:
        return ()
    told = (part.filename or part.name).lower()
    return ("plate",) if "plate" in told else ("vehicle",)


def _event_number(event: Element, at: datetime | None) -> int:
    """What tells two events of one camera apart: its picture's number, else its count and its moment."""
    name = event.text_of("pictureID") or event.text_of("UUID")
    if name.isascii() and name.isdigit():
        return int(name[:18])
    count = event.text_of("activePostCount")
    moment = int(at.timestamp() * 1000) if at else 0
    return moment * 1000 + (int(count[:3]) % 1000 if count.isascii() and count.isdigit() else 0)


def _serial(event: Element) -> str:
    serial = (event.text_of("macAddress") or event.text_of("deviceID") or event.text_of("ipAddress")).lower()
    if len(serial) > 64 or not serial.isascii():
        raise MalformedPush("macAddress is no serial number")
    return serial


def _plate_of(text: str) -> Plate | None:
    if text.strip().lower().replace(" ", "") in _NO_PLATE:
        return None
    try:
        return Plate.parse(text)
    except ParkingError:
        return None


def _signs(text: str) -> tuple[float, ...]:
    told = [one.strip() for one in text.split(",")[:20]]
    return tuple(min(100, int(one[:4])) / 100 for one in told if one.isascii() and one.isdigit())


def _number(text: str, what: str, least: int, most: int) -> int:
    value = int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else -1
    if not least <= value <= most:
        raise MalformedPush(f"{what} is no whole number from {least} to {most}")
    return value


def _time(text: str, zone_h: float) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone(timedelta(hours=zone_h)))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


# --- orders, and what is answered ------------------------------------------------------------------------------------


def gate_path(channel: int) -> str:
    return f"/ISAPI/Parking/channels/{channel}/barrierGate"


def gate_status_path(channel: int) -> str:
    return f"{gate_path(channel)}/barrierGateStatus"


def output_path(number: int) -> str:
    return f"/ISAPI/System/IO/outputs/{number}"


IO_STATUS_PATH = "/ISAPI/System/IO/status"


def encode_gate(mode: GateMode) -> bytes:
    """The body of an order to the boom."""
    return f"<BarrierGate><ctrlMode>{mode.value}</ctrlMode></BarrierGate>".encode()


def encode_trigger(*, on: bool) -> bytes:
    """The body that closes or opens an output's contact."""
    return f"<IOPortData><outputState>{'high' if on else 'low'}</outputState></IOPortData>".encode()


def encode_pulse_length(number: int, duration_ms: int | None) -> bytes:
    """How an output answers its next trigger: a pulse of so many ms timed by the camera, or (None) on until told otherwise."""
    state = "high" if duration_ms is None else "pulse"
    length = "" if duration_ms is None else f"<pulseDuration>{duration_ms}</pulseDuration>"
    return (
        f"<IOOutputPort><id>{number}</id><PowerOnState><defaultState>low</defaultState>"
        f"<outputState>{state}</outputState>{length}</PowerOnState></IOOutputPort>"
    ).encode()


def decode_answer(body: bytes) -> Answer:
    """The ResponseStatus to an order; some models wrap it, some spell it without a version."""
    root = xml_wire.parse(body)
    code = root.text_of("statusCode")
    return Answer(_number(code, "statusCode", 0, 99), root.text_of("subStatusCode")[:60])


def decode_gate_status(body: bytes) -> GateStatus:
    """Where the boom is; an unknown number is no signal."""
    root = xml_wire.parse(body)
    told = root.text if root.name == "barrierGateStatus" else root.text_of("barrierGateStatus")
    if told not in ("0", "1", "2"):
        raise MalformedPush("barrierGateStatus is no status")
    return GateStatus(int(told))


def decode_io(body: bytes) -> IoState:
    """All contacts of the camera."""
    inputs: dict[int, bool] = {}
    outputs: dict[int, bool] = {}
    for port in xml_wire.parse(body).all("IOPortStatus"):
        number = _number(port.text_of("ioPortID"), "ioPortID", 1, 64)
        state = port.text_of("ioState").lower()
        if state not in ("active", "inactive"):
            raise MalformedPush("ioState is neither active nor inactive")
        (inputs if port.text_of("ioPortType").lower() == "input" else outputs)[number] = state == "active"
    return IoState(inputs, outputs)
