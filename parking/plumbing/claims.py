"""What only one process may do at a time, though many share the database: a claim is held as long as its process lives, by no clock."""

from __future__ import annotations

import hashlib
from typing import Protocol

import sqlalchemy as sa
import structlog

log = structlog.get_logger(__name__)


class Claim(Protocol):
    """One thing that one process at a time looks after."""

    def is_ours(self) -> bool:
        """Whether this process has it, taking it if nobody else does; False, too, while the database is away."""
        ...

    def let_go(self) -> None:
        """Leave it to another process; asked again, it may be ours again."""
        ...


class UncontestedClaim:
    """Where one process alone has the database, everything is its own."""

    def is_ours(self) -> bool:
        return True

    def let_go(self) -> None:
        return


class PostgresClaim:
    """A session-level advisory lock on a connection of its own: the server gives it back when that connection ends. For one thread."""

    def __init__(self, url: sa.URL, name: str) -> None:
        options = {"poolclass": sa.NullPool, "isolation_level": "AUTOCOMMIT", "hide_parameters": True}
        self._engine = sa.create_engine(url, **options)
        self._key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
        self._held: sa.Connection | None = None

    def is_ours(self) -> bool:
        try:
            if self._held is not None:
                self._held.scalar(sa.select(1))  # whoever has lost the connection has lost the claim
                return True
            return self._take()
        except sa.exc.DBAPIError as error:
            log.warning("claim.lost", error=type(error).__name__)
            self.let_go()
            return False

    def _take(self) -> bool:
        connection = self._engine.connect()
        try:
            if connection.scalar(sa.select(sa.func.pg_try_advisory_lock(self._key))):
                self._held = connection
        finally:
            if self._held is None:
                connection.close()
        return self._held is not None

    def let_go(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.invalidate()
            held.close()


_: type[Claim] = UncontestedClaim
_postgres: type[Claim] = PostgresClaim
