"""The one format for signed things (QR codes, gate copies, device batches); Ed25519 itself is handed in by `bootstrap`.

A token is `key-id.body.signature`, the last two base64url without padding, the body canonical JSON. The signature covers
`key-id.body`, so that a body cannot be moved under another key.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from parking.kernel.chain import canonical
from parking.kernel.errors import ErrorKind, ParkingError

LONGEST_TOKEN = 4096


class Signer(Protocol):
    """Holds one private key."""

    @property
    def key_id(self) -> str: ...

    def sign(self, message: bytes) -> bytes:
        """64 bytes, Ed25519 (RFC 8032)."""
        ...


class Verifier(Protocol):
    """Holds public keys by id."""

    def verify(self, key_id: str, message: bytes, signature: bytes) -> bool:
        """Whether the signature is that key's; an unknown key is False."""
        ...


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _encode(raw) != text:  # its last sign has bits that say nothing: no token is spelt in two ways
        raise ValueError("not the one spelling of these bytes")
    return raw


def seal(body: Mapping[str, Any], signer: Signer) -> str:
    """A token over `body`; put `exp` (unix seconds) and `use` (what it is for) into it."""
    head = f"{signer.key_id}.{_encode(canonical(body))}"
    return f"{head}.{_encode(signer.sign(head.encode()))}"


def unseal(token: str, verifier: Verifier, *, use: str, now: datetime, longest: int = LONGEST_TOKEN) -> dict[str, Any]:
    """The body of a token made for `use`; anything forged, malformed, expired or for another use raises one and the same error."""
    refused = ParkingError(ErrorKind.UNAUTHENTICATED, "token.refused", "this code is not valid or no longer valid")
    if len(token) > longest:
        raise refused
    try:
        key_id, body_text, signature_text = token.split(".")
        signature = _decode(signature_text)
        body = json.loads(_decode(body_text))
    except (ValueError, RecursionError):
        raise refused from None
    if not verifier.verify(key_id, f"{key_id}.{body_text}".encode(), signature):
        raise refused
    expires = body.get("exp") if isinstance(body, dict) else None
    if not isinstance(expires, int) or expires < now.timestamp() or body.get("use") != use:
        raise refused
    return dict(body)
