"""The one connection to a board: what happens to it in doubt, to late orders, to names that nobody knows, and to those who wait."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

import pytest

from parking.gate.relays.link import Link, Tcp
from parking.gate.relays.settings import BoardSettings
from parking.kernel.clock import ManualClock
from parking.kernel.device import DeviceFault, DeviceRefused, Health
from parking.kernel.errors import ParkingError
from tests.builders.gate import NOON

pytestmark = pytest.mark.req("GATE-1")


class Peer:
    """A board of which a test plays every byte."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(30)
        self.port = self._listener.getsockname()[1]
        self._accepted: list[socket.socket] = []

    @property
    def calls(self) -> int:
        return len(self._accepted)

    def accept(self) -> socket.socket:
        connection, _ = self._listener.accept()
        connection.settimeout(30)
        self._accepted.append(connection)
        return connection

    def close(self) -> None:
        for connection in self._accepted:
            connection.close()
        self._listener.close()


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.close()


def link_to(peer: Peer, clock: ManualClock, timeout_s: float = 1.0) -> Link:
    settings = BoardSettings(port=peer.port, timeout_s=timeout_s)
    return Link(settings, Tcp("127.0.0.1", peer.port), clock, jitter=lambda: 1.0)


def whole(data: bytes) -> bytes | None:
    return data if data.endswith(b".") else None


def ask(link: Link, question: bytes = b"?", **more: float) -> bytes:
    with link.turn() as turn:
        return turn.exchange(question, whole, **more)


def test_in_doubt_the_connection_is_reset_so_that_nothing_held_back_is_ever_delivered(peer: Peer) -> None:
    link = link_to(peer, ManualClock(NOON))
    with pytest.raises(DeviceFault, match="no answer in time"):
        ask(link)
    with peer.accept() as connection:
        assert connection.recv(1) == b"?"
        with pytest.raises(ConnectionResetError):  # a graceful end would be b"", and would let held-back bytes through
            connection.recv(1)


def test_a_link_that_is_closed_on_purpose_ends_in_good_order(peer: Peer) -> None:
    link = link_to(peer, ManualClock(NOON), timeout_s=10)
    answering = threading.Thread(target=lambda: link.close() if ask(link) else None)
    answering.start()
    with peer.accept() as connection:
        connection.recv(1)
        connection.sendall(b".")
        answering.join()
        assert connection.recv(1) == b""


def test_an_order_whose_deadline_passes_while_connecting_is_refused_and_the_connection_stays_good(peer: Peer) -> None:
    clock = ManualClock(NOON)
    link = link_to(peer, clock, timeout_s=10)
    with pytest.raises(DeviceRefused, match="older than its deadline"):
        ask(link, b"late", not_after_s=-0.001)
    answers: list[bytes] = []
    asking = threading.Thread(target=lambda: answers.append(ask(link, b"now", not_after_s=0.0)))
    asking.start()
    with peer.accept() as connection:
        assert connection.recv(10) == b"now"
        connection.sendall(b"ok.")
        asking.join()
    link.close()
    assert (answers, peer.calls) == ([b"ok."], 1)


def test_what_a_board_says_without_being_asked_is_never_taken_for_an_answer(peer: Peer) -> None:
    clock = ManualClock(NOON)
    link = link_to(peer, clock, timeout_s=10)
    answers: list[bytes] = []
    for _ in range(2):
        asking = threading.Thread(target=lambda: answers.append(ask(link)))
        asking.start()
        connection = peer.accept()  # the second time a fresh connection, because the first one talked
        connection.recv(1)
        connection.sendall(b"asked.")
        asking.join()
        connection.sendall(b"unasked.")
        wait_for_bytes(link)
    link.close()
    assert answers == [b"asked."] * 2


def wait_for_bytes(link: Link) -> None:
    """Until what the peer sent has arrived on our side."""
    assert link._socket is not None
    link._socket.settimeout(30)
    link._socket.recv(1, socket.MSG_PEEK)
    link._socket.setblocking(False)


class TurnedAway:
    """A board that says why it will not talk, and hangs up before anybody has asked."""

    def connect(self, ends_s: float) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            theirs.sendall(b"no.")
        return ours

    def forget(self) -> None: ...


def test_a_board_that_hangs_up_before_it_is_asked_is_still_heard(peer: Peer) -> None:
    link = Link(BoardSettings(port=peer.port), TurnedAway(), ManualClock(NOON))
    assert ask(link) == b"no."
    link.close()


def test_an_answer_without_an_end_is_given_up(peer: Peer) -> None:
    link = link_to(peer, ManualClock(NOON), timeout_s=10)

    def flood() -> None:
        with peer.accept() as connection, suppress(OSError):  # until the link has had enough
            connection.recv(1)
            while True:
                connection.sendall(b"x" * 65536)

    flooding = threading.Thread(target=flood)
    flooding.start()
    with pytest.raises(DeviceFault, match="endless"):
        ask(link)
    flooding.join()


def test_silence_is_asked_rarely_and_each_call_in_between_fails_at_once(peer: Peer) -> None:
    clock = ManualClock(NOON)
    link = link_to(peer, clock)
    peer.close()
    asked = 0
    for _ in range(150):
        asked += not link._backoff.waits(clock.monotonic_s())
        with pytest.raises(DeviceFault):
            ask(link)
        clock.advance(timedelta(seconds=0.02))
    assert asked == 5  # in three seconds: at 0, 0.1, 0.3, 0.7 and 1.5 s
    assert link.health().health is Health.SILENT


def test_who_waits_behind_a_hanging_call_gets_a_fault_in_its_own_time(peer: Peer) -> None:
    link = link_to(peer, ManualClock(NOON), timeout_s=0.2)
    hold, held = threading.Event(), threading.Event()

    def hog() -> None:
        with link.turn():
            held.set()
            hold.wait(30)

    hogging = threading.Thread(target=hog)
    hogging.start()
    held.wait(30)
    with pytest.raises(DeviceFault, match="busy with another call"):
        ask(link)
    hold.set()
    hogging.join()


def test_a_name_that_nobody_answers_for_costs_a_call_its_time_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    dead, asked = threading.Event(), []

    def look_up(host: str, *_: object, **__: object) -> list[object]:
        asked.append(host)
        dead.wait(30)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    where = Tcp("relay.cabinet.example", 502)
    for _ in range(3):
        with pytest.raises((DeviceFault, TimeoutError)):
            where.connect(time.monotonic() + 0.05)
    assert asked == ["relay.cabinet.example"]  # one thread waits, however often somebody asks
    dead.set()
    with pytest.raises(ConnectionRefusedError):
        where.connect(time.monotonic() + 30)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"timeout_s": 0.0}, "timeout_s"),
        ({"timeout_s": float("nan")}, "timeout_s"),
        ({"timeout_s": 60.0}, "timeout_s"),
        ({"backoff_first_s": 9.0}, "backoff_most_s"),
        ({"backoff_most_s": float("inf")}, "backoff_most_s"),
        ({"coils": -1}, "coils"),
        ({"inputs": 65}, "inputs"),
    ],
)
def test_settings_that_would_make_a_lane_wait_for_ever_are_refused_by_name(
    changes: dict[str, float], field: str
) -> None:
    with pytest.raises(ParkingError) as refusal:
        BoardSettings(**changes)  # type: ignore[arg-type]  # one of them
    assert refusal.value.field == field


def test_a_password_is_in_no_text_of_its_settings() -> None:
    assert "hunter2" not in repr(BoardSettings(password="hunter2"))
