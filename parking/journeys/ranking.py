"""Which stays a case may be about, likeliest first: the same thinking as at the exit, by the costs in force, shown with its reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from parking.journeys import pairing
from parking.kernel.ids import VisitId
from parking.kernel.plate import Plate
from parking.kernel.votes import Votes
from parking.sessions import store, visits
from parking.sessions.costs import Costs
from parking.sessions.desk.model import Candidate, Choice, Ranked
from parking.sessions.desk.queue import question_of
from parking.sessions.desk.service import Find, Rank
from parking.sessions.matching import Match, OpenCandidate, PassageEvidence, match
from parking.sessions.model import GhostStay, LaneVisit, ReviewCase

SHOWN = 5
LOOKED_AT = 300
"""Where few are near, so many of those that came last are weighed as well."""
CostsInForce = Callable[[Connection], tuple[Costs, str]]
"""The prices and the name of the lessons in them."""
RankAtLane = Callable[[Connection, LaneVisit, datetime, Plate | None], Ranked]
"""The stays that a waiting vehicle may be in, by what was read and, where there is one, the plate that somebody types."""


def ranker(costs: CostsInForce) -> Rank:
    """What the desk asks for candidates."""

    def rank(conn: Connection, case: ReviewCase, typed: Plate | None = None) -> Ranked:
        prices, version = costs(conn)
        row = visits.unmatched(conn, VisitId(case.visit_id)) if case.visit_id is not None else None
        if row is None or Choice.MATCH not in question_of(case.reason).choices:
            return Ranked(costs=version)
        evidence = _typed(pairing.unmatched_evidence(row), typed)
        known = (*pairing.given_away(conn, evidence), *pairing.candidates(conn, evidence))
        inside = [one for one in _enough(conn, evidence, known) if one.stay_id != case.stay_id]
        return Ranked(_shown(match(evidence, inside, prices, row.exited_at)), row.plate, version, row.awaits)

    return rank


def ranker_at_lane(costs: CostsInForce) -> RankAtLane:
    """What a lane's panel asks for of a vehicle that waits at an exit."""

    def rank(conn: Connection, here: LaneVisit, at: datetime, typed: Plate | None) -> Ranked:
        prices, version = costs(conn)
        evidence = _typed(PassageEvidence(at, pairing.votes_of(here.plate, here.votes)), typed)
        near = pairing.candidates(conn, evidence)
        # by one that is held to have gone nobody can leave: who opens by hand settles it
        known = [one for one in near if not isinstance(store.get(conn, one.stay_id), GhostStay)]
        return Ranked(_shown(match(evidence, _enough(conn, evidence, known), prices, at)), here.plate, version)

    return rank


def _typed(evidence: PassageEvidence, plate: Plate | None) -> PassageEvidence:
    if plate is None:
        return evidence
    return replace(evidence, votes=(evidence.votes or Votes()).led_by(plate.text), typed=True)


def _enough(conn: Connection, evidence: PassageEvidence, known: Iterable[OpenCandidate]) -> list[OpenCandidate]:
    """With those that came last, where few are near: their pictures may show what no plate tells."""
    near = {one.stay_id: one for one in known}
    if len(near) < SHOWN:
        near = {one.stay_id: one for one in pairing.newest_inside(conn, evidence, LOOKED_AT)} | near
    return list(near.values())


def finder(costs: CostsInForce) -> Find:
    """What the desk asks for the stays inside that a plate may mean."""

    def find(conn: Connection, plate: Plate, at: datetime) -> Ranked:
        prices, version = costs(conn)
        evidence = PassageEvidence(at, Votes.lone(plate.text), typed=True)
        return Ranked(_shown(match(evidence, pairing.candidates(conn, evidence), prices, at)), plate, version)

    return find


def _shown(found: Match) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(one.stay_id, one.cost, tuple((why.code, why.cost) for why in one.why)) for one in found.ranked[:SHOWN]
    )
