"""Which Bluetooth tag an ephemeral id belongs to (Eddystone-EID): the tag shows AES-128 of its own clock, cut to windows of 2^K s.

Only who holds the tag's identity key can tell next minute's id, so an id that was overheard is worth nothing once its window is
over: it is recognised as replayed and refused. Within its window a copy cannot be told from the tag; the plate still outranks it.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.errors import invalid

BlockCipher = Callable[[bytes, bytes], bytes]
"""AES-128 of one block of 16 bytes: (key, block) to block."""

EID_BYTES = 8
_COUNTER_BITS = 32
_REMEMBERED = 4
"""So many windows after its last good one an id is still known, as replayed."""


@dataclass(frozen=True, slots=True)
class TagKey:
    """An enrolled tag: its credential, its identity key (16 bytes, secret), the unix second at which its clock was zero, and K."""

    credential: Credential
    key: bytes
    zero_s: int
    exponent: int

    def __post_init__(self) -> None:
        if self.credential.kind is not CredentialKind.BLUETOOTH:
            raise invalid("tag.kind", "should be a Bluetooth tag's", field="tag")
        if len(self.key) != 16 or len(set(self.key)) == 1:
            raise invalid("tag.key", "should be 16 bytes that are not all the same", field="key")
        if not 0 <= self.exponent <= 15:
            raise invalid("tag.exponent", "should be 0 to 15", field="exponent")
        if self.zero_s < 0:
            raise invalid("tag.zero", "should be unix seconds", field="zero_s")

    def __repr__(self) -> str:
        return f"TagKey({self.credential})"


@dataclass(frozen=True, slots=True)
class Resolved:
    """The tag that an id belongs to; `fresh` is False when its window is over."""

    credential: Credential
    fresh: bool


def ephemeral_id(key: bytes, counter: int, exponent: int, cipher: BlockCipher) -> bytes:
    """The 8 bytes that a tag shows when its clock is at `counter` seconds (32 bits)."""
    return _shown(_temporary_key(key, counter >> 16, cipher), counter, exponent, cipher)


def _temporary_key(key: bytes, high: int, cipher: BlockCipher) -> bytes:
    """The key of 65,536 seconds, `high` being the upper 16 bits of the tag's clock."""
    return cipher(key, bytes(11) + b"\xff\x00\x00" + high.to_bytes(2, "big"))


def _shown(temporary: bytes, counter: int, exponent: int, cipher: BlockCipher) -> bytes:
    counter = counter >> exponent << exponent
    return cipher(temporary, bytes(11) + bytes([exponent]) + counter.to_bytes(4, "big"))[:EID_BYTES]


class RollingIds:
    """The ids that the enrolled tags may show about now. `slack` windows early or late are taken for a clock that drifts."""

    def __init__(self, tags: Iterable[TagKey], cipher: BlockCipher, *, slack: int = 1) -> None:
        if not 0 <= slack <= 4:
            raise invalid("tag.slack", "should be 0 to 4 windows", field="slack")
        self._tags = tuple(tags)
        self._cipher = cipher
        self._slack = slack
        self._window: list[int | None] = [None] * len(self._tags)
        self._owners: dict[bytes, tuple[int, int]] = {}
        self._temporary: list[tuple[int, bytes]] = [(-1, b"")] * len(self._tags)
        self._due = self._all_due()
        self._rolled_s = float("-inf")

    def resolve(self, ephemeral: bytes, now_s: float) -> Resolved | None:
        """Whose id this is at `now_s` (unix seconds); None for a stranger's."""
        self._roll(now_s)
        owner = self._owners.get(ephemeral)
        if owner is None:
            return None
        index, window = owner
        fresh = abs(window - int(now_s - self._tags[index].zero_s) // (1 << self._tags[index].exponent)) <= self._slack
        return Resolved(self._tags[index].credential, fresh)

    def _all_due(self) -> list[tuple[float, int]]:
        return [(float("-inf"), index) for index in range(len(self._tags))]

    def _roll(self, now_s: float) -> None:
        if now_s < self._rolled_s:
            self._due = self._all_due()  # the clock was set back
        self._rolled_s = now_s
        while self._due and self._due[0][0] <= now_s:
            index = heapq.heappop(self._due)[1]
            tag = self._tags[index]
            width_s = 1 << tag.exponent
            window = int(now_s - tag.zero_s) // width_s
            self._change(index, window)
            heapq.heappush(self._due, (tag.zero_s + (window + 1) * width_s, index))

    def _change(self, index: int, window: int) -> None:
        """Know this tag's windows around `window` and forget the others; a clock set back begins afresh."""
        before = self._window[index]
        known = set() if before is None else set(self._known(before))
        wanted = set(self._known(window))
        for old in known - wanted:
            self._owners.pop(self._id(index, old), None)
        for new in sorted(wanted - known):
            self._owners[self._id(index, new)] = (index, new)
        self._window[index] = window

    def _known(self, window: int) -> Iterator[int]:
        return iter(range(window - self._slack - _REMEMBERED, window + self._slack + 1))

    def _id(self, index: int, window: int) -> bytes:
        tag = self._tags[index]
        counter = (window << tag.exponent) % (1 << _COUNTER_BITS)
        high, temporary = self._temporary[index]
        if high != counter >> 16:  # a day has one or two of them: nearly every window finds it made
            high, temporary = counter >> 16, _temporary_key(tag.key, counter >> 16, self._cipher)
            self._temporary[index] = high, temporary
        return _shown(temporary, counter, tag.exponent, self._cipher)
