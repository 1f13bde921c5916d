"""`parking bring-up`: one device by hand, against the simulated devices on their real wires."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from hardware_sim.devices.hikvision_camera import PASSWORD, USER, HikvisionCameraSim
from hardware_sim.devices.http_relay import HttpRelaySim
from hardware_sim.devices.mjpeg import MjpegCamera
from hardware_sim.devices.relay_board import RelayBoardSim
from hardware_sim.devices.sign import SignBox, SignFault
from hardware_sim.devices.uhf_reader import UhfReaderSim
from hardware_sim.devices.vzenith_camera import VzenithCameraSim
from parking.cli.__main__ import main
from parking.kernel.clock import SystemClock
from tests.builders.smart_cameras import GATE

pytestmark = pytest.mark.req("GATE-1")
SECRET = "a-secret-of-sixteen-letters"


@pytest.fixture
def board() -> Iterator[RelayBoardSim]:
    device = RelayBoardSim(SystemClock())
    device.start()
    yield device
    device.stop()


def words(device: Any, **more: object) -> list[str]:
    return ["host=127.0.0.1", f"port={device.port}", "timeout_s=5", *(f"{key}={value}" for key, value in more.items())]


class Terminal(io.StringIO):
    """A person who types one line."""

    def isatty(self) -> bool:
        return True


def in_json(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    told = json.loads(capsys.readouterr().out)
    assert isinstance(told, dict)
    assert all(not isinstance(value, dict) for value in told.values()), "one flat object"
    return told


# --- relays ------------------------------------------------------------------------------------------------------------


def test_a_board_is_read(board: RelayBoardSim, capsys: pytest.CaptureFixture[str]) -> None:
    board.set_input(2, True)
    assert main(["bring-up", "relays", *words(board)]) == 0
    shown = capsys.readouterr().out
    assert "input 2: on" in shown
    assert "coil  7: off" in shown
    assert board.relay_log == []


def test_a_pulse_is_followed_until_it_is_over(board: RelayBoardSim, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bring-up", "relays", *words(board), "--pulse", "0", "--ms", "200", "--lane-is-clear", "--json"]) == 0
    told = in_json(capsys)
    assert (told["ok"], told["pulsed"], told["read_back"], told["ended"], told["error"]) == (True, 0, True, True, "")
    assert [(order.coil, order.what, order.duration_ms) for order in board.relay_log] == [(0, "pulse", 200)]


@pytest.mark.parametrize(("typed", "moves"), [("0\n", True), ("yes\n", False), ("\n", False), ("", False)])
def test_before_steel_moves_the_person_is_asked_and_only_the_coils_number_is_a_yes(
    board: RelayBoardSim, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, typed: str, moves: bool
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    code = main(["bring-up", "relays", *words(board), "--pulse", "0", "--ms", "100"])
    assert code == (0 if moves else 1)
    assert "Steel may move: coil 0 of modbus_tcp" in capsys.readouterr().err
    assert bool(board.relay_log) is moves


def test_where_nobody_can_be_asked_nothing_moves(board: RelayBoardSim, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bring-up", "relays", *words(board), "--pulse", "0"]) == 2
    assert "--lane-is-clear" in capsys.readouterr().err
    assert board.relay_log == []


def test_a_welded_contact_is_told(board: RelayBoardSim, capsys: pytest.CaptureFixture[str]) -> None:
    board.welded.add(3)
    call = ["bring-up", "relays", *words(board), "--pulse", "3", "--ms", "100", "--lane-is-clear", "--json"]
    assert main(call) == 1
    assert "stays on after its pulse" in in_json(capsys)["error"]
    assert main(call) == 1
    told = in_json(capsys)
    assert "is on already" in told["error"]
    assert told["pulsed"] is None


def test_a_coil_that_does_not_read_back_is_told(board: RelayBoardSim, capsys: pytest.CaptureFixture[str]) -> None:
    board.unconfirmed.add(1)
    assert main(["bring-up", "relays", *words(board), "--pulse", "1", "--lane-is-clear", "--json"]) == 1
    told = in_json(capsys)
    assert (told["read_back"], told["ok"]) == (False, False)


def test_inputs_are_shown_live(board: RelayBoardSim, capsys: pytest.CaptureFixture[str]) -> None:
    stop = threading.Event()

    def drive() -> None:
        while not stop.wait(0.2):
            board.set_input(4, not board.input_is_on(4))

    driving = threading.Thread(target=drive)
    driving.start()
    try:
        assert main(["bring-up", "relays", *words(board), "--watch", "2"]) == 0
    finally:
        stop.set()
        driving.join()
    shown = capsys.readouterr().out
    assert "input 4 on" in shown
    assert "input 4 off" in shown


def edge_yaml(folder: Path, board: RelayBoardSim) -> Path:
    relay = {"kind": "modbus_tcp", "host": "127.0.0.1", "port": board.port, "timeout_s": 5.0}

    def lane(name: str, kind: str, first: int) -> dict[str, Any]:
        return {
            "id": name, "kind": kind, "camera": {"kind": "mjpeg", "url": "http://127.0.0.1:9/"},
            "relay": {**relay, "open_coil": first, "close_coil": first + 1},
            "loops": {"presence": first, "safety": first + 1},
        }  # fmt: skip

    plain = {
        "device": "edge-1", "site": "mall", "server": "http://127.0.0.1:1", "journal": "edge.db", "key": "none.pem",
        "server_key": "none.pub", "lanes": [lane("entry-1", "entry", 0), lane("exit-1", "exit", 2)],
    }  # fmt: skip
    path = folder / "edge.yaml"
    path.write_text(yaml.safe_dump(plain), encoding="utf-8")
    return path


def test_a_lane_of_edge_yaml_names_what_hangs_on_its_board(
    board: RelayBoardSim, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(edge_yaml(tmp_path, board))
    board.set_input(3, True)
    assert main(["bring-up", "relays", "--config", config, "--lane", "exit-1"]) == 0
    shown = capsys.readouterr().out
    for line in (
        "input 2: off presence",
        "input 3: on  safety",
        "coil  0: off opens entry-1",
        "coil  3: off lowers exit-1",
    ):
        assert line in shown
    assert not (tmp_path / "edge.db").exists(), "nothing of a box is left behind"


@pytest.mark.parametrize("lane", ["entry-1", "exit-1"])
def test_no_boom_is_ever_lowered_from_here_on_whichever_lane_it_is(
    board: RelayBoardSim, tmp_path: Path, capsys: pytest.CaptureFixture[str], lane: str
) -> None:
    config = str(edge_yaml(tmp_path, board))
    for coil in (1, 3):
        call = ["bring-up", "relays", "--config", config, "--lane", lane, "--pulse", str(coil), "--lane-is-clear"]
        assert main(call) == 2
        assert "lowers the boom" in capsys.readouterr().err
    assert board.relay_log == []


def test_a_relay_on_http_and_a_cameras_outputs_are_driven_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    relay = HttpRelaySim(SystemClock(), password="pw")
    relay.start()
    camera = HikvisionCameraSim(SystemClock(), barriers=[GATE])
    camera.start()
    pulse = ["--pulse", "0", "--ms", "200", "--lane-is-clear", "--json"]
    try:
        assert main(["bring-up", "relays", "kind=http_relay", *words(relay, password="pw"), *pulse]) == 0
        assert in_json(capsys)["ended"] is True
        assert main(["bring-up", "relays", "kind=http_relay", *words(relay, password="wrong")]) == 1
        assert "the user or the password" in capsys.readouterr().err
        told = words(camera, user=USER, password=PASSWORD)
        assert main(["bring-up", "relays", "kind=hikvision", *told, *pulse]) == 0
        assert in_json(capsys)["read_back"] is True
    finally:
        relay.stop()
        camera.stop()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (["relays"], "which board"),
        (["relays", "port"], "key=value"),
        (["relays", "host=1", "host=2"], "host: is there twice"),
        (["relays", "host=x", "hots=1"], "hots: "),
        (["relays", "host=x", "port=0"], "port: "),
        (["relays", "host=x", "map=siemens"], "map"),
        (["relays", "kind=telepathy"], "kind: should be modbus_tcp"),
        (["relays", "host=x", "port=[1"], "port: is not a value"),
        (["relays", "kind=gpio", "coil_lines=[1,1]", "input_lines=[2,3]"], "line 1 is there twice"),
        (["relays", "kind=vzenith", "device=cam"], "--config"),
        (["relays", "--config", "nowhere.yaml"], "nowhere.yaml"),
        (["relays", "host=127.0.0.1", "--pulse", "8", "--lane-is-clear"], "the board has 0 to 7"),
        (["relays", "host=127.0.0.1", "--ms", "50"], "--ms"),
        (["cameras"], "which device"),
        (["cameras", "kind=rtsp"], "url: "),
        (["cameras", "kind=vzenith", "device=c", "secret=short"], "secret: "),
        (["cameras", "kind=vzenith", "device=c", f"secret={SECRET}", "--listen", "here"], "port"),
        (["readers"], "which device"),
        (["readers", "kind=crystal_ball"], "crystal_ball"),
        (["readers", "kind=uhf_llrp", "hots=1"], "host"),
        (["signs", "address=nowhere"], "host:port"),
        (["signs", "adress=127.0.0.1:1"], "adress: "),
        (["signs", "kind=neon", "address=127.0.0.1:1"], "neon"),
        (["signs", "address=127.0.0.1:1", "timeout_s=soon"], "timeout_s: "),
        (["signs", "address=127.0.0.1:1", "--full", "--number", "3"], "only one"),
        (["signs", "address=127.0.0.1:1", "--colour", "mauve"], "green"),
        (["toasters"], "toasters"),
    ],
)
def test_a_wrong_call_is_told_in_one_line_that_names_what_is_wrong(
    call: list[str], says: str, board: RelayBoardSim, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [f"port={board.port}" if word == "host=127.0.0.1" else word for word in call]
    extra = ["host=127.0.0.1"] if given != call else []
    assert main(["bring-up", *given[:1], *extra, *given[1:]]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()[-1:]
    assert says in line
    assert board.relay_log == []


def test_a_board_that_is_not_there_is_an_answer_of_no(capsys: pytest.CaptureFixture[str]) -> None:
    gone = RelayBoardSim(SystemClock())
    gone.start()
    port = gone.port
    gone.stop()
    assert main(["bring-up", "relays", "host=127.0.0.1", f"port={port}", "--json"]) == 1
    told = in_json(capsys)
    assert (told["ok"], told["device"]) == (False, f"modbus_tcp 127.0.0.1:{port}")
    assert "Connection refused" in told["error"]


# --- signs -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("options", "shown"), [(["--number", "123"], "123"), (["--full"], "FULL"), ([], "----")])
def test_a_sign_shows_what_it_is_told(options: list[str], shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    sign = SignBox("b1", SystemClock())
    address = sign.start()
    try:
        assert main(["bring-up", "signs", f"address={address}", "--json", *options]) == 0
        assert in_json(capsys)["shown"] == shown
        assert sign.text == shown
        sign.fault = SignFault.GARBAGE
        assert main(["bring-up", "signs", f"address={address}", "--json", *options]) == 1
        assert in_json(capsys)["shown"] == ""
    finally:
        sign.stop()


# --- cameras -----------------------------------------------------------------------------------------------------------


def test_a_camera_shows_its_picture_and_rate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wall = np.full((72, 128, 3), 120, np.uint8)
    picture = tmp_path / "picture.jpg"
    with MjpegCamera(lambda: wall, fps=20) as camera:
        call = ["bring-up", "cameras", "kind=mjpeg", f"url={camera.url}", "--seconds", "1", "--picture", str(picture)]
        assert main([*call, "--json"]) == 0
    told = in_json(capsys)
    assert (told["width"], told["height"], told["plates"]) == (128, 72, [])
    assert told["frames"] > 0
    assert picture.read_bytes().startswith(b"\xff\xd8")


def test_a_camera_that_is_not_there_is_an_answer_of_no(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bring-up", "cameras", "kind=mjpeg", "url=http://127.0.0.1:1/", "--seconds", "1", "--json"]) == 1
    told = in_json(capsys)
    assert (told["ok"], told["frames"]) == (False, 0)


def test_a_camera_that_pushes_is_heard_and_its_plates_are_masked(capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    camera = VzenithCameraSim(
        SystemClock(), f"http://127.0.0.1:{port}/push/cam-1/{SECRET}", comet=False, heart_beat_s=0.2
    )
    with Doing(lambda: camera.see("皖A12345")):
        call = ["bring-up", "cameras", "kind=vzenith", "device=cam-1", f"secret={SECRET}"]
        code = main([*call, "--listen", f"127.0.0.1:{port}", "--seconds", "4", "--json"])
    told = capsys.readouterr()
    assert code == 0, told.err
    plain = json.loads(told.out)
    assert plain["pushes"] > 0
    assert "A12345" not in told.out + told.err
    assert SECRET not in told.out + told.err


# --- readers -----------------------------------------------------------------------------------------------------------


def test_a_reader_tells_what_was_held_up_masked(capsys: pytest.CaptureFixture[str]) -> None:
    reader = UhfReaderSim(beat_s=0.1)
    reader.start()
    epc = bytes.fromhex("E28011606000020000004711")
    try:
        with Doing(lambda: reader.tag_passes(epc) if reader.reading else 0):
            call = ["bring-up", "readers", "kind=uhf_llrp", "host=127.0.0.1", f"port={reader.port}"]
            assert main([*call, "--seconds", "60", "--json"]) == 0
    finally:
        reader.stop()
    told = capsys.readouterr()
    plain = json.loads(told.out)
    assert plain["read"] >= 1
    assert plain["credentials"][0].startswith("uhf ")
    assert epc.hex().upper() not in told.out + told.err


def test_a_reader_that_reads_nothing_is_an_answer_of_no(capsys: pytest.CaptureFixture[str]) -> None:
    reader = UhfReaderSim(beat_s=0.1)
    reader.start()
    try:
        call = ["bring-up", "readers", "kind=uhf_llrp", "host=127.0.0.1", f"port={reader.port}"]
        assert main([*call, "--seconds", "1", "--json"]) == 1
    finally:
        reader.stop()
    assert in_json(capsys)["read"] == 0


class Doing:
    """Does something again and again meanwhile."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act = act
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.wait(0.2):
            try:
                self._act()
            except OSError:
                time.sleep(0.05)  # nobody listens yet

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def free_port() -> int:
    """A port that nobody has now."""
    board = RelayBoardSim(SystemClock())
    board.start()
    port = board.port
    board.stop()
    return port
