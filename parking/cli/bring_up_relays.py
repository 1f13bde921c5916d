"""One relay board by hand: read it, watch it, pulse one contact. A contact that closes a boom is never pulsed from here.

The gate box that uses the board should be stopped meanwhile: it takes a technician's pulse for another master, and says so.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from parking.bootstrap import edge_settings
from parking.bootstrap.device_settings import AnyBoard, Board, HikvisionBoardSettings, VzenithBoardSettings
from parking.bootstrap.edge_settings import BarrierLaneSettings, RampLaneSettings
from parking.cli.bring_up_box import box_of, complaint, lane_of
from parking.cli.bring_up_report import Report, WrongCall
from parking.gate.relays.base import BoardState, RelayBoard, check_coil, check_duration
from parking.gate.relays.hikvision import HikvisionBoard
from parking.gate.relays.registry import BOARDS
from parking.kernel.clock import SystemClock
from parking.kernel.device import DeviceFault

_LOOK_S = 0.05
_SLACK_S = 1.5
_TRY_S = 5.0


@dataclass(frozen=True, slots=True)
class Described:
    """A board, what it is called, and what hangs on it as far as edge.yaml says."""

    board: RelayBoard
    name: str
    coils: int
    inputs: Mapping[int, str]
    opens: Mapping[int, str]
    closes: Mapping[int, str]


@contextmanager
def described(words: Mapping[str, Any], config: Path | None, lane: str) -> Iterator[Described]:
    """The board of the words, or of a lane of edge.yaml; it is let go at the end."""
    if config is None:
        settings = _board(words)
        board = _open(settings)
        try:
            yield Described(board, _name(settings), settings.board().coils, {}, {}, {})
        finally:
            board.close()
        return
    if words:
        raise WrongCall("describe the device by words or by --config, not both")
    whole = edge_settings.load(config)
    chosen = lane_of(whole, lane)
    with box_of(whole, chosen) as devices:
        settings = _board_of(chosen)
        board = devices.board(settings)
        if isinstance(settings, VzenithBoardSettings):
            devices.start()  # it is reached through the camera's calls
        wiring = chosen.loops.model_dump(exclude_none=True, exclude={"fire_when"})
        opens, closes = {}, {}
        for other in whole.lanes:
            if isinstance(other, BarrierLaneSettings) and _board_of(other) == settings:
                opens[other.relay.open_coil] = other.id
                if other.relay.close_coil is not None:
                    closes[other.relay.close_coil] = other.id
        inputs = {index: name for name, index in wiring.items()}
        yield Described(board, _name(settings), settings.board().coils, inputs, opens, closes)


def look(described: Described, report: Report) -> None:
    """Read once and show it; a board that is still starting gets a few seconds."""
    report.note(device=described.name)
    state = _read_patiently(described.board)
    report.note(inputs=list(state.inputs), coils=list(state.coils), health=described.board.health().health.value)
    report.say(f"{described.name} answers")
    for index, on in enumerate(state.inputs):
        report.say(f"  input {index}: {'on ' if on else 'off'} {described.inputs.get(index, '')}".rstrip())
    for coil, on in enumerate(state.coils):
        report.say(f"  coil  {coil}: {'on ' if on else 'off'} {_role(described, coil)}".rstrip())


def check_pulse(described: Described, coil: int, ms: int) -> None:
    """WrongCall for a coil that is not there, or that lowers a boom."""
    try:
        check_coil(coil, described.coils)
        check_duration(ms)
    except ValueError as error:
        raise WrongCall(str(error)) from None
    if coil in described.closes:
        raise WrongCall(f"coil {coil} lowers the boom of {described.closes[coil]}: no boom is lowered from here")


def question(described: Described, coil: int, ms: int) -> str:
    """What the person at the cabinet is asked."""
    what = f"opens the boom of {described.opens[coil]}" if coil in described.opens else "is not named in any lane"
    lowers = "" if described.opens else " If it is wired to CLOSE a boom, stop here."
    return (
        f"Steel may move: coil {coil} of {described.name} {what}; its contact will close for {ms} ms.{lowers}\n"
        "Is nobody near the boom, no car under it, and do you see it from where you stand?"
    )


def pulse(described: Described, report: Report, coil: int, ms: int, *, confirmed: bool) -> None:
    """Pulse once and look whether the contact closes, opens again, and what the inputs feel of it."""
    check_pulse(described, coil, ms)
    board = described.board
    report.note(pulsed=None, read_back=None, ended=None)
    if not confirmed:
        report.fail("not confirmed: nothing was moved")
        return
    before = board.read()
    if before.coils and before.coils[coil]:
        report.fail(f"coil {coil} is on already: somebody holds it, or its contact is welded; nothing was moved")
        return
    read_back = board.pulse(coil, ms)
    report.note(pulsed=coil, read_back=read_back)
    report.say(f"coil {coil} pulsed for {ms} ms, {'reads back as on' if read_back else 'does NOT read back as on'}")
    ended = _follow(described, report, coil, before, time.monotonic() + ms / 1000 + _SLACK_S)
    report.note(ended=ended)
    if not read_back:
        report.fail(f"coil {coil} does not read back: the board took the order, and its relay did not close")
    elif not ended:
        report.fail(f"coil {coil} stays on after its pulse: a welded contact, or somebody holds it")


def watch(described: Described, report: Report, seconds: float) -> None:
    """Show every change for a while."""
    report.say(f"watching for {seconds:g} s, every change is shown")
    ends_s = time.monotonic() + seconds
    last, changes, silent = described.board.read(), 0, False
    while (now_s := time.monotonic()) < ends_s:
        try:
            state = described.board.read()
        except DeviceFault as fault:
            if not silent:
                report.say(f"  {now_s - ends_s + seconds:6.2f} s  {fault}")
                report.fail("the board fell silent while it was watched")
            silent = True
        else:
            silent = False
            changes += _tell_changes(described, report, last, state, now_s - ends_s + seconds)
            last = state
        time.sleep(_LOOK_S)
    report.note(changes=changes, inputs=list(last.inputs), coils=list(last.coils))


def _follow(described: Described, report: Report, coil: int, before: BoardState, ends_s: float) -> bool:
    began_s, last = time.monotonic(), before
    while time.monotonic() < ends_s:
        state = described.board.read()
        _tell_changes(described, report, last, state, time.monotonic() - began_s)
        last = state
        if not state.coils or not state.coils[coil]:
            return True
        time.sleep(_LOOK_S)
    return False


def _tell_changes(described: Described, report: Report, before: BoardState, after: BoardState, at_s: float) -> int:
    changed = [
        f"input {index} {described.inputs.get(index, '')}".rstrip() + (" on" if on else " off")
        for index, on in enumerate(after.inputs)
        if index < len(before.inputs) and on is not before.inputs[index]
    ]
    for line in changed:
        report.say(f"  {at_s:6.2f} s  {line}")
    return len(changed)


def _read_patiently(board: RelayBoard) -> BoardState:
    ends_s = time.monotonic() + _TRY_S
    while True:
        try:
            return board.read()
        except DeviceFault:
            if time.monotonic() >= ends_s:
                raise
            time.sleep(_LOOK_S)


def _role(described: Described, coil: int) -> str:
    if coil in described.opens:
        return f"opens {described.opens[coil]}"
    return f"lowers {described.closes[coil]}" if coil in described.closes else ""


def _board_of(lane: BarrierLaneSettings | RampLaneSettings) -> AnyBoard:
    return lane.relay.board_ if isinstance(lane, BarrierLaneSettings) else lane.relay


def _board(words: Mapping[str, Any]) -> AnyBoard:
    if not words:
        raise WrongCall("which board? say kind=modbus_tcp host=10.0.0.9, or --config edge.yaml --lane NAME")
    try:
        settings: AnyBoard = TypeAdapter(Board).validate_python(dict(words))
    except ValidationError as error:
        raise WrongCall(complaint(error)) from None
    return settings


def _open(settings: AnyBoard) -> RelayBoard:
    if isinstance(settings, VzenithBoardSettings):
        raise WrongCall("this relay is reached through its camera's calls: use --config edge.yaml --lane NAME")
    if isinstance(settings, HikvisionBoardSettings):
        return HikvisionBoard(settings.board(), SystemClock(), gate=settings.gate, limits_wired=settings.limits_wired)
    return BOARDS.get(settings.kind)(settings.board(), SystemClock())


def _name(settings: AnyBoard) -> str:
    plain = settings.model_dump(include={"chip", "device", "host", "port"})
    where = ":".join(str(plain[key]) for key in ("chip", "device", "host", "port") if plain.get(key))
    return f"{settings.kind} {where}".rstrip()
