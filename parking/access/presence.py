"""Who is inside, by which right: what one event at a lane changes in the copy, at once and without asking the server.

A right is settled at the passage, in the order of the journal: whoever drives in first has the pass's bay, the next one is a
visitor. A lane's yes keeps the place until the vehicle is through, so that two lanes cannot give the same bay away.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from parking.access.queries import Queries
from parking.access.refs import of_credential, of_plate
from parking.access.rows import Fact, InsideRow, InvitationRow, PassRow, UsedCodeRow
from parking.kernel.credential import Credential
from parking.kernel.events import CodeUsed, Direction, Event, LaneDecided, VehicleBackedAway, VehiclePassed
from parking.kernel.ids import LotId, StayId
from parking.kernel.plate import Plate

CLAIM = timedelta(minutes=5)
"""How long a yes keeps a place; a lane asks afresh long before."""
CODE_LIFE = timedelta(days=31)
"""The longest life of a code: after it, a used one is refused for its age."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A row that is no more."""

    kind: str
    key: str


def after(event: Event, at: datetime, copy: Queries) -> tuple[Fact | Gone, ...]:
    """The rows that `event`, which happened at `at`, puts into this box's copy or takes out of it."""
    if isinstance(event, LaneDecided):
        return tuple(_decided(event, at, copy))
    if isinstance(event, VehiclePassed):
        return tuple(_passed(event, at, copy))
    if isinstance(event, VehicleBackedAway):
        return tuple(_claim_given_up(StayId(event.visit_id), copy))
    if isinstance(event, CodeUsed):
        return (UsedCodeRow(event.code_id, event.lane_id, at, at + CODE_LIFE),)
    return ()


def merged(own: Fact | Gone, theirs: Fact | None) -> Fact | None:
    """What holds when this box and the server both have a word on one row.

    A stay that left here does not come back; of two words on where a vehicle is, the later passage holds, and at the same one
    the server's; entries of an invitation only grow. Once the server has taken out a row that it had, it is out (the caller's to see).
    """
    if isinstance(own, Gone):
        return None
    if isinstance(own, InsideRow) and isinstance(theirs, InsideRow):
        return own if _told(own) > _told(theirs) else theirs
    if isinstance(own, InvitationRow) and isinstance(theirs, InvitationRow):
        return replace(theirs, used=max(own.used, theirs.used))
    return own if theirs is None else theirs


def is_followed(own: Fact, theirs: Fact) -> bool:
    """Whether the server's word on a row knows all that this box's own word says."""
    if isinstance(own, InsideRow) and isinstance(theirs, InsideRow):
        return _told(theirs) >= _told(own)
    if isinstance(own, InvitationRow) and isinstance(theirs, InvitationRow):
        return theirs.used >= own.used
    return True


def _told(row: InsideRow) -> tuple[datetime, bool]:
    return row.since, row.claimed_until is None  # a passage says more than the yes before it


def is_same(row: InsideRow, plate: Plate | None, credential: Credential | None) -> bool:
    """Whether a row is this very vehicle's: by its plate, or, where nobody read that, by its credential."""
    if plate is not None and row.plate is not None:
        return row.plate == plate
    return credential is not None and credential in row.credentials


def holds_bay(held: PassRow, row: InsideRow, at: datetime, plate: Plate | None, credential: Credential | None) -> bool:
    """Whether a row on this pass is another vehicle's that takes up one of its bays at `at`."""
    return row.counts(at) and held.is_for(row.lot_id) and not is_same(row, plate, credential)


def has_bay(copy: Queries, right: str, at: datetime, plate: Plate | None, credential: Credential | None) -> bool:
    """Whether a pass has a bay left for this vehicle as it drives in, whoever else has been promised one.

    Any other right is no matter of bays.
    """
    held = copy.pass_by_id(right.removeprefix("pass:")) if right.startswith("pass:") else None
    if held is None:
        return True
    inside = (row for row in copy.inside_by(right) if row.claimed_until is None)
    return sum(holds_bay(held, row, at, plate, credential) for row in inside) < held.bays


def found_inside(
    copy: Queries, stay_id: StayId | None, plate: Plate | None, credential: Credential | None
) -> InsideRow | None:
    """The row of a vehicle: by its stay, else by its plate, else by the credential that opened the stay; the newest first."""
    refs = [f"stay:{stay_id}" if stay_id else "", of_plate(plate) if plate else ""]
    refs.append(of_credential(credential) if credential else "")
    for ref in filter(None, refs):
        rows = [row for row in copy.inside_by(ref) if row.claimed_until is None]
        if ref.startswith("cred:") and plate is not None:
            rows = [row for row in rows if row.plate in (None, plate)]  # one card may bring in several cars
        if rows:
            return max(rows, key=lambda row: (row.since, row.stay_id))
    return None


def _decided(event: LaneDecided, at: datetime, copy: Queries) -> Iterator[Fact | Gone]:
    """The lane's last word counts: a yes by a right keeps the place, any other word gives up what an earlier one kept."""
    key = StayId(event.visit_id)
    if event.direction is Direction.OUT or not event.allowed or event.right is None:
        yield from _claim_given_up(key, copy)
    elif all(row.claimed_until is not None for row in copy.inside_by(f"stay:{key}")):
        row = _row(copy, key, at, event.plate, event.credential, event.right)
        yield replace(row, claimed_until=at + CLAIM)


def _passed(event: VehiclePassed, at: datetime, copy: Queries) -> Iterator[Fact | Gone]:
    by_sight = event.named_by is not None  # a person has said whose car it is: what was read is then another's
    seen = (None, None) if by_sight else (event.plate, event.credential)
    found = found_inside(copy, event.stay_id, *seen)
    if event.direction is Direction.OUT:
        if found is not None and event.outer_lot_id is None:
            yield Gone("inside", found.stay_id)
        elif found is not None:
            yield replace(found, since=at, lot_id=event.outer_lot_id)
        return
    right = event.right if event.authorised else None
    if right is not None and not has_bay(copy, right, at, event.plate, event.credential):
        right = None
    if event.outer_lot_id is not None and found is not None:
        yield from _claim_given_up(StayId(event.visit_id), copy)
        yield replace(found, since=at, lot_id=event.lot_id, right=found.right or right)
        return
    key = event.stay_id or StayId(event.visit_id)
    if found is not None and found.stay_id != key and is_same(found, event.plate, event.credential):
        yield Gone("inside", found.stay_id)  # it has left unseen: nobody is inside twice
    known = right or event.lot_id or event.credential or (event.plate and copy.passes_of(event.plate))
    if not known or key != StayId(event.visit_id):
        yield from _claim_given_up(StayId(event.visit_id), copy)
    if known:
        yield replace(_row(copy, key, at, event.plate, event.credential, right), lot_id=event.lot_id)
    if found is None or found.stay_id != key:  # else this very passage has been counted before
        yield from _entry_counted(copy, right)


def named(
    copy: Queries,
    stay_id: StayId,
    row: InsideRow | None,
    plate: Plate | None,
    came_at: datetime,
    right: str | None,
    lot_id: LotId | None,
) -> Iterator[Fact | Gone]:
    """The row of a vehicle whose plate is made known while it is inside: by that plate, and by the right that goes with it."""
    credential = next(iter(row.credentials), None) if row is not None else None
    lot_id = row.lot_id if row is not None else lot_id
    if right or lot_id or credential or (plate is not None and copy.passes_of(plate)):
        since = row.since if row is not None else came_at
        yield replace(_row(copy, stay_id, since, plate, credential, right), lot_id=lot_id)
    elif row is not None:
        yield Gone("inside", stay_id)


def _entry_counted(copy: Queries, right: str | None) -> Iterator[InvitationRow]:
    kind, _, name = (right or "").partition(":")
    invited = copy.invitation(name) if kind == "invitation" else None
    if invited is not None:
        yield replace(invited, used=invited.used + 1)


def _claim_given_up(key: StayId, copy: Queries) -> Iterator[Gone]:
    if any(row.claimed_until is not None for row in copy.inside_by(f"stay:{key}")):
        yield Gone("inside", key)


def _row(
    copy: Queries, key: StayId, at: datetime, plate: Plate | None, credential: Credential | None, right: str | None
) -> InsideRow:
    credentials = () if credential is None else (credential,)
    holder_id = group_id = None
    kind, _, name = (right or "").partition(":")
    if kind == "pass" and (held := copy.pass_by_id(name)):
        holder_id, group_id = held.holder_id, held.group_id
    elif kind == "invitation" and (invited := copy.invitation(name)):
        holder_id, group_id = invited.host_id, invited.group_id
    elif kind == "list" and plate is not None and (entry := copy.listed(plate)):
        group_id = entry.group_id
    elif credential is not None and (holder := next(iter(copy.holders_of(credential)), None)):
        holder_id, group_id = holder.holder_id, holder.group_id
    return InsideRow(key, at, plate, credentials, right, holder_id, group_id)
