"""Whose stay a passage belongs to, asked of the books: its evidence put together, stays near to it found by key, the judgement pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from parking.access.claims import plates_held
from parking.access.service import credentials_of, stays_by_credential
from parking.access.store import ServersCopy
from parking.kernel.codec import parse_time
from parking.kernel.credential import Credential
from parking.kernel.events import VehiclePassed
from parking.kernel.ids import LotId, StayId
from parking.kernel.plate import Plate
from parking.kernel.votes import UNREAD, Votes
from parking.sessions import corrections, finding, store
from parking.sessions.costs import Costs
from parking.sessions.matching import (
    GONE,
    IN_REVIEW,
    UNFOUND,
    UNPROVEN,
    Match,
    Matched,
    OpenCandidate,
    PassageEvidence,
    match,
)

CostsOf = Callable[[Connection], Costs]
"""The costs in force: what the recogniser was measured to confuse, and what people have taught since."""
_DOUBTS: Mapping[str, float] = {"review": IN_REVIEW, "doubtful": UNPROVEN, "closed": UNFOUND}
_NOT_FOUND, _CAME_AGAIN = "not_found_by_patrol", "missed_exit_later_entry"


def votes_of(plate: Plate | None, votes: Votes | None) -> Votes | None:
    """What a passage's pictures leave open; an old box tells the plate alone."""
    if votes is None or not votes.spellings:
        return Votes.lone(plate.text) if plate is not None else None
    if plate is None or plate.text == votes.best:
        return votes
    known = [(one.text, one.behind) for one in votes.spellings if one.text != plate.text]
    return Votes.of(
        [(plate.text, 0.0), *known], votes.colour, votes.kind
    )  # the lane's word stands: a tag has confirmed it


def evidence_of(event: VehiclePassed, at: datetime) -> PassageEvidence:
    """What a proven passage shows. A stay that the lane names counts where a ticket, a tag or a person named it, or nobody read a plate."""
    by_more = event.credential is not None or event.plate is None or event.named_by is not None
    return PassageEvidence(
        at=at,
        votes=votes_of(event.plate, event.votes),
        credentials=(event.credential,) if event.credential is not None else (),
        lot_id=event.lot_id,
        named=event.stay_id if by_more else None,
    )


def unmatched_evidence(row: Row[Any]) -> PassageEvidence:
    """The same of an exit that was kept because no stay explained it."""
    return PassageEvidence(
        at=row.exited_at,
        votes=votes_of(row.plate, Votes.parse(row.votes) if row.votes else None),
        credentials=(Credential.from_ref(row.credential),) if row.credential else (),
        lot_id=LotId(row.lot_id) if row.lot_id else None,
        named=StayId(row.named) if row.named else None,
    )


def candidates(conn: Connection, evidence: PassageEvidence, also: tuple[StayId, ...] = ()) -> list[OpenCandidate]:
    """The stays that may explain a passage: near by plate, opened by a credential, or named."""
    texts = [one.text for one in evidence.votes.spellings] if evidence.votes is not None else []
    named = {*also, *([evidence.named] if evidence.named is not None else [])}
    for credential in evidence.credentials:
        named.update(stays_by_credential(conn, credential))
    found = [_candidate(conn, row, evidence) for row in finding.near(conn, texts, named)]
    # The lane that names a stay saw it come, whatever its clock says now.
    return [replace(one, entered_at=min(one.entered_at, evidence.at)) if one.stay_id in also else one for one in found]


def given_away(conn: Connection, evidence: PassageEvidence) -> list[OpenCandidate]:
    """Stays of a plate that this passage may show which people gave to other exits: they may have erred, and see it now."""
    texts = {one.text for one in evidence.votes.spellings if UNREAD not in one.text} if evidence.votes else set()
    found = []
    for stay_id in finding.closed_around(conn, texts, evidence.at) if texts else ():
        if corrections.given_by_person(conn, stay_id) is not None:
            row = store.row_of(conn, stay_id)
            assert row is not None
            found.append(_candidate(conn, row, evidence))
    return found


def newest_inside(conn: Connection, evidence: PassageEvidence, most: int) -> list[OpenCandidate]:
    """The stays that began last, however unlike their plates: for a person to choose from where nothing near is known."""
    return [_candidate(conn, row, evidence) for row in finding.newest_open(conn, most)]


def whose(conn: Connection, evidence: PassageEvidence, costs: Costs, now: datetime, *also: StayId) -> Match:
    """The stay that a passage belongs to, as the books are now; where it is not its plate to the letter, what else comes here counts, and
    so does what a person has given to another exit: he may have erred, and this is its own car.
    """
    if evidence.credentials and evidence.votes is not None:
        held = plates_held(ServersCopy(conn), evidence.credentials, evidence.at)
        evidence = replace(evidence, holders=frozenset(held.intersection(one.text for one in evidence.votes.spellings)))
    inside = candidates(conn, evidence, also)
    found = match(evidence, inside, costs, now)
    if isinstance(found, Matched) and not found.ranked[0].exact and evidence.votes is not None:
        spelt = [one.text for one in evidence.votes.spellings if UNREAD not in one.text]
        familiar, given = finding.familiar(conn, spelt), given_away(conn, evidence)
        if familiar or given:
            return match(replace(evidence, familiar=familiar), [*inside, *given], costs, now)
    return found


def stay_of_plate(conn: Connection, plate: Plate, costs: Costs, now: datetime) -> StayId | None:
    """The open stay of whoever types this plate: recorded so, or so left open by the entry's own pictures; never a guess.

    Left open is not enough where a stay recorded so has ended today: then it was that car's, whoever ended it, and this is its lookalike's.
    """
    found = whose(conn, PassageEvidence(now, Votes.lone(plate.text), typed=True), costs, now)
    if not isinstance(found, Matched) or not found.ranked[0].exact:
        return None
    known = store.row_of(conn, found.stay_id)
    left_open = known is None or known.plate != plate
    return None if left_open and finding.closed_around(conn, [plate.text], now) else found.stay_id


def _candidate(conn: Connection, row: Row[Any], evidence: PassageEvidence) -> OpenCandidate:
    known = OpenCandidate(
        stay_id=StayId(row.id),
        entered_at=row.entered_at,
        votes=votes_of(row.plate, Votes.parse(row.votes) if row.votes else None),
        lot_id=LotId(row.lot_id) if row.lot_id else None,
        paid_at=row.priced_at,
        paid_until=row.leave_by,
        seen_parked_at=row.seen_at,
        doubt=_ghost(conn, StayId(row.id), evidence.at) if row.state == "ghost" else _DOUBTS.get(row.state, 0.0),
    )
    return replace(known, credentials=credentials_of(conn, known.stay_id)) if evidence.credentials else known


def _ghost(conn: Connection, stay_id: StayId, at: datetime) -> float:
    """A patrol overlooks a car now and then; whose plate has come in again has either left before, or is another car's too.

    That it came again says nothing against an exit before: it is the one that was missed.
    """
    standing = corrections.standing(conn, stay_id)
    if standing is None:
        return GONE
    came_again = standing.evidence.get("at")
    if came_again is not None and at < parse_time(came_again):
        return 0.0 if standing.rule == _CAME_AGAIN else UNFOUND
    return UNFOUND if standing.rule == _NOT_FOUND else GONE
