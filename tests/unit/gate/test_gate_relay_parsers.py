"""The relays' parsers under any bytes: they understand what they wrote, and refuse everything else by their one kind of error."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking.gate.relays import digest, gpio_wire, http_wire, rpc_wire, wire

pytestmark = pytest.mark.req("GATE-1")
words = st.integers(0, 0xFFFF)
plain_text = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
requests = st.one_of(
    st.builds(wire.ReadBits, st.sampled_from([1, 2]), words, words),
    st.builds(wire.WriteCoil, words, words),
    st.builds(wire.WriteRegisters, words, st.lists(words, min_size=1, max_size=100).map(tuple)),
)


@given(requests, words, st.integers(0, 255))
def test_a_modbus_request_survives_its_wire(request: wire.Request, transaction: int, unit: int) -> None:
    data = wire.encode(wire.Frame(transaction, unit, wire.encode_request(request)))
    assert wire.parse_request(data) == request
    assert wire.decode(data) == (len(data), wire.Frame(transaction, unit, wire.encode_request(request)))


@given(st.lists(st.booleans(), min_size=1, max_size=64), st.sampled_from([1, 2]))
def test_bits_survive_their_wire_in_their_order(bits: list[bool], function: int) -> None:
    reply = wire.decode_reply(wire.bits_reply(function, bits))
    assert isinstance(reply, wire.Bits)
    assert list(reply.bits[: len(bits)]) == bits
    assert not any(reply.bits[len(bits) :])
    assert wire.answer_to(wire.ReadBits(function, 0, len(bits)), reply) is reply


@given(requests)
def test_a_write_is_answered_by_what_the_board_echoes_and_by_nothing_else(request: wire.Request) -> None:
    if isinstance(request, wire.ReadBits):
        return
    echoed = wire.decode_reply(wire.written_reply(request))
    assert wire.answer_to(request, echoed) == echoed


@given(st.binary(max_size=300))
def test_any_bytes_are_a_modbus_reply_or_malformed(data: bytes) -> None:
    with suppress(wire.MalformedFrame):
        wire.parse_reply(data)
    with suppress(wire.MalformedFrame, wire.RefusedRequest):
        wire.parse_request(data)


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_an_answer_in_http_or_malformed(data: bytes, begins_well: bool) -> None:
    with suppress(http_wire.MalformedHttp):
        answer = http_wire.decode(b"HTTP/1.1 200 OK\r\n" + data if begins_well else data)
        assert answer is None or len(answer.body) <= http_wire.BODY_MOST


@given(st.binary(max_size=200), st.lists(st.integers(1, 60), max_size=8))
def test_a_body_in_chunks_is_the_body(body: bytes, sizes: list[int]) -> None:
    chunks, rest = b"", body
    for size in [*sizes, 1000]:
        piece, rest = rest[:size], rest[size:]
        if piece:
            chunks += b"%x\r\n%s\r\n" % (len(piece), piece)
    answer = http_wire.decode(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
    assert answer is not None
    assert answer.body == body


@given(st.binary(max_size=200))
def test_any_bytes_are_a_reply_of_the_relay_or_malformed(body: bytes) -> None:
    with suppress(rpc_wire.MalformedRpc):
        rpc_wire.parse_reply(body)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | plain_text, lambda inner: st.dictionaries(plain_text, inner)
    )
)
def test_any_status_is_told_or_malformed(status: object) -> None:
    if not isinstance(status, dict):
        return
    for read in (rpc_wire.coils_of, rpc_wire.inputs_of):
        with suppress(rpc_wire.MalformedRpc):
            assert all(type(bit) is bool for bit in read(status, 2))


@given(st.text(max_size=300))
def test_any_text_is_a_challenge_or_none(text: str) -> None:
    for header in (text, "Digest " + text, f'Digest realm="r", nonce="n", qop="auth", {text}'):
        challenge = digest.parse_challenge(header)
        assert challenge is None or challenge.algorithm in digest.ALGORITHMS


@given(plain_text, plain_text, plain_text, st.integers(1, 2**31))
def test_an_answer_to_a_challenge_can_be_read_again(user: str, realm: str, nonce: str, count: int) -> None:
    header = digest.authorization(
        digest.Challenge(realm, nonce, "SHA-256"),
        user=user,
        password="p",
        method="POST",
        target="/rpc",
        cnonce="c",
        count=count,
    )
    fields = digest.parse_fields(header.removeprefix("Digest "))
    assert fields is not None
    assert (fields["username"], fields["realm"], fields["nonce"], int(fields["nc"], 16)) == (user, realm, nonce, count)


questions = st.one_of(
    st.builds(gpio_wire.Read, words),
    st.builds(gpio_wire.Hold, words, st.integers(0, 63), st.booleans()),
    st.builds(gpio_wire.Pulse, words, st.integers(0, 63), words, st.none() | st.floats(0, 1e9)),
)
levels = st.lists(st.booleans(), max_size=64).map(tuple)
answers = st.one_of(
    st.builds(gpio_wire.Levels, words, levels, levels),
    st.builds(gpio_wire.Failed, words, st.text(max_size=100)),
    st.builds(gpio_wire.Refused, words, st.text(max_size=100)),
)


@given(questions, answers)
def test_the_keepers_lines_survive_their_wire(question: gpio_wire.Question, answer: gpio_wire.Answer) -> None:
    assert gpio_wire.parse_question(gpio_wire.encode_question(question)) == question
    assert gpio_wire.parse_answer(gpio_wire.encode_answer(answer)) == answer
    assert gpio_wire.encode_answer(answer).count(b"\n") == 1


@given(st.binary(max_size=200))
def test_any_bytes_are_a_line_of_the_keeper_or_malformed(data: bytes) -> None:
    for parse in (gpio_wire.parse_question, gpio_wire.parse_answer):
        with suppress(gpio_wire.MalformedLine):
            parse(data)
