"""Operators: who they are, how they log in, how long a log-in lasts. Every failure is audited and gets the same answer."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from datetime import timedelta

from parking.kernel.clock import Clock
from parking.kernel.errors import ErrorKind, ParkingError, conflict, invalid, not_found
from parking.kernel.ids import OperatorId
from parking.kernel.principal import ANONYMOUS, Principal
from parking.plumbing.db import Database, UnitOfWork
from parking.security import audit, store
from parking.security.model import Operator, Session, Whence
from parking.security.passwords import Passwords
from parking.security.roles import ROLES, scopes_of

SESSION_LASTS = timedelta(hours=12)  # one shift
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")


def token_hash(token: str) -> str:
    """What is stored of a random token of 256 bits: SHA-256 (hex); slow hashing is for secrets that people choose."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def principal_of(operator: Operator) -> Principal:
    """The operator as somebody who asks, with the scopes of all their roles; a role that no longer exists grants nothing."""
    return Principal("operator", operator.id, scopes_of(role for role in operator.roles if role in ROLES))


def create_operator(
    uow: UnitOfWork,
    by: Principal,
    *,
    username: str,
    display_name: str,
    password_hash: str,
    roles: tuple[str, ...],
) -> Operator:
    """A new operator, audited; `password_hash` comes from `Passwords.hash`, made outside the transaction.

    A malformed or taken user name and an unknown role raise ParkingError.
    """
    if not _USERNAME.fullmatch(username):
        raise invalid("username.malformed", "a user name has 1 to 64 of a-z 0-9 . _ @ -", field="username")
    if not 1 <= len(display_name) <= 128 or not display_name.isprintable():
        raise invalid("display_name.malformed", "a display name has 1 to 128 printable signs", field="display_name")
    scopes_of(roles)
    if store.credentials(uow.connection, username):
        raise conflict("username.taken", f"there is already an operator called {username}")
    operator = Operator(OperatorId(uow.ids.new(uow.now)), username, display_name, roles, enabled=True)
    store.add_operator(uow.connection, operator, password_hash, uow.now)
    audit.record(uow, by, "operator.created", operator.id, ", ".join(roles))
    return operator


def disable_operator(uow: UnitOfWork, by: Principal, *, username: str, reason: str) -> None:
    """Shut an operator out, audited; open sessions end with the same stroke. An unknown name raises ParkingError."""
    known = store.credentials(uow.connection, username)
    if known is None:
        raise not_found("operator.unknown", "there is no such operator")
    store.disable_operator(uow.connection, known[0].id)
    audit.record(uow, by, "operator.disabled", known[0].id, reason)


class LogIns:
    """Opens and ends operator sessions; only the SHA-256 of a session's token is stored. `ended` is called when one was ended."""

    def __init__(
        self, database: Database, clock: Clock, passwords: Passwords, ended: Callable[[], None] = lambda: None
    ) -> None:
        self._database = database
        self._clock = clock
        self.passwords = passwords
        self.ended = ended

    def log_in(self, username: str, password: str, *, whence: Whence) -> tuple[Operator, str]:
        """The operator and a fresh session token; any failure is audited under the address and raises one and the same error.

        Blocks for the password check (0.1-0.4 s of CPU): call it from a thread.
        """
        known = self._database.read(lambda conn: store.credentials(conn, username)) if _plausible(username) else None
        right = self.passwords.matches(password, known[1] if known else None)
        reason = "unknown user" if known is None else "wrong password" if not right else None
        if known is not None and reason is None:
            operator, matched = known

            def work(uow: UnitOfWork) -> tuple[str | None, str]:
                now = store.credentials(uow.connection, username)
                if now is None or not now[0].enabled:
                    return "disabled", ""
                if now[1] != matched:
                    return "changed", ""
                return None, open_session(uow, operator, whence, "password")

            reason, token = self._database.write(work)
            if reason is None:
                return operator, token
        self.failed(whence, known[0].id if known else "", reason or "")
        raise ParkingError(ErrorKind.UNAUTHENTICATED, "login.refused", "user name or password is wrong")

    def knows_password(self, who: Principal, password: str) -> bool:
        """Whether this is the password of the operator who is asking; as slow as logging in."""
        known = self._database.read(lambda conn: store.credentials_of(conn, who.subject))
        return self.passwords.matches(password, known)

    def failed(self, whence: Whence, subject: str, reason: str) -> None:
        """Put on record that somebody at an address did not get in; `subject` is the operator's id, where it was one's."""
        stranger = _stranger(whence.address)
        self._database.write(lambda uow: audit.record(uow, stranger, "login.failed", subject, reason))

    def limited(self, address: str) -> None:
        """Put on record that log-ins from `address` were stopped for a while because of too many attempts."""
        self._database.write(
            lambda uow: audit.record(uow, _stranger(address), "login.limited", "", "too many attempts")
        )

    def log_out(self, principal: Principal, token: str) -> None:
        """End the session of this token; ending it twice changes nothing."""

        def end_session(uow: UnitOfWork) -> None:
            if store.end_session(uow.connection, token_hash(token)):
                audit.record(uow, principal, "logout", principal.subject, "")

        self._database.write(end_session)
        self.ended()

    def operator(self, principal: Principal) -> Operator | None:
        """The record behind an operator's principal."""
        return self._database.read(lambda conn: store.operator_by_id(conn, principal.subject))


def open_session(uow: UnitOfWork, operator: Operator, whence: Whence, way: str) -> str:
    """The token of a fresh session of `operator`, who has proven it; audited."""
    token, expires_at = secrets.token_urlsafe(32), uow.now + SESSION_LASTS
    session = Session(uow.ids.new(uow.now), operator.id, uow.now, uow.now, expires_at, whence, way)
    store.add_session(uow.connection, token_hash(token), session)
    by = "" if way == "password" else f" by {way}"
    audit.record(uow, principal_of(operator), "login.succeeded", operator.id, f"from {whence.address}{by}")
    return token


def _plausible(username: str) -> bool:
    return _USERNAME.fullmatch(username) is not None


def _stranger(address: str) -> Principal:
    return Principal(ANONYMOUS.kind, address, ANONYMOUS.scopes)
