"""A log line tells the technician everything and names no car and no card."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.protocols.http import httptools_impl

from parking.kernel.plate import Plate
from parking.kernel.signed import seal
from parking.plumbing import logs
from tests.builders.security import DeviceKey


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the log would have printed; the logging of the test run itself is put back afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stream = io.StringIO()
    logs.set_up(json=True, stream=stream)
    yield stream
    root.handlers[:], root.level = before[0], before[1]
    structlog.reset_defaults()


def _only(lines: io.StringIO) -> dict[str, Any]:
    (line,) = lines.getvalue().splitlines()
    return dict(json.loads(line))


def test_a_line_is_one_json_object_with_time_level_and_fields(lines: io.StringIO) -> None:
    structlog.get_logger("parking.some_room").info("lane.decided", lane="entry-1", allowed=True, frames=3)

    line = _only(lines)
    assert line.pop("at").endswith("Z")
    assert line == {
        "event": "lane.decided", "level": "info", "logger": "parking.some_room", "lane": "entry-1", "allowed": True, "frames": 3,
    }  # fmt: skip


@pytest.mark.req("PRIV-1")
@pytest.mark.parametrize(
    "written", ["粤B12345", "粤B·12345", "沪ad12345", "京A1234学", "粤Z1234港", "粤BD12345", "使012·345", "WJ京1234A"]
)
def test_a_chinese_plate_is_hidden_wherever_it_stands(lines: io.StringIO, written: str) -> None:
    structlog.get_logger().warning(f"no stay for {written}", note=f"({written})", deep={"list": [written], "n": 1})

    assert written not in lines.getvalue()
    assert lines.getvalue().count(logs.HIDDEN) == 3


@pytest.mark.req("PRIV-1")
def test_a_plate_under_its_own_key_and_a_plate_value_are_masked(lines: io.StringIO) -> None:
    structlog.get_logger().info("seen", plate="AB123CD", other=Plate("XY987ZW"))

    assert (_only(lines)["plate"], _only(lines)["other"]) == ("AB***CD", "XY***ZW")


@pytest.mark.req("PRIV-1")
def test_a_traceback_is_cleaned_too(lines: io.StringIO) -> None:
    try:
        raise ValueError("粤B12345 paid with 4111 1111 1111 1111")
    except ValueError:
        structlog.get_logger().exception("failed")

    text = lines.getvalue()
    assert "ValueError" in text
    assert "12345" not in text
    assert "4111" not in text


@pytest.mark.req("PRIV-1")
def test_what_libraries_log_goes_the_same_way(lines: io.StringIO) -> None:
    logging.getLogger("some_library").warning("GET /plates/%s", "粤B12345")

    line = _only(lines)
    assert line["event"] == f"GET /plates/{logs.HIDDEN}"
    assert line["logger"] == "some_library"


def test_numbers_that_are_no_cards_stay(lines: io.StringIO) -> None:
    structlog.get_logger().info(
        "sent", order="1234567890123456", at="2026-05-01T12:00:00.123456Z", id="0190f3a2-7b1c-7000-8000-000000000000"
    )

    line = _only(lines)
    assert line["order"] == "1234567890123456"
    assert line["id"] == "0190f3a2-7b1c-7000-8000-000000000000"


@pytest.mark.req("PRIV-1")
@pytest.mark.parametrize(
    "written", ["13812345678", "+86 139 1234 5678", "86-199-1234-5678", seal({"use": "stay"}, DeviceKey("server"))]
)
def test_a_mobile_number_and_a_token_are_hidden(written: str) -> None:
    for around in ("{}", "call {}, please", "电话{}。", "#t={}&x=1"):
        assert logs.redact(around.format(written)) == around.format(logs.HIDDEN)


def test_what_is_no_mobile_number_stays() -> None:
    for text in ("1761234567890", "12345678901", "a13812345678", "at 13812345678.25", "0190f3a2-13812345678"):
        assert logs.redact(text) == text


def test_context_follows_the_work(lines: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(trace_id="abc"):
        structlog.get_logger().info("hello")
    assert _only(lines)["trace_id"] == "abc"


def test_lines_below_the_level_are_not_written(lines: io.StringIO) -> None:
    structlog.get_logger().debug("chatter")
    assert lines.getvalue() == ""


def test_for_people_the_same_is_written_without_json() -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stream = io.StringIO()
    logs.set_up(json=False, stream=stream)
    structlog.get_logger("x").info("lane.decided", note="粤B12345")
    root.handlers[:], root.level = before[0], before[1]
    structlog.reset_defaults()

    assert "lane.decided" in stream.getvalue()
    assert "12345" not in stream.getvalue()


@given(st.text(alphabet="京沪粤使ABC0138·- xyz", max_size=40))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = logs.redact(text)
    assert logs.redact(once) == once


def test_a_scanner_of_the_network_writes_one_line_a_minute_that_says_how_often(lines: io.StringIO) -> None:
    """As uvicorn says it, from where it says it; its errors are never counted away."""
    now_s = [0.0]
    once = logs.OnceAMinute(lambda: now_s[0])
    server = logging.getLogger(
        "scanned"
    )  # not of uvicorn: a server that another test ran may have kept its lines to itself
    server.addFilter(once)

    def says(level: int, text: str, where: str = "/venv/uvicorn/protocols/http/httptools_impl.py") -> None:
        server.handle(logging.LogRecord(server.name, level, where, 1, text, (), None))

    for _ in range(1000):
        says(logging.WARNING, "Invalid HTTP request received.")
    says(logging.WARNING, "Unsupported upgrade request.")
    says(logging.ERROR, "Exception in ASGI application")
    says(logging.ERROR, "Exception in ASGI application")
    now_s[0] = 60.0
    says(logging.WARNING, "Invalid HTTP request received.")

    assert [json.loads(line)["event"] for line in lines.getvalue().splitlines()] == [
        "Invalid HTTP request received: 1",
        "Unsupported upgrade request: 1",
        "Exception in ASGI application",
        "Exception in ASGI application",
        "Invalid HTTP request received: 1000",
    ]


def test_the_server_s_own_log_line_is_one_of_those(lines: io.StringIO) -> None:
    """The installed uvicorn warns from a folder of that name and in constant words: else the filter would see nothing."""
    source = Path(httptools_impl.__file__)
    assert "protocols" in source.parts
    assert "Invalid HTTP request received." in source.read_text()
    assert any(isinstance(one, logs.OnceAMinute) for one in logging.getLogger("uvicorn.error").filters)
