"""What a visit asks the database costs the same however many came before it: no statement reads a table through that grows with the day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from hardware_sim.scenario import Scenario
from parking.cli import simulate
from parking.cli.virtual_site import VirtualSite
from parking.plumbing.prepared import DirectConnection

FEW_ROWS = {
    "correction_head", "dead_letter", "desk_lesson", "desk_teaching",
    "edge_frontier", "edge_held", "figure_head", "guidance_bay", "guidance_lane_sight", "guidance_zone", "ledger_balance",
    "ledger_head", "security_audit_head", "security_device", "watched", "watched_offers",
}  # fmt: skip
"""Of the site, of a person's doing or of what went wrong: none of them has a row for each visit."""
ONLY_WHAT_IS_OPEN = ("job_waiting", "one_open_call_per_caller", "fee_stop_of_everyone")
"""Indexes that hold no row that is done with."""
ENDED = {"closed", "resolved", "done"}
"""States in which everything ends: an index by them alone finds nearly all rows."""
WATCHES_COUPONS = ("SELECT (SELECT count(*) AS count_1", "PRAGMA")
"""The simulation's own look at all coupons, taken only when one of them has changed."""


def test_no_statement_of_a_visit_reads_a_growing_table_through(monkeypatch: pytest.MonkeyPatch) -> None:
    said: dict[str, Sequence[Any]] = {}
    sites: list[VirtualSite] = []
    run, prepare = DirectConnection._run, VirtualSite.__init__

    def heard(self: DirectConnection, text: str, values: Sequence[Any], *, many: bool = False) -> Any:
        said.setdefault(text, values[0] if many and values else values)
        return run(self, text, values, many=many)

    def kept(self: VirtualSite, *arguments: Any) -> None:
        prepare(self, *arguments)
        said.clear()  # what a start does happens once
        sites.append(self)

    monkeypatch.setattr(DirectConnection, "_run", heard)
    monkeypatch.setattr(VirtualSite, "__init__", kept)
    simulate.run(replace(Scenario(), seed=3, start=simulate.START, hours=0.05, stays=4, misread=0.2))
    asked = {text for text in said if text.split(None, 1)[0] in ("SELECT", "UPDATE", "DELETE")}
    assert len(asked) > 60
    assert any("copy_row" in text for text in asked)

    database = sites[0].application.database
    through = {}
    for text in asked:
        if text.startswith(WATCHES_COUPONS):
            continue
        plan = database.read(
            lambda conn, text=text: conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", tuple(said[text])).all()  # type: ignore[misc]
        )
        scans = [step[3] for step in plan if step[3].startswith("SCAN ") and _grows(step[3])]
        scans += [step[3] for step in plan if step[3].endswith("(state=?)") and ENDED & set(said[text])]
        if scans:
            through[text] = scans
    assert through == {}


def _grows(scan: str) -> bool:
    table = scan.split()[1]
    return table not in FEW_ROWS and scan != "SCAN CONSTANT ROW" and not scan.endswith(ONLY_WHAT_IS_OPEN)
