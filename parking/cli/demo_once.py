"""`parking demo --once`: cars in and out, and then every part of the system is asked what happened. They must agree.

One visitor parks where a camera reads plates, finds the car by the ticket's code, and pays at the kiosk; a member's tag and a guest's
code open the second entry meanwhile, and both leave by right, for nothing.
The report is one flat object; `ok` is true only when `disagreements` is empty.
"""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx

from hardware_sim.traffic import arrivals
from parking.cli.demo_finding import find_and_go
from parking.cli.demo_site import DemoSite
from parking.cli.operator_client import LiveFeed, OperatorClient

DWELL_S, RIGHTS_DWELL_S = 6.0, 0.5
BAY, PILLAR = "C02", "P24"
PATIENCE_S = 90.0
ANSWER_S = 30.0  # a busy machine answers late, and that is no disagreement
CARS = 3
USABLE = {"sign-b1": 30, "sign-b2": 26}
"""What the signs show of an empty mall: on the lower level four of thirty bays are not for everybody."""
ENTRY, EXIT = 0, 2  # open coils; the loops have the same numbers: presence, then safety
PASSAGE = [(0, True), (1, True), (0, False), (1, False)]  # presence on, safety on, presence off, safety off


def run(site: DemoSite, operator: OperatorClient, *, seed: int) -> dict[str, Any]:
    """Drive the cars through and collect the evidence."""
    started = time.monotonic()
    feed = operator.feed()
    coming = arrivals(seed + random.SystemRandom().randrange(10**6), datetime.now(UTC), 24, 60)
    plan, guest = next(coming), next(coming)
    member = site.members[0]
    second = {"entry": "entry-2", "dwell_s": RIGHTS_DWELL_S, "hold": True, "pays": "never"}
    cars = {
        "car": {"plate": plan.plate.text, "level": "b2", "bay": BAY, "dwell_s": DWELL_S, "hold": True, "pays": "kiosk"},
        "member_car": {**member, **second},
        "guest_car": {"plate": guest.plate.text, "code": site.codes[0], **second, "pays": "exit"},
    }
    numbers = {name: _drive_up(site, body) for name, body in cars.items()}
    found = find_and_go(site, operator, numbers, plan.plate.masked, PILLAR, USABLE)
    over = ("left", "gave_up")
    stages = {name: _wait_for(partial(_stage, site, n), lambda s: s in over) for name, n in numbers.items()}
    _wait_for(lambda: _settled(operator, site), bool)
    plates = {plan.plate.text, member["plate"], guest.plate.text}
    report = {**stages, **found, **_report(site, operator, feed, plates, plan.plate.masked)}
    report["disagreements"] = [name for name, agrees in _checks(report, plan.plate.masked) if not agrees]
    feed.stop()
    report["seconds"] = round(time.monotonic() - started, 1)
    report["ok"] = not report["disagreements"]
    return report


def _drive_up(site: DemoSite, body: dict[str, Any]) -> int:
    reply = httpx.post(f"{site.url('control')}/cars", json=body, timeout=ANSWER_S)
    reply.raise_for_status()
    return int(reply.json()["number"])


def _stage(site: DemoSite, number: int) -> str:
    return str(httpx.get(f"{site.url('control')}/cars/{number}", timeout=ANSWER_S).json()["stage"])


def _settled(operator: OperatorClient, site: DemoSite) -> bool:
    """The server has closed the stays, both signs are back at what they show when empty, and the booms are down."""
    closed = operator.get("/stays", state="closed")["items"]
    state = httpx.get(f"{site.url('control')}/state", timeout=ANSWER_S).json()
    signs_right = all(state["signs"][name].strip() == str(USABLE[name]) for name in USABLE)
    return len(closed) == CARS and signs_right and not any(state["booms"].values())


def _has_told_all(feed: LiveFeed) -> bool:
    """The live feed is a breath behind what the API says: all passages, and every level as it was."""
    passages = sum(event["type"] == "VehiclePassed" for event in feed.events)
    return passages >= 2 * CARS and all(feed.values.get(f"zone.{zone}", {}).get("free") == 30 for zone in ("b1", "b2"))


def _wait_for(ask: Callable[[], Any], is_it: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    answer = ask()
    while not is_it(answer) and time.monotonic() < deadline:
        time.sleep(0.2)
        answer = ask()
    return answer


def _report(site: DemoSite, operator: OperatorClient, feed: LiveFeed, plates: set[str], masked: str) -> dict[str, Any]:
    logs = httpx.get(f"{site.url('control')}/logs", timeout=ANSWER_S).json()
    journal, unacknowledged = _journal(site)
    closed = operator.get("/stays", state="closed")["items"]
    stays = [operator.get(f"/stays/{found['id']}") for found in closed]
    paying = [stay for stay in stays if stay["payments"]]
    stay = paying[0] if paying else None
    balances = {b["account"]: b["balance"] for b in operator.get("/ledger/balances")}
    _wait_for(lambda: _has_told_all(feed), bool)
    kinds = [event["type"] for event in feed.events]
    bill = stay["bill"] if stay else None
    paid = [p for p in stay["payments"] if p["state"] == "PAID"] if stay else []
    return {
        "plate": masked,
        "relay_pulses_entry": _pulses(logs, ENTRY),
        "relay_pulses_exit": _pulses(logs, EXIT),
        "camera_pulses_entry_2": sum(o["output"] == 0 and o["what"] == "pulse" for o in logs["second_outputs"]),
        "boom_moves_entry": _moves(logs["booms"], "entry-1"),
        "boom_moves_entry_2": _moves(logs["second_booms"], "entry-2"),
        "boom_moves_exit": _moves(logs["booms"], "exit-1"),
        "loops_entry": _loops(logs, ENTRY),
        "loops_exit": _loops(logs, EXIT),
        "journal_events": len(journal),
        "journal_unacknowledged": unacknowledged,
        "journal_plates_read": sorted({e["data"]["plate"] in plates for e in journal if e["data"].get("plate")}),
        "journal_passages": _passages(journal, "in") + _passages(journal, "out"),
        "journal_rights": sorted({e["data"]["right"].split(":")[0] for e in _passed(journal) if e["data"]["right"]}),
        "journal_credentials": sorted(
            {e["data"]["credential"]["kind"] for e in _passed(journal) if e["data"]["credential"]}
        ),
        "pushes_reported": sum(e["type"] == "PlateReported" for e in journal),
        "pictures_kept": len(list((site.root / "pictures").glob("*.jpg"))),
        "stay_state": stay["state"] if stay else None,
        "stay_plate": stay["plate"] if stay else None,
        "stay_count": len(stays),
        "stays_open": len(operator.get("/stays", state="open")["items"]),
        "cases_open": len(operator.get("/cases", state="open")["items"]),
        "fee_minor": bill["total"]["amount"] if bill else None,
        "fee_lines_minor": [line["amount"]["amount"] for line in bill["lines"]] if bill else [],
        "fee_due_minor": bill["due"]["amount"] if bill else None,
        "due_by_right_minor": [s["bill"]["due"]["amount"] for s in stays if s is not stay],
        "total_by_right_minor": [s["bill"]["total"]["amount"] for s in stays if s is not stay],
        "waived_by_right_minor": [
            -sum(line["amount"]["amount"] for line in s["bill"]["lines"] if line["code"] == "waived")
            for s in stays
            if s is not stay
        ],
        "paid_by_right": sum(len(s["payments"]) for s in stays if s is not stay),
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


def _checks(r: dict[str, Any], masked: str) -> list[tuple[str, bool]]:
    """What must hold between the parts, each with a name."""
    fee = r["fee_minor"]
    return [
        ("the cars left", r["car"] == r["member_car"] == r["guest_car"] == "left"),
        ("relay log: one pulse a car", (r["relay_pulses_entry"], r["relay_pulses_exit"]) == (1, CARS)),
        ("the camera's own output: one pulse a car", r["camera_pulses_entry_2"] == CARS - 1),
        ("booms opened and closed once a car", _opened(r["boom_moves_entry"], 1) and _opened(r["boom_moves_exit"], 1)),
        ("the second entry's boom opened and closed", _opened(r["boom_moves_entry_2"], 1)),
        ("loop log: one passage a car", r["loops_entry"] == PASSAGE and r["loops_exit"] == PASSAGE * CARS),
        (
            "journal: in and out, all acknowledged",
            r["journal_passages"] == ["in"] * CARS + ["out"] * CARS and not r["journal_unacknowledged"],
        ),
        ("journal: the plates as they were drawn", r["journal_plates_read"] == [True]),
        ("journal: in by a pass and by an invitation", r["journal_rights"] == ["invitation", "pass"]),
        ("journal: by a code and a tag", {"code", "uhf"} >= set(r["journal_credentials"]) != set()),
        ("the pushing camera's reads were reported, pictures kept", r["pushes_reported"] >= 2 <= r["pictures_kept"]),
        (
            "stays: one a car, closed, one of this plate pays",
            (r["stay_count"], r["stay_state"], r["stay_plate"]) == (CARS, "closed", masked),
        ),
        ("nothing is left open", r["stays_open"] == 0 and r["cases_open"] == 0),
        ("fee: the lines sum up", fee is not None and fee > 0 and sum(r["fee_lines_minor"]) == fee),
        (
            "fee: nothing for who parks by right; an invitation waives what a pass never lets arise",
            r["due_by_right_minor"] == r["total_by_right_minor"] == [0] * (CARS - 1)
            and not r["paid_by_right"]
            and 0 < _waived(r) == sum(r["waived_by_right_minor"]),
        ),
        ("payment: once, the fee", r["payment_minor"] == [fee] and r["fee_due_minor"] == 0),
        ("ledger: zero-sum, the fee is revenue", r["ledger_sum"] == 0 and fee in map(abs, r["ledger"].values())),
        (
            "signs: went down and came back",
            all(_dipped(r[f"{name.replace('-', '_')}_shown"], usable) for name, usable in USABLE.items()),
        ),
        ("bays: every car was seen in its own", r["bays_seen"] == r["bays_true"] and len(r["bays_true"]) == CARS),
        (
            "find my car: the very bay, by its plate, and the way there",
            (r["found_bay"], r["found_by"], r["found_floor"]) == (BAY, "video", "B2") and r["found_way_m"] > 0,
        ),
        ("live feed: complete, and at thirty again", r["live_gaps"] == 0 and r["live_passages"] == 2 * CARS),
        ("live feed: the counts", r["live_free_b1"] == r["live_free_b2"] == 30),
    ]


_OPEN_AND_CLOSE = ["opening", "open", "closing", "closed"]


def _opened(moves: list[str], least: int) -> bool:
    """Opened and closed, so often at least; a car right behind finds the boom still up, or turns it round on its way down."""
    times, rest = divmod(len(moves), len(_OPEN_AND_CLOSE))
    if not rest and moves == _OPEN_AND_CLOSE * times and times >= least:
        return True
    return moves[:2] == _OPEN_AND_CLOSE[:2] and moves[-2:] == _OPEN_AND_CLOSE[2:]


def _waived(r: dict[str, Any]) -> int:
    return int(r["ledger"].get("waived", 0))


def _dipped(shown: list[str], empty: int) -> bool:
    texts = [text.strip() for text in shown]
    return min(map(int, filter(str.isdigit, texts)), default=empty) < empty and texts[-1:] == [str(empty)]


def _pulses(logs: dict[str, Any], coil: int) -> int:
    return sum(w["coil"] == coil and w["what"] == "pulse" for w in logs["relay"])


def _moves(log: list[dict[str, Any]], barrier: str) -> list[str]:
    return [m["what"] for m in log if m["barrier"] == barrier]


def _passed(journal: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [e for e in journal if e["type"] == "VehiclePassed"]


def _passages(journal: list[dict[str, Any]], direction: str) -> list[str]:
    return [direction for e in _passed(journal) if e["data"]["direction"] == direction]


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
