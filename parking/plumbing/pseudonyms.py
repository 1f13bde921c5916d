"""What stands for a plate where the plate must not: a digest under a secret that does not lie in the database.

There are few plates, so that a bare hash of one is found by trying them all; without the key nobody can try. Whoever asks passes a
digest that says what it is for (so that two uses never look alike), and gets its name under the newest key.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from sqlalchemy import Connection

OPTION = "pseudonyms"
"""The name under which an engine carries those of its database."""
KEY_BYTES = 32
_KEY_ID, _NAME = 8, 32


class Pseudonyms:
    """The keys of one database, newest first: names are given under that, and the others still recognise what was hidden under them."""

    def __init__(self, keys: Sequence[bytes] = ()) -> None:
        self._keys: dict[str, bytes] = {}
        if keys:
            self.open(keys)

    def open(self, keys: Sequence[bytes]) -> None:
        """Take these keys of 32 bytes, newest first, from now on."""
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise ValueError(f"a key of pseudonyms has {KEY_BYTES} bytes")
        self._keys = {hashlib.sha256(key).hexdigest()[:_KEY_ID]: key for key in keys}

    @property
    def are_open(self) -> bool:
        """Whether there is a key."""
        return bool(self._keys)

    def of(self, digest: str) -> str:
        """The name of what has this digest, 41 signs: the key's id, a dot, 128 bits of HMAC-SHA256 (RFC 2104)."""
        return self.every(digest)[0]

    def every(self, digest: str) -> list[str]:
        """Its names under every key, newest first: by one of them it was hidden."""
        if not self._keys:
            raise RuntimeError("this database was opened without the key of its pseudonyms")
        return [
            f"{key_id}.{hmac.new(key, digest.encode(), hashlib.sha256).hexdigest()[:_NAME]}"
            for key_id, key in self._keys.items()
        ]

    def is_of(self, name: str, digest: str) -> bool:
        """Whether `name` was given to this digest under one of the keys."""
        return any(hmac.compare_digest(name, one) for one in self.every(digest))

    def knows_key_of(self, name: str) -> bool:
        """Whether the key of this name is among them."""
        return name.partition(".")[0] in self._keys


def of_connection(conn: Connection) -> Pseudonyms:
    """Those of the database that this connection belongs to."""
    found: Pseudonyms = conn.get_execution_options()[OPTION]
    return found
