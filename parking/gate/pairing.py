"""Whose stay stands at this exit: the same judgement as on the server, from the lane's own copy, online or not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from parking.access.claims import plates_held
from parking.access.facts import CredentialEvidence, LaneRules, PlateEvidence
from parking.access.rows import StayRow
from parking.gate.ports import Copy
from parking.kernel.near_plates import sought
from parking.kernel.votes import Votes
from parking.sessions.costs import Costs
from parking.sessions.matching import UNPROVEN, Ambiguous, Matched, OpenCandidate, PassageEvidence, match

_SOUGHT = 2
"""So many spellings are looked for; the others count where a stay has them."""


@dataclass(frozen=True, slots=True)
class Paired:
    """The stay, or those that it may be; neither where nobody near has come in."""

    stay: StayRow | None = None
    in_doubt: tuple[StayRow, ...] = ()


def pair(
    seen: PlateEvidence | None,
    credentials: Iterable[CredentialEvidence],
    by_credential: Iterable[StayRow],
    *,
    copy: Copy,
    rules: LaneRules,
    trusted: bool,
    costs: Costs,
    now: datetime,
    unheard: bool = False,
) -> Paired:
    """Judge one vehicle at an exit by what was read and held up; `unheard`: another box may have let it in without our knowing."""
    votes = _votes(seen, rules, trusted=trusted)
    if seen is None or seen.plate is None or votes is None:
        return Paired()
    rows = {row.stay_id: row for row in copy.stays_near(sought(one.text for one in votes.spellings[:_SOUGHT]))}
    rows |= {row.stay_id: row for row in by_credential}
    shown = tuple(evidence.credential for evidence in credentials if not evidence.refused)
    read = {one.text for one in votes.spellings}
    held = read & plates_held(copy, shown, now)
    passage = PassageEvidence(now, votes, shown, holders=frozenset(held), unheard=unheard)
    found = match(passage, [_candidate(row, now) for row in rows.values()], costs, now)
    if isinstance(found, Matched):
        return Paired(rows[found.stay_id])
    if isinstance(found, Ambiguous):
        near = [one for one in found.ranked if one.cost - found.ranked[0].cost < costs.sure_rival]
        return Paired(in_doubt=tuple(rows[one.stay_id] for one in near))
    return Paired()


def _votes(seen: PlateEvidence | None, rules: LaneRules, *, trusted: bool) -> Votes | None:
    """What may be judged by: enough frames have to agree, as for any read; of a doubtful one, only what it leaves open."""
    if seen is None or seen.plate is None or seen.agreeing < rules.min_agreeing:
        return None
    return seen.votes or (Votes.lone(seen.plate.text) if trusted else None)


def _candidate(row: StayRow, now: datetime) -> OpenCandidate:
    """A stay of the copy has begun, whatever the clock of the box that saw it begin says."""
    votes = row.votes or (Votes.lone(row.plate.text) if row.plate is not None else None)
    doubt = UNPROVEN if row.doubtful else 0.0
    came = min(row.entered_at, now)
    return OpenCandidate(row.stay_id, came, votes, row.credentials, paid_until=row.paid_until, doubt=doubt)
