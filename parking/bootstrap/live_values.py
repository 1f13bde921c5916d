"""Events to what the live feed shows (pure): plates masked, money as minor units, codes left for the pages to translate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from parking.kernel.codec import to_plain
from parking.kernel.events import (
    BarrierPulsed,
    BaySeen,
    DeviceHealthChanged,
    Direction,
    Envelope,
    LaneBlocked,
    LaneDecided,
    LaneFaulted,
    LaneModeChanged,
    OccupancyChanged,
    SignShown,
    VehicleBackedAway,
    VehiclePassed,
)

Json = dict[str, Any]


def lane(previous: Mapping[str, Any], envelope: Envelope) -> Json | None:
    """What a lane shows after this event, or None when the event is not about it."""
    event = envelope.event
    shown = {**previous, "at": to_plain(envelope.occurred_at)}
    match event:
        case LaneDecided():
            return shown | {
                "state": "allowed" if event.allowed else "refused",
                "plate": event.plate.masked if event.plate else None,
                "rule": event.rule,
                "reason": event.reason,
                "due": to_plain(event.due),
                "direction": event.direction.value,
            }
        case BarrierPulsed():
            return shown | {"state": "passing", "reason": event.reason if event.by != "rule" else shown.get("reason")}
        case VehiclePassed() | VehicleBackedAway():
            state = "fault" if shown.get("fault") else "idle"
            return shown | {"state": state, "held": None, "plate": None, "rule": None, "reason": None, "due": None}
        case LaneFaulted():
            return _with_fault(shown, event)
        case LaneModeChanged():
            return shown | {"mode": event.mode, "causes": list(event.causes)}
        case LaneBlocked():
            return shown | {"held": event.cause if event.blocked else None}
        case _:
            return None


def _with_fault(shown: Json, event: LaneFaulted) -> Json:
    """The newest fault that is still open is shown; when the last one is over, the lane shows the vehicle that waits, if any."""
    faults = [fault for fault in shown.get("faults", []) if fault != event.fault]
    if not event.cleared:
        faults.append(event.fault)
    if faults:
        return shown | {"state": "fault", "fault": faults[-1], "faults": faults}
    return shown | {"state": "refused" if shown.get("plate") else "idle", "fault": None, "faults": []}


def idle_lane(name: Mapping[str, str], kind: str) -> Json:
    """A lane that nothing has been heard of yet."""
    return {
        "name": dict(name),
        "kind": kind,
        "state": "idle",
        "plate": None,
        "rule": None,
        "reason": None,
        "due": None,
        "fault": None,
        "mode": "normal",
        "causes": [],
        "held": None,
        "at": None,
    }


def zone(name: Mapping[str, str], event: OccupancyChanged, envelope: Envelope) -> Json:
    return {
        "name": dict(name),
        "capacity": event.capacity,
        "occupied": event.occupied,
        "free": event.free,
        "known": event.known,
        "at": to_plain(envelope.occurred_at),
    }


def bay(event: BaySeen) -> Json:
    """A bay without the plate: whose car it is goes to its driver alone."""
    state = {True: "taken", False: "free", None: "unknown"}[event.occupied]
    return {"zone_id": event.zone_id, "state": state, "source": event.source, "at": to_plain(event.at)}


def sign(previous: Mapping[str, Any], event: SignShown, envelope: Envelope) -> Json:
    return {**previous, "text": event.text, "health": "ok", "at": to_plain(envelope.occurred_at)}


def device(event: DeviceHealthChanged, envelope: Envelope) -> Json:
    """Beside its health, who told it: only they can say that it is there no more."""
    return {
        "health": event.health,
        "detail": event.detail,
        "at": to_plain(envelope.occurred_at),
        "from": envelope.origin,
    }


def line(envelope: Envelope) -> Json:
    """One line of the event stream; every key is there, null where it does not apply."""
    event = envelope.event
    plate = getattr(event, "plate", None)
    amount = getattr(event, "amount", None) or getattr(event, "due", None)
    direction = getattr(event, "direction", None)
    names = ("reason", "fault", "cause", "mode", "detail")
    reason = next((said for name in names if (said := getattr(event, name, None))), None)
    return {
        "id": envelope.id,
        "at": to_plain(envelope.occurred_at),
        "type": type(event).__name__,
        "lane_id": getattr(event, "lane_id", None),
        "zone_id": getattr(event, "zone_id", None),
        "sign_id": getattr(event, "sign_id", None),
        "device_id": getattr(event, "device_id", None),
        "plate": plate.masked if plate else None,
        "amount": to_plain(amount),
        "reason": reason or None,
        "direction": direction.value if isinstance(direction, Direction) else None,
        "allowed": getattr(event, "allowed", None),
        "cleared": getattr(event, "cleared", None),
        "state": getattr(event, "state", None) or getattr(event, "how", None),
        "standing": getattr(event, "standing", getattr(event, "blocked", None)),
        "free": getattr(event, "free", None),
        "text": getattr(event, "text", None),
        "health": getattr(event, "health", None),
    }
