"""Signs on their way to a fit and back: a path keeps its look, what hangs together stays together, source files keep their words."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from lpr.drawing import green_signs, latin_signs, province_signs, special_signs
from lpr.drawing.green_signs import GREEN
from lpr.drawing.signs import SIGN_SETS, SIGNS
from lpr.drawing.strokes import Sign, strokes
from lpr.training import sign_files
from lpr.training.sign_files import Fitted, read_fitted, signs_in, with_signs, write_fitted
from lpr.training.sign_paths import path_of, sign_of, stretched
from parking.kernel.errors import ParkingError
from tests.tools.sign_overlap import ink, overlap

pytestmark = pytest.mark.req("LPR-1")

SOURCES = [Path(str(module.__file__)) for module in (latin_signs, province_signs, special_signs, green_signs)]
BOX = Sign(8.0, "M10,20 H30 V70 H10 Z M20,20 V70")


def test_a_path_read_and_written_looks_as_before() -> None:
    for signs in SIGN_SETS.values():
        for character, sign in signs.items():
            path = path_of(sign)
            again = sign_of(path, path.values, path.pens(), sign.width)
            assert overlap(ink(sign), ink(again)) > 0.98, character


def test_bars_stay_level_and_boxes_right_angled_when_points_are_moved() -> None:
    path = path_of(BOX)
    moved = [value + 1.5 * (1 + i) for i, value in enumerate(path.values)]
    box, stem = strokes(sign_of(path, moved, path.pens(), BOX.width))
    (left, top), (right, _), (_, bottom), _ = box.points
    assert box.points.tolist() == [[left, top], [right, top], [right, bottom], [left, bottom]]
    assert stem.points[0, 0] == stem.points[1, 0]


def test_numbers_are_written_to_a_tenth_and_pens_only_where_they_change() -> None:
    sign = Sign(8.0, "W7.96 M-0.04,10 H44.96 W6 M1,2 L3,4 T9,7 M1,2.25 V8")
    path = path_of(sign)
    assert sign_of(path, path.values, path.pens(), 8.0).path == "M0,10 H45 W6 M1,2 L3,4 T9,7 M1,2.2 V8"


def test_a_sign_stretched_to_its_own_cell_is_itself() -> None:
    assert stretched(BOX, (45, 90)) is BOX


def test_a_stretched_sign_keeps_its_points_places_in_the_cell_and_its_pens_grow_less_than_the_cell() -> None:
    wide = stretched(BOX, (90, 180))
    assert wide == Sign(13.9, "M20,40 H60 V140 H20 Z M40,40 V140", (90, 180))
    for sign in SIGNS.values():
        low = stretched(sign, (80, 60))
        assert low.cell == (80, 60)
        for one, other in zip(strokes(sign), strokes(low), strict=True):
            assert other.points == pytest.approx(one.points * (80 / 45, 60 / 90), abs=1.0)


def test_fitted_signs_come_back_from_their_file(tmp_path: Path) -> None:
    fitted = {"云": Fitted(SIGNS["云"], 0.95), "A": Fitted(GREEN["A"], 0.9)}
    write_fitted(tmp_path / "signs.json", fitted)
    assert read_fitted(tmp_path / "signs.json") == fitted


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"A": {}}', '{"A": {"width": 8, "path": "H3", "cell": [45, 90], "iou": 1}}', '{"A": {"cell": [1]}}'],
)
def test_a_file_that_holds_no_signs_is_named(text: str, tmp_path: Path) -> None:
    file = tmp_path / "signs.json"
    file.write_text(text)
    with pytest.raises(ParkingError) as caught:
        read_fitted(file)
    assert caught.value.field == str(file)


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.stem)
def test_a_sign_file_gets_a_sign_and_keeps_the_rest(file: Path) -> None:
    before = file.read_text("utf-8")
    signs = signs_in(before)
    character, sign = next(iter(signs.items()))
    new = Sign(7.0, "M1,2 H3", sign.cell)
    after = with_signs(before, {character: new})
    assert signs_in(after) == signs | {character: new}
    assert signs_in(with_signs(after, {character: sign})) == signs
    assert ast.get_docstring(ast.parse(after)) == ast.get_docstring(ast.parse(before))
    assert after.splitlines()[-1] == before.splitlines()[-1]
    assert max(len(line) for line in after.splitlines()[10:]) <= 120


def test_a_sign_file_begins_with_the_fitted_signs_of_its_set(tmp_path: Path) -> None:
    low = {character: stretched(SIGNS[character], (80, 60)) for character in "云京A"}
    write_fitted(tmp_path / "upper.json", {character: Fitted(sign, 0.5) for character, sign in low.items()})
    file = tmp_path / "upper_signs.py"
    sign_files.main([str(tmp_path / "upper.json"), "--file", str(file), "--signs", "云A"])
    assert "UPPER: dict[str, Sign] = {" in file.read_text("utf-8")
    assert signs_in(file.read_text("utf-8")) == {"云": low["云"], "A": low["A"]}
    sign_files.main([str(tmp_path / "upper.json"), "--file", str(file)])  # only those that it has
    assert set(signs_in(file.read_text("utf-8"))) == {"云", "A"}


def test_a_sign_that_was_not_fitted_is_named(tmp_path: Path) -> None:
    write_fitted(tmp_path / "a.json", {"云": Fitted(SIGNS["云"], 0.95)})
    with pytest.raises(SystemExit, match="京"):
        sign_files.main([str(tmp_path / "a.json"), "--file", str(tmp_path / "b.py"), "--signs", "京"])
    assert not (tmp_path / "b.py").exists()
