"""Holders, passes, invitations and who is inside, on real databases: what is kept stands in every lane's copy with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from parking.access import csv_rows, following, invitation_store, keeping, rights_store, service, store
from parking.access.csv_rows import FileIn, Taken
from parking.access.invitation_store import Invitation
from parking.access.queries import Queries
from parking.access.right_files import FILES
from parking.access.rights_store import Group, Holder
from parking.access.rows import (
    Day,
    InsideRow,
    ListedAs,
    ListRow,
    LotRow,
    PassRow,
    ScheduleRow,
    SecondCar,
    Window,
)
from parking.access.store import ServersCopy
from parking.kernel.clock import ManualClock
from parking.kernel.errors import ParkingError
from parking.kernel.events import (
    CaseOpened,
    CodeUsed,
    Direction,
    Envelope,
    Event,
    LaneDecided,
    StayClosed,
    VehiclePassed,
)
from parking.kernel.ids import EventId, LaneId, LotId, StayId, VisitId
from parking.kernel.plate import Plate
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.tables import outbox
from tests.builders.access import CARD, TAG, a_pass, an_invitation, listed, plate

pytestmark = pytest.mark.req("GATE-5")
PASSES = FILES[0]
A, B = "苏A12345", "粤B23456"
HOUR = timedelta(hours=1)


def do(database: Database, *works: Callable[[UnitOfWork], object]) -> None:
    for work in works:
        database.write(work)


def a_site(database: Database, *more: Callable[[UnitOfWork], object]) -> None:
    """A tenant of two bays with a manager, her two cars and her tag, a pass of one bay; a lot and a schedule."""
    windows = (Window((Day.MON,), 0, 600),)
    do(
        database,
        lambda uow: keeping.save_group(uow, Group("g", "Tenant", 2, SecondCar.REFUSE)),
        lambda uow: keeping.save_schedule(uow, "Mondays", ScheduleRow("mondays", "Asia/Shanghai", windows)),
        lambda uow: keeping.save_lot(uow, LotRow(LotId("a"), None, 10, None)),
        lambda uow: keeping.save_holder(uow, Holder("h1", "Wang", "g", (plate(A), plate(B)), (TAG,))),
        lambda uow: keeping.save_pass(uow, a_pass("p1", A, B)),
        *more,
    )


def free_in(database: Database, lot_id: str) -> int | None:
    lot = database.read(lambda conn: ServersCopy(conn).lot(LotId(lot_id)))
    return lot.free if lot else None


def asked(database: Database, question: Callable[[Queries], Any]) -> Any:
    """What a lane would be told by the very same question."""
    return database.read(lambda conn: question(ServersCopy(conn)))


def told(database: Database, event: Event, *, ago: timedelta = timedelta(0)) -> None:
    """A lane's event arrives and is followed."""
    envelope = Envelope(EventId(f"e-{id(event)}"), database.clock.now() - ago, "edge-1", event)
    database.write(lambda uow: following.follow(uow, envelope))


def passed(stay: str, text: str | None, direction: Direction = Direction.IN, **changes: Any) -> VehiclePassed:
    values: dict[str, Any] = {"confidence": 0.9, "stay_id": StayId(stay), "authorised": True}
    seen = plate(text) if text else None
    return VehiclePassed(LaneId("in-1"), VisitId(stay), direction, seen, **{**values, **changes})


def inside(database: Database, ref: str = "pass:p1") -> list[InsideRow]:
    return list(asked(database, lambda copy: copy.inside_by(ref)))


def cases(database: Database) -> list[str]:
    query = outbox.select().where(outbox.c.type == CaseOpened.__name__)
    return database.read(lambda conn: [row.data["reason"] for row in conn.execute(query)])


# --- keeping ---------------------------------------------------------------------------------------------------------


def test_what_is_kept_is_in_the_copy_of_every_lane(database: Database) -> None:
    a_site(database)
    held = asked(database, lambda copy: copy.passes_of(plate(A)))
    assert [(p.pass_id, p.group_id, p.bays) for p in held] == [("p1", "g", 1)]
    (holder,) = asked(database, lambda copy: copy.holders_of(TAG))
    assert (holder.holder_id, holder.pass_ids, set(holder.plates)) == ("h1", ("p1",), {plate(A), plate(B)})
    kinds = {row.kind for row in database.read(lambda conn: store.rows_since(conn, "mall", 0))}
    assert kinds == {"group", "schedule", "lot", "holder", "pass"}


def test_a_credential_taken_away_leaves_the_copy_and_a_new_one_comes(database: Database) -> None:
    a_site(database, lambda uow: keeping.save_holder(uow, Holder("h1", "Wang", "g", (), (CARD,))))
    assert asked(database, lambda copy: copy.holders_of(TAG)) == []
    (holder,) = asked(database, lambda copy: copy.holders_of(CARD))
    assert holder.pass_ids == ("p1",)
    stored = database.read(lambda conn: rights_store.holder(conn, "h1"))
    assert stored == Holder("h1", "Wang", "g", (), (CARD,))


def test_a_pass_that_changes_hands_is_brought_by_the_new_holders_credential_alone(database: Database) -> None:
    a_site(
        database,
        lambda uow: keeping.save_holder(uow, Holder("h2", "Li", None, (), (CARD,))),
        lambda uow: keeping.save_pass(uow, a_pass("p1", A, holder_id="h2")),
    )
    assert [h.pass_ids for h in asked(database, lambda copy: copy.holders_of(TAG))] == [()]
    assert [h.pass_ids for h in asked(database, lambda copy: copy.holders_of(CARD))] == [("p1",)]


def test_what_is_taken_away_leaves_every_copy(database: Database) -> None:
    a_site(
        database,
        lambda uow: keeping.remove_pass(uow, "p1"),
        lambda uow: keeping.remove_holder(uow, "h1"),
        lambda uow: keeping.remove_group(uow, "g"),
        lambda uow: keeping.remove_schedule(uow, "mondays"),
        lambda uow: keeping.remove_lot(uow, "a"),
    )
    rows = database.read(lambda conn: store.rows_since(conn, "mall", 0))
    assert [row for row in rows if row.data is not None] == []
    assert asked(database, lambda copy: (copy.passes_of(plate(A)), copy.holders_of(TAG))) == ([], [])


def take_the_lot_from_under_a_pass(uow: UnitOfWork) -> None:
    keeping.save_pass(uow, a_pass("p2", A, lots=(LotId("a"),)))
    keeping.remove_lot(uow, "a")


REFUSED: list[tuple[Callable[[UnitOfWork], object], str, str | None]] = [
    (lambda uow: keeping.save_pass(uow, a_pass("p2", A, holder_id="nobody")), "holder.unknown", "holder_id"),
    (lambda uow: keeping.save_pass(uow, a_pass("p2", A, schedule_id="x")), "schedule.unknown", "schedule_id"),
    (lambda uow: keeping.save_pass(uow, a_pass("p2", A, group_id="x")), "group.unknown", "group_id"),
    (lambda uow: keeping.save_pass(uow, a_pass("p2", A, lots=(LotId("a"), LotId("x")))), "lot.unknown", "lots[1]"),
    (lambda uow: keeping.save_pass(uow, a_pass("p2", A, A)), "pass.twice", "plates"),
    (take_the_lot_from_under_a_pass, "lot.used", None),
    (
        lambda uow: keeping.save_pass(uow, a_pass("p2", A, valid_from=uow.now, valid_until=uow.now)),
        "access.validity",
        "valid_until",
    ),
    (lambda uow: keeping.save_holder(uow, Holder("h2", "Li", None, (), (TAG,))), "credential.taken", None),
    (lambda uow: keeping.save_holder(uow, Holder("h2", "Li", None, (plate(A), plate(A)))), "holder.twice", "plates"),
    (
        lambda uow: keeping.save_holder(uow, Holder("h2", "Li", None, (), (CARD, CARD))),
        "credential.twice",
        "credentials",
    ),
    (lambda uow: keeping.save_holder(uow, Holder("h2", "Li", "x")), "group.unknown", "group_id"),
    (lambda uow: keeping.save_lot(uow, LotRow(LotId("a"), LotId("a"), 1, None)), "lot.circle", "outer_lot_id"),
    (lambda uow: keeping.save_lot(uow, LotRow(LotId("b"), LotId("x"), 1, None)), "lot.unknown", "outer_lot_id"),
    (
        lambda uow: keeping.save_schedule(uow, "s", ScheduleRow("s", "Middle/Earth", (Window((Day.MON,), 0, 9),))),
        "schedule.time_zone",
        "time_zone",
    ),
    (lambda uow: keeping.save_schedule(uow, "s", ScheduleRow("s", "UTC", ())), "schedule.empty", "windows"),
    (lambda uow: keeping.remove_group(uow, "g"), "group.used", None),
    (lambda uow: keeping.remove_holder(uow, "h1"), "holder.used", None),
    (lambda uow: keeping.remove_pass(uow, "x"), "pass.unknown", None),
    (
        lambda uow: service.put_on_list(uow, listed(A, ListedAs.STAFF, schedule_id="x")),
        "schedule.unknown",
        "schedule_id",
    ),
]


@pytest.mark.parametrize(("work", "code", "field"), REFUSED, ids=[f"{code} {field}" for _, code, field in REFUSED])
def test_what_does_not_fit_is_refused_by_name_and_changes_nothing(
    memory_database: Database, work: Callable[[UnitOfWork], object], code: str, field: str | None
) -> None:
    a_site(memory_database)
    before = memory_database.read(lambda conn: store.rows_since(conn, "mall", 0))
    with pytest.raises(ParkingError) as refused:
        memory_database.write(work)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert A not in str(refused.value)
    assert TAG.value not in str(refused.value)
    assert memory_database.read(lambda conn: store.rows_since(conn, "mall", 0)) == before


# --- following the passages ------------------------------------------------------------------------------------------


def test_who_drives_in_on_a_pass_is_inside_and_who_leaves_is_not(database: Database) -> None:
    a_site(database)
    told(database, passed("s1", A, right="pass:p1", credential=TAG, lot_id=LotId("a")))
    (row,) = inside(database)
    assert (row.stay_id, row.plate, row.holder_id, row.group_id, row.credentials) == ("s1", plate(A), "h1", "g", (TAG,))
    assert free_in(database, "a") == 9
    assert database.read(lambda conn: service.credentials_of(conn, StayId("s1"))) == (TAG,)
    told(database, passed("s1", A, Direction.OUT, lot_id=LotId("a")))
    assert inside(database) == []
    assert free_in(database, "a") == 10


def test_a_bay_that_two_cut_off_lanes_gave_away_is_the_first_ones_and_a_person_hears_of_the_second(
    database: Database,
) -> None:
    a_site(database)
    told(database, passed("s1", A, right="pass:p1"))
    told(database, passed("s2", B, right="pass:p1"))
    assert [row.stay_id for row in inside(database)] == ["s1"]
    assert [row.right for row in inside(database, "stay:s2")] == [None]
    assert cases(database) == ["pass_overused"]
    now = database.clock.now()

    def free(stay: str, text: str) -> str | None:
        return database.read(lambda conn: service.parks_free(conn, StayId(stay), plate(text), now, right="pass:p1"))

    assert (free("s1", A), free("s2", B)) == ("pass:p1", None)


def test_an_entry_that_arrives_after_its_exit_leaves_nobody_inside(database: Database) -> None:
    a_site(database)
    told(database, passed("s1", A, Direction.OUT))
    told(database, passed("s1", A, right="pass:p1"), ago=HOUR)
    now = database.clock.now()
    told(database, StayClosed(StayId("s1"), plate(A), now - HOUR, now, LaneId("out-1")))
    assert inside(database) == []


def test_a_lanes_yes_keeps_the_bay_at_the_other_boxes_and_is_swept_when_nobody_came(database: Database) -> None:
    a_site(database)
    yes = LaneDecided(
        LaneId("in-1"),
        VisitId("v1"),
        Direction.IN,
        plate(A),
        0.9,
        5,
        True,
        "pass",
        "",
        StayId("v1"),
        None,
        right="pass:p1",
    )
    told(database, yes, ago=timedelta(minutes=4))
    assert [row.claimed_until is not None for row in inside(database)] == [True]
    assert following.tidy(database) == 0
    told(database, replace(yes, visit_id=VisitId("v2"), stay_id=StayId("v2"), plate=plate(B)), ago=HOUR)
    assert len(inside(database)) == 1  # told too late to keep anything


def test_soft_anti_passback_is_one_case_however_often_it_is_told(database: Database) -> None:
    event = LaneDecided(
        LaneId("in-1"),
        VisitId("v1"),
        Direction.IN,
        None,
        0.0,
        0,
        True,
        "r",
        "",
        None,
        None,
        remarks=("anti_passback", "ended"),
    )
    for _ in range(2):
        told(database, event)
    query = outbox.select().where(outbox.c.type == CaseOpened.__name__)
    ids = database.read(lambda conn: {row.data["case_id"] for row in conn.execute(query)})
    assert (set(cases(database)), len(ids)) == ({"anti_passback"}, 1)


def test_a_used_code_is_known_to_every_box_until_it_is_too_old_to_matter(database: Database) -> None:
    told(database, CodeUsed("code-0001", LaneId("in-1"), VisitId("v1")))
    told(database, CodeUsed("code-0002", LaneId("in-1"), VisitId("v1")), ago=timedelta(days=32))
    assert asked(database, lambda copy: (copy.used("code-0001"), copy.used("code-0002"))) == (True, True)
    assert following.tidy(database) == 1
    assert asked(database, lambda copy: (copy.used("code-0001"), copy.used("code-0002"))) == (True, False)


def test_entries_of_an_invitation_are_counted(database: Database) -> None:
    now = database.clock.now()
    row = an_invitation(valid_from=now, valid_until=now + HOUR, entries=2, free_of_charge=True)
    a_site(database, lambda uow: keeping.invite(uow, Invitation(row, "Zhao")))
    told(database, passed("s1", A, right="invitation:i1"))
    assert database.read(lambda conn: keeping.as_used(conn, row).used) == 1
    free = database.read(lambda conn: service.parks_free(conn, StayId("s1"), plate(A), now))
    assert free == "invitation:i1"
    do(database, lambda uow: keeping.revoke(uow, "i1"), lambda uow: keeping.revoke(uow, "i1"))
    assert asked(database, lambda copy: copy.invitation("i1")) is None
    assert database.read(lambda conn: service.parks_free(conn, StayId("s1"), plate(A), now)) is None
    stored = database.read(lambda conn: invitation_store.invitation(conn, "i1"))
    assert stored is not None
    assert (stored.visitor, stored.revoked_at is not None, stored.row.group_id) == ("Zhao", True, "g")


@pytest.mark.parametrize(
    ("days", "host"), [(-1, "h1"), (0, "h1"), (32, "h1"), (1, "nobody")], ids=["past", "empty", "too long", "no host"]
)
def test_an_invitation_that_nobody_may_give_is_refused(memory_database: Database, days: int, host: str) -> None:
    now = memory_database.clock.now()
    row = an_invitation(host_id=host, valid_from=now, valid_until=now + timedelta(days=days))
    a_site(memory_database)
    with pytest.raises(ParkingError):
        memory_database.write(lambda uow: keeping.invite(uow, Invitation(row, "Zhao")))


def test_a_lot_to_which_somebody_may_still_come_in_stays(memory_database: Database) -> None:
    now = memory_database.clock.now()
    row = an_invitation(valid_from=now, valid_until=now + HOUR, lots=(LotId("a"),))
    a_site(memory_database, lambda uow: keeping.invite(uow, Invitation(row, "Zhao")))
    with pytest.raises(ParkingError, match="passes or invitations"):
        memory_database.write(lambda uow: keeping.remove_lot(uow, "a"))
    do(memory_database, lambda uow: keeping.revoke(uow, "i1"), lambda uow: keeping.remove_lot(uow, "a"))


def test_whoever_has_invited_people_can_go_once_none_of_them_may_come_any_more(memory_database: Database) -> None:
    clock = memory_database.clock = ManualClock(datetime(2026, 3, 7, tzinfo=UTC))
    now = clock.now()
    row = an_invitation(valid_from=now, valid_until=now + HOUR, group_id="g")
    do(
        memory_database,
        lambda uow: keeping.save_group(uow, Group("g", "Tenant", 3, SecondCar.REFUSE)),
        lambda uow: keeping.save_holder(uow, Holder("h1", "Wang")),
        lambda uow: keeping.invite(uow, Invitation(row, "Zhao")),
    )
    with pytest.raises(ParkingError, match="may still come"):
        memory_database.write(lambda uow: keeping.remove_holder(uow, "h1"))
    with pytest.raises(ParkingError, match="in this group"):
        memory_database.write(lambda uow: keeping.remove_group(uow, "g"))
    clock.advance(HOUR)
    do(memory_database, lambda uow: keeping.remove_group(uow, "g"), lambda uow: keeping.remove_holder(uow, "h1"))
    assert memory_database.read(lambda conn: invitation_store.invitations(conn, "", 9)) == []
    assert memory_database.read(lambda conn: ServersCopy(conn).invitation("i1")) is None


LISTS: list[tuple[ListedAs, str | None, str | None]] = [
    (ListedAs.VIP, None, "list:vip"),
    (ListedAs.ALLOW, None, "list:allow"),
    (ListedAs.STAFF, None, None),
    (ListedAs.STAFF, "list:staff", "list:staff"),
    (ListedAs.BLOCK, None, None),
]


@pytest.mark.parametrize(("listed_as", "right", "expected"), LISTS)
def test_a_list_lets_leave_free_whom_it_says(
    memory_database: Database, listed_as: ListedAs, right: str | None, expected: str | None
) -> None:
    do(memory_database, lambda uow: service.put_on_list(uow, listed(A, listed_as)))
    told(memory_database, passed("s1", A, right=right, lot_id=LotId("a")))
    now = memory_database.clock.now()
    assert memory_database.read(lambda conn: service.parks_free(conn, StayId("s1"), plate(A), now)) == expected


def test_a_stranger_pays_whatever_the_lane_calls_his_right(memory_database: Database) -> None:
    now = memory_database.clock.now()
    for right in (None, "pass:gone", "invitation:gone", "list:vip", "nonsense", ":"):
        free = memory_database.read(
            lambda conn, right=right: service.parks_free(conn, StayId("s9"), plate(A), now, right=right)  # type: ignore[misc]
        )
        assert free is None


# --- passes as a file ------------------------------------------------------------------------------------------------


def test_passes_written_to_a_file_are_the_same_when_they_are_read_again(database: Database) -> None:
    until = datetime(2027, 1, 1, tzinfo=UTC)
    second = PassRow(
        "p2",
        "h1",
        (Plate.parse(A),),
        2,
        None,
        until,
        (LotId("a"),),
        "mondays",
        "g",
        SecondCar.REFUSE,
        SecondCar.REFUSE,
        True,
    )
    a_site(database, lambda uow: keeping.save_pass(uow, second))
    text = database.write(PASSES.write)
    do(database, lambda uow: keeping.remove_pass(uow, "p1"), lambda uow: keeping.remove_pass(uow, "p2"))
    taken = database.write(lambda uow: PASSES.take(uow, FileIn(csv=text)))
    assert taken == Taken(imported=2, new=2, changed=0, same=0)
    assert database.read(lambda conn: keeping.pass_of(conn, "p2")) == second
    assert database.write(PASSES.write) == text


BAD_FILES: list[tuple[str, list[str]]] = [
    ("", ["row 1"]),
    ("pass_id,plates\r\np1,x\r\n", ["row 1"]),
    ("pass_id,holder_id,plates,colour\r\n", ["row 1"]),
    ("pass_id,holder_id,plates\r\np1,h1\r\n", ["row 2"]),
    ("pass_id,holder_id,plates\r\np1,h1,苏A1,x\r\n", ["row 2"]),
    (f"pass_id,holder_id,plates\r\nnew,h1,{A}\r\n-,h1,{A}\r\nx,h9,{A}\r\n", ["row 3, pass_id"]),
    (f"pass_id,holder_id,plates\r\nnew,h1,{A}\r\nx,h9,{A}\r\n", ["row 3, holder_id"]),
    (f"pass_id,holder_id,plates\r\nnew,h1,{A}\r\nnew,h1,{A}\r\n", ["row 3, pass_id"]),
    ("pass_id,holder_id,plates\r\nnew,h1,??\r\n", ["row 2, plates"]),
    (f"pass_id,holder_id,plates,bays\r\nnew,h1,{A},0\r\nx,h1,{A},1.5\r\n", ["row 2, bays", "row 3, bays"]),
    (f"pass_id,holder_id,plates,when_full\r\nnew,h1,{A},perhaps\r\n", ["row 2, when_full"]),
    (f"pass_id,holder_id,plates,valid_until\r\nnew,h1,{A},2027-01-01\r\n", ["row 2, valid_until"]),
    ('pass_id,holder_id,plates\r\nnew,h1,"苏A1\r\n', ["row 2"]),
]


@pytest.mark.parametrize(("text", "fields"), BAD_FILES)
def test_a_file_with_anything_wrong_is_refused_row_by_row_and_nothing_of_it_is_taken(
    memory_database: Database, text: str, fields: list[str]
) -> None:
    a_site(memory_database)
    file = FileIn.model_construct(csv=text, check=False)
    with pytest.raises(csv_rows.Refused) as refused:
        memory_database.write(lambda uow: PASSES.take(uow, file))
    assert [error["field"] for error in refused.value.errors] == fields
    assert A not in str(refused.value.errors)
    assert memory_database.read(lambda conn: rights_store.pass_data(conn, "new")) is None


def test_a_file_with_too_many_rows_is_refused(memory_database: Database) -> None:
    a_site(memory_database)
    lines = "".join(f"x{number},h1,{A}\r\n" for number in range(csv_rows.MOST_ROWS + 1))
    file = FileIn(csv="pass_id,holder_id,plates\r\n" + lines)
    with pytest.raises(csv_rows.Refused, match="nothing of it was taken"):
        memory_database.write(lambda uow: PASSES.take(uow, file))


def test_a_list_entry_keeps_its_schedule_and_its_group(database: Database) -> None:
    entry = ListRow(plate(A), ListedAs.STAFF, "till 9", None, None, "mondays", "g")
    a_site(database, lambda uow: service.put_on_list(uow, entry))
    assert asked(database, lambda copy: copy.listed(plate(A))) == entry
    assert database.read(lambda conn: store.listed(conn, plate(A))) == entry
