"""Everything that may differ from site to site, typed, with the measured default; a wrong value names its key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from parking.kernel.errors import ParkingError, invalid

BEST = "best"
"""As a detector or a reader: what reads the plates of the grammar best."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How pictures are read. Shares are 0-1 of the frame, sides and widths are pixels, spans are seconds, margins are nats.

    `reader` names one reader, or two with a plus sign: the first reads every plate, the second those of which the first is not
    sure. A lane's camera needs less than a photograph: with the region of interest on the lane, `detect_side_px=480` reads plates
    from about 90 pixels and costs a third of the default.
    """

    detector: str = BEST
    fallback_detector: str = ""  # asked where nothing readable was found; pp_ocr costs 500 MB from then on
    reader: str = BEST
    grammar: str = "china"
    region_of_interest: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)  # left, top, right, bottom
    detect_side_px: int = 0  # the longer side that the detector looks at; 0: what suits the detector
    second_look_side_px: int = 960  # of corner_net, where the first look leaves a doubt; 0: never
    detect_score: float = 0.35  # of corner_net: weaker finds are no plates
    narrowest_plate_px: int = 40
    most_regions: int = 12
    province_prior: tuple[tuple[str, float], ...] = ()  # how much likelier plates are here that begin so: {皖: 2.0}
    least_log_probability: float = -20.0  # worse reads are not reported
    least_confidence: float = 0.45  # nor are less certain ones
    accept_margin: float = 1.0  # of one frame
    accept_confidence: float = 0.9  # of one frame: 2 wrong of 481 hard crops, 434 of them accepted
    passage_margin: float = 2.0  # of all frames of a passage
    sure_margin: float = 4.0  # clearer plates are not shown to the second reader
    most_candidates: int = 8
    whole_below_px: int = 256  # a picture narrower than this, and shaped like a plate, is the plate
    frames_per_second: float = 6.0  # recognised while a vehicle is there
    idle_frames_per_second: float = 4.0  # looked at, not recognised: does the camera live, does anything move
    standing_frames_per_second: float = 1.0  # a vehicle that stands there and has been read is read again this often
    settled_margin: float = 6.0  # a passage this clear needs no more frames
    settled_frames: int = 2
    most_frames: int = 8  # of one view of one vehicle
    longest_reading_s: float = 1.5  # of one view of one vehicle; then only a changed view is looked at
    gone_after_s: float = 2.0  # a vehicle unseen this long has left, unless something still stands where it stood
    hidden_at_most_s: float = 20.0  # and then after this long
    silent_after_s: float = 3.0
    frozen_after_s: float = 4.0
    dark_after_s: float = 4.0

    def __post_init__(self) -> None:
        left, top, right, bottom = self.region_of_interest
        if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
            raise invalid(
                "settings.region", "should be left, top, right, bottom as shares 0-1", field="region_of_interest"
            )
        for name, least, most in _RANGES:
            value = getattr(self, name)
            if not least <= value <= most and not (value == 0 and name in _MAY_BE_0):
                raise invalid("settings.range", f"should be {least} to {most}, not {value}", field=name)
        for start, bonus in self.province_prior:
            if not start or not -20 <= bonus <= 20:
                raise invalid(
                    "settings.range", "should give each beginning of a plate -20 to 20", field="province_prior"
                )

    @classmethod
    def parse(cls, plain: Mapping[str, Any]) -> Self:
        """Settings from a mapping (of a YAML file, say); an unknown key or a value of the wrong type raises ParkingError."""
        known = {f.name: f.default for f in fields(cls)}
        values: dict[str, Any] = {}
        for key, value in plain.items():
            if key not in known:
                raise invalid("settings.unknown", f"is not a setting; known: {', '.join(known)}", field=key)
            values[key] = _prior(key, value) if key == "province_prior" else _cast(key, value, type(known[key]))
        return cls(**values)


_MAY_BE_0 = frozenset({"detect_side_px", "second_look_side_px"})
_RANGES = (
    ("detect_side_px", 64, 4096),
    ("second_look_side_px", 64, 4096),
    ("detect_score", 0.01, 0.99),
    ("narrowest_plate_px", 8, 1000),
    ("most_regions", 1, 100),
    ("most_candidates", 2, 50),
    ("least_confidence", 0, 1),
    ("accept_confidence", 0, 1),
    ("accept_margin", 0, 20),
    ("passage_margin", 0, 20),
    ("sure_margin", 0, 20),
    ("whole_below_px", 0, 4096),
    ("frames_per_second", 0.1, 100),
    ("idle_frames_per_second", 0.1, 100),
    ("standing_frames_per_second", 0.1, 100),
    ("hidden_at_most_s", 0.1, 3600),
    ("settled_frames", 1, 100),
    ("most_frames", 1, 1000),
    ("longest_reading_s", 0.1, 60),
    ("gone_after_s", 0.1, 60),
    ("silent_after_s", 0.1, 5),
    ("frozen_after_s", 0.1, 5),
    ("dark_after_s", 0.1, 5),
)


def _prior(key: str, value: Any) -> tuple[tuple[str, float], ...]:
    if not isinstance(value, Mapping):
        raise invalid("settings.type", "should be plates' first signs with a number each, such as {皖: 2}", field=key)
    return tuple((_cast(key, start, str), _cast(key, bonus, float)) for start, bonus in value.items())


def _cast(key: str, value: Any, kind: type) -> Any:
    if kind is tuple and isinstance(value, (list, tuple)) and len(value) == 4:
        return tuple(_cast(key, share, float) for share in value)
    if kind is float and type(value) in (int, float):
        return float(value)
    if kind in (int, str) and type(value) is kind:
        return value
    raise _wrong_type(key, kind)


def _wrong_type(key: str, kind: type) -> ParkingError:
    names = {tuple: "four numbers", float: "a number", int: "a whole number", str: "a name"}
    return invalid("settings.type", f"should be {names[kind]}", field=key)
