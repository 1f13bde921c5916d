"""Every ticket printer prints what it is given, says truly whether it did, and is never believed without an answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hardware_sim.devices.ticket_printer import TicketPrinterSim
from parking.gate.tickets.base import Ticket
from parking.gate.tickets.registry import PRINTERS
from parking.kernel.clock import SystemClock
from parking.kernel.device import DeviceFault, DeviceRefused, Health
from parking.kernel.errors import ParkingError
from tests.builders.ticket_printers import WORLDS, PrinterWorld, escpos_world

TICKET = Ticket("停车票 PARKING", ("entry-1  2026-11-21 16:00:00", "请妥善保管"), "0123456789abcdef.eyJh.c2ln")


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[PrinterWorld]:
    world = WORLDS[request.param]()
    yield world
    world.stop()


@pytest.fixture
def escpos() -> Iterator[PrinterWorld]:
    world = escpos_world()
    yield world
    world.stop()


every = pytest.mark.parametrize("world", list(WORLDS), indirect=True)


def test_every_printer_of_the_registry_is_in_this_suite() -> None:
    assert set(PRINTERS) == set(WORLDS)


@every
@pytest.mark.req("GATE-2")
def test_tickets_come_out_as_they_were_given_and_in_order(world: PrinterWorld) -> None:
    plain = Ticket("HELP", ("Please press the call button",))
    for ticket in (TICKET, plain):
        world.printer.print_ticket(ticket)
    assert world.paper.printed == [TICKET, plain]
    assert world.printer.health().health is Health.OK


@every
def test_a_printer_without_paper_refuses_and_prints_again_when_it_has_some(world: PrinterWorld) -> None:
    world.paper.paper_out = True
    with pytest.raises(DeviceRefused, match="no paper"):
        world.printer.print_ticket(TICKET)
    assert (world.paper.printed, world.printer.health().health) == ([], Health.FAULTY)
    world.paper.paper_out = False
    world.printer.print_ticket(TICKET)
    assert (world.paper.printed, world.printer.health().health) == ([TICKET], Health.OK)


@every
def test_a_printer_that_is_gone_is_a_fault_and_found_again_when_it_is_back(world: PrinterWorld) -> None:
    world.vanish()
    with pytest.raises(DeviceFault):
        world.printer.print_ticket(TICKET)
    assert world.printer.health().health is Health.SILENT
    world.come_back()
    world.printer.print_ticket(TICKET)
    assert world.paper.printed == [TICKET]


@every
def test_a_printer_that_was_never_asked_is_unknown(world: PrinterWorld) -> None:
    assert world.printer.health().health is Health.UNKNOWN


def device_of(world: PrinterWorld) -> TicketPrinterSim:
    assert world.device is not None
    return world.device


@pytest.mark.parametrize("fault", ["mute", "lost_answer", "nonsense"])
def test_a_ticket_without_its_answer_is_not_called_printed(escpos: PrinterWorld, fault: str) -> None:
    device = device_of(escpos)
    if fault == "mute":
        device.mute = True
    elif fault == "lost_answer":
        device.lost_answers = 1
    else:
        device.garbage = b"\xff"
    with pytest.raises(DeviceFault):
        escpos.printer.print_ticket(TICKET)
    assert escpos.printer.health().health is Health.SILENT
    device.mute, device.garbage = False, None
    escpos.printer.print_ticket(TICKET)
    assert device.printed[-1] == TICKET


def test_an_open_cover_is_told_as_such(escpos: PrinterWorld) -> None:
    device_of(escpos).cover_open = True
    with pytest.raises(DeviceRefused, match="cover"):
        escpos.printer.print_ticket(TICKET)


def test_the_last_ticket_of_a_roll_is_printed_and_the_next_is_refused(escpos: PrinterWorld) -> None:
    device_of(escpos).tickets_on_roll = 1
    escpos.printer.print_ticket(TICKET)
    with pytest.raises(DeviceRefused, match="no paper"):
        escpos.printer.print_ticket(TICKET)
    assert device_of(escpos).printed == [TICKET]


@pytest.mark.parametrize(
    ("kind", "options", "field"),
    [
        ("memory", {"port": 1}, "port"),
        ("escpos", {}, "host"),
        ("escpos", {"host": ""}, "host"),
        ("escpos", {"host": "h", "port": 70000}, "port"),
        ("escpos", {"host": "h", "answer_s": 0}, "answer_s"),
        ("escpos", {"host": "h", "paper": "80mm"}, "paper"),
    ],
)
def test_a_wrong_key_is_refused_by_its_name(kind: str, options: dict[str, object], field: str) -> None:
    with pytest.raises(ParkingError) as caught:
        PRINTERS.get(kind)(options, SystemClock())
    assert caught.value.field == field
