"""What must hold after every event of a simulation, looked at so that a day's length makes no look dearer."""

from __future__ import annotations

import sqlalchemy as sa

from parking.cli.money_invariants import MoneyInvariants
from parking.plumbing.tables import dead_letter
from parking.sessions import store as sessions
from payments import ledger_store
from payments.tariff_book import TariffBook

_TWICE = (
    sa.select(sessions.stay.c.plate)
    .where(sessions.stay.c.state == sa.literal_column("'open'"), sessions.stay.c.plate.is_not(None))
    .group_by(sessions.stay.c.plate)
    .having(sa.func.count() > 1)
    .limit(1)
)
_NOT_CLOSED = sa.select(sa.func.count()).where(sessions.stay.c.state.in_(("open", "review")))
_UNEXPLAINED = sa.select(sa.func.count()).where(sessions.unmatched_exit.c.stay_id.is_(None))
_MOVED = sa.text("SELECT coalesce(sum(delta), 0), coalesce(max(rowid), 0) FROM guidance_movement WHERE rowid > :seen")
_DEAD = sa.select(dead_letter.c.event_id).limit(1)


class Invariants:
    """I1-I3, I5, I7-I9, and that no event was given up. What was counted or booked before is not looked at again."""

    def __init__(self, tariffs: TariffBook) -> None:
        self._money = MoneyInvariants(tariffs)
        self._moved = 0
        self._seen = 0

    def broken(self, conn: sa.Connection) -> list[str]:
        """Every one that does not hold now, in words."""
        broken = []
        if conn.execute(_TWICE).first() is not None:
            broken.append("I9: two open stays of one plate")
        moved, last = conn.execute(_MOVED, {"seen": self._seen}).one()
        self._moved, self._seen = self._moved + moved, max(self._seen, last)
        inside, unexplained = conn.scalar(_NOT_CLOSED) or 0, conn.scalar(_UNEXPLAINED) or 0
        if self._moved != inside - unexplained:
            broken.append("I8: the counts are not the entries less the exits")
        if sum(balance for _, _, balance in ledger_store.balances(conn)) != 0:
            broken.append("I2: the ledger does not sum to zero")
        broken += self._money.broken(conn)
        if conn.execute(_DEAD).first() is not None:
            broken.append("an event was given up by its handlers")
        return broken
