"""The codes that the server signs for its lanes: bound to the site, or to the one lot that they are for, and checked there offline;
and the keys of the boxes, so that a ticket that one of them printed is understood at the others.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from parking.access.rows import InvitationRow, KeyRow
from parking.access.snapshot import data_of
from parking.access.store import put_row, rows_of
from parking.gate import causal_order
from parking.gate.credentials.codes import LONGEST_LIFE, CodeUse, issue
from parking.kernel.signed import Signer
from parking.plumbing.db import UnitOfWork
from parking.security import store as security_store


def invitation_codes(signer: Signer, site: str) -> Callable[[InvitationRow, str, int], str]:
    """Signs (invitation, code id, seconds until it counts afresh); a code lives for a month at most, however long one is welcome."""

    def sign(row: InvitationRow, code_id: str, epoch_s: int) -> str:
        return issue(
            CodeUse.INVITATION,
            code_id=code_id,
            lot=row.lots[0] if len(row.lots) == 1 else site,
            not_before=row.valid_from,
            expires=min(row.valid_until, row.valid_from + LONGEST_LIFE[CodeUse.INVITATION]),
            signer=signer,
            invitation_id=row.invitation_id,
            plate=row.plate,
            epoch_s=epoch_s,
        )

    return sign


def keep_box_keys(uow: UnitOfWork) -> int:
    """Put the keys of all enabled boxes into the copies, with who of them is cut off, and take out all others; how many changed."""
    silent = causal_order.unheard(uow.connection, uow.now)
    wanted: dict[str, Mapping[str, Any]] = {}
    for box in security_store.edges(uow.connection):
        if box.key_id and box.public_key:
            public = base64.urlsafe_b64encode(box.public_key).rstrip(b"=").decode()
            _, key, data = data_of(KeyRow(box.key_id, str(box.id), public, silent.get(box.id)))
            wanted[key] = data
    there = {row.key: row.data for row in rows_of(uow.connection, "key")}
    changed = sorted(key for key in wanted.keys() | there.keys() if wanted.get(key) != there.get(key))
    for key in changed:
        put_row(uow, "key", key, wanted.get(key))
    return len(changed)
