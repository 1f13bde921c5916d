"""The simulated wallet on a real socket, with a client of ours that knows its key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from hardware_sim.devices.qr_wallet import QrWalletBooks
from hardware_sim.devices.qr_wallet_faults import Faults
from hardware_sim.devices.qr_wallet_http import QrWalletServer
from parking.kernel.clock import Clock
from payments.providers.qr_wallet import QrWallet
from tests.builders.payments import Key, nonces

MERCHANT = "mall-1"
WALLET_KEY = Key("wallet-1", 1)
MERCHANT_KEY = Key("mall-key", 2)


@dataclass
class Wallet:
    """Both ends of the wire."""

    server: QrWalletServer
    provider: QrWallet
    client: httpx.Client

    @property
    def books(self) -> QrWalletBooks:
        return self.server.books

    @property
    def faults(self) -> Faults:
        return self.books.faults

    def approve(self, number: str) -> int:
        """The payer presses the button of the payer's page; returns the status."""
        return self.client.post(f"/payer/{number}/approve").status_code


def a_provider(client: httpx.Client, clock: Clock) -> QrWallet:
    return QrWallet(client, merchant=MERCHANT, signer=MERCHANT_KEY, verifier=WALLET_KEY, clock=clock, nonces=nonces())


@contextmanager
def a_wallet(clock: Clock, *, timeout_s: float = 5.0, approve_at_once: bool = False) -> Iterator[Wallet]:
    books = QrWalletBooks(
        clock=clock,
        signer=WALLET_KEY,
        merchant_keys=MERCHANT_KEY,
        merchants={MERCHANT_KEY.key_id: MERCHANT},
        nonces=nonces(),
        approve_at_once=approve_at_once,
    )
    server = QrWalletServer(books)
    url = server.start(callbacks=False)
    with httpx.Client(base_url=url, timeout=timeout_s, trust_env=False) as client:
        try:
            yield Wallet(server, a_provider(client, clock), client)
        finally:
            server.stop()
