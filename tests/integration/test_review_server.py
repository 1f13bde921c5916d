"""Found in review, over HTTP: what hangs, what lasts too long, what is refused too late."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from parking.bootstrap import live_routes
from parking.kernel.clock import Clock, SystemClock
from payments.providers.base import Order, Outcome
from payments.providers.memory import MemoryProvider
from payments.store import payment_table
from tests.builders.application import Server, a_server

DRIVERS = 60


class HangingWallet(MemoryProvider):
    """A wallet that answers nobody until it is let go."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.asked = threading.Semaphore(0)
        self.go = threading.Event()

    def create(self, order: Order) -> Outcome:
        self.asked.release()
        self.go.wait(60)
        return super().create(order)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with a_server(tmp_path) as running:
        yield running


def test_a_wallet_that_hangs_holds_up_nobody_but_those_who_pay(tmp_path: Path) -> None:
    wallet = HangingWallet(SystemClock())
    with a_server(tmp_path, providers={"wallet": wallet}) as server, ThreadPoolExecutor(DRIVERS + 1) as drivers:
        stays = [server.enter(f"浙A{n:05d}") for n in range(DRIVERS)]
        server.park(hours=2)
        keys = [{"headers": {"Idempotency-Key": f"k{n}"}} for n in range(DRIVERS)]
        try:
            paying = [
                drivers.submit(
                    server.ask, "POST", "/my/payments", "driver", stay=stay, json={"channel": "wallet"}, **key
                )
                for stay, key in zip(stays, keys, strict=True)
            ]
            for _ in range(8):
                assert wallet.asked.acquire(timeout=20)
            copy = drivers.submit(server.ask, "GET", "/edge/copy", "edge")
            assert copy.result(timeout=20).status_code == 200
            seen = server.ask("GET", "/my/stay", "driver", stay=stays[0])
            assert seen.status_code == 200
        finally:
            wallet.go.set()
        assert {payment.result(timeout=60).status_code for payment in paying} == {201}


def _read_to_the_end(feed: WebSocketTestSession) -> None:
    while True:
        feed.receive_json()


def test_the_longest_key_that_is_allowed_fits_everywhere(server: Server) -> None:
    stay = server.enter()
    server.park(hours=2)
    how = {"json": {"channel": "wallet"}, "headers": {"Idempotency-Key": "k" * 128}}
    begun = server.ask("POST", "/my/payments", "driver", stay=stay, **how)
    assert begun.status_code == 201
    kept = server.application.database.read(lambda conn: conn.execute(payment_table.select()).one())
    assert kept.key == "k" * 128  # the column holds 160


def test_the_live_feed_of_an_operator_ends_with_the_log_in(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_routes, "RIGHT_CHECKED_EVERY_S", 0.05)
    headers = server.as_("manager")
    with server.client.websocket_connect("/api/v1/live", headers=headers) as feed:
        assert any(key.startswith("lane.") for key in feed.receive_json()["values"])
        server.drop_session("manager")
        with pytest.raises(WebSocketDisconnect) as ended:
            _read_to_the_end(feed)
    assert ended.value.code == 1008


def test_a_websocket_where_there_is_none_is_refused_and_no_crash(server: Server) -> None:
    with pytest.raises(WebSocketDisconnect), server.client.websocket_connect("/api/v1/nothing"):
        pass
