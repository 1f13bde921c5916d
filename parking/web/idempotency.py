"""The same key with the same request gets the same reply; with another request it is refused. Replies are kept in the database.

Where the deed is one transaction, key, deed and reply commit together. Where it is not (a payment provider is called between two
transactions), the key is taken first, the deed is idempotent by that key itself, and the reply is stored when it is known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Depends, Header

from parking.kernel.chain import canonical
from parking.kernel.errors import conflict, invalid
from parking.kernel.principal import Principal
from parking.plumbing.column_types import Json, UtcDateTime
from parking.plumbing.db import Database, UnitOfWork, insert_once, metadata
from parking.plumbing.pseudonyms import of_connection

KEPT = timedelta(days=7)

idempotency_key = sa.Table(
    "idempotency_key",
    metadata,
    sa.Column("caller", sa.String(128), primary_key=True),
    sa.Column("key", sa.String(128), primary_key=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("status", sa.Integer, nullable=True),
    sa.Column("reply", Json, nullable=True),
    sa.Column("made_at", UtcDateTime, nullable=False, index=True),
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered: an HTTP status and a JSON body."""

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class Once:
    """One request under one key: who asks, the key, and the digest of all that the request says.

    It may say a plate, so that the database gets the digest's pseudonym only.
    """

    caller: str
    key: str
    fingerprint: str

    @classmethod
    def of(cls, who: Principal, key: str, operation: str, parameters: Mapping[str, Any]) -> Once:
        """`operation` names the route; `parameters` (JSON) are everything that the deed depends on."""
        said = canonical({"operation": operation, "parameters": dict(parameters)})
        return cls(f"{who.kind}:{who.subject}", key, hashlib.sha256(said).hexdigest())

    def earlier(self, connection: sa.Connection) -> Reply | None:
        """The stored reply, if this request was answered before; the key of another request raises ParkingError (conflict)."""
        row = connection.execute(sa.select(idempotency_key).where(*self._mine())).one_or_none()
        if row is None:
            return None
        if not of_connection(connection).is_of(row.fingerprint, self.fingerprint):
            raise conflict("idempotency.reused", "this Idempotency-Key was used for another request")
        return None if row.status is None else Reply(row.status, row.reply)

    def take(self, unit: UnitOfWork) -> Reply | None:
        """Reserve the key in this transaction; the stored reply when there is one. A request still under way has none yet."""
        insert_once(unit.connection, idempotency_key, self._row(unit))
        return self.earlier(unit.connection)

    def keep(self, unit: UnitOfWork, reply: Reply) -> None:
        """Store the reply; the first one stays."""
        insert_once(unit.connection, idempotency_key, self._row(unit))
        unanswered = sa.and_(*self._mine(), idempotency_key.c.status.is_(None))
        change = {"status": reply.status, "reply": reply.body}
        unit.connection.execute(sa.update(idempotency_key).where(unanswered).values(change))

    def do(self, database: Database, deed: Callable[[UnitOfWork], Reply]) -> Reply:
        """Key, deed and reply in one transaction; a repeat gets the stored reply and does nothing."""
        return database.write(lambda unit: self.inside(unit, deed))

    def inside(self, unit: UnitOfWork, deed: Callable[[UnitOfWork], Reply]) -> Reply:
        """`do` within a transaction that is open already."""
        stored = self.take(unit)
        if stored is not None:
            return stored
        reply = deed(unit)
        self.keep(unit, reply)
        return reply

    def _mine(self) -> tuple[sa.ColumnElement[bool], ...]:
        return (idempotency_key.c.caller == self.caller, idempotency_key.c.key == self.key)

    def _row(self, unit: UnitOfWork) -> dict[str, Any]:
        hidden = of_connection(unit.connection).of(self.fingerprint)
        return {"caller": self.caller, "key": self.key, "fingerprint": hidden, "made_at": unit.now}


def key_header(idempotency_key: Annotated[str | None, Header(max_length=128)] = None) -> str:
    """A dependency: the `Idempotency-Key` of a request that moves money or opens a gate; without one, ParkingError."""
    key = (idempotency_key or "").strip()
    if not key or not key.isascii() or not key.isprintable():
        raise invalid(
            "idempotency.missing", "send an Idempotency-Key of 1 to 128 visible signs", field="Idempotency-Key"
        )
    return key


IdempotencyKey = Annotated[str, Depends(key_header)]


def hide(connection: sa.Connection) -> int:
    """Put the bare digests that earlier versions kept under the site's key; returns how many."""
    t, names = idempotency_key.c, of_connection(connection)
    bare = connection.execute(sa.select(t.fingerprint).where(~t.fingerprint.contains("."))).scalars().all()
    for digest in bare:
        change = idempotency_key.update().where(t.fingerprint == digest)
        connection.execute(change.values(fingerprint=names.of(digest)))
    return len(bare)


def forget(unit: UnitOfWork, *, older_than: timedelta = KEPT) -> int:
    """Drop keys older than that; returns how many."""
    old = idempotency_key.c.made_at < unit.now - older_than
    return unit.connection.execute(sa.delete(idempotency_key).where(old)).rowcount
