"""edge.yaml, the devices of a lane: relay boards and cameras. Each kind takes what it knows and nothing else.

A secret is written down, or better named by its file (`password_file: keys/camera.txt`), relative to edge.yaml.
"""

from __future__ import annotations

from dataclasses import fields
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

from lpr.settings import Settings as ReadingSettings
from parking.gate.cameras.base import SmartCameraSettings
from parking.gate.relays.settings import COILS_MOST, BoardMap, BoardSettings
from parking.kernel.errors import ParkingError
from parking.kernel.ids import DeviceId

Index = Annotated[int, Field(ge=0, le=255)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Port = Annotated[int, Field(ge=1, le=65535)]
Host = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\s/]+$")]
_Contacts = Annotated[int, Field(ge=1, le=COILS_MOST)]
_LONGEST_SECRET = 4096


class Section(BaseModel):
    """A part of edge.yaml: unknown keys are refused, values are never repeated in a complaint."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _read_secrets(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        given = dict(data)
        for key in [key for key in given if isinstance(key, str) and key.removesuffix("_file") in cls.model_fields]:
            if key.endswith("_file") and key not in cls.model_fields:
                if key.removesuffix("_file") in given:
                    raise ValueError(f"{key}: the value itself is there too")
                given[key.removesuffix("_file")] = _secret(key, given.pop(key))
        return given


def _secret(key: str, path: Any) -> str:
    try:
        raw = Path(str(path)).read_bytes()[:_LONGEST_SECRET]
        return raw.decode().strip()
    except OSError as error:
        raise ValueError(f"{key}: cannot be read ({error.strerror})") from None
    except ValueError:
        raise ValueError(f"{key}: should be text in UTF-8") from None


def built(make: Any, *arguments: Any, **values: Any) -> Any:
    """A settings record of the gate's; what it refuses is a complaint about this section."""
    try:
        return make(*arguments, **values)
    except ParkingError as error:
        raise ValueError(str(error)) from None


# --- relay boards ----------------------------------------------------------------------------------------------------


class _Board(Section):
    coils: _Contacts = 8
    inputs: _Contacts = 8
    timeout_s: float = Field(default=0.5, gt=0, le=10)

    def board(self) -> BoardSettings:
        """As the adapters take it."""
        names = {field.name for field in fields(BoardSettings)}
        told = {("board_map" if name == "map_" else name): getattr(self, name) for name in type(self).model_fields}
        values = {name: value for name, value in told.items() if name in names}
        settings: BoardSettings = built(BoardSettings, **values)
        return settings

    @model_validator(mode="after")
    def _is_taken(self) -> _Board:
        self.board()
        return self


class MemoryBoardSettings(_Board):
    """No board at all: for trying a configuration out."""

    kind: Literal["memory"]


class ModbusBoardSettings(_Board):
    """A relay board on Modbus TCP; `map` is whose registers it has."""

    kind: Literal["modbus_tcp"] = "modbus_tcp"
    host: Host
    port: Port = 502
    unit: int = Field(default=1, ge=0, le=255)
    map_: BoardMap = Field(default=BoardMap.WAVESHARE, alias="map")


class HttpBoardSettings(_Board):
    """A relay on HTTP (Shelly Gen2 RPC)."""

    kind: Literal["http_relay"]
    host: Host
    port: Port = 80
    user: str = "admin"
    password: str = Field(default="", repr=False)


class GpioBoardSettings(_Board):
    """Lines of the box's own GPIO chip, in the order of coils and inputs; needs the extra [gpio]."""

    kind: Literal["gpio"]
    chip: str = "/dev/gpiochip0"
    coil_lines: tuple[int, ...] = Field(min_length=1)
    input_lines: tuple[int, ...] = Field(min_length=2)
    coils_active_low: bool = False
    inputs_active_low: bool = False
    watchdog: str = ""

    @model_validator(mode="before")
    @classmethod
    def _counts(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        if {"coils", "inputs"} & data.keys():
            raise ValueError("coils, inputs: a GPIO chip has as many as coil_lines and input_lines name")
        lines = {"coils": data.get("coil_lines"), "inputs": data.get("input_lines")}
        return {**data, **{name: len(told) for name, told in lines.items() if isinstance(told, list | tuple) and told}}


class VzenithBoardSettings(_Board):
    """The outputs and inputs of a Vzenith camera that pushes to this box; `device` is the camera's name."""

    kind: Literal["vzenith"]
    device: Name
    coils: int = Field(default=4, ge=1, le=4)
    inputs: int = Field(default=4, ge=1, le=4)
    feedback: dict[int, int] = Field(default_factory=dict)
    """Which input feels the contact of which coil."""
    idle_off: bool = False
    """Inputs that the camera never told of are off."""
    timeout_s: float = Field(default=2.0, gt=0, le=10)


class HikvisionBoardSettings(_Board):
    """The outputs of a Hikvision camera (ISAPI), or with `gate` its barrier (coil 0 opens, 1 closes); `unit` is its channel."""

    kind: Literal["hikvision"]
    host: Host
    port: Port = 80
    unit: int = Field(default=1, ge=1, le=64)
    user: str = "admin"
    password: str = Field(repr=False)
    coils: _Contacts = 2
    inputs: _Contacts = 2
    gate: bool = False
    limits_wired: bool = True
    timeout_s: float = Field(default=1.0, gt=0, le=10)


AnyBoard = (
    ModbusBoardSettings
    | HttpBoardSettings
    | GpioBoardSettings
    | VzenithBoardSettings
    | HikvisionBoardSettings
    | MemoryBoardSettings
)


def _kind_or(standard: str) -> Discriminator:
    def kind_of(data: Any) -> str:
        return str(data.get("kind", standard) if isinstance(data, dict) else getattr(data, "kind", standard))

    kinds = "modbus_tcp, http_relay, gpio, vzenith, hikvision or memory"
    return Discriminator(kind_of, custom_error_type="kind", custom_error_message=f"kind: should be {kinds}")


Board = Annotated[
    Annotated[ModbusBoardSettings, Tag("modbus_tcp")]
    | Annotated[HttpBoardSettings, Tag("http_relay")]
    | Annotated[GpioBoardSettings, Tag("gpio")]
    | Annotated[VzenithBoardSettings, Tag("vzenith")]
    | Annotated[HikvisionBoardSettings, Tag("hikvision")]
    | Annotated[MemoryBoardSettings, Tag("memory")],
    _kind_or("modbus_tcp"),
]


# --- cameras ---------------------------------------------------------------------------------------------------------


class CameraSettings(Section):
    """A camera whose picture this box reads; `recognition` holds settings of `lpr` that differ from its defaults."""

    kind: Literal["mjpeg", "rtsp", "file", "folder"]
    url: str = Field(min_length=1, max_length=1000)
    recognition: dict[str, Any] = Field(default_factory=dict)

    @field_validator("recognition")
    @classmethod
    def _known(cls, plain: dict[str, Any]) -> dict[str, Any]:
        built(ReadingSettings.parse, plain)
        return plain


class SmartCameraSection(Section):
    """A camera that reads by itself and pushes to this box, at /<kind>/<secret>; `device` is its name."""

    kind: Literal["vzenith", "hikvision"]
    device: Name
    secret: str = Field(min_length=16, max_length=200, repr=False, pattern=r"^[A-Za-z0-9_-]+$")
    sources: tuple[str, ...] = ()
    serial: str = Field(default="", max_length=64)
    lead_s: float = Field(default=3.0, ge=0, le=30)
    fresh_s: float = Field(default=4.0, gt=0, le=30)
    votes: int = Field(default=2, ge=1, le=100)
    silent_after_s: Seconds = 15.0
    clock_off_s: Seconds = 2.0
    answer_within_s: float = Field(default=2.0, gt=0, le=10)
    comet_hold_s: float = Field(default=0.25, ge=0, le=10)
    time_zone_h: float = Field(default=8.0, ge=-14, le=14)

    @field_validator("sources")
    @classmethod
    def _networks(cls, sources: tuple[str, ...]) -> tuple[str, ...]:
        for source in sources:
            ip_network(source, strict=False)  # ValueError: it names what is none
        return sources

    def settings(self) -> SmartCameraSettings:
        values = {name: getattr(self, name) for name in type(self).model_fields if name not in ("kind", "device")}
        return SmartCameraSettings(device=DeviceId(self.device), **values)


Camera = Annotated[CameraSettings | SmartCameraSection, Field(discriminator="kind")]
