"""Operators, devices and keys with good defaults; the passwords are cheap to check, the keys are real Ed25519."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from parking.kernel.principal import Principal, Scope
from parking.kernel.signed import seal
from parking.plumbing.db import Database
from parking.security.devices import enrol_edge, enrol_kiosk
from parking.security.model import Operator
from parking.security.passwords import Passwords
from parking.security.service import create_operator

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
SET_UP = Principal("operator", "set-up", frozenset(Scope))
PASSWORD = "correct horse battery"


def cheap_passwords() -> Passwords:
    return Passwords(time_cost=1, memory_kib=64, parallelism=1)


def an_operator(
    database: Database, *, username: str = "lin", roles: tuple[str, ...] = ("attendant",), password: str = PASSWORD
) -> Operator:
    hashed = cheap_passwords().hash(password)
    return database.write(
        lambda uow: create_operator(
            uow, SET_UP, username=username, display_name="Lin Wei", password_hash=hashed, roles=roles
        )
    )


class DeviceKey:
    """A private key as a gate box holds it; a `kernel.signed.Signer`."""

    def __init__(self, key_id: str = "edge-1-key") -> None:
        self._private = Ed25519PrivateKey.generate()
        self.key_id = key_id

    @property
    def public(self) -> bytes:
        return self._private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)

    def header(self, raw: bytes) -> str:
        return f"{self.key_id}.{base64.urlsafe_b64encode(self.sign(raw)).rstrip(b'=').decode()}"

    def token(self, **body: Any) -> str:
        return seal(body, self)


class KnownKeys:
    """A `kernel.signed.Verifier` over a handful of keys."""

    def __init__(self, *keys: DeviceKey) -> None:
        self._keys = {key.key_id: key.public for key in keys}

    def verify(self, key_id: str, message: bytes, signature: bytes) -> bool:
        return key_id in self._keys and ed25519_check(self._keys[key_id], message, signature)


def ed25519_check(public_key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def an_edge_box(database: Database, *, device_id: str = "edge-1", key: DeviceKey | None = None) -> DeviceKey:
    key = key or DeviceKey(f"{device_id}-key")
    database.write(lambda uow: enrol_edge(uow, SET_UP, device_id=device_id, key_id=key.key_id, public_key=key.public))
    return key


def a_kiosk(database: Database, *, device_id: str = "kiosk-1") -> str:
    return database.write(lambda uow: enrol_kiosk(uow, SET_UP, device_id=device_id))
