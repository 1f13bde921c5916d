"""The journal on a real disk: what was acknowledged survives kill -9 and a full disk, and numbers go on without a gap."""

from __future__ import annotations

import errno
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from parking.access.snapshot import CopyChange, CopyRow
from parking.gate.edge_file import UNREADABLE, EdgeFile, alone
from parking.gate.journal import KEPT, KEPT_FOR, REMOVED_AT_ONCE, FileJournal
from parking.gate.local_copy import LocalCopy
from parking.gate.steady_clock import SteadyClock
from parking.gate.worn_file import file_health, open_or_begin_anew, set_aside
from parking.kernel.clock import ManualClock
from parking.kernel.codec import decode
from parking.kernel.device import Health
from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.events import CodeUsed, Envelope, VehicleBackedAway
from parking.kernel.ids import EventId, LaneId, VisitId
from tests.builders.plumbing import counted_steps

pytestmark = pytest.mark.req("GATE-3")
LANE = LaneId("lane-1")
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
WRITER = """
import sys
from tests.integration.test_gate_journal import EdgeFile, FileJournal, LANE, event
journal = FileJournal(EdgeFile(sys.argv[1]))
number = int(sys.argv[2])
while True:
    journal.append(LANE, [event(number), event(number + 1)], {"at": number})
    print(number + 1, flush=True)
    number += 2
"""


def event(number: int) -> Envelope:
    return Envelope(EventId(f"e{number}"), NOW, "edge-1", VehicleBackedAway(LANE, VisitId(f"v{number}")))


def ids(journal: FileJournal) -> list[str]:
    return [str(json.loads(entry.body)["id"]) for entry in journal.unacknowledged(1_000_000)]


def test_no_acknowledged_event_is_lost_by_kill_nine_and_numbers_go_on(tmp_path: Path) -> None:
    path, told = tmp_path / "edge.db", 0
    for lines_before_the_kill in (3, 11, 40):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(told + 1)],
            stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        assert process.stdout is not None
        with process.stdout as lines:
            for _ in range(lines_before_the_kill):
                told = int(lines.readline())
            process.send_signal(signal.SIGKILL)
            told = max([told, *(int(line) for line in lines if line.strip())])
        process.wait(10)
        file = EdgeFile(path)
        journal = FileJournal(file)
        entries = journal.unacknowledged(1_000_000)
        file.close()
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        assert len(entries) >= told, "an event that was acknowledged is not there"
        assert len(entries) % 2 == 0, "the two events of one append are there together or not at all"
        assert [json.loads(entry.body)["id"] for entry in entries[:told]] == [f"e{n}" for n in range(1, told + 1)]
        told = len(entries)


def test_each_file_has_its_own_epoch_and_keeps_it(tmp_path: Path) -> None:
    epochs = []
    for name in ("a.db", "a.db", "b.db"):
        file = EdgeFile(tmp_path / name)
        epochs.append(FileJournal(file).epoch)
        file.close()
    assert epochs[0] == epochs[1] != epochs[2]


def test_an_event_reads_back_as_it_was_written(tmp_path: Path) -> None:
    file = EdgeFile(tmp_path / "edge.db")
    journal = FileJournal(file)
    journal.append(LANE, [event(1)], {"at": 1})
    (entry,) = journal.unacknowledged(10)
    assert decode(json.loads(entry.body)) == event(1)
    assert journal.lane_state(LANE) == {"at": 1}
    assert journal.lane_state(LaneId("other")) is None
    file.close()


def test_acknowledging_marks_and_deletes_nothing(tmp_path: Path) -> None:
    file = EdgeFile(tmp_path / "edge.db")
    journal = FileJournal(file)
    journal.append(LANE, [event(n) for n in range(1, 6)], {})
    journal.acknowledge(3)
    assert ids(journal) == ["e4", "e5"]
    journal.acknowledge(99)
    assert (journal.acknowledged(), ids(journal)) == (5, [])
    journal.acknowledge(0)
    assert len(ids(journal)) == 5
    file.close()


def test_a_full_disk_is_a_clear_error_and_leaves_the_journal_whole(tmp_path: Path) -> None:
    file = EdgeFile(tmp_path / "edge.db")
    journal = FileJournal(file)
    journal.append(LANE, [event(1)], {})
    pages = file.write(lambda conn: int(conn.execute("PRAGMA page_count").fetchone()[0]))
    file._writer.execute(f"PRAGMA max_page_count = {pages + 1}")

    def fill() -> None:
        for number in range(2, 10_000):
            journal.append(LANE, [event(number)] * 5, {})
            written.append(number)

    written = [1]
    with pytest.raises(ParkingError, match="the disk is full") as refused:
        fill()
    assert (refused.value.kind, refused.value.code) == (ErrorKind.UNAVAILABLE, "edge.disk_full")
    kept = 5 * len(written) - 4
    assert len(ids(journal)) == kept
    file._writer.execute("PRAGMA max_page_count = 1000000")
    journal.append(LANE, [event(0)], {})
    assert [entry.seq for entry in journal.unacknowledged(10_000)] == list(range(1, kept + 2))
    file.close()


def test_lanes_that_write_at_the_same_time_share_their_fsyncs_and_get_every_number_once(tmp_path: Path) -> None:
    file = EdgeFile(tmp_path / "edge.db")
    journal = FileJournal(file)

    def write(lane: int) -> None:
        for number in range(25):
            journal.append(LaneId(f"lane-{lane}"), [event(100 * lane + number)], {})

    threads = [threading.Thread(target=write, args=(lane,)) for lane in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = journal.unacknowledged(1000)
    assert [entry.seq for entry in entries] == list(range(1, 201))
    assert len({json.loads(entry.body)["id"] for entry in entries}) == 200
    for lane in range(8):
        mine = [i for i in ids(journal) if int(i[1:]) // 100 == lane]
        assert mine == sorted(mine, key=lambda i: int(i[1:]))
    file.close()


def test_work_that_fails_is_undone_alone(tmp_path: Path) -> None:
    file = EdgeFile(tmp_path / "edge.db")

    def fails(conn: sqlite3.Connection) -> None:
        conn.execute("INSERT INTO carried_out (command_id) VALUES ('c1')")
        raise KeyError("a fault")

    with pytest.raises(KeyError):
        file.write(fails)
    assert file.read(lambda conn: conn.execute("SELECT count(*) FROM carried_out").fetchone()[0]) == 0
    FileJournal(file).append(LANE, [event(1)], {})
    file.close()


def test_whoever_waits_for_a_writer_that_is_stopped_is_not_told_that_he_is_on_disk() -> None:
    file = EdgeFile(":memory:")

    def stopped(jobs: list[object]) -> None:
        if jobs:
            raise KeyboardInterrupt

    file._commit_all = stopped  # type: ignore[method-assign,assignment] # a signal, after the queue was taken over
    waiting, told = threading.Event(), list[object]()

    def waits() -> None:
        waiting.set()
        try:
            told.append(file.write(lambda conn: conn.execute("DELETE FROM entry").rowcount))
        except ParkingError as error:
            told.append(error.code)
        except KeyboardInterrupt:
            told.append("stopped")

    with file._commit:
        threads = [threading.Thread(target=waits) for _ in range(2)]
        for thread in threads:
            thread.start()
        while len(file._queue) < 2:
            waiting.wait()
    for thread in threads:
        thread.join()
    assert sorted(map(str, told)) == ["edge.file", "stopped"]


PAGE = 4_096


def overwritten(raw: bytes) -> bytes:
    return b"not what it was." + raw[16:]


def with_a_page_of_zeros(raw: bytes) -> bytes:
    return raw[: 4 * PAGE] + bytes(PAGE) + raw[5 * PAGE :]


def cut_in_the_middle(raw: bytes) -> bytes:
    return raw[: len(raw) // 2 // PAGE * PAGE]


def a_file_with_events(path: Path, events: int = 200) -> None:
    file = EdgeFile(path)
    FileJournal(file).append(LANE, [event(number) for number in range(events)], {})
    file.close()


def cut_to_nothing(raw: bytes) -> bytes:
    return raw[:0]


@pytest.mark.parametrize("damage", [overwritten, with_a_page_of_zeros, cut_in_the_middle, cut_to_nothing])
def test_a_damaged_file_is_set_aside_as_it_is_and_the_box_works_with_a_new_one(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "edge.db"
    for nth in (1, 2):  # a worn disk does it again
        a_file_with_events(path)
        damaged = damage(path.read_bytes())
        path.write_bytes(damaged)
        file = open_or_begin_anew(path)
        journal = FileJournal(file)
        journal.append(LANE, [event(7)], {"at": 7})
        assert ids(journal) == ["e7"]
        assert set_aside(path)[-1].read_bytes() == damaged
        assert len(set_aside(path)) == nth
        file.close()
    file = open_or_begin_anew(path)
    assert ids(FileJournal(file)) == ["e7"]
    file.close()
    assert len(set_aside(path)) == 2


def test_a_whole_file_on_a_full_disk_is_not_set_aside_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    path = tmp_path / "edge.db"
    a_file_with_events(path, 3)
    box = EdgeFile(path)
    copy = LocalCopy(box)
    copy.apply(CopyChange("mall", 0, 1, (CopyRow("zone", "b1", 1, {"free": 4, "capacity": 9}),)))
    copy.close()
    box.close()
    start = (
        "import resource, sys; from pathlib import Path; from parking.gate.worn_file import open_or_begin_anew\n"
        "from parking.gate.copy_files import CopyFiles; from parking.kernel.errors import ParkingError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "CopyFiles(sys.argv[1]).open()\n"
        "try:\n    open_or_begin_anew(Path(sys.argv[1]))\n"
        "except ParkingError as error:\n    print(error.code)"
    )
    said = subprocess.run([sys.executable, "-c", start, path], capture_output=True, text=True, check=True, timeout=60)
    assert (said.stdout.strip(), set_aside(path)) == ("edge.disk_full", [])
    file = open_or_begin_anew(path)
    copy = LocalCopy(file)
    assert (ids(FileJournal(file)), copy.free()) == (["e0", "e1", "e2"], 4)
    copy.close()
    file.close()


@pytest.mark.parametrize("word", [b"v151", b'"at":150', b"lane_state", b"-4", b"CREATE TABLE entry"])
@pytest.mark.parametrize("bit", [0x80, 0x01])
def test_a_file_whose_pages_are_whole_and_whose_words_are_not_stops_no_box(
    tmp_path: Path, word: bytes, bit: int
) -> None:
    path = tmp_path / "edge.db"
    file = EdgeFile(path)
    journal = FileJournal(file)
    for number in range(200):
        journal.append(LANE, [event(number)], {"at": number} if number == 150 else {})
    file.write(lambda conn: conn.execute("UPDATE lane_state SET body = '{\"at\":150}'"))
    file.close()
    raw = bytearray(path.read_bytes())
    raw[raw.index(word) + 1] ^= bit
    path.write_bytes(raw)
    for _ in (1, 2):
        file = open_or_begin_anew(path)
        journal = FileJournal(file)
        journal.lane_state(LANE)
        journal.append(LANE, [event(7)], {"at": 7})
        assert ids(journal)[-1] == "e7"
        file.close()


def test_what_is_no_file_is_named_and_stays_where_it_is(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "edge.db")
    with pytest.raises(ParkingError, match="is no file"):
        open_or_begin_anew(tmp_path / "edge.db")
    assert [one.name for one in tmp_path.iterdir()] == ["edge.db"]


def test_a_file_that_has_lost_a_table_is_set_aside_as_well(tmp_path: Path) -> None:
    path = tmp_path / "edge.db"
    file = EdgeFile(path)
    file.write(lambda conn: conn.execute("DROP TABLE journal"))
    file.close()
    open_or_begin_anew(path).close()
    assert len(set_aside(path)) == 1


def test_a_disk_that_takes_nothing_any_more_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "edge.db"
    path.write_bytes(b"a worn card" * 1_000)

    def refused(_: Path, __: Path) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(ParkingError, match="nor be set aside: Read-only file system"):
        open_or_begin_anew(path)


def test_a_disk_that_does_not_list_its_files_is_faulty_and_stops_no_lane(tmp_path: Path) -> None:
    told = file_health(tmp_path / "gone" / "edge.db", NOW)
    assert (told.health, told.detail) == (Health.FAULTY, "No such file or directory")


def test_a_file_that_somebody_removes_under_a_running_box_is_told(tmp_path: Path) -> None:
    path = tmp_path / "edge.db"
    file = open_or_begin_anew(path)
    assert file_health(path, NOW).health is Health.OK
    path.unlink()
    report = file_health(path, NOW)
    assert (report.health, report.detail) == (Health.FAULTY, "No such file or directory")
    file.close()


def test_what_lies_beside_a_file_that_was_set_aside_is_not_taken_for_another(tmp_path: Path) -> None:
    for name in (
        "edge.unreadable-1",
        "edge.unreadable-1.lock",
        "edge.unreadable-1-wal",
        "edge.unreadable-10",
        "edge.copy-1",
    ):
        (tmp_path / name).touch()
    assert [one.name for one in set_aside(tmp_path / "edge")] == ["edge.unreadable-1", "edge.unreadable-10"]


def test_an_order_that_made_no_event_is_remembered_as_long_as_others(tmp_path: Path) -> None:
    file = EdgeFile(tmp_path / "edge.db")
    journal = FileJournal(file, SteadyClock(ManualClock(NOW)))
    journal.append(LANE, [], {}, carried_out="c1")
    journal.note([event(1)])
    journal.tidy(NOW + timedelta(days=29))
    assert file.carried_out(["c1"]) == {"c1"}
    journal.tidy(NOW + timedelta(days=31))
    assert file.carried_out(["c1"]) == frozenset()
    file.close()


def test_a_file_that_was_not_closed_is_whole_and_one_of_a_newer_release_stays_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "edge.db"
    open_file = EdgeFile(path)
    FileJournal(open_file).append(LANE, [event(1)], {})  # it is in the log beside the file
    again = open_or_begin_anew(path)
    assert ids(FileJournal(again)) == ["e1"]
    again.write(lambda conn: conn.execute("PRAGMA user_version = 99"))
    for file in (again, open_file):
        file.close()
    with pytest.raises(ParkingError, match="newer release") as refused:
        open_or_begin_anew(path)
    assert refused.value.code != UNREADABLE
    assert set_aside(path) == []


def test_a_box_is_run_by_one_process_and_a_dead_one_holds_nothing_up(tmp_path: Path) -> None:
    path = tmp_path / "edge.db"
    runs = f"from parking.gate.edge_file import alone, Path\nwith alone(Path({str(path)!r})): print(1, flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", runs], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(ParkingError, match="another process runs the box"), alone(path):
            pass
        (tmp_path / "link.db").symlink_to(path)
        with pytest.raises(ParkingError, match="another process runs the box"), alone(tmp_path / "link.db"):
            pass
        other.kill()
    with alone(path):
        pass
    with alone(tmp_path / "no folder" / "edge.db"):
        pass


def test_a_file_that_is_no_database_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "edge.db").write_bytes(b"this is not a database" * 100)
    with pytest.raises(ParkingError, match="the box's file cannot be used"):
        EdgeFile(tmp_path / "edge.db")


def test_what_was_acknowledged_long_ago_goes_and_what_was_not_stays(tmp_path: Path) -> None:
    file = EdgeFile(tmp_path / "edge.db")
    journal = FileJournal(file, kept=10)
    journal.append(LANE, [event(n) for n in range(1, 41)], {})
    assert (journal.tidy(NOW), journal.oldest()) == (0, 1)
    journal.acknowledge(25)
    assert (journal.tidy(NOW), journal.oldest(), len(ids(journal))) == (25, 26, 15)
    journal.acknowledge(40)
    assert (journal.tidy(NOW), journal.oldest(), journal.tidy(NOW)) == (5, 31, 0)
    journal.acknowledge(30)
    assert ids(journal) == [f"e{n}" for n in range(31, 41)], "a server from a backup gets the newest again"
    journal.append(LANE, [event(41)], {})
    assert [entry.seq for entry in journal.unacknowledged(100)][-1] == 41
    file.close()


def test_a_send_walks_a_long_journal_no_more_than_a_short_one(tmp_path: Path) -> None:
    file = EdgeFile(tmp_path / "edge.db")
    journal = FileJournal(file)

    def steps_of_a_send() -> int:
        with counted_steps(file._reader) as steps:
            journal.unacknowledged(10)
            journal.oldest()
            journal.tidy(NOW)
        return steps()

    journal.note([event(n) for n in range(1, 51)])
    few = steps_of_a_send()
    journal.note([event(n) for n in range(51, 5_001)])
    assert steps_of_a_send() < 1.2 * few
    file.close()


def test_a_hundred_thousand_events_are_kept_and_purged_in_small_steps(tmp_path: Path) -> None:
    file = EdgeFile(tmp_path / "edge.db")
    journal = FileJournal(file)
    for first in range(1, KEPT + REMOVED_AT_ONCE + 1, 10_050):
        journal.note([event(n) for n in range(first, first + 10_050)])
    journal.acknowledge(100_500)
    assert (journal.tidy(NOW), journal.tidy(NOW), journal.oldest()) == (REMOVED_AT_ONCE, 0, REMOVED_AT_ONCE + 1)
    file.close()


def test_a_code_that_has_opened_a_lane_is_used_up_with_the_same_write(tmp_path: Path) -> None:
    file = EdgeFile(tmp_path / "edge.db")
    journal, copy = FileJournal(file), LocalCopy(file)
    used = Envelope(EventId("e1"), NOW, "edge-1", CodeUsed("code-1", LANE, VisitId("v1")))
    assert not copy.used("code-1")
    journal.append(LANE, [used], {}, carried_out="c1")
    assert (copy.used("code-1"), copy.used("code-2"), file.carried_out(["c1", "c2"])) == (
        True,
        False,
        frozenset({"c1"}),
    )
    journal.tidy(NOW + timedelta(days=20))
    assert copy.used("code-1")
    journal.tidy(NOW + timedelta(days=31))
    assert (copy.used("code-1"), file.carried_out(["c1", "c2"])) == (False, frozenset())
    file.close()


def test_a_box_of_the_first_release_keeps_its_journal_and_gets_a_new_copy(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "edge.db")
    old.executescript(
        """
        CREATE TABLE journal (one INTEGER PRIMARY KEY CHECK (one = 1), epoch TEXT NOT NULL, acked INTEGER NOT NULL);
        CREATE TABLE entry (seq INTEGER PRIMARY KEY, body TEXT NOT NULL);
        CREATE TABLE lane_state (lane_id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE copy (one INTEGER PRIMARY KEY CHECK (one = 1), site TEXT NOT NULL, version INTEGER NOT NULL);
        CREATE TABLE copy_row (kind TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
        CREATE TABLE carried_out (command_id TEXT PRIMARY KEY) WITHOUT ROWID;
        INSERT INTO journal VALUES (1, 'epoch-1', 1);
        INSERT INTO entry VALUES (1, '{"id":"e1"}'), (2, '{"id":"e2"}');
        INSERT INTO carried_out VALUES ('c1');
        """
    )
    old.close()
    file = EdgeFile(tmp_path / "edge.db")
    journal = FileJournal(file)
    assert (journal.epoch, ids(journal), file.carried_out(["c1", "c2"])) == ("epoch-1", ["e2"], frozenset({"c1"}))
    journal.append(LANE, [event(3)], {})
    assert [entry.seq for entry in journal.unacknowledged(10)] == [2, 3]
    file.close()


def test_a_file_of_a_newer_release_is_left_alone(tmp_path: Path) -> None:
    file = EdgeFile(tmp_path / "edge.db")
    file.write(lambda conn: conn.execute("PRAGMA user_version = 99"))
    file.close()
    with pytest.raises(ParkingError, match="newer release"):
        EdgeFile(tmp_path / "edge.db")


def test_what_the_server_has_is_kept_for_its_time_and_numbers_go_on(tmp_path: Path) -> None:
    journal = FileJournal(EdgeFile(tmp_path / "edge.db"))
    for number in range(1, 6):
        journal.append(LANE, [event(number)], {})
    late = NOW + KEPT_FOR + timedelta(minutes=1)
    assert journal.tidy(late) == 0, "the server has none of them"
    journal.acknowledge(3)
    assert (journal.tidy(NOW + KEPT_FOR), journal.tidy(late), journal.oldest()) == (0, 3, 4)
    journal.acknowledge(5)
    assert (journal.tidy(late), journal.oldest()) == (1, 5), "the last one stays"
    journal.append(LANE, [event(6)], {})
    assert [entry.seq for entry in journal.unacknowledged(9)] == [6]
