"""Passwords exist as argon2id hashes only. Checking one costs the same work whether or not the user exists."""

from __future__ import annotations

import base64
import secrets
import threading

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from parking.kernel.errors import invalid

SHORTEST, LONGEST = 10, 128
_AT_ONCE = 2  # each check takes `memory_kib`; a flood of log-ins must not take the machine's memory


class Passwords:
    """Hashes and checks passwords; slow on purpose (0.1-0.4 s of CPU), so callers run it outside transactions and event loops.

    The defaults are RFC 9106's second recommended setting: 3 passes over 64 MiB with 4 lanes.
    """

    def __init__(self, *, time_cost: int = 3, memory_kib: int = 65536, parallelism: int = 4) -> None:
        hasher = Argon2Hasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=parallelism)
        self._hasher = PasswordHash((hasher,))
        # Nobody's hash costs nothing to make and as much to check as anybody's: it is checked, and never right.
        self._decoy = f"$argon2id$v=19$m={memory_kib},t={time_cost},p={parallelism}${_random(16)}${_random(32)}"
        self._slots = threading.BoundedSemaphore(_AT_ONCE)

    def hash(self, password: str) -> str:
        """The hash to store; a password shorter than 10 or longer than 128 characters raises ParkingError."""
        if not SHORTEST <= len(password) <= LONGEST:
            raise invalid("password.length", f"a password has {SHORTEST} to {LONGEST} characters", field="password")
        with self._slots:
            return self._hasher.hash(_bytes(password))

    def matches(self, password: str, stored: str | None) -> bool:
        """Whether `password` belongs to `stored`; None (no such user) does the same work and is False."""
        with self._slots:
            right = self._hasher.verify(_bytes(password), stored or self._decoy)
        return right and stored is not None


def _random(octets: int) -> str:
    return base64.b64encode(secrets.token_bytes(octets)).rstrip(b"=").decode()


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")  # whatever JSON can carry can be refused without falling over
