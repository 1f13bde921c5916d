"""What a gate box hands in: stored once, in order, without a gap, or not at all, and every refusal says why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from parking.access.snapshot import CopyChange
from parking.bootstrap.keys import KeyRing, create_key
from parking.gate.edge_tables import edge_event, edge_watermark
from parking.gate.ingest import KEPT, forget_old
from parking.gate.link_wire import CopyImage, open_ack, open_message
from parking.kernel.codec import to_plain
from parking.kernel.errors import ParkingError
from parking.kernel.events import Direction, LaneFaulted
from parking.kernel.ids import LaneId
from parking.plumbing.tables import outbox
from parking.security.devices import set_enabled
from tests.builders.application import Box, Server, a_server, problem_of, rows
from tests.builders.journeys import ENTRY, MORNING, passage
from tests.builders.security import SET_UP


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with a_server(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for everything that is refused: it stays as empty as it was."""
    with a_server(tmp_path_factory.mktemp("strict")) as running:
        journal(running.box)
        yield running


def journal(box: Box, cars: int = 3) -> None:
    """So many entries of unreadable plates."""
    for n in range(cars):
        box.note(passage(Direction.IN, f"visit-{n}", None))


def stored(server: Server) -> list[int]:
    return [row["seq"] for row in rows(server, edge_event)]


def nothing_happened(server: Server) -> bool:
    return stored(server) == [] and forwarded(server) == []


def forwarded(server: Server) -> list[str]:
    """The ids of what boxes said, as it went on to everybody."""
    return [row["event_id"] for row in rows(server, outbox) if row["origin"] != "server"]


@pytest.mark.req("GATE-3")
def test_what_is_acknowledged_is_stored_once_and_forwarded_once(server: Server) -> None:
    journal(server.box)
    assert server.box.send() == 3
    assert stored(server) == [1, 2, 3]
    assert forwarded(server) == [e.id for e in server.box.journal]


@pytest.mark.req("GATE-3")
def test_a_batch_that_comes_again_is_acknowledged_again_and_changes_nothing(server: Server) -> None:
    journal(server.box)
    assert [server.box.send(1, 2), server.box.send(1, 2), server.box.send(1, 2, 3), server.box.send(2)] == [2, 2, 3, 3]
    assert stored(server) == [1, 2, 3]


@pytest.mark.req("GATE-3")
def test_nothing_is_acknowledged_past_a_gap(server: Server) -> None:
    journal(server.box, 5)
    assert [server.box.send(3, 4), server.box.send(1, 2, 4), server.box.send(3, 5), server.box.send(4, 5)] == [
        0,
        2,
        3,
        5,
    ]
    assert stored(server) == [1, 2, 3, 4, 5]


def test_a_batch_out_of_order_is_put_in_order(server: Server) -> None:
    journal(server.box, 4)
    assert server.box.send(4, 2, 1, 3) == 4
    assert forwarded(server) == [e.id for e in server.box.journal]


def test_a_box_with_a_new_file_begins_at_one_again(server: Server) -> None:
    journal(server.box)
    server.box.send()
    server.box.epoch, server.box.journal = "epoch-2", []
    server.box.note(LaneFaulted(ENTRY, "camera", "", cleared=False), MORNING + timedelta(seconds=9))
    assert server.box.send() == 1
    assert {(row["epoch"], row["acked"]) for row in rows(server, edge_watermark)} == {("epoch-1", 3), ("epoch-2", 1)}


@pytest.mark.req("GATE-3")
@pytest.mark.parametrize(
    "signature", ["", "nonsense", "nobody.AAAA", "{key}.", "{key}.AAAA", "{key}.{other}", "." * 300]
)
def test_what_is_not_signed_by_the_box_is_refused_and_nothing_is_stored(strict: Server, signature: str) -> None:
    raw = strict.box.body([1, 2, 3])
    other = strict.box.signature(strict.box.body([1])).partition(".")[2]
    signed = signature.format(key=strict.box.key.key_id, other=other)
    reply = strict.box.post(raw, signature=signed)
    problem_of(reply, 422 if len(signed) > 256 else 401)
    assert nothing_happened(strict)


def test_a_batch_without_a_signature_is_refused(strict: Server) -> None:
    problem_of(strict.ask("POST", "/edge/events", content=strict.box.body([1])), 422)
    assert nothing_happened(strict)


def test_one_changed_byte_ends_the_signature(strict: Server) -> None:
    raw = strict.box.body([1])
    problem_of(strict.box.post(raw.replace(b'"in"', b'"IN"'), signature=strict.box.signature(raw)), 401)
    assert nothing_happened(strict)


def test_another_key_is_a_stranger_and_so_is_a_box_that_was_shut_out(server: Server, tmp_path: Path) -> None:
    journal(server.box)
    stranger = Box(server.client, create_key(tmp_path / "stranger.pem"))
    stranger.journal = server.box.journal
    problem_of(stranger.post(stranger.body([1])), 401)
    server.application.database.write(
        lambda uow: set_enabled(uow, SET_UP, device_id="edge-1", enabled=False, reason="stolen")
    )
    problem_of(server.box.post(server.box.body([1])), 401)
    problem_of(server.ask("GET", "/edge/copy", "edge"), 401)
    assert nothing_happened(server)


@pytest.mark.parametrize("changes", [{"device": "edge-2"}, {"device": "kiosk-1"}])
def test_a_box_speaks_only_for_itself(strict: Server, changes: dict[str, Any]) -> None:
    events = json.loads(strict.box.body([1]))["events"]
    for origin in ("edge-1", changes["device"]):
        raw = strict.box.body([1], events=[{**events[0], "origin": origin}], **changes)
        reply = strict.box.post(raw)
        problem_of(reply, 422 if origin == "edge-1" else 403)
    problem_of(strict.box.post(strict.box.body([1], events=[{**events[0], "origin": "server"}])), 422)
    assert nothing_happened(strict)


DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000


@pytest.mark.parametrize(
    "raw",
    [b"", b"null", b"[]", b"{}", b"\xff\xfe\x00", b'{"device":"edge-1"', DEEP, b'{"events":{}}', "{\"设备\":1}".encode("utf-16")],
    ids=["empty", "null", "a list", "an object", "not utf-8", "cut", "deep", "events no list", "utf-16"],
)  # fmt: skip
def test_signed_garbage_gets_a_clear_answer_and_is_not_stored(strict: Server, raw: bytes) -> None:
    problem_of(strict.box.post(raw), 422)
    assert nothing_happened(strict)


SPOILT: dict[str, dict[str, Any]] = {
    "number zero": {"seq": 0},
    "number below": {"seq": -1},
    "number as text": {"seq": "1"},
    "number as a truth": {"seq": True},
    "no such type": {"type": "BoomLifted"},
    "no data": {"data": None},
    "time without offset": {"at": "2026-03-07T02:00:00"},
    "time before all time": {"at": "0001-01-01T00:00:00+14:00"},
    "time after all time": {"at": "9999-12-31T23:59:59-12:00"},
    "no time": {"at": 5},
    "long id": {"id": "x" * 65},
    "a key too many": {"data": {"lane_id": "entry-1", "fault": "x", "detail": "", "cleared": False, "more": 1}},
    "not a number": {"data": {"confidence": float("nan")}},
    "half a sign": {"id": "\ud800"},
    "a zero sign": {"id": "a\x00b"},
}


@pytest.mark.parametrize("spoilt", SPOILT)
def test_an_event_that_makes_no_sense_is_named_and_takes_its_batch_with_it(strict: Server, spoilt: str) -> None:
    events = json.loads(strict.box.body([1, 2]))["events"]
    change = SPOILT[spoilt]
    if spoilt == "not a number":
        change = {"data": {**events[1]["data"], "confidence": float("nan")}}
    raw = json.dumps({**json.loads(strict.box.body([1])), "events": [events[0], {**events[1], **change}]}).encode()
    problem_of(strict.box.post(raw), 422)
    assert nothing_happened(strict)


@pytest.mark.req("GATE-3")
@pytest.mark.parametrize("said", ["a\x00b", r"a\u0000b", r"\\u0000"])
def test_a_zero_sign_in_what_a_device_or_a_person_said_holds_up_no_journal(server: Server, said: str) -> None:
    server.box.note(LaneFaulted(LaneId("entry-1"), "relay_gone", said, cleared=False))
    journal(server.box)
    assert (server.box.send(), stored(server)) == (4, [1, 2, 3, 4])
    assert "\x00" not in json.dumps([row["raw"] for row in rows(server, edge_event)], ensure_ascii=False)


@pytest.mark.parametrize("key", ["device", "epoch"])
@pytest.mark.parametrize("value", [None, 7, "", "\ud800", "a\x00b", "x" * 5000])
def test_a_batch_names_its_box_and_its_file_properly(strict: Server, key: str, value: Any) -> None:
    raw = json.dumps({**json.loads(strict.box.body([1])), key: value}).encode()
    reply = strict.box.post(raw)
    assert reply.status_code in (403, 422), reply.text
    problem_of(reply, reply.status_code)
    assert nothing_happened(strict)


def test_more_events_than_a_batch_may_hold_are_refused_whole(server: Server) -> None:
    journal(server.box, 201)
    problem_of(server.box.post(server.box.body(range(1, 202))), 413)
    assert nothing_happened(server)
    assert server.box.send(*range(1, 201)) == 200


def test_an_oversized_upload_is_refused_declared_or_not_and_the_server_goes_on(server: Server) -> None:
    journal(server.box)
    big = b" " * (1024 * 1024 + 1)
    problem_of(server.box.post(big), 413)

    def pieces() -> Iterator[bytes]:
        for _ in range(40):
            yield b" " * 65536

    chunked = server.client.post(
        "/api/v1/edge/events", content=pieces(), headers={"Device-Signature": server.box.signature(b"")}
    )
    problem_of(chunked, 413)
    problem_of(server.ask("POST", "/kiosk/stays/find", "kiosk", content=big), 413)
    assert nothing_happened(server)
    assert server.box.send() == 3


def copy_for(server: Server, epoch: str = "", since: int = 0, nonce: str = "n1", **more: Any) -> CopyChange | CopyImage:
    """What a box that has this much is answered."""
    query = urlencode({"epoch": epoch, "since": since, "nonce": nonce, **more})
    raw = server.ask("GET", f"/edge/copy?{query}", "edge").content
    return open_message(raw, KeyRing([server.signer.public]), server.clock.now(), nonce).content


@pytest.mark.req("GATE-3")
def test_the_copy_is_sealed_for_the_box_and_waits_until_there_is_news(server: Server) -> None:
    stay_id = server.enter()
    first = copy_for(server)
    assert isinstance(first, CopyChange)
    assert stay_id in {row.key for row in first.rows}
    assert first.epoch
    assert (first.since, first.version) == (0, first.upto)
    nothing_new = copy_for(server, first.epoch, first.version)
    assert isinstance(nothing_new, CopyChange)
    assert (nothing_new.since, nothing_new.version, nothing_new.rows) == (first.version, first.version, ())


@pytest.mark.req("GATE-3")
def test_an_acknowledgement_is_signed_for_that_very_batch(server: Server) -> None:
    journal(server.box, 2)
    raw = server.box.body([1, 2])
    token = server.box.post(raw).json()["token"]
    keys = KeyRing([server.signer.public])
    assert open_ack(token, raw, keys, server.clock.now()).acked == 2
    with pytest.raises(ParkingError, match="not valid"):
        open_ack(token, server.box.body([1]), keys, server.clock.now())


@pytest.mark.req("GATE-3")
def test_what_a_box_no_longer_keeps_is_passed_over_on_record_and_the_rest_comes_in(server: Server) -> None:
    journal(server.box, 5)
    reply = server.box.post(server.box.body([4, 5], oldest=4))
    assert reply.json()["acked"] == 5
    assert stored(server) == [4, 5]
    told = [row["data"]["reason"] for row in rows(server, outbox) if row["type"] == "CaseOpened"]
    assert told.count("edge_events_gone") == 1
    assert server.box.send(4, 5) == 5


@pytest.mark.req("GATE-3")
def test_a_time_that_the_box_has_corrected_counts_and_what_it_first_said_stays_on_record(server: Server) -> None:
    true = MORNING + timedelta(minutes=3)
    server.box.note(passage(Direction.IN, "visit-1", None), true - timedelta(days=1))
    (event,) = json.loads(server.box.body([1]))["events"]
    raw = server.box.body([1], events=[{**event, "corrected_at": to_plain(true)}])
    assert server.box.post(raw).json()["acked"] == 1
    (kept,) = rows(server, edge_event)
    assert (kept["raw"]["at"], kept["raw"]["corrected_at"]) == (event["at"], to_plain(true))
    assert [row["occurred_at"] for row in rows(server, outbox) if row["origin"] == "edge-1"] == [true]
    problem_of(server.box.post(server.box.body([1], events=[{**event, "corrected_at": "yesterday"}])), 422)


@pytest.mark.req("GATE-3")
def test_what_boxes_said_is_forgotten_after_its_time_and_never_counted_again(server: Server) -> None:
    journal(server.box, 3)
    server.box.send()
    server.clock.advance(KEPT + timedelta(days=1))
    journal(server.box, 1)
    server.box.send(4)
    assert server.application.database.write(forget_old) == 3
    assert stored(server) == [4]
    assert server.box.send(1, 2, 3) == 4
    assert (stored(server), len(forwarded(server))) == ([4], 4)


@pytest.mark.parametrize(
    "query",
    [
        "since=-1",
        "since=x",
        "wait_s=26",
        "wait_s=nan",
        f"since={10**30}",
        "nonce=" + "n" * 41,
        "format=-1",
        "epoch=" + "e" * 37,
    ],
)
def test_a_question_for_the_copy_that_makes_no_sense_is_refused(strict: Server, query: str) -> None:
    problem_of(strict.ask("GET", f"/edge/copy?{query}", "edge"), 422)
