"""The codes that the server signs for its lanes: bound to the site, or to the one lot that they are for, and checked there offline."""

from __future__ import annotations

from collections.abc import Callable

from parking.access.rows import InvitationRow
from parking.gate.credentials.codes import LONGEST_LIFE, CodeUse, issue
from parking.kernel.signed import Signer


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
