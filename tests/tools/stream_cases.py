"""Broken pictures and streams, case by case: each is made from its number alone, goes through the real code and has one plain outcome.

`python -m tests.tools.stream_cases KIND SEED FIRST COUNT` runs some in a process of their own and prints each case's number before it
starts, so that whoever watches knows which one crashed or hung. A case counts the inputs and the bytes that were changed.
"""

from __future__ import annotations

import contextlib
import json
import random
import socket
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import cv2
import numpy as np

from hardware_sim.devices.camera import SimulatedCamera
from hardware_sim.devices.mjpeg import MjpegCamera
from hardware_sim.devices.rtsp import RtspCamera
from lpr import pictures
from lpr.frame import Image
from lpr.sources.base import EndOfStream, FrameSource
from lpr.sources.mjpeg import MjpegSource
from lpr.sources.multipart import MalformedStream, MultipartParser
from lpr.sources.rtsp import RtspSource
from lpr.sources.video_file import VideoFileSource
from parking.kernel.clock import SystemClock
from parking.kernel.device import DeviceFault

CLOCK = SystemClock()
TIMEOUT_S = 1.0
_SIZE = (64, 48)
_FRAMES = 12
_TELL_EVERY = 500  # of the quick kinds


class Count:
    """What the cases of one kind came to."""

    def __init__(self) -> None:
        self.inputs = self.bytes = 0
        self.outcomes: Counter[str] = Counter()


Case = Callable[[random.Random, Count], str]
"""Runs one case and names its outcome; whatever it raises is an outcome that nobody promised."""


def damage(content: bytes, rng: random.Random, count: Count) -> bytes:
    """One to a dozen changes: bytes, bits, pieces cut out, doubled, swapped in from elsewhere, the end missing."""
    damaged = bytearray(content)
    for _ in range(rng.randint(1, 12)):
        at = rng.randrange(len(damaged)) if damaged else 0
        length = min(rng.randint(1, 16), len(damaged) - at)
        how = rng.random()
        if how < 0.5 and damaged:
            damaged[at] = rng.randrange(256)
            count.bytes += 1
        elif how < 0.7 and damaged:
            damaged[at] ^= 1 << rng.randrange(8)
            count.bytes += 1
        elif how < 0.8:
            damaged[at:at] = rng.choice(
                (b"\xff\xd8\xff\xc0", b"\r\n\r\n", b"--frame\r\n", b"$\0\xff\xff", bytes(length))
            )
            count.bytes += length
        elif how < 0.9:
            del damaged[at : at + length]
            count.bytes += length
        elif how < 0.95:
            damaged[at : at + length] = rng.choice((b"\xff", b"\0")) * length
            count.bytes += length
        else:
            count.bytes += 1
            del damaged[at:]
    count.inputs += 1
    return bytes(damaged)


def a_picture(shift: int = 0) -> Image:
    """A small soft picture with an edge."""
    noise = np.random.default_rng(0).integers(0, 256, (_SIZE[1], _SIZE[0], 3), dtype=np.uint8)
    soft = cv2.GaussianBlur(noise, (5, 5), 2)
    soft[16:24, 8:40] = 240
    return np.asarray(np.roll(soft, shift, axis=1), dtype=np.uint8)


def packed(suffix: str) -> bytes:
    return cv2.imencode(suffix, a_picture())[1].tobytes()


# --- the kinds -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def jpeg() -> Iterator[Case]:
    """One JPEG as a camera sends it."""
    whole = packed(".jpg")
    yield lambda rng, count: _decoded(damage(whole, rng, count), only_jpeg=True)


@contextlib.contextmanager
def picture() -> Iterator[Case]:
    """A file of every kind that `lpr read` takes."""
    whole = [packed(suffix) for suffix in (".jpg", ".png", ".bmp", ".webp", ".tiff")]
    progressive = cv2.imencode(".jpg", a_picture(), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    yield lambda rng, count: _decoded(damage(rng.choice([*whole, progressive]), rng, count), only_jpeg=False)


def _decoded(content: bytes, *, only_jpeg: bool) -> str:
    image = pictures.decode(content, only_jpeg=only_jpeg)
    if image is None:
        return "refused"
    assert image.ndim == 3
    assert image.size <= 3 * pictures.MOST_PIXELS
    return "picture"


@contextlib.contextmanager
def multipart() -> Iterator[Case]:
    """The wire of MJPEG, cut into pieces anywhere."""
    body = packed(".jpg")[:400]
    part = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(body), body)
    bare = b"--frame\r\nContent-Type: image/jpeg\r\n\r\n%s\r\n" % body

    def case(rng: random.Random, count: Count) -> str:
        stream = damage(b"".join(rng.choice((part, bare)) for _ in range(4)), rng, count)
        parser, parts, at = MultipartParser(b"frame"), 0, 0
        try:
            while at < len(stream):
                step = rng.randint(1, 700)
                parts += len(parser.feed(stream[at : at + step]))
                at += step
        except MalformedStream:
            return "malformed"
        return "parts" if parts else "no part"

    yield case


@contextlib.contextmanager
def video() -> Iterator[Case]:
    """A recording: MPEG-4 or MJPEG in AVI or MP4."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = [(suffix, _recorded(folder / f"whole.{suffix}", codec)) for suffix, codec in _RECORDINGS]

        def case(rng: random.Random, count: Count) -> str:
            suffix, content = rng.choice(whole)
            path = folder / f"broken.{suffix}"
            path.write_bytes(damage(content, rng, count))
            return _played(VideoFileSource(path, "fuzz", CLOCK, pause=None))

        yield case


_RECORDINGS = (("avi", "mp4v"), ("mp4", "mp4v"), ("avi", "MJPG"))


def _recorded(path: Path, codec: str) -> bytes:
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), 25.0, _SIZE)
    for shift in range(_FRAMES):
        writer.write(a_picture(shift))
    writer.release()
    return path.read_bytes()


def _played(source: FrameSource) -> str:
    """Look at some frames of a source; what it came to."""
    frames = 0
    try:
        source.open()
        while frames < 10 * _FRAMES:
            source.grab()
            frame = source.retrieve()
            assert frame.image.size
            frames += 1
    except EndOfStream:
        return "played to its end"
    except DeviceFault:
        return "fault after some frames" if frames else "fault"
    finally:
        source.close()
    return "played on"


@contextlib.contextmanager
def mjpeg() -> Iterator[Case]:
    """A camera over HTTP, damaged on its way."""
    with _on_the_way(MjpegCamera(_turning(), fps=250)) as (proxy, _):
        yield lambda rng, count: proxy.carry(
            rng, count, lambda url: MjpegSource(url, "fuzz", CLOCK, timeout_s=TIMEOUT_S)
        )


@contextlib.contextmanager
def rtsp() -> Iterator[Case]:
    """A camera over RTSP, answers and RTP packets damaged on their way."""
    with _on_the_way(RtspCamera(_turning(), fps=250)) as (proxy, _):
        yield lambda rng, count: proxy.carry(
            rng, count, lambda url: RtspSource(url, "fuzz", CLOCK, timeout_s=TIMEOUT_S)
        )


KINDS: dict[str, Callable[[], contextlib.AbstractContextManager[Case]]] = {
    "jpeg": jpeg, "picture": picture, "multipart": multipart, "video": video, "mjpeg": mjpeg, "rtsp": rtsp,
}  # fmt: skip
QUICK = frozenset({"jpeg", "picture", "multipart"})


def _turning() -> Callable[[], Image]:
    shots = [a_picture(shift) for shift in range(_FRAMES)]
    turn = iter(range(10**9))
    return lambda: shots[next(turn) % _FRAMES]


class Proxy:
    """Carries one connection at a time to a camera and back, and damages what comes back."""

    _MOST_CHUNKS = 60

    def __init__(self, camera: SimulatedCamera) -> None:
        self._camera = camera
        self._target = ("127.0.0.1", int(camera.url.rsplit(":", 1)[1].split("/")[0]))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.02)
        self._path = camera.url.rsplit("/", 1)[1]

    def carry(self, rng: random.Random, count: Count, source_of: Callable[[str], FrameSource]) -> str:
        """One source against damaged conversations, as many as it begins."""
        over = threading.Event()
        thread = threading.Thread(target=self._serve, args=(rng, count, over), daemon=True)
        thread.start()
        port = self._listener.getsockname()[1]
        outcome = _played(source_of(f"{self._camera.scheme}://127.0.0.1:{port}/{self._path}"))
        over.set()
        thread.join()
        return outcome

    def close(self) -> None:
        self._listener.close()

    def _serve(self, rng: random.Random, count: Count, over: threading.Event) -> None:
        whole = rng.choice((0, rng.randrange(40)))  # half are damaged from the first word, half once pictures come
        gentle = rng.random()
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                client, _ = self._listener.accept()
                self._converse(client, rng, count, whole, gentle)

    def _converse(self, client: socket.socket, rng: random.Random, count: Count, whole: int, gentle: float) -> None:
        with client, socket.create_connection(self._target) as camera, contextlib.suppress(OSError):
            forth = threading.Thread(target=self._forth, args=(client, camera), daemon=True)
            forth.start()
            for number in range(whole + self._MOST_CHUNKS):
                chunk = camera.recv(1460)
                if not chunk:
                    break
                client.sendall(chunk if number < whole or rng.random() < gentle else damage(chunk, rng, count))
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
        forth.join()

    @staticmethod
    def _forth(client: socket.socket, camera: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while asked := client.recv(4096):
                camera.sendall(asked)
        with contextlib.suppress(OSError):
            camera.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def _on_the_way(camera: SimulatedCamera) -> Iterator[tuple[Proxy, SimulatedCamera]]:
    with camera:
        proxy = Proxy(camera)
        yield proxy, camera
        proxy.close()


def run(kind: str, seed: int, first: int, cases: int, tell: Callable[[int, Count, float], None]) -> Count:
    """Run cases `first` to `first + cases`; `tell` hears each number before its case, the count so far and the longest case in s."""
    count, longest_s = Count(), 0.0
    with KINDS[kind]() as case:
        for number in range(first, first + cases):
            if kind not in QUICK or number % _TELL_EVERY == 0:
                tell(number, count, longest_s)
            began_s = monotonic()
            try:
                outcome = case(random.Random(f"{kind}-{seed}-{number}"), count)
            except Exception as error:
                outcome = f"unclear: {type(error).__name__} in case {number}"
            count.outcomes[outcome] += 1
            longest_s = max(longest_s, monotonic() - began_s)
    tell(first + cases, count, longest_s)
    return count


def _tell(number: int, count: Count, longest_s: float) -> None:
    told = {
        "at": number,
        "inputs": count.inputs,
        "bytes": count.bytes,
        "longest_s": longest_s,
        "outcomes": count.outcomes,
    }
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    cv2.setNumThreads(1)
    run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), _tell)
