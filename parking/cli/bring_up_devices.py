"""One camera, one lane's readers or one sign by hand. Plates are masked unless asked for in full, credentials always."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import cv2

from guidance.signs.base import UNKNOWN_FACE, Colour, Face, FaceKind, SignSettings
from guidance.signs.registry import SIGNS
from lpr import Pipeline
from lpr.frame import Frame
from lpr.settings import Settings as ReadingSettings
from lpr.sources.base import EndOfStream
from lpr.sources.registry import SOURCES
from parking.access.facts import LaneRules
from parking.bootstrap.device_settings import CameraSettings
from parking.bootstrap.edge_settings import BarrierLaneSettings, EdgeSettings
from parking.cli.bring_up_box import NO_CAMERA, barrier_lane_of, box_of, lane_alone
from parking.cli.bring_up_report import Report, WrongCall
from parking.gate.cameras.base import Reading
from parking.kernel.clock import SystemClock
from parking.kernel.device import DeviceFault, Health
from parking.kernel.plate import Plate

_LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class Described:
    """A lane whose devices are to be tried."""

    settings: EdgeSettings
    lane: BarrierLaneSettings


# --- cameras ---------------------------------------------------------------------------------------------------------


def camera(words: Mapping[str, Any], config: Path | None, lane: str, listen: str) -> Described:
    """The camera of the words, or of a lane of edge.yaml."""
    _one_way(words, config, "kind=rtsp url=rtsp://10.0.0.8/1, or kind=vzenith device=cam-1 secret=...")
    if config is not None:
        return Described(*barrier_lane_of(config, lane))
    return Described(*lane_alone({"camera": dict(words)}, listen))


def look_at_camera(
    described: Described, report: Report, seconds: float, picture: Path | None, *, show_plates: bool
) -> None:
    """Look for a while: frames and their rate, or what a camera that reads by itself pushes."""
    settings = described.lane.camera
    if isinstance(settings, CameraSettings):
        _film(settings, report, seconds, picture, show_plates=show_plates)
    else:
        _listen(described, report, seconds, picture, show_plates=show_plates)


def _film(settings: CameraSettings, report: Report, seconds: float, picture: Path | None, *, show_plates: bool) -> None:
    report.note(device=settings.kind, frames=0, rate=0.0, width=0, height=0, plates=[])
    source = SOURCES.get(settings.kind)(settings.url, "bring-up", SystemClock())
    last: Frame | None = None
    frames, began_s = 0, time.monotonic()
    try:
        source.open()
        began_s = time.monotonic()
        while time.monotonic() - began_s < seconds:
            source.grab()
            last = source.retrieve()
            frames += 1
    except EndOfStream:
        report.say("the recording ends here")
    except DeviceFault as fault:
        report.fail(str(fault))
    finally:
        source.close()
    if last is None:
        report.fail("no picture came")
        return
    height, width = last.image.shape[:2]
    rate = round(frames / max(0.001, time.monotonic() - began_s), 1)
    report.note(frames=frames, rate=rate, width=width, height=height)
    report.say(f"{frames} pictures of {width} x {height}, {rate} a second")
    _write(picture, cv2.imencode(".jpg", last.image)[1].tobytes(), report)
    sure = LaneRules()  # as strict as a lane is; what is less sure is often no plate at all
    found = Pipeline.default(ReadingSettings.parse(settings.recognition)).read(last)
    reads = [read for read in found if read.confidence >= sure.min_confidence and read.margin >= sure.min_margin]
    plates = [_shown(read.plate, show_plates) for read in reads]
    report.note(plates=plates)
    for read, plate in zip(reads, plates, strict=True):
        report.say(f"  the last one shows {plate}, confidence {read.confidence:.2f}")
    if not reads:
        report.say("  the last one shows no plate that a lane would believe")


def _listen(described: Described, report: Report, seconds: float, picture: Path | None, *, show_plates: bool) -> None:
    lane, push = described.lane, described.settings.push
    assert not isinstance(lane.camera, CameraSettings)
    report.note(device=f"{lane.camera.kind} {lane.camera.device}", pushes=0, plates=[], health="")
    came: SimpleQueue[Reading] = SimpleQueue()
    plates: list[str] = []
    with box_of(described.settings, lane) as devices:
        devices.start()
        where = f"{push.host}:{push.port}" if push else "nowhere: edge.yaml has no push section"
        report.say(f"listening on {where}, waiting {seconds:g} s for {lane.camera.device}: drive or wave a plate by")
        worker = devices.camera(lane.id)
        worker.begin("bring-up", came.put)
        ends_s = time.monotonic() + seconds
        while (left_s := ends_s - time.monotonic()) > 0:
            try:
                reading = came.get(timeout=min(_LOOK_S, left_s))
            except Empty:
                continue
            plates.append(_shown(reading.plate, show_plates))
            report.say(f"  it reads {plates[-1]}, confidence {reading.confidence:.2f}")
            if isinstance(reading.evidence, bytes):
                _write(picture, reading.evidence, report)
        worker.end()
        health = worker.health()
    report.note(pushes=len(plates), plates=plates, health=health.health.value)
    report.say(f"{len(plates)} readings; the camera is {health.health.value}: {health.detail}".rstrip(": "))
    if health.health is not Health.OK:
        report.fail(f"the camera is {health.health.value}: {health.detail or 'nothing came from it'}")


# --- readers ---------------------------------------------------------------------------------------------------------


def readers(words: Mapping[str, Any], config: Path | None, lane: str) -> Described:
    """The reader of the words, or all readers of a lane of edge.yaml."""
    _one_way(words, config, "kind=uhf_llrp host=10.0.0.7")
    if config is not None:
        return Described(*barrier_lane_of(config, lane))
    return Described(*lane_alone({"camera": NO_CAMERA, "readers": [dict(words)]}))


def listen_to_readers(described: Described, report: Report, seconds: float) -> None:
    """Wait for something to be held up; what was read is shown masked, until the time is over or all readers have read."""
    lane = described.lane
    with box_of(described.settings, lane) as devices:
        listening = devices.readers(lane.id)
        if not listening:
            raise WrongCall(f"--lane: {lane.id} has no reader")
        names = ", ".join(reader.kind for reader in lane.readers) or "shared reader"
        report.note(device=names, read=0, credentials=[], health="")
        for reader in listening:
            reader.start()
        report.say(f"{names}: hold something up, {seconds:g} s")
        ends_s, shown = time.monotonic() + seconds, []
        quiet = set(range(len(listening)))
        while quiet and time.monotonic() < ends_s:
            for number, reader in enumerate(listening):
                for presented in reader.drain():
                    quiet.discard(number)
                    told = "proven" if presented.proven else "not proven: the number alone could be copied"
                    where = f", antenna {presented.antenna}" if presented.antenna is not None else ""
                    why = f", refused: {presented.refused}" if presented.refused else ""
                    shown.append(f"{presented.credential.kind.value} {presented.credential}")
                    report.say(f"  {shown[-1]}{where}, {told}{why}")
            time.sleep(_LOOK_S)
        states = [reader.health() for reader in listening]
    report.note(read=len(shown), credentials=shown, health=" ".join(state.health.value for state in states))
    for state in states:
        if state.health is not Health.OK:
            report.fail(f"the reader is {state.health.value}: {state.detail}".rstrip(": "))
    if not shown:
        report.fail("nothing was read")


# --- signs -----------------------------------------------------------------------------------------------------------


def show(words: Mapping[str, Any], report: Report, number: int | None, *, full: bool, colour: str) -> None:
    """Show one face; the sign has acknowledged it when this returns."""
    known = {"kind", "address", "timeout_s", "site", "sign"}
    if unknown := sorted(words.keys() - known):
        raise WrongCall(f"{unknown[0]}: is not a key of a sign; there are {', '.join(sorted(known))}")
    kind, address = str(words.get("kind", "led_counter")), str(words.get("address", ""))
    timeout_s = words.get("timeout_s", 2.0)
    if type(timeout_s) not in (int, float) or not 0 < timeout_s <= 60:
        raise WrongCall("timeout_s: seconds, more than 0 and at most 60")
    if full and number is not None:
        raise WrongCall("--number and --full: only one of them can be shown")
    if colour not in set(Colour):
        raise WrongCall(f"--colour: {', '.join(Colour)}")
    face = UNKNOWN_FACE
    if full:
        face = Face(FaceKind.FULL, "FULL", Colour.RED)
    elif number is not None:
        face = Face(FaceKind.NUMBER, str(number), Colour(colour), number)
    report.note(device=f"{kind} {address}".rstrip(), shown="")
    names = str(words.get("site", "site")), str(words.get("sign", "sign"))
    sign = SIGNS.get(kind)(SignSettings(address, float(timeout_s), *names))
    try:
        sign.show(face)
    finally:
        sign.close()
    report.note(shown=face.text)
    report.say(f"{kind} {address} acknowledged {face.text} in {face.colour.value}: go and look")


def _one_way(words: Mapping[str, Any], config: Path | None, example: str) -> None:
    if bool(words) is (config is not None):
        raise WrongCall(f"which device? say {example}, or --config edge.yaml --lane NAME (not both)")


def _shown(plate: Plate | None, in_full: bool) -> str:
    if plate is None:
        return "no plate"
    return plate.text if in_full else plate.masked


def _write(path: Path | None, jpeg: bytes, report: Report) -> None:
    if path is not None:
        path.write_bytes(jpeg)
        report.note(picture=str(path))
