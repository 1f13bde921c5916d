"""The worker: only while a vehicle is there, always the newest frame, never without its camera, nothing left behind."""

from __future__ import annotations

import gc
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from lpr import PassageReading, Pipeline, Settings, Worker
from lpr.detectors.memory import MemoryDetector
from lpr.frame import Image
from lpr.grammars.china import china
from lpr.model import Region
from lpr.readers.memory import MemoryReader
from lpr.sources.memory import MemorySource
from parking.kernel.clock import ManualClock, SystemClock
from parking.kernel.device import DeviceFault, Health
from tests.builders.lpr import MORNING, Heard, a_box, a_picture, a_pipeline, eventually

pytestmark = pytest.mark.req("LPR-2")
EAGER = Settings(frames_per_second=100, idle_frames_per_second=100, settled_margin=1e9)

AT_EASE = Settings()


class Camera:
    """Pictures on demand: `show` puts one before the worker, `fail` breaks the stream once."""

    def __init__(self) -> None:
        self.opened = 0
        self._unfinished = 0
        self._queue: queue.Queue[Image | Exception | None] = queue.Queue()

    def script(self) -> Iterator[Image | Exception]:
        self.opened += 1
        while (item := self._queue.get()) is not None:
            yield item
            self._unfinished -= 1  # the worker asks for the next one: it is done with this one

    def show(self, *pictures: Image) -> None:
        for picture in pictures:
            self._unfinished += 1
            self._queue.put(picture)

    def all_taken(self) -> bool:
        return self._unfinished == 0

    def fail(self, fault: Exception | None = None) -> None:
        self._queue.put(fault or DeviceFault("10.0.0.9: gone"))

    def end(self) -> None:
        self._queue.put(None)


class Lane:
    """A worker with a camera and a clock that a test moves; time passes a second per picture."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.camera, self.clock, self.heard = Camera(), ManualClock(MORNING), Heard()
        self.worker = Worker(MemorySource("entry-1", self.clock, self.camera.script), pipeline, self.clock)
        self.worker.start()
        self._seed = 0

    def see(self, count: int = 1) -> None:
        for _ in range(count):
            self._seed += 1
            self.clock.advance(timedelta(seconds=0.1))
            self.camera.show(a_picture(self._seed))

    def health(self) -> Health:
        return self.worker.health().health


@pytest.fixture
def lane_with() -> Iterator[Callable[[Pipeline], Lane]]:
    lanes: list[Lane] = []

    def build(pipeline: Pipeline) -> Lane:
        lanes.append(Lane(pipeline))
        return lanes[-1]

    yield build
    for lane in lanes:
        lane.camera.end()
        lane.worker.stop()


def reading(heard: Heard, number: int = -1) -> PassageReading:
    found = heard.readings[number]
    assert isinstance(found, PassageReading)
    return found


def test_nothing_is_read_before_a_vehicle_comes(lane_with: Callable[[Pipeline], Lane]) -> None:
    looked_at: list[Image] = []

    def note(strip: Image) -> tuple[str, float]:
        looked_at.append(strip)
        return "粤B12345", 0.95

    lane = lane_with(a_pipeline(note, settings=EAGER))
    lane.see(3)
    eventually(lambda: lane.health() is Health.OK)
    assert looked_at == []
    lane.worker.begin("visit-1", lane.heard)
    lane.see()
    lane.heard.wait_for(1)
    assert reading(lane.heard).plate is not None
    assert len(looked_at) >= 1


def test_every_frame_of_a_passage_adds_to_the_reading(lane_with: Callable[[Pipeline], Lane]) -> None:
    lane = lane_with(a_pipeline(settings=EAGER))
    lane.worker.begin("visit-1", lane.heard)
    for count in range(1, 4):
        lane.see()
        lane.heard.wait_for(count)
    assert [reading(lane.heard, n).frames for n in range(3)] == [1, 2, 3]
    assert reading(lane.heard).agreeing == 3


def test_a_new_passage_starts_from_nothing(lane_with: Callable[[Pipeline], Lane]) -> None:
    lane = lane_with(a_pipeline(settings=EAGER))
    lane.worker.begin("visit-1", lane.heard)
    lane.see()
    lane.heard.wait_for(1)
    lane.worker.begin("visit-2", second := Heard())
    lane.see()
    second.wait_for(1)
    assert reading(second).frames == 1


def test_after_the_end_no_further_frame_is_read(lane_with: Callable[[Pipeline], Lane]) -> None:
    lane = lane_with(a_pipeline(settings=EAGER))
    lane.worker.begin("visit-1", lane.heard)
    lane.see()
    lane.heard.wait_for(1)
    lane.worker.end()
    lane.see(5)
    lane.worker.begin("visit-2", later := Heard())
    lane.see()
    later.wait_for(1)
    assert len(lane.heard.readings) == 1


def test_a_settled_passage_needs_no_more_frames(lane_with: Callable[[Pipeline], Lane]) -> None:
    lane = lane_with(a_pipeline(settings=replace(EAGER, settled_margin=6.0)))
    lane.worker.begin("visit-1", lane.heard)
    for count in (1, 2):
        lane.see()
        lane.heard.wait_for(count)
    lane.see(5)
    lane.worker.begin("visit-2", later := Heard())
    lane.see()
    later.wait_for(1)
    assert len(lane.heard.readings) == 2


def test_a_slow_reader_skips_frames_and_gets_the_newest(lane_with: Callable[[Pipeline], Lane]) -> None:
    reading_now, go_on = threading.Event(), threading.Event()
    seen: list[int] = []

    def slowly(strip: Image) -> tuple[str, float]:
        seen.append(int(strip[0, 0, 0]))
        reading_now.set()
        assert go_on.wait(30)
        return "粤B12345", 0.95

    def even(level: int) -> Image:
        picture = a_picture(level)
        picture[:] = level
        return picture

    lane = lane_with(a_pipeline(slowly, settings=EAGER))
    lane.worker.begin("visit-1", lane.heard)
    for level in range(1, 32):
        lane.clock.advance(timedelta(seconds=0.011))
        lane.camera.show(even(level * 8))
        if level == 1:
            assert reading_now.wait(30)
        eventually(lane.camera.all_taken)
    go_on.set()
    lane.heard.wait_for(2)
    assert (len(seen), seen[-1]) == (2, 248)


def test_a_frame_from_the_past_is_no_evidence(lane_with: Callable[[Pipeline], Lane]) -> None:
    first, go_on = threading.Event(), threading.Event()

    def wait_once(_strip: Image) -> tuple[str, float]:
        first.set()
        assert go_on.wait(30)
        return "粤B12345", 0.95

    lane = lane_with(a_pipeline(wait_once, settings=EAGER))
    lane.worker.begin("visit-1", lane.heard)
    lane.see()
    assert first.wait(30)
    lane.see()
    eventually(lane.camera.all_taken)
    lane.clock.advance(timedelta(seconds=3))
    go_on.set()
    lane.see()
    lane.heard.wait_for(2)
    assert reading(lane.heard).frames == 2


def test_a_lost_camera_is_opened_again(lane_with: Callable[[Pipeline], Lane]) -> None:
    lane = lane_with(a_pipeline(settings=EAGER))
    lane.see()
    eventually(lambda: lane.health() is Health.OK)
    lane.camera.fail()
    lane.clock.advance(timedelta(seconds=4))
    eventually(lambda: lane.worker.health().detail == "10.0.0.9: gone")
    assert lane.health() is Health.SILENT
    lane.see()
    eventually(lambda: lane.health() is Health.OK)
    assert lane.camera.opened == 2


def test_a_damaged_picture_costs_one_reconnection_and_no_more(lane_with: Callable[[Pipeline], Lane]) -> None:
    lane = lane_with(a_pipeline(settings=EAGER))
    lane.worker.begin("visit-1", lane.heard)
    lane.camera.fail(DeviceFault("a picture arrived damaged"))
    lane.see()
    eventually(lambda: lane.camera.opened == 2)
    lane.see()
    lane.heard.wait_for(1)
    assert reading(lane.heard).plate is not None


def test_a_frozen_camera_is_noticed_in_five_seconds_of_the_clock(lane_with: Callable[[Pipeline], Lane]) -> None:
    lane, still = lane_with(a_pipeline(settings=Settings())), a_picture()
    for _ in range(10):
        lane.camera.show(still)
        eventually(lane.camera.all_taken)
        lane.clock.advance(timedelta(seconds=0.5))
    lane.camera.show(still)
    eventually(lambda: lane.health() is Health.FAULTY)


def test_a_recogniser_that_fails_is_reported_without_a_plate_and_carries_on(
    lane_with: Callable[[Pipeline], Lane], caplog: pytest.LogCaptureFixture
) -> None:
    broken = [True]

    def fail_once(_strip: Image) -> tuple[str, float]:
        if broken.pop() if broken else False:
            raise RuntimeError("粤B12345 broke me")
        return "粤B12345", 0.95

    lane = lane_with(a_pipeline(fail_once, settings=EAGER))
    lane.worker.begin("visit-1", lane.heard)
    lane.see()
    eventually(lambda: lane.health() is Health.FAULTY)
    assert lane.worker.health().detail == "recognition failed: RuntimeError"
    assert "12345" not in caplog.text
    lane.see()
    lane.heard.wait_for(1)
    eventually(lambda: lane.health() is Health.OK)


def test_frames_without_a_plate_are_told_too(lane_with: Callable[[Pipeline], Lane]) -> None:
    lane = lane_with(a_pipeline(regions=[], settings=EAGER))
    lane.worker.begin("visit-1", lane.heard)
    lane.see()
    lane.heard.wait_for(1)
    assert (reading(lane.heard).plate, reading(lane.heard).frames) == (None, 1)


def lane_picture(seed: int, *, car: bool) -> Image:
    picture = np.random.default_rng(seed).integers(86, 94, (180, 320, 3), dtype=np.uint8)
    if car:
        picture[60:170, 60:280] += 100
        picture[104:140, 104:236:6] = picture[104:140, 106:236:6] = 20  # something like signs: sharp edges
    return picture


def one_where_it_is_bright(image: Image) -> tuple[Region, ...]:
    return (Region(a_box(), 0.9),) if image[100, 100, 0] > 150 else ()


def watched(read: list[Image], settings: Settings = AT_EASE) -> Pipeline:
    """A pipeline that finds a plate where a car is, and notes what it was given to read."""

    def find(image: Image) -> tuple[Region, ...]:
        read.append(image)
        return one_where_it_is_bright(image)

    grammar = china()
    reader = MemoryReader(grammar.signs, lambda _strip: ("粤B12345", 0.95))
    return Pipeline(MemoryDetector(find), reader, grammar, settings)


def drive_by(lane: Lane, car: bool, seconds: float) -> None:
    for _ in range(round(seconds / 0.1)):
        lane.clock.advance(timedelta(seconds=0.1))
        lane.camera.show(lane_picture(int(lane.clock.monotonic_s() * 10), car=car))
        eventually(lane.camera.all_taken)
        eventually(lane.worker.is_idle)


def test_without_a_loop_the_picture_tells_a_passage(lane_with: Callable[[Pipeline], Lane]) -> None:
    read: list[Image] = []
    lane = lane_with(watched(read))
    lane.worker.follow(lane.heard)
    drive_by(lane, car=False, seconds=3.0)
    looked_at_in_vain = len(read)
    drive_by(lane, car=True, seconds=2.0)
    drive_by(lane, car=False, seconds=4.0)
    lane.heard.wait_for(2)
    assert [(r.settled, r.over) for r in lane.heard.readings if isinstance(r, PassageReading)][-1] == (True, True)
    assert {r.passage for r in lane.heard.readings if isinstance(r, PassageReading)} == {"entry-1-1"}
    assert looked_at_in_vain <= 1


def test_a_car_that_stands_is_read_about_once_a_second(lane_with: Callable[[Pipeline], Lane]) -> None:
    read: list[Image] = []
    lane = lane_with(watched(read))
    lane.worker.follow(lane.heard)
    drive_by(lane, car=False, seconds=1.0)
    drive_by(lane, car=True, seconds=5.0)
    before = len(read)
    drive_by(lane, car=True, seconds=10.0)
    assert 8 <= len(read) - before <= 12
    assert not any(r.over for r in lane.heard.readings if isinstance(r, PassageReading))


def recording(clock: ManualClock, pictures: list[Image]) -> Callable[[], Iterator[Image]]:
    """Pictures a tenth of a second apart by a clock that they move themselves."""

    def script() -> Iterator[Image]:
        for picture in pictures:
            clock.advance(timedelta(seconds=0.1))
            yield picture

    return script


def test_a_recording_that_ends_while_a_car_is_there_tells_it_before_it_is_exhausted() -> None:
    clock, heard = ManualClock(MORNING), Heard()
    script = recording(clock, [lane_picture(n, car=True) for n in range(3)])
    settings = Settings(frames_per_second=100, idle_frames_per_second=100)
    worker = Worker(MemorySource("entry-1", clock, script), watched([], settings), clock, patient=True)
    worker.follow(heard)
    worker.start()
    eventually(worker.exhausted)
    assert [r.over for r in heard.readings if isinstance(r, PassageReading)][-1] is True
    worker.stop()


def test_a_patient_worker_reads_every_picture_of_a_recording_however_slow_its_reader_is() -> None:
    clock, heard, read = ManualClock(MORNING), Heard(), list[Image]()
    shown = [lane_picture(n, car=True) for n in range(6)]

    def slowly(image: Image) -> tuple[Region, ...]:
        read.append(image)
        clock.advance(timedelta(seconds=3))  # any other picture would be stale by then, and the next ones skipped
        return one_where_it_is_bright(image)

    grammar = china()
    reader = MemoryReader(grammar.signs, lambda _strip: ("粤B12345", 0.95))
    pipeline = Pipeline(MemoryDetector(slowly), reader, grammar, EAGER)
    worker = Worker(MemorySource("entry-1", clock, recording(clock, shown)), pipeline, clock, patient=True)
    worker.follow(heard)
    worker.start()
    eventually(worker.exhausted)
    worker.stop()
    assert len(read) == len(shown)
    assert all(np.array_equal(one, other) for one, other in zip(read, shown, strict=True))


def test_what_is_open_when_the_worker_is_stopped_is_told(lane_with: Callable[[Pipeline], Lane]) -> None:
    lane = lane_with(watched([]))
    lane.worker.follow(lane.heard)
    drive_by(lane, car=True, seconds=1.0)
    lane.camera.end()
    lane.worker.stop()
    assert [r.over for r in lane.heard.readings if isinstance(r, PassageReading)][-1] is True


def test_a_camera_that_stays_away_ends_what_stood_there(lane_with: Callable[[Pipeline], Lane]) -> None:
    lane = lane_with(watched([]))
    lane.worker.follow(lane.heard)
    drive_by(lane, car=True, seconds=1.0)
    lane.clock.advance(timedelta(seconds=30))
    lane.camera.fail()
    eventually(lambda: any(r.over for r in lane.heard.readings if isinstance(r, PassageReading)))


def test_connections_are_tried_again_after_waits_that_grow_and_stay_bounded() -> None:
    waits = [0.001, 0.002, 0.003]
    opened = threading.Semaphore(0)

    def refuse() -> list[Image]:
        opened.release()
        raise DeviceFault("10.0.0.9: nobody answers")

    clock = SystemClock()
    worker = Worker(MemorySource("entry-1", clock, refuse), a_pipeline(), clock, back_off_s=waits)
    worker.start()
    for _ in range(50):
        assert opened.acquire(timeout=30)
    worker.stop()


def test_a_worker_starts_once() -> None:
    clock = SystemClock()
    worker = Worker(MemorySource("entry-1", clock, lambda: []), a_pipeline(), clock)
    worker.start()
    with pytest.raises(RuntimeError, match="started already"):
        worker.start()
    worker.stop()


def test_the_end_of_a_recording_is_known() -> None:
    clock = SystemClock()
    worker = Worker(MemorySource("entry-1", clock, lambda: [a_picture()]), a_pipeline(), clock)
    worker.start()
    eventually(worker.exhausted)
    worker.stop()


def test_a_hundred_workers_and_a_thousand_reconnections_leave_no_thread_and_no_descriptor() -> None:
    def files() -> int:
        folder = Path("/proc/self/fd")
        return len(list(folder.iterdir())) if folder.is_dir() else 0

    clock, region = SystemClock(), Region(a_box(), 0.9)
    gc.collect()
    threads, descriptors = threading.active_count(), files()
    for _ in range(100):
        worker = Worker(MemorySource("entry-1", clock, lambda: [a_picture(1)]), a_pipeline(regions=[region]), clock)
        worker.start()
        worker.begin("visit", Heard())
        worker.stop()
    source = MemorySource("entry-1", clock, lambda: [DeviceFault("gone")])
    for _ in range(1000):
        source.open()
        with pytest.raises(DeviceFault):
            source.grab()
        source.close()
    gc.collect()
    assert (threading.active_count(), files()) == (threads, descriptors)


def stand(lane: Lane, picture: Image, seconds: float) -> None:
    """The very same picture again and again, twenty times a second."""
    for _ in range(round(seconds / 0.05)):
        lane.clock.advance(timedelta(seconds=0.05))
        lane.camera.show(picture)
        eventually(lane.camera.all_taken)
        eventually(lane.worker.is_idle)


def test_a_frozen_picture_says_nothing_about_the_vehicle_that_has_come_since(
    lane_with: Callable[[Pipeline], Lane],
) -> None:
    lane = lane_with(a_pipeline(settings=EAGER))
    stand(lane, a_picture(500), 1.2)
    lane.worker.begin("visit-1", lane.heard)
    stand(lane, a_picture(500), 2.0)
    assert lane.heard.readings == []
    lane.see()
    lane.heard.wait_for(1)


def test_a_vehicle_that_stands_before_a_living_camera_is_read_on_and_on(lane_with: Callable[[Pipeline], Lane]) -> None:
    lane = lane_with(a_pipeline(settings=EAGER))
    lane.worker.begin("visit-1", lane.heard)
    heard = []
    for _ in range(2 * 60):  # one by one: of pictures that come in the same moment of the clock only one is looked at
        lane.see()
        eventually(lane.camera.all_taken)
        eventually(lane.worker.is_idle)
        heard.append(len(lane.heard.readings))
    assert 3 <= heard[59] < heard[-1]


def test_a_replayed_recording_is_told_within_five_seconds_and_decides_nothing(
    lane_with: Callable[[Pipeline], Lane],
) -> None:
    lane = lane_with(a_pipeline(settings=Settings(idle_frames_per_second=4)))
    recorded = [a_picture(seed) for seed in range(30)]

    def play(pictures: list[Image]) -> None:
        for picture in pictures:
            lane.clock.advance(timedelta(seconds=0.25))
            lane.camera.show(picture)
            eventually(lane.camera.all_taken)
            eventually(lane.worker.is_idle)

    play(recorded)
    assert lane.health() is Health.OK
    play(recorded[:20])
    assert "is shown again" in lane.worker.health().detail
    lane.worker.begin("visit-1", lane.heard)
    play(recorded[20:])
    assert lane.heard.readings == []
