"""ESC/POS, as far as a ticket needs it: pure bytes, both ways. Text goes out in GB 18030, QR codes are drawn by the printer itself.

Every job ends with a question (`GS r 1`) that the printer answers in its turn: its answer means that all before it is worked off.
"""

from __future__ import annotations

from dataclasses import dataclass

from parking.gate.tickets.base import Ticket

ASK_PAPER = b"\x1dr\x01"
"""Answered when its turn comes, by one byte."""
ASK_NOW = b"\x10\x04\x02"
"""Answered at once, even by a printer that waits for paper: why it is off line."""
_BEGIN = b"\x1b@\x1c&\x1ba\x01"  # reset, Chinese signs, centred
_LARGE, _NORMAL = b"\x1d!\x11", b"\x1d!\x00"
_CUT = b"\x1bd\x04\x1dVB\x00"
_QR = b"\x1d(k"
_QR_MODEL_2 = _QR + b"\x04\x001A2\x00"
_QR_LEVEL_M = _QR + b"\x03\x001E1"
_QR_PRINT = _QR + b"\x03\x001Q0"
QR_DOT = 5
"""Printer dots for one square of the code: a code of 300 signs is some 4 cm wide at 203 dots per inch."""
LONGEST_LINE, MOST_LINES = 48, 20
_CONTROL = dict.fromkeys((*range(32), 127), " ")


@dataclass(frozen=True, slots=True)
class PrinterState:
    """What the printer says of itself."""

    paper_out: bool
    cover_open: bool = False
    broken: bool = False


def encode(ticket: Ticket) -> bytes:
    """The bytes that print and cut a ticket, and ask whether it is done. Control signs in its texts become spaces."""
    parts = [_BEGIN, _LARGE, _line(ticket.heading), _NORMAL]
    if ticket.code is not None:
        data = ticket.code.encode("ascii")
        store = _QR + (len(data) + 3).to_bytes(2, "little") + b"1P0" + data
        parts += [_QR_MODEL_2, _QR + b"\x03\x001C" + bytes([QR_DOT]), _QR_LEVEL_M, store, _QR_PRINT, b"\n"]
    parts += [_line(line) for line in ticket.lines[:MOST_LINES]]
    return b"".join([*parts, _CUT, ASK_PAPER])


def _line(text: str) -> bytes:
    return text.translate(_CONTROL)[:LONGEST_LINE].encode("gb18030", "replace") + b"\n"


def paper_state(answer: int) -> PrinterState | None:
    """What an answer to ASK_PAPER says; None for a byte that is no such answer."""
    return None if answer & 0x90 else PrinterState(paper_out=bool(answer & 0x0C))


def state_now(answer: int) -> PrinterState | None:
    """What an answer to ASK_NOW says; None for a byte that is no such answer (bits 1 and 4 are always set, 0 and 7 never)."""
    if answer & 0x93 != 0x12:
        return None
    return PrinterState(paper_out=bool(answer & 0x20), cover_open=bool(answer & 0x04), broken=bool(answer & 0x40))


def parse(data: bytes) -> tuple[list[Ticket | None], int]:
    """The printer's side: tickets (None: a question of ASK_NOW) in received bytes, and how many bytes they took.

    ValueError for bytes that no ticket of ours begins with.
    """
    found: list[Ticket | None] = []
    used = 0
    while used < len(data):
        if data[used : used + 3] == ASK_NOW:
            found.append(None)
            used += 3
            continue
        begin = data[used : used + len(_BEGIN)]
        if not _BEGIN.startswith(begin[: len(_BEGIN)]) and not ASK_NOW.startswith(begin[:3]):
            raise ValueError("no ticket begins here")
        end = data.find(_CUT + ASK_PAPER, used)
        if end < 0:
            break
        found.append(_ticket(data[used + len(_BEGIN) : end]))
        used = end + len(_CUT + ASK_PAPER)
    return found, used


def _ticket(body: bytes) -> Ticket:
    head, _, rest = body.removeprefix(_LARGE).partition(b"\n" + _NORMAL)
    code = None
    if rest.startswith(_QR_MODEL_2):
        at = rest.index(_QR_LEVEL_M) + len(_QR_LEVEL_M) + len(_QR)
        size = int.from_bytes(rest[at : at + 2], "little")
        code = rest[at + 5 : at + 2 + size].decode("ascii")
        rest = rest[at + 2 + size :].removeprefix(_QR_PRINT + b"\n")
    lines = tuple(line.decode("gb18030") for line in rest.split(b"\n")[:-1])
    return Ticket(head.decode("gb18030"), lines, code)
