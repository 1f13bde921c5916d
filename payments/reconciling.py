"""Each provider's file of each day against the ledger: what we did not know is asked for first, what stays different is a case.

A day is compared again as long as it has open differences: a late callback heals it by itself. A clean day has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy import Connection

from parking.kernel.ids import StayId
from parking.kernel.money import Money
from parking.plumbing.column_types import UtcDateTime
from parking.plumbing.db import Database, UnitOfWork, insert_once, metadata
from payments import refund_store, refunding, store
from payments.collecting import Collector
from payments.model import PaymentState
from payments.providers.abilities import GivesStatements, LineKind, Statement, TellsRefunds
from payments.providers.base import ProviderFault, ProviderRefused
from payments.refund_store import RefundState, refund_table
from payments.settling import flag
from payments.statements import Booked, Finding, compare, number_of

BACK = 7
"""How many days back a day that was not clean, or not to be had, is looked at again."""
MIDNIGHT = timedelta(minutes=10)
log = structlog.get_logger(__name__)

day_table = sa.Table(
    "statement_day",
    metadata,
    sa.Column("channel", sa.String(32), primary_key=True),
    sa.Column("day", sa.String(10), primary_key=True),
    sa.Column("lines", sa.Integer, nullable=False),
    sa.Column("differences", sa.Integer, nullable=False),
    sa.Column("looked_at", UtcDateTime, nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),  # the file as it came
)
difference_table = sa.Table(
    "statement_difference",
    metadata,
    sa.Column("channel", sa.String(32), primary_key=True),
    sa.Column("day", sa.String(10), primary_key=True),
    sa.Column("kind", sa.String(8), primary_key=True),
    sa.Column("number", sa.String(32), primary_key=True),
    sa.Column("difference", sa.String(16), primary_key=True),
    sa.Column("here", sa.BigInteger, nullable=True),
    sa.Column("there", sa.BigInteger, nullable=True),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("open", sa.Boolean, nullable=False, index=True),
)


@dataclass(frozen=True, slots=True)
class Day:
    """One provider's day as it was compared last."""

    channel: str
    day: str
    lines: int
    differences: int
    looked_at: datetime


class Reconciler:
    """Fetches and compares; `zone` is where the providers' days begin."""

    def __init__(self, database: Database, providers: Mapping[str, object], collector: Collector, zone: tzinfo) -> None:
        self._database = database
        self._givers = {name: p for name, p in providers.items() if isinstance(p, GivesStatements)}
        self._collector = collector
        self._zone = zone

    def look(self) -> int:
        """Compare every day of the last week that was not clean yet; returns how many days were compared."""
        today = self._database.clock.now().astimezone(self._zone).date()
        wanted = [today - timedelta(days=back) for back in range(BACK, 0, -1)]
        compared = 0
        for channel in sorted(self._givers):
            clean = self._database.read(lambda conn, channel=channel: _clean_days(conn, channel))  # type: ignore[misc] # bound per turn
            for day in wanted:
                if day.isoformat() in clean:
                    continue
                if self.compare(channel, day):
                    compared += 1
                elif day == wanted[0]:
                    self._database.write(lambda uow, c=channel, d=day: self._never_came(uow, c, d))  # type: ignore[misc] # bound per turn
        return compared

    def _never_came(self, uow: UnitOfWork, channel: str, day: date) -> None:
        """The last look at a day: where there is money of ours in it and still no file, a person asks the provider."""
        known = sa.select(day_table.c.day).where(day_table.c.channel == channel, day_table.c.day == day.isoformat())
        compared = uow.connection.execute(known).first() is not None
        if not compared and _booked(uow.connection, channel, *self._bounds(day), Statement(day, ())):
            flag(uow, "statement_no_file", None, f"{channel}:{day}")

    def compare(self, channel: str, day: date) -> bool:
        """Compare one day; False when the provider has no file of it yet."""
        statement = self._file(channel, day)
        if statement is None:
            return False
        self._ask_about_unknown(channel, statement)
        before = self._told_before(channel, day, statement)
        self._database.write(lambda uow: self._keep(uow, channel, day, statement, before))
        return True

    def _file(self, channel: str, day: date) -> Statement | None:
        try:
            return self._givers[channel].statement(day)
        except ProviderRefused as refused:
            log.info("statement.not_ready", channel=channel, day=day.isoformat(), code=refused.code)
        except ProviderFault as fault:
            log.warning("statement.unknown", channel=channel, day=day.isoformat(), error=str(fault))
        return None

    def _told_before(self, channel: str, day: date, statement: Statement) -> frozenset[str]:
        """What the file does not name and that of a day before may: what moved around midnight, and refunds that began earlier and
        ended on this day for us, for a bank may take its time.
        """
        bounds = self._bounds(day)
        moved = self._database.read(lambda conn: _moved_before(conn, channel, *bounds, statement))
        days = {at.astimezone(self._zone).date() for _, at in moved} - {day}
        files = [self._file(channel, one) for one in sorted(days)]
        told = {number_of(line) for one in files if one for line in one.lines}
        return frozenset(told & {number for number, _ in moved})

    def _ask_about_unknown(self, channel: str, statement: Statement) -> None:
        """Money that moved and we do not know of yet: the provider's own word, asked for now, settles it like any other."""
        for line in statement.lines:
            if line.kind is LineKind.REFUND:
                self._ask_about_refund(channel, number_of(line))
                continue
            payment = self._database.read(lambda conn, number=line.number: store.by_number(conn, number))  # type: ignore[misc] # bound per turn
            if payment is not None and payment.channel == channel and payment.state is not PaymentState.PAID:
                outcome = self._collector.word_on(payment)
                if outcome is not None:  # else it stays a difference until it is known
                    self._collector.take_over(payment, outcome)

    def _ask_about_refund(self, channel: str, number: str) -> None:
        refund = self._database.read(lambda conn: refund_store.by_number(conn, number))
        payment = self._database.read(lambda conn: store.get(conn, refund.payment_id)) if refund is not None else None
        provider = self._givers[channel]
        if refund is None or payment is None or payment.channel != channel or not isinstance(provider, TellsRefunds):
            return
        if refund.state is not RefundState.REFUNDED:
            try:
                said = provider.query_refund(number, payment.number)
            except (ProviderFault, ProviderRefused) as fault:
                log.warning("refund.unknown", refund=refund.id, error=str(fault))
                return
            self._database.write(lambda uow: refunding.take_over(uow, said, asked=True))

    def _keep(self, uow: UnitOfWork, channel: str, day: date, statement: Statement, before: frozenset[str]) -> None:
        conn, mark = uow.connection, day.isoformat()
        booked = _booked(conn, channel, *self._bounds(day), statement)
        findings = compare([one for one in booked if one.number not in before], statement.lines)
        where = (difference_table.c.channel == channel, difference_table.c.day == mark)
        conn.execute(difference_table.update().where(*where).values(open=False))
        for found in findings:
            _keep_finding(uow, channel, mark, found)
        row = {
            "channel": channel,
            "day": mark,
            "lines": len(statement.lines),
            "differences": len(findings),
            "looked_at": uow.now,
            "raw": statement.raw,
        }
        conn.execute(day_table.delete().where(day_table.c.channel == channel, day_table.c.day == mark))
        conn.execute(day_table.insert().values(row))

    def _bounds(self, day: date) -> tuple[datetime, datetime]:
        """What is of the provider's day, or else of the one before: its clock and ours need not agree about the minutes around midnight."""
        begins = datetime.combine(day, time(), self._zone)
        return begins - MIDNIGHT, datetime.combine(day + timedelta(days=1), time(), self._zone) - MIDNIGHT


def _keep_finding(uow: UnitOfWork, channel: str, day: str, found: Finding) -> None:
    conn = uow.connection
    key = {"channel": channel, "day": day, "kind": found.kind.value, "number": found.number[:32]}
    key["difference"] = found.difference.value
    currency = (found.here or found.there or Money(0, "CNY")).currency
    amounts = {"here": found.here.minor if found.here else None, "there": found.there.minor if found.there else None}
    if not insert_once(conn, difference_table, {**key, **amounts, "currency": currency, "open": True}):
        same = sa.and_(*(difference_table.c[name] == value for name, value in key.items()))
        conn.execute(difference_table.update().where(same).values(open=True, **amounts))
    flag(
        uow, f"statement_{found.difference.value}", _stay_of(conn, found), f"{channel[:16]}:{day}:{found.number[:32]}"
    )  # a key has 96 signs


def _stay_of(conn: Connection, found: Finding) -> StayId | None:
    if found.kind is LineKind.PAYMENT:
        payment = store.by_number(conn, found.number)
        return payment.stay_id if payment is not None else None
    refund = refund_store.by_number(conn, found.number)
    return refund.stay_id if refund is not None else None


def _booked(conn: Connection, channel: str, since: datetime, until: datetime, statement: Statement) -> list[Booked]:
    """What we hold paid and refunded through a channel between two moments, and whatever else the provider's file names."""
    named = sorted({number_of(line) for line in statement.lines})
    p, r = store.payment_table, refund_table
    paid = sa.select(p.c.number, p.c.amount, p.c.currency).where(
        p.c.channel == channel, p.c.state == PaymentState.PAID.value, p.c.amount > 0
    )
    back = sa.select(r.c.number, r.c.amount, r.c.currency).join(p, p.c.id == r.c.payment_id)
    back = back.where(p.c.channel == channel, r.c.state == RefundState.REFUNDED.value, r.c.channel.is_(None))
    found: dict[tuple[LineKind, str], Booked] = {}
    for kind, query, at, number in (
        (LineKind.PAYMENT, paid, p.c.captured_at, p.c.number),
        (LineKind.REFUND, back, r.c.ended_at, r.c.number),
    ):
        wanted = [query.where(at >= since, at < until)]
        wanted += [query.where(number.in_(named[i : i + 500])) for i in range(0, len(named), 500)]
        for one in wanted:
            for row in conn.execute(one):
                found[kind, row.number] = Booked(kind, row.number, Money(row.amount, row.currency))
    return list(found.values())


def _moved_before(
    conn: Connection, channel: str, since: datetime, until: datetime, statement: Statement
) -> list[tuple[str, datetime]]:
    """What we hold paid and refunded between two moments, the file does not name, and may stand in that of another day: of which moment."""
    p, r, named = store.payment_table.c, refund_table.c, {number_of(line) for line in statement.lines}
    sure = since + 2 * MIDNIGHT
    paid = sa.select(p.number, p.captured_at.label("at")).where(
        p.channel == channel, p.state == PaymentState.PAID.value, p.captured_at >= since, p.captured_at < sure
    )
    ended = (r.state == RefundState.REFUNDED.value, r.channel.is_(None), r.ended_at >= since, r.ended_at < until)
    back = sa.select(r.number, r.created_at, r.ended_at).join(store.payment_table, p.id == r.payment_id)
    refunds = conn.execute(back.where(p.channel == channel, *ended)).all()
    moved = [(row.number, since) for row in conn.execute(paid)]
    moved += [(row.number, since) for row in refunds if row.ended_at < sure]
    moved += [(row.number, row.created_at) for row in refunds if row.created_at < sure]
    return [one for one in moved if one[0] not in named]


def _clean_days(conn: Connection, channel: str) -> frozenset[str]:
    query = sa.select(day_table.c.day).where(day_table.c.channel == channel, day_table.c.differences == 0)
    return frozenset(conn.execute(query).scalars())


def forget_files(conn: Connection, before: date) -> int:
    """Drop the words of the files of days before that, which name payers; what was found in them stays. Returns how many."""
    held = sa.and_(day_table.c.day < before.isoformat(), sa.func.length(day_table.c.raw) > 0)
    return conn.execute(day_table.update().where(held).values(raw=b"")).rowcount


def days(conn: Connection, limit: int) -> Sequence[Day]:
    """The days compared last, newest first."""
    query = sa.select(day_table).order_by(day_table.c.day.desc(), day_table.c.channel).limit(limit)
    return [Day(x.channel, x.day, x.lines, x.differences, x.looked_at) for x in conn.execute(query)]


def open_differences(conn: Connection) -> Sequence[Mapping[str, Any]]:
    """What does not agree now, oldest day first."""
    query = sa.select(difference_table).where(difference_table.c.open.is_(True))
    order = (difference_table.c.day, difference_table.c.channel, difference_table.c.number)
    return [dict(row._mapping) for row in conn.execute(query.order_by(*order))]
