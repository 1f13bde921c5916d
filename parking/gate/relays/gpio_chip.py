"""GPIO lines as a relay board sees them: coils to switch, inputs to feel. Whoever requests lines owns them until he closes or dies.

What a line does when its owner dies is up to the chip: many keep the last level. So nothing here relies on it (see `gpio_keeper`).
"""

from __future__ import annotations

import errno
import importlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from parking.gate.relays.settings import BoardSettings
from parking.kernel.errors import invalid

CONSUMER = "parking"


@dataclass(frozen=True, slots=True)
class LineRequest:
    """Which lines of which chip; coil and input numbers are places in the tuples. A coil is off when its line is inactive."""

    chip: str
    coils: tuple[int, ...]
    inputs: tuple[int, ...]
    coils_active_low: bool = False
    inputs_active_low: bool = False

    @classmethod
    def of(cls, settings: BoardSettings) -> LineRequest:
        """The lines that the settings name; ParkingError when they do not fit to the number of coils and inputs."""
        for name, lines, count in (
            ("coil_lines", settings.coil_lines, settings.coils),
            ("input_lines", settings.input_lines, settings.inputs),
        ):
            if len(lines) != count:
                raise invalid("relay.gpio", f"{count} lines, one each, not {len(lines)}", field=name)
            if any(type(line) is not int or not 0 <= line < 1024 for line in lines):
                raise invalid("relay.gpio", "line numbers are 0 to 1023", field=name)
        used = (*settings.coil_lines, *settings.input_lines)
        if twice := sorted({line for line in used if used.count(line) > 1}):
            raise invalid("relay.gpio", f"line {twice[0]} is there twice", field="coil_lines")
        return cls(
            settings.chip, settings.coil_lines, settings.input_lines,
            settings.coils_active_low, settings.inputs_active_low,
        )  # fmt: skip

    def to_json(self) -> str:
        """As it is handed to the keeper's process."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> LineRequest:
        """The request of `to_json`; ValueError, KeyError or TypeError for anything else."""
        plain = json.loads(text)
        return cls(**{**plain, "coils": tuple(plain["coils"]), "inputs": tuple(plain["inputs"])})


class LinesBusy(OSError):
    """Another process owns one of the lines."""


class GpioLines(Protocol):
    """Requested lines. All coils are off after the request. OSError when the chip fails."""

    def set(self, coil: int, on: bool) -> None: ...

    def coils(self) -> tuple[bool, ...]:
        """The levels that the chip reads at the coils' own lines; a relay contact that sticks does not show here."""
        ...

    def inputs(self) -> tuple[bool, ...]: ...

    def close(self) -> None:
        """Give the lines back; what they do then is up to the chip."""
        ...


OpenLines = Callable[[LineRequest], GpioLines]


class KernelLines:
    """Lines of a chip of this machine, by libgpiod 2 (extra `gpio`)."""

    def __init__(self, request: LineRequest) -> None:
        try:
            self._gpiod: Any = importlib.import_module("gpiod")
        except ModuleNotFoundError:
            raise OSError(errno.ENOPKG, "gpiod is not installed here; install mall-parking[gpio]") from None
        self._request = request
        line, settings = self._gpiod.line, self._gpiod.LineSettings
        off = line.Value.INACTIVE
        config: dict[Any, Any] = {}
        if request.coils:
            config[request.coils] = settings(
                direction=line.Direction.OUTPUT, output_value=off, active_low=request.coils_active_low
            )
        if request.inputs:
            config[request.inputs] = settings(direction=line.Direction.INPUT, active_low=request.inputs_active_low)
        try:
            self._lines: Any = self._gpiod.request_lines(request.chip, consumer=CONSUMER, config=config)
        except ValueError as error:
            raise OSError(errno.EINVAL, f"{request.chip} does not have these lines") from error
        except OSError as error:
            if error.errno == errno.EBUSY:
                raise LinesBusy(errno.EBUSY, f"somebody else has lines of {request.chip}") from None
            raise OSError(error.errno, f"{request.chip}: {error.strerror}") from None

    def set(self, coil: int, on: bool) -> None:
        value = self._gpiod.line.Value
        self._lines.set_value(self._request.coils[coil], value.ACTIVE if on else value.INACTIVE)

    def coils(self) -> tuple[bool, ...]:
        return self._levels(self._request.coils)

    def inputs(self) -> tuple[bool, ...]:
        return self._levels(self._request.inputs)

    def close(self) -> None:
        self._lines.release()

    def _levels(self, offsets: tuple[int, ...]) -> tuple[bool, ...]:
        if not offsets:
            return ()
        active = self._gpiod.line.Value.ACTIVE
        return tuple(value == active for value in self._lines.get_values(list(offsets)))


_: OpenLines = KernelLines
