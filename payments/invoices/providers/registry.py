"""Which invoice platforms there are; to add one, write its file and its settings, and add a line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from parking.kernel.registry import Registry
from payments.invoices import settings
from payments.invoices.providers.base import InvoiceProvider
from payments.invoices.providers.memory import MemoryInvoices
from payments.invoices.providers.nuonuo import Nuonuo, NuonuoAccount
from payments.invoices.providers.nuonuo_wire import Seller
from payments.providers.door import Door
from payments.providers.registry import Surroundings
from payments.providers.settings import secret


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of platform: its settings, and how it is built."""

    settings: type[settings.InvoiceSettings]
    build: Callable[[Any, Surroundings], InvoiceProvider]


def _memory(_: settings.MemorySettings, around: Surroundings) -> InvoiceProvider:
    return MemoryInvoices(around.clock)


def _nuonuo(of: settings.NuonuoSettings, around: Surroundings) -> InvoiceProvider:
    token = around.folder / of.access_token
    account = NuonuoAccount(
        app_key=of.app_key,
        app_secret=secret(around.folder / of.app_secret, field="app_secret"),
        access_token=lambda: secret(token, field="access_token"),
        seller=Seller(**of.seller.model_dump()),
        pdf_hosts=frozenset({urlsplit(of.url).hostname or "", *of.pdf_hosts}),
    )
    account.access_token()  # a missing file is told before anything starts
    door = Door([around.client(of.url, of.timeout_s)])
    return Nuonuo(door, account, clock=around.clock, nonces=around.nonces)


KINDS: Registry[Kind] = Registry(
    "invoice_platform",
    {
        "memory": Kind(settings.MemorySettings, _memory),
        "nuonuo": Kind(settings.NuonuoSettings, _nuonuo),
    },
)
