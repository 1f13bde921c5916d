"""The desk gives each driver one ticket, which opens the exit for his own stay, and never keeps the lane waiting for paper."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from parking.gate.credentials.codes import CodeUse, VerifiedCode
from parking.gate.helping import CodeDisplay
from parking.gate.tickets.base import Ticket
from parking.gate.tickets.desk import DeskSettings, TicketDesk
from parking.gate.tickets.memory import MemoryPrinter
from parking.kernel.clock import ManualClock
from parking.kernel.device import HealthReport
from parking.kernel.errors import ParkingError
from parking.kernel.events import Direction
from parking.kernel.ids import LaneId, SeededIds, StayId, VisitId
from tests.builders.credential_readers import BOX, LOT, NOW, check, until

_: type[CodeDisplay] = TicketDesk
FIRST, SECOND = VisitId("visit-1"), VisitId("visit-2")


class SlowPrinter(MemoryPrinter):
    """A printer that does not answer before it is let."""

    def __init__(self) -> None:
        super().__init__(ManualClock(NOW))
        self.asked = threading.Event()
        self.let = threading.Event()

    def print_ticket(self, ticket: Ticket) -> None:
        self.asked.set()
        assert self.let.wait(20)
        super().print_ticket(ticket)

    def health(self) -> HealthReport:
        return super().health()


@pytest.fixture
def printer() -> MemoryPrinter:
    return MemoryPrinter(ManualClock(NOW))


def make(printer: MemoryPrinter, direction: Direction = Direction.IN) -> TicketDesk:
    return TicketDesk(
        LaneId("in-1"), direction, printer, BOX, lot=LOT, clock=ManualClock(NOW), ids=SeededIds(1),
        settings=DeskSettings(again_s=0.05),
    )  # fmt: skip


@pytest.fixture
def desk(printer: MemoryPrinter) -> Iterator[TicketDesk]:
    desk = make(printer)
    desk.start()
    yield desk
    desk.stop()


@pytest.mark.req("GATE-2")
def test_the_ticket_of_an_unlicensed_car_opens_the_exit_for_the_stay_of_its_visit(
    desk: TicketDesk, printer: MemoryPrinter
) -> None:
    desk.show(FIRST, None)
    until(lambda: len(printer.printed) == 1, "the ticket")
    ticket = printer.printed[0]
    assert ticket.lines[0] == "in-1  2026-11-21 16:00:00"
    assert ticket.code is not None
    code = check(ticket.code, lane_id=LaneId("out-3"))
    assert isinstance(code, VerifiedCode)
    assert (code.use, code.stay_id, code.by_box, code.lane_id) == (CodeUse.TICKET, "visit-1", True, None)


def test_a_visit_gets_one_ticket_however_often_the_lane_asks(desk: TicketDesk, printer: MemoryPrinter) -> None:
    for _ in range(50):
        desk.show(FIRST, None)
    until(lambda: len(printer.printed) == 1, "the ticket")
    desk.show(FIRST, None)
    desk.show(SECOND, None)
    until(lambda: len(printer.printed) == 2, "the next one's ticket")
    codes = [check(ticket.code or "") for ticket in printer.printed]
    assert [getattr(code, "stay_id", None) for code in codes] == ["visit-1", "visit-2"]


def test_a_ticket_that_would_not_print_is_printed_when_there_is_paper(desk: TicketDesk, printer: MemoryPrinter) -> None:
    printer.paper_out = True
    desk.show(FIRST, None)
    until(lambda: "no paper" in desk.health().detail, "the printer complains")
    printer.paper_out = False
    until(lambda: len(printer.printed) == 1, "the ticket")


def test_who_is_gone_before_the_paper_came_gets_no_ticket(desk: TicketDesk, printer: MemoryPrinter) -> None:
    printer.gone = True
    desk.show(FIRST, None)
    until(lambda: desk.health().detail == "gone", "the printer is missed")
    desk.hide()
    printer.gone = False
    desk.show(SECOND, None)
    until(lambda: len(printer.printed) == 1, "the next one's ticket")
    assert getattr(check(printer.printed[0].code or ""), "stay_id", None) == "visit-2"


def test_paper_that_comes_too_late_is_not_left_for_the_next_driver(printer: MemoryPrinter) -> None:
    clock = ManualClock(NOW)
    desk = TicketDesk(
        LaneId("in-1"), Direction.IN, printer, BOX, lot=LOT, clock=clock, ids=SeededIds(1),
        settings=DeskSettings(again_s=0.05, give_up_s=30.0),
    )  # fmt: skip
    desk.start()
    printer.paper_out = True
    desk.show(FIRST, None)
    until(lambda: "no paper" in desk.health().detail, "the printer complains")
    clock.advance(timedelta(seconds=31))
    until(lambda: desk._wanted is None, "it is given up")
    printer.paper_out = False
    desk.show(SECOND, None)
    until(lambda: len(printer.printed) == 1, "the next one's ticket")
    desk.stop()
    assert getattr(check(printer.printed[0].code or ""), "stay_id", None) == "visit-2"


def test_the_lane_never_waits_for_the_printer() -> None:
    printer = SlowPrinter()
    desk = make(printer)
    desk.start()
    try:
        desk.show(FIRST, None)
        assert printer.asked.wait(20)
        desk.show(SECOND, None)  # both return although the printer holds the first
        desk.hide()
        desk.show(SECOND, None)
    finally:
        printer.let.set()
    until(lambda: len(printer.printed) == 2, "both tickets")
    desk.stop()


def test_at_an_exit_the_ticket_is_for_the_stay_that_is_known_and_without_one_it_says_whom_to_call(
    printer: MemoryPrinter,
) -> None:
    desk = make(printer, Direction.OUT)
    desk.start()
    desk.show(FIRST, StayId("stay-9"))
    until(lambda: len(printer.printed) == 1, "the ticket")
    desk.show(SECOND, None)
    until(lambda: len(printer.printed) == 2, "the slip")
    desk.stop()
    assert getattr(check(printer.printed[0].code or ""), "stay_id", None) == "stay-9"
    assert printer.printed[1].code is None
    assert "Please press the call button" in printer.printed[1].lines


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"holds_h": 0}, "holds_h"),
        ({"holds_h": 745}, "holds_h"),
        ({"again_s": 0}, "again_s"),
        ({"give_up_s": 1}, "give_up_s"),
        ({"time_zone": "Mars/X"}, "time_zone"),
    ],
)
def test_wrong_settings_are_refused_by_name(changes: dict[str, object], field: str) -> None:
    with pytest.raises(ParkingError) as caught:
        DeskSettings(**changes)  # type: ignore[arg-type]
    assert caught.value.field == field


def test_a_ticket_that_is_tried_again_is_the_very_same_ticket(desk: TicketDesk, printer: MemoryPrinter) -> None:
    tried: list[str | None] = []
    good, printer.gone = printer.print_ticket, True

    def print_ticket(ticket: Ticket) -> None:
        tried.append(ticket.code)
        good(ticket)

    printer.print_ticket = print_ticket  # type: ignore[method-assign]
    desk.show(FIRST, None)
    until(lambda: len(tried) > 2, "a few tries")
    printer.gone = False
    until(lambda: len(printer.printed) == 1, "the ticket")
    assert {*tried, printer.printed[0].code} == {tried[0]}


def test_a_lot_that_no_code_can_name_is_found_when_the_desk_is_made(printer: MemoryPrinter) -> None:
    with pytest.raises(ParkingError) as caught:
        TicketDesk(
            LaneId("in-1"), Direction.IN, printer, BOX, lot="two words", clock=ManualClock(NOW), ids=SeededIds(1)
        )
    assert caught.value.field == "lot"


def test_the_code_is_in_no_text_about_a_ticket(desk: TicketDesk, printer: MemoryPrinter) -> None:
    desk.show(FIRST, None)
    until(lambda: len(printer.printed) == 1, "the ticket")
    assert (printer.printed[0].code or "?") not in repr(printer.printed[0])
