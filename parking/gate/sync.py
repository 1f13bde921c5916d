"""The link to the server: journal up, copy down, each at its own pace. The lane never waits for either.

Everything may be sent again and nothing may be skipped: the server acknowledges, under its signature, what it has stored, in order.
A half-open connection ends by its timeout. What the server says of the time sets the box's clock before the first event leaves.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx

from parking.gate import copy_file
from parking.gate.journal import Entry, FileJournal
from parking.gate.link_loop import LinkState, Loop, backoff_s
from parking.gate.link_wire import LONGEST_MESSAGE, CopyImage, open_ack, open_message, read_object
from parking.gate.local_copy import LocalCopy
from parking.gate.steady_clock import SteadyClock
from parking.kernel.chain import canonical
from parking.kernel.clock import Clock
from parking.kernel.codec import to_plain
from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.signed import Signer, Verifier, seal

__all__ = ["BATCH_MOST", "Downlink", "Link", "LinkState", "Loop", "Uplink", "backoff_s", "new_client"]

BATCH_MOST = 200
BYTES_MOST = 512 * 1024
"""Of events in a batch; a server takes twice as much, with what stands around them."""
GREET_EVERY_S = 30.0
"""A box with nothing to tell says so now and then: others need not wait for it, and it hears the time and what the server has."""
LATE_MOST = timedelta(seconds=5)
"""What happens is journaled within this time, or is held up by a full disk and then told late."""
_AUTH_VALID_FOR = timedelta(minutes=2)
_LONGEST_REPLY = 64 * 1024
_DRIPS_AFTER_S, _SLOWEST_BYTES_S = 10.0, 2_000
"""An answer may be long and the link slow; one that never ends would look like a link that works."""


@dataclass(frozen=True, slots=True)
class Link:
    """Who this box is and whom it talks to; `wait_s` is the length of a long poll, the rest are timeouts in seconds."""

    server: str
    device: str
    signer: Signer
    verifier: Verifier
    wait_s: float = 20.0
    connect_s: float = 3.0
    answer_s: float = 5.0


class Uplink:
    """Sends the journal in batches, oldest first; the disk of a box that was replaced is no longer `in_service`."""

    def __init__(
        self, link: Link, journal: FileJournal, clock: Clock, client: httpx.Client, *, in_service: bool = True
    ) -> None:
        self._link = link
        self._journal = journal
        self._clock = clock
        self._in_service = in_service
        self._steady = clock if isinstance(clock, SteadyClock) else None
        self._client = client
        self._heard_s = clock.monotonic_s()

    def send(self) -> int:
        """Send one batch; how many events it held. A failure of any kind raises ParkingError and changes nothing."""
        news = self._steady is not None and not self._steady.confirmed
        if news:
            self.greet()  # the time first: what was noted under a wrong one is sent with the right one
        began = self._clock.now()
        read = self._journal.unacknowledged if self._in_service else self._journal.before_damage
        waiting = read(BATCH_MOST)
        entries = _beginning(waiting)
        is_all = len(entries) == len(waiting) < BATCH_MOST
        if entries or news or self._clock.monotonic_s() - self._heard_s >= GREET_EVERY_S:
            self._exchange(entries, began if self._in_service and is_all else None)
        if is_all:
            self._journal.tidy(self._clock.now())
        return len(entries)

    def greet(self) -> None:
        """Ask how far the server is and what the time is, with nothing to send; a failure raises ParkingError."""
        self._exchange((), None)

    def _exchange(self, entries: Sequence[Entry], complete_at: datetime | None) -> None:
        events = [self._told(entry) for entry in entries]
        through = entries[-1].seq if entries else self._journal.acknowledged()
        content = {
            "device": self._link.device,
            "epoch": self._journal.epoch,
            "sent_at": to_plain(self._clock.now()),
            "oldest": self._journal.oldest(),
            "through": through,
            "events": events,
        }
        until = self._told_until(events, complete_at)
        body = canonical(content if until is None else {**content, "until": until})
        signature = base64.urlsafe_b64encode(self._link.signer.sign(body)).rstrip(b"=").decode()
        headers = {
            "Content-Type": "application/json",
            "Device-Signature": f"{self._link.signer.key_id}.{signature}",
        }
        url, asked_s = f"{self._link.server}/api/v1/edge/events", self._clock.monotonic_s()
        reply = read_object(_ask(self._client.build_request("POST", url, content=body, headers=headers), self._client))
        answered_s = self._clock.monotonic_s()
        token = reply.get("token")
        if not isinstance(token, str):
            raise _unavailable("the server's acknowledgement makes no sense")
        # A batch is acknowledged to whoever has just sent it; that is why no clock of ours is needed to believe the answer.
        ack = open_ack(token, body, self._link.verifier, None)
        if self._steady is not None:
            self._steady.hear(ack.sent_at, asked_s, answered_s)
        self._heard_s = answered_s
        # Of a disk that was set back the server knows more numbers; what they stand for now was never sent.
        self._journal.acknowledge(min(ack.acked, through))

    def _told_until(self, events: Sequence[Mapping[str, Any]], complete_at: datetime | None) -> str | None:
        """Up to when the server will know everything that this disk holds."""
        if complete_at is not None:
            return str(to_plain(complete_at - LATE_MOST))
        return str(events[-1].get("corrected_at", events[-1]["at"])) if events else None

    def _told(self, entry: Entry) -> dict[str, Any]:
        plain = {"seq": entry.seq, **json.loads(entry.body)}
        corrected_at = self._journal.corrected_at(entry)
        return plain if corrected_at is None else {**plain, "corrected_at": corrected_at}


def _beginning(waiting: Sequence[Entry]) -> Sequence[Entry]:
    """As many as the server takes at once, one at least: a batch that is too long is refused for ever."""
    size = 0
    for number, entry in enumerate(waiting):
        size += len(entry.body.encode())
        if number and size > BYTES_MOST:
            return waiting[:number]
    return waiting


class Downlink:
    """Fetches what has changed in the copy and applies it."""

    def __init__(self, link: Link, copy: LocalCopy, clock: Clock, client: httpx.Client) -> None:
        self._link = link
        self._copy = copy
        self._clock = clock
        self._client = client

    def fetch(self) -> bool:
        """Wait for a change and take it; whether there was one. A failure of any kind raises ParkingError and changes nothing."""
        link, (epoch, since), nonce = self._link, self._copy.position, secrets.token_urlsafe(16)
        expires = int((self._clock.now() + _AUTH_VALID_FOR).timestamp())
        token = seal({"use": "edge", "device": link.device, "exp": expires}, link.signer)
        request = self._client.build_request(
            "GET",
            f"{link.server}/api/v1/edge/copy",
            params={
                "since": since,
                "epoch": epoch,
                "nonce": nonce,
                "format": copy_file.FORMAT,
                "wait_s": f"{link.wait_s:g}",
            },
            headers={"Device-Auth": token},
            timeout=httpx.Timeout(link.answer_s, connect=link.connect_s, read=link.wait_s + link.answer_s),
        )
        answer = open_message(_ask(request, self._client, LONGEST_MESSAGE), link.verifier, self._clock.now(), nonce)
        if isinstance(answer.content, CopyImage):
            return self._copy.take_image(answer.content)
        changed = self._copy.apply(answer.content)
        return self._copy.tidy() or changed


def new_client(link: Link) -> httpx.Client:
    """A client whose every wait is bounded."""
    return httpx.Client(timeout=httpx.Timeout(link.answer_s, connect=link.connect_s), trust_env=False)


def _ask(request: httpx.Request, client: httpx.Client, longest: int = _LONGEST_REPLY) -> bytes:
    try:
        reply = client.send(request, stream=True)
        try:
            if reply.status_code != httpx.codes.OK:
                raise _unavailable(f"the server answered {reply.status_code}")
            raw, began_s = bytearray(), time.monotonic()
            for part in reply.iter_bytes():
                raw += part
                if time.monotonic() - began_s > _DRIPS_AFTER_S + len(raw) / _SLOWEST_BYTES_S:
                    raise _unavailable("the server's answer only drips")
                if len(raw) > longest:
                    raise _unavailable("the server's answer is too long")
            return bytes(raw)
        finally:
            reply.close()
    except httpx.HTTPError as error:
        raise _unavailable(f"the server is away ({type(error).__name__})") from None


def _unavailable(message: str) -> ParkingError:
    return ParkingError(ErrorKind.UNAVAILABLE, "sync.failed", message)
