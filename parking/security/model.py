"""Operators, devices and audit entries as values. Nothing here holds a secret: passwords and tokens exist only as hashes, in the store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from parking.kernel.ids import DeviceId, OperatorId


class DeviceKind(StrEnum):
    EDGE = "edge"  # a gate box: signs what it sends with its own Ed25519 key
    KIOSK = "kiosk"  # a self-service machine: carries a bearer token
    TILL = "till"  # a merchant's till: the same
    APP = "app"  # the back end of the mall's own app or CRM: a bearer token, and a key for what it tells us by itself


@dataclass(frozen=True, slots=True)
class Operator:
    """A person with a log-in; `roles` are names from `parking.security.roles`."""

    id: OperatorId
    username: str
    display_name: str
    roles: tuple[str, ...]
    enabled: bool


@dataclass(frozen=True, slots=True)
class Whence:
    """Where a log-in comes from: the network address, and the device in words (`device_words`)."""

    address: str
    device: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """A log-in that lasts: `way` is password or passkey, `seen_at` the last time it was used, to a minute."""

    id: str
    operator_id: OperatorId
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    whence: Whence
    way: str


@dataclass(frozen=True, slots=True)
class Passkey:
    """A WebAuthn credential of an operator: `credential_id` and `public_key` (COSE) are raw bytes, `sign_count` the authenticator's last.

    `transports` are the authenticator's own words for how it is reached, handed back to browsers as they came.
    """

    id: str
    operator_id: OperatorId
    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: tuple[str, ...]
    name: str
    created_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Device:
    """An enrolled device; `key_id` and `public_key` (32 bytes, Ed25519) are set for a gate box and an app only."""

    id: DeviceId
    kind: DeviceKind
    key_id: str | None
    public_key: bytes | None
    enabled: bool


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who (`actor`) did what (`action`) to what (`subject`), why and when; `link` is the hash that chains it to the entry before."""

    seq: int
    at: datetime
    actor_kind: str
    actor: str
    action: str
    subject: str
    reason: str
    link: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """The outcome of a check: `broken_at` is the number of the first entry that does not follow, None when all hold.

    `head` is the last link: noted elsewhere, it also proves later that nothing was cut off the end.
    """

    entries: int
    head: str
    broken_at: int | None
