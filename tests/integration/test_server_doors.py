"""Who may open which door: a table of every route and everybody, so that a new route without a row fails here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from tests.builders.application import ROLES, Server, a_server, problem_of
from tests.builders.journeys import PLATE

STRANGERS = ("anonymous", "kiosk", "driver", "edge")
EVERYBODY = (*STRANGERS, *ROLES)
OF_THE_MALL = ("member", "till", "app")
"""Whoever the mall's own app, its tills and its members are; they have doors of their own (test_server_objects.py asks as them)."""
OPERATORS = set(ROLES)
PUBLIC = {*EVERYBODY, *OF_THE_MALL}
PROVES_ITSELF: set[str] = set()
"""Nobody gets in by who they are: the request itself must carry a proof (a password, a signature)."""

OF_APPS_TILLS_AND_MEMBERS = {
    ("POST", "/members"): {"app"},
    ("POST", "/members/{member_id}/token"): {"app"},
    ("POST", "/till/codes"): {"till"},
    ("POST", "/till/purchases"): {"till"},
    ("POST", "/till/purchases/{receipt}/back"): {"till"},
    ("GET", "/till/statement"): {"till"},
    ("GET", "/till/statement.csv"): {"till"},
    ("GET", "/me"): {"member"},
    ("DELETE", "/me"): {"member"},
    ("PUT", "/me/consents"): {"member"},
    ("PUT", "/me/contact"): {"member"},
    ("GET", "/me/notices"): {"member"},
    ("GET", "/me/looks"): {"member"},
    ("POST", "/me/vehicles"): {"member"},
    ("DELETE", "/me/vehicles/{vehicle_id}"): {"member"},
    ("POST", "/me/claims/{vehicle_id}/object"): {"member"},
    ("GET", "/me/coupons"): {"member"},
    ("GET", "/me/points"): {"member"},
    ("GET", "/me/points/history"): {"member"},
    ("GET", "/me/standing"): {"member"},
    ("GET", "/me/debts"): {"member"},
    ("POST", "/me/debts/{debt_id}/payments"): {"member"},
    ("POST", "/me/debts/{debt_id}/dispute"): {"member"},
    ("GET", "/me/agreements"): {"member"},
    ("DELETE", "/me/agreements/{agreement_id}"): {"member"},
    ("POST", "/me/stays/{stay_id}/code"): {"member"},
    ("GET", "/me/stays/{stay_id}/payments/{payment_id}/receipt"): {"member"},
    ("POST", "/me/exchanges"): {"member"},
    ("POST", "/me/code"): {"member"},
    ("GET", "/me/stays"): {"member"},
    ("GET", "/me/receipts"): {"member"},
    ("GET", "/me/invoices"): {"member"},
    ("POST", "/me/invoices"): {"member"},
    ("GET", "/me/invoices/{invoice_id}/pdf"): {"member"},
}
"""Doors of the mall's app, of tills and of members; test_loyalty_api.py goes through them."""

WHO_MAY = {
    ("GET", "/site"): PUBLIC,
    ("GET", "/site/levels"): PUBLIC,
    ("GET", "/site/levels/{level_id}/map.svg"): PUBLIC,
    ("GET", "/site/map"): OPERATORS,
    ("GET", "/occupancy"): PUBLIC,
    ("GET", "/availability"): PUBLIC,
    ("GET", "/overflow"): PUBLIC,
    ("POST", "/overflow/ways"): PUBLIC,
    ("GET", "/bays/way"): PUBLIC,
    ("POST", "/bays/way"): PUBLIC,
    ("GET", "/bays"): OPERATORS,
    ("POST", "/bays/reads"): {"attendant", "manager"},
    ("PUT", "/bays/{bay_id}/cone"): {"attendant", "manager"},
    ("GET", "/payments/channels"): PUBLIC,
    ("POST", "/zones/{zone_id}/adjustments"): {"attendant", "manager"},
    ("POST", "/auth/logout"): PUBLIC,  # whoever is not logged in has nothing to end
    ("GET", "/auth/me"): OPERATORS,
    ("GET", "/auth/ways"): PUBLIC,
    ("POST", "/auth/passkey/challenge"): PUBLIC,  # random bytes, of no use without a passkey
    ("GET", "/auth/passkeys"): OPERATORS,
    ("POST", "/auth/passkeys/challenge"): OPERATORS,
    ("POST", "/auth/passkeys"): OPERATORS,
    ("PUT", "/auth/passkeys/{passkey_id}"): OPERATORS,
    ("DELETE", "/auth/passkeys/{passkey_id}"): OPERATORS,
    ("GET", "/auth/sessions"): OPERATORS,
    ("DELETE", "/auth/sessions/{session_id}"): OPERATORS,
    ("POST", "/auth/sessions/end-others"): OPERATORS,
    ("POST", "/auth/password"): OPERATORS,
    ("GET", "/auth/notices"): OPERATORS,
    ("POST", "/auth/notices/read"): OPERATORS,
    ("GET", "/operators/passkeys"): {"manager"},
    ("DELETE", "/operators/passkeys/{passkey_id}"): {"manager"},
    ("GET", "/operators/sessions"): {"manager"},
    ("DELETE", "/operators/sessions/{session_id}"): {"manager"},
    ("GET", "/lanes"): OPERATORS,
    ("GET", "/lanes/{lane_id}/visits"): OPERATORS,
    ("POST", "/lanes/{lane_id}/visits/{visit_id}/candidates"): {"attendant", "technician", "manager"},
    ("POST", "/lanes/{lane_id}/visits/{visit_id}/name"): {"attendant", "technician", "manager"},
    ("POST", "/lanes/{lane_id}/open"): {"attendant", "technician", "manager"},
    ("POST", "/lanes/{lane_id}/end-emergency"): {"attendant", "technician", "manager"},
    ("POST", "/lanes/{lane_id}/hold-open"): {"attendant", "technician", "manager"},
    ("POST", "/lanes/{lane_id}/take"): {"attendant", "technician", "manager"},
    ("POST", "/lanes/{lane_id}/release"): {"attendant", "technician", "manager"},
    ("GET", "/calls"): OPERATORS,
    ("GET", "/calls/{call_id}"): OPERATORS,
    ("POST", "/calls/{call_id}/take"): {"attendant", "technician", "manager"},
    ("POST", "/calls/{call_id}/hand-back"): {"attendant", "technician", "manager"},
    ("POST", "/calls/{call_id}/open"): {"attendant", "technician", "manager"},
    ("POST", "/calls/{call_id}/end"): {"attendant", "technician", "manager"},
    ("POST", "/calls/{call_id}/say"): {"attendant", "technician", "manager"},
    ("GET", "/openings"): {"manager", "auditor"},
    ("GET", "/emergency"): OPERATORS,
    ("POST", "/emergency/begin"): {"attendant", "technician", "manager"},
    ("POST", "/emergency/end"): {"attendant", "technician", "manager"},
    ("GET", "/stays"): {"cashier", "attendant", "manager", "auditor"},
    ("GET", "/stays/{stay_id}"): {"cashier", "attendant", "manager", "auditor"},
    ("GET", "/stays/{stay_id}/quote"): {"cashier", "attendant", "manager", "auditor"},
    ("POST", "/stays/{stay_id}/close"): {"attendant", "manager"},
    ("POST", "/stays/{stay_id}/confirm"): {"attendant", "manager"},
    ("POST", "/stays/{stay_id}/ticket"): {"cashier", "attendant", "manager"},
    ("GET", "/cases"): {"attendant", "manager"},
    ("POST", "/cases/{case_id}/resolve"): {"attendant", "manager"},
    ("GET", "/desk/cases"): {"attendant", "manager", "auditor"},
    ("GET", "/desk/cases/{case_id}"): {"attendant", "manager", "auditor"},
    ("POST", "/desk/cases/{case_id}/take"): {"attendant", "manager"},
    ("POST", "/desk/cases/{case_id}/give-back"): {"attendant", "manager"},
    ("POST", "/desk/cases/{case_id}/rank"): {"attendant", "manager"},
    ("POST", "/desk/find"): {"attendant", "manager"},
    ("POST", "/desk/questions"): {"attendant", "manager"},
    ("POST", "/desk/cases/{case_id}/decide"): {"attendant", "manager"},
    ("GET", "/desk/decisions"): {"attendant", "manager", "auditor"},
    ("POST", "/desk/decisions/{decision_id}/undo"): {"attendant", "manager"},
    ("GET", "/given-up"): {"technician", "manager"},
    ("POST", "/given-up/{given_up_id}/again"): {"technician", "manager"},
    ("POST", "/given-up/{given_up_id}/let-be"): {"technician", "manager"},
    ("GET", "/desk/lessons"): {"attendant", "manager", "auditor"},
    ("POST", "/desk/lessons/{lesson_id}/switch"): {"manager"},
    ("GET", "/stays/{stay_id}/story"): {"cashier", "attendant", "manager", "auditor"},
    ("GET", "/access/list"): {"attendant", "manager", "auditor"},
    ("PUT", "/access/list/{plate}"): {"manager"},
    ("DELETE", "/access/list/{plate}"): {"manager"},
    ("GET", "/access/groups"): {"attendant", "manager", "auditor"},
    ("PUT", "/access/groups/{group_id}"): {"manager"},
    ("DELETE", "/access/groups/{group_id}"): {"manager"},
    ("GET", "/access/schedules"): {"attendant", "manager", "auditor"},
    ("PUT", "/access/schedules/{schedule_id}"): {"manager"},
    ("DELETE", "/access/schedules/{schedule_id}"): {"manager"},
    ("GET", "/access/lots"): {"attendant", "manager", "auditor"},
    ("PUT", "/access/lots/{lot_id}"): {"manager"},
    ("DELETE", "/access/lots/{lot_id}"): {"manager"},
    ("GET", "/access/holders"): {"attendant", "manager", "auditor"},
    ("PUT", "/access/holders/{holder_id}"): {"manager"},
    ("DELETE", "/access/holders/{holder_id}"): {"manager"},
    ("GET", "/access/passes"): {"attendant", "manager", "auditor"},
    ("PUT", "/access/passes/{pass_id}"): {"manager"},
    ("DELETE", "/access/passes/{pass_id}"): {"manager"},
    ("GET", "/access/holders/{holder_id}"): {"attendant", "manager", "auditor"},
    ("POST", "/access/holders/{holder_id}/credentials"): {"manager"},
    ("DELETE", "/access/holders/{holder_id}/credentials/{credential_id}"): {"manager"},
    ("POST", "/access/passes/import"): {"manager"},
    ("GET", "/access/passes/export"): {"manager"},
    ("POST", "/access/list/import"): {"manager"},
    ("GET", "/access/list/export"): {"manager"},
    ("POST", "/access/invitations/import"): {"manager"},
    ("GET", "/access/invitations/export"): {"manager"},
    ("POST", "/access/find"): {"attendant", "manager", "auditor"},
    ("GET", "/access/invitations"): {"attendant", "manager", "auditor"},
    ("POST", "/access/invitations"): {"manager"},
    ("POST", "/access/invitations/{invitation_id}/code"): {"manager"},
    ("DELETE", "/access/invitations/{invitation_id}"): {"manager"},
    ("GET", "/access/inside"): {"cashier", "attendant", "manager", "auditor"},
    ("GET", "/ledger/days/{day}/balances"): {"manager", "auditor"},
    ("GET", "/ledger/account"): {"manager", "auditor"},
    ("GET", "/ledger/journal.csv"): {"manager", "auditor"},
    ("GET", "/ledger/balances"): {"manager", "auditor"},
    ("GET", "/payments/{payment_id}/details"): {"cashier", "manager", "auditor"},
    ("POST", "/payments/{payment_id}/refunds"): {"manager"},
    ("GET", "/payments/{payment_id}/refunds"): {"cashier", "manager", "auditor"},
    ("GET", "/statements"): {"cashier", "manager", "auditor"},
    ("GET", "/debts"): {"cashier", "manager", "auditor"},
    ("POST", "/debts/{stay_id}/write-off"): {"manager"},
    ("POST", "/debts/{stay_id}/decide"): {"manager"},
    ("POST", "/debts/{stay_id}/dispute"): {"manager"},
    ("GET", "/agreements"): {"cashier", "manager", "auditor"},
    ("POST", "/agreements"): {"manager"},
    ("DELETE", "/agreements/{agreement_id}"): {"manager"},
    ("GET", "/my/payments/{payment_id}/receipt"): {"driver"},
    ("GET", "/stays/{stay_id}/payments/{payment_id}/receipt"): {"cashier", "manager", "auditor"},
    ("GET", "/figures"): {"manager", "auditor"},
    ("GET", "/figures/flow"): {"manager", "auditor"},
    ("GET", "/figures/flow.csv"): {"manager", "auditor"},
    ("GET", "/figures/dwell"): {"manager", "auditor"},
    ("GET", "/figures/dwell.csv"): {"manager", "auditor"},
    ("GET", "/figures/occupancy"): {"manager", "auditor"},
    ("GET", "/figures/occupancy.csv"): {"manager", "auditor"},
    ("GET", "/figures/revenue"): {"manager", "auditor"},
    ("GET", "/figures/revenue.csv"): {"manager", "auditor"},
    ("GET", "/figures/ratings"): {"manager", "auditor"},
    ("GET", "/figures/ratings.csv"): {"manager", "auditor"},
    ("GET", "/tariffs"): {"manager", "auditor"},
    ("GET", "/tariffs/versions/{version}"): {"manager", "auditor"},
    ("POST", "/tariffs/check"): {"manager", "auditor"},
    ("POST", "/tariffs/compare"): {"manager", "auditor"},
    ("POST", "/tariffs/proposals"): {"manager"},
    ("POST", "/tariffs/ends"): {"manager"},
    ("POST", "/tariffs/proposals/{proposal_id}/approve"): {"manager"},
    ("POST", "/tariffs/proposals/{proposal_id}/refuse"): {"manager"},
    ("GET", "/my/rating"): {"driver"},
    ("POST", "/my/rating"): {"driver"},
    ("GET", "/my/cards"): {"driver"},
    ("POST", "/my/cards"): {"driver"},
    ("DELETE", "/my/cards/{agreement_id}"): {"driver"},
    ("GET", "/my/invoices"): {"driver"},
    ("POST", "/my/invoices"): {"driver"},
    ("GET", "/my/invoices/{invoice_id}"): {"driver"},
    ("GET", "/my/invoices/{invoice_id}/pdf"): {"driver"},
    ("GET", "/stays/{stay_id}/invoices"): {"cashier", "manager", "auditor"},
    ("POST", "/invoices"): {"cashier", "manager"},
    ("GET", "/invoices/{invoice_id}"): {"cashier", "manager", "auditor"},
    ("GET", "/invoices/{invoice_id}/pdf"): {"cashier", "manager", "auditor"},
    ("POST", "/invoices/{invoice_id}/reverse"): {"cashier", "manager"},
    ("GET", "/cash/shifts"): {"cashier", "manager", "auditor"},
    ("POST", "/cash/shifts"): {"cashier", "manager"},
    ("GET", "/cash/shifts/{shift_id}"): {"cashier", "manager", "auditor"},
    ("POST", "/cash/shifts/{shift_id}/close"): {"cashier", "manager"},
    ("POST", "/cash/shifts/{shift_id}/counts"): {"cashier", "manager"},
    ("POST", "/cash/shifts/{shift_id}/moves"): {"cashier", "manager"},
    ("POST", "/cash/payments"): {"cashier", "manager"},
    ("POST", "/cash/refunds/{refund_id}/hand-out"): {"cashier", "manager"},
    ("POST", "/cash/refunds/{refund_id}/withdraw"): {"cashier", "manager"},
    ("POST", "/kiosk/cash/payments"): {"kiosk"},
    ("GET", "/kiosk/ways"): {"kiosk"},
    ("POST", "/kiosk/cash/sessions"): {"kiosk"},
    ("GET", "/kiosk/cash/sessions/{cash_id}"): {"kiosk"},
    ("POST", "/kiosk/cash/sessions/{cash_id}/cancel"): {"kiosk"},
    ("POST", "/kiosk/cards/{payment_id}/cancel"): {"kiosk"},
    ("GET", "/cash/slips"): {"cashier", "manager"},
    ("POST", "/cash/slips/{slip}/hand-out"): {"cashier", "manager"},
    ("GET", "/my/debts"): {"driver"},
    ("POST", "/my/debts/{debt_id}/payments"): {"driver"},
    ("POST", "/my/debts/{debt_id}/dispute"): {"driver"},
    ("GET", "/audit"): {"manager", "auditor"},
    ("GET", "/audit/looks"): {"manager", "auditor"},
    ("POST", "/audit/search"): {"manager", "auditor"},
    ("POST", "/audit/export"): {"manager", "auditor"},
    ("GET", "/audit/chain"): {"manager", "auditor"},
    ("GET", "/coupons/campaigns"): {"cashier", "manager", "auditor"},
    ("PUT", "/coupons/campaigns/{campaign_id}"): {"manager"},
    ("POST", "/coupons/campaigns/{campaign_id}/issue"): {"manager", "app"},
    ("DELETE", "/coupons/{coupon_id}"): {"manager"},
    ("GET", "/coupons/merchants"): {"cashier", "manager", "auditor"},
    ("PUT", "/coupons/merchants/{merchant_id}"): {"manager"},
    ("GET", "/coupons/merchants/{merchant_id}/statement"): {"cashier", "manager", "auditor"},
    ("GET", "/coupons/merchants/{merchant_id}/statement.csv"): {"cashier", "manager", "auditor"},
    ("POST", "/payments/{payment_id}/coupons/return"): {"manager"},
    ("GET", "/members/{member_id}"): {"manager", "auditor", "app"},
    ("DELETE", "/members/{member_id}"): {"manager", "app"},
    ("PUT", "/members/{member_id}/consents"): {"manager", "app"},
    ("PUT", "/members/{member_id}/standing"): {"manager", "app"},
    ("GET", "/member-claims"): {"manager"},
    ("POST", "/member-claims/{vehicle_id}/approve"): {"manager"},
    ("POST", "/member-claims/{vehicle_id}/refuse"): {"manager"},
    ("GET", "/member-levels"): {"manager", "auditor"},
    ("PUT", "/member-levels/{kind}/{level_id}"): {"manager"},
    ("GET", "/points/settlement"): {"manager", "auditor"},
    ("POST", "/my/coupons"): {"driver"},
    **OF_APPS_TILLS_AND_MEMBERS,
    ("POST", "/kiosk/stays/find"): {"kiosk"},
    ("POST", "/kiosk/calls"): {"kiosk"},
    ("GET", "/kiosk/calls/{call_id}"): {"kiosk"},
    ("POST", "/kiosk/calls/{call_id}/end"): {"kiosk"},
    ("POST", "/my/calls"): {"driver"},
    ("GET", "/my/calls/{call_id}"): {"driver"},
    ("POST", "/my/calls/{call_id}/end"): {"driver"},
    ("GET", "/my/stay"): {"driver"},
    ("POST", "/find"): {"driver", "member"},
    ("GET", "/my/quote"): {"driver"},
    ("POST", "/my/payments"): {"driver"},
    ("GET", "/my/payments/{payment_id}"): {"driver"},
    ("GET", "/visits/{visit_id}/picture"): {"attendant", "technician", "manager"},
    ("GET", "/edge/copy"): {"edge"},
    ("GET", "/edge/pictures"): {"edge"},
    ("POST", "/edge/pictures/{name}"): {"edge"},
    ("POST", "/auth/login"): PROVES_ITSELF,
    ("POST", "/auth/passkey/login"): PROVES_ITSELF,
    ("POST", "/find/way"): PROVES_ITSELF,
    ("POST", "/find/mark"): PROVES_ITSELF,
    ("POST", "/edge/events"): PROVES_ITSELF,
    ("POST", "/payments/{channel}/callback"): PROVES_ITSELF,
    ("POST", "/apps/{app}/events"): PROVES_ITSELF,
}
BESIDE = {"/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/", "/live", "/live/stream", "/find/live"}
BESIDE |= {"/my/payments/{payment_id}/live"}  # a websocket; the router of its room has no prefix
"""Routes that are no part of the described API; what they show is looked at in test_server_secrets.py."""
IN_PATH = {
    "zone_id": "b1", "lane_id": "exit-1", "stay_id": "none", "case_id": "none", "plate": "浙A00000",
    "payment_id": "none", "channel": "wallet", "call_id": "none", "visit_id": "none", "name": "none",
    "group_id": "none", "schedule_id": "none", "lot_id": "none", "holder_id": "none", "pass_id": "none",
    "debt_id": "none", "agreement_id": "none", "credential_id": "0" * 16, "invitation_id": "00000000-0000-7000-8000-000000000000",
    "decision_id": "none", "lesson_id": "none", "merchant_id": "none", "campaign_id": "none", "coupon_id": "none",
    "member_id": "none", "vehicle_id": "none", "kind": "tier", "level_id": "none", "bay_id": "none", "receipt": "none", "app": "none",
    "invoice_id": "none", "shift_id": "none", "refund_id": "none", "day": "2026-03-07",
    "version": "none", "proposal_id": "none",
    "passkey_id": "none", "session_id": "none", "cash_id": "none", "slip": "none", "given_up_id": "none",
}  # fmt: skip
PROOFS: dict[str, dict[str, Any]] = {
    "/auth/login": {"json": {"username": "manager", "password": "not this one"}},
    "/auth/passkey/login": {
        "json": {
            **dict.fromkeys(("credential_id", "authenticator_data", "signature", "user_handle"), "AAAA"),
            "client_data": "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiQUFBQSIsIm9yaWdpbiI6IngifQ",  # of webauthn.get
        }
    },
    "/edge/events": {"content": b"{}", "headers": {"Device-Signature": "nobody.AAAA"}},
    "/payments/{channel}/callback": {"content": b"{}"},
    "/apps/{app}/events": {"content": b"{}"},
    "/find/way": {"json": {"token": "nobody.AAAA.AAAA"}},
    "/find/mark": {"json": {"token": "nobody.AAAA.AAAA", "bay": "b1-001"}},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with a_server(tmp_path_factory.mktemp("doors"), public_url="https://testserver") as running:  # passkeys need TLS
        yield running


def described(server: Server) -> set[tuple[str, str]]:
    paths = server.app.openapi()["paths"]
    return {(m.upper(), p.removeprefix("/api/v1")) for p, methods in paths.items() for m in methods}


def test_every_route_of_the_api_has_a_row_and_every_row_a_route(server: Server) -> None:
    assert described(server) == set(WHO_MAY)


def test_no_route_hides_from_the_description(server: Server) -> None:
    def shown(route: BaseRoute) -> bool:
        return isinstance(route, APIRoute) and route.include_in_schema

    hidden = {path for path, route in _walk(server.app.routes) if not shown(route)}
    assert hidden - {"/operator", "/kiosk", "/driver", "/guide", "/member", ""} == BESIDE


def _walk(routes: list[BaseRoute]) -> Iterator[tuple[str, BaseRoute]]:
    for route in routes:
        inner = getattr(getattr(route, "original_router", None), "routes", None)
        if inner is not None:
            yield from ((path, one) for path, one in _walk(inner))
        else:
            yield getattr(route, "path", ""), route


@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize("route", [r for r, may in WHO_MAY.items() if may is not PROVES_ITSELF], ids=" ".join)
def test_a_door_opens_to_whom_the_table_says_and_to_nobody_else(
    server: Server, route: tuple[str, str], who: str
) -> None:
    method, path = route
    if path == "/auth/logout" and who in ROLES:
        server.drop_session(who)  # it is about to end
    reply = server.ask(method, path.format(**IN_PATH), who)
    if path == "/auth/logout" and who in ROLES:
        server.drop_session(who)
    if who in WHO_MAY[route]:
        assert reply.status_code not in (401, 403), reply.text
        assert reply.status_code < 500, reply.text
    else:
        problem_of(reply, 401 if who == "anonymous" else 403)


@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize("path", PROOFS)
def test_what_must_prove_itself_is_not_taken_for_who_brings_it(server: Server, path: str, who: str) -> None:
    proof = dict(PROOFS[path])
    headers = {**server.as_(who), **proof.pop("headers", {})}
    reply = server.ask("POST", path.format(**IN_PATH), headers=headers, **proof)
    # a wallet in memory sends no callbacks: its door is not there at all
    assert reply.status_code == (404 if "callback" in path else 429 if reply.status_code == 429 else 401), reply.text


def test_an_operators_cookie_counts_only_from_our_own_pages(server: Server) -> None:
    foreign = {"Origin": "https://elsewhere.example"}
    problem_of(server.ask("POST", "/lanes/exit-1/open", "manager", json={"reason": "mine"}, headers=foreign), 401)


def test_a_key_of_yesterday_opens_nothing(server: Server) -> None:
    old = server.box.token(server.clock, exp=int(server.clock.now().timestamp()) - 1)
    problem_of(server.ask("GET", "/edge/copy", headers={"Device-Auth": old}), 401)


def test_a_token_for_one_use_is_none_for_another(server: Server) -> None:
    ticket = server.ticket("stay-1")
    problem_of(server.ask("GET", "/edge/copy", headers={"Device-Auth": ticket}), 401)
    own = server.box.token(server.clock)
    problem_of(server.ask("GET", "/my/stay", headers={"Authorization": f"Bearer {own}"}), 401)


def test_a_route_that_does_not_exist_is_a_problem_too(server: Server) -> None:
    problem_of(server.ask("GET", f"/stays/of/{PLATE}"), 404)
    problem_of(server.ask("DELETE", "/site"), 405)
