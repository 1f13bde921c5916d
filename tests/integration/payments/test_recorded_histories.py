"""Clients of one PostgreSQL are killed while they pay and redeem: nothing is lost, and there is an order.

The short version of `tests.prove.histories`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.postgres import PostgresServer

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.req("PAY-3", "PAY-5")
@pytest.mark.timeout(300)
def test_what_many_clients_recorded_has_an_order_and_no_update_is_lost(postgres_server: PostgresServer) -> None:
    assert postgres_server, "where there is no PostgreSQL the fixture says so"
    command = [
        sys.executable,
        "-m",
        "tests.prove.histories",
        "120",
        "4",
        "1",
        "120",
    ]  # it listens to the product's own functions
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip().endswith("holds for this many")
