"""One suite for both simulated cameras: OpenCV sees what was sent, every fault looks like that fault, nothing is left behind."""

from __future__ import annotations

import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest

from hardware_sim.devices.camera import CameraFault, SimulatedCamera
from hardware_sim.devices.mjpeg import MjpegCamera
from hardware_sim.devices.rtsp import RtspCamera
from tests.builders.drawing import LOW_LATENCY, NumberedFrames, Picture, a_scene, camera_threads, watching
from tests.builders.lpr import eventually

pytestmark = pytest.mark.req("LPR-2")

Make = Callable[[Callable[[], Picture]], SimulatedCamera]


@pytest.fixture(autouse=True)
def low_latency(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENCV_FFMPEG_CAPTURE_OPTIONS", LOW_LATENCY)


@pytest.fixture(params=[MjpegCamera, RtspCamera])
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    made: list[SimulatedCamera] = []

    def start(next_frame: Callable[[], Picture]) -> SimulatedCamera:
        camera: SimulatedCamera = request.param(next_frame, fps=20.0)
        camera.start()
        made.append(camera)
        return camera

    yield start
    for camera in made:
        camera.stop()
    eventually(lambda: camera_threads() == [])


def frame(capture: cv2.VideoCapture) -> Picture:
    got, picture = capture.read()
    assert got
    return np.asarray(picture, np.uint8)


def until(capture: cv2.VideoCapture, holds: Callable[[Picture], bool], most: int = 100) -> Picture:
    """The first frame that `holds`; those that were already on their way are passed over."""
    for _ in range(most):
        picture = frame(capture)
        if holds(picture):
            return picture
    raise AssertionError("no such frame came")


def test_frames_arrive_as_they_were_sent_and_in_order(make: Make) -> None:
    frames = NumberedFrames()
    camera = make(frames)
    with watching(camera.url) as capture:
        pictures = [frame(capture) for _ in range(8)]
    numbers = [frames.number_of(picture) for picture in pictures]
    assert numbers == sorted(set(numbers))
    for number, picture in zip(numbers, pictures, strict=True):
        assert picture.shape == (240, 320, 3)
        assert cv2.PSNR(picture, frames.picture(number)) > 38


def test_a_gate_scene_arrives_sharp_whatever_its_height(make: Make) -> None:
    scene = a_scene()
    camera = make(lambda: scene.image)
    with watching(camera.url) as capture:
        picture = frame(capture)
    assert picture.shape[1] == 960
    assert picture.shape[0] in (540, 544)  # RTP/JPEG counts in blocks of eight rows
    assert cv2.PSNR(picture[:540], scene.image) > 36


def test_several_clients_watch_at_once_and_are_counted(make: Make) -> None:
    camera = make(NumberedFrames())
    with watching(camera.url) as one, watching(camera.url) as two, watching(camera.url) as three:
        for capture in (one, two, three, one):
            frame(capture)
        assert camera.clients == 3
    eventually(lambda: camera.clients == 0)


def test_nothing_is_drawn_while_nobody_watches(make: Make) -> None:
    drawn = threading.Event()

    def next_frame() -> Picture:
        drawn.set()
        return frames()

    frames = NumberedFrames()
    camera = make(next_frame)
    assert not drawn.wait(0.3)  # six frames' time
    with watching(camera.url) as capture:
        frame(capture)
    assert drawn.is_set()


def test_a_frozen_camera_repeats_its_picture_and_thaws(make: Make) -> None:
    frames = NumberedFrames()
    camera = make(frames)
    with watching(camera.url) as capture:
        frame(capture)
        camera.set_fault(CameraFault.FREEZE)
        last = frame(capture)
        while not np.array_equal(last, newer := frame(capture)):
            last = newer
        still = [frame(capture) for _ in range(4)]
        assert all(np.array_equal(still[0], picture) for picture in still)
        camera.set_fault(CameraFault.NONE)
        until(capture, lambda p: not np.array_equal(still[0], p))


def test_a_black_camera_sends_black_pictures(make: Make) -> None:
    camera = make(NumberedFrames())
    with watching(camera.url) as capture:
        frame(capture)
        camera.set_fault(CameraFault.BLACK)
        assert until(capture, lambda p: p.mean() < 1).max() < 8


def test_a_stopped_camera_keeps_the_connection_and_sends_nothing(make: Make) -> None:
    camera = make(NumberedFrames())
    with watching(camera.url, silence_ms=700) as capture:
        frame(capture)
        camera.set_fault(CameraFault.STOP)
        assert not all(capture.read()[0] for _ in range(12))  # what was under way may still come
    assert camera.fault is CameraFault.STOP


def test_a_slow_camera_sends_its_frames_far_apart(make: Make) -> None:
    frames = NumberedFrames()
    camera = make(frames)
    camera.set_fault(CameraFault.SLOW)
    with watching(camera.url) as capture:
        first = frame(capture)
        second = until(capture, lambda p: not np.array_equal(p, first))
    assert frames.number_of(second) == frames.number_of(first) + 1


def test_garbage_is_no_picture_and_the_camera_heals(make: Make) -> None:
    frames = NumberedFrames()
    camera = make(frames)
    with watching(camera.url, silence_ms=1500) as capture:
        frame(capture)
        camera.set_fault(CameraFault.GARBAGE)

        def is_true(picture: Picture) -> bool:
            if picture.shape != (240, 320, 3):
                return False
            return cv2.PSNR(picture, frames.picture(frames.number_of(picture))) > 30

        true = [is_true(np.asarray(picture, np.uint8)) for got, picture in (capture.read() for _ in range(8)) if got]
        assert sum(true) < 8
    camera.set_fault(CameraFault.NONE)
    with watching(camera.url) as capture:
        assert frame(capture).shape == (240, 320, 3)


def test_a_camera_that_drops_connections_cuts_and_refuses_them(make: Make) -> None:
    camera = make(NumberedFrames())
    with watching(camera.url, silence_ms=3000) as capture:
        frame(capture)
        camera.set_fault(CameraFault.DROP)
        assert not all(capture.read()[0] for _ in range(50))
    with watching(camera.url) as refused:
        assert not refused.isOpened()
    camera.set_fault(CameraFault.NONE)
    with watching(camera.url) as capture:
        assert capture.isOpened()


def test_stopping_cuts_the_clients_frees_the_port_and_leaves_no_thread(make: Make) -> None:
    camera = make(NumberedFrames())
    port = int(camera.url.split(":")[2].split("/")[0])
    with watching(camera.url, silence_ms=3000) as capture:
        frame(capture)
        camera.stop()
        assert camera_threads() == []
        assert not all(capture.read()[0] for _ in range(50))
    with pytest.raises(RuntimeError, match="not started"):
        _ = camera.url
    with socket.create_server(("127.0.0.1", port)):
        pass
    camera.stop()


def test_a_client_that_never_asks_does_not_hold_up_the_stop(make: Make) -> None:
    camera = make(NumberedFrames())
    port = int(camera.url.split(":")[2].split("/")[0])
    with socket.create_connection(("127.0.0.1", port)) as silent:
        eventually(lambda: any("process_request" in name for name in camera_threads()))
        camera.stop()
        assert silent.recv(1) == b""


def test_a_camera_starts_again_on_the_port_it_is_given(make: Make) -> None:
    camera = make(NumberedFrames())
    with pytest.raises(RuntimeError, match="already"):
        camera.start()
    camera.stop()
    camera.start()
    with watching(camera.url) as capture:
        frame(capture)


def test_no_frame_rate_is_no_camera() -> None:
    with pytest.raises(ValueError, match="above zero"):
        MjpegCamera(NumberedFrames(), fps=0)


def test_the_mjpeg_camera_knows_its_paths_only() -> None:
    with MjpegCamera(NumberedFrames()) as camera:
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(camera.url.replace("stream.mjpg", "admin"), timeout=5)
        assert refused.value.code == 404
        refused.value.close()
        with urllib.request.urlopen(camera.url + "?quality=1", timeout=5) as answer:
            assert answer.headers["Content-Type"] == "multipart/x-mixed-replace; boundary=frame"
            assert answer.readline() == b"--frame\r\n"
