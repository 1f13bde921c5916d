"""Accuracy said honestly: labels that are wrong stop the run, plates that were not found count, intervals are Wilson's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from lpr import Settings, labels, scoring
from lpr.evaluate import evaluate, evaluate_all
from lpr.frame import Image
from lpr.grammars.china import china
from lpr.labels import Label
from lpr.model import Region
from lpr.scoring import Truth, wilson
from parking.kernel.errors import ParkingError
from parking.kernel.plate import Plate
from tests.builders.lpr import a_box, a_picture, a_pipeline, a_read

pytestmark = pytest.mark.req("LPR-3")


def a_folder(path: Path, *rows: str, head: str = "file,plate,x,y,w,h,note") -> Path:
    (path / "img").mkdir(exist_ok=True)
    for name in ("a", "b", "c"):
        cv2.imwrite(str(path / "img" / f"{name}.png"), a_picture(ord(name)))
    (path / "labels.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def run(folder: Path, *texts: str, score: float = 0.95) -> dict[str, Any]:
    queue = iter(texts)

    def text_of(_strip: Image) -> tuple[str, float]:
        return next(queue), score

    return evaluate(folder, a_pipeline(text_of)).report()


def test_the_report_has_every_key_that_scripts_rely_on(tmp_path: Path) -> None:
    report = run(a_folder(tmp_path, "img/a.png,粤B12345,,,,,"), "粤B12345")
    documented = {"n", "exact", "without_province", "accepted", "wrong_accepted", "latency_ms", "by_class"}
    assert documented <= report.keys()
    classes = report["by_class"]
    civil = classes.pop("civil")
    assert classes == {}
    shares = {"n": 1, "exact": 1.0, "without_province": 1.0, "accepted": 1.0, "wrong_accepted": 0.0}
    assert {name: civil[name] for name in shares} == shares
    assert civil["exact_interval"] == pytest.approx([0.2065, 1.0], abs=1e-3)


def test_shares_are_of_labelled_plates(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, "img/a.png,粤B12345,,,,,", "img/b.png,粤B12345,,,,,", "img/c.png,粤B12345,,,,,")
    report = run(folder, "粤B12345", "京B12345", "粤B99999")
    assert (report["n"], report["exact"], report["without_province"]) == (3, 0.3333, 0.6667)
    assert (report["accepted"], report["wrong_accepted"]) == (1.0, 0.6667)
    assert report["exact_interval"] == [0.0615, 0.7923]


def test_a_plate_that_was_not_found_counts_as_wrong(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, "img/a.png,粤B12345,,,,,", "img/a.png,京A00001,5,5,20,10,")
    report = run(folder, "粤B12345")
    assert (report["n"], report["pictures"], report["exact"], report["found"]) == (2, 1, 0.5, 0.5)


def test_a_read_at_another_place_answers_no_label_with_a_box(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, "img/a.png,粤B12345,5,5,20,10,")
    report = run(folder, "京A00001")
    assert (report["found"], report["accepted"], report["false_strings_accepted"]) == (0.0, 0.0, 1)
    assert (report["false_strings"], report["false_strings_per_100"], report["second_strings"]) == (1, 100.0, 0)


def test_a_doubtful_read_is_not_accepted(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, "img/a.png,粤B12345,,,,,")
    report = evaluate(folder, a_pipeline(settings=Settings(accept_margin=20.0))).report()
    assert (report["exact"], report["accepted"]) == (1.0, 0.0)


def test_classes_provinces_and_light_are_counted_apart(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, "img/a.png,粤B12345,,,,,", "img/b.png,京AD12345,,,,,", "img/c.png,使198476,,,,,")
    cv2.imwrite(str(folder / "img" / "c.png"), a_picture(3) // 8)
    report = run(folder, "粤B12345", "京AD12345", "使198476", "使198476")
    groups = {name: set(report[name]) for name in ("by_class", "by_province", "by_light")}
    assert groups == {
        "by_class": {"civil", "new_energy_small", "embassy"},
        "by_province": {"粤", "京", "none"},
        "by_light": {"day", "night"},
    }


def test_a_zero_written_for_the_old_police_letter_is_no_mistake_of_the_reader(tmp_path: Path) -> None:
    assert run(a_folder(tmp_path, "img/a.png,粤0A2160,,,,,"), "粤OA2160", "粤OA2160")["exact"] == 1.0


def test_an_o_for_a_zero_is_told_apart_from_a_real_mistake(tmp_path: Path) -> None:
    label = Label(tmp_path, Plate("WO53011"), None)
    read = a_read(("W053011", -0.1))
    folded = scoring.outcome(label, Truth.of(label, china(), bright=True), read, china(), accepted=True)
    assert (folded.exact, folded.exact_folded) == (False, True)


def test_only_the_first_pictures_when_asked(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, "img/a.png,粤B12345,,,,,", "img/b.png,粤B12345,,,,,")
    assert evaluate(folder, a_pipeline(), most=1).report()["n"] == 1


def test_a_second_read_of_a_labelled_plate_is_no_false_string(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, "img/a.png,粤B12345,95,95,150,55,")
    apart = [Region(a_box(x=x), 0.9) for x in (90, 165)]
    pipeline = a_pipeline(lambda strip: next(texts), regions=apart)
    texts = iter([("粤B12345", 0.95), ("京A00001", 0.95)])
    report = evaluate(folder, pipeline).report()
    assert (report["second_strings"], report["false_strings"]) == (1, 0)


def test_finding_is_told_from_reading_where_boxes_are_labelled(tmp_path: Path) -> None:
    corners = "corners=100,100;240,100;240,144;100,144"
    folder = a_folder(
        tmp_path,
        f'img/a.png,粤B12345,100,100,140,44,"{corners}"',
        "img/b.png,粤B12345,10,10,40,12,",
        "img/c.png,粤B12345,,,,,",
    )
    report = run(folder, "粤B99999", "粤B99999", "粤B12345")
    assert (report["boxed_n"], report["detected"], report["exact_of_detected"]) == (2, 0.5, 0.0)
    assert report["corner_error"] == 0.0


def test_colours_are_judged_where_a_note_or_the_class_tells_them(tmp_path: Path) -> None:
    folder = a_folder(
        tmp_path, "img/a.png,粤B12345,,,,,blue", "img/b.png,粤B12345,,,,,", "img/c.png,京AD12345,,,,,green_small"
    )
    for name, ground in (("a", (160, 70, 20)), ("b", (20, 170, 230)), ("c", (20, 170, 230))):
        cv2.imwrite(str(folder / "img" / f"{name}.png"), np.full((180, 320, 3), ground, np.uint8))
    report = run(folder, "粤B12345", "粤B12345", "京AD12345", "京AD12345")
    assert (report["colour_n"], report["colour_right"], report["colour_wrong"]) == (2, 0.5, 0.5)
    assert report["by_colour"].keys() == {"blue", "green", "unlabelled"}
    assert report["by_note"].keys() == {"green_small"}


def test_pictures_of_one_vehicle_are_scored_together_too(tmp_path: Path) -> None:
    rows = ("img/a.png,粤B12345,,,,,,p1", "img/b.png,粤B12345,,,,,,p1", "img/c.png,粤B12345,,,,,,p1")
    folder = a_folder(tmp_path, *rows, head="file,plate,x,y,w,h,note,passage")
    report = run(folder, "粤B12345", "粤B12346", "粤B12345")
    assert (report["n"], report["exact"]) == (3, 0.6667)
    assert (report["passages"], report["passage_exact"], report["passage_wrong_accepted"]) == (1, 1.0, 0.0)
    assert report["passage_by_class"]["civil"]["n"] == 1


def test_a_passage_nobody_could_read_is_wrong_and_not_left_out(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, "img/a.png,粤B12345,,,,,,p1", head="file,plate,x,y,w,h,note,passage")
    report = evaluate(folder, a_pipeline(regions=())).report()
    assert (report["passages"], report["passage_exact"], report["passage_accepted"]) == (1, 0.0, 0.0)


def test_several_folders_are_one_report_with_each_set_in_it(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
        a_folder(folder, "img/a.png,粤B12345,,,,,")
    texts = iter([("粤B12345", 0.95), ("京B12345", 0.95)])
    report = evaluate_all(folders, a_pipeline(lambda _strip: next(texts))).report()
    assert (report["n"], report["exact"]) == (2, 0.5)
    assert {name: one["exact"] for name, one in report["by_set"].items()} == {"one": 1.0, "two": 0.0}
    with pytest.raises(ParkingError, match="two folders of this name"):
        evaluate_all([folders[0], folders[0]], a_pipeline())


def test_how_many_could_be_accepted_is_told_for_no_one_and_two_mistakes(tmp_path: Path) -> None:
    label = Label(tmp_path, Plate("粤B12345"), None)
    truth = Truth.of(label, china(), bright=True)
    reads = [a_read(("粤B12345", -0.1), ("粤B12346", -9.0)), a_read(("粤B12346", -0.1), ("粤B12345", -6.0))]
    reads.append(a_read(("粤B12345", -0.1), ("粤B12346", -2.0)))
    outcomes = [scoring.outcome(label, truth, read, china(), accepted=True) for read in (*reads, None)]
    assert scoring.accepted_with_wrong(outcomes) == {"0": 0.25, "1": 0.75, "2": 0.75}


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("img/none.png,粤B12345,,,,,", "row 3: file: there is no picture 'img/none.png'"),
        (",粤B12345,,,,,", "row 3: file: there is no picture"),
        ("../labels.csv,粤B12345,,,,,", "row 3: file: "),
        ("img/b.png,,,,,,", "row 3: plate: a plate has 1 to 12"),
        ("img/b.png,粤B?2345,,,,,", "row 3: plate: a plate has 1 to 12"),
        ("img/b.png,粤B12345,1,2,3,,", "row 3: x, y, w, h should be four numbers"),
        ("img/b.png,粤B12345,1,2,three,4,", "row 3: x, y, w, h should be four numbers"),
        ("img/b.png,粤B12345,1,2,-3,4,", "row 3: w and h should be pixels above zero"),
        ("img/b.png,粤B12345,1,2,nan,4,", "row 3: w and h should be pixels above zero"),
        ("img/b.png,粤B12346,,,,,,p1", "row 3: passage: 'p1' has another plate than in row 2"),
        ("img/a.png,粤B12345,,,,,,p1", "row 3: passage: 'p1' has this picture twice"),
        ("img/b.png", "row 3: has more or fewer values"),
        ("img/b.png,粤B12345,1,2,3,4,note,p2,more", "row 3: has more or fewer values"),
    ],
)
def test_a_wrong_label_names_the_file_and_the_row(tmp_path: Path, row: str, complaint: str) -> None:
    folder = a_folder(tmp_path, "img/a.png,粤B12345,,,,,,p1", row, head="file,plate,x,y,w,h,note,passage")
    with pytest.raises(ParkingError) as raised:
        labels.load(folder)
    assert f"{folder / 'labels.csv'}, {complaint}" in str(raised.value)
    assert "B12345" not in str(raised.value)


@pytest.mark.parametrize(
    ("head", "complaint"), [("file,number", "plate missing"), ("a,b", "file and plate missing"), ("", "missing")]
)
def test_missing_columns_are_named(tmp_path: Path, head: str, complaint: str) -> None:
    with pytest.raises(ParkingError, match=complaint):
        labels.load(a_folder(tmp_path, head=head))


def test_labels_without_a_row_without_a_file_or_in_another_encoding_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ParkingError, match="there is no label"):
        labels.load(a_folder(tmp_path))
    (tmp_path / "labels.csv").write_bytes("file,plate\nimg/a.png,粤B12345".encode("gbk"))
    with pytest.raises(ParkingError, match="not UTF-8"):
        labels.load(tmp_path)
    with pytest.raises(ParkingError, match="cannot be read"):
        labels.load(tmp_path / "img")


def test_a_picture_that_is_none_is_named(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, "img/a.png,粤B12345,,,,,")
    (folder / "img" / "a.png").write_bytes(b"\x89PNG nothing more")
    with pytest.raises(ParkingError, match=r"a\.png: is not a picture"):
        evaluate(folder, a_pipeline())


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(891, 1000, 0.8702, 0.9088), (0, 430, 0.0, 0.0089), (433, 433, 0.9912, 1.0), (0, 0, 0, 1)],
)
def test_intervals_are_wilsons(hits: int, n: int, low: float, high: float) -> None:
    assert wilson(hits, n) == pytest.approx((low, high), abs=0.0005)
