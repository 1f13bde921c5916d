"""The HTTP relay's wire as bytes, both ways: RFC 7616's own examples, the maker's examples of calls and errors, HTTP answers."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from parking.gate.relays import digest, http_wire, rpc_wire
from parking.gate.relays.http_relay import HttpRelay
from parking.gate.relays.http_wire import HttpAnswer, MalformedHttp
from parking.gate.relays.rpc_wire import MalformedRpc, RpcError, RpcResult
from parking.gate.relays.settings import BoardSettings
from parking.kernel.clock import ManualClock
from parking.kernel.device import DeviceFault
from tests.builders.gate import NOON

pytestmark = pytest.mark.req("GATE-1")

# --- digest: RFC 7616, section 3.9.1 -----------------------------------------------------------------------------------

_COMMON = 'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, nonce="{}", opaque="{}"'
_NONCE, _OPAQUE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
CHALLENGES = [
    ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
]


@pytest.mark.parametrize(("algorithm", "response"), CHALLENGES)
def test_the_proof_of_a_password_is_as_in_the_rfc(algorithm: str, response: str) -> None:
    challenge = digest.parse_challenge(_COMMON.format(algorithm, _NONCE, _OPAQUE))
    assert challenge == digest.Challenge("http-auth@example.org", _NONCE, algorithm, _OPAQUE)
    header = digest.authorization(
        challenge, user="Mufasa", password="Circle of Life", method="GET", target="/dir/index.html",
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", count=1,
    )  # fmt: skip
    fields = digest.parse_fields(header.removeprefix("Digest "))
    assert fields is not None
    assert (fields["response"], fields["nc"], fields["qop"], fields["uri"]) == (
        response, "00000001", "auth", "/dir/index.html",
    )  # fmt: skip
    assert "Circle" not in header


def test_of_two_challenges_the_stronger_one_is_answered() -> None:
    both = ", ".join(_COMMON.format(name, _NONCE, _OPAQUE) for name in ("MD5", "SHA-256"))
    challenge = digest.parse_challenge(both)
    assert challenge is not None
    assert challenge.algorithm == "SHA-256"


@pytest.mark.parametrize(
    "header",
    [
        "",
        'Basic realm="x"',
        "Digest",
        'Digest realm="x"',
        'Digest realm="x", nonce="", qop="auth", algorithm=SHA-256',
        'Digest realm="x", nonce="n", qop="auth-int", algorithm=SHA-256',
        'Digest realm="x", nonce="n", algorithm=SHA-256',  # without qop: nothing is counted, so anything could be replayed
        'Digest realm="x", nonce="n", qop="auth", algorithm=SHA-512-256',
        'Digest realm="x", realm="y", nonce="n", qop="auth"',
        'Digest realm="x\r\nEvil: 1", nonce="n", qop="auth"',
        "Digest " + ", ".join(f'k{n}="v"' for n in range(40)),
    ],
)
def test_a_challenge_that_we_cannot_answer_is_none(header: str) -> None:
    assert digest.parse_challenge(header) is None


def test_quotes_in_a_user_name_stay_inside_their_quotes() -> None:
    challenge = digest.Challenge('a "realm"', "n", "SHA-256")
    header = digest.authorization(
        challenge, user='x", uri="/y', password="p", method="GET", target="/", cnonce="c", count=1
    )
    fields = digest.parse_fields(header.removeprefix("Digest "))
    assert fields is not None
    assert (fields["username"], fields["realm"], fields["uri"]) == ('x", uri="/y', 'a "realm"', "/")


# --- calls -------------------------------------------------------------------------------------------------------------


def test_calls_are_pinned() -> None:
    pulse = rpc_wire.encode_call(2, rpc_wire.SET, rpc_wire.pulse_params(1, 500))
    assert pulse == (b'{"id":2,"src":"parking","method":"Switch.Set","params":{"id":1,"on":true,"toggle_after":0.5}}')
    assert rpc_wire.encode_call(3, rpc_wire.GET_ALL, {}) == (
        b'{"id":3,"src":"parking","method":"Shelly.GetStatus","params":{}}'
    )


def test_replies_are_pinned() -> None:
    was_on = b'{"id": 2, "src": "shellypro4pm-f008d1d8b8b8", "dst": "parking", "result": {"was_on": false}}'
    assert rpc_wire.parse_reply(was_on) == RpcResult(2, {"was_on": False})
    missing = b'{"id":1,"src":"shellypro4pm-f008d1d8b8b8","dst":"user_1","error":{"code":-105,"message":"Bad id=7"}}'
    assert rpc_wire.parse_reply(missing) == RpcError(1, -105)


STATUS = {
    "switch:0": {"id": 0, "source": "timer", "output": False, "timer_started_at": 1626942399.36, "timer_duration": 60},
    "switch:1": {"id": 1, "source": "http", "output": True},
    "input:0": {"id": 0, "state": True},
    "input:1": {"id": 1, "state": None},
    "sys": {"uptime": 3},
}


def test_a_status_tells_switches_and_inputs() -> None:
    assert rpc_wire.coils_of(STATUS, 2) == (False, True)
    assert rpc_wire.inputs_of(STATUS, 1) == (True,)
    assert rpc_wire.output_of({"id": 1, "output": True}, 1) is True


@pytest.mark.parametrize("count", [2, 3])
def test_an_input_without_a_state_is_never_taken_for_off(count: int) -> None:
    with pytest.raises(MalformedRpc, match="input 1 has no state"):
        rpc_wire.inputs_of(STATUS, count)


@pytest.mark.parametrize("output", [None, 1, "true", [], {}])
def test_a_switch_whose_state_is_no_truth_is_malformed(output: object) -> None:
    with pytest.raises(MalformedRpc):
        rpc_wire.output_of({"id": 0, "output": output}, 0)
    with pytest.raises(MalformedRpc):
        rpc_wire.output_of({"id": 1, "output": True}, 0)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"{}", b"{", b'{"id":1}', b'{"id":"1","result":{}}', b'{"id":true,"result":{}}', b'{"id":1.0,"result":{}}',
        b'{"id":1,"result":[]}', b'{"id":1,"error":{}}', b'{"id":1,"error":{"code":"-105"}}',
        b'{"id":1,"result":{},"error":{"code":-1}}', b'{"id":99999999999,"result":{}}', b"\xff\xfe", b"[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_reply_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedRpc):
        rpc_wire.parse_reply(body)


# --- HTTP --------------------------------------------------------------------------------------------------------------


def test_a_request_is_pinned() -> None:
    assert http_wire.encode_request("POST", "/rpc", "10.0.0.7:80", b"{}", {"Content-Type": "application/json"}) == (
        b"POST /rpc HTTP/1.1\r\nHost: 10.0.0.7:80\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"
    )


def test_a_header_cannot_break_out_of_its_line() -> None:
    with pytest.raises(ValueError, match="control character"):
        http_wire.encode_request("POST", "/rpc", "h\r\nEvil: 1")


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
ANSWERS = [
    (OK, HttpAnswer(200, {"content-type": "application/json", "content-length": "2"}, b"{}", True)),
    (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\n{\"a\r\n4;x=y\r\n\":1}\r\n0\r\n\r\n",
        HttpAnswer(200, {"transfer-encoding": "chunked", "connection": "close"}, b'{"a":1}', False),
    ),
    (b"HTTP/1.0 204 No Content\r\n\r\n", HttpAnswer(204, {}, b"", False)),
    (
        b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nX: 1\r\nX:  2 \r\n\r\n",
        HttpAnswer(401, {"content-length": "0", "x": "1, 2"}, b"", True),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "answer"), ANSWERS)
def test_answers_are_pinned_and_wait_for_their_last_byte(raw: bytes, answer: HttpAnswer) -> None:
    assert http_wire.decode(raw) == answer
    for cut in range(len(raw)):
        assert http_wire.decode(raw[:cut]) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-x\r\n", b"HTTP/2 200\r\n\r\n", b"HTTP/1.1 OK\r\n\r\n", b"HTTP/1.1 2000 OK\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n", b"HTTP/1.1 200 OK\r\n: x\r\n\r\n", b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        OK + b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 " + b"x" * 20_000, b"HTTP/1.1 200 OK\r\n" + b"A: 1\r\n" * 101 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 65,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    ],
)  # fmt: skip
def test_what_is_no_answer_is_malformed(raw: bytes) -> None:
    with pytest.raises(MalformedHttp):
        http_wire.decode(raw)


# --- what the adapter really sends -------------------------------------------------------------------------------------


@contextmanager
def recorder() -> Iterator[tuple[int, list[bytes]]]:
    """Takes one request and hangs up."""
    got: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def take() -> None:
            connection, _ = listener.accept()
            with connection:
                got.append(connection.recv(65536))

        taking = threading.Thread(target=take)
        taking.start()
        yield listener.getsockname()[1], got
        taking.join()


def test_the_adapter_sends_exactly_these_bytes() -> None:
    with recorder() as (port, got):
        relay = HttpRelay(BoardSettings(port=port, timeout_s=10), ManualClock(NOON))
        with pytest.raises(DeviceFault, match="hung up"):
            relay.pulse(2, 400)
        relay.close()
    body = b'{"id":1,"src":"parking","method":"Switch.Set","params":{"id":2,"on":true,"toggle_after":0.4}}'
    assert got == [
        b"POST /rpc HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: %d\r\n" % (port, len(body))
        + b"Content-Type: application/json\r\n\r\n" + body
    ]  # fmt: skip
    assert json.loads(body)["params"]["toggle_after"] == 0.4
