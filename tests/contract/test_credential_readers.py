"""Every credential reader keeps the same promises to its lane, whatever it reads and whatever wire it is on."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from parking.gate.credentials.registry import READERS
from parking.kernel.device import Health
from tests.builders.credential_readers import READER, WORLDS, ReaderWorld, until

WIRED = [name for name in WORLDS if name != "memory"]


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[ReaderWorld]:
    world = WORLDS[request.param]()
    yield world
    world.stop()


every = pytest.mark.parametrize("world", list(WORLDS), indirect=True)
every_wired = pytest.mark.parametrize("world", WIRED, indirect=True)


def test_every_reader_of_the_registry_is_in_this_suite() -> None:
    assert set(READERS) == set(WORLDS)


@every
@pytest.mark.req("GATE-2")
def test_a_credential_that_is_held_up_is_told_with_its_reader_and_its_times(world: ReaderWorld) -> None:
    world.begin()
    world.hold_up(1, 1)
    (presented,) = world.take(1)
    assert presented.credential == world.expected(1)
    assert presented.reader == READER
    assert presented.read_at.tzinfo is not None
    assert presented.refused == ""
    assert presented.seen_s > 0


@every
def test_one_presentation_read_many_times_is_told_once_and_the_next_is_not_lost(world: ReaderWorld) -> None:
    world.begin()
    world.hold_up(1, 5)
    world.hold_up(2, 1)
    world.take(2)
    assert [presented.credential for presented in world.got] == [world.expected(1), world.expected(2)]
    assert world.reader.drain() == []


@every
def test_many_credentials_one_after_another_are_all_told_in_order(world: ReaderWorld) -> None:
    world.begin()
    for number in range(1, 21):
        world.hold_up(number, 1)
    world.take(20)
    assert [presented.credential for presented in world.got] == [world.expected(number) for number in range(1, 21)]


@every
def test_a_reader_that_was_not_started_knows_nothing_and_says_so(world: ReaderWorld) -> None:
    assert world.reader.health().health is Health.UNKNOWN
    assert world.reader.drain() == []


@every
def test_a_stopped_reader_tells_nothing_more(world: ReaderWorld) -> None:
    world.begin()
    world.pause()
    world.hold_up(1, 1)
    assert world.reader.drain() == []
    assert world.reader.health().health is not Health.OK


@every
def test_starting_twice_is_starting_once_and_stopping_twice_does_nothing(world: ReaderWorld) -> None:
    world.begin()
    world.reader.start()
    world.hold_up(1, 1)
    world.take(1)
    if world.device is not None:
        assert world.device.connections == 1
    world.reader.stop()
    world.reader.stop()
    assert len(world.got) == 1


@every
def test_a_stopped_reader_can_be_started_again(world: ReaderWorld) -> None:
    world.begin()
    world.pause()
    world.begin()
    world.hold_up(1, 1)
    assert [presented.credential for presented in world.take(1)] == [world.expected(1)]


@every
@pytest.mark.req("PRIV-1")
def test_no_text_about_a_reader_holds_a_credential_or_a_key(world: ReaderWorld) -> None:
    world.begin()
    world.hold_up(1, 1)
    (presented,) = world.take(1)
    texts = [repr(presented.credential), str(presented.credential), str(world.reader.health()), repr(presented)]
    clear = [world.expected(1).value, *world.secret]
    assert [value for value in clear for text in texts if value in text] == []


@every_wired
@pytest.mark.req("GATE-2")
def test_a_reader_whose_line_was_cut_is_read_again_without_hands(world: ReaderWorld) -> None:
    world.begin()
    assert world.device is not None
    world.device.stop()
    until(lambda: world.reader.health().health is Health.SILENT, "the reader is missed")
    world.device.start()
    world.until_reading()
    world.hold_up(1, 1)
    assert [presented.credential for presented in world.take(1)] == [world.expected(1)]


@every_wired
def test_a_reader_that_falls_silent_with_its_line_up_is_missed_and_connected_anew(world: ReaderWorld) -> None:
    world.begin()
    assert world.device is not None
    world.device.mute = True
    until(lambda: world.reader.health().health is Health.SILENT, "the silence is noticed")
    assert world.reader.drain() == []
    world.device.mute = False
    world.until_reading()
    world.hold_up(1, 1)
    world.take(1)
    assert world.device.connections > 1


@every_wired
def test_garbage_never_becomes_a_credential_and_the_reader_is_called_faulty(world: ReaderWorld) -> None:
    device = world.device
    assert device is not None
    device.garbage = world.garbage
    world.reader.start()
    until(lambda: device.connections > 2, "the line is given up and tried again")
    assert world.reader.health().health in {Health.FAULTY, Health.SILENT}
    assert [presented for presented in world.reader.drain() if not presented.refused] == []
    device.garbage = None
    world.until_reading()
    world.hold_up(1, 1)
    until(lambda: world.expected(1) in {p.credential for p in world.reader.drain()}, "a true credential")


@every_wired
def test_a_reader_that_hangs_up_at_once_is_tried_again_and_never_in_a_storm(world: ReaderWorld) -> None:
    world.begin()
    assert world.device is not None
    before = world.device.connections
    world.device.hang_up()
    until(lambda: world.device is not None and world.device.connections > before, "a new connection")
    world.until_reading()


@every
def test_the_lane_may_take_from_one_thread_while_the_reader_puts_from_another(world: ReaderWorld) -> None:
    world.begin()
    taken: list[object] = []
    enough = threading.Event()

    def lane() -> None:
        while not enough.is_set():
            taken.extend(world.reader.drain())
            enough.wait(0.001)

    thread = threading.Thread(target=lane)
    thread.start()
    for number in range(1, 11):
        world.hold_up(number, 2)
    try:
        until(lambda: len(taken) >= 10, "ten presentations")
    finally:
        enough.set()
        thread.join()
    assert len(taken) == 10
