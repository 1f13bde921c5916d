"""The board tells every sign the newest truth, in its own time, and never a number that nobody vouches for."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from guidance.advise import Advice
from guidance.model import ZoneView
from guidance.sign_board import BoardSign, SignBoard, connect
from guidance.signs.base import Face, Sign, SignGarbled, SignSettings, SignSilent
from guidance.signs.memory import MemorySign
from guidance.signs.registry import SIGNS
from parking.kernel.clock import ManualClock, SystemClock
from parking.kernel.device import DeviceRefused, Health
from parking.kernel.errors import ParkingError
from parking.kernel.events import DeviceHealthChanged, Event, SignShown
from parking.kernel.ids import DeviceId, SignId, ZoneId
from tests.builders import site as sites
from tests.builders.guidance import NOON, texts, view, views


@dataclass
class World:
    """Two signs, one per level, on a clock that stands still until moved."""

    one: MemorySign = field(default_factory=MemorySign)
    two: MemorySign = field(default_factory=MemorySign)
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOON))
    zones: dict[ZoneId, ZoneView] = field(default_factory=lambda: views(view(10), view(20, zone_id="b2")))
    news: list[Event] = field(default_factory=list)
    read_fails: bool = False
    publish_fails: bool = False

    def __post_init__(self) -> None:
        self.board = SignBoard(
            [spec("sign-b1", "b1", self.one), spec("sign-b2", "b2", self.two)], self.read, self.publish, self.clock
        )

    def read(self) -> dict[ZoneId, ZoneView]:
        if self.read_fails:
            raise RuntimeError("the database is away")
        return self.zones

    def publish(self, events: Sequence[Event]) -> None:
        if self.publish_fails:
            raise RuntimeError("the database is away")
        self.news += events

    def after(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))
        self.board.step()


def spec(ident: str, zone_id: str, sign: Sign) -> BoardSign:
    return BoardSign(SignId(ident), ZoneId(zone_id), sign, Advice.for_capacity(30))


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.req("GUIDE-1")
def test_every_sign_shows_its_own_level_and_the_others_hear_of_it(world: World) -> None:
    world.board.step()
    assert (texts(world.one.log), texts(world.two.log)) == (["10"], ["20"])
    assert world.news == [
        DeviceHealthChanged(DeviceId("sign-b1"), "ok", ""),
        SignShown(SignId("sign-b1"), "10"),
        DeviceHealthChanged(DeviceId("sign-b2"), "ok", ""),
        SignShown(SignId("sign-b2"), "20"),
    ]


def test_a_change_is_told_at_once_and_nothing_is_told_without_one(world: World) -> None:
    world.board.step()
    world.after(1)
    assert texts(world.one.log) == ["10"]
    world.zones = views(view(9), view(20, zone_id="b2"))
    world.board.step()
    assert (texts(world.one.log), texts(world.two.log)) == (["10", "9"], ["20"])


def test_every_thirty_seconds_the_face_is_told_again_but_it_is_no_news(world: World) -> None:
    world.board.step()
    told = list(world.news)
    world.after(29)
    assert texts(world.one.log) == ["10"]
    world.after(1)
    assert texts(world.one.log) == ["10", "10"]
    assert world.news == told


@pytest.mark.req("GUIDE-1")
def test_when_the_state_cannot_be_read_the_number_lives_ninety_seconds_and_then_becomes_dashes(world: World) -> None:
    world.board.step()
    world.read_fails = True
    world.after(90)
    assert world.one.log[-1].text == "10"
    world.after(1)
    assert world.one.log[-1].text == "----"
    world.read_fails = False
    world.after(1)
    assert world.one.log[-1].text == "10"


def test_a_board_that_could_never_read_shows_dashes(world: World) -> None:
    world.read_fails = True
    world.board.step()
    assert texts(world.one.log) == ["----"]


def test_a_zone_whose_gate_has_been_silent_too_long_shows_dashes(world: World) -> None:
    ages = {"b1": 5.0, "b2": 500.0}
    signs = [spec("sign-b1", "b1", world.one), spec("sign-b2", "b2", world.two)]
    SignBoard(signs, world.read, world.publish, world.clock, lambda zone_id: ages[zone_id]).step()
    assert (texts(world.one.log), texts(world.two.log)) == (["10"], ["----"])


@pytest.mark.parametrize(
    ("fault", "health"),
    [
        (SignSilent("no answer in time"), "silent"),
        (SignGarbled("nonsense"), "faulty"),
        (DeviceRefused("locked"), "faulty"),
    ],
)
def test_a_failing_sign_is_news_once_and_holds_up_no_other(world: World, fault: Exception, health: str) -> None:
    world.one.fault = fault
    world.board.step()
    world.after(40)
    assert texts(world.two.log) == ["20", "20"]
    assert world.news.count(DeviceHealthChanged(DeviceId("sign-b1"), health, str(fault))) == 1
    assert world.board.health()[SignId("sign-b1")].health is Health(health)
    assert not any(isinstance(e, SignShown) and e.sign_id == "sign-b1" for e in world.news)


def test_a_dead_sign_is_tried_more_and_more_rarely_and_then_told_the_newest_state_only(world: World) -> None:
    tries: list[str] = []

    class Dead(MemorySign):
        def show(self, face: Face) -> None:
            tries.append(face.text)
            super().show(face)

    sign = Dead()
    sign.fault = SignSilent("no answer in time")
    board = SignBoard([spec("sign-b1", "b1", sign)], world.read, world.publish, world.clock)
    for second in range(64):
        world.zones = views(view(30 - second % 30))
        board.step()
        world.clock.advance(timedelta(seconds=1))
    assert len(tries) == 7  # at 0, 1, 3, 7, 15, 31 and 61 seconds
    sign.fault = None
    world.zones = views(view(7))
    world.clock.advance(timedelta(seconds=30))
    board.step()
    assert texts(sign.log) == ["7"]
    assert world.news[-2:] == [DeviceHealthChanged(DeviceId("sign-b1"), "ok", ""), SignShown(SignId("sign-b1"), "7")]


def test_news_that_could_not_be_published_is_told_with_the_next_delivery(world: World) -> None:
    world.publish_fails = True
    world.board.step()
    assert texts(world.one.log) == ["10"]
    world.publish_fails = False
    world.after(30)
    assert SignShown(SignId("sign-b1"), "10") in world.news


@pytest.mark.req("GUIDE-1")
def test_a_board_that_stops_leaves_no_number_behind(world: World) -> None:
    world.board.step()
    world.two.fault = SignSilent("gone")
    world.board.stop()
    assert world.one.log[-1].text == "----"
    assert texts(world.two.log) == ["20"]
    assert world.one.closed
    assert world.two.closed


def test_the_sites_signs_are_connected_with_their_drivers() -> None:
    site = sites.site(b1=500, signs=(sites.sign("sign-b1"), sites.sign("sign-b2", "b2")))
    one, two = connect(site, SIGNS)
    assert (one.id, one.zone_id, one.advice) == ("sign-b1", "b1", Advice.for_capacity(500))
    assert isinstance(two.sign, MemorySign)
    with pytest.raises(ParkingError, match="known: lcd_mqtt, led_counter, led_text, led_text_voice, memory"):
        connect(sites.site(signs=(sites.sign(driver="neon"),)), SIGNS)


# --- with threads ----------------------------------------------------------------------------------------------------


class Stuck(MemorySign):
    """Hangs in `show` until let go."""

    def __init__(self) -> None:
        super().__init__(SignSettings())
        self.reached, self.let_go = threading.Event(), threading.Event()

    def show(self, face: Face) -> None:
        self.reached.set()
        self.let_go.wait(20.0)
        super().show(face)


class Watched(MemorySign):
    """Says when a text is on show."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = threading.Condition()

    def show(self, face: Face) -> None:
        with self.changed:
            super().show(face)
            self.changed.notify_all()

    def comes_to_show(self, text: str) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: self.face is not None and self.face.text == text, 20.0)


@pytest.fixture
def running() -> Iterator[tuple[World, SignBoard, Stuck, Watched]]:
    world, stuck, good = World(), Stuck(), Watched()
    signs = [spec("sign-b1", "b1", stuck), spec("sign-b2", "b2", good)]
    board = SignBoard(signs, lambda: world.zones, world.publish, SystemClock())
    board.start(look_every_s=20.0)
    yield world, board, stuck, good
    stuck.let_go.set()
    board.stop()
    assert good.face is not None
    assert good.face.text == "----"


@pytest.mark.req("GUIDE-1")
def test_a_sign_that_hangs_does_not_hold_up_the_others(running: tuple[World, SignBoard, Stuck, Watched]) -> None:
    world, board, stuck, good = running
    assert stuck.reached.wait(20.0)
    assert good.comes_to_show("20")
    world.zones = views(view(5), view(15, zone_id="b2"))
    board.wake()
    assert good.comes_to_show("15")
    assert stuck.face is None


def test_what_changed_while_a_sign_hung_is_told_as_one_newest_face(
    running: tuple[World, SignBoard, Stuck, Watched],
) -> None:
    world, board, stuck, good = running
    assert stuck.reached.wait(20.0)
    for free in (9, 8, 7):
        world.zones = views(view(free), view(free, zone_id="b2"))
        board.wake()
        assert good.comes_to_show(str(free))
    stuck.let_go.set()
    deadline = threading.Event()
    for _ in range(2000):
        if len(stuck.log) >= 2:
            break
        deadline.wait(0.01)
    assert texts(stuck.log)[1:2] == ["7"]


@pytest.mark.req("GUIDE-1")
def test_when_looking_itself_hangs_the_signs_still_come_to_dashes(world: World) -> None:
    sign, hang, looks = Watched(), threading.Event(), iter([True])

    def read() -> dict[ZoneId, ZoneView]:
        if not next(looks, False):
            hang.wait(20.0)
        return world.zones

    advice = replace(Advice.for_capacity(30), stale_after_s=0.2)
    signs = [BoardSign(SignId("sign-b1"), ZoneId("b1"), sign, advice)]
    board = SignBoard(signs, read, world.publish, SystemClock(), repeat_s=0.05)
    board.start(look_every_s=0.01)
    try:
        assert sign.comes_to_show("----")
    finally:
        hang.set()
        board.stop()


def test_a_feed_age_that_cannot_be_told_counts_as_old(world: World) -> None:
    ages = iter([0.0])

    def age(zone_id: ZoneId) -> float:
        return next(ages)

    board = SignBoard([spec("sign-b1", "b1", world.one)], world.read, world.publish, world.clock, age)
    board.step()
    world.clock.advance(timedelta(seconds=91))
    board.step()
    assert texts(world.one.log) == ["10", "----"]


def test_a_running_board_is_not_started_twice(running: tuple[World, SignBoard, Stuck, Watched]) -> None:
    with pytest.raises(RuntimeError, match="already"):
        running[1].start()


def test_a_board_that_is_woken_all_the_time_rests_four_times_as_long_as_it_looks(world: World) -> None:
    rests: list[float | None] = []
    enough = threading.Event()

    class Resting(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            rests.append(timeout)
            if len(rests) == 3:
                enough.set()
            return super().wait(0.0)

    def slow() -> dict[ZoneId, ZoneView]:
        world.clock.advance(timedelta(seconds=0.02 if len(rests) < 2 else 30.0))
        board.wake()
        return world.zones

    board = SignBoard([spec("sign-b1", "b1", world.one)], slow, world.publish, world.clock)
    board._stopping = Resting()
    board.start(look_every_s=60.0)
    assert enough.wait(30)
    board.stop()
    assert rests[:3] == pytest.approx([0.08, 0.08, 0.5])
