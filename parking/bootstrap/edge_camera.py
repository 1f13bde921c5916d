"""A lane's camera between two threads: what it reads becomes evidence that waits to be drained, its best picture a file with a name.

The lane is handed the name at once; encoding and writing are done by a thread that no lane waits for. A picture that cannot be written
is missed by a person, never by the lane.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict, deque
from datetime import timedelta
from pathlib import Path
from queue import Full, Queue
from typing import Any

import cv2
import structlog

from lpr import Pipeline, Worker
from lpr.evidence import Evidence
from lpr.settings import Settings as ReadingSettings
from lpr.sources.registry import SOURCES
from parking.access.facts import PlateEvidence
from parking.bootstrap.device_settings import CameraSettings
from parking.gate.cameras.base import CameraWorker, Reading
from parking.gate.controller import Sighting
from parking.kernel.clock import Clock
from parking.kernel.ids import VisitId

KEPT_DAYS, KEPT_MOST = 7, 20_000
_SIGHTINGS_MOST = 64  # newest win: an old sighting is worth nothing
_VISITS_MOST = 4
_WAITING_MOST = 16
_QUALITY = 85
_LOG = structlog.get_logger("edge")


def open_camera(settings: CameraSettings, lane_id: str, clock: Clock) -> CameraWorker:
    """The camera of a lane with its own recogniser; ParkingError for a kind or a setting that is not known."""
    pipeline = Pipeline.default(ReadingSettings.parse(settings.recognition))
    return Worker(SOURCES.get(settings.kind)(settings.url, f"{lane_id}-camera", clock), pipeline, clock)


def evidence_of(reading: Reading) -> PlateEvidence:
    """A reading in the words of the rules; one without a time raises ValueError."""
    if reading.captured_at is None:
        raise ValueError("a reading without a frame is no evidence")
    return PlateEvidence(
        plate=reading.plate,
        confidence=reading.confidence,
        margin=reading.margin,
        agreeing=reading.agreeing,
        frames=reading.frames,
        captured_at=reading.captured_at,
        votes=reading.votes,
    )


class PictureFolder:
    """Pictures by the name of their visit, `<visit>.jpg`; written by a thread of its own, the old ones cleared away."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._waiting: Queue[tuple[str, Any] | None] = Queue(_WAITING_MOST)
        self._thread = threading.Thread(target=self._run, name="pictures", daemon=True)
        self.written = 0
        self.trouble = ""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, and end."""
        self._waiting.put(None)
        if self._thread.is_alive():
            self._thread.join(5.0)

    def put(self, name: str, picture: Evidence | bytes) -> None:
        """Have a picture written; where the disk is too slow for that, the picture is lost."""
        try:
            self._waiting.put_nowait((name, picture))
        except Full:
            self.trouble = "pictures come faster than the disk takes them"

    def path(self, name: str) -> Path:
        return self._folder / f"{name}.jpg"

    def read(self, name: str) -> bytes | None:
        """The JPEG of a visit, if it is here (still)."""
        try:
            return self.path(name).read_bytes()
        except OSError:
            return None

    def _run(self) -> None:
        while (one := self._waiting.get()) is not None:
            try:
                self._write(*one)
            except (OSError, ValueError, cv2.error) as error:  # a full disk, a picture of no size
                self.trouble = type(error).__name__
                _LOG.warning("picture lost", trouble=self.trouble)

    def _write(self, name: str, picture: Evidence | bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # here: a disk that comes back is written to again
        if self.written % 200 == 0:
            self._clear()
        data = picture if isinstance(picture, bytes) else _packed(picture)
        partial = self.path(name).with_suffix(".part")
        partial.write_bytes(data)
        now_s = (
            self._clock.now().timestamp()
        )  # of the box's own clock, by which they are cleared: the machine's may be years off
        os.utime(partial, (now_s, now_s))
        partial.rename(self.path(name))
        self.written, self.trouble = self.written + 1, ""

    def _clear(self) -> None:
        """Retention: a plate with a place and a time is not kept longer than a dispute about it may take."""
        newest_first = sorted(self._folder.glob("*.jpg"), key=lambda path: path.stat().st_mtime, reverse=True)
        oldest = (self._clock.now() - timedelta(days=KEPT_DAYS)).timestamp()
        for number, path in enumerate(newest_first):
            if number >= KEPT_MOST or path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)


def _packed(picture: Evidence) -> bytes:
    done, packed = cv2.imencode(".jpg", picture.image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise ValueError("no picture")
    return packed.tobytes()


class LaneCamera:
    """Between a worker's thread and its lane's: readings become evidence and wait to be drained; the best picture of each visit is kept."""

    def __init__(self, worker: CameraWorker, pictures: PictureFolder | None = None) -> None:
        self._worker = worker
        self._pictures = pictures
        self._seen: deque[Sighting] = deque(maxlen=_SIGHTINGS_MOST)
        self._lock = threading.Lock()
        self._best: OrderedDict[VisitId, Evidence | bytes] = OrderedDict()
        self._put: dict[VisitId, int] = {}

    def begin(self, visit_id: VisitId) -> None:
        def post(reading: Reading) -> None:
            if reading.captured_at is not None:
                self._keep(visit_id, reading.evidence)
                self._seen.append((visit_id, evidence_of(reading)))

        self._worker.begin(visit_id, post)

    def end(self) -> None:
        self._worker.end()

    def drain(self) -> list[Sighting]:
        """What was read since the last call, oldest first."""
        return [self._seen.popleft() for _ in range(len(self._seen))]

    def picture(self, visit_id: VisitId) -> str | None:
        """The name of the visit's best picture so far; None where there is none."""
        with self._lock:
            best = self._best.get(visit_id)
            if best is None or self._pictures is None:
                return None
            new = self._put.get(visit_id) != id(best)
            self._put[visit_id] = id(best)
        if new:
            self._pictures.put(visit_id, best)
        return str(visit_id)

    def _keep(self, visit_id: VisitId, picture: Any) -> None:
        if not isinstance(picture, Evidence | bytes):
            return
        with self._lock:
            self._best[visit_id] = picture
            while len(self._best) > _VISITS_MOST:
                gone, _ = self._best.popitem(last=False)
                self._put.pop(gone, None)
