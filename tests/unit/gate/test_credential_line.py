"""A reader's line: a reader that is not there is waited for in small steps, and a box that stops does not wait for it."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator

import pytest

from parking.gate.credentials.conversation import Turn
from parking.gate.credentials.link import LinkedReader, LinkSettings, open_line
from parking.kernel.clock import SystemClock
from parking.kernel.device import DeviceFault, Health
from tests.builders.credential_readers import READER, until


@pytest.fixture
def full() -> Iterator[int]:
    """A port whose queue is full: a new connection neither succeeds nor fails, as with a reader that is switched off."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        waiting = []
        for _ in range(8):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
            waiting.append(one)
        yield port
        for one in waiting:
            one.close()


class Blunderer:
    """A conversation with a mistake of our own in it."""

    ready = True
    trouble = ""

    def begin(self, now_s: float) -> bytes:
        del now_s
        raise KeyError("E2801160-somebody's tag")

    def take(self, data: bytes, now_s: float) -> Turn:
        raise NotImplementedError

    def tick(self, now_s: float) -> Turn:
        raise NotImplementedError


def test_a_reader_that_never_answers_is_given_up_after_its_time(full: int) -> None:
    with pytest.raises(TimeoutError):
        open_line(LinkSettings("127.0.0.1", full, connect_s=0.2), threading.Event())


def test_a_box_that_stops_does_not_wait_for_a_reader_that_is_off(full: int) -> None:
    stopping = threading.Event()
    stopping.set()
    with pytest.raises(DeviceFault, match="stopped"):
        open_line(LinkSettings("127.0.0.1", full, connect_s=60.0), stopping)


def test_a_refused_line_says_so_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        open_line(LinkSettings("127.0.0.1", port), threading.Event())


def test_a_name_that_nobody_knows_is_a_silent_reader_not_a_dead_thread() -> None:
    settings = LinkSettings("no-such-reader.invalid", 5084, backoff_first_s=0.01, backoff_most_s=0.02)
    reader = LinkedReader(READER, settings, Blunderer, SystemClock(), random.Random(1))
    reader.start()
    until(lambda: reader.health().health is Health.SILENT, "the reader is missed")
    reader.stop()


def test_a_mistake_of_our_own_is_a_fault_with_no_value_in_it_and_the_thread_lives() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = LinkSettings("127.0.0.1", listener.getsockname()[1], backoff_first_s=0.01, backoff_most_s=0.02)
        reader = LinkedReader(READER, settings, Blunderer, SystemClock(), random.Random(1))
        reader.start()
        until(lambda: reader.health().health is Health.FAULTY, "the mistake is told")
        assert reader.health().detail == "cannot work with this reader: KeyError"
        before = listener.accept()
        after = listener.accept()  # it tries again
        for connection, _ in (before, after):
            connection.close()
        reader.stop()
