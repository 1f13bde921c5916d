"""Opens what the settings name: the payment channels of their file, the one wallet that needs no file, whoever issues invoices."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from parking.bootstrap.keys import KeyRing, load_public, load_signer
from parking.bootstrap.settings import Settings
from parking.kernel.clock import Clock
from parking.kernel.errors import invalid
from payments.invoices import loader as invoices
from payments.invoices.loader import Platform
from payments.providers import channels
from payments.providers.channels import Channel
from payments.providers.registry import KINDS, Surroundings
from payments.providers.settings import Named, QrWalletSettings

WALLET = "wallet"


def open_invoices(settings: Settings, clock: Clock, resources: ExitStack) -> Platform | None:
    """Whoever issues invoices for this site; None where none are offered."""
    path = settings.invoices_file
    return None if path is None else invoices.load(path, _around(path.parent, clock, resources))


def _around(folder: Path, clock: Clock, resources: ExitStack) -> Surroundings:
    """What things are built from here; `resources` lets go of their connections."""
    around = Surroundings(
        clock=clock,
        nonces=lambda: secrets.token_hex(16),
        folder=folder,
        load_signer=load_signer,
        load_verifier=lambda path: KeyRing([load_public(path)]),
    )
    resources.callback(around.close)
    return around


def open_channels(settings: Settings, clock: Clock, resources: ExitStack) -> Mapping[str, Channel]:
    """Every channel by its name, in the order in which drivers see them."""
    around = _around(settings.channels_file.parent if settings.channels_file else Path(), clock, resources)
    found = channels.load(settings.channels_file, around) if settings.channels_file else {}
    if settings.wallet_url is None:
        return found
    if settings.wallet_public_key is None:
        raise invalid("settings.invalid", "say where the wallet's public key is", field="PARKING_WALLET_PUBLIC_KEY")
    if WALLET in found:
        raise invalid("settings.invalid", "this name is the channels file's already", field="PARKING_WALLET_URL")
    key = settings.merchant_key or settings.keys_dir / "merchant.pem"
    of = QrWalletSettings(
        kind="qr_wallet",
        name=Named(zh="手机支付", en="Phone"),
        url=settings.wallet_url,
        merchant=settings.wallet_merchant,
        merchant_key=key.absolute(),
        public_key=settings.wallet_public_key.absolute(),
        timeout_s=5.0,
    )
    kind = KINDS.get(of.kind)
    return {WALLET: Channel(WALLET, of.name.zh, of.name.en, kind.method, kind.build(of, around)), **found}
