"""The JSON of the Vzenith family (also sold as Alphadigi and others): pushes in, answers out. Bytes and values only; pure.

Whatever is not answered with "no" may open the gate, and whatever is not told `retransfer_stop` may come again for ever: both are in
every answer. Heart-beats carry the camera's password; it is dropped here and gets no further. Source: the maker's HTTP push manual.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from parking.gate.cameras.base import (
    Heading,
    HeartBeat,
    InputChanged,
    MalformedPush,
    Noted,
    Push,
    SerialReceived,
    SmartRead,
    Trigger,
)
from parking.gate.cameras.http_wire import form_of
from parking.kernel.errors import ParkingError
from parking.kernel.plate import Plate

PULSE_MOST_MS = 600_000
OUTPUTS = INPUTS = 4
NO_PLATE = "_无_"
_COLOURS = {1: "blue", 2: "yellow", 3: "white", 4: "black", 5: "green", 6: "yellow_green"}
_TRIGGERS = {
    1: Trigger.AUTO, 2: Trigger.INPUT, 4: Trigger.SOFTWARE, 8: Trigger.AUTO,
    64: Trigger.LINGERING, 65: Trigger.LINGERING, 66: Trigger.TURNED_BACK,
}  # fmt: skip
_CLASSES = {
    1: "civil", 2: "civil", 3: "civil", 4: "civil", 5: "police", 6: "armed_police", 8: "military", 9: "military",
    10: "embassy", 11: "hong_kong", 12: "tractor", 13: "macau", 14: "macau", 16: "civil_aviation",
    19: "new_energy_small", 20: "new_energy_large",
}  # fmt: skip
_DOWN, _UP = {4, 2}, {3, 1}  # of "direction": 0 not known, 1 left, 2 right, 3 up, 4 down the picture
_MOST_BYTES = 12 << 20
_MOST_PICTURE = 6 << 20
_LATEST = 4_102_444_800  # 2100-01-01: later is no time


@dataclass(frozen=True, slots=True)
class IoOrder:
    """What an output shall do: 0 off, 1 on, 2 on for `delay_ms` and off again, timed by the camera."""

    io: int
    value: int
    delay_ms: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.io < OUTPUTS or self.value not in (0, 1, 2) or not 0 <= self.delay_ms <= PULSE_MOST_MS:
            raise ValueError(f"an output is 0 to {OUTPUTS - 1}, its value 0 to 2, a pulse at most {PULSE_MOST_MS} ms")


@dataclass(frozen=True, slots=True)
class SerialOrder:
    """Bytes for one of the camera's serial lines (0 or 1), where a sign or a voice board listens."""

    channel: int
    data: bytes


def parse(body: bytes, content_type: str = "application/json") -> Push:
    """One push; MalformedPush for anything else. A form is a heart-beat, JSON is one of the four kinds of message."""
    if len(body) > _MOST_BYTES:
        raise MalformedPush("the push is too large")
    if content_type.partition(";")[0].strip().lower() in ("multipart/form-data", "application/x-www-form-urlencoded"):
        return _heart_beat(form_of(content_type, body))
    try:
        plain = json.loads(body)
    except (ValueError, RecursionError):
        raise MalformedPush("the push is not JSON") from None
    match plain:
        case {"AlarmInfoPlate": Mapping() as alarm}:
            return _plate(alarm)
        case {"AlarmGioIn": Mapping() as alarm}:
            return _input(alarm)
        case {"SerialData": Mapping() as serial}:
            channel = _whole(serial, "serialChannel", 0, 0, 15)
            return SerialReceived(_serial(serial), channel, _unpacked(serial.get("data"), "SerialData.data"))
        case {"TriggerImage": Mapping()}:
            return Noted(_serial(plain), "picture")
        case Mapping() if "serialno" in plain or "device_name" in plain:
            return _heart_beat(plain)
        case Mapping():
            return Noted(_serial(plain), "unknown message")
    raise MalformedPush("the push is no object")


def encode_reply(
    *,
    opens: bool = False,
    io: Sequence[IoOrder] = (),
    serial: Sequence[SerialOrder] = (),
    voice: str = "",
    plate_id: int | None = None,
    continue_offline: bool | None = None,
    manual_trigger: bool = False,
) -> bytes:
    """The answer to a plate push or to a comet poll; `voice` is spoken by the camera's own loudspeaker."""
    body: dict[str, Any] = {
        "info": "ok" if opens else "no",
        "content": "retransfer_stop",
        "is_pay": "true" if opens else "false",
    }
    if plate_id is not None:
        body["plateid"] = plate_id
    if continue_offline is not None:
        body["ContinuePushOffline"] = {"plateid": plate_id or 0, "continue": int(continue_offline)}
    if io:
        body["ivs_ioctrl"] = {"io": io[0].io, "value": io[0].value, "delay": io[0].delay_ms}
    if serial:
        body["serialData"] = [
            {"serialChannel": one.channel, "data": base64.b64encode(one.data).decode(), "dataLen": len(one.data)}
            for one in serial
        ]
    if voice:
        spoken = base64.b64encode(voice.encode()).decode()
        body["playserver_json_request"] = {
            **{"type": "ps_voice_play", "voice": spoken, "voice_interval": 0},
            **{"voice_volume": 80, "voice_male": 1},
        }
    if manual_trigger:
        body["manualTrigger"] = "ok"
    return json.dumps({"Response_AlarmInfoPlate": body}, ensure_ascii=False, separators=(",", ":")).encode()


def _plate(alarm: Mapping[str, Any]) -> SmartRead:
    match alarm:
        case {"result": {"PlateResult": Mapping() as result}}:
            pass
        case _:
            raise MalformedPush("AlarmInfoPlate.result.PlateResult is missing")
    text = result.get("license")
    if text is not None and not isinstance(text, str):
        raise MalformedPush("license is no text")
    plate = _plate_of(text or "")
    return SmartRead(
        serial=_serial(alarm),
        plate_id=_whole(result, "plateid", 0, -1, 2**63 - 1),
        plate=plate,
        confidence=_whole(result, "confidence", 0, -1, 1000) / 100 if plate else 0.0,
        captured_at=_time(result.get("timeStamp")),
        offline=_whole(result, "isoffline", 0, 0, 1) == 1,
        colour=_COLOURS.get(_whole(result, "colorType", 0, -1, 255), ""),
        plate_class=_CLASSES.get(_whole(result, "type", 0, -1, 255), ""),
        heading=_heading(_whole(result, "direction", 0, -1, 255)),
        trigger=_TRIGGERS.get(_whole(result, "triggerType", 0, -1, 255), Trigger.UNKNOWN),
        suspect=_whole(result, "is_fake_plate", 0, 0, 255) == 1,
        picture=_picture(result.get("imageFile")),
        plate_picture=_picture(result.get("imageFragmentFile")),
    )


def _plate_of(text: str) -> Plate | None:
    if not text.strip() or text.strip() == NO_PLATE:
        return None
    try:
        return Plate.parse(text)
    except ParkingError:
        return None  # what is no plate was read off nothing


def _input(alarm: Mapping[str, Any]) -> InputChanged | Noted:
    match alarm:
        case {"result": {"TriggerResult": Mapping() as result}}:
            pass
        case _:
            raise MalformedPush("AlarmGioIn.result.TriggerResult is missing")
    source = _whole(result, "source", -1, 0, 255)
    on = _whole(result, "value", -1, 0, 1) == 1
    if source >= INPUTS:  # 4 is a trigger that came over the network
        return Noted(_serial(alarm), "trigger")
    return InputChanged(_serial(alarm), source, on)


def _heart_beat(form: Mapping[str, Any]) -> HeartBeat:
    """Of all its fields only these go on: the user name and the password stay behind."""
    told = form.get("timestamp", form.get("TimeStamp"))
    seconds = told if isinstance(told, str | int) and not isinstance(told, bool) else ""
    digits = str(seconds)[:10]
    at = _moment(int(digits), 0) if digits.isascii() and digits.isdigit() else None
    return HeartBeat(_serial(form), at)


def _heading(direction: int) -> Heading:
    if direction in _DOWN:
        return Heading.APPROACHING
    return Heading.LEAVING if direction in _UP else Heading.UNKNOWN


def _serial(plain: Mapping[str, Any]) -> str:
    serial = plain.get("serialno", "")
    if not isinstance(serial, str) or len(serial) > 64 or not serial.isascii():
        raise MalformedPush("serialno is no serial number")
    return serial


def _whole(plain: Mapping[str, Any], key: str, default: int, least: int, most: int) -> int:
    """A whole number, which some models write as text; missing is the default, except where that is out of range."""
    value = plain.get(key, default)
    if isinstance(value, str) and len(value) <= 20 and value.strip().lstrip("-").isascii():
        digits = value.strip()
        value = int(digits) if digits.lstrip("-").isdigit() and digits.count("-") <= 1 else None
    elif isinstance(value, bool | float) and value == value and abs(value) < most:
        value = round(value)
    if not isinstance(value, int) or not least <= value <= most:
        raise MalformedPush(f"{key} is no whole number from {least} to {most}")
    return value


def _time(plain: Any) -> datetime | None:
    match plain:
        case {"Timeval": {"sec": int() as seconds, **rest}}:
            micro = rest.get("usec", 0)
            return _moment(seconds, micro if isinstance(micro, int) and 0 <= micro < 1_000_000 else 0)
    return None


def _moment(seconds: int, micro: int) -> datetime | None:
    if not 0 < seconds < _LATEST:
        return None  # a clock that was never set
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds, microseconds=micro)


def _picture(plain: Any) -> bytes | None:
    if not plain:
        return None
    data = _unpacked(plain, "a picture")
    if len(data) > _MOST_PICTURE:
        raise MalformedPush("a picture is too large")
    return data if data.startswith(b"\xff\xd8") else None


def _unpacked(plain: Any, what: str) -> bytes:
    if not isinstance(plain, str):
        raise MalformedPush(f"{what} is no text")
    try:
        return base64.b64decode(plain, validate=False)
    except (binascii.Error, ValueError):
        raise MalformedPush(f"{what} is not base64") from None
