"""What a box takes from the server: only what the server signed, for the very question, whole, and in time."""

from __future__ import annotations

import hashlib
import json
import zlib
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from parking.access.snapshot import CopyChange, CopyRow
from parking.bootstrap.keys import Ed25519Signer, KeyRing
from parking.gate.link_wire import (
    VALID_FOR,
    CopyImage,
    open_ack,
    open_message,
    read_change,
    read_object,
    seal_ack,
    seal_message,
)
from parking.kernel.errors import ParkingError
from parking.kernel.signed import seal

pytestmark = pytest.mark.req("GATE-3")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SERVER, STRANGER = (Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)) for n in (1, 2))
RING = KeyRing([SERVER.public])
ROWS = (CopyRow("zone", "b1", 4, {"free": 3, "capacity": 9}), CopyRow("stay", "s1", 5, None))
CHANGE = CopyChange("mall", 3, 5, ROWS, "past-1", 9)
IMAGE = CopyImage("mall", "past-1", 5, 1, b"a whole file")
MESSAGE = seal_message(CHANGE, SERVER, NOON, "n1")
HEAD = {"site": "mall", "epoch": "past-1", "since": 3, "version": 5, "upto": 9}


@pytest.mark.parametrize("content", [CHANGE, IMAGE, replace(CHANGE, rows=(), version=3, upto=None)])
def test_a_message_arrives_as_it_was_sent(content: CopyChange | CopyImage) -> None:
    answer = open_message(seal_message(content, SERVER, NOON, "n1"), RING, NOON, "n1")
    assert (answer.content, answer.sent_at) == (content, NOON)


def test_who_signed_what_for_whom_and_when_counts() -> None:
    forged = seal_message(CHANGE, STRANGER, NOON, "n1")
    head, _, packed = MESSAGE.partition(b"\n")
    for raw, now, nonce in (
        (forged, NOON, "n1"),
        (MESSAGE, NOON, "n2"),
        (MESSAGE, NOON + VALID_FOR + timedelta(seconds=1), "n1"),
        (head + b"\n" + packed[:-1], NOON, "n1"),
        (head + b"\n" + packed + b"x", NOON, "n1"),
        (forged.partition(b"\n")[0] + b"\n" + packed, NOON, "n1"),
        (head, NOON, "n1"),
        (b"", NOON, "n1"),
        (b"\n", NOON, "n1"),
        (b"\xff" * 100 + b"\n", NOON, "n1"),
        (b"x" * 5000 + b"\n", NOON, "n1"),
    ):
        with pytest.raises(ParkingError, match="not valid"):
            open_message(raw, RING, now, nonce)


def test_a_signature_for_another_use_is_none() -> None:
    token = seal_ack(5, b"batch", SERVER, NOON)
    with pytest.raises(ParkingError, match="not valid"):
        open_message(token.encode() + b"\n", RING, NOON, "n1")
    with pytest.raises(ParkingError, match="not valid"):
        open_ack(MESSAGE.partition(b"\n")[0].decode(), b"batch", RING, NOON)


def test_an_acknowledgement_is_for_one_batch_and_says_the_time() -> None:
    token = seal_ack(5, b"batch", SERVER, NOON)
    ack = open_ack(token, b"batch", RING, NOON)
    assert (ack.acked, ack.sent_at) == (5, NOON)
    assert open_ack(token, b"batch", RING, None) == ack, "who does not know the time asks for it like this"
    for bad, batch in (
        (token, b"another"),
        (seal_ack(5, b"batch", STRANGER, NOON), b"batch"),
        ("", b"batch"),
        ("烫", b""),
    ):
        with pytest.raises(ParkingError, match="not valid"):
            open_ack(bad, batch, RING, NOON)


@pytest.mark.parametrize("acked", [None, -1, True, "5", 2**63])
def test_an_acknowledgement_that_makes_no_sense_is_refused(acked: Any) -> None:
    with pytest.raises(ParkingError) as refused:
        open_ack(seal_ack(acked, b"batch", SERVER, NOON), b"batch", RING, NOON)
    assert refused.value.field == "acked"


BAD_HEADS: list[tuple[dict[str, Any], str]] = [
    ({"since": -1}, "since"),
    ({"since": 6}, "version"),
    ({"version": True}, "version"),
    ({"version": 2**63}, "version"),
    ({"upto": "9"}, "upto"),
    ({"site": None}, "site"),
    ({"epoch": "e" * 65}, "epoch"),
]


@pytest.mark.parametrize(("change", "field"), BAD_HEADS)
def test_a_head_that_makes_no_sense_names_the_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(ParkingError) as refused:
        read_change({**HEAD, **change}, b"[]")
    assert refused.value.field == field


BAD_ROWS = [
    (b"{}", "rows"),
    (b"[", "rows"),
    (b"[null]", "rows[0]"),
    (b'[["zone","b1",1]]', "rows[0]"),
    (b'[["zone",5,1,{}]]', "rows[0]"),
    (b'[["zone","b1",-1,{}]]', "rows[0].version"),
    (b'[["zone","b1",1,{}],["zone","b1",2,[]]]', "rows[1].data"),
    (b"[" * 100_000, "rows"),
]


@pytest.mark.parametrize(("plain", "field"), BAD_ROWS, ids=[str(n) for n in range(len(BAD_ROWS))])
def test_rows_that_make_no_sense_are_named(plain: bytes, field: str) -> None:
    with pytest.raises(ParkingError) as refused:
        read_change(HEAD, plain)
    assert refused.value.field == field


@pytest.mark.parametrize("size", [0, 10, 12, 17 * 1024 * 1024, None])
def test_a_message_is_as_long_as_it_says_and_never_longer_than_it_may_be(size: int | None) -> None:
    packed = zlib.compress(b"[" + b" " * 9 + b"]")
    head = {**HEAD, "what": "rows", "nonce": "n1", "at": "2026-03-02T12:00:00Z", "size": size}
    digest = hashlib.sha256(packed).hexdigest()
    body = {"use": "copy", "exp": int(NOON.timestamp()) + 60, "sha256": digest, **head}
    with pytest.raises(ParkingError) as refused:
        open_message(seal(body, SERVER).encode() + b"\n" + packed, RING, NOON, "n1")
    assert refused.value.field == "size"


def test_a_message_whose_signature_is_spelt_in_another_way_is_refused() -> None:
    line, _, rest = MESSAGE.partition(b"\n")
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    bent = line[:-1] + bytes(
        [alphabet[alphabet.index(line[-1]) ^ 1]]
    )  # of 64 bytes the last sign's last four bits say nothing
    with pytest.raises(ParkingError):
        open_message(bent + b"\n" + rest, RING, NOON, "n1")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.integers(0, len(MESSAGE) - 1), st.integers(1, 255))
def test_no_bytes_break_it_and_no_changed_byte_is_believed(noise: bytes, place: int, change: int) -> None:
    bent = bytearray(MESSAGE)
    bent[place] ^= change
    for raw in (noise, bytes(bent), MESSAGE + noise if noise else MESSAGE[:-1]):
        with pytest.raises(ParkingError):
            open_message(raw, RING, NOON, "n1")


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_whatever_stands_where_rows_or_an_answer_should_be_is_read_or_refused(plain: bytes) -> None:
    for read in (lambda raw: read_change(HEAD, raw), read_object):
        with suppress(ParkingError):
            read(plain)
