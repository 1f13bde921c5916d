"""The command `lpr`: what it prints, how it ends, and how it says that it was called wrongly."""

from __future__ import annotations

import json
import re
import sys
import threading
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import pytest

from lpr import confusion_file
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


def test_read_writes_annotated_pictures_where_asked(lpr: Any, real: Path, tmp_path: Path) -> None:
    call = lpr("read", real, "--annotate", tmp_path / "new")
    assert call.status == 0
    (written,) = (tmp_path / "new").iterdir()
    before, after = cv2.imread(str(real)), cv2.imread(str(written))
    assert before is not None
    assert after is not None
    assert before.shape == after.shape
    assert written.name == f"{real.stem}-read.jpg"


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


@pytest.mark.req("LPR-3")
def test_evaluate_writes_a_sheet_and_a_confusion_file(lpr: Any, tmp_path: Path) -> None:
    sheet, confusion = tmp_path / "sheet.html", tmp_path / "confusion.json"
    folder = real_pictures("ccpd_crops")
    call = lpr("evaluate", folder, "--json", "--most", 12, "--sheet", sheet, "--confusion", confusion)
    assert call.status == 0
    assert "ccpd_crops: " in sheet.read_text(encoding="utf-8")
    measured = confusion_file.load(confusion)
    assert measured.frame.n == 12
    assert measured.measured["sets"] == "ccpd_crops"


@pytest.mark.req("LPR-3")
def test_evaluate_takes_several_folders_and_tells_them_apart(lpr: Any) -> None:
    call = lpr("evaluate", real_pictures("ccpd_crops"), real_pictures("special_cn"), "--json", "--most", 2)
    told = json.loads(call.out)
    assert told["n"] == 4
    assert {name: one["n"] for name, one in told["by_set"].items()} == {"ccpd_crops": 2, "special_cn": 2}


def test_a_report_that_cannot_be_written_is_refused_before_anything_is_measured(lpr: Any, tmp_path: Path) -> None:
    for option, name in (("--sheet", "sheet.doc"), ("--sheet", "no/s.png"), ("--confusion", "no/c.json")):
        call = lpr("evaluate", tmp_path, option, tmp_path / name)
        assert (call.status, call.out) == (2, "")
        assert re.fullmatch(r"lpr: .+\n", call.err)
        assert "labels.csv" not in call.err


def test_settings_come_from_a_file_and_a_wrong_key_is_named(lpr: Any, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("speed: 9\n", encoding="utf-8")
    cv2.imwrite(str(tmp_path / "sky.png"), a_picture())
    call = lpr("read", tmp_path / "sky.png", "--settings", tmp_path / "s.yaml")
    assert call.status == 2
    assert "s.yaml: speed: is not a setting" in call.err


def test_training_without_torch_says_what_to_install(lpr: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    call = lpr("train", "--minutes", 1, "--out", tmp_path / "out")
    assert (call.status, call.out) == (2, "")
    assert call.err == "lpr: training needs torch; install the extra: pip install mall-parking[train]\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.req("LPR-2")
def test_watch_tells_a_passage_in_lines_and_keeps_its_best_picture(lpr: Any, real: Path, tmp_path: Path) -> None:
    picture = cv2.imread(str(real))
    assert picture is not None
    video = a_video(tmp_path / "gate.avi", [picture[:, :, :3].astype("uint8")] * 25, fps=10)
    call = lpr("watch", video, "--json-lines", "--seconds", 30, "--annotate", tmp_path / "kept")
    assert call.status == 0
    told = [json.loads(line) for line in call.out.splitlines()]
    assert {line["plate"] for line in told} == {"皖AFL605"}
    assert [line["over"] for line in told] == [False] * (len(told) - 1) + [True]
    assert {line["passage"] for line in told} == {"camera-1"}
    first, last = (datetime.fromisoformat(line["at"]) for line in (told[0], told[-1]))
    assert timedelta(seconds=1) <= last - first <= timedelta(seconds=2.5)  # the recording's own time, not the machine's
    (kept,) = (tmp_path / "kept").iterdir()
    assert cv2.imread(str(kept)) is not None


@pytest.mark.req("LPR-2")
@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("noise.avi", b"noise", "is no video, or none in a coding that can be decoded here"),
        ("empty.mp4", b"", "is no video, or none in a coding that can be decoded here"),
        ("folder", None, "there is no picture in it"),
    ],
)
def test_watch_says_at_once_that_there_is_nothing_to_see(
    lpr: Any, tmp_path: Path, name: str, content: bytes | None, complaint: str
) -> None:
    path = tmp_path / name
    path.mkdir() if content is None else path.write_bytes(content)
    call = lpr("watch", path)
    assert (call.status, call.out) == (1, "")
    assert call.err == f"lpr: {path}: {complaint}\n"


@pytest.mark.req("LPR-2")
def test_watch_says_at_once_that_the_password_is_wrong(lpr: Any) -> None:
    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="camera"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        call = lpr("watch", f"http://anna:hush@127.0.0.1:{server.server_port}/stream")
        server.shutdown()
        thread.join()
    assert call.status == 1
    assert call.err == "lpr: 127.0.0.1: refuses the user name or the password\n"


@pytest.mark.req("LPR-2")
def test_watch_ends_with_one_when_nothing_was_read(lpr: Any, tmp_path: Path) -> None:
    video = a_video(tmp_path / "lane.avi", [a_picture() // 4 + 90] * 5, fps=10)
    call = lpr("watch", video, "--seconds", 10)
    assert (call.status, call.out) == (1, "")
    assert re.fullmatch(r"lpr: nothing was read.*\n", call.err)


def test_help_documents_the_keys(lpr: Any) -> None:
    call = lpr("evaluate", "--help")
    assert call.status == 0
    for key in ("without_province", "wrong_accepted", "latency_ms", "by_class"):
        assert key in call.out
