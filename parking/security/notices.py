"""What others did to an operator's ways in is told to that operator until they say that they have read it.

Nothing is stored for it: the audit says what was done and by whom, and an operator's own `notices.read` there says until when it is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from parking.kernel.principal import Principal
from parking.plumbing.db import Database, UnitOfWork
from parking.security import audit, store

READ = "notices.read"
TOLD = frozenset({"session.ended", "passkey.taken_away"})


@dataclass(frozen=True, slots=True)
class Notice:
    """`what` as in the audit, `by` what people call whoever did it, `about` which log-in or passkey."""

    at: datetime
    what: str
    by: str
    about: str


class Notices:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, who: Principal) -> list[Notice]:
        """What `who` has not said to have read, oldest first."""
        return self._database.read(lambda conn: _unread(conn, who))

    def read(self, who: Principal) -> None:
        """`who` has read all of them, on record; where there was none, nothing is written."""

        def work(uow: UnitOfWork) -> None:
            if _unread(uow.connection, who):
                audit.record(uow, who, READ, who.subject, "")

        self._database.write(work)


def _unread(conn: Connection, who: Principal) -> list[Notice]:
    entries = store.audit_about(conn, [who.subject])
    known = max((one.seq for one in entries if one.action == READ and one.actor == who.subject), default=0)
    new = [one for one in entries if one.seq > known and one.action in TOLD and one.actor != who.subject]
    return [Notice(one.at, one.action, _name(conn, one.actor), one.reason) for one in new]


def _name(conn: Connection, actor: str) -> str:
    operator = store.operator_by_id(conn, actor)
    return operator.display_name or operator.username if operator else actor
