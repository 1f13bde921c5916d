"""edge.yaml, typed: a gate box's lanes and how they are wired. A wrong or dangerous value is named with its key before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from parking.access.facts import LaneRules, NoPlate, SecondEntry
from parking.gate.model import BarrierConfig, Closing, LaneConfig, RampConfig, Timings, Wiring
from parking.gate.relays.modbus_tcp import BoardMap, ModbusSettings
from parking.gate.relays.registry import BOARDS
from parking.kernel.errors import ParkingError, invalid
from parking.kernel.events import Direction
from parking.kernel.ids import LaneId, ZoneId

LONGEST_FILE = 256 * 1024
_DEFAULT = LaneRules()
_Index = Annotated[int, Field(ge=0, le=255)]
_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
_Seconds = Annotated[float, Field(gt=0, le=86_400)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, hide_input_in_errors=True)


class BoardSettings(_Section):
    """Where a relay board is; lanes that name the same one share it."""

    kind: str = "modbus_tcp"
    host: str = "127.0.0.1"
    port: int = Field(default=502, ge=1, le=65535)
    unit: int = Field(default=1, ge=0, le=255)
    coils: int = Field(default=8, ge=1, le=64)
    inputs: int = Field(default=8, ge=1, le=64)
    board_map: BoardMap = Field(default=BoardMap.WAVESHARE, alias="map")
    timeout_s: float = Field(default=0.5, gt=0, le=10)

    @field_validator("kind")
    @classmethod
    def _known(cls, kind: str) -> str:
        try:
            BOARDS.get(kind)
        except ParkingError as error:
            raise ValueError(error.message) from None
        return kind

    def board(self) -> BoardSettings:
        """The board alone, without what one lane does with it: equal for lanes that share it."""
        return BoardSettings(**{name: getattr(self, name) for name in BoardSettings.model_fields})

    def modbus(self) -> ModbusSettings:
        return ModbusSettings(self.host, self.port, self.unit, self.coils, self.inputs, self.board_map, self.timeout_s)


class BarrierSettings(BoardSettings):
    """A barrier's coils on its board; pulses in milliseconds."""

    open_coil: _Index
    close_coil: _Index | None = None
    pulse_ms: int = Field(default=500, ge=100, le=5000)
    closing: Closing = Closing.HARDWARE
    hardware_interlock: bool = False

    @model_validator(mode="after")
    def _exists(self) -> Self:
        for key in ("open_coil", "close_coil"):
            coil = getattr(self, key)
            if coil is not None and coil >= self.coils:
                raise ValueError(f"{key}: the board has coils 0 to {self.coils - 1}")
        try:
            self.barrier()
        except ParkingError as error:
            raise ValueError(str(error)) from None
        return self

    def barrier(self) -> BarrierConfig:
        return BarrierConfig(self.open_coil, self.close_coil, self.pulse_ms, self.closing, self.hardware_interlock)


class LoopSettings(_Section):
    """Which inputs a lane's loops are on; a normally closed fire contact has `fire_when: false`."""

    presence: _Index
    safety: _Index
    fire: _Index | None = None
    fire_when: bool = True

    def wiring(self) -> Wiring:
        return Wiring(self.presence, self.safety, self.fire, self.fire_when)


class RampLoopSettings(_Section):
    first: _Index
    second: _Index

    def wiring(self) -> Wiring:
        return Wiring(self.first, self.second)


class CameraSettings(_Section):
    """A lane's camera; `recognition` holds settings of `lpr` that differ from its defaults."""

    kind: str
    url: str = Field(min_length=1, max_length=1000)
    recognition: dict[str, Any] = Field(default_factory=dict)


class RuleSettings(_Section):
    """How strict a lane is; what is left out keeps its default."""

    min_confidence: float = Field(default=_DEFAULT.min_confidence, ge=0, le=1)
    min_margin: float = Field(default=_DEFAULT.min_margin, ge=0)
    min_agreeing: int = Field(default=_DEFAULT.min_agreeing, ge=1, le=100)
    read_deadline_s: _Seconds = _DEFAULT.read_deadline_s
    evidence_lead_s: float = Field(default=_DEFAULT.evidence_lead_s, ge=0, le=30)
    no_plate: NoPlate = NoPlate.HELP
    second_entry: SecondEntry = SecondEntry.ADMIT

    def rules(self) -> LaneRules:
        return LaneRules(**{name: getattr(self, name) for name in RuleSettings.model_fields})


class BarrierLaneSettings(_Section):
    """A lane with a barrier, in or out."""

    id: _Name
    kind: Literal["entry", "exit"]
    camera: CameraSettings
    relay: BarrierSettings
    loops: LoopSettings
    rules: RuleSettings = RuleSettings()
    timings: dict[str, _Seconds] = Field(default_factory=dict)

    @field_validator("timings")
    @classmethod
    def _known_timings(cls, timings: dict[str, float]) -> dict[str, float]:
        return _check_timings(timings)

    def lane(self) -> LaneConfig:
        direction = Direction.IN if self.kind == "entry" else Direction.OUT
        return LaneConfig(LaneId(self.id), direction, self.rules.rules(), Timings(**self.timings))


class RampLaneSettings(_Section):
    """A ramp that is only counted."""

    id: _Name
    kind: Literal["ramp"]
    from_zone: _Name = Field(alias="from")
    to_zone: _Name = Field(alias="to")
    relay: BoardSettings
    loops: RampLoopSettings
    timings: dict[str, _Seconds] = Field(default_factory=dict)

    @field_validator("timings")
    @classmethod
    def _known_timings(cls, timings: dict[str, float]) -> dict[str, float]:
        return _check_timings(timings)

    def ramp(self) -> RampConfig:
        zones = ZoneId(self.from_zone), ZoneId(self.to_zone)
        return RampConfig(LaneId(self.id), *zones, timings=Timings(**self.timings))


LaneSettings = Annotated[BarrierLaneSettings | RampLaneSettings, Field(discriminator="kind")]


class EdgeSettings(_Section):
    """One gate box."""

    device: _Name
    site: _Name
    server: str = Field(pattern=r"^https?://[^/\s]+$", description="without a path or a slash at the end")
    journal: Path
    key: Path
    server_key: Path
    lanes: list[LaneSettings] = Field(min_length=1, max_length=32)
    log_json: bool = True
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$")

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        ids = [lane.id for lane in self.lanes]
        if twice := sorted({lane_id for lane_id in ids if ids.count(lane_id) > 1}):
            raise ValueError(f"lanes: {twice[0]} is there twice")
        return self


def _check_timings(timings: dict[str, float]) -> dict[str, float]:
    known = Timings.__dataclass_fields__
    for key in timings:
        if key not in known:
            raise ValueError(f"{key} is not a timing; known: {', '.join(known)}")
    return timings


def load(path: Path) -> EdgeSettings:
    """The settings in a YAML file; paths in it are relative to it. ParkingError names every key that is missing or wrong."""
    try:
        raw = path.read_bytes()
        plain = yaml.safe_load(raw) if len(raw) <= LONGEST_FILE else None
    except OSError as error:
        raise invalid("edge.settings", f"cannot be read ({error.strerror})", field=str(path)) from None
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = f"{path}, line {line + 1}" if line is not None else str(path)
        raise invalid("edge.settings", "is not YAML", field=where) from None
    if not isinstance(plain, dict):
        raise invalid("edge.settings", "should hold keys and values", field=str(path))
    try:
        settings = EdgeSettings.model_validate(plain)
    except ValidationError as error:
        raise invalid("edge.settings", "; ".join(_complaints(error)), field=str(path)) from None
    files = {name: path.parent / getattr(settings, name) for name in ("journal", "key", "server_key")}
    return settings.model_copy(update=files)


def _complaints(error: ValidationError) -> list[str]:
    tags = {"entry", "exit", "ramp"}  # the discriminator, which pydantic puts between the index and the key
    lines = []
    for fault in error.errors(include_url=False, include_input=False):
        key = ".".join(str(part) for part in fault["loc"] if part not in tags)
        lines.append(f"{key}: {fault['msg']}" if key else fault["msg"])
    return lines
