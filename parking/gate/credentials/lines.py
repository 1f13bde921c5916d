"""Lines out of a stream of bytes: what scanners and gateways send. A line ends with CR, LF or both; one that never ends is a fault."""

from __future__ import annotations

import re

from parking.gate.credentials.conversation import WireFault

_END = re.compile(rb"[\r\n]+")


def split(data: bytes, longest: int) -> tuple[list[bytes], bytes]:
    """The whole lines in `data`, empty ones left out, and the rest that has not ended yet; WireFault when that is too long."""
    *lines, rest = _END.split(data)
    if len(rest) > longest or any(len(line) > longest for line in lines):
        raise WireFault("a line is too long")
    return [line for line in lines if line], rest
