"""How far a lane works by itself now, and why not wholly: what the lane's light and the operator's page show. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from parking.gate import machine
from parking.gate.model import Cause
from parking.gate.states import State
from parking.kernel.codec import from_plain
from parking.kernel.errors import ParkingError

NORMAL, DEGRADED, EMERGENCY, TAKEN = "normal", "degraded", "emergency", "manual"
_SENSOR = frozenset({"inputs_lost", "presence_loop_stuck", "safety_loop_stuck"})


@dataclass(frozen=True, slots=True)
class Mode:
    """`name` is normal, degraded, emergency or manual; `causes` are stable codes, sorted."""

    name: str = NORMAL
    causes: tuple[str, ...] = ()


def mode_from(plain: object) -> Mode:
    """The mode that was last told before a restart, from its JSON value; anything else is the normal one."""
    try:
        return from_plain(Mode, plain)
    except ParkingError:
        return Mode()


def mode_of(state: State, taken_by: str, faults: Iterable[str], troubles: frozenset[Cause]) -> Mode:
    """What the lane's state, its open faults and the troubles around it come to; `taken_by` is `key` or `operator:<id>`."""
    causes = {trouble.value for trouble in troubles}
    for fault in faults:
        if fault.startswith(("relay_", "boom_", "close_")) or fault == "two_masters":
            causes.add(Cause.RELAY.value)
        elif fault in _SENSOR:
            causes.add("sensor")
        elif fault == "journal_full":
            causes.add("journal")
    if machine.is_fire(state):
        return Mode(EMERGENCY, tuple(sorted({*causes, "fire"})))
    if machine.is_held(state):
        return Mode(TAKEN, tuple(sorted({*causes, "held_open", taken_by} - {""})))
    if machine.is_manual(state):
        return Mode(TAKEN, tuple(sorted({*causes, taken_by} - {""})))
    return Mode(DEGRADED if causes else NORMAL, tuple(sorted(causes)))
