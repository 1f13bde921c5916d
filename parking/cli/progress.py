"""Events of the live feed as one line each for a terminal; plates come masked already."""

from __future__ import annotations

from datetime import datetime
from typing import Any


def sentence(event: dict[str, Any]) -> str | None:
    """What happened, in a line; None for what only screens need."""
    words = _words(event)
    if words is None:
        return None
    at = datetime.fromisoformat(event["at"]).astimezone()
    return f"{at:%H:%M:%S}  {words}"


def _words(event: dict[str, Any]) -> str | None:
    lane, plate = event.get("lane_id") or "", event.get("plate") or "no plate"
    match event["type"]:
        case "LaneDecided":
            due = f", {money(event['amount'])} due" if event["amount"] else ""
            return (
                f"{lane:8} {plate}: {'come through' if event['allowed'] else 'stop'} ({event['reason'] or 'ok'}{due})"
            )
        case "BarrierPulsed":
            return f"{lane:8} barrier pulsed and read back"
        case "VehiclePassed":
            return f"{lane:8} {plate} passed {event['direction']}"
        case "VehicleBackedAway":
            return f"{lane:8} backed away"
        case "RampPassed":
            return f"{lane:8} a car changed the level"
        case "PaymentCaptured":
            return f"{'wallet':8} {money(event['amount'])} paid"
        case "OccupancyChanged":
            return f"{event['zone_id']:8} {event['free']} bays free"
        case "SignShown":
            return f"{event['sign_id']:8} shows {event['text']}"
        case "StayOpened":
            return f"{'stay':8} {plate} begins"
        case "StayClosed":
            return f"{'stay':8} {plate} ends"
        case "DeviceHealthChanged":
            return f"{event['device_id']:8} is {event['health']} {event['reason'] or ''}"
        case "LaneCalled":
            return f"{lane:8} calls: {event['reason'] or ''}"
        case "LaneFaulted" | "CaseOpened":
            return f"{'!!':8} {event['type']} {lane} {event['reason']}"
        case _:
            return None


def money(amount: dict[str, Any]) -> str:
    """An amount for a line of text; two decimals, which is right for the demo's currency."""
    return f"{amount['currency']} {amount['amount'] / 100:.2f}"
