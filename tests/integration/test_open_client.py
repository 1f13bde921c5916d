"""A client made from our OpenAPI file, on a machine that has nothing of ours but that file: it redeems a coupon at the running server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import kiosk_ui
from parking.kernel.events import Direction
from tests.browser.member_scene import Mall, Member
from tests.builders.journeys import PLATE
from tests.tools import setup

UI = Path(kiosk_ui.__file__).parent
CONSENTS = {"recognise": True, "history": True, "points": True}
_STRIP = """
const [from, to, ...names] = process.argv.slice(1);
const [ts, fs] = [require(from + '/node_modules/typescript'), require('fs')];
const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
for (const name of names) {
  const typed = fs.readFileSync(`${from}/client/${name}.ts`, 'utf8');
  fs.writeFileSync(`${to}/${name}.js`, ts.transpileModule(typed, { compilerOptions: options }).outputText);
}
"""


@pytest.fixture
def mall(tmp_path: Path) -> Iterator[Mall]:
    running = Mall(tmp_path)
    yield running
    running.close()


def the_client(folder: Path) -> Path:
    """The example without its types; they were checked against the file when the pages were built."""
    folder.mkdir()
    (folder / "package.json").write_text('{"type": "module"}')
    subprocess.run(["node", "-e", _STRIP, str(UI), str(folder), "client", "redeem"], check=True, env=setup._node())
    return folder / "redeem.js"


@pytest.mark.req("OPEN-1", "MEM-1")
def test_a_client_made_from_the_openapi_file_redeems_a_coupon_at_the_running_server(
    built_pages: Path, tmp_path: Path, mall: Mall
) -> None:
    assert built_pages.is_dir(), "the build has checked the client's types against the file"
    member = Member(mall, "customer-9", **CONSENTS)
    member.owns()
    member.buys("R-9", 90)
    inside = mall.passes(Direction.IN, PLATE)
    mall.later(minutes=100)
    program = the_client(tmp_path / "client")
    asked = ["node", str(program), mall.url, mall.app_token, member.id, "points-80"]
    ran = subprocess.run(asked, capture_output=True, text=True, check=False, env=setup._node(), timeout=120)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert (told["counted"], told["due_minor"], told["payment"]) == (True, 0, "PAID")
    assert (told["coupon_state"], told["points"]) == ("redeemed", 10)
    (line,) = [one for one in member.ask("GET", "/me/stays")[0]["bill"]["lines"] if one["code"] == "coupon"]
    assert line["amount"]["amount"] == -1000
    assert member.ask("GET", "/me/stays")[0]["stay_id"] == inside
    refused = subprocess.run(
        [*asked[:3], "no-app", *asked[4:]], capture_output=True, text=True, check=False, env=setup._node()
    )
    assert "401 auth.required" in refused.stderr
