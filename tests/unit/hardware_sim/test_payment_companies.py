"""The simulated payment companies stand alone: a command, its papers, its side door."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from hardware_sim.providers.__main__ import COMPANIES, open_company
from hardware_sim.providers.faults import Fault
from payments.invoices.providers.registry import KINDS as PLATFORMS
from payments.providers.registry import KINDS

pytestmark = pytest.mark.req("PAY-2")


def test_the_command_says_where_it_listens_and_what_a_merchant_gets(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hardware_sim.providers", "unionpay_plate", "--papers", str(tmp_path / "papers")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            said = json.loads(running.stdout.readline())
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+", said["url"])
            assert httpx.get(f"{said['side_door']}trades", timeout=60).json() == {"trades": [], "refunds": []}
            assert (tmp_path / "papers" / "key").read_text() == said["papers"]["key"]
            assert len(said["faults"]) >= 12
        finally:
            running.terminate()
        assert running.wait(60) == 0


def test_there_is_a_company_for_every_kind_of_channel_and_of_invoice_platform_but_the_fakes() -> None:
    channels = {name.removesuffix("_parking").removesuffix("_in_app") for name in KINDS}
    assert (channels | set(PLATFORMS)) - {"memory", "qr_wallet"} == set(COMPANIES)


def test_the_side_door_switches_faults_enrols_and_pays() -> None:
    company = open_company("unionpay_plate")
    url = company.start(callbacks=False)
    try:
        with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
            wish = {"fault": "timeout_after", "times": 2, "operation": "charge"}
            assert client.post("/_sim/faults", json=wish).json()["on"][0]["times"] == 2
            assert company.wire.books.switches.take(Fault.TIMEOUT_AFTER, operation="query") is None
            assert company.wire.books.switches.take(Fault.TIMEOUT_AFTER, operation="charge") is not None
            assert client.delete("/_sim/faults").json()["on"] == []
            assert client.post("/_sim/enrol", json={"plate": "京A12345"}).json() == {"enrolled": 1}
            assert client.post("/_sim/faults", json={"fault": "earthquake"}).status_code == 400
            assert client.post("/_sim/payer/NOBODY").status_code == 404
            assert client.get("/_sim/nowhere").status_code == 404
            assert client.get("/_sim/papers").json()["merId"]
    finally:
        company.stop()
