"""Which stays a case may be about, likeliest first: the same thinking as at the exit, by the costs in force, shown with its reasons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from parking.journeys import pairing
from parking.kernel.ids import VisitId
from parking.kernel.plate import Plate
from parking.kernel.votes import Votes
from parking.sessions import visits
from parking.sessions.costs import Costs
from parking.sessions.desk.model import Candidate, Choice, Ranked
from parking.sessions.desk.queue import question_of
from parking.sessions.desk.service import Find, Rank
from parking.sessions.matching import Match, PassageEvidence, match
from parking.sessions.model import ReviewCase

SHOWN = 5
LOOKED_AT = 300
"""Where few are near, so many of those that came last are weighed as well."""
CostsInForce = Callable[[Connection], tuple[Costs, str]]
"""The prices and the name of the lessons in them."""


def ranker(costs: CostsInForce) -> Rank:
    """What the desk asks for candidates."""

    def rank(conn: Connection, case: ReviewCase, typed: Plate | None = None) -> Ranked:
        prices, version = costs(conn)
        row = visits.unmatched(conn, VisitId(case.visit_id)) if case.visit_id is not None else None
        if row is None or Choice.MATCH not in question_of(case.reason).choices:
            return Ranked(costs=version)
        evidence = pairing.unmatched_evidence(row)
        if typed is not None:
            evidence = replace(evidence, votes=(evidence.votes or Votes()).led_by(typed.text), typed=True)
        known = (*pairing.given_away(conn, evidence), *pairing.candidates(conn, evidence))
        near = {one.stay_id: one for one in known}
        if len(near) < SHOWN:
            near = {one.stay_id: one for one in pairing.newest_inside(conn, evidence, LOOKED_AT)} | near
        inside = [one for one in near.values() if one.stay_id != case.stay_id]
        return Ranked(_shown(match(evidence, inside, prices, row.exited_at)), row.plate, version, row.awaits)

    return rank


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
