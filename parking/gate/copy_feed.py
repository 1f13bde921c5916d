"""The server's side of the lanes' copy: which change comes next, in which past it counts, and a whole copy as one image.

Every start of the server begins an epoch at the version that it finds. A box that knows an epoch beyond its end, or one that we
never had, has seen a past that is not ours (we came back from an older backup): it gets everything anew, and is never ignored.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.access import store as access_store
from parking.access.snapshot import CopyChange
from parking.gate import copy_file
from parking.gate.edge_file import EdgeFile
from parking.gate.link_wire import CopyImage
from parking.gate.local_copy import LocalCopy
from parking.plumbing.column_types import UtcDateTime
from parking.plumbing.db import BigSerial, Database, UnitOfWork, metadata

IMAGE_FROM = 2_000
"""Rows from which on a first copy is an image; fewer come sooner as rows."""
IMAGE_BEHIND_MOST = 2_000
"""An image may be so many versions old: what has changed since comes as rows."""
TOMBSTONES_KEPT = timedelta(days=7)
"""At least so long, at most twice as long, it is told that a key is gone; a box that was away longer gets everything anew."""
EPOCHS_KEPT = 1_000

copy_epoch = sa.Table(
    "copy_epoch",
    metadata,
    sa.Column("seq", BigSerial, primary_key=True),
    sa.Column("epoch", sa.String(36), nullable=False, unique=True),
    sa.Column("first_version", sa.BigInteger, nullable=False),
    sa.Column("began_at", UtcDateTime, nullable=False),
)

copy_floor = (
    sa.Table(  # below `purged` nobody is told any more what is gone; tombstones up to `next` go at the next purge
        "copy_floor",
        metadata,
        sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("purged", sa.BigInteger, nullable=False),
        sa.Column("next", sa.BigInteger, nullable=False),
        sa.Column("next_at", UtcDateTime, nullable=False),
    )
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a box has and wants: its `epoch` and version `since`, and the format of images that it takes (0: none)."""

    epoch: str
    since: int
    format: int = 0


def begin_epoch(uow: UnitOfWork) -> str:
    """A new epoch, at every start of the server."""
    epoch = uow.ids.new(uow.now)
    first = current_version(uow.connection)
    uow.connection.execute(copy_epoch.insert().values(epoch=epoch, first_version=first, began_at=uow.now))
    newest = uow.connection.scalar(sa.select(sa.func.max(copy_epoch.c.seq))) or 0
    uow.connection.execute(copy_epoch.delete().where(copy_epoch.c.seq <= newest - EPOCHS_KEPT))
    return epoch


def current_version(conn: Connection) -> int:
    return conn.scalar(sa.select(access_store.copy_version.c.version)) or 0


def current_epoch(conn: Connection) -> str:
    query = sa.select(copy_epoch.c.epoch).order_by(copy_epoch.c.seq.desc()).limit(1)
    return conn.scalar(query) or ""


def is_our_past(conn: Connection, asked: Asked) -> bool:
    """Whether what the box has is a moment of our own past, and recent enough to be brought up to date by changes."""
    if asked.since < (conn.scalar(sa.select(copy_floor.c.purged)) or 0):
        return False
    t = copy_epoch.c
    seq = conn.scalar(sa.select(t.seq).where(t.epoch == asked.epoch))
    if seq is None:
        return not asked.epoch and not current_epoch(conn)  # a server that never began one has one past alone
    following = conn.scalar(sa.select(t.first_version).where(t.seq > seq).order_by(t.seq).limit(1))
    return asked.since <= (current_version(conn) if following is None else following)


def next_change(conn: Connection, site: str, asked: Asked) -> CopyChange:
    """The page that follows on what the box has; it begins at 0 where that is no past of ours."""
    epoch, current = (
        current_epoch(conn),
        current_version(conn),
    )  # before the rows: what is newer than this may come as well
    since = asked.since if asked.since and is_our_past(conn, asked) else 0
    rows = access_store.rows_since(conn, site, since)
    last = rows[-1].version if rows else since
    version = last if len(rows) == access_store.ROWS_MOST else max(current, last)
    return CopyChange(site, since, version, tuple(rows), epoch, max(current, version))


def is_news(change: CopyChange, asked: Asked) -> bool:
    """Whether a box that asked this must be answered at once."""
    return bool(change.rows) or change.since != asked.since or (not asked.epoch and bool(change.epoch))


def purge_tombstones(uow: UnitOfWork) -> int:
    """Forget keys that have long been gone; returns how many."""
    floor = uow.connection.execute(sa.select(copy_floor)).one_or_none()
    following = {"next": current_version(uow.connection), "next_at": uow.now + TOMBSTONES_KEPT}
    if floor is None:
        uow.connection.execute(copy_floor.insert().values(one=1, purged=0, **following))
        return 0
    if uow.now < floor.next_at:
        return 0
    t = access_store.copy_row.c
    gone = uow.connection.execute(
        access_store.copy_row.delete().where(t.version <= floor.next, t.data.is_(None))
    ).rowcount
    uow.connection.execute(copy_floor.update().values(purged=floor.next, **following))
    return gone


class ImageMaker:
    """Keeps a copy like a box's in memory and hands it out whole: one for all boxes, brought up to date when somebody asks."""

    def __init__(self, database: Database, site: str) -> None:
        self._database = database
        self._site = site
        self._copy = LocalCopy(EdgeFile(copy_file.MEMORY))
        self._lock = threading.Lock()
        self._made: CopyImage | None = None

    def wanted(self, conn: Connection, asked: Asked) -> bool:
        """Whether a box that begins should get an image rather than rows."""
        if asked.format != copy_file.FORMAT or (asked.since and is_our_past(conn, asked)):
            return False
        t = access_store.copy_row.c
        many = sa.select(t.version).where(t.data.is_not(None)).offset(IMAGE_FROM).limit(1)
        return conn.execute(many).first() is not None

    def image(self) -> CopyImage:
        """An image that is at most `IMAGE_BEHIND_MOST` versions old; callers wait for each other."""
        with self._lock:
            made, version = self._made, self._database.read(current_version)
            epoch = self._database.read(current_epoch)
            if made is None or made.epoch != epoch or not 0 <= version - made.version <= IMAGE_BEHIND_MOST:
                made = self._made = self._make()
            return made

    def _make(self) -> CopyImage:
        while True:
            asked = Asked(*self._copy.position)
            change = self._database.read(lambda conn: next_change(conn, self._site, asked))  # noqa: B023 - read at once
            self._copy.apply(change)
            if self._copy.version == change.upto and self._copy.loaded:
                epoch, version = self._copy.position
                return CopyImage(self._site, epoch, version, copy_file.FORMAT, self._copy.image())
