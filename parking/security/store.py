"""The tables of this room. Of secrets only hashes are stored: argon2id for passwords, SHA-256 for random tokens."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Row,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)

from parking.kernel.chain import GENESIS
from parking.kernel.ids import DeviceId, OperatorId
from parking.plumbing.column_types import Json, UtcDateTime
from parking.plumbing.db import insert_once, metadata
from parking.plumbing.prepared import prepared
from parking.security.model import AuditEntry, Device, DeviceKind, Operator, Session

operators = Table(
    "security_operator",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("username", String(64), nullable=False, unique=True),
    Column("display_name", String(128), nullable=False),
    Column("password_hash", String(256), nullable=False),
    Column("roles", Json, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

sessions = Table(
    "security_session",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("operator_id", ForeignKey("security_operator.id"), nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("address", String(64), nullable=False),
    Column("device", String(64), nullable=False),
    Column("way", String(16), nullable=False),
)

devices = Table(
    "security_device",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("key_id", String(64), unique=True),
    Column("public_key", String(64)),
    Column("token_hash", String(64), unique=True),
    Column("enabled", Boolean, nullable=False),
    Column("enrolled_at", UtcDateTime, nullable=False),
)

audit_log = Table(
    "security_audit",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor_kind", String(16), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("reason", String(512), nullable=False),
    Column("link", String(64), nullable=False),
)
Index("security_audit_by_subject", audit_log.c.subject)
Index("security_audit_by_time", audit_log.c.at, audit_log.c.seq)

audit_head = Table(  # one row: the last link, so that a cut-off end shows, and the place where writers queue
    "security_audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("link", String(64), nullable=False),
)
_THE_HEAD = 1


# --- operators and their sessions --------------------------------------------------------------------------------------


def add_operator(conn: Connection, operator: Operator, password_hash: str, now: datetime) -> None:
    conn.execute(
        insert(operators).values(
            id=operator.id,
            username=operator.username,
            display_name=operator.display_name,
            password_hash=password_hash,
            roles=list(operator.roles),
            enabled=operator.enabled,
            created_at=now,
        )
    )


def credentials(conn: Connection, username: str) -> tuple[Operator, str] | None:
    """The operator of that name with the stored password hash, enabled or not."""
    row = conn.execute(select(operators).where(operators.c.username == username)).one_or_none()
    return (_operator(row), row.password_hash) if row else None


def credentials_of(conn: Connection, operator_id: str) -> str | None:
    """The stored password hash of an operator."""
    return conn.execute(select(operators.c.password_hash).where(operators.c.id == operator_id)).scalar_one_or_none()


def change_password(conn: Connection, operator_id: str, old_hash: str, new_hash: str) -> bool:
    """Whether the stored hash was still `old_hash`."""
    mine = (operators.c.id == operator_id) & (operators.c.password_hash == old_hash)
    return conn.execute(update(operators).where(mine).values(password_hash=new_hash)).rowcount > 0


def operator_by_id(conn: Connection, operator_id: str) -> Operator | None:
    row = conn.execute(select(operators).where(operators.c.id == operator_id)).one_or_none()
    return _operator(row) if row else None


def disable_operator(conn: Connection, operator_id: str) -> None:
    """No more log-ins, and no session left."""
    conn.execute(update(operators).where(operators.c.id == operator_id).values(enabled=False))
    conn.execute(delete(sessions).where(sessions.c.operator_id == operator_id))


def add_session(conn: Connection, token_hash: str, session: Session) -> None:
    """A new session; expired ones go on the same occasion."""
    conn.execute(delete(sessions).where(sessions.c.expires_at <= session.created_at))
    conn.execute(
        insert(sessions).values(
            token_hash=token_hash,
            id=session.id,
            operator_id=session.operator_id,
            created_at=session.created_at,
            seen_at=session.seen_at,
            expires_at=session.expires_at,
            address=session.whence.address[:64],
            device=session.whence.device[:64],
            way=session.way,
        )
    )


def operator_of_session(conn: Connection, token_hash: str, now: datetime) -> tuple[Operator, datetime] | None:
    """The enabled operator whose unexpired session this is, and when it was last seen."""
    row = conn.execute(
        select(operators, sessions.c.seen_at)
        .join(sessions, sessions.c.operator_id == operators.c.id)
        .where(sessions.c.token_hash == token_hash, sessions.c.expires_at > now, operators.c.enabled)
    ).one_or_none()
    return (_operator(row), row.seen_at) if row else None


def session_seen(conn: Connection, token_hash: str, now: datetime) -> None:
    conn.execute(update(sessions).where(sessions.c.token_hash == token_hash).values(seen_at=now))


def end_session(conn: Connection, token_hash: str) -> bool:
    """Whether there was one to end."""
    return conn.execute(delete(sessions).where(sessions.c.token_hash == token_hash)).rowcount > 0


def _operator(row: Row[Any]) -> Operator:
    return Operator(OperatorId(row.id), row.username, row.display_name, tuple(row.roles), row.enabled)


# --- devices -------------------------------------------------------------------------------------------------------


def add_device(conn: Connection, device: Device, token_hash: str | None, now: datetime) -> None:
    key = base64.b64encode(device.public_key).decode() if device.public_key else None
    conn.execute(
        insert(devices).values(
            id=device.id,
            kind=device.kind.value,
            key_id=device.key_id,
            public_key=key,
            token_hash=token_hash,
            enabled=device.enabled,
            enrolled_at=now,
        )
    )


def device_by_id(conn: Connection, device_id: str) -> Device | None:
    return _one_device(conn, devices.c.id == device_id)


def edge_by_key(conn: Connection, key_id: str) -> Device | None:
    """The enabled gate box that owns the key."""
    return _one_device(
        conn, (devices.c.key_id == key_id) & (devices.c.kind == DeviceKind.EDGE.value) & devices.c.enabled
    )


def device_by_key(conn: Connection, key_id: str) -> Device | None:
    """The device that was enrolled with the key, shut out or not."""
    return _one_device(conn, devices.c.key_id == key_id)


def device_by_token(conn: Connection, token_hash: str) -> Device | None:
    """The enabled kiosk, till or app that carries the token."""
    return _one_device(conn, (devices.c.token_hash == token_hash) & devices.c.enabled)


def key_of_app(conn: Connection, device_id: str) -> bytes | None:
    """The public key of an enabled app."""
    mine = (devices.c.id == device_id) & (devices.c.kind == DeviceKind.APP.value) & devices.c.enabled
    app = _one_device(conn, mine)
    return None if app is None else app.public_key


_IS_EDGE = devices.c.kind == DeviceKind.EDGE.value
_EDGES = prepared(select(devices).where(devices.c.enabled, _IS_EDGE).order_by(devices.c.id))
_ANY_EDGE = prepared(select(devices.c.id).where(_IS_EDGE).limit(1))


def edges(conn: Connection) -> list[Device]:
    """The enabled gate boxes, by id."""
    return [_device(row) for row in conn.execute(_EDGES)]


def has_edges(conn: Connection) -> bool:
    """Whether any gate box was ever enrolled, enabled or not."""
    return conn.execute(_ANY_EDGE).first() is not None


def set_device_enabled(conn: Connection, device_id: str, *, enabled: bool) -> bool:
    """Whether there is such a device."""
    changed = conn.execute(update(devices).where(devices.c.id == device_id).values(enabled=enabled))
    return changed.rowcount > 0


def _one_device(conn: Connection, condition: Any) -> Device | None:
    row = conn.execute(select(devices).where(condition)).one_or_none()
    return _device(row) if row is not None else None


def _device(row: Row[Any]) -> Device:
    key = base64.b64decode(row.public_key) if row.public_key else None
    return Device(DeviceId(row.id), DeviceKind(row.kind), row.key_id, key, row.enabled)


# --- audit ---------------------------------------------------------------------------------------------------------


_HOLD_HEAD = prepared(select(audit_head).with_for_update())
_APPEND = prepared(insert(audit_log))
_MOVE_HEAD = prepared(update(audit_head))


def hold_audit_head(conn: Connection) -> tuple[int, str]:
    """The number and link of the last entry, held until this transaction ends; (0, GENESIS) before the first."""
    insert_once(conn, audit_head, {"id": _THE_HEAD, "seq": 0, "link": GENESIS})
    row = conn.execute(_HOLD_HEAD).one()
    return row.seq, row.link


def audit_head_now(conn: Connection) -> tuple[int, str]:
    """The same without holding it."""
    row = conn.execute(select(audit_head)).one_or_none()
    return (row.seq, row.link) if row else (0, GENESIS)


def append_audit_entry(conn: Connection, entry: AuditEntry) -> None:
    values = {
        "seq": entry.seq,
        "at": entry.at,
        "actor_kind": entry.actor_kind,
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "reason": entry.reason,
        "link": entry.link,
    }
    conn.execute(_APPEND, values)
    conn.execute(_MOVE_HEAD, {"seq": entry.seq, "link": entry.link})


def audit_entries(conn: Connection) -> Iterator[AuditEntry]:
    """Every entry in order, read in portions."""
    query = select(audit_log).order_by(audit_log.c.seq).execution_options(yield_per=1000)
    for row in conn.execute(query):
        yield _entry(row)


def audit_about(conn: Connection, subjects: Sequence[str]) -> list[AuditEntry]:
    """What was done about these subjects, oldest first."""
    query = select(audit_log).where(audit_log.c.subject.in_(subjects)).order_by(audit_log.c.seq)
    return [_entry(row) for row in conn.execute(query)]


def audit_before(conn: Connection, seq: int | None, limit: int) -> list[AuditEntry]:
    """At most `limit` entries, newest first, older than number `seq` (None: from the newest)."""
    query = select(audit_log).order_by(audit_log.c.seq.desc()).limit(limit)
    if seq is not None:
        query = query.where(audit_log.c.seq < seq)
    return [_entry(row) for row in conn.execute(query)]


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(row.seq, row.at, row.actor_kind, row.actor, row.action, row.subject, row.reason, row.link)
