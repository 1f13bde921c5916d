"""What must hold after every event of a simulation, looked at so that a day's length makes no look dearer."""

from __future__ import annotations

import sqlalchemy as sa

from parking.cli.money_invariants import MoneyInvariants
from parking.plumbing.db import UnitOfWork
from parking.plumbing.prepared import prepared
from parking.plumbing.tables import dead_letter
from parking.sessions import store as sessions
from payments import ledger_store
from payments.tariff_book import TariffBook

_WATCH = (
    "CREATE TEMP TABLE watched (inside INTEGER NOT NULL, unexplained INTEGER NOT NULL)",
    "INSERT INTO watched VALUES (0, 0)",
    "CREATE TEMP TABLE watched_plate (plate TEXT NOT NULL)",
    """CREATE TEMP TRIGGER watch_begin AFTER INSERT ON main.stay BEGIN
        UPDATE watched SET inside = inside + (NEW.state IN ('open', 'review'));
        INSERT INTO watched_plate SELECT NEW.plate WHERE NEW.state = 'open' AND NEW.plate IS NOT NULL; END""",
    """CREATE TEMP TRIGGER watch_change AFTER UPDATE OF state, plate ON main.stay BEGIN
        UPDATE watched SET inside = inside + (NEW.state IN ('open', 'review')) - (OLD.state IN ('open', 'review'));
        INSERT INTO watched_plate SELECT NEW.plate WHERE NEW.state = 'open' AND NEW.plate IS NOT NULL; END""",
    """CREATE TEMP TRIGGER watch_exit AFTER INSERT ON main.unmatched_exit BEGIN
        UPDATE watched SET unexplained = unexplained + (NEW.counted AND NEW.stay_id IS NULL); END""",
    """CREATE TEMP TRIGGER watch_explained AFTER UPDATE OF stay_id ON main.unmatched_exit BEGIN
        UPDATE watched SET unexplained = unexplained
            + (NEW.counted AND NEW.stay_id IS NULL) - (OLD.counted AND OLD.stay_id IS NULL); END""",
)
"""The database itself counts what changes, so that nobody has to look through all that is there."""
_SEEN = prepared(
    sa.text(
        "SELECT inside, unexplained, (SELECT coalesce(max(rowid), 0) FROM watched_plate) AS plates,"
        " (SELECT seq FROM ledger_head) AS booked,"
        " (SELECT coalesce(sum(delta), 0) FROM guidance_movement WHERE rowid > :movements) AS moved,"
        " (SELECT coalesce(max(rowid), 0) FROM guidance_movement) AS movements,"
        " (SELECT changed FROM watched_offers) AS offers, EXISTS (SELECT 1 FROM dead_letter) AS dead FROM watched"
    ).columns(
        *(sa.column(name, sa.Integer) for name in ("inside", "unexplained", "plates", "booked", "moved")),
        *(sa.column(name, sa.Integer) for name in ("movements", "offers", "dead")),
    )
)
"""All that every look asks, in one question."""
# The index is named, because SQLite would rather go through all that stand open
_TWICE = prepared(
    sa.text(
        "SELECT plate FROM stay INDEXED BY one_open_stay_per_plate WHERE state = 'open'"
        " AND plate IN (SELECT plate FROM watched_plate WHERE rowid > :seen) GROUP BY plate HAVING count(*) > 1"
    ).columns(plate=sa.String)
)
_ALL_TWICE = (
    sa.select(sessions.stay.c.plate)
    .where(sessions.stay.c.state == "open", sessions.stay.c.plate.is_not(None))
    .group_by(sessions.stay.c.plate)
    .having(sa.func.count() > 1)
)
_ALL_INSIDE = sa.select(sa.func.count()).where(sessions.stay.c.state.in_(("open", "review")))
_ALL_UNEXPLAINED = sa.select(sa.func.count()).where(
    sessions.unmatched_exit.c.counted, sessions.unmatched_exit.c.stay_id.is_(None)
)
_ALL_DEAD = sa.select(dead_letter.c.event_id).limit(1)


class Invariants:
    """I1-I3, I5, I7-I9, and that no event was given up. What was seen before is not looked at again, but for the look at the end."""

    def __init__(self, tariffs: TariffBook) -> None:
        self._money = MoneyInvariants(tariffs)
        self._moved = self._movements = self._plates = 0
        self._booked: int | None = -1

    def begin(self, uow: UnitOfWork) -> None:
        """Watch what changes from now on, on a database in memory that holds no stay yet."""
        for statement in _WATCH:
            uow.connection.exec_driver_sql(statement)
        self._money.begin(uow)

    def broken(self, conn: sa.Connection) -> list[str]:
        """Every one that does not hold now, in words."""
        seen = conn.execute(_SEEN, {"movements": self._movements}).one()
        twice = seen.plates > self._plates and conn.execute(_TWICE, {"seen": self._plates}).first() is not None
        stood = seen.booked == self._booked
        balanced = stood or _is_balanced(conn)
        self._plates, self._booked = seen.plates, seen.booked
        self._moved, self._movements = self._moved + seen.moved, seen.movements
        inside = seen.inside - seen.unexplained
        words = self._words(twice=twice, inside=inside, balanced=balanced, dead=bool(seen.dead))
        return words + self._money.broken(conn, moved=not stood, offers=seen.offers)

    def broken_at_last(self, conn: sa.Connection) -> list[str]:
        """The same, with a look at everything that is there, however long that takes."""
        return self.broken(conn) + self._words(
            twice=conn.execute(_ALL_TWICE).first() is not None,
            inside=(conn.scalar(_ALL_INSIDE) or 0) - (conn.scalar(_ALL_UNEXPLAINED) or 0),
            balanced=_is_balanced(conn),
            dead=conn.execute(_ALL_DEAD).first() is not None,
        )

    def _words(self, *, twice: bool, inside: int, balanced: bool, dead: bool) -> list[str]:
        told = (
            (twice, "I9: two open stays of one plate"),
            (self._moved != inside, "I8: the counts are not the entries less the exits"),
            (not balanced, "I2: the ledger does not sum to zero"),
            (dead, "an event was given up by its handlers"),
        )
        return [words for broken, words in told if broken]


def _is_balanced(conn: sa.Connection) -> bool:
    return sum(balance for _, _, balance in ledger_store.balances(conn)) == 0
