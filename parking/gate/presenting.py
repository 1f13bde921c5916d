"""Which credentials belong to the vehicle that stands here: those last seen while it does, or a moment before it came.

The next car's tag, read too early, is not this one's; nor is the tag of the car that has just driven through, however long a
reader still hears it. A credential says nothing here of what it is worth: that is for the rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from parking.gate.credentials.base import Presented
from parking.gate.model import Timings
from parking.kernel.credential import Credential, CredentialKind

_HEARD_FROM_AFAR = frozenset({CredentialKind.UHF, CredentialKind.BLUETOOTH, CredentialKind.OBU})
MOST = 16
"""More than these at one vehicle are a crowd: the newest ones are not looked at."""


@dataclass(frozen=True, slots=True)
class _Through:
    credential: Credential
    until_s: float


class Presenting:
    """What the readers of one lane have seen lately; times are the box's monotonic seconds."""

    def __init__(self, timings: Timings) -> None:
        self._timings = timings
        self._lately: dict[Credential, Presented] = {}
        self._through: tuple[_Through, ...] = ()

    def hear(self, presented: Iterable[Presented], now_s: float) -> None:
        """Take what the readers have seen since the last step; what is from the future is a broken clock, and is not believed."""
        for seen in presented:
            known = self._lately.get(seen.credential)
            if seen.seen_s <= now_s and (known is None or known.seen_s <= seen.seen_s):
                self._lately[seen.credential] = seen
        oldest_s = now_s - self._timings.credential_lead_s
        self._lately = {credential: seen for credential, seen in self._lately.items() if seen.seen_s >= oldest_s}
        self._through = tuple(gone for gone in self._through if gone.until_s > now_s)

    def add_to(self, had: tuple[Presented, ...], from_s: float) -> tuple[Presented, ...]:
        """What belongs to a vehicle whose credentials count from `from_s` on and that has shown `had` already."""
        barred = {gone.credential for gone in self._through}
        new = [seen for seen in self._lately.values() if seen.seen_s >= from_s and seen.credential not in barred]
        newest = {seen.credential: seen for seen in (*had, *new)}
        return tuple(newest.values())[:MOST]

    def went_through(self, credential: Credential | None, now_s: float) -> None:
        """This one's vehicle has passed: what a reader still hears of it is an echo; a card or a code is held up on purpose."""
        if credential is not None and credential.kind in _HEARD_FROM_AFAR:
            self._through = (*self._through, _Through(credential, now_s + self._timings.credential_echo_s))
