"""The lane's copy on a real disk: found by ref, seen whole or not at all, rebuilt when the server's past is another one."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parking.access.snapshot import CopyChange, CopyRow, refs_of
from parking.gate import copy_file, local_copy
from parking.gate.copy_file import CopyFile, Position, StoredRow
from parking.gate.edge_file import EdgeFile
from parking.gate.link_wire import CopyImage
from parking.gate.local_copy import LocalCopy
from parking.kernel.codec import to_plain
from parking.kernel.errors import ParkingError
from parking.kernel.ids import LaneId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from tests.builders.plumbing import counted_steps

pytestmark = pytest.mark.req("GATE-3")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def stay(plate: str, **changes: Any) -> dict[str, Any]:
    return {
        "plate": plate,
        "entered_at": to_plain(NOON),
        "paid_until": None,
        "currency": "CNY",
        "prices": [[to_plain(NOON + timedelta(hours=n)), 500 * n] for n in (1, 2, 3)],
        "paid_minor": 0,
        "credit_minor": 0,
        **changes,
    }


def zone(free: int) -> dict[str, Any]:
    return {"free": free, "capacity": 100}


def change(since: int, *rows: CopyRow, upto: int | None = None, epoch: str = "past-1") -> CopyChange:
    """A page that follows on `since`."""
    version = max((row.version for row in rows), default=since)
    return CopyChange("mall", since, version, rows, epoch, upto)


def stays_of(copy: LocalCopy, *plates: str) -> list[str | None]:
    found = [copy.stay_of(Plate(plate)) for plate in plates]
    return [row.stay_id if row is not None else None for row in found]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[EdgeFile]:
    file = EdgeFile(tmp_path / "edge.db")
    yield file
    file.close()


def test_a_change_walks_a_large_copy_no_more_than_a_small_one(tmp_path: Path) -> None:
    file = CopyFile(tmp_path / "edge.copy-1.db")

    def stored(first: int, count: int) -> list[StoredRow]:
        return [StoredRow("stay", str(n), n, "{}", (n,)) for n in range(first, first + count)]

    def steps_of_a_change(version: int) -> int:
        with counted_steps(file._writer) as steps:
            file.take(Position("mall", "past-1", version, version), stored(version, 1))
        return steps()

    file.take(Position("mall", "past-1", 50, 50), stored(1, 50))
    few = steps_of_a_change(51)
    file.take(Position("mall", "past-1", 9_000, 9_000), stored(52, 8_949))
    assert steps_of_a_change(9_001) < 1.5 * few
    file.close()


def test_a_copy_knows_price_schedule_exit_grant_credit_and_room(box: EdgeFile) -> None:
    copy = LocalCopy(box)
    granted = stay("苏A00001", paid_until=to_plain(NOON + timedelta(minutes=15)), paid_minor=500, credit_minor=3000)
    copy.apply(
        change(
            0, CopyRow("stay", "s1", 1, granted), CopyRow("zone", "b1", 2, zone(7)), CopyRow("zone", "b2", 3, zone(5))
        )
    )
    found = copy.stay_of(Plate("苏A00001"))
    assert found is not None
    assert found.due(NOON + timedelta(minutes=90)) == Money(500, "CNY")  # the second hour is 10.00, 5.00 are paid
    assert found.due(NOON + timedelta(hours=4)) is None
    assert (found.paid_until, found.credit_minor, copy.free()) == (NOON + timedelta(minutes=15), 3000, 12)
    copy.close()


def test_a_row_that_changes_its_refs_is_found_by_the_new_ones_alone(box: EdgeFile) -> None:
    copy = LocalCopy(box)
    copy.apply(change(0, CopyRow("stay", "s1", 1, stay("苏A00001"))))
    copy.apply(change(1, CopyRow("stay", "s1", 2, stay("苏A00002"))))
    assert stays_of(copy, "苏A00001", "苏A00002") == [None, "s1"]
    copy.apply(change(2, CopyRow("stay", "s1", 3, None)))
    assert stays_of(copy, "苏A00001", "苏A00002") == [None, None]
    assert (copy.count("stay", "plate:苏A00002"), copy.version) == (0, 3)
    copy.close()


def test_what_is_gone_leaves_nothing_in_the_file(box: EdgeFile, tmp_path: Path) -> None:
    copy = LocalCopy(box)
    copy.apply(change(0, *(CopyRow("stay", f"s{n}", n, stay("苏A00001")) for n in range(1, 6))))
    copy.apply(change(5, *(CopyRow("stay", f"s{n}", 5 + n, None) for n in range(1, 6))))
    copy.close()
    (path,) = tmp_path.glob("edge.copy-*.db")
    file = CopyFile(path)
    assert [file._writer.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("fact", "ref")] == [0, 0]
    file.close()


def test_a_lane_never_decides_from_half_a_first_copy(box: EdgeFile) -> None:
    copy = LocalCopy(box)
    copy.apply(
        change(
            0,
            CopyRow("list", "苏A00009", 1, {"listed_as": "allow", "note": "", "valid_from": None, "valid_until": None}),
            upto=3,
        )
    )
    assert (copy.loaded, copy.version, copy.listed(Plate("苏A00009")), copy.position) == (False, 0, None, ("past-1", 1))
    copy.apply(change(1, CopyRow("zone", "b1", 2, zone(4)), upto=3))
    assert (copy.loaded, copy.free()) == (False, None)
    copy.apply(change(2, CopyRow("stay", "s1", 3, stay("苏A00001")), upto=3))
    assert (copy.loaded, copy.version, copy.free(), stays_of(copy, "苏A00001")) == (True, 3, 4, ["s1"])
    assert copy.listed(Plate("苏A00009")) is not None
    copy.close()


def test_a_change_of_many_pages_appears_in_one_moment(box: EdgeFile) -> None:
    copy = LocalCopy(box)
    copy.apply(change(0, CopyRow("zone", "b1", 1, zone(1)), CopyRow("stay", "s1", 2, stay("苏A00001"))))
    copy.apply(change(2, CopyRow("zone", "b1", 3, zone(9)), CopyRow("stay", "s2", 4, stay("苏A00002")), upto=6))
    assert (copy.free(), copy.version, stays_of(copy, "苏A00001", "苏A00002")) == (1, 2, ["s1", None])
    copy.apply(change(4, CopyRow("stay", "s1", 5, None), CopyRow("zone", "b1", 6, zone(8)), upto=6))
    assert (copy.free(), copy.version, stays_of(copy, "苏A00001", "苏A00002")) == (8, 6, [None, "s2"])
    copy.close()


def test_a_load_that_was_cut_short_goes_on_where_it_was_after_a_power_cut(box: EdgeFile) -> None:
    copy = LocalCopy(box)
    copy.apply(change(0, CopyRow("zone", "b1", 1, zone(4)), upto=2))
    copy.close()
    again = LocalCopy(box)
    assert (again.loaded, again.position) == (False, ("past-1", 1))
    again.apply(change(1, CopyRow("zone", "b2", 2, zone(3)), upto=2))
    assert (again.loaded, again.free()) == (True, 7)
    again.close()


def test_a_page_with_one_bad_row_changes_nothing_and_names_the_field(box: EdgeFile) -> None:
    copy = LocalCopy(box)
    copy.apply(change(0, CopyRow("zone", "b1", 1, zone(4))))
    with pytest.raises(ParkingError, match="should be an int") as refused:
        copy.apply(change(1, CopyRow("zone", "b1", 2, zone(5)), CopyRow("zone", "b2", 3, {"free": "9", "capacity": 1})))
    assert (refused.value.field, copy.free(), copy.position) == ("zone.free", 4, ("past-1", 1))
    copy.close()


def test_a_server_with_another_past_gets_its_copy_rebuilt_while_the_old_one_serves(box: EdgeFile) -> None:
    copy = LocalCopy(box)
    copy.apply(change(0, CopyRow("zone", "b1", 90, zone(4)), CopyRow("stay", "lost", 91, stay("苏A00001"))))
    copy.apply(change(0, CopyRow("zone", "b1", 40, zone(6)), upto=41, epoch="past-2"))
    assert (copy.version, copy.free(), stays_of(copy, "苏A00001"), copy.position) == (91, 4, ["lost"], ("past-2", 40))
    copy.apply(change(40, CopyRow("stay", "s1", 41, stay("苏A00002")), upto=41, epoch="past-2"))
    assert (copy.version, copy.free(), stays_of(copy, "苏A00001", "苏A00002")) == (41, 6, [None, "s1"])
    assert (copy.rebuilt, copy.position) == (1, ("past-2", 41))
    copy.close()


def test_a_change_of_another_past_that_does_not_begin_at_the_beginning_is_refused(box: EdgeFile) -> None:
    copy = LocalCopy(box)
    copy.apply(change(0, CopyRow("zone", "b1", 5, zone(4))))
    with pytest.raises(ParkingError, match="another past"):
        copy.apply(change(3, CopyRow("zone", "b1", 6, zone(9)), epoch="past-2"))
    with pytest.raises(ParkingError, match="does not follow"):
        copy.apply(change(7, CopyRow("zone", "b1", 8, zone(9))))
    assert copy.free() == 4
    copy.close()


def test_a_server_that_has_merely_restarted_gives_its_epoch_and_nothing_is_loaded_again(box: EdgeFile) -> None:
    copy = LocalCopy(box)
    copy.apply(change(0, CopyRow("zone", "b1", 5, zone(4))))
    assert not copy.apply(change(5, epoch="past-2"))
    assert (copy.position, copy.rebuilt, copy.free()) == (("past-2", 5), 0, 4)
    copy.apply(change(5, CopyRow("zone", "b1", 6, zone(3)), epoch="past-3"))
    assert (copy.position, copy.rebuilt, copy.free()) == (("past-3", 6), 0, 3)
    copy.close()


def test_an_image_is_a_whole_copy_at_once_and_changes_follow_on_it(box: EdgeFile, tmp_path: Path) -> None:
    maker = LocalCopy(EdgeFile(":memory:"))
    maker.apply(change(0, CopyRow("zone", "b1", 1, zone(4)), CopyRow("stay", "s1", 2, stay("苏A00001"))))
    image = CopyImage("mall", "past-1", 2, copy_file.FORMAT, maker.image())
    copy = LocalCopy(box)
    assert copy.take_image(image)
    copy.apply(change(2, CopyRow("zone", "b1", 3, zone(2))))
    copy.close()
    again = LocalCopy(box)
    assert (again.version, again.free(), stays_of(again, "苏A00001")) == (3, 2, ["s1"])
    again.close()
    assert len(list(tmp_path.glob("edge.copy-*.db"))) == 1


@pytest.mark.parametrize("raw", [b"", b"SQLite format 3\0" + b"\0" * 500, b"no database at all" * 100])
def test_an_image_that_cannot_be_read_leaves_the_copy_as_it_was(box: EdgeFile, tmp_path: Path, raw: bytes) -> None:
    copy = LocalCopy(box)
    copy.apply(change(0, CopyRow("zone", "b1", 1, zone(4))))
    with pytest.raises(ParkingError):
        copy.take_image(CopyImage("mall", "past-1", 9, copy_file.FORMAT, raw))
    with pytest.raises(ParkingError, match="another site"):
        copy.take_image(CopyImage("tower", "past-1", 9, copy_file.FORMAT, raw))
    assert (copy.free(), copy.version, len(list(tmp_path.glob("edge.copy-*.db")))) == (4, 1, 1)
    copy.close()


def test_a_copy_whose_file_is_spoilt_is_fetched_anew_and_the_journal_is_untouched(
    box: EdgeFile, tmp_path: Path
) -> None:
    copy = LocalCopy(box)
    copy.apply(change(0, CopyRow("zone", "b1", 1, zone(4))))
    copy.close()
    (path,) = tmp_path.glob("edge.copy-*.db")
    path.write_bytes(b"this is not a database" * 1000)
    again = LocalCopy(box)
    assert (again.loaded, again.position, again.free()) == (False, ("", 0), None)
    again.apply(change(0, CopyRow("zone", "b1", 1, zone(4))))
    assert again.free() == 4
    again.close()


def test_a_copy_that_is_spoilt_while_it_serves_is_given_up(box: EdgeFile, tmp_path: Path) -> None:
    copy = LocalCopy(box)
    copy.apply(change(0, *(CopyRow("stay", f"s{n}", n, stay(f"苏A{n:05d}")) for n in range(1, 400))))
    assert copy._served is not None
    copy._served.make_durable()
    (path,) = tmp_path.glob("edge.copy-*.db")
    raw = path.read_bytes()
    path.write_bytes(raw[:4096] + b"\x55" * (len(raw) - 4096))
    assert stays_of(copy, "苏A00007") == [None]
    assert (copy.loaded, copy.position) == (False, ("", 0))
    copy.close()


@pytest.mark.parametrize(
    "word", [b'"free":4', b'"entered_at"', b'"credit_minor"', "苏A00007".encode(), b"CREATE TABLE"]
)
@pytest.mark.parametrize("bit", [0x80, 0x01])
def test_a_word_of_the_copy_that_a_worn_disk_has_garbled_stops_no_lane_and_is_fetched_anew(
    box: EdgeFile, tmp_path: Path, word: bytes, bit: int
) -> None:
    copy = LocalCopy(box)
    rows = [
        CopyRow("zone", "b1", 1, zone(4)),
        *(CopyRow("stay", f"s{n}", n, stay(f"苏A{n:05d}")) for n in range(2, 40)),
    ]
    copy.apply(change(0, *rows))
    copy.close()
    (path,) = tmp_path.glob("edge.copy-*.db")
    raw = bytearray(path.read_bytes())
    raw[raw.index(word) + 1] ^= bit
    path.write_bytes(raw)
    again = LocalCopy(box)
    for number in range(2, 40):  # every car asks, and whatever is not known any more is no reason to stand still
        assert again.stay_of(Plate(f"苏A{number:05d}")) is None or again.loaded
    assert again.free() in (4, None)
    if not again.loaded:
        assert again.position == ("", 0)
        again.apply(change(0, *rows))
        assert (again.free(), stays_of(again, "苏A00007")) == (4, ["s7"])
    again.close()


@pytest.mark.parametrize(
    ("at", "bad"),
    [(b"T13:00", b"T1z:00"), (b",500]", b",-00]"), (b",500]", b",00:]"), (b",500]", b"4500]"), (b'[["', b"[[}")],
    ids=str,
)
def test_a_price_list_that_a_worn_disk_has_garbled_prices_nothing_and_stops_no_lane(
    box: EdgeFile, tmp_path: Path, at: bytes, bad: bytes
) -> None:
    copy = LocalCopy(box)
    copy.apply(change(0, CopyRow("stay", "s1", 1, stay("苏A00001"))))
    copy.close()
    (path,) = tmp_path.glob("edge.copy-*.db")
    raw = path.read_bytes()
    path.write_bytes(raw.replace(at, bad))
    again = LocalCopy(box)
    known = again.stay_of(Plate("苏A00001"))
    assert known is not None
    assert known.due(NOON) is None
    again.close()


def test_a_copy_that_takes_no_change_any_more_is_given_up_for_a_new_one(box: EdgeFile, tmp_path: Path) -> None:
    copy = LocalCopy(box)
    rows = [CopyRow("stay", f"s{n}", n, stay(f"苏A{n:05d}")) for n in range(1, 400)]
    copy.apply(change(0, *rows))
    copy.close()
    (path,) = tmp_path.glob("edge.copy-*.db")
    whole, refused = path.read_bytes(), 0
    for begins in range(4096, len(whole), 4096):  # page by page
        for old in tmp_path.glob("edge.copy-*"):
            old.unlink()
        path.write_bytes(whole[:begins] + b"\x55" * 4096 + whole[begins + 4096 :])
        copy = LocalCopy(box)
        try:
            copy.apply(change(copy.position[1], CopyRow("stay", "s1", 400, stay("苏A00001"))))
        except ParkingError:
            refused += 1
            assert copy.position == ("", 0)
            copy.apply(change(0, *rows))
            assert stays_of(copy, "苏A00007") == ["s7"]
        copy.close()
    assert refused


def test_a_file_left_by_a_crash_between_two_copies_is_cleared_away(box: EdgeFile, tmp_path: Path) -> None:
    copy = LocalCopy(box)
    copy.apply(change(0, CopyRow("zone", "b1", 1, zone(4))))
    copy.close()
    shutil.copy(tmp_path / "edge.copy-1.db", tmp_path / "edge.copy-7.db")
    again = LocalCopy(box)
    assert (again.free(), [path.name for path in tmp_path.glob("edge.copy-*.db")]) == (4, ["edge.copy-7.db"])
    again.close()


def test_an_order_is_given_until_it_has_been_carried_out(box: EdgeFile) -> None:
    copy = LocalCopy(box)
    order = {"lane_id": "in-1", "action": "open", "actor": "li", "reason": "intercom", "expires_at": to_plain(NOON)}
    copy.apply(change(0, CopyRow("command", "c2", 1, order), CopyRow("command", "c1", 2, order)))
    assert [row.command_id for row in copy.orders(LaneId("in-1"))] == ["c2", "c1"]
    box.write(lambda conn: conn.execute("INSERT INTO carried_out (command_id) VALUES ('c2')"))
    assert [row.command_id for row in copy.orders(LaneId("in-1"))] == ["c1"]
    assert copy.orders(LaneId("in-2")) == ()
    copy.close()


def test_lanes_ask_while_the_copy_changes_and_is_replaced_and_see_one_version_or_the_other(box: EdgeFile) -> None:
    copy = LocalCopy(box)
    copy.apply(change(0, CopyRow("zone", "b1", 1, zone(10)), CopyRow("zone", "b2", 2, zone(10))))
    stopping, seen, broken = threading.Event(), set(), []

    def ask() -> None:
        while not stopping.is_set():
            try:
                seen.add(copy.free())
            except Exception as error:  # the test's question is whether there is any
                broken.append(error)
                return

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for turn in range(1, 40):
        since, epoch = (copy.position[1], f"past-{turn // 10 + 1}")
        start = 0 if turn % 10 == 0 else since
        first = max(start, 0) + 1
        both = CopyRow("zone", "b1", first, zone(10 + turn)), CopyRow("zone", "b2", first + 1, zone(10 + turn))
        copy.apply(CopyChange("mall", start, first, both[:1], epoch, first + 1))
        copy.apply(CopyChange("mall", first, first + 1, both[1:], epoch, first + 1))
    stopping.set()
    for thread in threads:
        thread.join()
    assert broken == []
    assert seen <= {2 * (10 + turn) for turn in range(40)}, "half a change was seen"
    assert copy.free() == 98
    copy.close()


KEYS, PLATES = ("s1", "s2", "s3"), ("苏A00001", "苏A00002")
WRITES = st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from((*PLATES, None)), st.booleans()), max_size=25)


@settings(max_examples=60, deadline=None)
@given(WRITES)
def test_whatever_is_written_in_whatever_pages_the_copy_holds_what_was_last_written(
    writes: list[tuple[str, str | None, bool]],
) -> None:
    copy = LocalCopy(EdgeFile(":memory:"))
    truth: dict[str, str | None] = {}
    served: dict[str, str | None] = {}
    pending: list[CopyRow] = []
    since, total = 0, len(writes)
    for version, (key, plate, ends_page) in enumerate(writes, start=1):
        truth[key] = plate
        pending = [row for row in pending if row.key != key]
        pending.append(CopyRow("stay", key, version, stay(plate) if plate else None))
        if ends_page or version == total:
            whole = version == total or version % 3 == 0
            copy.apply(CopyChange("mall", since, version, tuple(pending), "past-1", version if whole else total))
            since, pending = version, []
            served = dict(truth) if whole else served
        for one in PLATES:
            found = sorted(str(row.stay_id) for row in copy.find("stay", f"plate:{one}") if hasattr(row, "stay_id"))
            assert found == sorted(k for k, p in served.items() if p == one)


def test_two_refs_that_share_a_number_are_told_apart(box: EdgeFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_copy, "ref_number", lambda kind, _ref: 7 if kind == "stay" else 8)
    copy = LocalCopy(box)
    copy.apply(change(0, CopyRow("stay", "s1", 1, stay("苏A00001")), CopyRow("stay", "s2", 2, stay("苏A00002"))))
    assert stays_of(copy, "苏A00001", "苏A00002", "苏A00003") == ["s1", "s2", None]
    found = copy.find("stay", "plate:苏A00001")
    assert ["plate:苏A00001" in refs_of(row) for row in found] == [True]
    copy.close()
