"""Whose stay is it: all that a passage shows against all that may be inside, to one stay, to a question for a person, or to none. Pure.

Every explanation has a cost (natural logarithms, small is likely), that of a car which nobody saw come among them. A stay is touched
only where it explains the passage far better than any other stay and than a stranger would; a read that is not the stay's own plate
needs a second evidence besides (invariant I13). The ranked explanations are always given, for whoever has to decide.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from parking.kernel.credential import Credential
from parking.kernel.ids import LaneId, LotId, StayId
from parking.kernel.near_plates import tail
from parking.kernel.votes import UNREAD, WIDEST, Votes
from parking.sessions.costs import Costs

IN_REVIEW, UNPROVEN, GONE = 2.0, 3.0, 10.0
_CREDENTIAL_AGREES, _CREDENTIAL_DIFFERS = -12.0, 3.0
_NAMED = -12.0
_LOOKS_AGREE, _LOOKS_DIFFER = -3.0, 3.0
_SAME_LOOK, _OTHER_LOOK = 8, 26
"""Bits by which the fingerprints of two pictures of one car differ at most, and of two cars at least."""
_COLOUR_AGREES, _KIND_AGREES, _KIND_DIFFERS = -0.7, -0.3, 4.0
_PAID = -4.0
_STILL_PARKED = 8.0
_OTHER_LOT = 6.0
_UNREAD_ENTRY = 3.0
_TRIED = 3
"""So many spellings of each side are compared sign by sign; the others count only where both sides have them."""


@dataclass(frozen=True, slots=True)
class PassageEvidence:
    """One passage: what was read, what was held up, where, when.

    `votes` None or empty: nobody read a plate. `named`: the stay that a ticket or a code names. `fingerprint`: 64 bits of a picture,
    where the site allows them.
    """

    at: datetime
    lane_id: LaneId
    votes: Votes | None = None
    credentials: tuple[Credential, ...] = ()
    lot_id: LotId | None = None
    named: StayId | None = None
    fingerprint: int | None = None


@dataclass(frozen=True, slots=True)
class OpenCandidate:
    """A stay that may be the one: how its car was read when it came, and what has been seen of it since.

    `paid_until`: it has paid and may leave till then. `seen_parked_at`: a bay sensor or a patrol saw it stand there.
    `doubt`: what it costs to believe that it is inside at all (`IN_REVIEW`, `UNPROVEN`, `GONE`).
    """

    stay_id: StayId
    entered_at: datetime
    votes: Votes | None = None
    credentials: tuple[Credential, ...] = ()
    lot_id: LotId | None = None
    paid_until: datetime | None = None
    seen_parked_at: datetime | None = None
    doubt: float = 0.0
    fingerprint: int | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of a cost, as a stable code; a negative one speaks for it."""

    code: str
    cost: float


@dataclass(frozen=True, slots=True)
class Ranked:
    """One stay as an explanation: what it costs in all and why; `second_evidence`: something besides the plate speaks for it."""

    stay_id: StayId
    cost: float
    why: tuple[Reason, ...]
    exact: bool
    second_evidence: bool


@dataclass(frozen=True, slots=True)
class Matched:
    """It is this stay: `margin` is by how much the next best explanation is worse."""

    stay_id: StayId
    cost: float
    margin: float
    why: tuple[Reason, ...]
    ranked: tuple[Ranked, ...] = ()


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """More than one explanation is likely; `why` is a stable code: rival, stranger, lone_misread or no_plate."""

    ranked: tuple[Ranked, ...]
    why: str


@dataclass(frozen=True, slots=True)
class NoStay:
    """It is most likely none of them: nobody saw it come."""

    ranked: tuple[Ranked, ...]
    why: str


Match = Matched | Ambiguous | NoStay


def match(evidence: PassageEvidence, candidates: Sequence[OpenCandidate], costs: Costs, now: datetime) -> Match:
    """The stay that a passage belongs to, as known at `now`; the order of the candidates is of no account."""
    possible = [one for one in candidates if one.entered_at <= evidence.at <= now + timedelta(hours=1)]
    ranked = tuple(sorted((explain(evidence, one, costs) for one in possible), key=lambda one: (one.cost, one.stay_id)))
    if not ranked:
        return NoStay((), "nobody_near")
    best = ranked[0]
    nobody = costs.nobody(_known_signs(evidence.votes))
    to_rival = ranked[1].cost - best.cost if len(ranked) > 1 else math.inf
    to_nobody = nobody - best.cost
    if to_nobody <= -costs.sure_known:
        return NoStay(ranked, "stranger")
    if to_rival < costs.sure_rival:
        return Ambiguous(ranked, "rival")
    if to_nobody < costs.sure_known:
        return Ambiguous(ranked, "stranger")
    if not best.exact and not best.second_evidence:
        return Ambiguous(ranked, "no_plate" if _known_signs(evidence.votes) == 0 else "lone_misread")
    return Matched(best.stay_id, best.cost, min(to_rival, to_nobody), best.why, ranked)


def explain(evidence: PassageEvidence, candidate: OpenCandidate, costs: Costs) -> Ranked:
    """What it costs to believe that this stay's car made this passage."""
    plate, exact = plate_cost(evidence.votes, candidate.votes, costs)
    parts = [
        Reason("one_of_many", costs.someone()),
        Reason("read_as_it_is" if exact else "read_differently", plate),
        *_looks(evidence, candidate, costs),
        *_held_up(evidence, candidate),
        *_whereabouts(evidence, candidate),
    ]
    why = tuple(part for part in parts if part.cost != 0.0 or part.code == "read_as_it_is")
    speaks = {"credential_agrees", "named", "looks_agree", "colour_agrees", "has_paid"}
    return Ranked(
        candidate.stay_id,
        sum(part.cost for part in parts),
        why,
        exact,
        any(part.code in speaks for part in parts),
    )


def plate_cost(one: Votes | None, two: Votes | None, costs: Costs) -> tuple[float, bool]:
    """What it costs that a passage shows the plate of another, and whether a spelling of both is the same.

    The same both ways round where both were read; one that shows no plate says nothing, one that shows a plate where none was read, little.
    """
    if one is None or not one.spellings:
        return 0.0, False
    if two is None or not two.spellings:
        known = _known_signs(one)
        return _UNREAD_ENTRY + costs.nobody(known) - costs.nobody(0), False
    said = {spelling.text: spelling.behind for spelling in two.spellings}
    both = [-(s.behind + said[s.text]) for s in one.spellings if s.text in said and UNREAD not in s.text]
    if both and (one.best in said or two.best in {s.text for s in one.spellings}):
        return min(*both, WIDEST), True
    tried = [
        (-(a.behind + b.behind) + distance(a.text, b.text, costs))
        for a in one.spellings[:_TRIED]
        for b in two.spellings[:_TRIED]
    ]
    return min([*tried, *both]), bool(both) and min(both) <= min(tried)


def distance(one: str, two: str, costs: Costs) -> float:
    """The cheapest way from one text to the other: signs taken for others, missed, or one too many; the same both ways round."""
    if len(one) == len(two):
        straight = sum(costs.other(a, b) for a, b in zip(one, two, strict=True))
        if straight < WIDEST:
            return straight
    row = [0.0]
    for place, b in enumerate(two):
        row.append(row[-1] + costs.gap(b, first=place == 0))
    for i, a in enumerate(one):
        gap = costs.gap(a, first=i == 0)
        before, row = row, [row[0] + gap]
        for j, b in enumerate(two):
            swapped = before[j] + costs.other(a, b)
            row.append(min(swapped, before[j + 1] + gap, row[j] + costs.gap(b, first=j == 0)))
    return row[-1]


def _looks(evidence: PassageEvidence, candidate: OpenCandidate, costs: Costs) -> Iterable[Reason]:
    """Ground colour, class and picture: none of them names a car, all of them may contradict."""
    one, two = evidence.votes or Votes(), candidate.votes or Votes()
    if one.colour is not None and two.colour is not None:
        same = one.colour == two.colour
        yield (
            Reason("colour_agrees", _COLOUR_AGREES)
            if same
            else Reason("colour_differs", costs.colour(one.colour, two.colour))
        )
    if one.kind is not None and two.kind is not None:
        same = one.kind == two.kind
        yield Reason("class_agrees", _KIND_AGREES) if same else Reason("class_differs", _KIND_DIFFERS)
    if evidence.fingerprint is not None and candidate.fingerprint is not None:
        apart = (evidence.fingerprint ^ candidate.fingerprint).bit_count()
        if apart <= _SAME_LOOK:
            yield Reason("looks_agree", _LOOKS_AGREE)
        elif apart >= _OTHER_LOOK:
            yield Reason("looks_differ", _LOOKS_DIFFER)


def _held_up(evidence: PassageEvidence, candidate: OpenCandidate) -> Iterable[Reason]:
    if evidence.named is not None and evidence.named == candidate.stay_id:
        yield Reason("named", _NAMED)
    if evidence.credentials and candidate.credentials:
        agree = any(credential in candidate.credentials for credential in evidence.credentials)
        yield (
            Reason("credential_agrees", _CREDENTIAL_AGREES)
            if agree
            else Reason("credential_differs", _CREDENTIAL_DIFFERS)
        )


def _whereabouts(evidence: PassageEvidence, candidate: OpenCandidate) -> Iterable[Reason]:
    """Time and place: who has paid leaves soon, who has been here for months may be a ghost, who is seen parked is not at the exit."""
    days = max(0.0, (evidence.at - candidate.entered_at) / timedelta(days=1))
    yield Reason("long_inside", math.log1p(days))
    yield Reason("doubted", candidate.doubt)
    if candidate.paid_until is not None and candidate.paid_until >= evidence.at:
        yield Reason("has_paid", _PAID)
    if candidate.seen_parked_at is not None and candidate.seen_parked_at >= evidence.at:
        yield Reason("still_parked", _STILL_PARKED)
    if evidence.lot_id is not None and candidate.lot_id is not None and evidence.lot_id != candidate.lot_id:
        yield Reason("other_lot", _OTHER_LOT)


def _known_signs(votes: Votes | None) -> int:
    """How many signs behind the province the best spelling has."""
    best = votes.best if votes is not None else None
    return sum(sign != UNREAD for sign in tail(best)) if best is not None else 0
