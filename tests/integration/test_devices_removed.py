"""A device that has left the settings leaves the screens: its box tells it away once, and nobody shows it for ever."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

from parking.bootstrap.device_watch import DeviceWatch
from parking.bootstrap.live_projection import LiveProjection, live_value
from parking.gate.edge_file import EdgeFile
from parking.gate.told_devices import ToldDevices
from parking.kernel.device import REMOVED, Health, HealthReport
from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.events import DeviceHealthChanged, Envelope
from parking.kernel.ids import DeviceId, EventId
from parking.plumbing.db import Database
from parking.web.live import LiveHub
from tests.builders.guidance import NOON
from tests.builders.site import site


@dataclass
class BoxFile:
    """What outlives a box's restarts, and what was told of its devices; `full` is a disk that takes nothing."""

    path: Path
    told: list[tuple[str, str]] = field(default_factory=list)
    full: bool = False

    def runs_with(self, *devices: str, health: Health = Health.OK) -> list[tuple[str, str]]:
        """Start with these in the settings, look twice, stop; what was told meanwhile."""
        self.told.clear()
        file = EdgeFile(self.path)
        watch = DeviceWatch(self.tell, ToldDevices(file))
        for device in devices:
            watch.add(DeviceId(device), lambda: HealthReport(health, None))
        watch.check()
        watch.check()
        file.close()
        return list(self.told)

    def tell(self, news: Sequence[DeviceHealthChanged]) -> None:
        if self.full:
            raise ParkingError(ErrorKind.UNAVAILABLE, "edge.full", "the disk is full")
        self.told += [(event.device_id, event.health) for event in news]


@pytest.fixture
def box(tmp_path: Path) -> BoxFile:
    return BoxFile(tmp_path / "edge.db")


def test_a_box_tells_once_that_a_device_is_in_its_settings_no_more(box: BoxFile) -> None:
    assert box.runs_with("camera", "board") == [("camera", "ok"), ("board", "ok")]
    assert box.runs_with("board") == [("board", "ok"), ("camera", REMOVED)]
    assert box.runs_with("board") == [("board", "ok")]


def test_what_was_known_before_and_says_nothing_now_is_not_forgotten(box: BoxFile) -> None:
    box.runs_with("camera", "board")
    assert box.runs_with("camera", health=Health.UNKNOWN) == [("board", REMOVED)]
    assert box.runs_with() == [("camera", REMOVED)]


def test_a_full_disk_puts_it_off(box: BoxFile) -> None:
    box.runs_with("camera")
    box.full = True
    assert box.runs_with() == []
    box.full = False
    assert box.runs_with() == [("camera", REMOVED)]


class Screens:
    """The live values over a database, through as many restarts as are wanted."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.restart()

    def restart(self, *, boxes: Collection[str] = ("edge-1", "edge-2"), devices: Collection[str] = ()) -> Screens:
        self._hub = LiveHub()
        self._live = LiveProjection(self._hub, site())
        self._live.restore(self._database, boxes=boxes, devices=devices)
        return self

    def hear(self, origin: str, device: str, health: str) -> None:
        envelope = Envelope(EventId("e"), NOON, origin, DeviceHealthChanged(DeviceId(device), health, ""))
        self._database.write(lambda uow: self._live.handle(uow, envelope))

    @property
    def devices(self) -> set[str]:
        return {key.removeprefix("device.") for key in self._hub.values if key.startswith("device.")}


@pytest.fixture
def screens(database: Database) -> Screens:
    return Screens(database)


def test_what_is_told_away_is_shown_no_more_after_a_restart_neither(screens: Screens) -> None:
    screens.hear("edge-1", "camera", "silent")
    screens.hear("edge-1", "board", "ok")
    screens.hear("edge-1", "camera", REMOVED)
    assert screens.devices == {"board"}
    assert screens.restart().devices == {"board"}


def test_of_two_boxes_with_a_device_of_one_name_only_the_one_that_told_last_takes_it_away(screens: Screens) -> None:
    screens.hear("edge-1", "relay-1", "ok")
    screens.hear("edge-2", "relay-1", "ok")
    screens.hear("edge-1", "relay-1", REMOVED)
    assert screens.devices == {"relay-1"}
    screens.hear("edge-2", "relay-1", REMOVED)
    assert screens.devices == set()


def test_a_sensor_that_the_server_has_no_more_and_the_devices_of_a_box_that_is_shut_out_go_with_the_next_start(
    screens: Screens, database: Database
) -> None:
    for origin, device in (("server", "bays-b1"), ("server", "bays-b2"), ("edge-1", "camera"), ("edge-2", "board")):
        screens.hear(origin, device, "ok")
    old = {"key": "device.of-an-older-release", "value": {"health": "ok", "detail": "", "at": None}}
    database.write(lambda uow: uow.connection.execute(live_value.insert().values(old)))
    assert screens.restart(boxes=("edge-2",), devices=("bays-b2",)).devices == {
        "bays-b2",
        "board",
        "of-an-older-release",
    }
    assert (
        database.read(lambda conn: conn.execute(sa.select(sa.func.count()).select_from(live_value)).scalar_one()) == 3
    )
