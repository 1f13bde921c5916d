"""Some hostile inputs for one parser, in a process of their own: `python -m tests.tools.fuzz_cases PARSER SEED FIRST COUNT`.

Each input comes from its number alone. A parser may give a value or raise its documented error within a second of the processor's time
(a busy machine is nobody's hang; one that waits for ever is noticed by whoever watches); whatever else happens is a finding: an error
nobody promised, a hang, too much memory. Each line on stdout is one JSON object.
"""

from __future__ import annotations

import base64
import contextlib
import gc
import json
import logging
import random
import resource
import signal
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

from tests.tools.fuzz_parsers import PARSERS, Parser, Take

SLOWEST_S = 1.0
MOST_MEMORY = 6 << 30
_TELL_EVERY = 1000
_ROOTS = ("parking", "lpr", "payments", "guidance", "hardware_sim")


class Hang(BaseException):
    """Raised by the alarm into a parser that took too long; no `except Exception` swallows it."""


@dataclass
class Tally:
    """What some inputs came to: how many gave a value, were refused, or broke the parser (first input per place)."""

    inputs: int = 0
    values: int = 0
    refused: int = 0
    longest_s: float = 0.0
    found: dict[str, bytes] = field(default_factory=dict)


def outcome(take: Take, refusals: tuple[type[Exception], ...], content: bytes) -> str:
    """ "value", "refused", or the name of what went wrong with the place where it did."""
    signal.setitimer(signal.ITIMER_VIRTUAL, SLOWEST_S)
    try:
        take(content)
        return "value"
    except refusals:
        return "refused"
    except Hang as hang:
        return f"hang at {_place(hang)}"
    except Exception as error:
        return f"{type(error).__name__} at {_place(error)}"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def run(parser: Parser, seed: int, first: int, count: int, tell: Callable[[int, Tally], None]) -> Tally:
    """Inputs `first` to `first + count`; `tell` hears now and then how far it has come."""
    tally = Tally()
    signal.signal(signal.SIGVTALRM, _alarm)
    seeds, take = parser.seeds(), parser.make()
    dice = random.Random()
    for number in range(first, first + count):
        if tally.inputs % _TELL_EVERY == 0:
            tell(number, tally)
        dice.seed(seed * 1_000_003 + number)
        content = seeds.input(dice)
        began_s = time.thread_time()
        came_to = outcome(take, parser.refusals, content)
        tally.longest_s = max(tally.longest_s, time.thread_time() - began_s)
        tally.inputs += 1
        if came_to == "value":
            tally.values += 1
        elif came_to == "refused":
            tally.refused += 1
        else:
            tally.found.setdefault(came_to, content)
    tell(first + count, tally)
    return tally


def _alarm(number: int, frame: FrameType | None) -> None:
    raise Hang


def _place(error: BaseException) -> str:
    """The deepest line of ours that the error went through."""
    place, trace = "?", error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_globals.get("__name__", "")
        if name.split(".")[0] in _ROOTS:
            place = f"{name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _tell(number: int, tally: Tally) -> None:
    found = {name: base64.b64encode(content).decode() for name, content in tally.found.items()}
    told = {"at": number, "inputs": tally.inputs, "values": tally.values, "refused": tally.refused}
    print(json.dumps({**told, "longest_s": tally.longest_s, "found": found}), flush=True)


def main(name: str, seed: int, first: int, count: int) -> int:
    """Run and tell."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    with contextlib.suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, hard))
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    gc.freeze()
    run(PARSERS[name], seed, first, count, _tell)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], *(int(number) for number in sys.argv[2:])))
