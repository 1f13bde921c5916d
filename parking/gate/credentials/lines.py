"""Lines out of a stream of bytes: what scanners and gateways send. A line ends with CR, LF or both; one that never ends is a fault."""

from __future__ import annotations

import re

from parking.gate.credentials.conversation import WireFault

_END = re.compile(rb"[\r\n]+")


def split(data: bytes, longest: int) -> tuple[list[bytes], bytes]:
    """The lines that end in `data`, empty ones left out, and the rest; none of them is lost to a line that is too long behind them.

    WireFault when `data` begins with a line of more than `longest` bytes.
    """
    lines: list[bytes] = []
    at = 0
    for end in _END.finditer(data):
        line = data[at : end.start()]
        if len(line) > longest:
            break
        if line:
            lines.append(line)
        at = end.end()
    rest = data[at:]
    if not lines and len(_END.split(rest, 1)[0]) > longest:
        raise WireFault("a line is too long")
    return lines, rest
