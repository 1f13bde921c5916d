"""One suite for everything that gives frames: memory, folder, video file, and live cameras over HTTP and RTSP."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from hardware_sim.devices.camera import CameraFault, SimulatedCamera
from hardware_sim.devices.mjpeg import MjpegCamera
from hardware_sim.devices.rtsp import RtspCamera
from lpr import Settings, Worker
from lpr.frame import Image
from lpr.sources.base import EndOfStream, FrameSource
from lpr.sources.folder import FolderSource
from lpr.sources.memory import MemorySource
from lpr.sources.mjpeg import MjpegSource
from lpr.sources.registry import SOURCES, source_of
from lpr.sources.rtsp import RtspSource
from lpr.sources.video_file import VideoFileSource
from parking.kernel.clock import SystemClock
from parking.kernel.device import DeviceFault, Health
from parking.kernel.errors import ParkingError
from tests.builders.lpr import Heard, a_picture, a_pipeline, a_video, eventually

pytestmark = pytest.mark.req("LPR-2")
CLOCK = SystemClock()
SIZE = (320, 176)


def levels() -> Callable[[], Image]:
    """Even pictures, each brighter than the last, so that a frame can be told from its neighbours."""
    count = iter(range(10**9))

    def next_frame() -> Image:
        picture = np.full((SIZE[1], SIZE[0], 3), 60 + 20 * (next(count) % 8), dtype=np.uint8)
        picture[40:80, 40:120] = 255
        return picture

    return next_frame


@contextlib.contextmanager
def memory(_folder: Path) -> Iterator[FrameSource]:
    yield MemorySource("entry-1", CLOCK, lambda: [a_picture(n, width=SIZE[0], height=SIZE[1]) for n in range(5)])


@contextlib.contextmanager
def pictures_in_a_folder(folder: Path) -> Iterator[FrameSource]:
    for number in range(5):
        cv2.imwrite(str(folder / f"{number}.png"), a_picture(number, width=SIZE[0], height=SIZE[1]))
    (folder / "notes.txt").write_text("no picture")
    yield FolderSource(folder, "entry-1", CLOCK, pause=None)


@contextlib.contextmanager
def video(folder: Path) -> Iterator[FrameSource]:
    next_frame = levels()
    path = a_video(folder / "gate.avi", [next_frame() for _ in range(5)])
    yield VideoFileSource(path, "entry-1", CLOCK, pause=None)


@contextlib.contextmanager
def http_camera(_folder: Path) -> Iterator[FrameSource]:
    with MjpegCamera(levels(), fps=40) as camera:
        yield MjpegSource(camera.url, "entry-1", CLOCK)


@contextlib.contextmanager
def rtsp_camera(_folder: Path) -> Iterator[FrameSource]:
    with RtspCamera(levels(), fps=40) as camera:
        yield RtspSource(camera.url, "entry-1", CLOCK)


EVERY = [memory, pictures_in_a_folder, video, http_camera, rtsp_camera]
FINITE = [memory, pictures_in_a_folder, video]
Opened = Callable[[Path], contextlib.AbstractContextManager[FrameSource]]


@pytest.fixture(params=EVERY, ids=lambda source: source.__name__)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FrameSource]:
    with request.param(tmp_path) as built:
        yield built
        built.close()


def test_frames_carry_camera_time_and_a_rising_number(source: FrameSource) -> None:
    source.open()
    frames = []
    for _ in range(3):
        before = CLOCK.now()
        source.grab()
        frames.append(source.retrieve())
        assert before <= frames[-1].captured_at <= CLOCK.now()
    assert {frame.camera for frame in frames} == {source.camera} == {"entry-1"}
    assert {frame.image.shape for frame in frames} == {(SIZE[1], SIZE[0], 3)}
    numbers = [frame.sequence for frame in frames]
    assert numbers == sorted(set(numbers))


def test_the_picture_is_the_one_grabbed_last(source: FrameSource) -> None:
    source.open()
    seen = []
    for _ in range(3):
        source.grab()
        seen.append(source.retrieve().image)
    assert not np.array_equal(seen[0], seen[1])
    assert np.array_equal(source.retrieve().image, seen[-1])


def test_a_source_can_be_closed_twice_and_opened_again(source: FrameSource) -> None:
    for _ in range(2):
        source.open()
        source.grab()
        assert source.retrieve().image.size
        source.close()
        source.close()


def test_a_source_that_is_not_open_gives_nothing(source: FrameSource) -> None:
    with pytest.raises(DeviceFault):
        source.grab()


@pytest.mark.parametrize("kind", FINITE, ids=lambda source: source.__name__)
def test_a_recording_ends(kind: Opened, tmp_path: Path) -> None:
    with kind(tmp_path) as recording:
        recording.open()
        for _ in range(5):
            recording.grab()
        with pytest.raises(EndOfStream):
            recording.grab()
        recording.close()


LIVE = [(MjpegCamera, MjpegSource), (RtspCamera, RtspSource)]
live = pytest.mark.parametrize(("camera_kind", "source_kind"), LIVE, ids=["mjpeg", "rtsp"])


def grab_on(source: FrameSource) -> None:
    for _ in range(1000):
        source.grab()


@live
def test_a_camera_that_falls_silent_is_a_fault_within_the_time_out(
    camera_kind: type[SimulatedCamera], source_kind: Any
) -> None:
    with camera_kind(levels(), fps=40) as camera:
        source = source_kind(camera.url, "entry-1", CLOCK, timeout_s=2.0)
        source.open()
        source.grab()
        camera.set_fault(CameraFault.STOP)
        with pytest.raises(DeviceFault):
            grab_on(source)
        source.close()


@live
def test_a_camera_that_drops_its_connections_is_a_fault(camera_kind: type[SimulatedCamera], source_kind: Any) -> None:
    with camera_kind(levels(), fps=40) as camera:
        source = source_kind(camera.url, "entry-1", CLOCK, timeout_s=10.0)
        source.open()
        source.grab()
        camera.set_fault(CameraFault.DROP)
        with pytest.raises(DeviceFault):
            grab_on(source)
        source.close()


@live
def test_nobody_at_the_address_is_a_fault_that_keeps_the_password(
    camera_kind: type[SimulatedCamera], source_kind: Any
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    source = source_kind(f"{camera_kind.scheme}://admin:hush@127.0.0.1:{port}/live", "entry-1", CLOCK, timeout_s=0.5)
    with pytest.raises(DeviceFault) as raised:
        source.open()
    assert "127.0.0.1" in str(raised.value)
    assert "hush" not in str(raised.value)


@live
def test_a_worker_reads_a_live_camera_and_comes_back_after_a_cut(
    camera_kind: type[SimulatedCamera], source_kind: Any
) -> None:
    pipeline = a_pipeline(settings=Settings(frames_per_second=50, settled_margin=1e9))
    with camera_kind(levels(), fps=40) as camera:
        worker = Worker(source_kind(camera.url, "entry-1", CLOCK, timeout_s=10.0), pipeline, CLOCK)
        worker.start()
        worker.begin("visit-1", before := Heard())
        before.wait_for(2)
        camera.set_fault(CameraFault.DROP)
        eventually(lambda: camera.clients == 0)
        camera.set_fault(CameraFault.NONE)
        worker.begin("visit-2", after := Heard())
        after.wait_for(2)
        eventually(lambda: worker.health().health is Health.OK)
        worker.stop()


@live
@pytest.mark.parametrize(
    ("fault", "detail"), [(CameraFault.FREEZE, "the picture is frozen"), (CameraFault.BLACK, "the picture is black")]
)
def test_a_frozen_and_a_black_camera_are_told_from_a_living_one(
    camera_kind: type[SimulatedCamera], source_kind: Any, fault: CameraFault, detail: str
) -> None:
    quick = Settings(idle_frames_per_second=50, frozen_after_s=0.4, dark_after_s=0.4)
    with camera_kind(levels(), fps=40) as camera:
        worker = Worker(source_kind(camera.url, "entry-1", CLOCK), a_pipeline(settings=quick), CLOCK)
        worker.start()
        eventually(lambda: worker.health().health is Health.OK)
        camera.set_fault(fault)
        eventually(lambda: worker.health().detail.startswith(detail))
        camera.set_fault(CameraFault.NONE)
        eventually(lambda: worker.health().health is Health.OK)
        worker.stop()


class GuardedCamera(BaseHTTPRequestHandler):
    """A camera behind a password: Basic at /basic, Digest at /digest, and answers that are no stream elsewhere."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/page":
            return self._answer(200, "text/html", b"<p>log in</p>")
        if self.path == "/noise":
            return self._answer(200, "multipart/x-mixed-replace; boundary=f", b"--f\r\nContent-Length: 5\r\n\r\nnoise")
        if not self._knows_the_password():
            challenge = 'Digest realm="cam", nonce="n1", qop="auth"' if self.path == "/digest" else 'Basic realm="cam"'
            return self._answer(401, "text/plain", b"", challenge)
        jpeg = cv2.imencode(".jpg", a_picture())[1].tobytes()
        part = b"--f\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(jpeg), jpeg)
        return self._answer(200, "multipart/x-mixed-replace; boundary=f", part)

    def _knows_the_password(self) -> bool:
        told = self.headers.get("Authorization", "")
        if self.path == "/basic":
            return told == "Basic " + base64.b64encode(b"admin:hush").decode()
        fields = dict(re.findall(r'(\w+)="?([^",]+)"?', told))
        first, second = (hashlib.md5(x.encode()).hexdigest() for x in ("admin:cam:hush", f"GET:{self.path}"))
        text = ":".join((first, "n1", fields.get("nc", ""), fields.get("cnonce", ""), "auth", second))
        return fields.get("response") == hashlib.md5(text.encode()).hexdigest()

    def _answer(self, status: int, kind: str, body: bytes, challenge: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if challenge:
            self.send_header("WWW-Authenticate", challenge)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def guarded() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), GuardedCamera)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("scheme", ["basic", "digest"])
def test_a_camera_behind_a_password_is_answered_as_it_asks(guarded: str, scheme: str) -> None:
    source = MjpegSource(f"http://admin:hush@{guarded}/{scheme}", "entry-1", CLOCK)
    source.open()
    source.grab()
    assert source.retrieve().image.shape == (180, 320, 3)
    with pytest.raises(DeviceFault, match="ended the stream"):
        source.grab()
    source.close()


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("basic", "refuses the user name or the password"),
        ("digest", "refuses the user name or the password"),
        ("page", "does not answer with a stream"),
    ],
)
def test_a_wrong_password_and_a_page_are_faults_that_say_so(guarded: str, place: str, why: str) -> None:
    source = MjpegSource(f"http://admin:wrong@{guarded}/{place}", "entry-1", CLOCK)
    with pytest.raises(DeviceFault, match=why):
        source.open()


def test_a_damaged_picture_is_a_fault(guarded: str) -> None:
    source = MjpegSource(f"http://{guarded}/noise", "entry-1", CLOCK)
    source.open()
    source.grab()
    with pytest.raises(DeviceFault, match="damaged"):
        source.retrieve()
    source.close()


def test_files_that_are_missing_or_no_video_are_faults(tmp_path: Path) -> None:
    (tmp_path / "noise.avi").write_bytes(b"noise" * 100)
    for missing in (
        VideoFileSource(tmp_path / "none.avi", "x", CLOCK),
        VideoFileSource(tmp_path / "noise.avi", "x", CLOCK),
    ):
        with pytest.raises(DeviceFault):
            missing.open()
    with pytest.raises(DeviceFault, match="no such folder"):
        FolderSource(tmp_path / "none", "x", CLOCK).open()


def test_a_folder_with_a_broken_picture_names_it(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"noise")
    source = FolderSource(tmp_path, "x", CLOCK, pause=None)
    source.open()
    source.grab()
    with pytest.raises(DeviceFault, match=r"a\.jpg"):
        source.retrieve()


def test_recordings_keep_their_pace(tmp_path: Path) -> None:
    waited: list[float] = []
    path = a_video(tmp_path / "gate.avi", [a_picture(n, width=64, height=48) for n in range(4)], fps=10)
    for recording in (
        VideoFileSource(path, "x", CLOCK, pause=waited.append),
        FolderSource(tmp_path / "none", "x", CLOCK, pause=waited.append),
    ):
        with contextlib.suppress(EndOfStream, DeviceFault):
            recording.open()
            while True:
                recording.grab()
        recording.close()
    assert len(waited) == 3
    assert sum(waited) == pytest.approx(0.6, abs=0.15)  # due at 0.1, 0.2 and 0.3 s when nobody really waits


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("rtsp://cam/1", RtspSource),
        ("http://cam/v.mjpg", MjpegSource),
        (".", FolderSource),
        (__file__, VideoFileSource),
    ],
)
def test_the_address_tells_the_kind(address: str, kind: type) -> None:
    assert type(source_of(address, "entry-1", CLOCK)) is kind


@pytest.mark.parametrize("address", ["gopher://cam", "/no/such/file.mp4"])
def test_an_address_that_leads_nowhere_is_refused(address: str) -> None:
    with pytest.raises(ParkingError):
        source_of(address, "entry-1", CLOCK)


def test_the_registry_names_the_sources() -> None:
    assert sorted(SOURCES) == ["file", "folder", "mjpeg", "rtsp"]
