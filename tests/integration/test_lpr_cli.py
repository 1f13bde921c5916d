"""The command `lpr`: what it prints, how it ends, and how it says that it was called wrongly."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import cv2
import pytest

from lpr.cli import main
from lpr.labels import load
from tests.builders.lpr import a_picture, a_video, real_pictures


class Call:
    """One run of the command in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *args: str) -> None:
        monkeypatch.setattr(sys, "argv", ["lpr", *args])
        with pytest.raises(SystemExit) as ended:
            main()
        self.status = ended.value.code
        captured = capsys.readouterr()
        self.out, self.err = captured.out, captured.err


@pytest.fixture
def lpr(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    return lambda *args: Call(monkeypatch, capsys, *(str(arg) for arg in args))


@pytest.fixture(scope="module")
def real() -> Path:
    return load(real_pictures("ccpd_full"))[1].file


@pytest.mark.req("LPR-1")
def test_read_prints_the_plate(lpr: Any, real: Path) -> None:
    call = lpr("read", real, "--side", 640)
    assert (call.status, call.err) == (0, "")
    assert "皖AFL605 (blue civil, confidence " in call.out


@pytest.mark.req("LPR-1")
def test_read_prints_one_flat_object_a_picture(lpr: Any, real: Path) -> None:
    call = lpr("read", real, "--json", "--side", 640)
    told = json.loads(call.out)
    assert told["file"] == str(real)
    assert set(told["plates"][0]) == {"plate", "kind", "colour", "confidence", "margin", "corners"}
    assert told["plates"][0]["plate"] == "皖AFL605"


def test_a_picture_without_a_plate_ends_with_one(lpr: Any, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "sky.png"), a_picture()[:, :, :] // 2 + 60)
    call = lpr("read", tmp_path / "sky.png", "--side", 320)
    assert call.status == 1
    assert "no plate" in call.out


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"", "is not a picture"), (b"\xff\xd8\xff\xe0 broken", "is not a picture"), (None, "cannot be read")],
)
def test_garbage_is_named_in_one_line(lpr: Any, tmp_path: Path, content: bytes | None, complaint: str) -> None:
    path = tmp_path / "x.jpg"
    if content is not None:
        path.write_bytes(content)
    call = lpr("read", path)
    assert (call.status, call.out) == (2, "")
    assert re.fullmatch(rf"lpr: .*x\.jpg: {complaint}.*\n", call.err)


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("frobnicate",),
        ("read",),
        ("read", "a.jpg", "--side", "many"),
        ("read", "a.jpg", "--nonsense"),
        ("evaluate",),
        ("evaluate", "/no/such/folder"),
        ("evaluate", ".", "--grammar", "mars"),
        ("watch", "gopher://camera"),
        ("watch", "/no/such/video.mp4"),
    ],
)
def test_a_wrong_call_is_one_line_and_two(lpr: Any, args: tuple[str, ...]) -> None:
    call = lpr(*args)
    assert (call.status, call.out) == (2, "")
    assert re.fullmatch(r"lpr: .+\n", call.err)


@pytest.mark.req("LPR-3")
def test_evaluate_prints_one_flat_object(lpr: Any) -> None:
    call = lpr("evaluate", real_pictures("ccpd_crops"), "--json", "--most", 12)
    told = json.loads(call.out)
    assert (call.status, told["n"]) == (0, 12)
    assert told["exact"] >= 0.8
    assert {"without_province", "accepted", "wrong_accepted", "latency_ms", "by_class", "exact_interval"} <= told.keys()


@pytest.mark.req("LPR-3")
def test_evaluate_prints_a_summary_for_people(lpr: Any) -> None:
    call = lpr("evaluate", real_pictures("ccpd_crops"), "--most", 3)
    assert "3 plates in 3 pictures" in call.out
    assert "95 % interval" in call.out


def test_a_wrong_label_is_one_line_with_its_row(lpr: Any, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file,plate\nnone.jpg,粤B12345\n", encoding="utf-8")
    call = lpr("evaluate", tmp_path, "--json")
    assert (call.status, call.out) == (2, "")
    assert "labels.csv, row 2: file: there is no picture 'none.jpg'" in call.err


@pytest.mark.req("LPR-2")
def test_watch_prints_what_a_recording_shows(lpr: Any, real: Path, tmp_path: Path) -> None:
    picture = cv2.imread(str(real))
    assert picture is not None
    video = a_video(tmp_path / "gate.avi", [picture[:, :, :3].astype("uint8")] * 12, fps=10)
    call = lpr("watch", video, "--json", "--side", 480, "--seconds", 20)
    assert call.status == 0
    told = json.loads(call.out.splitlines()[0])
    assert (told["plate"], told["frames"]) == ("皖AFL605", 1)


@pytest.mark.req("LPR-2")
def test_watch_ends_with_one_when_nothing_was_seen(lpr: Any, tmp_path: Path) -> None:
    (tmp_path / "noise.avi").write_bytes(b"noise")
    call = lpr("watch", tmp_path / "noise.avi", "--seconds", 0.5)
    assert (call.status, call.out) == (1, "")
    assert re.fullmatch(r"lpr: nothing was read.*\n", call.err)


def test_help_documents_the_keys(lpr: Any) -> None:
    call = lpr("evaluate", "--help")
    assert call.status == 0
    for key in ("without_province", "wrong_accepted", "latency_ms", "by_class"):
        assert key in call.out
