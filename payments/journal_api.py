"""The ledger for the mall's own bookkeeping: balances now and at the end of any day, an account day by day, the journal as CSV.

Accounts sum to zero, so that any of them tells of the drawers: nobody reads the ledger who has a drawer to count.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from parking.kernel.errors import conflict, invalid
from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import Database
from parking.web.deps import require
from parking.web.schemas import AS_CSV, SiteDay, Strict
from payments import ledger_store
from payments.cash import shift_store

LONGEST = timedelta(days=366)
AT_ONCE = 500
COLUMNS = ("seq", "booked_at", "reference", "stay_id", "account", "unit", "debit", "credit")
Accountant = Annotated[Principal, Depends(require(Scope.LEDGER_READ))]
Account = Annotated[str, Query(min_length=1, max_length=96, pattern="^[a-z_]+(:[A-Za-z0-9_.-]+)*$")]
Day = Annotated[SiteDay, Query(description="A day at the site.")]


class BalanceView(Strict):
    """An account of the ledger; `balance` in minor units of `unit`, debit positive. Per unit the balances sum to zero."""

    account: str
    unit: str
    balance: int


class AccountDay(Strict):
    """What was booked on an account on one day, minor units; `balance` is at its end, debit positive."""

    day: date
    unit: str
    debit: int
    credit: int
    balance: int


def router(database: Database, zone: ZoneInfo) -> APIRouter:
    """Routes of the journal; days begin at the site's midnight."""

    async def counts_no_drawer(who: Accountant) -> None:
        if await database.aread(lambda conn: shift_store.has_open(conn, who.subject)):
            raise conflict("ledger.shift_open", "you have an open cash shift: the books are shown after its last count")

    routes = APIRouter(tags=["payments"], dependencies=[Depends(counts_no_drawer)])

    def begins(day: date) -> datetime:
        return datetime.combine(day, time(), zone)

    def span(since: date, until: date) -> tuple[datetime, datetime]:
        if not since <= until <= since + LONGEST:
            raise invalid("ledger.span", "should not be before since, and within a year of it", field="until")
        return begins(since), begins(until + timedelta(days=1))

    @routes.get("/ledger/balances")
    async def balances() -> list[BalanceView]:
        found = await database.aread(ledger_store.balances)
        return [BalanceView(account=account, unit=unit, balance=balance) for account, unit, balance in found]

    @routes.get("/ledger/days/{day}/balances")
    async def at_end_of(day: SiteDay) -> list[BalanceView]:
        """Every account as it stood at the end of a day; per unit they sum to zero."""
        end = begins(day + timedelta(days=1))
        found = await database.aread(lambda conn: ledger_store.balances_until(conn, end))
        return [BalanceView(account=account, unit=unit, balance=balance) for account, unit, balance in found]

    @routes.get("/ledger/account")
    async def by_day(account: Account, since: Day, until: Day) -> list[AccountDay]:
        """One account day by day, those of single stays summed up; days on which nothing was booked are left out."""
        begin, end = span(since, until)
        before = await database.aread(lambda conn: ledger_store.balances_until(conn, begin))
        found = await database.aread(lambda conn: ledger_store.days_of(conn, account, begin, end, zone))
        stood = {unit: balance for name, unit, balance in before if name == account}
        views = []
        for day, unit, debit, credit in found:
            stood[unit] = stood.get(unit, 0) + debit - credit
            views.append(AccountDay(day=day, unit=unit, debit=debit, credit=credit, balance=stood[unit]))
        return views

    @routes.get("/ledger/journal.csv", response_class=StreamingResponse, responses=AS_CSV)
    async def journal(since: Day, until: Day) -> StreamingResponse:
        """Every posting from one day to another, a line each; debits and credits of each reference are the same sum."""
        begin, end = span(since, until)

        def lines() -> Iterator[str]:
            out, after = io.StringIO(), 0
            write = csv.writer(out)
            write.writerow(COLUMNS)
            while True:
                rows = database.read(lambda conn, after=after: ledger_store.journal(conn, begin, end, after, AT_ONCE))  # type: ignore[misc] # bound per turn
                for row in rows:
                    at = row.booked_at.astimezone(zone).isoformat(timespec="seconds")
                    debit, credit = max(row.amount, 0), max(-row.amount, 0)
                    write.writerow(
                        (
                            row.seq,
                            at,
                            row.reference,
                            row.stay_id or "",
                            row.account,
                            row.unit,
                            debit or "",
                            credit or "",
                        )
                    )
                yield out.getvalue()
                out.seek(0)
                out.truncate()
                if not rows:
                    return
                after = rows[-1].seq

        name = f"attachment; filename=journal-{since}-{until}.csv"
        return StreamingResponse(lines(), media_type="text/csv", headers={"Content-Disposition": name})

    return routes
