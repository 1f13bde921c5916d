"""The path of a sign as numbers that may be moved: what hangs together in it stays together, and it is written back as a path.

H shares the y of the point before it and V the x, so bars stay level and stems upright however the numbers are moved.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from lpr.drawing.strokes import Sign, strokes

Coordinates = tuple[int, int]
"""Where a point's x and y stand among the numbers of the path."""

_TOKEN = re.compile(r"([MLHVCQZWT])|(-?\d+(?:\.\d+)?)")
_ALIKE_MM = 0.5
"""How near a closed stroke's end comes to its start where it means the same."""
_EVEN_MM = 0.4
"""Pens that differ by no more are written as one."""
_PEN_FOLLOWS = 0.8
"""The power of the cell's growth (of a side, on average) by which pens grow when a sign is stretched."""


@dataclass(frozen=True, slots=True)
class Command:
    """One letter of M L H V C Q and its points, control points included."""

    letter: str
    points: tuple[Coordinates, ...]

    @property
    def curved(self) -> bool:
        """Whether it draws a Bezier curve."""
        return self.letter in "CQ"

    @property
    def end(self) -> Coordinates:
        """The point that it leads to."""
        return self.points[-1]


@dataclass(slots=True)
class PathStroke:
    """One centreline, the pen's width at its two ends in mm, and whether it is closed."""

    commands: list[Command]
    pen: tuple[float, float]
    closed: bool = False

    @property
    def start(self) -> Coordinates:
        """The point that M names."""
        return self.commands[0].end

    @property
    def comes_round(self) -> bool:
        """Whether its last curve ends in the very point that it starts from."""
        return self.closed and self.commands[-1].curved and self.commands[-1].end == self.start


@dataclass(slots=True)
class SignPath:
    """The numbers of a path in mm, which of them are y, the strokes that refer to them, and the cell (width, height) in mm."""

    cell: tuple[float, float]
    values: list[float] = field(default_factory=list)
    is_y: list[bool] = field(default_factory=list)
    strokes: list[PathStroke] = field(default_factory=list)

    def x(self, value: float) -> int:
        """A new number that is an x."""
        self.values.append(value)
        self.is_y.append(False)
        return len(self.values) - 1

    def y(self, value: float) -> int:
        """A new number that is a y."""
        self.values.append(value)
        self.is_y.append(True)
        return len(self.values) - 1

    def pens(self) -> list[tuple[float, float]]:
        """The pen of every stroke in mm, at its start and its end."""
        return [stroke.pen for stroke in self.strokes]


def path_of(sign: Sign) -> SignPath:
    """The path of a sign, tied; ValueError if it is malformed."""
    strokes(sign)  # says what is wrong with a malformed one
    path = SignPath(sign.cell)
    tokens = [(match.group(1), match.group(2)) for match in _TOKEN.finditer(sign.path)]
    pen = (sign.width, sign.width)
    position = 0
    while position < len(tokens):
        letter = tokens[position][0]
        position += 1
        numbers: list[float] = []
        while position < len(tokens) and tokens[position][1]:
            numbers.append(float(tokens[position][1]))
            position += 1
        if letter in "WT":
            pen = (numbers[0], numbers[-1])
        elif letter == "M":
            path.strokes.append(PathStroke([Command("M", (_point(path, numbers),))], pen))
        elif letter == "Z":
            path.strokes[-1].closed = True
        else:
            path.strokes[-1].commands.append(_command(path, letter, numbers))
    for stroke in path.strokes:
        if stroke.closed and len(stroke.commands) > 1:
            _tie(path, stroke)
    return path


def _point(path: SignPath, numbers: Sequence[float]) -> Coordinates:
    return path.x(numbers[0]), path.y(numbers[1])


def _command(path: SignPath, letter: str, numbers: Sequence[float]) -> Command:
    x, y = path.strokes[-1].commands[-1].end
    if letter == "H":
        return Command(letter, ((path.x(numbers[0]), y),))
    if letter == "V":
        return Command(letter, ((x, path.y(numbers[0])),))
    return Command(letter, tuple(_point(path, numbers[i : i + 2]) for i in range(0, len(numbers), 2)))


def _tie(path: SignPath, stroke: PathStroke) -> None:
    """A closed stroke that ends where it started keeps doing so: boxes stay right-angled, loops stay closed."""
    first, second, last = stroke.commands[0], stroke.commands[1], stroke.commands[-1]
    (start_x, start_y), (end_x, end_y) = first.end, last.end
    same_x = abs(path.values[start_x] - path.values[end_x]) <= _ALIKE_MM
    same_y = abs(path.values[start_y] - path.values[end_y]) <= _ALIKE_MM
    if last.letter == second.letter == "H" and same_x:
        stroke.commands[-1] = Command("H", ((start_x, end_y),))
    elif last.letter == second.letter == "V" and same_y:
        stroke.commands[-1] = Command("V", ((end_x, start_y),))
    elif last.curved and same_x and same_y:
        stroke.commands[-1] = Command(last.letter, (*last.points[:-1], first.end))


def sign_of(path: SignPath, values: Sequence[float], pens: Sequence[tuple[float, float]], width: float) -> Sign:
    """The sign that a path draws with other numbers (mm), pens (mm, a pair for each stroke) and usual width (mm)."""
    words: list[str] = []
    width = round(width, 1)
    last = (width, width)
    for stroke, (start, end) in zip(path.strokes, pens, strict=True):
        pen = (round(start, 1), round(end, 1))
        if stroke.closed or abs(pen[0] - pen[1]) <= _EVEN_MM:
            pen = (round((start + end) / 2, 1),) * 2
        if pen != last:
            words.append(f"W{_text(pen[0])}" if pen[0] == pen[1] else f"T{_text(pen[0])},{_text(pen[1])}")
            last = pen
        words.extend(_written(command, values) for command in stroke.commands)
        if stroke.closed:
            words.append("Z")
    return Sign(width, " ".join(words), path.cell)


def _written(command: Command, values: Sequence[float]) -> str:
    if command.letter == "H":
        return "H" + _text(values[command.end[0]])
    if command.letter == "V":
        return "V" + _text(values[command.end[1]])
    return command.letter + " ".join(f"{_text(values[x])},{_text(values[y])}" for x, y in command.points)


def _text(value: float) -> str:
    """A length in mm to a tenth, as short as it can be written."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def stretched(sign: Sign, cell: tuple[float, float]) -> Sign:
    """The sign drawn on another cell (width and height in mm); its pens grow less than the cell does."""
    if sign.cell == cell:
        return sign
    across, down = cell[0] / sign.cell[0], cell[1] / sign.cell[1]
    grown = (across * down) ** (_PEN_FOLLOWS / 2)
    path = path_of(sign)
    path.cell = cell
    values = [value * (down if is_y else across) for value, is_y in zip(path.values, path.is_y, strict=True)]
    return sign_of(path, values, [(start * grown, end * grown) for start, end in path.pens()], sign.width * grown)
