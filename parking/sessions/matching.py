"""Whose stay is it: all that a passage shows against all that may be inside, to one stay, to a question for a person, or to none. Pure.

Every explanation has a cost (natural logarithms, small is likely), that of a car which nobody saw come among them. A stay is touched
only where it explains the passage far better than any other stay and than an unseen car would. A read that is not the stay's own plate
needs a second evidence besides (invariant I13): a credential or a ticket; or odds against an unseen car that no lone
likeness has, only a misreading that the camera is measured to make, of a read that was not sure of itself. What most cars share, a
colour or a class, contradicts and never identifies. The ranked explanations are always given, for whoever has to decide.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from types import MappingProxyType

from parking.kernel.credential import Credential
from parking.kernel.ids import LotId, StayId
from parking.kernel.near_plates import folded, tail
from parking.kernel.votes import UNREAD, WIDEST, Votes
from parking.sessions.costs import Costs

IN_REVIEW, UNPROVEN, UNFOUND, GONE = 2.0, 3.0, 5.0, 16.0
"""To believe that a car is inside although a person was asked about it, nothing proved that it came in, a patrol did not find it, its
plate has come in again since."""
_CREDENTIAL_AGREES, _CREDENTIAL_DIFFERS, _HOLDER_DIFFERS = -12.0, 3.0, 8.0
_NAMED = -12.0
_LOOKS_LIKE_MOST, _KIND_DIFFERS = -0.1, 4.0
"""A colour or a class says little more than the plate's own signs have said."""
_PAID, _PAYS_LATER = -4.0, 6.0
_CLOCKS_APART = timedelta(minutes=2)
"""A payment at the exit itself may look that much later than the passage: the box and the server each have a clock."""
_STILL_PARKED = 8.0
_OTHER_LOT = 6.0
_UNREAD_ENTRY = 3.0
_STANDS_THERE = timedelta(seconds=30)
"""Nobody gets from a bay to an exit in less."""
_OWN_PROOF = frozenset({"credential_agrees", "named"})
"""What speaks for one car alone. A payment does not: it says that a car leaves soon, not which one this is."""
_A_FLEET = 2
"""So many lookalikes inside are no accident: there are more of them."""
_TRIED = 3
"""So many spellings of each side are compared sign by sign; the others count only where both sides have them."""


@dataclass(frozen=True, slots=True)
class PassageEvidence:
    """One passage: what was read, what was held up, in which lot, when.

    `votes` None or empty: nobody read a plate. `named`: the stay that a ticket or a code names. `familiar`: those of
    the spellings that are plates of cars that come here. `typed`: somebody says the plate, no camera. `holders`: those of the spellings
    that are plates of whoever holds what was held up. `unheard`: a gate box is cut off by which cars may have come in that nobody
    knows of yet.
    """

    at: datetime
    votes: Votes | None = None
    credentials: tuple[Credential, ...] = ()
    lot_id: LotId | None = None
    named: StayId | None = None
    familiar: frozenset[str] = frozenset()
    typed: bool = False
    holders: frozenset[str] = frozenset()
    unheard: bool = False


@dataclass(frozen=True, slots=True)
class OpenCandidate:
    """A stay that may be the one: how its car was read when it came, and what has been seen of it since.

    `paid_at`, `paid_until`: it has paid then and may leave till then. `seen_parked_at`: a bay sensor or a patrol saw it stand there.
    `doubt`: what it costs to believe that it is inside at all (`IN_REVIEW`, `UNPROVEN`, `UNFOUND`, `GONE`).
    """

    stay_id: StayId
    entered_at: datetime
    votes: Votes | None = None
    credentials: tuple[Credential, ...] = ()
    lot_id: LotId | None = None
    paid_at: datetime | None = None
    paid_until: datetime | None = None
    seen_parked_at: datetime | None = None
    doubt: float = 0.0


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
    told = evidence.typed or (evidence.votes is not None and len(evidence.votes.spellings) > 1)
    owned = _owned(possible) if told else {}
    explained = (explain(evidence, one, costs, owned) for one in possible)
    ranked = tuple(sorted(explained, key=lambda one: (one.cost, one.stay_id)))
    if not ranked:
        return NoStay((), "nobody_near")
    best = ranked[0]
    to_rival = ranked[1].cost - best.cost if len(ranked) > 1 else math.inf
    to_nobody = _unseen(evidence, possible, costs) - best.cost
    if to_nobody <= -costs.sure_known:
        return NoStay(ranked, "stranger")
    if to_rival < costs.sure_rival:
        return Ambiguous(ranked, "rival")
    if to_nobody < costs.sure_known:
        return Ambiguous(ranked, "stranger")
    proved = best.exact or best.second_evidence
    if not proved and to_nobody - _untold(evidence, best, possible, costs) < costs.sure_lone:
        return Ambiguous(ranked, "no_plate" if _known_signs(evidence.votes) == 0 else "lone_misread")
    return Matched(best.stay_id, best.cost, min(to_rival, to_nobody), best.why, ranked)


def explain(
    evidence: PassageEvidence, candidate: OpenCandidate, costs: Costs, owned: Mapping[str, float] = MappingProxyType({})
) -> Ranked:
    """What it costs to believe that this stay's car made this passage; `owned`: plates that stays have, and how surely."""
    plate, exact = plate_cost(evidence.votes, candidate.votes, costs, owned)
    parts = [
        Reason("one_of_many", costs.someone()),
        Reason("read_as_it_is" if exact else "read_differently", plate),
        *_looks(evidence, candidate, costs),
        *_held_up(evidence, candidate),
        *_whereabouts(evidence, candidate, exact=exact),
    ]
    why = tuple(part for part in parts if part.cost != 0.0 or part.code == "read_as_it_is")
    proved = any(part.code in _OWN_PROOF for part in parts)
    return Ranked(candidate.stay_id, sum(part.cost for part in parts), why, exact, proved)


def _unseen(evidence: PassageEvidence, candidates: Sequence[OpenCandidate], costs: Costs) -> float:
    """What it costs to believe that a car was here whose coming no stay tells: anybody's, one that often comes and was missed today, one
    that turned back and has come since by a box that is cut off, or one more of a fleet, where several are inside that are its twins.
    """
    came = [(one.votes.best, one.doubt) for one in candidates if one.votes is not None]
    proved = {text for text, doubt in came if doubt != UNPROVEN}
    turned_back = {text for text, _ in came} - proved if evidence.unheard else set()
    inside, come_here = {text for text, _ in came} - turned_back, evidence.familiar | turned_back
    spelt = evidence.votes.spellings if evidence.votes is not None else ()
    fleets = Counter(folded(text) for text in inside if text is not None and UNREAD not in text)
    missed = [
        costs.unseen(-s.behind, unheard=evidence.unheard)
        for s in spelt
        if s.text not in inside and (s.text in come_here or fleets[folded(s.text)] >= _A_FLEET)
    ]
    return min([costs.nobody(_known_signs(evidence.votes), unheard=evidence.unheard), *missed])


def plate_cost(
    one: Votes | None,
    two: Votes | None,
    costs: Costs,
    owned: Mapping[str, float] = MappingProxyType({}),
    untold: float = 0.0,
) -> tuple[float, bool]:
    """What it costs that a passage shows the plate of another, and whether a spelling of both is the same.

    The same both ways round where both were read; one that shows no plate says nothing, one that shows a plate where none was read, little.
    A spelling that a stay has only left open costs as much more as it is `owned` by another stay, and so does the thought that a stay's own
    read is wrong and it is that plate: no two cars have one.
    `untold` is how sure a read is taken to be that tells nothing but its best spelling.
    """
    if one is None or not one.spellings:
        return 0.0, False
    if two is None or not two.spellings:
        known = _known_signs(one)
        return _UNREAD_ENTRY + costs.nobody(known) - costs.nobody(0), False
    said = {spelling.text: spelling.behind for spelling in two.spellings}
    both = [
        -(s.behind + said[s.text]) + (owned.get(s.text, 0.0) if s.text != two.best else 0.0)
        for s in one.spellings
        if s.text in said and UNREAD not in s.text
    ]
    told = len(one.spellings) > 1 or len(two.spellings) > 1
    if both and told and (one.best in said or two.best in {s.text for s in one.spellings}):
        return min(*both, WIDEST), True
    another_has_it = owned.get(one.best, 0.0) if one.best is not None and one.best != two.best else 0.0
    sure = costs.sure_read(min(_margin(one, untold), _margin(two, untold) + another_has_it))
    tried = [
        -(a.behind + b.behind) + costs.distance(a.text, b.text) + (0.0 if _is_part(a.text, b.text) else sure)
        for a in one.spellings[:_TRIED]
        for b in two.spellings[:_TRIED]
        if a.text != b.text or UNREAD in a.text
    ]
    alike, other = min(both, default=math.inf), min(tried, default=math.inf)
    return min(alike, other), alike <= other


def _looks(evidence: PassageEvidence, candidate: OpenCandidate, costs: Costs) -> Iterable[Reason]:
    """Ground colour and class: none of them names a car, all of them may contradict."""
    one, two = evidence.votes or Votes(), candidate.votes or Votes()
    if one.colour is not None and two.colour is not None:
        same = one.colour == two.colour
        yield (
            Reason("colour_agrees", _LOOKS_LIKE_MOST)
            if same
            else Reason("colour_differs", costs.colour(one.colour, two.colour))
        )
    if one.kind is not None and two.kind is not None:
        same = one.kind == two.kind
        yield Reason("class_agrees", _LOOKS_LIKE_MOST) if same else Reason("class_differs", _KIND_DIFFERS)


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
        if agree:
            return
    if evidence.holders and candidate.votes is not None:
        left_open = {one.text for one in candidate.votes.spellings}
        if left_open and evidence.holders.isdisjoint(left_open):
            yield Reason("holder_differs", _HOLDER_DIFFERS)


def _whereabouts(evidence: PassageEvidence, candidate: OpenCandidate, *, exact: bool) -> Iterable[Reason]:
    """Time and place: who has paid leaves soon, and whoever has left hardly pays later; who has been here for months may be a ghost,
    who is seen parked is not at the exit. Whose own plate it is may pay later: his exit was told late, his phone had him inside.
    """
    days = max(0.0, (evidence.at - candidate.entered_at) / timedelta(days=1))
    yield Reason("long_inside", math.log1p(days))
    yield Reason("doubted", candidate.doubt)
    if candidate.paid_at is not None and candidate.paid_at > evidence.at + _CLOCKS_APART:
        yield Reason("paid_later", 0.0 if exact else _PAYS_LATER)
    elif candidate.paid_until is not None and candidate.paid_until >= evidence.at:
        yield Reason("has_paid", _PAID)
    if candidate.seen_parked_at is not None and candidate.seen_parked_at >= evidence.at - _STANDS_THERE:
        yield Reason("still_parked", _STILL_PARKED)
    if evidence.lot_id is not None and candidate.lot_id is not None and evidence.lot_id != candidate.lot_id:
        yield Reason("other_lot", _OTHER_LOT)


def _owned(candidates: Iterable[OpenCandidate]) -> dict[str, float]:
    """The plates by which stays are inside, each with how sure its read was of it."""
    owned: dict[str, float] = {}
    for one in candidates:
        if one.votes is not None and one.votes.best is not None and one.doubt == 0.0:
            owned[one.votes.best] = max(_margin(one.votes), owned.get(one.votes.best, 0.0))
    return owned


def _margin(votes: Votes, untold: float = 0.0) -> float:
    """How far the best spelling is ahead of the next; `untold` where nothing but the best was told."""
    return -votes.spellings[1].behind if len(votes.spellings) > 1 else untold


def _untold(evidence: PassageEvidence, best: Ranked, candidates: Iterable[OpenCandidate], costs: Costs) -> float:
    """How much more a misread costs where no read has told of its doubts: a lone read may have been a sure one."""
    mine = next(one for one in candidates if one.stay_id == best.stay_id)
    sure, unsure = (plate_cost(evidence.votes, mine.votes, costs, untold=untold)[0] for untold in (WIDEST, 0.0))
    return sure - unsure


@lru_cache(maxsize=8_192)
def _is_part(one: str, two: str) -> bool:
    """Whether two texts differ only in what one of them has not read: how sure it is says nothing of that."""
    a, b = tail(one), tail(two)
    if len(a) != len(b) or any(x != y and UNREAD not in (x, y) for x, y in zip(a, b, strict=True)):
        return False
    return len(one) != len(two) or one[0] == two[0] or UNREAD in (one[0], two[0])


def _known_signs(votes: Votes | None) -> int:
    """How many signs behind the province the best spelling has."""
    best = votes.best if votes is not None else None
    return sum(sign != UNREAD for sign in tail(best)) if best is not None else 0
