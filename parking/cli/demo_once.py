"""`parking demo --once`: one car in and out, and then every part of the system is asked what happened. They must agree.

The report is one flat object; `ok` is true only when `disagreements` is empty.
"""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx

from hardware_sim.traffic import arrivals
from parking.cli.demo_site import DemoSite
from parking.cli.operator_client import LiveFeed, OperatorClient

DWELL_S = 6.0
PATIENCE_S = 50.0
ENTRY, EXIT = 0, 2  # open coils; the loops have the same numbers: presence, then safety
PASSAGE = [(0, True), (1, True), (0, False), (1, False)]  # presence on, safety on, presence off, safety off


def run(site: DemoSite, operator: OperatorClient, *, seed: int) -> dict[str, Any]:
    """Drive one car through and collect the evidence."""
    started = time.monotonic()
    feed = operator.feed()
    plan = next(arrivals(seed + random.SystemRandom().randrange(10**6), datetime.now(UTC), 24, 60))
    car = httpx.post(
        f"{site.url('control')}/cars",
        json={"plate": plan.plate.text, "level": "b2", "dwell_s": DWELL_S, "pays": "kiosk"},
        timeout=5.0,
    ).json()
    stage = _wait_for(lambda: _stage(site, car["number"]), lambda s: s in ("left", "gave_up"))
    _wait_for(lambda: _settled(operator, site), bool)
    report = _report(site, operator, feed, plan.plate.text, plan.plate.masked, stage)
    feed.stop()
    report["seconds"] = round(time.monotonic() - started, 1)
    report["ok"] = not report["disagreements"]
    return report


def _stage(site: DemoSite, number: int) -> str:
    return str(httpx.get(f"{site.url('control')}/cars/{number}", timeout=5.0).json()["stage"])


def _settled(operator: OperatorClient, site: DemoSite) -> bool:
    """The server has closed the stay, both signs are back at thirty, and the booms are down."""
    closed = operator.get("/stays", state="closed")["items"]
    state = httpx.get(f"{site.url('control')}/state", timeout=5.0).json()
    signs_right = all(text.strip() == "30" for text in state["signs"].values())
    return bool(closed) and signs_right and not any(state["booms"].values())


def _has_told_all(feed: LiveFeed) -> bool:
    """The live feed is a breath behind what the API says: both passages, and every level as it was."""
    passages = sum(event["type"] == "VehiclePassed" for event in feed.events)
    return passages >= 2 and all(feed.values.get(f"zone.{zone}", {}).get("free") == 30 for zone in ("b1", "b2"))


def _wait_for(ask: Callable[[], Any], is_it: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    answer = ask()
    while not is_it(answer) and time.monotonic() < deadline:
        time.sleep(0.2)
        answer = ask()
    return answer


def _report(
    site: DemoSite, operator: OperatorClient, feed: LiveFeed, plate: str, masked: str, stage: str
) -> dict[str, Any]:
    logs = httpx.get(f"{site.url('control')}/logs", timeout=5.0).json()
    journal, unacknowledged = _journal(site)
    stays = operator.get("/stays", state="closed")["items"]
    stay = operator.get(f"/stays/{stays[0]['id']}") if stays else None
    balances = {b["account"]: b["balance"] for b in operator.get("/ledger/balances")}
    _wait_for(lambda: _has_told_all(feed), bool)
    kinds = [event["type"] for event in feed.events]
    bill = stay["bill"] if stay else None
    paid = [p for p in stay["payments"] if p["state"] == "PAID"] if stay else []
    report: dict[str, Any] = {
        "plate": masked,
        "car": stage,
        "relay_pulses_entry": _pulses(logs, ENTRY),
        "relay_pulses_exit": _pulses(logs, EXIT),
        "boom_moves_entry": _moves(logs, "entry-1"),
        "boom_moves_exit": _moves(logs, "exit-1"),
        "loops_entry": _loops(logs, ENTRY),
        "loops_exit": _loops(logs, EXIT),
        "journal_events": len(journal),
        "journal_unacknowledged": unacknowledged,
        "journal_plates_read": sorted({e["data"]["plate"] == plate for e in journal if e["data"].get("plate")}),
        "journal_passages": [e["data"]["direction"] for e in journal if e["type"] == "VehiclePassed"],
        "stay_state": stay["state"] if stay else None,
        "stay_plate": stay["plate"] if stay else None,
        "stay_count": len(stays),
        "stays_open": len(operator.get("/stays", state="open")["items"]),
        "cases_open": len(operator.get("/cases", state="open")["items"]),
        "fee_minor": bill["total"]["amount"] if bill else None,
        "fee_lines_minor": [line["amount"]["amount"] for line in bill["lines"]] if bill else [],
        "fee_due_minor": bill["due"]["amount"] if bill else None,
        "payment_minor": [p["amount"]["amount"] for p in paid],
        "ledger": balances,
        "ledger_sum": sum(balances.values()),
        "sign_b1_shown": logs["signs"]["sign-b1"],
        "sign_b2_shown": logs["signs"]["sign-b2"],
        "live_gaps": feed.gaps,
        "live_events": len(kinds),
        "live_free_b1": feed.values.get("zone.b1", {}).get("free"),
        "live_free_b2": feed.values.get("zone.b2", {}).get("free"),
        "live_passages": kinds.count("VehiclePassed"),
    }
    report["disagreements"] = [name for name, agrees in _checks(report, masked) if not agrees]
    return report


def _checks(r: dict[str, Any], masked: str) -> list[tuple[str, bool]]:
    """What must hold between the parts, each with a name."""
    fee = r["fee_minor"]
    return [
        ("the car left", r["car"] == "left"),
        ("relay log: one pulse a lane", r["relay_pulses_entry"] == 1 and r["relay_pulses_exit"] == 1),
        ("booms opened and closed once", r["boom_moves_entry"] == r["boom_moves_exit"] == _OPEN_AND_CLOSE),
        ("loop log: two passages", r["loops_entry"] == PASSAGE and r["loops_exit"] == PASSAGE),
        (
            "journal: in and out, all acknowledged",
            r["journal_passages"] == ["in", "out"] and not r["journal_unacknowledged"],
        ),
        ("journal: the plate as it was drawn", r["journal_plates_read"] == [True]),
        (
            "stay: one, closed, of this plate",
            (r["stay_count"], r["stay_state"], r["stay_plate"]) == (1, "closed", masked),
        ),
        ("nothing is left open", r["stays_open"] == 0 and r["cases_open"] == 0),
        ("fee: the lines sum up", fee is not None and fee > 0 and sum(r["fee_lines_minor"]) == fee),
        ("payment: once, the fee", r["payment_minor"] == [fee] and r["fee_due_minor"] == 0),
        ("ledger: zero-sum, the fee is revenue", r["ledger_sum"] == 0 and fee in map(abs, r["ledger"].values())),
        ("signs: went down and came back", _dipped(r["sign_b1_shown"]) and _dipped(r["sign_b2_shown"])),
        ("live feed: complete, and at thirty again", r["live_gaps"] == 0 and r["live_passages"] == 2),
        ("live feed: the counts", r["live_free_b1"] == r["live_free_b2"] == 30),
    ]


_OPEN_AND_CLOSE = ["opening", "open", "closing", "closed"]


def _dipped(shown: list[str]) -> bool:
    texts = [text.strip() for text in shown]
    return "29" in texts and texts[-1:] == ["30"]


def _pulses(logs: dict[str, Any], coil: int) -> int:
    return sum(w["coil"] == coil and w["what"] == "pulse" for w in logs["relay"])


def _moves(logs: dict[str, Any], barrier: str) -> list[str]:
    return [m["what"] for m in logs["booms"] if m["barrier"] == barrier]


def _loops(logs: dict[str, Any], first: int) -> list[tuple[int, bool]]:
    return [(c["input"] - first, c["on"]) for c in logs["loops"] if c["input"] in (first, first + 1)]


def _journal(site: DemoSite) -> tuple[list[dict[str, Any]], int]:
    """The gate box's own file: its events, and how many of them the server has not acknowledged."""
    with sqlite3.connect(f"file:{site.root / 'edge-1.db'}?mode=ro", uri=True) as conn:
        rows = conn.execute("SELECT body FROM entry ORDER BY seq").fetchall()
        acked = conn.execute("SELECT acked FROM journal").fetchone()[0]
    conn.close()
    return [json.loads(body) for (body,) in rows], len(rows) - acked


def as_text(report: dict[str, Any]) -> str:
    """The report for a person."""
    lines = [f"{key:24} {value}" for key, value in report.items()]
    return "\n".join([*lines, "every part tells the same story" if report["ok"] else "THE PARTS DISAGREE"])
