"""Workers die right after the company took the money: every debt is charged once (a short `tests.prove.debts`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.prove import debts

pytestmark = pytest.mark.req("PAY-1", "PAY-3")


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_two_workers_that_are_killed_charge_every_debt_once(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/parking.db"
    if engine == "postgresql":
        url = request.getfixturevalue("postgres_url")
    found = debts.run(url, tmp_path, 12, seed=3, kills=0.3)
    assert (found.wrong, found.charged) == ({}, 12)
    assert found.kills > 0
