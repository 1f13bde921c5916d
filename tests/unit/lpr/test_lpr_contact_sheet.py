"""The sheet shows every failure with its crop, worst first, as a page and as a picture; what was right is not on it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr import contact_sheet
from lpr.contact_sheet import Group
from lpr.evaluate import Evaluation, evaluate
from parking.kernel.errors import ParkingError
from tests.builders.lpr import a_picture, a_pipeline

pytestmark = pytest.mark.req("LPR-3")


def an_evaluation(folder: Path, *cases: tuple[str, str, float]) -> Evaluation:
    """One picture a case: what it shows (with its box), what was read, how surely."""
    rows = ["file,plate,x,y,w,h"]
    for number, (true, _, _) in enumerate(cases):
        cv2.imwrite(str(folder / f"{number}.png"), a_picture(number))
        rows.append(f"{number}.png,{true},95,95,150,55")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    answers = iter([case for case in cases for _ in range(2 if case[2] < 0.6 else 1)])  # the doubtful get a second look
    return evaluate(folder, a_pipeline(lambda _strip: next(answers)[1:]))


def test_failures_are_grouped_and_what_was_right_is_left_out(tmp_path: Path) -> None:
    evaluation = an_evaluation(tmp_path, ("粤B12345", "粤B12345", 0.95), ("粤B12345", "粤B12B45", 0.95))
    (failure,) = evaluation.failures
    assert failure.group is Group.BELIEVED
    assert (failure.label, failure.read, failure.what) == ("粤B12345", "粤B12B45", "5: 3 > B")
    crop = cv2.imdecode(np.frombuffer(failure.crop, np.uint8), cv2.IMREAD_COLOR)
    assert crop is not None
    assert crop.shape[1] == 240


def test_a_read_where_no_plate_is_labelled_is_on_the_sheet(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), a_picture())
    (tmp_path / "labels.csv").write_text("file,plate,x,y,w,h\na.png,粤B12345,0,0,30,10\n", encoding="utf-8")
    groups = {failure.group for failure in evaluate(tmp_path, a_pipeline(lambda _s: ("京A99999", 0.95))).failures}
    assert groups == {Group.NOT_FOUND, Group.STRAY}


def test_the_page_holds_its_pictures_and_escapes_names(tmp_path: Path) -> None:
    evaluation = an_evaluation(tmp_path, ("粤B12345", "粤B12B45", 0.95))
    contact_sheet.save(tmp_path / "sheet.html", evaluation.failures, "<set>")
    text = (tmp_path / "sheet.html").read_text(encoding="utf-8")
    assert "&lt;set&gt;" in text
    assert "<set>" not in text
    assert text.count("data:image/jpeg;base64,") == 1
    assert "粤B12B45" in text
    assert "http" not in text


def test_the_picture_has_a_row_for_every_four(tmp_path: Path) -> None:
    evaluation = an_evaluation(tmp_path, *[("粤B12345", "粤B12B45", 0.95)] * 5)
    one = contact_sheet.picture(evaluation.failures[:4], "four")
    two = contact_sheet.picture(evaluation.failures, "five")
    assert one.shape[1] == two.shape[1] == 1010
    assert two.shape[0] > one.shape[0]
    contact_sheet.save(tmp_path / "sheet.png", evaluation.failures, "five")
    assert cv2.imread(str(tmp_path / "sheet.png")) is not None


def test_a_sheet_without_failures_says_so() -> None:
    assert "No failure." in contact_sheet.page((), "all well")
    assert contact_sheet.picture((), "all well").size


@pytest.mark.parametrize(("name", "complaint"), [("sheet.doc", "should end in"), ("no/sheet.png", "no such folder")])
def test_a_sheet_that_cannot_be_written_is_refused_before_anything_is_measured(
    tmp_path: Path, name: str, complaint: str
) -> None:
    with pytest.raises(ParkingError, match=complaint):
        contact_sheet.check(tmp_path / name)
