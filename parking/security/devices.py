"""A device is believed for what its own key signed, and for nothing else; a disabled device is a stranger from that moment on."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from parking.kernel.errors import ErrorKind, ParkingError, conflict, invalid, not_found
from parking.kernel.ids import DeviceId
from parking.kernel.principal import Principal
from parking.kernel.signed import unseal
from parking.plumbing.db import UnitOfWork
from parking.security import audit, store
from parking.security.model import Device, DeviceKind
from parking.security.service import token_hash

KeyCheck = Callable[[bytes, bytes, bytes], bool]
"""(public key of 32 bytes, message, signature) -> whether the signature is that key's; Ed25519 (RFC 8032)."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_LONGEST_HEADER = 256


def enrol_edge(uow: UnitOfWork, by: Principal, *, device_id: str, key_id: str, public_key: bytes) -> Device:
    """Enrol a gate box with its Ed25519 public key (32 bytes), audited; a taken id or key raises ParkingError."""
    if len(public_key) != 32:
        raise invalid("device.key", "an Ed25519 public key has 32 bytes", field="public_key")
    if not _NAME.fullmatch(key_id):
        raise invalid("device.key_id", "a key id has 1 to 64 of A-Z a-z 0-9 _ -", field="key_id")
    device = Device(DeviceId(device_id), DeviceKind.EDGE, key_id, public_key, enabled=True)
    _enrol(uow, by, device, None)
    return device


def enrol_kiosk(uow: UnitOfWork, by: Principal, *, device_id: str) -> str:
    """Enrol a kiosk, audited, and return its bearer token; this is the only moment at which the token exists in clear."""
    return _with_token(uow, by, Device(DeviceId(device_id), DeviceKind.KIOSK, None, None, enabled=True))


def enrol_till(uow: UnitOfWork, by: Principal, *, device_id: str) -> str:
    """Enrol a merchant's till in the same way."""
    return _with_token(uow, by, Device(DeviceId(device_id), DeviceKind.TILL, None, None, enabled=True))


def enrol_app(uow: UnitOfWork, by: Principal, *, device_id: str, key_id: str, public_key: bytes) -> str:
    """Enrol the mall's own app or CRM in the same way, with the Ed25519 key (32 bytes) that signs what it tells us by itself."""
    if len(public_key) != 32:
        raise invalid("device.key", "an Ed25519 public key has 32 bytes", field="public_key")
    return _with_token(uow, by, Device(DeviceId(device_id), DeviceKind.APP, key_id, public_key, enabled=True))


def _with_token(uow: UnitOfWork, by: Principal, device: Device) -> str:
    token = secrets.token_urlsafe(32)
    _enrol(uow, by, device, token_hash(token))
    return token


def _enrol(uow: UnitOfWork, by: Principal, device: Device, token: str | None) -> None:
    if not _NAME.fullmatch(device.id):
        raise invalid("device.id", "a device id has 1 to 64 of A-Z a-z 0-9 _ -", field="device_id")
    if store.device_by_id(uow.connection, device.id):
        raise conflict("device.taken", f"there is already a device called {device.id}")
    if device.key_id and (holder := store.device_by_key(uow.connection, device.key_id)):
        raise conflict("device.key_taken", f"the key {device.key_id} belongs to {holder.id}; make one for each device")
    store.add_device(uow.connection, device, token, uow.now)
    audit.record(uow, by, "device.enrolled", device.id, device.kind.value)


def set_enabled(uow: UnitOfWork, by: Principal, *, device_id: str, enabled: bool, reason: str) -> None:
    """Shut a device out, or let it back in, audited; an unknown device raises ParkingError."""
    if not store.set_device_enabled(uow.connection, device_id, enabled=enabled):
        raise not_found("device.unknown", "there is no such device")
    audit.record(uow, by, "device.enabled" if enabled else "device.disabled", device_id, reason)


class DeviceKeys:
    """Checks what enrolled gate boxes signed; the Ed25519 check itself is handed in."""

    def __init__(self, check: KeyCheck) -> None:
        self._check = check

    def verify_batch(self, conn: Connection, header: str, raw: bytes) -> DeviceId:
        """The device whose key signed `raw`; `header` is `<key id>.<base64url signature>`. Anything else raises one and the same error.

        The caller still compares the id with the one that the body claims.
        """
        key_id, _, signature_text = header.partition(".")
        device = store.edge_by_key(conn, key_id) if len(header) <= _LONGEST_HEADER and _NAME.fullmatch(key_id) else None
        if device is None or not self._signed(device, raw, _decoded(signature_text)):
            raise ParkingError(ErrorKind.UNAUTHENTICATED, "device.refused", "the device signature is not valid")
        return device.id

    def authenticate(self, conn: Connection, token: str, now: datetime) -> DeviceId:
        """The device that sealed this `Device-Auth` token (`use` "edge", its own id, not expired); else raises ParkingError."""
        body = unseal(token, _Enrolled(conn, self), use="edge", now=now)
        device = store.edge_by_key(conn, token.partition(".")[0])
        if device is None or body.get("device") != device.id:
            raise ParkingError(ErrorKind.UNAUTHENTICATED, "device.refused", "the device token is not valid")
        return device.id

    def _signed(self, device: Device, message: bytes, signature: bytes) -> bool:
        return device.public_key is not None and self._check(device.public_key, message, signature)


class _Enrolled:
    """The enrolled keys as a `kernel.signed.Verifier`, for the length of one look-up."""

    def __init__(self, conn: Connection, keys: DeviceKeys) -> None:
        self._conn = conn
        self._keys = keys

    def verify(self, key_id: str, message: bytes, signature: bytes) -> bool:
        device = store.edge_by_key(self._conn, key_id) if _NAME.fullmatch(key_id) else None
        return device is not None and self._keys._signed(device, message, signature)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return b""
