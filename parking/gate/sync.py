"""The link to the server: journal up, copy down, each at its own pace. The lane never waits for either.

Everything may be sent again and nothing may be skipped: the server acknowledges what it has stored, in order. Failures back off,
bounded and with jitter, so that a hundred boxes do not come back in the same second; a half-open connection ends by its timeout.
"""

from __future__ import annotations

import base64
import json
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx

from parking.access.snapshot import LONGEST_COPY, unseal_copy
from parking.gate.journal import FileJournal
from parking.gate.local_copy import LocalCopy
from parking.kernel.chain import canonical
from parking.kernel.clock import Clock
from parking.kernel.codec import to_plain
from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.signed import Signer, Verifier, seal

BATCH_MOST = 200
_AUTH_VALID_FOR = timedelta(minutes=2)
_BACKOFF_FIRST_S, _BACKOFF_MOST_S = 0.25, 15.0


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
    """Sends the journal in batches, oldest first."""

    def __init__(self, link: Link, journal: FileJournal, clock: Clock, client: httpx.Client) -> None:
        self._link = link
        self._journal = journal
        self._clock = clock
        self._client = client

    def send(self) -> int:
        """Send one batch; how many events it held. A failure of any kind raises ParkingError and changes nothing."""
        entries = self._journal.unacknowledged(BATCH_MOST)
        if not entries:
            return 0
        body = canonical(
            {
                "device": self._link.device,
                "epoch": self._journal.epoch,
                "sent_at": to_plain(self._clock.now()),
                "events": [{"seq": entry.seq, **json.loads(entry.body)} for entry in entries],
            }
        )
        signature = base64.urlsafe_b64encode(self._link.signer.sign(body)).rstrip(b"=").decode()
        headers = {
            "Content-Type": "application/json",
            "Device-Signature": f"{self._link.signer.key_id}.{signature}",
        }
        reply = _ask(
            lambda: self._client.post(f"{self._link.server}/api/v1/edge/events", content=body, headers=headers)
        )
        acked = reply.get("acked")
        if type(acked) is not int or acked < 0:
            raise _unavailable("the server's acknowledgement makes no sense")
        self._journal.acknowledge(acked)
        return len(entries)


class Downlink:
    """Fetches what has changed in the copy and applies it."""

    def __init__(self, link: Link, copy: LocalCopy, clock: Clock, client: httpx.Client) -> None:
        self._link = link
        self._copy = copy
        self._clock = clock
        self._client = client

    def fetch(self) -> bool:
        """Wait for a change and take it; whether there was one. A failure of any kind raises ParkingError and changes nothing."""
        link, now = self._link, self._clock.now()
        expires = int((now + _AUTH_VALID_FOR).timestamp())
        token = seal({"use": "edge", "device": link.device, "exp": expires}, link.signer)
        parameters = {"since": str(self._copy.version), "wait_s": f"{link.wait_s:g}"}
        timeout = httpx.Timeout(link.answer_s, connect=link.connect_s, read=link.wait_s + link.answer_s)
        reply = _ask(
            lambda: self._client.get(
                f"{link.server}/api/v1/edge/copy", params=parameters, headers={"Device-Auth": token}, timeout=timeout
            )
        )
        body = reply.get("body")
        if not isinstance(body, str) or len(body) > LONGEST_COPY:
            raise _unavailable("the server's copy makes no sense")
        return self._copy.apply(unseal_copy(body, link.verifier, self._clock.now()))


@dataclass(frozen=True, slots=True)
class LinkState:
    """How one direction of the link is doing; `trouble` is empty while it works."""

    last_success: datetime | None
    trouble: str


class Loop:
    """Runs one direction in its own thread until stopped; `report` hears when it begins to fail and when it works again.

    `turn` says whether there may be more at once; if not, `idle` waits for something to do, at most the seconds it is given.
    """

    def __init__(
        self,
        name: str,
        turn: Callable[[], bool],
        clock: Clock,
        *,
        report: Callable[[str, str], None],
        idle: Callable[[float], None],
        jitter: random.Random | None = None,
    ) -> None:
        self._name = name
        self._turn = turn
        self._clock = clock
        self._report = report
        self._stopping = threading.Event()
        self._idle = idle
        self._jitter = jitter or random.Random()  # noqa: S311 - spreading load, not guarding anything
        self._thread = threading.Thread(target=self._run, name=f"sync-{name}", daemon=True)
        self.state = LinkState(None, "")

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Ask it to end and wait for `timeout_s` at most: a long poll may outlast that, and loses nothing."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                busy = self._turn()
            except Exception as error:  # the link must outlive whatever a server or a disk comes up with
                failures += 1
                trouble = str(error) if isinstance(error, ParkingError) else type(error).__name__
                if trouble != self.state.trouble:
                    self._report(self._name, trouble)
                self.state = LinkState(self.state.last_success, trouble)
                self._stopping.wait(backoff_s(failures, self._jitter))
                continue
            if failures:
                self._report(self._name, "")
            failures, self.state = 0, LinkState(self._clock.now(), "")
            if not busy and not self._stopping.is_set():
                self._idle(1.0)


def backoff_s(failures: int, jitter: random.Random) -> float:
    """How long to wait after so many failures in a row: doubling, bounded, between half and all of it."""
    longest = min(_BACKOFF_MOST_S, _BACKOFF_FIRST_S * 2.0 ** min(failures - 1, 10))
    return longest * (0.5 + jitter.random() / 2)


def new_client(link: Link) -> httpx.Client:
    """A client whose every wait is bounded."""
    return httpx.Client(timeout=httpx.Timeout(link.answer_s, connect=link.connect_s), trust_env=False)


def _ask(question: Callable[[], httpx.Response]) -> dict[str, object]:
    try:
        reply = question()
        if reply.status_code != httpx.codes.OK:
            raise _unavailable(f"the server answered {reply.status_code}")
        plain = reply.json()
    except httpx.HTTPError as error:
        raise _unavailable(f"the server is away ({type(error).__name__})") from None
    except ValueError:
        raise _unavailable("the server's answer is not JSON") from None
    if not isinstance(plain, dict):
        raise _unavailable("the server's answer is not an object")
    return plain


def _unavailable(message: str) -> ParkingError:
    return ParkingError(ErrorKind.UNAVAILABLE, "sync.failed", message)
