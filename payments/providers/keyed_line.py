"""Signed calls and proven answers of a company that shares a secret with us."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from parking.kernel.clock import Clock
from parking.kernel.errors import ParkingError
from payments.providers.base import CallbackRefused, Outcome, OutcomeUnknown
from payments.providers.door import LARGEST_STATEMENT, Door
from payments.providers.keyed_wire import Keyed, Unproven

_JSON = {"content-type": "application/json;charset=utf-8"}


class KeyedLine:
    """`own` fields go into every request and have to come back in every answer and callback: merchant, lot."""

    def __init__(
        self, door: Door, keyed: Keyed, *, own: Mapping[str, str], clock: Clock, nonces: Callable[[], str]
    ) -> None:
        self._door = door
        self._keyed = keyed
        self._own = dict(own)
        self.clock = clock
        self._nonces = nonces

    def call(self, path: str, fields: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
        """The fields and the raw body of a proven answer; OutcomeUnknown for everything that proves nothing."""
        now, rand = self.clock.now(), self._nonces()
        body = self._keyed.body({**self._own, **fields, "rand": rand, "timestamp": int(now.timestamp())})
        reply = self._door.send("POST", path, body=body, headers=_JSON, longest=LARGEST_STATEMENT)
        try:
            plain = self._keyed.open(reply.body, now=self.clock.now(), rand=rand)
        except Unproven as unproven:
            raise OutcomeUnknown(f"an answer {reply.status} that proves nothing: {unproven.code}") from None
        if reply.status != 200 or not self._ours(plain):
            raise OutcomeUnknown(f"an answer {reply.status} that is not for us")
        return plain, reply.body

    def open_callback(self, body: bytes) -> dict[str, Any]:
        """The fields of a callback whose signature, age and merchant hold; CallbackRefused for every other."""
        try:
            plain = self._keyed.open(body, now=self.clock.now())
        except Unproven as unproven:
            raise CallbackRefused(unproven.code) from None
        if not self._ours(plain):
            raise CallbackRefused("merchant")
        return plain

    def _ours(self, plain: Mapping[str, Any]) -> bool:
        return all(plain.get(name) == value for name, value in self._own.items())


def outcome_about(
    read: Callable[[Mapping[str, Any], bytes], Outcome], plain: Mapping[str, Any], number: str, raw: bytes
) -> Outcome:
    """What a proven answer says of the order that was asked about; OutcomeUnknown when it says nothing or speaks of another."""
    try:
        outcome = read(plain, raw)
    except (ValueError, ParkingError):
        raise OutcomeUnknown("an answer that is no payment") from None
    if outcome.number != number:
        raise OutcomeUnknown("the answer is about another order")
    return outcome


def text_of(plain: Mapping[str, Any], name: str, longest: int = 64) -> str:
    """A text field; ValueError if it is none."""
    value = plain.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= longest:
        raise ValueError(f"no {name}")
    return value
