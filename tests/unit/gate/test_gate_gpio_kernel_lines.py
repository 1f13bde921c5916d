"""GPIO lines of this machine's own chips, as libgpiod 2 wants to be asked; the library is played, its refusals are as the real one's."""

from __future__ import annotations

import errno
import sys
from dataclasses import dataclass
from enum import Enum
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from parking.gate.relays.gpio_chip import CONSUMER, KernelLines, LineRequest, LinesBusy

pytestmark = pytest.mark.req("GATE-1")


class Value(Enum):
    INACTIVE = 0
    ACTIVE = 1


class Direction(Enum):
    INPUT = 2
    OUTPUT = 3


@dataclass(frozen=True)
class LineSettings:
    """The settings that we use, under the names of libgpiod 2."""

    direction: Direction
    output_value: Value = Value.INACTIVE
    active_low: bool = False


class Request:
    """Requested lines; what is set is what is read, and only lines that were requested can be."""

    def __init__(self, config: dict[tuple[int, ...], LineSettings]) -> None:
        self.settings = {line: settings for lines, settings in config.items() for line in lines}
        self.values = {line: settings.output_value for line, settings in self.settings.items()}
        self.released = False

    def set_value(self, line: int, value: Value) -> None:
        assert self.settings[line].direction is Direction.OUTPUT
        self.values[line] = value

    def get_values(self, lines: list[int]) -> list[Value]:
        assert lines, "an empty list would read all lines"
        return [self.values[line] for line in lines]

    def release(self) -> None:
        self.released = True


class Library(ModuleType):
    """The module `gpiod`, with one chip."""

    def __init__(self) -> None:
        super().__init__("gpiod")
        self.line = SimpleNamespace(Value=Value, Direction=Direction)
        self.LineSettings = LineSettings
        self.asked: list[tuple[str, str]] = []
        self.requests: list[Request] = []
        self.fails: Exception | None = None

    def request_lines(self, path: str, *, consumer: str, config: dict[Any, Any]) -> Request:
        if self.fails is not None:
            raise self.fails
        self.asked.append((path, consumer))
        self.requests.append(Request(config))
        return self.requests[-1]


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    played = Library()
    monkeypatch.setitem(sys.modules, "gpiod", played)
    return played


REQUEST = LineRequest("/dev/gpiochip4", (17, 27), (5,), coils_active_low=True)


def test_lines_are_requested_once_with_every_coil_off(library: Library) -> None:
    KernelLines(REQUEST)
    (lines,) = library.requests
    assert library.asked == [("/dev/gpiochip4", CONSUMER)]
    assert lines.settings == {
        17: LineSettings(Direction.OUTPUT, Value.INACTIVE, active_low=True),
        27: LineSettings(Direction.OUTPUT, Value.INACTIVE, active_low=True),
        5: LineSettings(Direction.INPUT),
    }


def test_coils_are_set_and_read_by_their_place_and_not_by_their_line(library: Library) -> None:
    lines = KernelLines(REQUEST)
    lines.set(1, True)
    assert (lines.coils(), lines.inputs()) == ((False, True), (False,))
    library.requests[0].values[5] = Value.ACTIVE
    lines.set(1, False)
    assert (lines.coils(), lines.inputs()) == ((False, False), (True,))
    lines.close()
    assert library.requests[0].released


def test_a_chip_without_coils_or_without_inputs_is_never_asked_for_all_its_lines(library: Library) -> None:
    assert KernelLines(LineRequest("/dev/gpiochip0", (), (5,))).coils() == ()
    assert KernelLines(LineRequest("/dev/gpiochip0", (5,), ())).inputs() == ()


@pytest.mark.parametrize(
    ("fails", "kind", "says"),
    [
        (OSError(errno.EBUSY, "Device or resource busy"), LinesBusy, "somebody else has lines of /dev/gpiochip4"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory"), OSError, "/dev/gpiochip4: No such file"),
        (PermissionError(errno.EACCES, "Permission denied"), OSError, "/dev/gpiochip4: Permission denied"),
        (ValueError("unknown line"), OSError, "/dev/gpiochip4 does not have these lines"),
    ],
)
def test_what_the_chip_refuses_is_told_with_its_name(
    library: Library, fails: Exception, kind: type[OSError], says: str
) -> None:
    library.fails = fails
    with pytest.raises(kind, match=says):
        KernelLines(REQUEST)


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gpiod", None)
    with pytest.raises(OSError, match=r"install mall-parking\[gpio\]"):
        KernelLines(REQUEST)
