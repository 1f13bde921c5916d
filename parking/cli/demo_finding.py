"""Where the demo's cars stand, by everybody who can say it: the world, the bay sensors, and the driver who looks for his car."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from typing import Any

import httpx

from parking.cli.demo_site import DemoSite
from parking.cli.operator_client import OperatorClient

PATIENCE_S, PAUSE_S, ANSWER_S = 90.0, 0.3, 30.0


def find_and_go(
    site: DemoSite, operator: OperatorClient, cars: Mapping[str, int], masked: str, pillar: str, full: Mapping[str, int]
) -> dict[str, Any]:
    """Wait until every car is parked, seen and on the signs, find the one with this plate from a pillar, and let them all go.

    `full` is what each sign shows of an empty mall. What did not come in time is missing in the report.
    """
    deadline = time.monotonic() + PATIENCE_S
    true: list[str] = []
    seen: list[str] = []
    found: dict[str, Any] = {}
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError):
            true = sorted(bay for number in cars.values() if (bay := _bay(site, number)))
            seen = sorted(bay["bay"] for bay in operator.get("/bays") if bay["state"] == "taken")
            found = found if found.get("known") == "bay" else _found(site, operator, masked, pillar)
            if len(true) == len(cars) and seen == true and found.get("known") == "bay" and _counted(site, full):
                break
        time.sleep(PAUSE_S)
    for number in cars.values():
        httpx.post(f"{site.url('control')}/cars/{number}/go", timeout=ANSWER_S).raise_for_status()
    way = found.get("way") or {}
    return {
        "bays_true": true,
        "bays_seen": seen,
        "found_bay": found.get("bay"),
        "found_by": found.get("source"),
        "found_floor": (found.get("floor") or {}).get("en"),
        "found_way_m": way.get("metres", 0),
    }


def ticket_of(operator: OperatorClient, masked: str) -> dict[str, Any] | None:
    """The driver's own code of the open stay with this plate, None while there is none."""
    stays = [stay for stay in operator.get("/stays", state="open")["items"] if stay["plate"] == masked]
    return dict(operator.post(f"/stays/{stays[-1]['id']}/ticket", {})) if stays else None


def _found(site: DemoSite, operator: OperatorClient, masked: str, pillar: str) -> dict[str, Any]:
    """What the driver's own phone is told who scans a pillar."""
    ticket = ticket_of(operator, masked)
    if ticket is None:
        return {}
    api, mine = f"{site.url('server')}/api/v1", {"Authorization": f"Bearer {ticket['token']}"}
    token = httpx.post(f"{api}/find", headers=mine, timeout=ANSWER_S).raise_for_status().json()["token"]
    asked = {"token": token, "pillar": pillar}
    return dict(httpx.post(f"{api}/find/way", json=asked, timeout=ANSWER_S).raise_for_status().json())


def _bay(site: DemoSite, number: int) -> str:
    return str(httpx.get(f"{site.url('control')}/cars/{number}", timeout=ANSWER_S).json()["bay"])


def _counted(site: DemoSite, full: Mapping[str, int]) -> bool:
    """Every sign shows fewer bays than when the mall is empty."""
    signs = httpx.get(f"{site.url('control')}/state", timeout=ANSWER_S).json()["signs"]
    return all(signs[name].strip().isdigit() and int(signs[name]) < empty for name, empty in full.items())
