"""Who stands there: plate, credentials and code put together into one vehicle, or found to contradict each other.

A plate that is read well enough comes first. A tag alone never outranks it: where they disagree, a person looks, and what he has seen
outranks all. A doubtful read and a credential whose holder's plate it could be are two pieces of evidence, and together enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from parking.access.facts import CodeFor, CredentialEvidence, Facts, ForeignTag
from parking.access.rows import StayRow
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.events import Direction
from parking.kernel.plate import Plate

_TAGS = frozenset({CredentialKind.UHF, CredentialKind.BLUETOOTH, CredentialKind.OBU})
"""What is heard from afar, so perhaps from the next car."""


class KnownBy(StrEnum):
    PLATE = "plate"
    CREDENTIAL = "credential"
    CODE = "code"
    PERSON = "person"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Identity:
    """One vehicle: its plate (None when no read can be trusted), the credential that goes with it, its stay, what contradicts."""

    by: KnownBy
    plate: Plate | None
    credential: Credential | None
    stay: StayRow | None
    mismatch: bool


def identify(facts: Facts) -> Identity:
    """The vehicle that all the evidence speaks of."""
    seen = facts.evidence.plate if facts.evidence and facts.evidence.captured_at >= facts.not_before else None
    taken = [evidence for evidence in facts.credentials if not evidence.refused]
    agreeing = [evidence for evidence in taken if _agrees(facts, evidence, seen)]
    if facts.named is not None:  # what goes with other cars may be in the next one, and its right is not this car's
        own = [evidence for evidence in agreeing if not _is_of_another(facts, evidence, facts.named)]
        return Identity(KnownBy.PERSON, facts.named.plate or seen, _first(own), facts.named, mismatch=False)
    foreign = [
        evidence for evidence in taken if evidence not in agreeing and not _is_next_cars(facts, evidence, agreeing)
    ]
    code_agrees = facts.code is None or _code_agrees(facts, seen)
    mismatch = bool(foreign) or not code_agrees
    if facts.trusted:
        credential = next((e.credential for e in agreeing if _says_something(facts, e)), None)
        stay = None if mismatch else _stay(facts, seen, seen)
        return Identity(KnownBy.PLATE, seen, credential or _first(agreeing), stay, mismatch)
    if facts.code is not None and code_agrees and CredentialKind.CODE in facts.rules.alone and _code_counts(facts):
        named = facts.code.plate  # who shows the code of a plate that nobody saw has shown a code, no plate
        plate = named if named is not None and seen is not None and _may_show(facts, named, seen) else None
        stay = None if mismatch else _stay(facts, plate, seen)
        return Identity(KnownBy.CODE, plate, _code_credential(taken), stay, mismatch)
    if facts.paired is not None and not mismatch:
        if any(_is_of_another(facts, evidence, facts.paired) for evidence in agreeing):
            return Identity(KnownBy.PLATE, facts.paired.plate, None, None, mismatch=True)
        return Identity(KnownBy.PLATE, facts.paired.plate, _first(agreeing), facts.paired, mismatch)
    for evidence in agreeing:
        plate = _confirmed(facts, evidence, seen)
        alone = evidence.credential.kind in facts.rules.alone and _says_something(facts, evidence)
        if plate is not None or alone:
            stay = None if mismatch else _stay(facts, plate, seen)
            return Identity(KnownBy.CREDENTIAL, plate, evidence.credential, stay, mismatch)
    return Identity(KnownBy.NOTHING, None, None, None, mismatch)


def _may_show(facts: Facts, plate: Plate, seen: Plate) -> bool:
    """Whether the pictures may show this plate: what was read looks like it, or something that they leave open does."""
    votes = facts.evidence.votes if facts.evidence is not None else None
    open_still = (Plate(one.text) for one in votes.spellings) if votes is not None and not facts.trusted else ()
    return plate.looks_like(seen) or any(plate.looks_like(one) for one in open_still)


def _expected(facts: Facts, evidence: CredentialEvidence) -> Iterator[Plate]:
    """The plates that a credential goes with: its own word, its holder's cars, the car that came in with it."""
    yield from facts.said_by(evidence)
    for stay in facts.stays_by_credential:
        if evidence.credential in stay.credentials and stay.plate is not None:
            yield stay.plate


def _agrees(facts: Facts, evidence: CredentialEvidence, seen: Plate | None) -> bool:
    expected = list(_expected(facts, evidence))
    if seen is None or not expected:
        return True
    if facts.trusted:
        came = [stay.plate for stay in facts.stays_by_credential if evidence.credential in stay.credentials]
        # the plate may have been misread when it came in: the credential is the second evidence that it is the same car
        paired = facts.paired is not None and evidence.credential in facts.paired.credentials
        return paired or seen in expected or any(plate is not None and plate.looks_like(seen) for plate in came)
    return any(_may_show(facts, plate, seen) for plate in expected)


def _is_of_another(facts: Facts, evidence: CredentialEvidence, stay: StayRow) -> bool:
    """Whether a credential goes with other cars than that of the stay which the pictures speak for: its right is not this car's."""
    if stay.plate is None or evidence.credential in stay.credentials:
        return False
    left_open = {one.text for one in stay.votes.spellings} if stay.votes is not None else set()
    known = {plate.text for plate in facts.said_by(evidence, itself=False)}
    return bool(known) and known.isdisjoint({stay.plate.text, *left_open})


def _is_next_cars(facts: Facts, evidence: CredentialEvidence, agreeing: list[CredentialEvidence]) -> bool:
    """A tag that does not go with this plate is of no account where another one does, or where the lane is told so."""
    if evidence.credential.kind not in _TAGS or not facts.trusted:
        return False
    own = any(e.credential.kind in _TAGS and any(_expected(facts, e)) for e in agreeing)
    return own or facts.rules.foreign_tag is ForeignTag.IGNORE


def _code_agrees(facts: Facts, seen: Plate | None) -> bool:
    code = facts.code
    assert code is not None
    if seen is None:
        return True
    if code.plate is not None and not (
        code.plate == seen or (not facts.trusted and _may_show(facts, code.plate, seen))
    ):
        return False
    if code.stay_id is None or facts.direction is Direction.IN:
        return True
    named = next((stay for stay in facts.stays_by_credential if stay.stay_id == code.stay_id), None)
    if named is None or named.plate is None:
        return not facts.trusted or facts.stay is None or facts.stay.stay_id == code.stay_id
    return _may_show(facts, named.plate, seen)


def _code_counts(facts: Facts) -> bool:
    """Whether a code says who stands here: at an entry an invitation, at an exit whatever names a stay or let somebody in."""
    code = facts.code
    assert code is not None
    if facts.direction is Direction.IN:
        return code.use is CodeFor.INVITATION
    return code.stay_id is not None or code.use is CodeFor.INVITATION


def _stay(facts: Facts, plate: Plate | None, seen: Plate | None) -> StayRow | None:
    """The stay of this vehicle: its plate's, else the one that its code or credential opened."""
    if facts.paired is not None:
        return facts.paired
    if plate is not None and facts.stay is not None and facts.stay.plate == plate and not facts.in_doubt:
        return facts.stay
    if facts.code is not None and facts.code.stay_id is not None:
        named = [stay for stay in facts.stays_by_credential if stay.stay_id == facts.code.stay_id]
        return next(iter(named), None)
    fits = (
        stay
        for stay in facts.stays_by_credential
        if stay.plate is None or seen is None or _may_show(facts, stay.plate, seen)
    )
    return next(fits, None)


def _says_something(facts: Facts, evidence: CredentialEvidence) -> bool:
    """Whether the credential says who this is: its holder is known, or, on the way out, the stay that it opened."""
    if any(h.credential == evidence.credential and h.holds(facts.now) for h in facts.holders):
        return True
    leaving = facts.direction is Direction.OUT
    return leaving and any(evidence.credential in stay.credentials for stay in facts.stays_by_credential)


def _confirmed(facts: Facts, evidence: CredentialEvidence, seen: Plate | None) -> Plate | None:
    """The plate that a doubtful read agrees on with a known credential, or with an on-board unit's own word."""
    if seen is None or not (_says_something(facts, evidence) or evidence.plate is not None):
        return None
    expected = list(_expected(facts, evidence))
    return seen if seen in expected else next((plate for plate in expected if _may_show(facts, plate, seen)), None)


def _first(agreeing: list[CredentialEvidence]) -> Credential | None:
    return agreeing[0].credential if agreeing else None


def _code_credential(taken: list[CredentialEvidence]) -> Credential | None:
    return next((e.credential for e in taken if e.credential.kind is CredentialKind.CODE), None)
