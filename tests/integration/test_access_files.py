"""Lists and visitors as files, and one search over all rights: whole or not at all, and no sign of a plate for who only reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from parking.access import service, store
from parking.access.rows import ListedAs, ListRow
from parking.access.searching import FoundRights, search
from parking.kernel.plate import Plate
from parking.plumbing.db import Database
from tests.integration.test_access_rights_api import KEEPER, READER, Desk, invite

A, B = "苏A12345", "粤B23456"
HEADING = "plate,listed_as,note,valid_from,valid_until\r\n"


@pytest.fixture
def desk(memory_database: Database, tmp_path: Path) -> Desk:
    return Desk(memory_database, tmp_path)


def put_in(desk: Desk, kind: str, csv: str, *, key: str = "k", check: bool = False) -> Any:
    body = {"csv": csv, "check": check}
    return desk.client.post(f"/access/{kind}/import", json=body, headers={"Idempotency-Key": key})


def counts(reply: Any) -> tuple[int, ...]:
    return tuple(reply.json()[name] for name in ("imported", "new", "changed", "same"))


@pytest.mark.req("GATE-5")
def test_a_list_comes_and_goes_as_a_file_and_says_what_it_changed(desk: Desk) -> None:
    first = put_in(desk, "list", HEADING + f"{A},vip,=1+1,,\r\n苏A-54321,block,stolen,,2027-01-01T00:00:00Z\r\n")
    assert counts(first) == (2, 2, 0, 0)
    text = desk.client.get("/access/list/export").text
    assert f"{A},vip,'=1+1," in text, "no spreadsheet takes a note for a formula"
    assert [item["note"] for item in desk.get("list")["items"]] == ["=1+1", "stolen"]
    assert counts(put_in(desk, "list", text, key="again")) == (2, 0, 0, 2)
    assert counts(put_in(desk, "list", text.replace("stolen", "found"), key="other")) == (2, 0, 1, 1)
    assert [item["plate"] for item in desk.get("list?listed_as=block")["items"]] == ["苏A54321"]
    assert ("access.list_exported", "mall:all") in desk.audited


def test_a_file_with_one_wrong_row_changes_nothing_and_names_row_and_column(desk: Desk) -> None:
    wrong = (
        f"{A},vip,,,\r\n??,vip,,,\r\n{B},friend,,,\r\n{A},block,,,\r\n苏A1,vip,,2027-01-02T00:00:00Z,\r\n苏A2,vip\r\n"
    )
    reply = put_in(desk, "list", HEADING + wrong)
    fields = [one["field"] for one in reply.json()["errors"]]
    assert (reply.status_code, reply.json()["code"]) == (422, "list.refused")
    assert fields == ["row 3, plate", "row 4, listed_as", "row 5, plate", "row 7"]
    assert A not in reply.text
    assert desk.get("list")["items"] == []
    late = put_in(desk, "list", HEADING + f"{A},vip,,,\r\n{B},vip,,2027-01-02T00:00:00Z,2027-01-01T00:00:00Z\r\n")
    assert [one["field"] for one in late.json()["errors"]] == ["row 3, valid_until"]
    assert desk.get("list")["items"] == []


def test_a_file_that_is_only_checked_changes_nothing_and_leaves_its_key_free(desk: Desk) -> None:
    csv = HEADING + f"{A},vip,,,\r\n"
    assert counts(put_in(desk, "list", csv, check=True)) == (1, 1, 0, 0)
    assert desk.get("list")["items"] == []
    assert not [action for action, _ in desk.audited if action == "access.list_imported"]
    assert counts(put_in(desk, "list", csv)) == (1, 1, 0, 0)


def test_visitors_come_as_a_file_and_each_gets_a_code(desk: Desk) -> None:
    desk.stock()
    row = "h1,Zhao Lei,粤B23456,2026-01-01T00:00:00Z,{until},2,,true"
    heading = "host_id,visitor,plate,valid_from,valid_until,entries,lots,free_of_charge\r\n"
    over = put_in(desk, "invitations", heading + row.format(until="2026-01-02T00:00:00Z"))
    assert [one["field"] for one in over.json()["errors"]] == ["row 2, valid_until"]
    assert "Zhao" not in over.text
    ok = invite(desk).json()["invitation"]
    csv = heading + row.replace("2026-01-01T00:00:00Z", ok["valid_from"]).format(until=ok["valid_until"])
    assert counts(put_in(desk, "invitations", csv, key="ok")) == (1, 1, 0, 0)
    mine = next(one for one in desk.get("invitations")["items"] if one["visitor"] == "Zhao Lei" and one["plate"] == B)
    assert (mine["entries"], mine["free_of_charge"]) == (2, True)
    assert desk.client.post(f"/access/invitations/{mine['invitation_id']}/code").json()["code"]
    assert B in desk.client.get("/access/invitations/export").text


def test_who_only_reads_sees_the_list_masked_page_by_page(desk: Desk) -> None:
    def fill(uow: Any) -> None:
        for n in range(101):
            note = f"next to {A}" if n == 0 else ""
            service.put_on_list(uow, ListRow(Plate(f"苏A1{n:04d}"), ListedAs.STAFF, note, None, None))

    desk.database.write(fill)
    desk.who = READER
    first = desk.get("list")
    assert first["items"][0]["plate"] == "苏A***00"
    assert A not in first["items"][0]["note"]
    assert first["next"] == "100"
    rest = desk.get("list?cursor=100")
    assert (len(rest["items"]), rest["next"]) == (1, None)
    assert desk.client.get(f"/access/list?cursor={'苏A10000'}").status_code == 422
    assert desk.looks == []
    desk.who = KEEPER
    assert desk.get("list")["next"] == "苏A10099"


@pytest.mark.req("PRIV-1")
def test_who_only_reads_finds_by_a_whole_plate_and_never_by_a_part_of_one(desk: Desk) -> None:
    desk.stock()
    desk.put(f"list/{A}", listed_as="vip", note="guest of 王芳")

    def found(text: str) -> tuple[int, ...]:
        answer = desk.client.post("/access/find", json={"text": text}).json()
        return tuple(len(answer[name]) for name in ("entries", "passes", "holders", "invitations"))

    assert found("12345") == (1, 1, 1, 0)
    assert found("王芳") == (1, 1, 1, 0)
    assert ("pass", "p1") in desk.looks
    desk.who = READER
    assert found("12345") == (0, 0, 0, 0)
    assert found("王芳") == (0, 0, 0, 0)
    assert found("苏A·12345") == (1, 1, 1, 0)
    assert found("p1") == (0, 1, 0, 0)
    assert A not in desk.client.post("/access/find", json={"text": A}).text


def test_a_search_finds_the_same_on_every_database(database: Database) -> None:
    database.write(lambda uow: service.put_on_list(uow, ListRow(Plate(A), ListedAs.VIP, "100% _Mine", None, None)))

    def found(text: str, *, by_parts: bool = True) -> FoundRights:
        return database.read(lambda conn: search(conn, text, by_parts=by_parts))

    assert [len(found(text).entries) for text in ("a123", "mine", "100% _", "0%_", A, "粤B")] == [1, 1, 1, 0, 1, 0]
    assert len(found(A, by_parts=False).entries) == 1
    assert not found(A).more
    assert database.read(lambda conn: store.listed(conn, Plate(A))) is not None
