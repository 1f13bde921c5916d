"""Passkeys beside the password: an operator registers their own, and logs in with one.

A challenge is random, lives for minutes, is for one purpose, and goes with the first answer to it, right or wrong. All that is wrong
with a log-in gets the same answer; why stands on record.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from parking.kernel.clock import Clock
from parking.kernel.errors import ErrorKind, ParkingError, conflict, invalid, not_found
from parking.kernel.principal import Principal
from parking.plumbing.db import Database, UnitOfWork
from parking.security import audit, ceremonies, passkey_store, session_store, store
from parking.security.ceremonies import Assertion, Party, Refused
from parking.security.model import Operator, Passkey, Whence
from parking.security.service import LogIns, open_session

CHALLENGE_LASTS = timedelta(minutes=5)
MOST_OF_ONE = 10
MOST_SHOWN = 500
_ANYBODY = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a browser needs for a ceremony: `challenge` is random, `known` the credential ids that the authenticator is to leave out."""

    party: Party
    challenge: bytes
    operator: Operator | None = None
    known: tuple[Passkey, ...] = ()


class Passkeys:
    """`party` is None where passkeys cannot be used: the server has no domain of its own."""

    def __init__(self, database: Database, clock: Clock, log_ins: LogIns, party: Party | None) -> None:
        self._database = database
        self._clock = clock
        self._log_ins = log_ins
        self.party = party

    def of(self, who: Principal) -> list[Passkey]:
        """All of an operator."""
        return self._database.read(lambda conn: passkey_store.of_operator(conn, who.subject))

    def offer_registration(self, who: Principal, password: str, count_try: Callable[[str], None]) -> Offer:
        """A challenge for a new passkey of `who`, against the password: a console left alone must not give anybody a key for good.

        `count_try` gets the user name and raises when it is one try too many. A wrong password is audited.
        """
        party, operator = self._there(), self._log_ins.operator(who)
        if operator is None:
            raise ParkingError(ErrorKind.FORBIDDEN, "operator.only", "this is for operators")
        count_try(operator.username)
        if not self._log_ins.knows_password(who, password):
            self._database.write(
                lambda uow: audit.record(uow, who, "passkey.refused", operator.id, "wrong password for a new passkey")
            )
            raise invalid("password.wrong", "is not your password", field="password")
        known = self.of(who)
        if len(known) >= MOST_OF_ONE:
            raise conflict("passkey.too_many", f"there are {MOST_OF_ONE} passkeys already: remove one first")
        return Offer(party, self._challenge(operator.id), operator, tuple(known))

    def register(
        self,
        who: Principal,
        *,
        name: str,
        credential_id: bytes,
        client_data: bytes,
        attestation: bytes,
        transports: tuple[str, ...],
    ) -> Passkey:
        """Keep a new passkey, audited; ParkingError for an answer that proves none, or one that is kept already."""
        party = self._there()
        try:
            challenge = self._answered(client_data, who.subject)
            found = ceremonies.registered(party, client_data, attestation, challenge, credential_id)
        except Refused as why:
            reason = str(why)
            self._database.write(lambda uow: audit.record(uow, who, "passkey.refused", who.subject, reason))
            raise invalid("passkey.refused", "is no valid answer; begin again", field="attestation") from None

        def work(uow: UnitOfWork) -> Passkey:
            if passkey_store.by_credential(uow.connection, found.credential_id):
                raise conflict("passkey.known", "this passkey is registered already")
            if passkey_store.count_of(uow.connection, who.subject) >= MOST_OF_ONE:
                raise conflict("passkey.too_many", f"there are {MOST_OF_ONE} passkeys already: remove one first")
            operator = store.operator_by_id(uow.connection, who.subject)
            if operator is None or not operator.enabled:
                raise ParkingError(ErrorKind.FORBIDDEN, "operator.only", "this is for operators")
            passkey = Passkey(
                id=uow.ids.new(uow.now),
                operator_id=operator.id,
                credential_id=found.credential_id,
                public_key=found.public_key,
                sign_count=found.sign_count,
                transports=transports,
                name=name,
                created_at=uow.now,
                used_at=None,
            )
            passkey_store.add(uow.connection, passkey)
            audit.record(uow, who, "passkey.added", passkey.id, name)
            return passkey

        return self._database.write(work)

    def rename(self, who: Principal, passkey_id: str, name: str) -> None:
        """Call one of `who`'s own otherwise, audited."""

        def work(uow: UnitOfWork) -> None:
            if not passkey_store.rename(uow.connection, passkey_id, who.subject, name):
                raise not_found("passkey.unknown", "there is no such passkey")
            audit.record(uow, who, "passkey.renamed", passkey_id, name)

        self._database.write(work)

    def remove(self, who: Principal, passkey_id: str) -> None:
        """Forget one of `who`'s own, audited."""

        def work(uow: UnitOfWork) -> None:
            if not passkey_store.remove(uow.connection, passkey_id, who.subject):
                raise not_found("passkey.unknown", "there is no such passkey")
            audit.record(uow, who, "passkey.removed", passkey_id, "")

        self._database.write(work)

    def everybodys(self) -> list[tuple[Passkey, str]]:
        """Those of all operators with their names; 500 at most."""
        return self._database.read(lambda conn: passkey_store.of_everybody(conn, MOST_SHOWN))

    def take_away(self, who: Principal, passkey_id: str) -> int:
        """Forget anybody's, and end the log-ins that passkeys of theirs began; audited for them to be told. How many log-ins ended."""

        def work(uow: UnitOfWork) -> int:
            found = passkey_store.by_id(uow.connection, passkey_id)
            if found is None or not passkey_store.remove(uow.connection, passkey_id, found.operator_id):
                raise not_found("passkey.unknown", "there is no such passkey")
            mine = session_store.of_operator(uow.connection, found.operator_id, uow.now)
            ended = [one.id for one in mine if one.way == "passkey"]
            session_store.end(uow.connection, ended)
            audit.record(uow, who, "passkey.taken_away", found.operator_id, found.name)
            return len(ended)

        count = self._database.write(work)
        self._log_ins.ended()
        return count

    def offer_log_in(self) -> Offer:
        """A challenge for whoever wants to log in; it tells nobody who has a passkey."""
        return Offer(self._there(), self._challenge(_ANYBODY))

    def log_in(self, answer: Assertion, whence: Whence, count_try: Callable[[str], None]) -> tuple[Operator, str]:
        """The operator and a fresh session token; any failure is audited and raises one and the same error.

        `count_try` gets the user name, once it is known whose passkey is claimed, and raises when it is one try too many.
        """
        party, subject = self._there(), ""
        try:
            challenge = self._answered(answer.client_data, _ANYBODY)
            passkey = self._database.read(lambda conn: passkey_store.by_credential(conn, answer.credential_id))
            if passkey is None:
                raise Refused("unknown passkey")
            operator = self._database.read(lambda conn: store.operator_by_id(conn, passkey.operator_id))
            if operator is None:
                raise Refused("unknown user")
            subject = operator.id
            count_try(operator.username)
            count = ceremonies.asserted(party, passkey, answer, challenge)
            return self._database.write(lambda uow: _admitted(uow, passkey, count, whence))
        except Refused as why:
            self._log_ins.failed(whence, subject, f"passkey: {why}")
            raise ParkingError(ErrorKind.UNAUTHENTICATED, "login.refused", "this passkey was not accepted") from None

    def _there(self) -> Party:
        if self.party is None:
            raise not_found("passkey.unavailable", "passkeys need this server to have a domain and TLS (public_url)")
        return self.party

    def _challenge(self, operator_id: str) -> bytes:
        challenge = secrets.token_bytes(32)
        self._database.write(
            lambda uow: passkey_store.add_challenge(
                uow.connection, challenge, operator_id, uow.now, uow.now + CHALLENGE_LASTS
            )
        )
        return challenge

    def _answered(self, client_data: bytes, operator_id: str) -> bytes:
        """The challenge that is answered; from here on it is no longer out."""
        challenge = ceremonies.challenge_of(client_data)
        if not self._database.write(
            lambda uow: passkey_store.take_challenge(uow.connection, challenge, operator_id, uow.now)
        ):
            raise Refused("no challenge of ours that is still out")
        return challenge


def _admitted(uow: UnitOfWork, passkey: Passkey, count: int, whence: Whence) -> tuple[Operator, str]:
    """A session, if the operator may still come and the counter still rises: of two copies of a key only one gets in."""
    operator = store.operator_by_id(uow.connection, passkey.operator_id)
    if operator is None or not operator.enabled:
        raise Refused("disabled")
    if not passkey_store.used(uow.connection, passkey.id, count, uow.now):
        raise Refused("the counter did not rise, or the passkey was removed")
    return operator, open_session(uow, operator, whence, "passkey")
