"""Passkeys and the challenges that are out. A challenge is stored as its hash, for minutes, and goes with the first answer to it."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Row,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from parking.kernel.ids import OperatorId
from parking.plumbing.column_types import Json, UtcDateTime
from parking.plumbing.db import metadata
from parking.security.model import Passkey
from parking.security.store import operators

passkeys = Table(
    "security_passkey",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("operator_id", ForeignKey("security_operator.id"), nullable=False, index=True),
    Column("credential_id", String(1364), nullable=False, unique=True),
    Column("public_key", Text, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("transports", Json, nullable=False),
    Column("name", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)

challenges = Table(
    "security_challenge",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("operator_id", String(64), nullable=False),  # empty: to log in, by whoever answers
    Column("expires_at", UtcDateTime, nullable=False, index=True),
)


def add_challenge(conn: Connection, challenge: bytes, operator_id: str, now: datetime, expires_at: datetime) -> None:
    """A new challenge; expired ones go on the same occasion."""
    conn.execute(delete(challenges).where(challenges.c.expires_at <= now))
    conn.execute(insert(challenges).values(hash=_hash(challenge), operator_id=operator_id, expires_at=expires_at))


def take_challenge(conn: Connection, challenge: bytes, operator_id: str, now: datetime) -> bool:
    """Whether this challenge was out for that purpose; it is no longer, whatever becomes of the answer."""
    mine = (challenges.c.hash == _hash(challenge)) & (challenges.c.operator_id == operator_id)
    return conn.execute(delete(challenges).where(mine, challenges.c.expires_at > now)).rowcount > 0


def add(conn: Connection, passkey: Passkey) -> None:
    conn.execute(
        insert(passkeys).values(
            id=passkey.id,
            operator_id=passkey.operator_id,
            credential_id=_text(passkey.credential_id),
            public_key=_text(passkey.public_key),
            sign_count=passkey.sign_count,
            transports=list(passkey.transports),
            name=passkey.name,
            created_at=passkey.created_at,
            used_at=passkey.used_at,
        )
    )


def of_operator(conn: Connection, operator_id: str) -> list[Passkey]:
    """An operator's passkeys, the oldest first."""
    query = select(passkeys).where(passkeys.c.operator_id == operator_id).order_by(passkeys.c.created_at, passkeys.c.id)
    return [_passkey(row) for row in conn.execute(query)]


def of_everybody(conn: Connection, limit: int) -> list[tuple[Passkey, str]]:
    """The passkeys of all operators with what people call them, by operator, the oldest first."""
    query = (
        select(passkeys, operators.c.display_name, operators.c.username)
        .join(operators, operators.c.id == passkeys.c.operator_id)
        .order_by(operators.c.username, passkeys.c.created_at, passkeys.c.id)
        .limit(limit)
    )
    return [(_passkey(row), row.display_name or row.username) for row in conn.execute(query)]


def by_id(conn: Connection, passkey_id: str) -> Passkey | None:
    row = conn.execute(select(passkeys).where(passkeys.c.id == passkey_id)).one_or_none()
    return _passkey(row) if row else None


def count_of(conn: Connection, operator_id: str) -> int:
    query = select(func.count()).select_from(passkeys).where(passkeys.c.operator_id == operator_id)
    return int(conn.execute(query).scalar_one())


def by_credential(conn: Connection, credential_id: bytes) -> Passkey | None:
    row = conn.execute(select(passkeys).where(passkeys.c.credential_id == _text(credential_id))).one_or_none()
    return _passkey(row) if row else None


def rename(conn: Connection, passkey_id: str, operator_id: str, name: str) -> bool:
    """Whether the operator has such a passkey."""
    mine = (passkeys.c.id == passkey_id) & (passkeys.c.operator_id == operator_id)
    return conn.execute(update(passkeys).where(mine).values(name=name)).rowcount > 0


def remove(conn: Connection, passkey_id: str, operator_id: str) -> bool:
    """Whether there was one to remove."""
    mine = (passkeys.c.id == passkey_id) & (passkeys.c.operator_id == operator_id)
    return conn.execute(delete(passkeys).where(mine)).rowcount > 0


def used(conn: Connection, passkey_id: str, sign_count: int, now: datetime) -> bool:
    """Note a use; False where the counter did not rise meanwhile, or the passkey was removed. Counters that stay 0 do not count."""
    rises = or_(passkeys.c.sign_count < sign_count, (passkeys.c.sign_count == 0) & (sign_count == 0))
    noted = update(passkeys).where(passkeys.c.id == passkey_id, rises).values(sign_count=sign_count, used_at=now)
    return conn.execute(noted).rowcount > 0


def _hash(challenge: bytes) -> str:
    return hashlib.sha256(challenge).hexdigest()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _passkey(row: Row[Any]) -> Passkey:
    return Passkey(
        id=row.id,
        operator_id=OperatorId(row.operator_id),
        credential_id=_bytes(row.credential_id),
        public_key=_bytes(row.public_key),
        sign_count=row.sign_count,
        transports=tuple(row.transports),
        name=row.name,
        created_at=row.created_at,
        used_at=row.used_at,
    )
