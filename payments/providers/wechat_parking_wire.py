"""How WeChat's parking service (停车服务) speaks: enrolment, entry, collection by plate, and its events. Pure.

One live parking id a plate; a car may go only after ACCEPTED; `bank_type` BPA means that WeChat has advanced the money.
Source: WeChat Pay merchant documentation, chapter 8.8 (vehicle parking).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from parking.kernel.codec import parse_time
from parking.kernel.errors import ParkingError
from payments.providers.abilities import (
    AgreementAnswer,
    Car,
    Charge,
    Entry,
    EntryTaken,
    Standing,
    StandingChanged,
)
from payments.providers.chinese_text import rfc3339

FIND = "/v3/vehicle/parking/services/find"
ENTER = "/v3/vehicle/parking/parkings"
COLLECT = "/v3/vehicle/transactions/parking"
SCENE = "PLATE_PAY"
_SERVICE = {"NORMAL": Standing.ENROLLED, "PAUSE": Standing.PAUSED, "OUT_SERVICE": Standing.NOT_ENROLLED}
_BLOCKED = {
    "PAUSE": Standing.PAUSED,
    "OVERDUE": Standing.OVERDUE,
    "OUT_SERVICE": Standing.NOT_ENROLLED,
    "EVALUATION_FAILED": Standing.NOT_ENROLLED,
}


def find_target(car: Car, *, appid: str) -> str:
    """Path and query of the question whether a car is enrolled."""
    return f"{FIND}?{urlencode({'appid': appid, 'plate_number': car.plate, 'plate_color': car.colour.value})}"


def agreement_of(plain: Any, *, raw: bytes = b"") -> AgreementAnswer:
    """The answer to it; ValueError if it is none."""
    try:
        standing = _SERVICE[plain["service_state"]]
    except (KeyError, TypeError):
        raise ValueError("no service state") from None
    return AgreementAnswer(standing, frozenset({SCENE}) if standing is Standing.ENROLLED else frozenset(), raw)


def entry_body(entry: Entry) -> dict[str, Any]:
    """The body of an entry."""
    return {
        "out_parking_no": entry.number,
        "plate_number": entry.car.plate,
        "plate_color": entry.car.colour.value,
        "notify_url": entry.notify_url,
        "start_time": rfc3339(entry.entered_at),
        "parking_name": entry.lot_name,
        "free_duration": entry.free_s,
    }


def entry_of(plain: Any, *, raw: bytes = b"") -> EntryTaken:
    """The answer to it; ValueError if it is none."""
    try:
        reference, number = plain["id"], plain["out_parking_no"]
        state = plain["state"]
        standing = Standing.ENROLLED if state == "NORMAL" else _BLOCKED[plain["block_reason"]]
    except (KeyError, TypeError):
        raise ValueError("no parking") from None
    if state not in ("NORMAL", "BLOCKED") or not isinstance(reference, str) or not isinstance(number, str):
        raise ValueError("no parking")
    return EntryTaken(number, reference, standing, raw)


def charge_body(charge: Charge, *, appid: str) -> dict[str, Any]:
    """The body of a collection; ValueError where the service would refuse it: no car, no entry, no time spent."""
    seconds = int((charge.left_at - charge.entered_at).total_seconds())
    if charge.car is None or charge.reference is None or seconds <= 0:
        raise ValueError("a collection names the car, the id of its entry and an end after its start")
    return {
        "appid": appid,
        "description": charge.subject,
        "out_trade_no": charge.number,
        "trade_scene": "PARKING",
        "notify_url": charge.notify_url,
        "amount": {"total": charge.amount.minor, "currency": charge.amount.currency},
        "parking_info": {
            "parking_id": charge.reference,
            "plate_number": charge.car.plate,
            "plate_color": charge.car.colour.value,
            "start_time": rfc3339(charge.entered_at),
            "end_time": rfc3339(charge.left_at),
            "parking_name": charge.lot_name,
            "charging_duration": seconds,
        },
    }


def standing_changed(resource: Mapping[str, Any]) -> StandingChanged:
    """The event VEHICLE.ENTRANCE_STATE_CHANGE; ValueError if it is none.

    Why a parking was blocked comes in words only, so that every block counts as a pause: ask for the agreement to know.
    """
    try:
        state = resource["parking_state"]
        standing = {"NORMAL": Standing.ENROLLED, "BLOCKED": Standing.PAUSED}[state]
        number, reference = resource["out_parking_no"], resource["parking_id"]
        at = parse_time(resource["state_update_time"])
    except (KeyError, TypeError, ParkingError):
        raise ValueError("no parking state") from None
    if not isinstance(number, str) or not isinstance(reference, str):
        raise ValueError("no parking state")
    return StandingChanged(number, reference, standing, at)
