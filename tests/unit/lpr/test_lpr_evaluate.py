"""Accuracy said honestly: labels that are wrong stop the run, plates that were not found count, intervals are Wilson's."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from lpr import labels
from lpr.evaluate import evaluate, wilson
from lpr.frame import Image
from parking.kernel.errors import ParkingError
from tests.builders.lpr import a_picture, a_pipeline

pytestmark = pytest.mark.req("LPR-3")


def a_folder(path: Path, *rows: str, head: str = "file,plate,x,y,w,h,note") -> Path:
    (path / "img").mkdir(exist_ok=True)
    for name in ("a", "b", "c"):
        cv2.imwrite(str(path / "img" / f"{name}.png"), a_picture(ord(name)))
    (path / "labels.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def run(folder: Path, *texts: str, score: float = 0.95) -> dict[str, object]:
    queue = iter(texts)

    def text_of(_strip: Image) -> tuple[str, float]:
        return next(queue), score

    return evaluate(folder, a_pipeline(text_of)).report()


def test_the_report_has_every_key_that_scripts_rely_on(tmp_path: Path) -> None:
    report = run(a_folder(tmp_path, "img/a.png,粤B12345,,,,,"), "粤B12345")
    documented = {"n", "exact", "without_province", "accepted", "wrong_accepted", "latency_ms", "by_class"}
    assert documented <= report.keys()
    classes = report["by_class"]
    assert isinstance(classes, dict)
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
    assert (report["found"], report["accepted"], report["unlabelled_reads"]) == (0.0, 0.0, 1)


def test_a_doubtful_read_is_not_accepted(tmp_path: Path) -> None:
    report = run(a_folder(tmp_path, "img/a.png,粤B12345,,,,,"), "粤B12345", "粤B12345", score=0.45)
    assert (report["exact"], report["accepted"]) == (1.0, 0.0)


def test_classes_provinces_and_light_are_counted_apart(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, "img/a.png,粤B12345,,,,,", "img/b.png,京AD12345,,,,,", "img/c.png,使198476,,,,,")
    cv2.imwrite(str(folder / "img" / "c.png"), a_picture(3) // 8)
    report = run(folder, "粤B12345", "京AD12345", "使198476", "使198476")
    groups = {name: set(report[name]) for name in ("by_class", "by_province", "by_light")}  # type: ignore[call-overload]  # a mapping
    assert groups == {
        "by_class": {"civil", "new_energy_small", "embassy"},
        "by_province": {"粤", "京", "none"},
        "by_light": {"day", "night"},
    }


def test_a_zero_written_for_the_old_police_letter_is_no_mistake_of_the_reader(tmp_path: Path) -> None:
    assert run(a_folder(tmp_path, "img/a.png,粤0A2160,,,,,"), "粤OA2160", "粤OA2160")["exact"] == 1.0


def test_only_the_first_pictures_when_asked(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, "img/a.png,粤B12345,,,,,", "img/b.png,粤B12345,,,,,")
    assert evaluate(folder, a_pipeline(), most=1).report()["n"] == 1


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
        ("img/b.png", "row 3: has more or fewer values"),
        ("img/b.png,粤B12345,1,2,3,4,note,more", "row 3: has more or fewer values"),
    ],
)
def test_a_wrong_label_names_the_file_and_the_row(tmp_path: Path, row: str, complaint: str) -> None:
    folder = a_folder(tmp_path, "img/a.png,粤B12345,,,,,", row)
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
