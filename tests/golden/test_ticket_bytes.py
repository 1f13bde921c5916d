"""The bytes of a ticket (ESC/POS), both ways, worked out by hand from the command tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking.gate.tickets import wire
from parking.gate.tickets.base import Ticket
from parking.gate.tickets.wire import PrinterState
from tests.builders.credential_readers import PATIENT

GOLDEN = bytes.fromhex(
    "1b40 1c26 1b6101"  # reset, Chinese signs, centred
    "1d2111 cda3b3b5c6b1 0a 1d2100"  # 停车票, large
    "1d286b 0400 3141 3200"  # QR model 2
    "1d286b 0300 3143 05"  # squares of 5 dots
    "1d286b 0300 3145 31"  # level M
    "1d286b 0600 3150 30 612e62"  # store a.b
    "1d286b 0300 3151 30 0a"  # print it
    "656e7472792d31 0a"  # entry-1
    "1b6404 1d564200"  # feed and cut
    "1d7201"  # answer when all this is done
)
TICKET = Ticket("停车票", ("entry-1",), "a.b")


def test_a_ticket_both_ways() -> None:
    assert wire.encode(TICKET) == GOLDEN
    assert wire.parse(GOLDEN) == ([TICKET], len(GOLDEN))


def test_a_ticket_that_has_not_come_whole_waits_for_its_rest() -> None:
    for cut in range(len(GOLDEN)):
        assert wire.parse(GOLDEN[:cut]) == ([], 0)
    assert wire.parse(wire.ASK_NOW + GOLDEN + GOLDEN[:5]) == ([None, TICKET], 3 + len(GOLDEN))


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (0x12, PrinterState(paper_out=False)),
        (0x32, PrinterState(paper_out=True)),
        (0x16, PrinterState(paper_out=False, cover_open=True)),
        (0x52, PrinterState(paper_out=False, broken=True)),
        (0x00, None),
        (0xFF, None),
        (0x13, None),
    ],
)
def test_what_a_printer_says_at_once(answer: int, state: PrinterState | None) -> None:
    assert wire.state_now(answer) == state


@pytest.mark.parametrize(
    ("answer", "paper_out"), [(0x00, False), (0x03, False), (0x0C, True), (0x0F, True), (0x10, None), (0x80, None)]
)
def test_what_a_printer_says_in_its_turn(answer: int, paper_out: bool | None) -> None:
    state = wire.paper_state(answer)
    assert (None if state is None else state.paper_out) is paper_out


signs = st.text(st.characters(codec="gb18030", exclude_categories=["Cs", "Cc"]), max_size=wire.LONGEST_LINE)


@PATIENT
@given(signs, st.lists(signs, max_size=5), st.none() | st.from_regex(r"[!-~]{1,400}", fullmatch=True))
def test_any_ticket_comes_out_as_it_went_in(heading: str, lines: list[str], code: str | None) -> None:
    ticket = Ticket(heading, tuple(lines), code)
    raw = wire.encode(ticket)
    assert wire.parse(raw) == ([ticket], len(raw))


def test_control_signs_in_a_text_are_no_commands_to_the_printer() -> None:
    (printed,), _ = wire.parse(wire.encode(Ticket("a\x1bb", ("c\nd\x1dV\x00",))))
    assert printed == Ticket("a b", ("c d V ",))


def test_bytes_that_are_no_ticket_are_refused() -> None:
    with pytest.raises(ValueError, match="no ticket"):
        wire.parse(b"hello")
