"""What people did by hand, append-only: every entry is chained to the one before, so a changed or missing entry shows.

A subject is an id. A plate goes in masked (`str(plate)`), never in clear; one that somebody typed into a reason is hidden.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from parking.kernel import chain
from parking.kernel.codec import to_plain
from parking.kernel.principal import Principal
from parking.plumbing.db import UnitOfWork
from parking.plumbing.logs import redact
from parking.security import store
from parking.security.model import AuditEntry, ChainReport


def record(uow: UnitOfWork, principal: Principal, action: str, subject: str, reason: str) -> None:
    """Append one entry in the transaction of the action itself; `action` is a stable dotted word such as `lane.open`.

    Too long a subject (128) or reason (512) is cut: an action must not fail because its explanation is long.
    """
    last, previous = store.hold_audit_head(uow.connection)
    bare = AuditEntry(
        seq=last + 1,
        at=uow.now,
        actor_kind=principal.kind,
        actor=principal.subject[:64],
        action=action,
        subject=_printable(subject)[:128],
        reason=redact(_printable(reason))[:512],
        link="",
    )
    store.append_audit_entry(uow.connection, replace(bare, link=chain.link(previous, _content(bare))))


def verify(conn: Connection) -> ChainReport:
    """Walk the whole chain: numbers run from 1 without a gap, every link follows, and the end is where the head says."""
    previous, count = chain.GENESIS, 0
    for entry in store.audit_entries(conn):
        count += 1
        if entry.seq != count or chain.link(previous, _content(entry)) != entry.link:
            return ChainReport(entries=count, head=previous, broken_at=count)
        previous = entry.link
    if (count, previous) != store.audit_head_now(conn):
        return ChainReport(entries=count, head=previous, broken_at=count + 1)
    return ChainReport(entries=count, head=previous, broken_at=None)


def _content(entry: AuditEntry) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "at": to_plain(entry.at),
        "actor_kind": entry.actor_kind,
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "reason": entry.reason,
    }


def _printable(text: str) -> str:
    """Without control signs and lone surrogates, which databases refuse and terminals obey."""
    return "".join(c if c.isprintable() else " " for c in text)
