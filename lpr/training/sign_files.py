"""Fitted signs between JSON and the source files of `lpr.drawing`: what a file says beside its signs stays as it was written.

`python -m lpr.training.sign_files signs.json --file lpr/drawing/green_signs.py` puts fitted signs in the place of those that stand there.
"""

from __future__ import annotations

import argparse
import ast
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lpr.drawing.strokes import CELL_HEIGHT_MM, CELL_WIDTH_MM, Sign, strokes
from parking.kernel.errors import ParkingError, invalid

_USUAL_CELL = (float(CELL_WIDTH_MM), float(CELL_HEIGHT_MM))
_LINE = 120
_PATH_ON_ITS_OWN = 108  # characters of a path that stands on lines of its own, after eight spaces, between its quotes
_EMPTY = '''"""The signs of one set as strokes of our own; cells are in mm."""

from __future__ import annotations

from lpr.drawing.strokes import Sign

{name}: dict[str, Sign] = {{}}
"""Signs by character; those that are not here are stretched from the ordinary ones."""
'''


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted sign and how far it overlaps its picture: what both cover over what either covers (intersection over union)."""

    sign: Sign
    iou: float


def read_fitted(file: Path) -> dict[str, Fitted]:
    """Fitted signs by character from a JSON file; ParkingError where it cannot be read or a path is malformed."""
    try:
        entries = json.loads(file.read_text("utf-8"))
        fitted = {}
        for character, entry in entries.items():
            width, height = entry["cell"]
            sign = Sign(float(entry["width"]), entry["path"], (float(width), float(height)))
            strokes(sign)
            fitted[character] = Fitted(sign, float(entry["iou"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise invalid("training.signs", f"is no file of fitted signs ({error})", field=str(file)) from None
    return fitted


def write_fitted(file: Path, fitted: Mapping[str, Fitted]) -> None:
    """Writes signs as JSON: per character the usual width (mm), the path, the cell (width and height, mm) and the overlap."""
    entries = {
        character: {"width": one.sign.width, "path": one.sign.path, "cell": one.sign.cell, "iou": round(one.iou, 4)}
        for character, one in fitted.items()
    }
    try:
        file.write_text(json.dumps(entries, ensure_ascii=False, indent=0) + "\n", "utf-8")
    except OSError as error:
        raise invalid("training.out", f"cannot be written ({error.strerror})", field=str(file)) from None


def with_signs(source: str, fitted: Mapping[str, Sign]) -> str:
    """The source of a sign file with some signs replaced or added; all else but the names of its cells stays as it is."""
    table = _table(source)
    signs = {**table.signs, **fitted}
    names = _cell_names({sign.cell for sign in signs.values()} - {_USUAL_CELL})
    lines = source.splitlines(keepends=True)
    head = (
        "".join(line for i, line in enumerate(lines[: table.first]) if i not in table.cell_lines).rstrip("\n") + "\n\n"
    )
    cells = "".join(f"{name} = ({float(cell[0])}, {float(cell[1])})\n" for cell, name in names.items())
    body = "".join(_entry(character, sign, names.get(sign.cell)) for character, sign in signs.items())
    tail = "".join(lines[table.last + 1 :])
    return f"{head}{cells}{chr(10) if cells else ''}{table.name}: dict[str, Sign] = {{\n{body}}}\n{tail}"


def signs_in(source: str) -> dict[str, Sign]:
    """The signs that a sign file tells, by character; ValueError where it has no table of them."""
    return _table(source).signs


@dataclass(frozen=True, slots=True)
class _Table:
    """A sign file's table: its name, the lines (from 0) that open and close it and that name its cells, and its signs."""

    name: str
    first: int
    last: int
    cell_lines: frozenset[int]
    signs: dict[str, Sign]


def _table(source: str) -> _Table:
    cells: dict[str, tuple[float, float]] = {}
    cell_lines: set[int] = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            cells[node.targets[0].id] = ast.literal_eval(node.value)
            cell_lines.add(node.lineno - 1)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(node.value, ast.Dict):
            signs = {
                str(ast.literal_eval(key)): _sign(value, cells)
                for key, value in zip(node.value.keys, node.value.values, strict=True)
                if key is not None
            }
            last = (node.end_lineno or node.lineno) - 1
            return _Table(node.target.id, node.lineno - 1, last, frozenset(cell_lines), signs)
    raise ValueError("there is no table of signs in it")


def _sign(call: ast.expr, cells: Mapping[str, tuple[float, float]]) -> Sign:
    if not isinstance(call, ast.Call):
        raise ValueError("its table holds more than signs")
    width, path, *rest = call.args
    cell = _USUAL_CELL
    for name in rest:
        cell = cells[name.id] if isinstance(name, ast.Name) else ast.literal_eval(name)
    return Sign(float(ast.literal_eval(width)), str(ast.literal_eval(path)), cell)


def _cell_names(cells: set[tuple[float, float]]) -> dict[tuple[float, float], str]:
    if len(cells) > 2:
        raise ValueError("a set has signs for two cells at most beside the usual one")
    names = ("_CELL",) if len(cells) == 1 else ("_NARROW", "_WIDE")
    return dict(zip(sorted(cells), names, strict=False))


def _entry(character: str, sign: Sign, cell: str | None) -> str:
    """One entry of the table as ruff would format it."""
    one = f'    "{character}": Sign({sign.width:g}, "{sign.path}"{f", {cell}" if cell else ""}),\n'
    if len(one) <= _LINE + 1:
        return one
    parts = _wrapped(sign.path)
    last = f"        {cell},\n" if cell else ""
    path = "\n".join(f'        "{part}"' for part in parts)
    return f'    "{character}": Sign(\n        {sign.width:g},\n{path},\n{last}    ),\n'


def _wrapped(path: str) -> list[str]:
    """The path in parts that fit on a line; every part but the last ends in a space."""
    parts, part = [], ""
    for word in path.split(" "):
        if part and len(part) + len(word) + 1 > _PATH_ON_ITS_OWN:
            parts.append(part)
            part = ""
        part += word + " "
    return [*parts, part.rstrip()]


def main(arguments: list[str] | None = None) -> None:
    """The command: signs from JSON files, the last one counting, into one source file."""
    parser = argparse.ArgumentParser(prog="python -m lpr.training.sign_files", description=__doc__)
    parser.add_argument("fitted", nargs="+", type=Path, metavar="JSON", help="what lpr.training.sign_fit wrote")
    parser.add_argument("--file", required=True, type=Path, help="the sign file to change, or to begin")
    parser.add_argument("--signs", help="which signs; unless given those that the file has, or all if it has none")
    options = parser.parse_args(arguments)
    try:
        fitted = {character: one.sign for file in options.fitted for character, one in read_fitted(file).items()}
        changed = _change(options.file, fitted, options.signs)
    except ParkingError as error:
        sys.exit(f"sign_files: {error}")
    sys.stderr.write(f"{options.file}: {''.join(changed)}\n")


def _change(file: Path, fitted: Mapping[str, Sign], wanted: str | None) -> list[str]:
    """Puts the fitted signs that are wanted into the file, and says which."""
    absent = sorted(set(wanted or "") - set(fitted))
    if absent:
        raise invalid("training.signs", f"of {', '.join(absent)} there is none in the JSON", field="--signs")
    try:
        empty = _EMPTY.format(name=file.stem.removesuffix("_signs").upper())
        source = file.read_text("utf-8") if file.exists() else empty
        chosen = wanted or "".join(signs_in(source)) or "".join(fitted)
        changed = {character: sign for character, sign in fitted.items() if character in chosen}
        file.write_text(with_signs(source, changed), "utf-8")
    except OSError as error:
        raise invalid("training.file", f"cannot be changed ({error.strerror})", field="--file") from None
    except (SyntaxError, ValueError, KeyError) as error:
        raise invalid("training.file", f"is no sign file ({error})", field="--file") from None
    return list(changed)


if __name__ == "__main__":
    main()
