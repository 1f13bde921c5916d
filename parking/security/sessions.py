"""An operator sees and ends their own log-ins, an administrator those of others; each ending is on record and closes its live feed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from parking.kernel.clock import Clock
from parking.kernel.errors import ErrorKind, ParkingError, not_found
from parking.kernel.principal import Principal
from parking.plumbing.db import Database, UnitOfWork
from parking.security import audit, session_store
from parking.security.model import Session

MOST_SHOWN = 500


class Sessions:
    """`ended` is called after each ending: whoever watches a right looks again."""

    def __init__(self, database: Database, clock: Clock, ended: Callable[[], None] = lambda: None) -> None:
        self._database = database
        self._clock = clock
        self._ended = ended

    def own(self, who: Principal, token_hash: str) -> tuple[list[Session], str | None]:
        """All of `who`, and the id of the one that is asking."""
        return self._database.read(
            lambda conn: (
                session_store.of_operator(conn, who.subject, self._clock.now()),
                session_store.id_of(conn, token_hash),
            )
        )

    def everybodys(self) -> list[tuple[Session, str]]:
        """Those of all operators with their names, the last used first; 500 at most."""
        return self._database.read(lambda conn: session_store.of_everybody(conn, self._clock.now(), MOST_SHOWN))

    def end(self, who: Principal, session_id: str, *, of_others: bool = False) -> None:
        """End one of `who`'s own, or (with `of_others`) anybody's; ParkingError for one that is not there, or is another's."""

        def work(uow: UnitOfWork) -> None:
            found = session_store.open_one(uow.connection, session_id, uow.now)
            if found is None or (found.operator_id != who.subject and not of_others):
                raise not_found("session.unknown", "there is no such log-in")
            self._end(uow, who, [found])

        self._database.write(work)
        self._ended()

    def end_others(self, who: Principal, token_hash: str) -> int:
        """End all of `who`'s own but the one that is asking; how many there were."""

        def work(uow: UnitOfWork) -> int:
            this = session_store.id_of(uow.connection, token_hash)
            if this is None:  # it was ended while it was asking: it has no say any more
                raise ParkingError(ErrorKind.UNAUTHENTICATED, "auth.required", "sign in, or show a valid token")
            found = [one for one in session_store.of_operator(uow.connection, who.subject, uow.now) if one.id != this]
            self._end(uow, who, found)
            return len(found)

        count = self._database.write(work)
        self._ended()
        return count

    def _end(self, uow: UnitOfWork, who: Principal, found: Sequence[Session]) -> None:
        session_store.end(uow.connection, [one.id for one in found])
        for one in found:
            device = one.whence.device or "unknown device"
            audit.record(uow, who, "session.ended", one.operator_id, f"{device}, from {one.whence.address}")
