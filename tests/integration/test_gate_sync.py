"""The link to the server, over real sockets: nothing is skipped, nothing is doubled, forged copies change nothing."""

from __future__ import annotations

import json
import random
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from parking.access.snapshot import CopyChange, CopyRow
from parking.bootstrap.edge import hand_in
from parking.bootstrap.edge_settings import EdgeSettings
from parking.bootstrap.keys import KeyRing, create_key
from parking.gate import copy_file
from parking.gate.edge_file import EdgeFile
from parking.gate.journal import FileJournal
from parking.gate.link_wire import CopyImage
from parking.gate.local_copy import LocalCopy
from parking.gate.steady_clock import SteadyClock
from parking.gate.sync import BATCH_MOST, Downlink, Link, Loop, Uplink, backoff_s, new_client
from parking.kernel.clock import SystemClock
from parking.kernel.codec import parse_time
from parking.kernel.device import Health
from parking.kernel.errors import ParkingError
from parking.kernel.events import DeviceHealthChanged, Envelope, VehicleBackedAway
from parking.kernel.ids import DeviceId, EventId, LaneId, RandomIds, VisitId
from parking.kernel.plate import Plate
from parking.web.limits import MOST_BYTES
from tests.builders.edge_box import edge_config
from tests.builders.edge_server import EdgeServer
from tests.builders.gate import PLATE, stay_data

pytestmark = pytest.mark.req("GATE-3")
CLOCK, IDS = SystemClock(), RandomIds()
LANE = LaneId("lane-1")


class Box:
    """The part of a gate box that talks to the server."""

    def __init__(
        self, folder: Path, server: EdgeServer, *, name: str = "edge.db", clock: SteadyClock | None = None, **link: Any
    ) -> None:
        self.clock = clock or CLOCK
        self.file = EdgeFile(folder / name)
        self.journal = FileJournal(self.file, clock)
        self.copy = LocalCopy(self.file)
        options = {"wait_s": 0.0, "answer_s": 20.0, **link}
        self.link = Link(server.url, "edge-1", server.device_key, KeyRing([server.signer.public]), **options)
        self._clients = [new_client(self.link), new_client(self.link)]
        self.uplink = Uplink(self.link, self.journal, self.clock, self._clients[0])
        self.downlink = Downlink(self.link, self.copy, self.clock, self._clients[1])

    def happen(self, count: int = 1) -> None:
        """So many events are journaled."""
        event = VehicleBackedAway(LANE, VisitId("v"))
        for _ in range(count):
            now = self.clock.now()
            self.journal.append(LANE, [Envelope(EventId(IDS.new(now)), now, "edge-1", event)], {})

    def noted(self) -> list[datetime]:
        """When the events in the journal happened, as the box thought."""
        rows = self.file.read(lambda conn: conn.execute("SELECT body FROM entry ORDER BY seq").fetchall())
        return [parse_time(json.loads(body)["at"]) for (body,) in rows]

    def send_all(self) -> None:
        while self.uplink.send():
            pass

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self.copy.close()
        self.file.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EdgeServer]:
    made = EdgeServer(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def box(tmp_path: Path, server: EdgeServer) -> Iterator[Box]:
    made = Box(tmp_path, server)
    yield made
    made.close()


def numbers(server: EdgeServer, box: Box) -> list[int]:
    return [event["seq"] for event in server.events[box.journal.epoch]]


def test_events_arrive_in_order_and_once(server: EdgeServer, box: Box) -> None:
    box.happen(3)
    box.send_all()
    assert numbers(server, box) == [1, 2, 3]
    assert (box.uplink.send(), box.journal.acknowledged()) == (0, 3)


def test_a_long_backlog_goes_in_batches(server: EdgeServer, box: Box) -> None:
    event = VehicleBackedAway(LANE, VisitId("v"))
    now = CLOCK.now()
    box.journal.note([Envelope(EventId(IDS.new(now)), now, "edge-1", event) for _ in range(2 * BATCH_MOST + 7)])
    sent = [box.uplink.send() for _ in range(4)]
    assert sent == [BATCH_MOST, BATCH_MOST, 7, 0]
    assert len(numbers(server, box)) == 2 * BATCH_MOST + 7


def test_a_backlog_of_long_words_goes_in_batches_that_a_server_takes(server: EdgeServer, box: Box) -> None:
    now, words = CLOCK.now(), "坏" * 5_000
    said = [DeviceHealthChanged(DeviceId(f"d{nth}"), "faulty", words) for nth in range(80)]
    box.journal.note([Envelope(EventId(IDS.new(now)), now, "edge-1", one) for one in said])
    sent = [box.uplink.send() for _ in range(4)]
    assert sum(sent) == 80
    assert sent[-1] == 0
    assert max(sent) * len(words.encode()) < MOST_BYTES


def test_the_disk_of_a_box_that_was_replaced_hands_in_what_it_still_holds(
    server: EdgeServer, box: Box, tmp_path: Path
) -> None:
    box.happen(3)
    plain = edge_config(server, 502)
    files = {name: tmp_path / plain[name] for name in ("journal", "key", "server_key")}
    settings = EdgeSettings.model_validate(plain).model_copy(update=files)
    assert hand_in(settings, settings.journal) == 3
    assert numbers(server, box) == [1, 2, 3]
    assert box.journal.acknowledged() == 3
    with pytest.raises(ParkingError, match="there is no journal"):
        hand_in(settings, tmp_path / "none.db")


@pytest.mark.parametrize("body", ["CAST(x'7b22ff227d' AS TEXT)", "'{\"id\"'", "'7'"])
def test_a_file_that_was_set_aside_hands_in_all_that_lies_before_the_damage(
    server: EdgeServer, box: Box, tmp_path: Path, body: str
) -> None:
    box.happen(9)
    box.file.write(lambda conn: conn.execute(f"UPDATE entry SET body = {body} WHERE seq = 6"))
    plain = edge_config(server, 502)
    files = {name: tmp_path / plain[name] for name in ("journal", "key", "server_key")}
    settings = EdgeSettings.model_validate(plain).model_copy(update=files)
    with pytest.raises(ParkingError, match="5 events were handed in, then"):
        hand_in(settings, settings.journal)
    assert numbers(server, box) == [1, 2, 3, 4, 5]


def test_a_lost_answer_means_sending_again_and_storing_once(server: EdgeServer, box: Box) -> None:
    box.happen(2)
    server.lost_answers = 1
    with pytest.raises(ParkingError, match="the server is away"):
        box.uplink.send()
    assert box.journal.acknowledged() == 0
    box.send_all()
    assert (numbers(server, box), server.received) == ([1, 2], 4)


def test_a_server_that_is_away_loses_nothing(server: EdgeServer, box: Box) -> None:
    server.stop()
    box.happen(2)
    with pytest.raises(ParkingError):
        box.uplink.send()
    assert box.journal.acknowledged() == 0
    server.start()
    box.happen(1)
    box.send_all()
    assert numbers(server, box) == [1, 2, 3]
    assert box.journal.acknowledged() == 3


def test_a_half_open_link_ends_by_its_timeout(server: EdgeServer, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    box = Box(tmp_path / "other", server, answer_s=0.2)
    box.happen()
    server.silent.set()
    with pytest.raises(ParkingError, match="ReadTimeout"):
        box.uplink.send()
    with pytest.raises(ParkingError, match="ReadTimeout"):
        box.downlink.fetch()
    box.close()


def test_an_answer_that_only_drips_is_no_link(
    server: EdgeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parking.gate.sync._DRIPS_AFTER_S", 0.2)
    over = threading.Event()

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
            while not over.wait(0.05):
                connection.sendall(b" ")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        dripping = threading.Thread(target=drip, args=(listener,))
        dripping.start()
        link = Link(
            f"http://127.0.0.1:{listener.getsockname()[1]}",
            "edge-1",
            server.device_key,
            KeyRing([server.signer.public]),
        )
        file = EdgeFile(tmp_path / "edge.db")
        with new_client(link) as client, pytest.raises(ParkingError, match="only drips"):
            Uplink(link, FileJournal(file), CLOCK, client).greet()
        over.set()
        dripping.join()
        file.close()


def test_a_server_restored_from_an_older_backup_gets_again_what_it_lost(server: EdgeServer, box: Box) -> None:
    box.happen(5)
    box.send_all()
    del server.events[box.journal.epoch][2:]
    box.happen(1)
    box.send_all()
    assert numbers(server, box) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("woke_up", [False, True], ids=["goes on", "greets first"])
def test_what_a_box_whose_disk_was_set_back_writes_under_numbers_of_before_is_sent_all_the_same(
    server: EdgeServer, tmp_path: Path, woke_up: bool
) -> None:
    before = Box(tmp_path, server)
    before.happen(3)
    before.send_all()
    before.close()
    shutil.copy(tmp_path / "edge.db", tmp_path / "image.db")
    after = Box(tmp_path, server)
    after.happen(7)
    after.send_all()
    set_back = Box(tmp_path, server, name="image.db", clock=SteadyClock(CLOCK, boot="b1") if woke_up else None)
    set_back.happen(4)
    set_back.send_all()
    assert server.received == 3 + 7 + 4
    set_back.close()
    after.close()


@pytest.mark.parametrize("status", [401, 409, 413, 500, 503])
def test_a_server_that_refuses_changes_nothing(server: EdgeServer, box: Box, status: int) -> None:
    box.happen()
    server.refuse_with = status
    with pytest.raises(ParkingError, match=str(status)):
        box.uplink.send()
    with pytest.raises(ParkingError, match=str(status)):
        box.downlink.fetch()
    assert (box.journal.acknowledged(), box.copy.version) == (0, 0)


def test_an_unsigned_batch_is_refused(server: EdgeServer, box: Box, tmp_path: Path) -> None:
    stranger = create_key(tmp_path / "stranger.pem")
    link = Link(server.url, "edge-1", stranger, KeyRing([server.signer.public]))
    box.happen()
    client = new_client(link)
    with pytest.raises(ParkingError, match="401"):
        Uplink(link, box.journal, CLOCK, client).send()
    client.close()
    assert server.events == {}


def test_the_copy_follows_the_server(server: EdgeServer, box: Box) -> None:
    server.put("stay", "stay-1", stay_data())
    server.put("zone", "b1", {"free": 7, "capacity": 30})
    assert box.downlink.fetch()
    assert (box.copy.free(), box.copy.version) == (7, 2)
    server.put("stay", "stay-1", None)
    assert box.downlink.fetch()
    assert box.copy.stay_of(Plate.parse(PLATE)) is None
    assert not box.downlink.fetch()


def test_a_forged_copy_changes_nothing(server: EdgeServer, box: Box, tmp_path: Path) -> None:
    forger = create_key(tmp_path / "forger.pem")
    server.put("zone", "b1", {"free": 7, "capacity": 30})
    server.signer = forger
    with pytest.raises(ParkingError, match="not valid"):
        box.downlink.fetch()
    assert (box.copy.version, box.copy.free()) == (0, None)


def test_a_long_poll_answers_as_soon_as_something_changes(server: EdgeServer, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    box = Box(tmp_path / "other", server, wait_s=20.0)
    got: list[bool] = []
    waiting = threading.Thread(target=lambda: got.append(box.downlink.fetch()))
    waiting.start()
    server.put("zone", "b1", {"free": 1, "capacity": 30})
    waiting.join(60)
    assert (got, box.copy.free()) == ([True], 1)
    box.close()


def test_the_loop_works_again_by_itself_when_the_server_is_back(server: EdgeServer, box: Box) -> None:
    heard: list[str] = []
    server.stop()
    box.happen()

    def idle(seconds: float) -> None:
        box.journal.appended.wait(seconds)
        box.journal.appended.clear()

    loop = Loop("up", lambda: box.uplink.send() > 0, CLOCK, report=lambda _, t: heard.append(t), idle=idle)
    loop.start()
    server.start()
    assert server.wait_for(1) == ["VehicleBackedAway"]
    box.happen()
    server.wait_for(2)
    loop.stop(5)
    assert loop.state.trouble == ""
    assert heard[-1:] in ([], [""])


def test_backing_off_doubles_is_bounded_and_spread() -> None:
    spread = random.Random(1)
    waits = [backoff_s(failures, spread) for failures in range(1, 40)]
    assert all(0.125 <= wait <= 15 for wait in waits)
    assert waits[-1] >= 7.5 > waits[0]
    assert len({round(wait, 6) for wait in waits[10:]}) > 20


def test_a_change_with_one_bad_row_is_refused_whole(server: EdgeServer, box: Box) -> None:
    rows = (CopyRow("zone", "b1", 1, {"free": 1, "capacity": 9}), CopyRow("zone", "b2", 2, {"free": "9"}))
    with pytest.raises(ParkingError, match=r"zone\.free"):
        box.copy.apply(CopyChange("mall", 0, 2, rows))
    assert (box.copy.version, box.copy.free()) == (0, None)


def test_the_copy_and_its_version_survive_a_restart(server: EdgeServer, box: Box) -> None:
    server.put("zone", "b1", {"free": 7, "capacity": 30})
    box.downlink.fetch()
    again = LocalCopy(box.file)
    assert (again.version, again.free()) == (1, 7)


def test_a_change_of_many_pages_is_fetched_page_by_page_and_seen_at_once(server: EdgeServer, box: Box) -> None:
    server.page_most = 2
    for number in range(1, 6):
        server.put("zone", f"b{number}", {"free": 1, "capacity": 30})
    seen = []
    while box.downlink.fetch():
        seen.append((box.copy.loaded, box.copy.free()))
    assert seen == [(False, None), (False, None), (True, 5)]


def test_a_first_copy_comes_as_an_image_and_goes_on_by_changes(server: EdgeServer, box: Box) -> None:
    maker = LocalCopy(EdgeFile(":memory:"))
    rows = tuple(CopyRow("stay", f"stay-{n}", n, stay_data(f"苏A{n:05d}")) for n in range(1, 2001))
    maker.apply(CopyChange("mall", 0, 2000, rows, "past-1"))
    server.image = CopyImage("mall", "past-1", 2000, copy_file.FORMAT, maker.image())
    assert box.downlink.fetch()
    assert (box.copy.version, box.copy.loaded) == (2000, True)
    found = box.copy.stay_of(Plate.parse("苏A01234"))
    assert found is not None
    assert found.stay_id == "stay-1234"
    server._version = 2000
    server.put("zone", "b1", {"free": 3, "capacity": 9})
    assert box.downlink.fetch()
    assert box.copy.free() == 3


def test_a_server_from_an_older_backup_is_noticed_and_the_copy_is_rebuilt(server: EdgeServer, box: Box) -> None:
    for free in (3, 4, 5):
        server.put("zone", "b1", {"free": free, "capacity": 9})
    box.downlink.fetch()
    server.epoch, server._version, server.rows = "past-2", 1, [CopyRow("zone", "b1", 1, {"free": 3, "capacity": 9})]
    assert box.downlink.fetch()
    assert (box.copy.free(), box.copy.version, box.copy.rebuilt) == (3, 1, 1)
    server.put("zone", "b1", {"free": 2, "capacity": 9})
    assert box.downlink.fetch()
    assert (box.copy.free(), box.copy.rebuilt) == (2, 1)


def test_an_answer_to_another_question_is_refused(server: EdgeServer, box: Box) -> None:
    server.put("zone", "b1", {"free": 7, "capacity": 30})
    old = server.copy_since("", 0, 0.0, "somebody-elses")
    server.copy_since = lambda *_: old  # type: ignore[method-assign] # an old answer is played back
    with pytest.raises(ParkingError, match="not valid"):
        box.downlink.fetch()
    assert not box.copy.loaded


def test_an_acknowledgement_that_the_server_did_not_sign_removes_nothing(
    server: EdgeServer, box: Box, tmp_path: Path
) -> None:
    box.happen(2)
    server.signer = create_key(tmp_path / "forger.pem")
    with pytest.raises(ParkingError, match="not valid"):
        box.uplink.send()
    assert box.journal.acknowledged() == 0


class JumpingClock:
    """A machine whose clock is set by `ahead_s`; seconds go on counting as they should."""

    def __init__(self, ahead_s: float = 0.0) -> None:
        self.ahead_s = ahead_s

    def now(self) -> datetime:
        return CLOCK.now() + timedelta(seconds=self.ahead_s)

    def monotonic_s(self) -> float:
        return CLOCK.monotonic_s()


DAY_S = 86_400.0


@pytest.mark.parametrize("ahead_s", [DAY_S, -DAY_S, -50 * 365 * DAY_S])
def test_a_box_that_woke_up_in_another_time_takes_the_servers_and_corrects_what_it_has_noted(
    server: EdgeServer, tmp_path: Path, ahead_s: float
) -> None:
    clock = SteadyClock(JumpingClock(ahead_s), boot="b1")
    box = Box(tmp_path, server, clock=clock)
    box.happen(2)
    assert abs((box.noted()[0] - CLOCK.now()).total_seconds() - ahead_s) < 30
    box.send_all()
    assert abs((clock.now() - CLOCK.now()).total_seconds()) < 5
    for event in server.events[box.journal.epoch]:
        assert abs((parse_time(event["corrected_at"]) - CLOCK.now()).total_seconds()) < 30
        assert abs((parse_time(event["at"]) - CLOCK.now()).total_seconds() - ahead_s) < 30
    assert box.downlink.fetch(), "its tokens are of the right time"
    assert box.copy.loaded
    box.close()


@pytest.mark.parametrize("jump_s", [DAY_S, -DAY_S, -3.0])
def test_a_jump_of_the_machines_clock_moves_nothing_and_is_told(
    server: EdgeServer, tmp_path: Path, jump_s: float
) -> None:
    machine = JumpingClock()
    clock = SteadyClock(machine, boot="b1")
    box = Box(tmp_path, server, clock=clock)
    assert clock.health().health is Health.UNKNOWN
    box.happen()
    box.send_all()
    assert clock.health().health is Health.OK
    machine.ahead_s = jump_s
    box.happen()
    box.send_all()
    assert abs((box.noted()[-1] - CLOCK.now()).total_seconds()) < 30
    assert "corrected_at" not in server.events[box.journal.epoch][-1]
    assert clock.health().health is Health.FAULTY
    assert abs(clock.machine_off_s - jump_s) < 1
    machine.ahead_s = 0.0
    assert clock.health().health is Health.OK
    box.close()


def test_what_an_earlier_start_of_the_same_machine_noted_is_corrected_too(server: EdgeServer, tmp_path: Path) -> None:
    before = Box(tmp_path, server, clock=SteadyClock(JumpingClock(-DAY_S), boot="b1"))
    before.happen()
    before.close()
    (tmp_path / "edge.db").rename(tmp_path / "other.db")
    again = Box(tmp_path, server, name="other.db", clock=SteadyClock(JumpingClock(-DAY_S), boot="b1"))
    again.send_all()
    (event,) = server.events[again.journal.epoch]
    assert abs((parse_time(event["corrected_at"]) - CLOCK.now()).total_seconds()) < 30
    again.close()


def test_a_box_with_nothing_to_tell_greets_now_and_then_and_notices_a_server_that_has_lost_something(
    server: EdgeServer, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.happen(3)
    box.send_all()
    del server.events[box.journal.epoch][1:]
    assert (box.uplink.send(), numbers(server, box)) == (0, [1])
    monkeypatch.setattr("parking.gate.sync.GREET_EVERY_S", 0.0)
    assert box.uplink.send() == 0
    assert box.uplink.send() == 2
    assert numbers(server, box) == [1, 2, 3]
