"""Who has rights at the demo mall: members with a tag on the windscreen and a pass, and visitors who were sent a code."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from parking.access import keeping
from parking.access.invitation_store import Invitation
from parking.access.rights_store import Holder
from parking.access.rows import InvitationRow, PassRow
from parking.bootstrap.gate_codes import invitation_codes
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.plate import Plate
from parking.kernel.signed import Signer
from parking.plumbing.db import UnitOfWork

MEMBERS, VISITORS = 6, 4
INVITED_FOR = timedelta(days=30)
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def enrol_members(uow: UnitOfWork) -> list[dict[str, str]]:
    """Holders m1, m2 ... each with a car, a UHF tag and a pass for one bay; `plate` and `tag` (EPC, hex) of each."""
    dice, members = Random(20261121), []  # noqa: S311 - nobody's secrets: the same cars in every demo
    for number in range(1, MEMBERS + 1):
        plate = Plate.parse("浙A" + dice.choice(_LETTERS) + f"{dice.randrange(10_000):04d}")
        tag = Credential(CredentialKind.UHF, f"E28011700000{dice.getrandbits(48):012X}")
        holder_id, pass_id = f"m{number}", f"p{number}"
        keeping.save_holder(uow, Holder(holder_id, f"Member {number}", plates=(plate,), credentials=(tag,)))
        keeping.save_pass(uow, PassRow(pass_id, holder_id, (plate,), 1, None, None))
        members.append({"plate": plate.text, "tag": tag.value})
    return members


def invite_visitors(uow: UnitOfWork, signer: Signer, site: str) -> list[str]:
    """The texts of the codes that visitors of member 1 hold up; each is good for a month, again and again."""
    issue, codes = invitation_codes(signer, site), []
    for number in range(1, VISITORS + 1):
        row = InvitationRow(uow.ids.new(uow.now), "m1", uow.now, uow.now + INVITED_FOR, None, free_of_charge=True)
        keeping.invite(uow, Invitation(row, f"Visitor {number}"))
        codes.append(issue(row, row.invitation_id, 1))
    return codes
