"""How companies speak that share a secret with their merchant: sorted `k=v` pairs, the key at the end, one digest. Pure.

UnionPay's plate pay signs with SHA-256 over lower-case keys; aggregators of ETC payments with MD5, as their contracts say.
Every answer carries the `rand` of its request, so that it cannot pass for the answer to another.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from payments.providers.base import OLDEST_MESSAGE_S


class Digest(StrEnum):
    """What a contract signs with."""

    SHA256 = "sha256"
    MD5 = "md5"


class Unproven(Exception):
    """A message whose signature or age does not hold; `code` says which, for logs and tests."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Keyed:
    """A digest and its key; the key is never printed."""

    digest: Digest
    key: str = field(repr=False)

    def text(self, fields: Mapping[str, Any]) -> bytes:
        """The bytes that are digested: non-empty fields but `sign`, sorted by their names in lower case, then the key."""
        pairs = sorted((str(k).lower(), str(v)) for k, v in fields.items() if k != "sign" and v not in ("", None))
        return ("&".join(f"{k}={v}" for k, v in pairs) + f"&key={self.key}").encode()

    def sign(self, fields: Mapping[str, Any]) -> str:
        """The signature, upper-case hex."""
        if self.digest is Digest.MD5:
            return hashlib.md5(self.text(fields), usedforsecurity=False).hexdigest().upper()
        return hashlib.sha256(self.text(fields)).hexdigest().upper()

    def body(self, fields: Mapping[str, Any]) -> bytes:
        """A signed JSON body; every value is text or a whole number."""
        plain = {**fields, "sign": self.sign(fields)}
        return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()

    def open(self, body: bytes, *, now: datetime, rand: str | None = None) -> dict[str, Any]:
        """The fields of a signed body, at most 300 s old (or ahead), for this `rand` where one is given. Raises Unproven."""
        try:
            plain = json.loads(body)
        except (ValueError, RecursionError):
            raise Unproven("malformed") from None
        if not isinstance(plain, dict) or not all(type(v) in (str, int) for v in plain.values()):
            raise Unproven("malformed")
        if len({str(key).lower() for key in plain}) != len(plain):
            raise Unproven("malformed")
        given = plain.pop("sign", None)
        if not isinstance(given, str) or not hmac.compare_digest(
            given.encode("utf-8", "replace"), self.sign(plain).encode()
        ):
            raise Unproven("signature")
        timestamp = plain.get("timestamp")
        if type(timestamp) is not int or abs(now.timestamp() - timestamp) > OLDEST_MESSAGE_S:
            raise Unproven("age")
        if rand is not None and plain.get("rand") != rand:
            raise Unproven("another request")
        return plain
