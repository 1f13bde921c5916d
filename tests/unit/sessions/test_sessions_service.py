"""Stays open and close on proof of passage, once; what cannot be true goes to a person. The same on every database."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.events import CaseOpened, StayClosed, StayOpened, StaySettled
from parking.kernel.ids import CaseId, LaneId, StayId, VisitId
from parking.kernel.plate import Plate
from parking.plumbing.db import Database
from parking.plumbing.tables import outbox
from parking.sessions import cases, service, store
from parking.sessions.model import ClosedStay, OpenStay, ReviewCase, Stay, StayInReview
from tests.builders.sessions import NOON, PLATE, open_cases, open_stay, stay_of

LEAVE_BY = NOON + timedelta(hours=1)


def told(database: Database, kind: type) -> int:
    query = sa.select(sa.func.count()).select_from(outbox).where(outbox.c.type == kind.__name__)
    return database.read(lambda conn: conn.scalar(query)) or 0


def settle(database: Database, *, minutes: int) -> None:
    until = LEAVE_BY + timedelta(minutes=minutes)
    database.write(lambda uow: service.settle(uow, StayId("stay-1"), priced_at=NOON, leave_by=until))


def close(database: Database, stay_id: str = "stay-1") -> ClosedStay:
    leaving = stay_of(database, stay_id)
    assert leaving is not None
    out = LaneId("exit-1")
    return database.write(lambda uow: service.close_stay(uow, leaving, exited_at=LEAVE_BY, lane_id=out))


@pytest.mark.req("ID-1")
def test_a_car_that_comes_in_has_one_open_stay_and_everybody_hears_of_it(database: Database) -> None:
    opened = open_stay(database)
    assert stay_of(database) == opened == OpenStay(StayId("stay-1"), PLATE, NOON, LaneId("entry-1"), "t1")
    assert told(database, StayOpened) == 1
    assert open_cases(database) == []


def test_the_same_entry_again_changes_nothing_while_the_car_is_inside(database: Database) -> None:
    open_stay(database)
    open_stay(database, entered_at=NOON + timedelta(minutes=5))
    found = stay_of(database)
    assert isinstance(found, OpenStay)
    assert found.entered_at == NOON
    assert (told(database, StayOpened), open_cases(database)) == (1, [])


def test_the_same_entry_again_does_not_open_a_stay_that_has_ended(database: Database) -> None:
    open_stay(database)
    closed = close(database)
    open_stay(database)
    assert stay_of(database) == closed


@pytest.mark.req("ID-1")
def test_a_plate_that_comes_in_twice_is_never_merged_the_earlier_stay_goes_to_a_person(database: Database) -> None:
    open_stay(database, "stay-1")
    open_stay(database, "stay-2", entered_at=NOON + timedelta(seconds=30))
    assert isinstance(stay_of(database, "stay-1"), StayInReview)
    assert isinstance(stay_of(database, "stay-2"), OpenStay)
    assert [(c.reason, c.stay_id, c.visit_id, c.state) for c in open_cases(database)] == [
        ("second_entry", "stay-1", "stay-2", "open")
    ]
    assert told(database, CaseOpened) == 1


def test_the_database_itself_refuses_two_open_stays_of_one_plate(database: Database) -> None:
    first = open_stay(database)
    twin = OpenStay(StayId("stay-2"), first.plate, NOON, first.lane_id, "t1")
    with pytest.raises(sa.exc.IntegrityError):
        database.write(lambda uow: store.insert(uow.connection, twin))


def test_two_lanes_that_see_one_plate_in_the_same_moment_leave_one_open_stay(database: Database) -> None:
    begin = threading.Barrier(2)
    failures: list[Exception] = []

    def come_in(stay_id: str) -> None:
        begin.wait(10)
        for _ in range(3):  # what a database refuses in a conflict, the bus tries again
            try:
                open_stay(database, stay_id)
                return
            except (sa.exc.IntegrityError, ParkingError) as error:
                failures.append(error)

    lanes = [threading.Thread(target=come_in, args=(f"stay-{n}",)) for n in (1, 2)]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join(30)
    states = sorted(type(stay_of(database, f"stay-{n}")).__name__ for n in (1, 2))
    assert states == ["OpenStay", "StayInReview"], failures
    assert [c.reason for c in open_cases(database)] == ["second_entry"]


def test_different_plates_do_not_disturb_each_other(database: Database) -> None:
    open_stay(database, "stay-1", PLATE)
    open_stay(database, "stay-2", Plate("浙A12346"))
    assert database.read(lambda conn: len(store.page(conn, "open", "", 10))) == 2
    assert open_cases(database) == []


def test_a_car_without_a_plate_has_a_stay_and_a_case_and_so_has_the_next_one(database: Database) -> None:
    open_stay(database, "stay-1", None)
    open_stay(database, "stay-2", None)
    assert [c.reason for c in open_cases(database)] == ["entry_without_plate"] * 2
    assert database.read(lambda conn: len(store.page(conn, "open", "", 10))) == 2


def test_a_stay_is_settled_until_the_latest_moment_that_was_ever_granted(database: Database) -> None:
    open_stay(database)
    settle(database, minutes=10)
    settle(database, minutes=5)
    found = stay_of(database)
    assert isinstance(found, OpenStay)
    assert found.leave_by == LEAVE_BY + timedelta(minutes=10)
    assert told(database, StaySettled) == 1


def test_a_stay_that_has_ended_cannot_be_settled(database: Database) -> None:
    open_stay(database)
    closed = close(database)
    settle(database, minutes=10)
    assert (stay_of(database), told(database, StaySettled)) == (closed, 0)


def test_a_stay_ends_once_and_keeps_its_first_end(database: Database) -> None:
    open_stay(database)
    closed = close(database)
    later = LEAVE_BY + timedelta(hours=1)
    again = database.write(lambda uow: service.close_stay(uow, closed, exited_at=later, lane_id=LaneId("exit-2")))
    assert again == stay_of(database) == closed
    assert told(database, StayClosed) == 1


def test_the_price_of_a_settled_stay_is_that_of_its_payment_until_the_grace_is_over() -> None:
    stay = OpenStay(StayId("s"), PLATE, NOON, LaneId("entry-1"), "t1", NOON + timedelta(hours=1), LEAVE_BY)
    assert stay.billed_until(LEAVE_BY) == NOON + timedelta(hours=1)
    assert stay.billed_until(NOON + timedelta(minutes=30)) == NOON + timedelta(minutes=30)
    late = LEAVE_BY + timedelta(seconds=1)
    assert stay.billed_until(late) == late


def test_a_case_is_ended_once_with_a_name_and_a_note(database: Database) -> None:
    case_id = database.write(lambda uow: cases.open_case(uow, "exit_without_stay", visit_id=VisitId("v")))
    resolved = database.write(lambda uow: cases.resolve_case(uow, case_id, by="li", note="a tow truck"))
    assert (resolved.state, resolved.resolved_by, resolved.note) == ("resolved", "li", "a tow truck")
    with pytest.raises(ParkingError, match="li has resolved this case") as refused:
        database.write(lambda uow: cases.resolve_case(uow, case_id, by="wang", note="mine"))
    assert refused.value.kind is ErrorKind.CONFLICT
    assert open_cases(database) == []


def test_a_case_that_nobody_knows_is_not_found(database: Database) -> None:
    with pytest.raises(ParkingError) as refused:
        database.write(lambda uow: cases.resolve_case(uow, CaseId("none"), by="li", note="?"))
    assert refused.value.kind is ErrorKind.NOT_FOUND


def test_a_case_of_another_room_is_listed_once_however_often_it_is_told(database: Database) -> None:
    for _ in range(2):
        database.write(
            lambda uow: cases.record_case(
                uow, CaseId("c1"), "payment_late", stay_id=StayId("s"), visit_id=None, lane_id=None
            )
        )
    assert [c.reason for c in open_cases(database)] == ["payment_late"]


def test_pages_of_stays_and_cases_go_on_where_the_last_one_ended(database: Database) -> None:
    for n in range(5):
        open_stay(database, f"stay-{n}", Plate(f"浙A0000{n}"))
        database.write(lambda uow: cases.open_case(uow, "lane_fire"))

    def walk(page: Callable[..., Sequence[Stay | ReviewCase]]) -> list[str]:
        seen: list[str] = []
        while found := database.read(partial(page, state="open", after=seen[-1] if seen else "", limit=2)):
            seen += [one.id for one in found]
        return seen

    assert walk(store.page) == [f"stay-{n}" for n in (4, 3, 2, 1, 0)]
    assert len(set(walk(store.cases))) == 5
