"""Callbacks: verify, store as it came, act, commit, and only then say yes. What proves nothing changes nothing.

The caller learns one of three things: taken (204, a repetition too), not verified (401), or not about an order of ours
as we know it (422). Which check failed stands in our log and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog
from anyio import to_thread

from parking.kernel.errors import ErrorKind, ParkingError, not_found
from parking.plumbing.db import Database, UnitOfWork
from payments import ledger_store, store
from payments.providers.abilities import AnswersCallbacks
from payments.providers.base import CallbackRefused, Notice, Outcome, SendsCallbacks
from payments.settling import Settled, flag, settle

LARGEST_CALLBACK = 16_384  # bytes
Listener = Callable[[UnitOfWork, str, object], Settled]
"""Acts on news that is not about an order (a refund, a standing), in the transaction that keeps it; gets the channel."""
log = structlog.get_logger(__name__)


class Callbacks:
    """Takes the callbacks of every channel that sends any; `listeners` by the type of the news."""

    def __init__(
        self,
        database: Database,
        providers: Mapping[str, object],
        listeners: Mapping[type, Listener] | None = None,
    ) -> None:
        self._database = database
        self._providers = dict(providers)
        self._listeners = dict(listeners or {})
        self._readers = {name: p for name, p in providers.items() if isinstance(p, SendsCallbacks)}

    async def take(self, channel: str, headers: Mapping[str, str], body: bytes) -> tuple[str, bytes] | None:
        """Take one callback over, durably; ParkingError says in general words why it was not.

        Returns content type and body, where the provider wants certain words for a yes.
        """
        notice = await to_thread.run_sync(self.verified, channel, headers, body)
        verdict = await self._database.awrite(lambda uow: record(uow, channel, notice, body, self._listeners))
        if verdict is Settled.MISMATCH:
            raise ParkingError(
                ErrorKind.INVALID, "callback.mismatch", "this callback does not fit an order as it was placed here"
            )
        provider = self._providers[channel]
        return provider.callback_answer() if isinstance(provider, AnswersCallbacks) else None

    def verified(self, channel: str, headers: Mapping[str, str], body: bytes) -> Notice:
        """What the provider has truly said; ParkingError when nothing proves that it said it."""
        reader = self._readers.get(channel)
        if reader is None:
            raise not_found("callback.channel", "no channel of this name takes callbacks here")
        if len(body) > LARGEST_CALLBACK:
            raise ParkingError(ErrorKind.TOO_LARGE, "callback.too_large", "a callback is never this long")
        try:
            return reader.read_callback({name.lower(): value for name, value in headers.items()}, body)
        except CallbackRefused as refused:
            log.warning("callback.refused", channel=channel, code=refused.code)
            raise ParkingError(
                ErrorKind.UNAUTHENTICATED, "callback.unverified", "this callback could not be verified"
            ) from None


def record(
    uow: UnitOfWork,
    channel: str,
    notice: Notice,
    body: bytes,
    listeners: Mapping[type, Listener] | None = None,
) -> Settled:
    """Keep a verified callback and act on it, in one transaction; the same event again changes nothing."""
    ledger_store.take_head(uow.connection)  # first of all: whoever waits for it sees what was done meanwhile
    if isinstance(notice.news, Outcome):
        number, verdict = notice.news.number, _of_order(uow, channel, notice.news)
    else:
        number = str(getattr(notice.news, "order_number", None) or getattr(notice.news, "number", ""))
        listener = (listeners or {}).get(type(notice.news))
        verdict = Settled.SAME if listener is None else listener(uow, channel, notice.news)
    store.keep_said(uow, channel, notice.event_id, number[:32], body, verdict.value)
    return verdict


def _of_order(uow: UnitOfWork, channel: str, outcome: Outcome) -> Settled:
    payment = store.by_number(uow.connection, outcome.number)
    if payment is None or payment.channel != channel:
        flag(uow, "payment_unknown_number", None, f"{channel}:{outcome.number[:32]}")
        return Settled.MISMATCH
    return settle(uow, payment, outcome)
