"""An operator changes their own password: the old one is asked for, all other log-ins end, and it is on record."""

from __future__ import annotations

from collections.abc import Callable

from parking.kernel.errors import ErrorKind, ParkingError, conflict, invalid
from parking.kernel.principal import Principal
from parking.plumbing.db import Database, UnitOfWork
from parking.security import audit, session_store, store
from parking.security.passwords import Passwords


class OwnPassword:
    """`ended` is called after other log-ins were ended: whoever watches a right looks again."""

    def __init__(self, database: Database, passwords: Passwords, ended: Callable[[], None]) -> None:
        self._database = database
        self._passwords = passwords
        self._ended = ended

    def change(self, who: Principal, token_hash: str, current: str, new: str, count_try: Callable[[str], None]) -> int:
        """How many other log-ins were ended. `count_try` gets the user name and raises when it is one try too many.

        ParkingError for a wrong current password (audited), a new one that is the same or of a wrong length, and for one that somebody
        changed meanwhile. Blocks for two checks and a hash (up to a second of CPU): call it from a thread.
        """
        operator = self._database.read(lambda conn: store.operator_by_id(conn, who.subject))
        known = self._database.read(lambda conn: store.credentials_of(conn, who.subject))
        if operator is None or known is None:
            raise ParkingError(ErrorKind.FORBIDDEN, "operator.only", "this is for operators")
        count_try(operator.username)
        if not self._passwords.matches(current, known):
            self._database.write(
                lambda uow: audit.record(uow, who, "password.refused", operator.id, "wrong current password")
            )
            raise invalid("password.wrong", "is not your password", field="current")
        if new == current:
            raise invalid("password.same", "should be another than the current one", field="new")
        try:
            made = self._passwords.hash(new)
        except ParkingError as error:
            raise invalid(error.code, error.message, field="new") from None

        def work(uow: UnitOfWork) -> int:
            if not store.change_password(uow.connection, operator.id, known, made):
                raise conflict("password.changed", "the password was changed meanwhile: log in again")
            this = session_store.id_of(uow.connection, token_hash)
            mine = session_store.of_operator(uow.connection, operator.id, uow.now)
            ended = [one.id for one in mine if one.id != this]
            session_store.end(uow.connection, ended)
            audit.record(uow, who, "password.changed", operator.id, f"other log-ins ended: {len(ended)}")
            return len(ended)

        count = self._database.write(work)
        self._ended()
        return count
