"""Whatever a socket brings, the wires of cameras give a value or one documented error, within bounds; and never a secret."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking.gate.cameras import hikvision_wire, http_wire, vzenith_wire, xml_wire
from parking.gate.cameras.base import MalformedPush, SmartRead, margin_of
from parking.gate.cameras.clock_offset import ClockOffset
from parking.gate.cameras.http_wire import Chunked, MalformedRequest

pytestmark = pytest.mark.req("LPR-2")
FORM = "multipart/form-data; boundary=b"
junk = st.binary(max_size=400)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


def refuses(parse: Callable[..., object], *given: object) -> None:
    try:
        parse(*given)
    except MalformedPush:
        return


@given(junk)
def test_no_bytes_break_a_parser(body: bytes) -> None:
    for kind in ("application/json", FORM, "application/x-www-form-urlencoded", "text/xml", ""):
        refuses(vzenith_wire.parse, body, kind)
        refuses(hikvision_wire.parse, body, kind)
    refuses(lambda: hikvision_wire.decode_answer(body))
    refuses(lambda: hikvision_wire.decode_gate_status(body))
    refuses(lambda: hikvision_wire.decode_io(body))
    refuses(lambda: http_wire.decode_head(body + b"\r\n\r\n"))


@given(st.sampled_from(["license", "plateid", "confidence", "timeStamp", "isoffline", "imageFile", "type"]), plain)
def test_no_value_in_a_vzenith_result_breaks_it(key: str, value: Any) -> None:
    result = {"license": "粤B12345", "plateid": 1, "confidence": 90, key: value}
    body = json.dumps({"AlarmInfoPlate": {"serialno": "s", "result": {"PlateResult": result}}})
    refuses(lambda: vzenith_wire.parse(body.encode()))


@given(plain)
def test_no_json_breaks_a_vzenith_push(value: Any) -> None:
    for shape in (value, {"AlarmInfoPlate": value}, {"AlarmGioIn": value}, {"SerialData": value}, {"serialno": value}):
        refuses(vzenith_wire.parse, json.dumps(shape).encode())


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=60))
def test_no_text_in_an_anpr_event_breaks_it(text: str) -> None:
    told = xml_wire.escape(text)
    for name in (
        "licensePlate",
        "confidenceLevel",
        "plateCharBelieve",
        "dateTime",
        "macAddress",
        "UUID",
        "activePostCount",
    ):
        event = f"<E><eventType>ANPR</eventType><{name}>{told}</{name}><ANPR><{name}>{told}</{name}></ANPR></E>"
        refuses(hikvision_wire.parse, event.encode())


@given(st.binary(max_size=300), st.lists(st.integers(1, 40), max_size=8))
def test_a_chunked_body_comes_out_as_it_went_in_however_it_is_cut(body: bytes, cuts: list[int]) -> None:
    wire = b"".join(b"%x\r\n%s\r\n" % (len(body[i : i + 7]), body[i : i + 7]) for i in range(0, len(body), 7))
    wire += b"0\r\n\r\nrest"
    chunked = Chunked(1000)
    for cut in cuts:
        if not chunked.done:
            chunked.feed(wire[:cut])
            wire = wire[cut:]
    if not chunked.done:
        chunked.feed(wire)
        wire = b""
    assert chunked.done
    assert (chunked.body, chunked.rest + wire) == (body, b"rest")


def test_a_chunked_body_is_bounded() -> None:
    chunked = Chunked(10)
    with pytest.raises(MalformedRequest) as refused:
        chunked.feed(b"b\r\n" + b"x" * 11)
    assert refused.value.status == 413


def test_a_laughing_document_is_refused_before_it_laughs() -> None:
    bomb = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><l>&b;</l>'
    with pytest.raises(MalformedPush, match="document type"):
        xml_wire.parse(bomb)
    with pytest.raises(MalformedPush):
        xml_wire.parse(b'<!DOCTYPE l SYSTEM "file:///etc/passwd"><l/>')
    with pytest.raises(MalformedPush, match="too deep"):
        xml_wire.parse(b"<a>" * 100 + b"</a>" * 100)
    with pytest.raises(MalformedPush, match="too large"):
        xml_wire.parse(b"<a>" + b"x" * xml_wire.MOST_BYTES + b"</a>")
    with pytest.raises(MalformedPush):
        vzenith_wire.parse(b"[" * 100_000)


@pytest.mark.parametrize("cut", [0.3, 0.9, 0.99])
def test_a_multipart_that_was_cut_short_is_refused(cut: float) -> None:
    whole = b'--b\r\nContent-Disposition: form-data; name="serialno"\r\n\r\nabc\r\n--b--\r\n'
    with pytest.raises(MalformedPush):
        vzenith_wire.parse(whole[: int(len(whole) * cut) - 3], FORM)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET\r\n\r\n", 400),
        (b"POST /x HTTP/2\r\n\r\n", 400),
        (b"POST http://x/ HTTP/1.1\r\n\r\n", 400),
        (b"POST /x HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
        (b"POST /x HTTP/1.1\r\nContent-Length: -5\r\n\r\n", 400),
        (b"POST /x HTTP/1.1\r\nContent-Length: 1\xb2\r\n\r\n", 400),
        (b"POST /x HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST /x HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST /x HTTP/1.1\r\n folded: 1\r\n\r\n", 400),
        (b"POST /x HTTP/1.1\r\n" + b"a: b\r\n" * 100 + b"\r\n", 431),
        (b"POST /" + b"x" * 20_000, 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03aaaaaaaaaaaaaaa", 400),
    ],
)
def test_heads_that_are_none_get_their_status(head: bytes, status: int) -> None:
    with pytest.raises(MalformedRequest) as refused:
        http_wire.decode_head(head)
    assert refused.value.status == status


def test_a_head_is_waited_for_and_says_how_long_its_body_is() -> None:
    whole = b"POST /push/c/s/plate?x=1 HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc"
    assert http_wire.decode_head(whole[:30]) == (0, None)
    used, head = http_wire.decode_head(whole)
    assert head is not None
    assert (whole[used:], head.path, head.length, head.expects_continue) == (b"abc", "/push/c/s/plate", 3, True)


def test_errors_of_the_wires_name_places_and_no_values() -> None:
    body = '{"AlarmInfoPlate":{"serialno":"s","result":{"PlateResult":{"license":"粤B12345","plateid":"粤B12345"}}}}'
    with pytest.raises(MalformedPush) as refused:
        vzenith_wire.parse(body.encode())
    assert "12345" not in str(refused.value)


def test_what_a_camera_takes_for_no_plate_is_none() -> None:
    for text in ("_无_", "", "   ", "粤B12345粤B12345粤B12345", "??"):
        body = {"AlarmInfoPlate": {"serialno": "s", "result": {"PlateResult": {"license": text, "confidence": 99}}}}
        read = vzenith_wire.parse(json.dumps(body).encode())
        assert isinstance(read, SmartRead)
        assert (read.plate, read.confidence) == (None, 0.0)


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_confidence_is_never_less_margin(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert margin_of(low) <= margin_of(high)


def test_a_clock_that_is_off_is_known_from_heart_beats_and_follows_who_sets_it() -> None:
    noon = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    offset = ClockOffset()
    assert offset.seconds is None
    for late_s in (0.4, 0.05, 2.0):
        offset.heard(noon - timedelta(seconds=60), noon + timedelta(seconds=late_s))
    assert offset.seconds == pytest.approx(60.05)
    offset.heard(noon, noon)
    assert offset.seconds == pytest.approx(0)


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_no_clock_breaks_the_offset(told: datetime, received: datetime, captured: datetime) -> None:
    offset = ClockOffset()
    offset.heard(told, received)
    assert offset.corrected(captured).tzinfo is not None
