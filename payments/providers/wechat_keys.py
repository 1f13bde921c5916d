"""Which keys WeChat signs with: those from files, and the platform certificates that it publishes itself, sealed for us.

A serial that we do not know makes us fetch the newest certificates, once a minute at most: a forger who invents serials
costs us one call a minute and nothing more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import structlog

from parking.kernel.clock import Clock
from payments.providers import rsa
from payments.providers.base import ProviderFault
from payments.providers.wechat_wire import Unproven, load, unseal

CERTIFICATES = "/v3/certificates"
_FETCH_EVERY_S = 60.0
log = structlog.get_logger(__name__)


class PlatformKeyRing:
    """Public keys by serial; `fetch` returns the body of the certificates' answer, not yet trusted."""

    def __init__(self, known: Mapping[str, rsa.RsaVerifier], *, api_key: bytes, clock: Clock) -> None:
        self._known = dict(known)
        self._api_key = api_key
        self._clock = clock
        self._fetch: Callable[[], bytes] | None = None
        self._fetched_s: float | None = None
        self._turn = threading.Lock()

    def fetch_with(self, fetch: Callable[[], bytes]) -> None:
        """How to ask for certificates; without it only the keys from files count."""
        self._fetch = fetch

    def verify(self, serial: str, message: bytes, signature: str) -> bool:
        key = self._known.get(serial)
        if key is None and self._learn():
            key = self._known.get(serial)
        return key is not None and key.verify(message, signature)

    def _learn(self) -> bool:
        """Take over what the platform publishes now; False when it is not yet time, or somebody is asking already."""
        if self._fetch is None or not self._turn.acquire(blocking=False):
            return False
        try:
            now_s = self._clock.monotonic_s()
            if self._fetched_s is not None and now_s - self._fetched_s < _FETCH_EVERY_S:
                return False
            self._fetched_s = now_s
            self._known = self._known | self.published(self._fetch())
            return True
        except (ProviderFault, Unproven, ValueError) as error:
            log.warning("wechat.certificates", error=type(error).__name__)
            return False
        finally:
            self._turn.release()

    def published(self, body: bytes) -> dict[str, rsa.RsaVerifier]:
        """The keys in an answer with certificates: only who knows our APIv3 key can have sealed them (AES-GCM).

        Raises Unproven or ValueError. A certificate outside its days, or under another serial than its own, is refused.
        """
        try:
            entries = [(entry["serial_no"], entry["encrypt_certificate"]) for entry in load(body)["data"]]
        except (KeyError, TypeError):
            raise ValueError("no certificates") from None
        found = {}
        for serial, sealed in entries:
            own, key = rsa.certificate_key(unseal(self._api_key, sealed), now=self._clock.now())
            if own.lstrip("0") != str(serial).upper().lstrip("0"):
                raise ValueError("a certificate under another's serial")
            found[str(serial)] = key
        return found
