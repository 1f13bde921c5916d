"""One suite for every smart camera as a lane's camera: in memory, and Vzenith and Hikvision pushes from simulated cameras over sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from parking.access.facts import LaneRules
from parking.kernel.device import Health
from tests.builders.smart_cameras import (
    CameraWorld,
    HikvisionWorld,
    Listening,
    MemoryCameraWorld,
    VzenithWorld,
    pass_time,
)

pytestmark = pytest.mark.req("LPR-2")


@pytest.fixture(params=[MemoryCameraWorld, VzenithWorld, HikvisionWorld])
def world(request: pytest.FixtureRequest) -> Iterator[CameraWorld]:
    make: Callable[[], CameraWorld] = request.param
    made = make()
    yield made
    made.stop()


@pytest.fixture
def lane(world: CameraWorld) -> Listening:
    return Listening(world.camera)


def test_a_push_about_the_vehicle_on_the_loop_is_evidence_that_the_rules_may_trust(
    world: CameraWorld, lane: Listening
) -> None:
    lane.begin()
    world.see("粤B12345", 96)
    (reading,) = lane.told
    rules = LaneRules()
    assert reading.plate is not None
    assert reading.plate.text == "粤B12345"
    assert reading.confidence == pytest.approx(0.96)
    assert reading.agreeing >= rules.min_agreeing
    assert reading.margin >= rules.min_margin
    assert reading.captured_at == world.clock.now()


def test_a_push_from_just_before_the_loop_counts_and_serves_one_visit_only(world: CameraWorld, lane: Listening) -> None:
    world.see("粤B12345")
    pass_time(world, 1.0)
    lane.begin("visit-1")
    assert lane.plates() == ["粤B12345"]
    world.camera.end()
    lane.begin("visit-2")
    assert lane.plates() == ["粤B12345"]


def test_a_push_from_long_before_the_loop_is_about_somebody_else(world: CameraWorld, lane: Listening) -> None:
    world.see("粤B12345")
    pass_time(world, 10.0)
    lane.begin()
    assert lane.plates() == []


def test_a_doubtful_push_is_told_with_its_doubt(world: CameraWorld, lane: Listening) -> None:
    lane.begin()
    world.see("粤B12345", 60)
    assert lane.told[-1].margin < LaneRules().min_margin


def test_pushes_of_one_plate_add_up_and_those_of_another_speak_against_it(world: CameraWorld, lane: Listening) -> None:
    lane.begin()
    world.see("粤B12345", 80)
    doubtful = lane.told[-1].margin
    world.see("粤B12345", 80)
    assert lane.told[-1].margin > doubtful
    world.see("粤B99999", 97)
    assert lane.told[-1].margin < 1.0


def test_a_vehicle_without_a_plate_is_told_as_one(world: CameraWorld, lane: Listening) -> None:
    lane.begin()
    world.see("", 0)
    assert lane.plates() == [None]
    assert lane.told[-1].agreeing == 0


def test_what_comes_out_of_the_cameras_memory_is_reported_and_decides_nothing(
    world: CameraWorld, lane: Listening
) -> None:
    lane.begin()
    world.remember(["粤B11111", "粤B22222", "粤B33333"])
    assert lane.told == []
    assert sorted(world.reports(), key=str) == [("粤B11111", True), ("粤B22222", True), ("粤B33333", True)]


def test_a_late_push_is_reported_decides_nothing_and_degrades_the_camera(world: CameraWorld, lane: Listening) -> None:
    lane.begin()
    world.see_late("粤B12345", late_s=30.0)
    assert lane.told == []
    assert world.reports() == [("粤B12345", False)]
    assert world.camera.health().health is Health.FAULTY
    world.see("粤B12345")
    assert world.camera.health().health is Health.OK


def test_a_repeated_push_counts_once(world: CameraWorld, lane: Listening) -> None:
    lane.begin()
    world.see_twice("粤B12345")
    assert len(lane.told) == 1
    assert world.reports() == [("粤B12345", False)]


def test_every_push_is_reported_once(world: CameraWorld) -> None:
    world.see("粤B12345")
    world.see("粤B54321")
    world.reports()
    assert len(world.reports()) == 2


def test_a_camera_that_falls_silent_is_told_and_its_heart_beat_heals_it(world: CameraWorld) -> None:
    assert world.camera.health().health is Health.UNKNOWN
    world.beat()
    assert world.camera.health().health is Health.OK
    pass_time(world, 16.0)
    assert world.camera.health().health is Health.SILENT
    world.beat()
    assert world.camera.health().health is Health.OK


def test_after_the_end_of_a_visit_nothing_is_posted_to_it(world: CameraWorld, lane: Listening) -> None:
    lane.begin()
    world.camera.end()
    world.see("粤B12345")
    assert lane.told == []
