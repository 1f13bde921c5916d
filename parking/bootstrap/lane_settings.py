"""edge.yaml, one lane: what stands there and how it is wired, how strict it is, and what it does for whoever it cannot serve."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from parking.access.facts import AntiPassback, LaneRules, NoPlate, SecondEntry
from parking.bootstrap.device_settings import (
    Board,
    Camera,
    HikvisionBoardSettings,
    Index,
    Name,
    Seconds,
    Section,
    built,
)
from parking.bootstrap.reader_settings import PrinterSettings, ReaderSettings
from parking.gate.model import (
    Alarms,
    BarrierConfig,
    Cause,
    Closing,
    HelpAction,
    HelpRule,
    LaneConfig,
    RampConfig,
    Timings,
    Wiring,
)
from parking.gate.relays.settings import BoardSettings
from parking.kernel.credential import CredentialKind
from parking.kernel.events import Direction
from parking.kernel.ids import LaneId, LotId, ZoneId

_DEFAULT, _ALARMS = LaneRules(), Alarms()
_BARRIER = ("open_coil", "close_coil", "pulse_ms", "closing", "hardware_interlock", "lamp_coil")


class RelaySection(Section):
    """A barrier's contacts and the lane's lamp, and beside them the settings of the board that they are on."""

    board_: Board = Field(alias="board")
    open_coil: Index
    close_coil: Index | None = None
    pulse_ms: int = Field(default=500, ge=100, le=5000)
    closing: Closing = Closing.HARDWARE
    hardware_interlock: bool = False
    lamp_coil: Index | None = None

    @model_validator(mode="before")
    @classmethod
    def _sort(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "board" in data:
            return data
        barrier = {key: value for key, value in data.items() if key in _BARRIER}
        return {**barrier, "board": {key: value for key, value in data.items() if key not in _BARRIER}}

    @model_validator(mode="after")
    def _exists(self) -> RelaySection:
        coils = self.board().coils
        if self.lamp_coil is not None and isinstance(self.board_, HikvisionBoardSettings) and self.board_.gate:
            raise ValueError("lamp_coil: a camera's barrier has no contact for a lamp")
        for key in ("open_coil", "close_coil", "lamp_coil"):
            coil = getattr(self, key)
            if coil is not None and coil >= coils:
                raise ValueError(f"{key}: the board has coils 0 to {coils - 1}")
        self.barrier()
        return self

    @property
    def kind(self) -> str:
        return self.board_.kind

    def board(self) -> BoardSettings:
        """The board alone: equal for lanes that share it."""
        return self.board_.board()

    def barrier(self) -> BarrierConfig:
        config: BarrierConfig = built(BarrierConfig, **{name: getattr(self, name) for name in _BARRIER})
        return config


class LoopSettings(Section):
    """Which inputs feel what; a normally closed fire contact has `fire_when: false`."""

    presence: Index
    safety: Index
    fire: Index | None = None
    fire_when: bool = True
    boom_up: Index | None = None
    boom_down: Index | None = None
    manual: Index | None = None
    mains_lost: Index | None = None
    call_button: Index | None = None

    @model_validator(mode="after")
    def _one_each(self) -> LoopSettings:
        used = [index for name in type(self).model_fields if type(index := getattr(self, name)) is int]
        if twice := sorted({index for index in used if used.count(index) > 1}):
            raise ValueError(f"input {twice[0]} is there twice")
        return self

    def wiring(self) -> Wiring:
        return Wiring(**{name: getattr(self, name) for name in type(self).model_fields})

    @property
    def highest(self) -> int:
        return max(index for name in type(self).model_fields if type(index := getattr(self, name)) is int)


class RampLoopSettings(Section):
    first: Index
    second: Index

    def wiring(self) -> Wiring:
        return Wiring(self.first, self.second)


class RuleSettings(Section):
    """How strict a lane is; what is left out keeps its default."""

    min_confidence: float = Field(default=_DEFAULT.min_confidence, ge=0, le=1)
    min_margin: float = Field(default=_DEFAULT.min_margin, ge=0)
    min_agreeing: int = Field(default=_DEFAULT.min_agreeing, ge=1, le=100)
    read_deadline_s: Seconds = _DEFAULT.read_deadline_s
    evidence_lead_s: float = Field(default=_DEFAULT.evidence_lead_s, ge=0, le=30)
    no_plate: NoPlate = NoPlate.HELP
    second_entry: SecondEntry = SecondEntry.ADMIT
    anti_passback: AntiPassback = AntiPassback.OFF
    anti_passback_minutes: float = Field(default=_DEFAULT.anti_passback_minutes, gt=0, le=10_080)
    alone: frozenset[CredentialKind] = _DEFAULT.alone

    def rules(self, zone: str | None, lot: str | None, outer_lot: str | None) -> LaneRules:
        return LaneRules(
            **{name: getattr(self, name) for name in RuleSettings.model_fields},
            zone_id=ZoneId(zone) if zone else None,
            lot_id=LotId(lot) if lot else None,
            outer_lot_id=LotId(outer_lot) if outer_lot else None,
        )


class HelpSettings(Section):
    """What is done for a vehicle that the lane cannot serve for one cause."""

    action: HelpAction
    after_s: float = 0.0
    open_after_s: float | None = None

    def rule(self) -> HelpRule:
        rule: HelpRule = built(HelpRule, self.action, self.after_s, self.open_after_s)
        return rule

    @model_validator(mode="after")
    def _is_taken(self) -> HelpSettings:
        self.rule()
        return self


class AlarmSettings(Section):
    """When the lane calls attention to how somebody behaves; null or 0: never."""

    tailgating: bool = _ALARMS.tailgating
    long_passage_s: Seconds | None = _ALARMS.long_passage_s
    loiter_undecided_s: Seconds | None = _ALARMS.loiter_undecided_s
    loiter_allowed_s: Seconds | None = _ALARMS.loiter_allowed_s
    turn_backs: int = Field(default=_ALARMS.turn_backs, ge=0, le=100)
    turn_back_window_s: Seconds = _ALARMS.turn_back_window_s

    def alarms(self) -> Alarms:
        return Alarms(**{name: getattr(self, name) for name in AlarmSettings.model_fields})


class BarrierLaneSettings(Section):
    """A lane with a barrier, in or out. `lot` is where it leads into (an entry) or out of; lanes of one `fire_group` burn together."""

    id: Name
    kind: Literal["entry", "exit"]
    zone: Name | None = None
    lot: Name | None = None
    outer_lot: Name | None = None
    camera: Camera
    relay: RelaySection
    loops: LoopSettings
    readers: tuple[ReaderSettings, ...] = Field(default=(), max_length=8)
    printer: PrinterSettings | None = None
    rules: RuleSettings = RuleSettings()
    help: dict[Cause, HelpSettings] = Field(default_factory=dict)
    alarms: AlarmSettings = AlarmSettings()
    fire_group: Name = "all"
    opens_in_fire: bool | None = None
    timings: dict[str, Seconds] = Field(default_factory=dict)

    @field_validator("timings")
    @classmethod
    def _known_timings(cls, timings: dict[str, float]) -> dict[str, float]:
        return _check_timings(timings)

    @model_validator(mode="after")
    def _fits(self) -> BarrierLaneSettings:
        inputs = self.relay.board().inputs
        if self.loops.highest >= inputs:
            raise ValueError(f"loops: input {self.loops.highest}: the board has inputs 0 to {inputs - 1}")
        shows = [cause.value for cause, told in self.help.items() if told.action is HelpAction.SHOW_CODE]
        if shows and self.printer is None:
            raise ValueError(f"help.{shows[0]}: show_code needs a printer at this lane")
        self.lane()
        return self

    def lane(self) -> LaneConfig:
        config: LaneConfig = built(
            LaneConfig,
            LaneId(self.id),
            Direction.IN if self.kind == "entry" else Direction.OUT,
            self.rules.rules(self.zone, self.lot, self.outer_lot),
            Timings(**self.timings),
            help={cause: settings.rule() for cause, settings in self.help.items()},
            alarms=self.alarms.alarms(),
            opens_in_fire=self.opens_in_fire,
        )
        return config


class RampLaneSettings(Section):
    """A ramp that is only counted."""

    id: Name
    kind: Literal["ramp"]
    from_zone: Name = Field(alias="from")
    to_zone: Name = Field(alias="to")
    relay: Board
    loops: RampLoopSettings
    timings: dict[str, Seconds] = Field(default_factory=dict)

    @field_validator("timings")
    @classmethod
    def _known_timings(cls, timings: dict[str, float]) -> dict[str, float]:
        return _check_timings(timings)

    def ramp(self) -> RampConfig:
        zones = ZoneId(self.from_zone), ZoneId(self.to_zone)
        return RampConfig(LaneId(self.id), *zones, timings=Timings(**self.timings))


Lane = Annotated[BarrierLaneSettings | RampLaneSettings, Field(discriminator="kind")]


def _check_timings(timings: dict[str, float]) -> dict[str, float]:
    known = [field.name for field in fields(Timings)]
    for key in timings:
        if key not in known:
            raise ValueError(f"{key} is not a timing; known: {', '.join(known)}")
    return timings
