"""edge.yaml, typed: a gate box, its lanes and its devices. A wrong or dangerous value is named with its key before anything starts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, Self

import httpx
import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from parking.bootstrap.device_settings import CameraSettings, Name, Port, Section, SmartCameraSection, built
from parking.bootstrap.lane_settings import BarrierLaneSettings, Lane, RampLaneSettings, RelaySection
from parking.bootstrap.reader_settings import ReaderSettings, SharedReaderSettings
from parking.gate.barrier import check_apart
from parking.kernel.errors import ParkingError, invalid

__all__ = [
    "BarrierLaneSettings",
    "CameraSettings",
    "EdgeSettings",
    "PushSettings",
    "RampLaneSettings",
    "ReaderSettings",
    "RelaySection",
    "SharedReaderSettings",
    "SmartCameraSection",
    "load",
]
LONGEST_FILE = 256 * 1024
_MOST_VALUES = 50_000
_UNSPOKEN = {
    *("entry", "exit", "ramp", "board"),
    *("modbus_tcp", "http_relay", "gpio", "vzenith", "hikvision", "memory"),
    *("mjpeg", "rtsp", "file", "folder"),
}
"""What pydantic puts between a key and its parts where a section's `kind` decides; it is in no edge.yaml."""


class PushSettings(Section):
    """Where smart cameras call: at /push/<device>/<secret>. With a certificate (PEM) it is HTTPS."""

    host: str = Field(default="0.0.0.0", description="the lane's own network")  # noqa: S104 - cameras come from there
    port: Port = 8090
    certificate: Path | None = None
    private_key: Path | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.certificate is None) != (self.private_key is None):
            raise ValueError("certificate and private_key go together")
        return self


class EdgeSettings(Section):
    """One gate box."""

    device: Name
    site: Name
    server: str = Field(pattern=r"^https?://[^/\s]+$", description="without a path or a slash at the end")
    journal: Path
    key: Path
    server_key: Path
    pictures: Path = Field(default=Path("pictures"), description="folder of the best picture of each passage")
    push: PushSettings | None = None
    readers: tuple[SharedReaderSettings, ...] = Field(default=(), max_length=16)
    lanes: list[Lane] = Field(min_length=1, max_length=32)
    log_json: bool = True
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$")

    @property
    def barriers(self) -> list[BarrierLaneSettings]:
        return [lane for lane in self.lanes if isinstance(lane, BarrierLaneSettings)]

    @property
    def reader_names(self) -> list[tuple[str, ReaderSettings]]:
        """Every reader by its name: its own, else of its lane and its kind."""
        own = [(reader.id or f"{lane.id}-{reader.kind}", reader) for lane in self.barriers for reader in lane.readers]
        return [*own, *((reader.id, reader) for reader in self.readers)]

    @field_validator("server")
    @classmethod
    def _an_address(cls, text: str) -> str:
        try:
            if not 0 < (httpx.URL(text).port or 80) < 65536:
                raise httpx.InvalidURL("its port is 1 to 65535")
        except httpx.InvalidURL as error:
            raise ValueError(f"is no address: {error}") from None
        return text

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        _no_two("lanes", [lane.id for lane in self.lanes])
        smart = [lane.camera for lane in self.barriers if isinstance(lane.camera, SmartCameraSection)]
        _no_two("camera.device", [camera.device for camera in smart])
        if smart and self.push is None:
            raise ValueError(f"push: camera {smart[0].device} pushes; say where this box listens for it")
        _no_two("camera.secret", [camera.secret for camera in smart], tell=False)
        barriers = {lane.id for lane in self.barriers}
        for reader in self.readers:
            if strangers := sorted(set(reader.lanes.values()) - barriers):
                raise ValueError(f"readers.{reader.id}.lanes: there is no lane {strangers[0]} with a barrier")
        _no_two("readers", [name for name, _ in self.reader_names])
        own = {camera.device for camera in smart if camera.kind == "vzenith"}
        for lane in self.barriers:
            board = lane.relay.board_
            if board.kind == "vzenith" and board.device not in own:
                raise ValueError(f"relay.device: there is no vzenith camera {board.device} at a lane of this box")
        return self

    @model_validator(mode="after")
    def _wired_once(self) -> Self:
        """Two lanes on one coil would open each other; two on one loop would be one vehicle twice."""
        used: dict[tuple[object, str, int], str] = {}
        for lane in self.lanes:
            loops, relay = lane.loops, lane.relay
            board = relay.board()
            contacts = [("input", index) for name in ("presence", "safety", "first", "second")
                        if (index := getattr(loops, name, None)) is not None]  # fmt: skip
            if isinstance(relay, RelaySection):
                contacts += [("coil", coil) for coil in (relay.open_coil, relay.close_coil) if coil is not None]
            for what, index in contacts:
                other = used.setdefault((board, what, index), lane.id)
                if other != lane.id and board.host + board.device:
                    raise ValueError(f"lanes: {other} and {lane.id} are both on {what} {index} of one board")
        wired = [lane for lane in self.barriers if lane.relay.kind != "memory"]
        built(check_apart, [(lane.id, lane.relay.board().place, lane.relay.barrier()) for lane in wired])
        return self


def _no_two(key: str, names: list[str], *, tell: bool = True) -> None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{key}: {twice[0] if tell else 'the same'} is there twice")


def load(path: Path) -> EdgeSettings:
    """The settings in a YAML file; paths in it are relative to it. ParkingError names every key that is missing or wrong."""
    try:
        raw = path.read_bytes()
        plain = yaml.safe_load(raw) if len(raw) <= LONGEST_FILE else None
        plain = _beside(plain, path.parent, count())
    except OSError as error:
        raise invalid("edge.settings", f"cannot be read ({error.strerror})", field=str(path)) from None
    except ParkingError as error:
        raise invalid("edge.settings", str(error), field=str(path)) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: 2026-13-45 is no day
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = f"{path}, line {line + 1}" if line is not None else str(path)
        raise invalid("edge.settings", "is not YAML", field=where) from None
    if not isinstance(plain, dict):
        raise invalid("edge.settings", "should hold keys and values", field=str(path))
    try:
        found = EdgeSettings.model_validate({"pictures": str(path.parent / "pictures"), **plain})
        pushes = (found.push.certificate, found.push.private_key) if found.push is not None else ()
        if found.journal in (found.key, found.server_key, *pushes):  # a journal that is none would be set aside
            raise invalid("edge.settings", "is another file of this box", field="journal")
        return found
    except ValidationError as error:
        raise invalid("edge.settings", "; ".join(_complaints(error)), field=str(path)) from None
    except ParkingError as error:
        raise invalid("edge.settings", str(error), field=str(path)) from None


_PATHS = {"journal", "key", "server_key", "pictures", "certificate", "private_key"}


def _beside(plain: Any, folder: Path, seen: Iterator[int]) -> Any:
    """The same with every path made relative to the folder of the file; ParkingError where a few aliases stand for millions of values."""
    if next(seen) > _MOST_VALUES:
        raise invalid("edge.settings", "its aliases (*name) stand for too many values")
    if isinstance(plain, list):
        return [_beside(item, folder, seen) for item in plain]
    if not isinstance(plain, dict):
        return plain
    return {
        key: str(folder / value) if _is_path(key) and isinstance(value, str) else _beside(value, folder, seen)
        for key, value in plain.items()
    }


def _is_path(key: object) -> bool:
    return isinstance(key, str) and (key in _PATHS or key.endswith("_file"))


def _complaints(error: ValidationError) -> list[str]:
    lines = []
    for fault in error.errors(include_url=False, include_input=False):
        key = ".".join(str(part) for part in fault["loc"] if part not in _UNSPOKEN)
        message = fault["msg"].removeprefix("Value error, ")
        lines.append(f"{key}: {message}" if key else message)
    return lines
