"""What a vehicle may claim here, looked up: at the lane in its own copy, and on the server once a person has said who it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from parking.access.facts import Facts, GroupUse
from parking.access.identity import Identity
from parking.access.queries import Questions
from parking.access.refs import of_credential, of_plate
from parking.access.rights import is_used_up
from parking.access.rows import InsideRow, InvitationRow
from parking.kernel.credential import Credential


def with_rights(facts: Facts, who: Identity, copy: Questions) -> Facts:
    """The same facts with what this vehicle may claim: its plate's, its holder's, its code's."""
    plate = who.plate
    known = {p.pass_id: p for p in copy.passes_of(plate)} if plate else {}
    for pass_id in (pass_id for holder in facts.holders for pass_id in holder.pass_ids):
        held = copy.pass_by_id(pass_id)
        if held is not None:
            known[pass_id] = held
    inside = {row.stay_id: row for ref in _own_refs(facts, who) for row in copy.inside_by(ref)}
    for row in tuple(inside.values()):  # the right that it came in by counts on the way out, whoever holds it now
        if row.right is not None and row.right.startswith("pass:"):
            came_by = copy.pass_by_id(row.right.removeprefix("pass:"))
            known.update({came_by.pass_id: came_by} if came_by else {})
    invitation = _invitation(facts, who, tuple(inside.values()), copy)
    for right in (
        *(f"pass:{name}" for name in known),
        *([f"invitation:{invitation.invitation_id}"] if invitation else []),
    ):
        inside.update({row.stay_id: row for row in copy.inside_by(right)})
    listed = copy.listed(plate) if plate else None
    groups = {row.group_id for row in (*known.values(), listed, invitation) if row is not None}
    schedules = {row.schedule_id for row in (*known.values(), listed) if row is not None}
    return replace(
        facts,
        listed=listed,
        stay=facts.stay or (copy.stay_of(plate) if plate else None),
        passes=tuple(known.values()),
        invitation=invitation,
        inside=tuple(inside.values()),
        groups=tuple(_uses(copy, groups)),
        schedules=tuple(s for name in sorted(filter(None, schedules)) if (s := copy.schedule(name))),
    )


def plates_held(copy: Questions, shown: Iterable[Credential], at: datetime) -> set[str]:
    """The plates of whoever holds what was held up."""
    return {p.text for one in shown for held in copy.holders_of(one) if held.holds(at) for p in held.plates}


def _own_refs(facts: Facts, who: Identity) -> Iterator[str]:
    if who.plate is not None:
        yield of_plate(who.plate)
    for evidence in facts.credentials:
        yield of_credential(evidence.credential)
    if who.stay is not None:
        yield f"stay:{who.stay.stay_id}"
    if facts.code is not None and facts.code.stay_id is not None:
        yield f"stay:{facts.code.stay_id}"


def _invitation(facts: Facts, who: Identity, inside: tuple[InsideRow, ...], copy: Questions) -> InvitationRow | None:
    """The invitation that the code names, else the one it came in by, else of those that name this plate one that counts here and now."""
    names = [facts.code.invitation_id] if facts.code is not None else []
    names += [
        row.right.removeprefix("invitation:") for row in inside if row.right and row.right.startswith("invitation:")
    ]
    found = next((row for name in filter(None, names) if (row := copy.invitation(name))), None)
    if found is not None or who.plate is None:
        return found
    lot_id = facts.rules.lot_id
    fit = sorted(
        copy.invitations_of(who.plate),
        key=lambda row: (row.holds(facts.now), row.is_for(lot_id), not is_used_up(row)),
        reverse=True,
    )
    return next(iter(fit), None)


def _uses(copy: Questions, group_ids: set[str | None]) -> Iterator[GroupUse]:
    for group_id in sorted(filter(None, group_ids)):
        group = copy.group(group_id)
        if group is not None:
            yield GroupUse(group, copy.count("inside", f"group:{group_id}"))
