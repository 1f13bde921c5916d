"""`kill -9` of any process of the demo loses no acknowledged event; the long proof with more kills is `tests/prove/demo_kills.py`."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from parking.cli.demo_site import lay_out
from tests.prove.demo_kills import Findings, judge, run


@pytest.mark.req("GATE-3", "PAY-3")
def test_server_gate_box_and_world_die_while_cars_move_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    found = run(tmp_path, ["edge", "server", "world"], seed=11)
    assert found.broken == []
    assert dict(found.kills) == {"edge": 1, "server": 1, "world": 1}
    _the_judge_sees_what_is_missing(tmp_path)


def _the_judge_sees_what_is_missing(folder: Path) -> None:
    """A judge that finds nothing proves something only if it would find something."""
    for spoil, complaint in (
        ("DELETE FROM edge_event WHERE seq = 1", "the server's events are not the box's journal"),
        ("UPDATE ledger_balance SET balance = balance + 1", "the ledger does not hold"),
        ("DELETE FROM guidance_movement", "a passage was not counted exactly once"),
        ("UPDATE payment SET state = 'CLOSED' WHERE state = 'PAID'", "the wallet has"),
        ("DELETE FROM stay", "stays and entries are not the same"),
    ):
        with closing(sqlite3.connect(folder / "server.db")) as server, server:
            server.execute(spoil)
        findings = Findings()
        judge(lay_out(folder), findings)
        assert any(broken.startswith(complaint) for broken in findings.broken), (complaint, findings.broken)
