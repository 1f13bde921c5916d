"""Webhooks both ways, signed with Ed25519 as the Standard Webhooks specification (v1a) has it. Pure.

The signature covers id, time and body; whoever receives one refuses what is older than five minutes and what it has seen before.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.signed import Signer

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
OLDEST_S = 300
LARGEST_BODY = 65_536
_VERSION = "v1a,"


@dataclass(frozen=True, slots=True)
class Head:
    """What the headers say: an id that is never given twice, seconds since 1970, and the signatures offered."""

    webhook_id: str
    timestamp: int
    signatures: tuple[bytes, ...]


def signed_text(webhook_id: str, timestamp: int, body: bytes) -> bytes:
    return f"{webhook_id}.{timestamp}.".encode() + body


def headers(signer: Signer, webhook_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """The three headers of an outgoing webhook."""
    timestamp = int(now.timestamp())
    signature = base64.b64encode(signer.sign(signed_text(webhook_id, timestamp, body))).decode()
    return {ID: webhook_id, TIMESTAMP: str(timestamp), SIGNATURE: _VERSION + signature}


def check(given: Mapping[str, str], body: bytes, *, holds: Callable[[bytes, bytes], bool], now: datetime) -> Head:
    """The head of a genuine, fresh webhook; anything else raises one and the same error. `holds(message, signature)` knows the key."""
    refused = ParkingError(
        ErrorKind.UNAUTHENTICATED, "webhook.refused", "this webhook is not signed as agreed, or too old"
    )
    head = _read(given)
    if head is None or len(body) > LARGEST_BODY or abs(now.timestamp() - head.timestamp) > OLDEST_S:
        raise refused
    message = signed_text(head.webhook_id, head.timestamp, body)
    if not any(holds(message, signature) for signature in head.signatures):
        raise refused
    return head


def _read(given: Mapping[str, str]) -> Head | None:
    webhook_id, timestamp = given.get(ID, ""), given.get(TIMESTAMP, "")
    if not (1 <= len(webhook_id) <= 64 and webhook_id.isascii() and webhook_id.isprintable()):
        return None
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        return None
    signatures = []
    for one in given.get(SIGNATURE, "").split()[:4]:
        try:
            signatures.append(base64.b64decode(one.removeprefix(_VERSION), validate=True))
        except ValueError:
            return None
    return Head(webhook_id, int(timestamp), tuple(signatures))
