"""Webhooks both ways: what is signed, fresh and new counts once; everything else changes nothing, and says nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import respx
from httpx import Response as Answer
from httpx2 import Response

from parking.bootstrap.keys import Ed25519Signer, KeyRing, create_key
from parking.journeys import app_hooks
from parking.kernel.errors import ParkingError
from parking.web import webhook_wire
from tests.builders.application import problem_of
from tests.builders.loyalty import Mall, a_mall
from tests.builders.plumbing import eventually

HOOK = "https://crm.example/hooks"


@pytest.fixture
def mall(tmp_path: Path) -> Iterator[Mall]:
    with a_mall(tmp_path) as running:
        yield running
        running.check()


def send(mall: Mall, key: Ed25519Signer, message: dict[str, Any], webhook_id: str = "m-1", **changes: str) -> Response:
    """The app tells us something."""
    body = json.dumps(message).encode()
    headers = webhook_wire.headers(key, webhook_id, body, mall.server.clock.now())
    return mall.server.ask("POST", "/apps/app/events", content=body, headers={**headers, **changes})


@pytest.mark.req("MEM-1")
def test_what_the_app_tells_counts_once_and_only_when_it_is_signed_and_fresh(mall: Mall, tmp_path: Path) -> None:
    key, stranger = create_key(tmp_path / "keys" / "app.pem"), create_key(tmp_path / "keys" / "stranger.pem")
    mall.campaign("crm", issuer="mall", bound="member")
    member = mall.join("customer-1")
    message = {"type": "coupon.issue", "data": {"ref": "customer-1", "campaign_id": "crm"}}
    for _ in range(3):
        assert send(mall, key, message).status_code == 204, "told again because our answer got lost"
    assert len(member.ask("GET", "/me/coupons").json()) == 1
    refused = [
        send(mall, stranger, message, "m-2"),
        send(mall, key, message, "m-3", **{webhook_wire.ID: "m-4"}),
        send(mall, key, message, "m-5", **{webhook_wire.TIMESTAMP: "1"}),
        send(mall, key, message, "m-6", **{webhook_wire.SIGNATURE: "v1a,AAAA"}),
    ]
    assert {problem_of(one, 401)["code"] for one in refused} == {"webhook.refused"}
    body = json.dumps(message).encode()
    headers = webhook_wire.headers(key, "m-7", body, mall.server.clock.now())
    mall.server.park(minutes=6)
    problem_of(mall.server.ask("POST", "/apps/app/events", content=body, headers=headers), 401)
    assert len(member.ask("GET", "/me/coupons").json()) == 1
    assert (
        problem_of(send(mall, key, {"type": "x", "data": {"ref": "customer-1"}}, "m-8"), 422)["code"] == "webhook.type"
    )
    problem_of(send(mall, key, {"type": "coupon.issue", "data": {"ref": "nobody"}}, "m-9"), 404)


@pytest.mark.req("MEM-1", "PRIV-2")
def test_the_app_is_told_of_members_who_wish_it_signed_and_without_anything_personal(mall: Mall) -> None:
    silent, told = mall.join("silent", crm=False, points=True), mall.join("told", crm=True, points=True)
    mall.server.settle_down()
    mall.server.application.database.write(lambda uow: app_hooks.set_hook(uow, "app", HOOK))
    with respx.mock(assert_all_called=False) as company:
        heard = company.post(HOOK).mock(side_effect=[Answer(503), *[Answer(204)] * 50])
        for member, receipt in ((silent, "r-1"), (told, "r-2")):
            member.buy(receipt)
        mall.server.settle_down()
        for _ in range(4):
            mall.server.park(minutes=10)
            mall.server.application.jobs.run_due()
        requests = [call.request for call in heard.calls]
    ours = KeyRing([mall.server.signer.public])
    for request in requests:
        webhook_wire.check(
            {name.lower(): value for name, value in request.headers.items()},
            request.content,
            holds=lambda message, signature: ours.verify(mall.server.signer.key_id, message, signature),
            now=datetime.fromtimestamp(int(request.headers[webhook_wire.TIMESTAMP]), UTC),
        )
    messages = {request.headers[webhook_wire.ID]: json.loads(request.content) for request in requests}
    points = [m for m in messages.values() if m["type"] == "points.changed"]
    assert [(m["data"]["ref"], m["data"]["points"]) for m in points] == [("told", 100)], (
        "once, though it failed at first"
    )
    assert all(m["data"]["ref"] == "told" for m in messages.values())


@pytest.mark.req("PRIV-1")
def test_what_waits_for_an_app_is_not_told_once_its_member_has_taken_his_consent_back(mall: Mall) -> None:
    member = mall.join("hesitant", crm=True, points=True)
    mall.server.settle_down()
    mall.server.application.database.write(lambda uow: app_hooks.set_hook(uow, "app", HOOK))
    with respx.mock(assert_all_called=False) as company:
        heard = company.post(HOOK).mock(side_effect=[Answer(503), *[Answer(204)] * 50])
        member.buy("r-1")
        mall.server.settle_down()
        eventually(lambda: heard.call_count == 1)
        assert member.ask("PUT", "/me/consents", json={"crm": False}).status_code == 200
        for _ in range(4):
            mall.server.park(minutes=10)
            mall.server.application.jobs.run_due()
        assert heard.call_count == 1


@pytest.mark.req("MEM-1")
@pytest.mark.parametrize("data", [{"ref": "\ud800"}, {"ref": "customer-1", "campaign_id": "\ud800"}])
def test_a_message_with_half_a_sign_is_refused(mall: Mall, tmp_path: Path, data: dict[str, str]) -> None:
    mall.join("customer-1")
    key = create_key(tmp_path / "keys" / "app.pem")
    assert problem_of(send(mall, key, {"type": "coupon.issue", "data": data}), 422)["code"] == "webhook.body"


def test_a_hook_is_told_over_tls_only(mall: Mall) -> None:
    write = mall.server.application.database.write
    for url in (
        "http://crm.example/",
        "http://localhost.crm.example/",
        "https:///hook",
        "https://[hook",
        "https://a/" + "b" * 500,
    ):
        with pytest.raises(ParkingError, match="https"):
            write(lambda uow, url=url: app_hooks.set_hook(uow, "app", url))  # type: ignore[misc] # bound per turn
    write(lambda uow: app_hooks.set_hook(uow, "app", "http://localhost:9000/hook"))
