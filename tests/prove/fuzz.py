"""A million hostile inputs for every parser that reads what a wire, a camera, a card or a box says: no crash, no hang.

`python -m tests.prove.fuzz [INPUTS] [SEED] [PARSER ...]`. Each parser runs in a process of its own, which is watched: one that dies or
falls silent is a finding too. An input that ever broke a parser is kept in tests/golden/fuzz and tried again by the tests.
Ends in one line: name, figure, goal, holds or falls short.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from queue import Empty, Queue
from typing import Any

from tests.tools.fuzz_parsers import PARSERS

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "tests" / "golden" / "fuzz"
INPUTS, SEED = 1_000_000, 1
SILENT_S = 60.0  # a thousand inputs at a second each would be sixteen minutes, but each of them is a finding by itself
_STARVED = 20  # a process that is not let run may be silent so many times longer
_MOST_FOUND = 12


@dataclass
class Findings:
    """What one parser came to."""

    inputs: int = 0
    values: int = 0
    refused: int = 0
    longest_s: float = 0.0
    broken: dict[str, bytes] = field(default_factory=dict)
    """What went wrong where, and the first input that did it (empty where the process died with it)."""


def try_parser(name: str, inputs: int, seed: int, silent_s: float = SILENT_S) -> Findings:
    """All inputs for one parser, in as many processes as it takes."""
    findings, at = Findings(), 0
    while at < inputs and len(findings.broken) < _MOST_FOUND:
        at = _one_process(name, seed, at, inputs - at, findings, silent_s)
    return findings


def _one_process(name: str, seed: int, first: int, count: int, findings: Findings, silent_s: float) -> int:
    command = [sys.executable, "-m", "tests.tools.fuzz_cases", name, str(seed), str(first), str(count)]
    told: dict[str, Any] = {"at": first, "inputs": 0, "values": 0, "refused": 0, "longest_s": 0.0, "found": {}}
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        lines: Queue[str] = Queue()

        def listen() -> None:
            for line in child.stdout or ():
                lines.put(line)
            lines.put("")

        threading.Thread(target=listen, daemon=True).start()
        heard_s, spent_s = time.monotonic(), 0.0
        while True:
            try:
                line = lines.get(timeout=1.0)
                heard_s, spent_s = time.monotonic(), _cpu_s(child.pid)
            except Empty:
                if _cpu_s(child.pid) - spent_s < silent_s and time.monotonic() - heard_s < _STARVED * silent_s:
                    continue
                child.kill()
                findings.broken[f"silent for {silent_s:.0f} s after input {told['at']}"] = b""
                break
            if not line:
                break
            told = json.loads(line)
    if child.returncode > 0 or (child.returncode < 0 and not findings.broken):
        findings.broken[f"died of {child.returncode} after input {told['at']}"] = b""
    findings.inputs += told["inputs"]
    findings.values += told["values"]
    findings.refused += told["refused"]
    findings.longest_s = max(findings.longest_s, told["longest_s"])
    for what, content in told["found"].items():
        findings.broken.setdefault(what, base64.b64decode(content))
    reached = int(told["at"])
    return reached if reached >= first + count else reached + 1000


def _cpu_s(pid: int) -> float:
    """How long a process has been let run, in seconds; what has ended has been let run for ever."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return inf
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def keep(name: str, content: bytes) -> Path:
    """Put an input that broke a parser where the tests find it."""
    path = KEPT / name / f"{hashlib.sha256(content).hexdigest()[:12]}.bin"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def main(inputs: int = INPUTS, seed: int = SEED, names: tuple[str, ...] = ()) -> int:
    """Every parser; 0 when none broke."""
    unknown = [name for name in names if name not in PARSERS]
    if unknown:
        print(f"fuzz: there is no parser {unknown[0]!r}; there are {', '.join(PARSERS)}", file=sys.stderr)
        return 2
    chosen = names or tuple(PARSERS)
    broken, least, total, longest_s = 0, inputs, 0, 0.0
    for name in chosen:
        began_s = time.monotonic()
        found = try_parser(name, inputs, seed)
        broken += len(found.broken)
        least, total, longest_s = min(least, found.inputs), total + found.inputs, max(longest_s, found.longest_s)
        print(
            f"{name}: {found.inputs:,} inputs in {time.monotonic() - began_s:.0f} s: {found.values:,} values, {found.refused:,} refused, "
            f"longest {found.longest_s * 1000:.0f} ms, {len(found.broken)} ways to break it"
        )
        for what, content in found.broken.items():
            print(f"  {what}" + (f" -> {keep(name, content).relative_to(ROOT)}" if content else ""))
    holds = broken == 0 and least >= inputs
    ending = "holds" if holds and inputs >= INPUTS else "no finding" if holds else "falls short"
    print(
        f"fuzz: {total:,} inputs for {len(chosen)} parsers, at least {least:,} each, longest {longest_s * 1000:.0f} ms: "
        f"{broken} crashes and hangs; goal 0 in 1,000,000 each; {ending}"
    )
    return 0 if holds else 1


def _arguments(given: list[str]) -> tuple[int, int, tuple[str, ...]]:
    numbers = [int(one) for one in given[:2]]
    return (*numbers, *(INPUTS, SEED)[len(numbers) :], tuple(given[2:]))  # type: ignore[return-value]


if __name__ == "__main__":
    raise SystemExit(main(*_arguments(sys.argv[1:])))
