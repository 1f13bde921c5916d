"""One lane of edge.yaml with its devices and nothing else of a gate box: no lane that decides, no journal on disk, no server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from parking.bootstrap import edge_settings
from parking.bootstrap.device_settings import CameraSettings
from parking.bootstrap.device_watch import DeviceWatch, into
from parking.bootstrap.edge_codes import CodeKeys
from parking.bootstrap.edge_devices import Box, Devices
from parking.bootstrap.edge_settings import BarrierLaneSettings, EdgeSettings, RampLaneSettings
from parking.bootstrap.keys import Ed25519Signer, KeyRing, load_public, load_signer
from parking.cli.bring_up_report import WrongCall
from parking.gate.cameras.base import Post
from parking.gate.credentials.codes import CodeRefusal, VerifiedCode
from parking.gate.credentials.registry import no_codes
from parking.gate.edge_file import EdgeFile
from parking.gate.journal import FileJournal
from parking.gate.local_copy import LocalCopy
from parking.kernel.clock import Clock, SystemClock
from parking.kernel.device import Health, HealthReport
from parking.kernel.errors import ParkingError
from parking.kernel.ids import LaneId, RandomIds

NO_CAMERA = {"kind": "file", "url": "none"}
_LANE: dict[str, Any] = {
    "id": "bring-up",
    "kind": "entry",
    "relay": {"kind": "memory", "open_coil": 0},
    "loops": {"presence": 0, "safety": 1},
}


class NoKeys(CodeKeys):
    """A box without its keys: no code is good, and everything else can be tried."""

    def __init__(self) -> None:
        """Nothing is known."""

    def check(self, lots: Sequence[str], lane_id: LaneId | None) -> Callable[[str], VerifiedCode | CodeRefusal]:
        del lots, lane_id
        return no_codes


class NoCamera:
    """In place of a camera that nobody asked for, so that no recogniser is loaded."""

    def start(self) -> None: ...

    def begin(self, passage: str, post: Post) -> None: ...

    def end(self) -> None: ...

    def stop(self) -> None: ...

    def health(self) -> HealthReport:
        return HealthReport(Health.UNKNOWN, None)


def lane_of(settings: EdgeSettings, name: str) -> BarrierLaneSettings | RampLaneSettings:
    """The lane of that name, or the only one; WrongCall names those that there are."""
    found = [lane for lane in settings.lanes if name in ("", lane.id)]
    if len(found) != 1:
        raise WrongCall(f"--lane: which one? there are {', '.join(lane.id for lane in settings.lanes)}")
    return found[0]


def barrier_lane_of(config: Path, name: str) -> tuple[EdgeSettings, BarrierLaneSettings]:
    """A lane that has a camera and may have readers; WrongCall for a ramp, which has neither."""
    settings = edge_settings.load(config)
    lane = lane_of(settings, name)
    if not isinstance(lane, BarrierLaneSettings):
        raise WrongCall(f"--lane: {lane.id} is a ramp, with loops alone")
    return settings, lane


def lane_alone(parts: Mapping[str, Any], push: str = "") -> tuple[EdgeSettings, BarrierLaneSettings]:
    """A lane with these parts, as if edge.yaml held it; WrongCall says which key is wrong."""
    host, _, port = push.rpartition(":")
    box: dict[str, Any] = {
        **{"device": "bring-up", "site": "bring-up", "server": "http://127.0.0.1"},
        **dict.fromkeys(("journal", "key", "server_key"), Path("none")),
        "lanes": [{**_LANE, "camera": NO_CAMERA, **parts}],
    }
    if push:
        box["push"] = {"host": host, "port": int(port) if port.isdecimal() else port}
    try:
        settings = EdgeSettings.model_validate(box)
    except ValidationError as error:
        raise WrongCall(complaint(error)) from None
    return settings, settings.barriers[0]


@contextmanager
def box_of(settings: EdgeSettings, lane: BarrierLaneSettings | RampLaneSettings) -> Iterator[Devices]:
    """The lane's devices, built and not started; all are stopped and let go at the end."""
    clock = SystemClock()
    file = EdgeFile(":memory:")
    journal = FileJournal(file)
    watch = DeviceWatch(into(journal, clock=clock, ids=RandomIds(), origin=settings.device))
    shared = tuple(reader for reader in settings.readers if lane.id in reader.lanes.values())
    alone = settings.model_copy(update={"lanes": [lane], "readers": shared})
    codes, signer = _keys(settings, file, clock), _signer(settings)
    devices = Devices(alone, Box(clock, file, journal, watch, codes, _no_camera, signer, RandomIds()))
    try:
        yield devices
    finally:
        devices.stop()
        devices.close()
        file.close()


def _keys(settings: EdgeSettings, file: EdgeFile, clock: Clock) -> CodeKeys:
    try:
        server, own = KeyRing([load_public(settings.server_key)]), load_signer(settings.key).public
    except (ParkingError, OSError):
        return NoKeys()
    return CodeKeys(server, own, LocalCopy(file), clock)


def _signer(settings: EdgeSettings) -> Ed25519Signer:
    """The box's own key, or one that nobody trusts: a ticket printed by hand opens nothing without it."""
    try:
        return load_signer(settings.key)
    except ParkingError:
        return Ed25519Signer(Ed25519PrivateKey.generate())


def _no_camera(settings: CameraSettings, lane_id: str, clock: Clock) -> NoCamera:
    del settings, lane_id, clock
    return NoCamera()


def complaint(error: ValidationError) -> str:
    """What is wrong with the words that describe a device, key by key, without their values."""
    lines = []
    for fault in error.errors(include_url=False, include_input=False, include_context=False):
        words = [str(part) for part in fault["loc"] if isinstance(part, str)]
        said = fault["msg"].removeprefix("Value error, ")
        known = words and fault["type"] != "value_error" and words[-1] not in edge_settings._UNSPOKEN
        lines.append(f"{words[-1]}: {said}" if known else said)
    return "; ".join(dict.fromkeys(lines))
