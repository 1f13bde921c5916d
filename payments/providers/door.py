"""The way out to a provider: what httpx says becomes one of three things, an answer, NotSent or OutcomeUnknown.

Nothing of a request is ever written to a log or into an error: it may hold a plate, a payer or a signature.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx

from payments.providers.base import NotSent, OutcomeUnknown

LARGEST_ANSWER = 65_536  # bytes
LARGEST_STATEMENT = 64 * 1024 * 1024
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Door:
    """One provider behind one host, or a host and its standby; a standby is tried only when the first got nothing."""

    def __init__(self, clients: Sequence[httpx.Client]) -> None:
        if not clients:
            raise ValueError("a door leads to one host at least")
        self._clients = tuple(clients)

    def send(
        self,
        method: str,
        target: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        longest: int = LARGEST_ANSWER,
    ) -> Reply:
        """Send once; `target` is a path with its query, or a whole address. Raises NotSent or OutcomeUnknown."""
        for nth, client in enumerate(self._clients, 1):
            try:
                return _send(client, method, target, body, dict(headers or {}), longest)
            except _NEVER_SENT as error:
                if nth == len(self._clients):
                    raise NotSent(f"no connection: {type(error).__name__}") from None
            except httpx.HTTPError as error:
                raise OutcomeUnknown(f"no answer: {type(error).__name__}") from None
        raise AssertionError("unreachable")


def _send(client: httpx.Client, method: str, target: str, body: bytes, headers: dict[str, str], longest: int) -> Reply:
    with client.stream(method, target, content=body or None, headers=headers) as response:
        answer = bytearray()
        for piece in response.iter_bytes():
            answer += piece
            if len(answer) > longest:
                raise OutcomeUnknown("the answer is longer than any answer")
    return Reply(response.status_code, {k.lower(): v for k, v in response.headers.items()}, bytes(answer))
