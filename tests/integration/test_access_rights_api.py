"""Rights over HTTP: strict bodies that name the wrong field, plates masked for readers, codes handed out once and kept nowhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient

from parking.access import api, following
from parking.access.invitations_api import InvitationCodes
from parking.access.rows import InvitationRow
from parking.bootstrap.keys import KeyRing, create_key
from parking.gate.credentials import codes
from parking.gate.credentials.codes import CodeUse, VerifiedCode
from parking.kernel.events import Direction, Envelope, VehiclePassed
from parking.kernel.ids import EventId, LaneId, StayId, VisitId
from parking.kernel.plate import Plate
from parking.kernel.principal import ANONYMOUS, Principal, Scope
from parking.plumbing.db import Database, UnitOfWork
from parking.web import errors, idempotency

pytestmark = pytest.mark.req("GATE-5")
KEEPER = Principal("operator", "li", frozenset({Scope.ACCESS_READ, Scope.ACCESS_WRITE, Scope.STAYS_READ}))
READER = Principal("operator", "wang", frozenset({Scope.ACCESS_READ}))
A, B = "苏A12345", "粤B23456"
PASS = {"holder_id": "h1", "plates": [A]}
KEY = {"Idempotency-Key": "k-1"}


class Desk:
    """The router in a bare application, asked by whoever sits at the desk; codes are signed by a real key."""

    def __init__(self, database: Database, tmp_path: Path, *, signs: bool = True) -> None:
        self.who = KEEPER
        self.database = database
        self.audited: list[tuple[str, str]] = []
        self.looks: list[tuple[str, str]] = []
        self.key = create_key(tmp_path / "server.pem")
        app = FastAPI()
        errors.install(app)
        handed = InvitationCodes(self.issue, lambda text: f"<svg>{len(text)}</svg>") if signs else None
        app.include_router(api.router(database, "mall", self.audit, self.look, time_zone="Asia/Shanghai", codes=handed))

        @app.middleware("http")
        async def seat(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
            request.state.principal = self.who
            return await call_next(request)

        self.client = TestClient(app, raise_server_exceptions=True)

    def issue(self, row: InvitationRow, code_id: str, epoch_s: int) -> str:
        return codes.issue(
            CodeUse.INVITATION,
            code_id=code_id,
            lot="mall",
            not_before=row.valid_from,
            expires=row.valid_until,
            signer=self.key,
            invitation_id=row.invitation_id,
            plate=row.plate,
            epoch_s=epoch_s,
        )

    def audit(self, _uow: UnitOfWork, _who: Principal, action: str, subject: str, _reason: str) -> None:
        self.audited.append((action, subject))

    def look(self, _uow: UnitOfWork, _who: Principal, what: str, subject: str) -> None:
        self.looks.append((what, subject))

    def put(self, path: str, **body: Any) -> Any:
        reply = self.client.put(f"/access/{path}", json=body)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def get(self, path: str) -> Any:
        reply = self.client.get(f"/access/{path}")
        assert reply.status_code == 200, reply.text
        return reply.json()

    def stock(self) -> None:
        """A holder with a card and a pass."""
        self.put("holders/h1", name="王芳", plates=[A, B])
        self.client.post("/access/holders/h1/credentials", json={"kind": "card", "value": "04:a1:b2:c3"})
        self.put("passes/p1", **PASS)


@pytest.fixture
def desk(memory_database: Database, tmp_path: Path) -> Desk:
    assert idempotency.idempotency_key.name  # its table is among those that the database made
    return Desk(memory_database, tmp_path)


def test_groups_schedules_lots_holders_and_passes_are_kept_shown_and_taken_away(desk: Desk) -> None:
    window = {"days": ["mon", "tue"], "begins": "22:00", "ends": "06:00"}
    whole_day = {"days": ["holiday"], "begins": "00:00", "ends": "24:00"}
    special = [{"on": "2026-10-01", "counts_as": "holiday"}]
    desk.put("groups/g", name="Tenant", capacity=2)
    desk.put("schedules/nights", name="Nights", windows=[window, whole_day], special_days=special)
    desk.put("lots/a", capacity=10, rights_only=True)
    desk.put("holders/h1", name="王芳", plates=["粤B·23456"], group_id="g")
    desk.put("passes/p1", **PASS, lots=["a"], schedule_id="nights", bays=2)
    assert desk.get("groups")["items"] == [
        {"group_id": "g", "name": "Tenant", "capacity": 2, "second_car": "refuse", "inside": 0}
    ]
    (schedule,) = desk.get("schedules")["items"]
    assert (schedule["time_zone"], schedule["windows"], schedule["special_days"]) == (
        "Asia/Shanghai",
        [window, whole_day],
        special,
    )
    assert desk.get("lots")[0]["rights_only"] is True
    assert desk.get("holders/h1")["plates"] == [B]
    (held,) = desk.get("passes")["items"]
    assert (held["group_id"], held["bays"], held["inside"], held["plates"]) == ("g", 2, 0, [A])
    for path in ("passes/p1", "holders/h1", "groups/g", "schedules/nights", "lots/a"):
        assert desk.client.delete(f"/access/{path}").status_code == 204
        assert desk.client.delete(f"/access/{path}").status_code == 404
    assert ("access.pass_saved", "mall:p1") in desk.audited
    assert all(A not in subject and B not in subject for _, subject in desk.audited)


def test_a_credential_is_added_shown_masked_and_taken_away_by_its_fingerprint(desk: Desk) -> None:
    desk.stock()
    holder = desk.get("holders/h1")
    (card,) = holder["credentials"]
    assert (card["kind"], card["shown"]) == ("card", "…C3")
    assert "04A1B2C3" not in desk.client.get("/access/holders").text
    again = desk.client.post("/access/holders/h1/credentials", json={"kind": "card", "value": "04A1B2C3"})
    assert again.json()["credentials"] == [card]
    desk.put("holders/h1", name="王芳")  # whoever changes the name loses no card
    assert desk.get("holders/h1")["credentials"] == [card]
    path = f"/access/holders/h1/credentials/{card['id']}"
    assert (desk.client.delete(path).status_code, desk.client.delete(path).status_code) == (204, 404)


def test_the_card_of_somebody_else_is_refused(desk: Desk) -> None:
    desk.stock()
    desk.put("holders/h2", name="Li")
    reply = desk.client.post("/access/holders/h2/credentials", json={"kind": "card", "value": "04A1B2C3"})
    assert (reply.status_code, reply.json()["code"]) == (409, "credential.taken")
    assert "04A1B2C3" not in reply.text


def test_who_only_reads_sees_no_plate_no_name_and_no_visitor_in_clear(desk: Desk) -> None:
    desk.stock()
    invite(desk, plate=A)
    desk.who = READER
    shown = "".join(desk.client.get(f"/access/{path}").text for path in ("holders", "passes", "invitations"))
    for secret in (A, B, "王芳", "Zhao"):
        assert secret not in shown
    assert desk.get("passes")["items"][0]["plates"] == ["苏A***45"]
    assert desk.looks == []


@pytest.mark.req("PRIV-1")
def test_who_sees_holders_passes_and_visitors_in_clear_is_on_record_with_whom_they_saw(desk: Desk) -> None:
    desk.stock()
    guest = invite(desk, plate=A).json()["invitation"]["invitation_id"]
    for path in ("holders", "holders/h1", "passes", "invitations"):
        assert A in desk.client.get(f"/access/{path}").text
    assert desk.looks == [("holder", "h1"), ("holder", "h1"), ("pass", "p1"), ("invitation", guest)]


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("groups/g", {"name": "x", "capacity": "2"}, "capacity"),
    ("groups/g", {"name": "x", "capacity": True}, "capacity"),
    ("groups/g", {"name": "", "colour": 1}, "name"),
    ("groups/g", {"name": "a\x00b"}, "name"),
    ("groups/-g", {"name": "x"}, "group_id"),
    ("schedules/s", {"name": "x", "windows": []}, "windows"),
    (
        "schedules/s",
        {"name": "x", "windows": [{"days": ["mon"], "begins": "24:01", "ends": "06:00"}]},
        "windows[0].begins",
    ),
    (
        "schedules/s",
        {"name": "x", "windows": [{"days": ["mo"], "begins": "00:01", "ends": "06:00"}]},
        "windows[0].days[0]",
    ),
    (
        "schedules/s",
        {"name": "x", "time_zone": "Mars", "windows": [{"days": ["mon"], "begins": "00:01", "ends": "06:00"}]},
        "time_zone",
    ),
    ("lots/a", {"capacity": -1}, "capacity"),
    ("lots/a", {"capacity": 1, "outer_lot_id": "x"}, "outer_lot_id"),
    ("holders/h2", {"name": "x", "plates": ["??"]}, "plate"),
    ("holders/h2", {"name": "x", "valid_from": "2026-01-01T00:00:00"}, "valid_from"),
    ("holders/h2", {"name": "x", "plates": [A, A]}, "plates"),
    ("passes/p2", {**PASS, "holder_id": "nobody"}, "holder_id"),
    ("passes/p2", {**PASS, "bays": 0}, "bays"),
    ("passes/p2", {**PASS, "bays": 1.0}, "bays"),
    ("passes/p2", {**PASS, "second_car": "perhaps"}, "second_car"),
    ("passes/p2", {**PASS, "lots": ["x"]}, "lots[0]"),
    ("passes/p2", {**PASS, "free": True}, "free"),
    ("passes/p2", {"holder_id": "h3"}, "plates"),
    ("list/苏A12345", {"listed_as": "staff", "schedule_id": "x"}, "schedule_id"),
]


@pytest.mark.parametrize(("path", "body", "field"), BAD, ids=[f"{path} {field}" for path, _, field in BAD])
def test_a_wrong_body_is_refused_naming_the_field_and_changes_nothing(
    desk: Desk, path: str, body: dict[str, Any], field: str
) -> None:
    desk.stock()
    desk.put("holders/h3", name="without a card")
    audited = list(desk.audited)
    reply = desk.client.put(f"/access/{path}", json=body)
    assert reply.status_code == 422
    assert field in [error["field"] for error in reply.json()["errors"]]
    assert desk.audited == audited


@pytest.mark.parametrize(
    ("kind", "value"), [("card", "xyz"), ("uhf", "E28"), ("card", ""), ("face", "04A1"), ("code", "a" * 300)]
)
def test_a_credential_that_is_none_is_refused_and_not_repeated(desk: Desk, kind: str, value: str) -> None:
    desk.stock()
    reply = desk.client.post("/access/holders/h1/credentials", json={"kind": kind, "value": value})
    assert reply.status_code == 422
    assert not value or value not in reply.text


def test_pages_go_on_where_the_last_one_ended(desk: Desk) -> None:
    for number in range(105):
        desk.put(f"groups/g{number:03}", name="x")
    first = desk.get("groups")
    rest = desk.get(f"groups?cursor={first['next']}")
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (100, 5, None)


def test_a_cursor_that_we_did_not_make_is_refused(desk: Desk) -> None:
    for path in ("groups", "passes", "invitations", "list"):
        assert desk.client.get(f"/access/{path}", params={"cursor": "a\x00"}).status_code == 422


# --- invitations -----------------------------------------------------------------------------------------------------


def invite(desk: Desk, *, key: str = "k-1", **changes: Any) -> Any:
    now = datetime.now(UTC)
    times = {"valid_from": now.isoformat(), "valid_until": (now + timedelta(days=1)).isoformat()}
    body = {"host_id": "h1", "visitor": "Zhao", **times, **changes}
    return desk.client.post("/access/invitations", json=body, headers={"Idempotency-Key": key})


def verified(desk: Desk, code: str) -> VerifiedCode | codes.CodeRefusal:
    return codes.verify(code, KeyRing([desk.key.public]), now=datetime.now(UTC), lot="mall", lane_id=LaneId("in-1"))


def test_a_visitor_gets_a_code_that_a_lane_understands(desk: Desk) -> None:
    desk.stock()
    reply = invite(desk, plate=A)
    assert reply.status_code == 201
    invitation = reply.json()["invitation"]
    said = verified(desk, reply.json()["code"])
    assert isinstance(said, VerifiedCode)
    assert (said.use, said.invitation_id, said.code_id, said.plate) == (
        CodeUse.INVITATION,
        invitation["invitation_id"],
        invitation["invitation_id"],
        Plate.parse(A),
    )
    assert reply.json()["qr_svg"].startswith("<svg>")
    assert (invitation["entries"], invitation["used"], invitation["revoked_at"]) == (1, 0, None)


def test_a_code_for_several_entries_counts_afresh_after_a_minute(desk: Desk) -> None:
    desk.stock()
    said = verified(desk, invite(desk, entries=None).json()["code"])
    assert isinstance(said, VerifiedCode)
    assert said.code_id != said.invitation_id
    assert said.code_id.startswith(said.invitation_id or "?")


def test_the_same_key_is_the_same_invitation_and_the_code_is_kept_nowhere(desk: Desk) -> None:
    desk.stock()
    now = datetime.now(UTC)
    times = {"valid_from": now.isoformat(), "valid_until": (now + timedelta(days=1)).isoformat()}
    replies = [invite(desk, **times).json() for _ in range(2)]
    assert replies[0] == replies[1]
    assert len(desk.get("invitations")["items"]) == 1
    assert invite(desk, visitor="Qian", **times).status_code == 409
    kept = desk.database.read(lambda conn: [row.reply for row in conn.execute(idempotency.idempotency_key.select())])
    assert replies[0]["code"] not in str(kept)


def test_a_code_is_handed_out_again_until_the_invitation_is_taken_back(desk: Desk) -> None:
    desk.stock()
    first = invite(desk).json()
    path = f"/access/invitations/{first['invitation']['invitation_id']}"
    assert desk.client.post(f"{path}/code").json()["code"] == first["code"]
    assert [desk.client.delete(path).status_code for _ in range(2)] == [204, 204]
    assert desk.client.post(f"{path}/code").status_code == 409
    unknown = "00000000-0000-7000-8000-000000000000"
    assert desk.client.post(f"/access/invitations/{unknown}/code").status_code == 404
    assert desk.client.delete(f"/access/invitations/{unknown}").status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"host_id": "nobody"},
        {"entries": 0},
        {"lots": ["x"]},
        {"valid_until": "2026-01-01T00:00:00Z"},
        {"valid_until": "2036-01-01T00:00:00Z"},
        {"valid_from": "2036-01-01T00:00:00.2Z", "valid_until": "2036-01-01T00:00:00.9Z"},
        {"plate": "??"},
        {"visitor": ""},
    ],
    ids=str,
)
def test_an_invitation_that_cannot_be_is_refused(desk: Desk, changes: dict[str, Any]) -> None:
    desk.stock()
    reply = invite(desk, **changes)
    assert (reply.status_code, len(reply.json()["errors"])) == (422, 1)
    assert desk.get("invitations")["items"] == []


def test_without_a_signer_nobody_can_be_invited(memory_database: Database, tmp_path: Path) -> None:
    desk = Desk(memory_database, tmp_path, signs=False)
    desk.stock()
    assert invite(desk).status_code == 405


# --- who is inside, passes as a file, who may ------------------------------------------------------------------------


def test_who_is_inside_is_shown_masked_and_only_to_those_who_may_see_stays(desk: Desk) -> None:
    desk.stock()
    event = VehiclePassed(
        LaneId("in-1"), VisitId("s1"), Direction.IN, Plate.parse(A), 0.9, StayId("s1"), True, right="pass:p1"
    )
    envelope = Envelope(EventId("e1"), datetime.now(UTC), "edge-1", event)
    desk.database.write(lambda uow: following.follow(uow, envelope))
    (row,) = desk.get("inside?ref=pass:p1")
    assert (row["plate"], row["right"], row["stay_id"]) == ("苏A***45", "pass:p1", "s1")
    assert desk.get("passes")["items"][0]["inside"] == 1
    assert desk.client.get("/access/inside?ref=plate:苏A12345").status_code == 422
    desk.who = READER
    assert desk.client.get("/access/inside?ref=pass:p1").status_code == 403


def test_passes_come_and_go_as_a_file(desk: Desk) -> None:
    desk.stock()
    text = desk.client.get("/access/passes/export").text
    assert A in text
    desk.client.delete("/access/passes/p1")
    for _ in range(2):
        reply = desk.client.post("/access/passes/import", json={"csv": text}, headers=KEY)
        assert (reply.status_code, reply.json()) == (200, {"imported": 1, "new": 1, "changed": 0, "same": 0})
    bad = text.replace("h1", "nobody")
    reply = desk.client.post("/access/passes/import", json={"csv": bad}, headers={"Idempotency-Key": "k-2"})
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "row 2, holder_id")
    assert A not in reply.text
    assert desk.client.post("/access/passes/import", json={"csv": text}).status_code == 422  # no Idempotency-Key


WRITES = (
    ("put", "groups/g"), ("delete", "groups/g"), ("put", "schedules/s"), ("put", "lots/a"), ("put", "holders/h"),
    ("delete", "holders/h"), ("post", "holders/h/credentials"), ("put", "passes/p"), ("delete", "passes/p"),
    ("post", "passes/import"), ("get", "passes/export"), ("post", "list/import"), ("get", "list/export"),
    ("post", "invitations/import"), ("get", "invitations/export"), ("post", "invitations"),
)  # fmt: skip
READS = ("groups", "schedules", "lots", "holders", "passes", "invitations")


def test_only_those_with_the_right_may_change(desk: Desk) -> None:
    for who, status in ((ANONYMOUS, 401), (READER, 403)):
        desk.who = who
        replies = {(m, p): desk.client.request(m, f"/access/{p}", json={}, headers=KEY).status_code for m, p in WRITES}
        assert replies == dict.fromkeys(WRITES, status)


def test_nobody_looks_without_the_right(desk: Desk) -> None:
    for who, status in ((ANONYMOUS, 401), (READER, 200)):
        desk.who = who
        assert {p: desk.client.get(f"/access/{p}").status_code for p in READS} == dict.fromkeys(READS, status)
