"""The demo's exit is no dead end: an unpaid car calls, a person opens with a reason; a fire opens the exit, and a person ends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from parking.cli import demo
from parking.cli.demo_site import DemoSite, lay_out
from parking.cli.operator_client import OperatorClient
from parking.cli.supervisor import Supervisor
from tests.builders.plumbing import eventually

PATIENCE_S = 90.0


class Mall:
    """The demo without its traffic."""

    def __init__(self, site: DemoSite, operator: OperatorClient) -> None:
        self.site = site
        self.operator = operator

    def drive_up(self, **plan: Any) -> int:
        reply = httpx.post(f"{self.site.url('control')}/cars", json=plan, timeout=30.0)
        reply.raise_for_status()
        return int(reply.json()["number"])

    def stage(self, number: int) -> str:
        return str(httpx.get(f"{self.site.url('control')}/cars/{number}", timeout=30.0).json()["stage"])

    def fire(self, *, on: bool) -> None:
        fault = {"device": "fire", "fault": "on" if on else "off"}
        httpx.post(f"{self.site.url('control')}/faults", json=fault, timeout=30.0).raise_for_status()

    def owed(self) -> int:
        balances = {b["account"]: b["balance"] for b in self.operator.get("/ledger/balances")}
        return int(balances.get("debt", 0))

    def boom(self, lane: str) -> float:
        return float(httpx.get(f"{self.site.url('control')}/state", timeout=30.0).json()["booms"][lane])


@pytest.fixture
def mall(tmp_path: Path) -> Iterator[Mall]:
    site = lay_out(tmp_path / "mall")
    supervisor = Supervisor(tmp_path / "logs")
    try:
        operator = demo.start(supervisor, site, traffic=False, seed=1, say=lambda _: None)
        yield Mall(site, operator)
        operator.close()
    finally:
        supervisor.stop()


@pytest.mark.req("SOS-1", "GATE-4")
def test_an_exit_call_is_answered_and_a_fire_opens_the_exit_until_a_person_ends_it(mall: Mall) -> None:
    operator = mall.operator
    car = mall.drive_up(plate="沪A8M62K", dwell_s=0.5, pays="never")
    [call] = found(lambda: [call for call in operator.get("/calls")["items"] if call["cause"] == "unpaid"])
    assert call["lane_id"] == "exit-1"
    assert call["picture_ref"]
    assert demo.answer_calls(operator, older_than_s=0.0, say=lambda _: None) >= 1
    eventually(lambda: mall.stage(car) == "left", within_s=PATIENCE_S)
    opening, *_ = found(lambda: [opening for opening in operator.get("/openings")["items"] if opening["read_back"]])
    assert opening["lane_id"] == "exit-1"
    assert opening["reason"]
    assert opening["picture_ref"]
    eventually(lambda: mall.owed() == 600, within_s=PATIENCE_S)  # out, with the debt on record

    mall.fire(on=True)
    eventually(lambda: mall.boom("exit-1") == 1.0, within_s=PATIENCE_S)
    eventually(lambda: operator.get("/emergency")["standing"] is True, within_s=PATIENCE_S)
    mall.fire(on=False)
    operator.post("/emergency/end", {"reason": "the fire brigade is gone"}, **{"Idempotency-Key": "the-fire-is-out"})
    eventually(lambda: mall.boom("exit-1") == 0.0, within_s=PATIENCE_S)


def found(look: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """What `look` finds, once it finds something."""
    eventually(lambda: bool(look()), within_s=PATIENCE_S)
    return look()
