"""Which stays a case may be about, likeliest first: the same thinking as at the exit, by the costs in force, shown with its reasons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.kernel.ids import LaneId, StayId, VisitId
from parking.kernel.plate import Plate
from parking.kernel.votes import Votes
from parking.sessions import store
from parking.sessions.costs import Costs
from parking.sessions.desk.model import Candidate, Choice, Ranked
from parking.sessions.desk.queue import question_of
from parking.sessions.desk.service import Rank
from parking.sessions.matching import Match, Matched, OpenCandidate, PassageEvidence, match
from parking.sessions.model import ClosedStay, OpenStay, ReviewCase, Stay

SHOWN = 5
LOOKED_AT = 5_000
"""So many stays are weighed at most; a mall with more inside ranks the newest."""
CostsInForce = Callable[[Connection], tuple[Costs, str]]
"""The prices and the name of the lessons in them."""


def ranker(costs: CostsInForce) -> Rank:
    """What the desk asks for candidates."""

    def rank(conn: Connection, case: ReviewCase) -> Ranked:
        prices, version = costs(conn)
        passage = _passage(conn, case)
        if passage is None or Choice.MATCH not in question_of(case.reason).choices:
            return Ranked(costs=version)
        at, lane_id, plate = passage
        evidence = PassageEvidence(at, lane_id, Votes.lone(plate.text) if plate else None)
        inside = [_candidate(one) for one in _inside(conn) if one.id != case.stay_id]
        found = match(evidence, inside, prices, at)
        return Ranked(_shown(found), plate, version)

    return rank


def _passage(conn: Connection, case: ReviewCase) -> tuple[datetime, LaneId, Plate | None] | None:
    """The exit that the question is about."""
    if case.visit_id is None:
        return None
    t = store.unmatched_exit
    row = conn.execute(sa.select(t).where(t.c.visit_id == VisitId(case.visit_id))).one_or_none()
    return (row.exited_at, LaneId(row.lane_id), row.plate) if row is not None else None


def _inside(conn: Connection) -> Sequence[Stay]:
    return [*store.page(conn, "open", "", LOOKED_AT), *store.page(conn, "review", "", LOOKED_AT)]


def _candidate(stay: Stay) -> OpenCandidate:
    assert not isinstance(stay, ClosedStay)
    votes = Votes.lone(stay.plate.text) if stay.plate else None
    paid_until = stay.leave_by if isinstance(stay, OpenStay) else None
    return OpenCandidate(StayId(stay.id), stay.entered_at, votes, paid_until=paid_until)


def _shown(found: Match) -> tuple[Candidate, ...]:
    ranked = found.ranked if not isinstance(found, Matched) or found.ranked else ()
    return tuple(
        Candidate(one.stay_id, one.cost, tuple((why.code, why.cost) for why in one.why)) for one in ranked[:SHOWN]
    )
