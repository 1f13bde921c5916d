"""Which providers there are; to add one, write its file and add a line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import httpx

from parking.kernel.clock import Clock
from parking.kernel.registry import Registry
from parking.kernel.signed import Signer, Verifier
from payments.providers.base import Provider
from payments.providers.memory import MemoryProvider
from payments.providers.qr_wallet import QrWallet


@dataclass(frozen=True, slots=True)
class Parts:
    """What a provider may be built from; `client` has its base address and time-outs, `verifier` knows the provider's keys."""

    client: httpx.Client
    merchant: str
    signer: Signer
    verifier: Verifier
    clock: Clock
    nonces: Callable[[], str]


def _memory(parts: Parts) -> Provider:
    return MemoryProvider(parts.clock)


def _qr_wallet(parts: Parts) -> Provider:
    return QrWallet(
        parts.client,
        merchant=parts.merchant,
        signer=parts.signer,
        verifier=parts.verifier,
        clock=parts.clock,
        nonces=parts.nonces,
    )


PROVIDERS: Registry[Callable[[Parts], Provider]] = Registry(
    "payment_provider", {"memory": _memory, "qr_wallet": _qr_wallet}
)
