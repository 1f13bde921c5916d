"""Broken pictures and streams have plain outcomes and a camera may come and go: the short form of `make prove NAME=streams`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.prove.streams import MEMORY_GOAL, Findings, drop
from tests.tools.stream_cases import KINDS, QUICK

pytestmark = pytest.mark.req("LPR-2")
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_damaged_bytes_neither_crash_nor_hang_nor_surprise(kind: str) -> None:
    cases = 2000 if kind in QUICK else 12
    command = [sys.executable, "-m", "tests.tools.stream_cases", kind, "7", "0", str(cases)]
    child = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert child.returncode == 0, child.stderr[-500:]
    told = json.loads(child.stdout.splitlines()[-1])
    assert told["at"] == cases
    assert sum(told["outcomes"].values()) == cases
    assert not [outcome for outcome in told["outcomes"] if outcome.startswith("unclear")]
    assert len(told["outcomes"]) >= 2, "some inputs survive their damage and some do not"


def test_a_camera_that_drops_again_and_again_leaves_nothing_behind() -> None:
    findings = Findings()
    grown = drop(40, findings)
    assert findings.broken == []
    assert grown < 4 * MEMORY_GOAL  # a short run is mostly its beginning; the long one holds the goal itself
