"""Money goes back: never more than came, once per number, and the books say why.

What is owed back already (a payment too much) just goes; anything else is first given up by a person, as a waiver, and is owed back
from then on. Only when the provider says so is it paid out; when it says that it never will, what was given up is taken back.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from parking.kernel.double_entry import Movement
from parking.kernel.errors import conflict, invalid, not_found
from parking.kernel.events import PaymentRefunded
from parking.kernel.ids import PaymentId
from parking.kernel.money import Money
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.jobs import JobHandler, enqueue
from payments import ledger, ledger_store, refund_store, store
from payments.coupons import using
from payments.invoices import reversing
from payments.model import Payment, PaymentState
from payments.providers import abilities
from payments.providers.abilities import Refunds, TellsRefunds
from payments.providers.base import ProviderFault, ProviderRefused
from payments.refund_store import LIVE, Refund, RefundState
from payments.settling import Settled, flag

REFUND_JOB = "payments.refund"
_REST = "rest:"  # begins the key of a refund that we began by ourselves, after one that fell short
_LADDER_S = (10, 30, 60, 300, 600, 1800, 3600)  # the last step for ever
log = structlog.get_logger(__name__)


def refundable(uow: UnitOfWork, payment: Payment) -> Money:
    """What of a payment may still go back."""
    if payment.state is not PaymentState.PAID:
        return Money(0, payment.amount.currency)
    gone = sum(
        r.amount.minor
        for r in refund_store.of_payment(uow.connection, payment.payment_id)
        if r.state is not RefundState.FAILED
    )
    return Money(payment.amount.minor - gone, payment.amount.currency)


def begin(
    uow: UnitOfWork,
    payment_id: PaymentId,
    amount: Money,
    *,
    reason: str,
    actor: str,
    key: str,
    channel: str | None = None,
) -> Refund:
    """Write a refund down and have the provider asked for it; the same key gives the same refund.

    Through another `channel` than the payment's own goes only what that one has refused. The caller has checked who may, and has it
    on record. ParkingError names what does not fit.
    """
    conn = uow.connection
    ledger_store.take_head(conn)
    known = refund_store.by_key(conn, key)
    if known is not None:
        return known
    payment = store.get(conn, payment_id)
    if payment is None:
        raise not_found("payment.unknown", "there is no such payment")
    other = channel if channel != payment.channel else None
    if other is not None and not _was_refused(uow, payment):
        raise conflict("refund.own_way", "money goes back the way it came; another way is for what was refused there")
    left = refundable(uow, payment)
    if amount.currency != left.currency or amount.minor <= 0:
        raise invalid("refund.amount", f"should be more than nothing, in {left.currency}", field="amount")
    if amount.minor > left.minor:
        raise conflict("refund.too_much", f"of this payment {left.minor} minor units may still go back")
    owed_back = ledger_store.stay_sums(conn, payment.stay_id).overpaid - _on_its_way(uow, payment)
    granted = max(0, amount.minor - max(0, owed_back))
    refund_id = uow.ids.new(uow.now)
    number = "R" + base64.b32encode(UUID(refund_id).bytes).decode().rstrip("=")
    new = Refund(
        id=refund_id,
        number=number,
        payment_id=payment_id,
        stay_id=payment.stay_id,
        amount=amount,
        granted=Money(granted, amount.currency),
        state=RefundState.NEW,
        reason=reason,
        actor=actor,
        created_at=uow.now,
        channel=other,
    )
    refund_store.insert(conn, new, key=key)
    if granted:
        ledger_store.book(conn, _grant(new), stay_id=new.stay_id, at=uow.now)
    enqueue(uow, REFUND_JOB, f"refund:{refund_id}:1", {"refund_id": refund_id, "turn": 1})
    assert ledger_store.stay_sums(conn, payment.stay_id).holds, "invariant I1 is broken by a refund"
    return new


def _was_refused(uow: UnitOfWork, payment: Payment) -> bool:
    return any(r.state is RefundState.FAILED for r in refund_store.of_payment(uow.connection, payment.payment_id))


def _on_its_way(uow: UnitOfWork, payment: Payment) -> int:
    """What is owed back, but goes back by refunds of this stay that have not ended."""
    payments = store.of_stay(uow.connection, payment.stay_id)
    every = (r for p in payments for r in refund_store.of_payment(uow.connection, p.payment_id))
    return sum(r.amount.minor for r in every if r.is_live)


def _grant(refund: Refund, name: str = "refund_granted") -> Movement:
    """What is given up of a bill that was paid is owed back to its payer."""
    return ledger.settlement(
        f"{name}:{refund.number}",
        refund.granted.currency,
        refund.granted.minor,
        source=ledger.WAIVED,
        stay_id=refund.stay_id,
        owed=None,
        surplus=True,
    )


def take_over(uow: UnitOfWork, outcome: abilities.RefundOutcome, *, asked: bool = False) -> Settled:
    """What a provider truly says of a refund; the same word again changes nothing, another amount neither.

    `asked`: it answers our own question after the refund was sent, the one word by which less may have gone back than we wanted.
    """
    conn = uow.connection
    ledger_store.take_head(conn)
    refund = refund_store.by_number(conn, outcome.number)
    if refund is None:
        flag(uow, "refund_unknown_number", None, outcome.number[:32])
        return Settled.MISMATCH
    done = outcome.state is abilities.RefundState.DONE
    if outcome.amount is not None and outcome.amount != refund.amount:
        if done and _is_a_part(refund, outcome.amount):  # our own question, which follows, decides
            return _part_paid_out(uow, refund, outcome.amount, outcome) if asked else Settled.MISMATCH
        flag(uow, "refund_mismatch", refund.stay_id, refund.number)
        return Settled.MISMATCH
    if done:
        return _paid_out(uow, refund, outcome)
    if outcome.state is abilities.RefundState.FAILED:
        return _failed(uow, refund, "FAILED")
    if outcome.state is abilities.RefundState.PROCESSING:
        changed = refund_store.change(conn, refund.id, only_from=(RefundState.NEW,), to=RefundState.SENT)
        return Settled.CHANGED if changed else Settled.SAME
    return Settled.SAME


def told(uow: UnitOfWork, channel: str, news: object) -> Settled:
    """A callback about a refund; one of another channel's payment changes nothing."""
    assert isinstance(news, abilities.RefundOutcome)
    refund = refund_store.by_number(uow.connection, news.number)
    payment = store.get(uow.connection, refund.payment_id) if refund is not None else None
    if payment is not None and payment.channel != channel:
        flag(uow, "refund_mismatch", payment.stay_id, f"{channel}:{news.number[:32]}")
        return Settled.MISMATCH
    return take_over(uow, news)


def _is_a_part(refund: Refund, amount: Money) -> bool:
    return refund.is_live and amount.currency == refund.amount.currency and 0 < amount.minor < refund.amount.minor


def _part_paid_out(uow: UnitOfWork, refund: Refund, part: Money, outcome: abilities.RefundOutcome) -> Settled:
    """Less went back than we wanted, and under this number no more will: the rest, owed back still, goes under a number of its own.

    Once: where that one falls short as well, a person sees it.
    """
    rest = Money(refund.amount.minor - part.minor, part.currency)
    refund_store.shrink(uow.connection, refund.id, to=part)
    changed = _paid_out(uow, replace(refund, amount=part), outcome)
    if refund.key.startswith(_REST):
        flag(uow, "refund_mismatch", refund.stay_id, refund.number)
    else:
        key = f"{_REST}{refund.id}"
        begin(uow, refund.payment_id, rest, reason=refund.reason, actor=refund.actor, key=key)
    return changed


def _paid_out(uow: UnitOfWork, refund: Refund, outcome: abilities.RefundOutcome) -> Settled:
    conn = uow.connection
    values = {"ended_at": uow.now, "reference": (outcome.reference or "")[:64] or None, "failure": None}
    payment = store.get(conn, refund.payment_id)
    assert payment is not None, "payments are never deleted"
    late = refund.state is RefundState.FAILED  # a provider may break its word
    if late and refund.amount.minor > refundable(uow, payment).minor:  # another has gone out in its place
        flag(uow, "refund_mismatch", refund.stay_id, refund.number)
        return Settled.MISMATCH
    if not refund_store.change(
        conn, refund.id, only_from=(*LIVE, RefundState.FAILED), to=RefundState.REFUNDED, **values
    ):
        return Settled.SAME
    if late and refund.granted.minor:  # what was taken back when it had failed
        ledger_store.book(conn, _grant(refund, "refund_granted_late"), stay_id=refund.stay_id, at=uow.now)
    sums = ledger_store.stay_sums(conn, refund.stay_id)
    channel = refund.channel or payment.channel
    movement = ledger.paid_out(
        f"refund:{refund.number}", refund.amount, channel=channel, stay_id=refund.stay_id, sums=sums
    )
    ledger_store.book(conn, movement, stay_id=refund.stay_id, at=uow.now)
    assert ledger_store.stay_sums(conn, refund.stay_id).holds, "invariant I1 is broken by a refund that went out"
    if late:
        flag(uow, "refund_late", refund.stay_id, refund.number)
    reversing.after_refund(uow, refund)
    uow.publish(PaymentRefunded(refund.id, refund.payment_id, refund.stay_id, refund.amount))
    over = [r for r in refund_store.of_payment(conn, refund.payment_id) if r.state is RefundState.REFUNDED]
    if sum(r.amount.minor for r in over) == payment.amount.minor and any(r.granted.minor for r in over):
        using.give_back(uow, refund.payment_id)
    return Settled.CHANGED


def withdraw(uow: UnitOfWork, refund: Refund) -> None:
    """Nobody fetches it: the money is ours again, and nobody has to look at it. The caller knows that it cannot go out any more."""
    _failed(uow, refund, "WITHDRAWN", asks=False)


def _failed(uow: UnitOfWork, refund: Refund, why: str, *, asks: bool = True) -> Settled:
    """`asks`: a person has to look at it."""
    conn = uow.connection
    if not refund_store.change(
        conn, refund.id, only_from=LIVE, to=RefundState.FAILED, ended_at=uow.now, failure=why[:64]
    ):
        return Settled.SAME
    if refund.granted.minor:
        back = ledger.unsettled(
            f"refund_not_granted:{refund.number}",
            refund.granted.currency,
            refund.granted.minor,
            source=ledger.WAIVED,
            stay_id=refund.stay_id,
            sums=ledger_store.stay_sums(conn, refund.stay_id),
        )
        ledger_store.book(conn, back, stay_id=refund.stay_id, at=uow.now)
        assert ledger_store.stay_sums(conn, refund.stay_id).holds, "invariant I1 is broken by a refund that failed"
    if asks:
        flag(uow, "refund_failed", refund.stay_id, refund.number)
    return Settled.CHANGED


class Refunder:
    """Asks providers for refunds, never inside a transaction, until their end is known."""

    def __init__(self, providers: Mapping[str, object], *, notify_base: str) -> None:
        self._providers = dict(providers)
        self._notify_base = notify_base

    def jobs(self) -> dict[str, JobHandler]:
        return {REFUND_JOB: self._refund}

    def _refund(self, database: Database, payload: dict[str, Any]) -> None:
        found = database.read(lambda conn: refund_store.get(conn, payload["refund_id"]))
        if found is None or not found.is_live:
            return
        refund: Refund = found
        payment = database.read(lambda conn: store.get(conn, refund.payment_id))
        assert payment is not None, "payments are never deleted"
        try:
            outcome = self._ask(payment, refund)
        except ProviderRefused as refused:
            log.warning("refund.refused", refund=refund.id, code=refused.code)
            code = refused.code
            database.write(lambda uow: _failed(uow, refund, code))
            return
        except ProviderFault as fault:
            log.warning("refund.unknown", refund=refund.id, error=str(fault))
            outcome = None
        turn, asked = int(payload["turn"]), refund.state is not RefundState.NEW
        database.write(lambda uow: self._follow_up(uow, refund, outcome, turn, asked=asked))

    def _ask(self, payment: Payment, refund: Refund) -> abilities.RefundOutcome:
        channel = refund.channel or payment.channel
        provider = self._providers.get(channel)
        if not isinstance(provider, Refunds):
            raise ProviderRefused("NO_REFUNDS")
        if refund.state is not RefundState.NEW and isinstance(provider, TellsRefunds):
            told = provider.query_refund(refund.number, payment.number)
            if told.state is not abilities.RefundState.ABSENT:
                return told
        url = f"{self._notify_base}/{channel}/callback"
        wanted = abilities.Refund(refund.number, payment.number, refund.amount, payment.amount, refund.reason[:80], url)
        return provider.refund(wanted)

    def _follow_up(
        self, uow: UnitOfWork, refund: Refund, outcome: abilities.RefundOutcome | None, turn: int, *, asked: bool
    ) -> None:
        if outcome is not None:
            take_over(uow, outcome, asked=asked)
        now = refund_store.get(uow.connection, refund.id)
        assert now is not None
        if now.is_live:
            refund_store.change(uow.connection, refund.id, only_from=(RefundState.NEW,), to=RefundState.SENT)
            at = uow.now + timedelta(seconds=_LADDER_S[min(turn - 1, len(_LADDER_S) - 1)])
            enqueue(uow, REFUND_JOB, f"refund:{refund.id}:{turn + 1}", {"refund_id": refund.id, "turn": turn + 1}, at)
