"""Several channels at one server: drivers see them without an account, choose one, and each company is answered in its own words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from parking.bootstrap.application import build
from parking.bootstrap.channels import open_channels
from parking.bootstrap.settings import Settings
from parking.kernel.clock import ManualClock
from parking.kernel.codec import to_plain
from parking.kernel.errors import ParkingError
from parking.kernel.ids import RandomIds
from parking.plumbing.db import open_database
from payments.providers.registry import KINDS, Surroundings
from tests.builders.application import Server, a_server
from tests.builders.journeys import MORNING, PLATE, demo_settings
from tests.builders.providers import Company, a_stripe_wire, a_wechat, an_alipay, papers_of

pytestmark = pytest.mark.req("PAY-2", "PAY-3", "PRIV-2")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[tuple[Server, Company, Company]]:
    """A server with WeChat and Alipay behind it, both on real sockets."""
    clock = ManualClock(MORNING)
    for name in ("wechat", "alipay"):
        (tmp_path / name).mkdir()
    with (
        a_wechat(tmp_path / "wechat", clock) as wechat,
        an_alipay(tmp_path / "alipay", clock) as alipay,
        a_server(tmp_path, providers={"wechat": wechat.provider, "alipay": alipay.provider}, clock=clock) as server,
    ):
        yield server, wechat, alipay


def test_everybody_sees_the_channels(shop: tuple[Server, Company, Company]) -> None:
    server, _, _ = shop
    found = server.ask("GET", "/payments/channels").json()
    assert [(c["name"], c["method"], c["attended"], c["troubled"]) for c in found] == [
        ("wechat", "qr", False, False),
        ("alipay", "qr", False, False),
    ]


def test_the_chosen_company_collects_and_hears_its_own_word(shop: tuple[Server, Company, Company]) -> None:
    server, _, alipay = shop
    stay = server.enter()
    server.park(hours=1)
    key = {"Idempotency-Key": "k"}
    begun = server.ask("POST", "/my/payments", "driver", stay=stay, json={"channel": "alipay"}, headers=key).json()
    assert (begun["channel"], begun["state"]) == ("alipay", "SENT")
    (number,) = alipay.books.trades
    alipay.approve(number)
    headers, body = alipay.wire.callback(alipay.books.take_due()[0])
    reply = server.ask("POST", "/payments/alipay/callback", content=body, headers=headers)
    assert (reply.status_code, reply.text) == (200, "success")
    paid = server.ask("GET", f"/my/payments/{begun['payment_id']}", "driver", stay=stay).json()
    assert paid["state"] == "PAID"
    reply = server.ask("POST", "/payments/wechat/callback", content=body, headers=headers)
    assert reply.status_code == 401, "one company's word at another's door"


def test_no_order_tells_a_company_who_parks(shop: tuple[Server, Company, Company]) -> None:
    server, wechat, alipay = shop
    stay = server.enter()
    server.park(hours=1)
    how: dict[str, Any] = {"json": {"channel": "any"}, "headers": {"Idempotency-Key": "k"}}
    begun = server.ask("POST", "/my/payments", "driver", stay=stay, **how).json()
    assert begun["channel"] == "wechat", "the first of the site's"
    assert not alipay.books.trades
    (trade,) = wechat.books.trades.values()
    told = json.dumps(to_plain(trade), ensure_ascii=False)
    assert PLATE not in told
    assert stay not in told


def _settings(folder: Path, **more: Any) -> Settings:
    return Settings(site_file=folder / "site.yaml", tariff_file=folder / "tariff.yaml", keys_dir=folder, **more)


def test_the_example_is_a_channels_file_with_every_kind_of_settings_right() -> None:
    example = Path(__file__).resolve().parents[2] / "docs" / "channels.example.yaml"
    entries = yaml.safe_load(example.read_text(encoding="utf-8"))["channels"]
    for entry in entries.values():
        KINDS.get(entry["kind"]).settings.model_validate(entry)
    assert {entry["kind"] for entry in entries.values()} == set(KINDS) - {"memory", "qr_wallet"}


def test_the_settings_open_the_file_and_name_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "channels.yaml"
    path.write_text("channels: { trial: { kind: memory, name: { zh: 试用, en: Trial } } }")
    with ExitStack() as resources:
        found = open_channels(_settings(tmp_path, channels_file=path), ManualClock(MORNING), resources)
        assert [(c.name, c.zh, c.at_counter) for c in found.values()] == [("trial", "试用", True)]
        path.write_text("channels: { trial: { kind: stripe, name: { zh: 试用, en: Trial } } }")
        with pytest.raises(ParkingError, match=r"channels\.trial\.secret_key"):
            open_channels(_settings(tmp_path, channels_file=path), ManualClock(MORNING), resources)


def test_the_servers_end_lets_go_of_every_connection_to_a_provider(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[httpx.Client] = []
    make = Surroundings.client

    def client(around: Surroundings, url: str, timeout_s: float) -> httpx.Client:
        opened.append(make(around, url, timeout_s))
        return opened[-1]

    monkeypatch.setattr(Surroundings, "client", client)
    settings, files = papers_of(a_stripe_wire(ManualClock(MORNING)), "stripe")
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    entry = {"kind": "stripe", "name": {"zh": "卡", "en": "Card"}, **settings}
    (tmp_path / "channels.yaml").write_text(yaml.safe_dump({"channels": {"card": entry}}))
    clock, resources = ManualClock(MORNING), ExitStack()
    channels = open_channels(_settings(tmp_path, channels_file=tmp_path / "channels.yaml"), clock, resources)
    database = open_database("sqlite://", clock=clock, ids=RandomIds(), origin="test")
    application = build(demo_settings(), database, clock=clock, channels=channels, resources=resources)
    assert [one.is_closed for one in opened] == [False]
    application.stop()
    assert [one.is_closed for one in opened] == [True]
