"""CPU of eight cameras over empty lanes (1080p, 25 frames a second): our workers against bare `grab()` of the same streams.

Each side is a child process with eight capturing threads on the same recording; the sides take turns. Ours looks at the picture as
often as a lane does, waits for something to move, and reads nothing, because nothing comes.
"""

from __future__ import annotations

import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np

from lpr import Pipeline, Settings, Worker
from lpr.detectors.memory import MemoryDetector
from lpr.drawing.scenes import draw_empty_lane
from lpr.frame import Frame
from lpr.grammars.china import china
from lpr.readers.memory import MemoryReader
from lpr.sources.base import EndOfStream, FrameSource
from lpr.sources.video_file import VideoFileSource
from parking.kernel.clock import ManualClock

ROOT = Path(__file__).resolve().parents[1]
CAMERAS, FPS, SIZE = 8, 25, (1920, 1080)
FRAMES, TURNS = 50, 6
GOAL = 1.3


class Stream:
    """A camera over an empty lane for `FRAMES` frames; its clock advances with its frames, so that a busy machine changes nothing."""

    def __init__(self, path: Path) -> None:
        self.clock = ManualClock(datetime(2026, 3, 2, 8, 0, tzinfo=UTC))
        self._recording = VideoFileSource(path, "bench", self.clock, pause=None)
        self._grabbed = 0

    @property
    def camera(self) -> str:
        return self._recording.camera

    def open(self) -> None:
        self._recording.open()

    def grab(self) -> None:
        if self._grabbed == FRAMES:
            raise EndOfStream
        self.clock.advance(timedelta(seconds=1 / FPS))
        self._recording.grab()
        self._grabbed += 1

    def retrieve(self) -> Frame:
        return self._recording.retrieve()

    def close(self) -> None:
        self._recording.close()


_: type[FrameSource] = Stream


def bare(streams: list[Stream]) -> None:
    """Eight threads that grab and do nothing else."""

    def grab(stream: Stream) -> None:
        stream.open()
        with contextlib.suppress(EndOfStream):
            while True:
                stream.grab()
        stream.close()

    threads = [threading.Thread(target=grab, args=(stream,)) for stream in streams]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def ours(streams: list[Stream]) -> None:
    """Eight workers that wait for a vehicle; their models would be loaded and are never asked."""
    grammar = china()
    reader = MemoryReader(grammar.signs, lambda _strip: ("粤B12345", 0.9))
    workers = []
    for stream in streams:
        pipeline = Pipeline(MemoryDetector(lambda _image: ()), reader, grammar, Settings())
        worker = Worker(stream, pipeline, stream.clock)
        worker.follow(lambda _reading: None)
        worker.start()
        workers.append(worker)
    for worker in workers:
        while not worker.exhausted():
            time.sleep(0.01)
        worker.stop()


SIDES = {"bare": bare, "ours": ours}


def serve(side: str, path: Path) -> None:
    """For every line on standard input: one run of eight streams; CPU milliseconds per frame, of all threads."""
    cv2.setNumThreads(1)
    for _ in sys.stdin:
        streams = [Stream(path) for _ in range(CAMERAS)]
        began_s = time.process_time()
        SIDES[side](streams)
        print(json.dumps((time.process_time() - began_s) * 1000 / (CAMERAS * FRAMES)), flush=True)


def record(path: Path) -> None:
    """An empty lane with the sensor's noise, 1080p, MPEG-4."""
    rng = np.random.default_rng(9)
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"mp4v"), FPS, SIZE)
    for _ in range(FRAMES):
        writer.write(cv2.resize(draw_empty_lane(rng, place=1), SIZE))
    writer.release()


def compare() -> float:
    """Our CPU per frame over that of bare grabbing, the median of turns."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lane.mp4"
        record(path)
        sides = {
            side: subprocess.Popen(
                [sys.executable, "-m", "benchmarks.test_lpr_cameras", side, str(path)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for side in SIDES
        }
        spent: dict[str, list[float]] = {side: [] for side in sides}
        for turn in range(TURNS):
            for side in sorted(sides, reverse=bool(turn % 2)):
                child = sides[side]
                assert child.stdin is not None
                assert child.stdout is not None
                print(turn, file=child.stdin, flush=True)
                spent[side].append(json.loads(child.stdout.readline()))
        for child in sides.values():
            child.communicate()
    ratio = statistics.median(ours / theirs for ours, theirs in zip(spent["ours"], spent["bare"], strict=True))
    print(
        f"\nlpr cameras, {CAMERAS} x 1080p over empty lanes: {ratio:.2f} times the CPU of bare grab() "
        f"({statistics.median(spent['ours']):.2f} ms against {statistics.median(spent['bare']):.2f} ms a frame of a stream of {FPS} a "
        f"second), goal {GOAL}, {'holds' if ratio <= GOAL else 'falls short'}"
    )
    return ratio


def test_lpr_cameras() -> None:
    """Both sides keep eight cameras; the ratio is printed."""
    assert compare() > 0


if __name__ == "__main__":
    serve(sys.argv[1], Path(sys.argv[2]))
