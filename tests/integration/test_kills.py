"""`kill -9` of box and server, a few times; a thousand times is `python -m tests.prove.kills`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.req("GATE-3")
def test_nothing_promised_is_lost_or_done_twice_when_box_and_server_are_killed() -> None:
    command = [sys.executable, "-m", "tests.prove.kills", "6", "3"]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 promises broken" in done.stdout
