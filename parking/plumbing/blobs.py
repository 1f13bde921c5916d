"""Files that belong to rows: kept once under a key of their own, with their hash, in the same transaction and the same backup.

Small ones only (documents, not films). What was kept is never changed: the same key with other bytes is a conflict.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.kernel.errors import ErrorKind, ParkingError, conflict
from parking.plumbing.column_types import UtcDateTime
from parking.plumbing.insert_once import insert_once
from parking.plumbing.tables import metadata
from parking.plumbing.unit_of_work import UnitOfWork

LARGEST = 8 * 1024 * 1024

blob_table = sa.Table(
    "blob",
    metadata,
    sa.Column("key", sa.String(96), primary_key=True),
    sa.Column("media_type", sa.String(64), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("kept_at", UtcDateTime, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Blob:
    """A file as it was kept."""

    media_type: str
    content: bytes = field(repr=False)


def keep(uow: UnitOfWork, key: str, media_type: str, content: bytes) -> None:
    """Keep a file; the same again changes nothing. ParkingError (conflict) for other bytes, (too large) above 8 MiB."""
    if len(content) > LARGEST:
        raise ParkingError(ErrorKind.TOO_LARGE, "blob.too_large", f"a file has {LARGEST} bytes at most")
    sha256 = hashlib.sha256(content).hexdigest()
    row = {"key": key, "media_type": media_type, "sha256": sha256, "kept_at": uow.now, "content": content}
    if not insert_once(uow.connection, blob_table, row):
        known = uow.connection.execute(sa.select(blob_table.c.sha256).where(blob_table.c.key == key)).scalar_one()
        if known != sha256:
            raise conflict("blob.taken", "another file is kept under this key")


def get(conn: Connection, key: str) -> Blob | None:
    """The file; ParkingError (conflict) if its bytes are not those that were kept."""
    row = conn.execute(sa.select(blob_table).where(blob_table.c.key == key)).one_or_none()
    if row is None:
        return None
    if hashlib.sha256(row.content).hexdigest() != row.sha256:
        raise conflict("blob.damaged", "this file has been damaged in the database")
    return Blob(row.media_type, bytes(row.content))
