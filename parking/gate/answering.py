"""From the lane's copy to the facts of one vehicle, and from the answer to the event that tells it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from parking.access.claims import with_rights
from parking.access.decide import Answer
from parking.access.facts import CodeEvidence, CodeFor, CredentialEvidence, Facts
from parking.access.identity import identify
from parking.access.rows import StayRow
from parking.gate.credentials.base import Presented
from parking.gate.model import LaneConfig
from parking.gate.pairing import Paired, pair
from parking.gate.ports import Copy
from parking.gate.visit import Visit
from parking.kernel.decision import Refused
from parking.kernel.events import Direction, ExitPromised, LaneDecided
from parking.sessions.costs import Costs


def gather(
    visit: Visit,
    config: LaneConfig,
    copy: Copy,
    now: datetime,
    now_s: float,
    costs: Costs | None = None,
    *,
    unheard: bool = False,
) -> Facts | None:
    """Everything the rules may know; None while a better read may still come.

    `unheard`: another box may have let in a vehicle that is not in our copy.
    """
    trusted = visit.trusts(config.rules)
    waited_s = now_s - visit.reading_since_s
    named = copy.stay(visit.named) if visit.named is not None else None
    if not trusted and named is None and waited_s < config.rules.read_deadline_s:
        return None
    evidence = tuple(map(_evidence, visit.presented))
    code = _code(visit, copy)
    plate = visit.evidence.plate if visit.evidence and trusted else None
    by_credential = _stays(copy, evidence, code)
    paired = _paired(visit, config, copy, now, evidence, by_credential, costs or Costs(), unheard=unheard)
    facts = Facts(
        now=now,
        lane_id=config.lane_id,
        direction=config.direction,
        rules=config.rules,
        not_before=visit.not_before,
        waited_s=waited_s,
        evidence=visit.evidence,
        listed=None,
        stay=paired.stay or (copy.stay_of(plate) if plate else None),
        free=copy.free(),
        opened_before=visit.opened > 0,
        credentials=evidence,
        holders=tuple(holder for e in evidence for holder in copy.holders_of(e.credential)),
        code=code,
        stays_by_credential=by_credential,
        paired=paired.stay,
        in_doubt=paired.in_doubt,
        named=named,
        lot=copy.lot(config.rules.lot_id) if config.rules.lot_id else None,
    )
    return with_rights(facts, identify(facts), copy)


def _paired(
    visit: Visit,
    config: LaneConfig,
    copy: Copy,
    now: datetime,
    evidence: tuple[CredentialEvidence, ...],
    by_credential: tuple[StayRow, ...],
    costs: Costs,
    *,
    unheard: bool,
) -> Paired:
    """Whose stay stands here, at a lane where stays end."""
    seen = visit.evidence if visit.evidence is not None and visit.evidence.captured_at >= visit.not_before else None
    if config.direction is Direction.IN or config.rules.outer_lot_id is not None:
        return Paired()
    return pair(
        seen,
        evidence,
        by_credential,
        copy=copy,
        rules=config.rules,
        trusted=visit.trusts(config.rules),
        costs=costs,
        now=now,
        unheard=unheard,
    )


def _evidence(presented: Presented) -> CredentialEvidence:
    return CredentialEvidence(
        presented.credential, presented.read_at, presented.plate, presented.proven, presented.refused
    )


def _code(visit: Visit, copy: Copy) -> CodeEvidence | None:
    """The newest code of this visit; one that this very visit has used up is not used for it."""
    code = next((p.code for p in reversed(visit.presented) if p.code is not None and not p.refused), None)
    if code is None:
        return None
    used = visit.code_used != code.code_id and copy.used(code.code_id)
    return CodeEvidence(code.code_id, CodeFor(code.use.value), code.stay_id, code.invitation_id, code.plate, used)


def _stays(copy: Copy, evidence: tuple[CredentialEvidence, ...], code: CodeEvidence | None) -> tuple[StayRow, ...]:
    found = {stay.stay_id: stay for e in evidence for stay in copy.stays_by_credential(e.credential)}
    named = copy.stay(code.stay_id) if code is not None and code.stay_id is not None else None
    return tuple({**found, named.stay_id: named}.values()) if named is not None else tuple(found.values())


def told(visit: Visit, facts: Facts, answer: Answer) -> LaneDecided:
    """The answer as an event; a doubtful plate is told with a refusal, for the person who helps, and at an entry where all agree on it."""
    seen = facts.evidence
    agreed = answer.plate if answer.allowed and facts.direction is Direction.IN else None
    return LaneDecided(
        lane_id=facts.lane_id,
        visit_id=visit.id,
        direction=facts.direction,
        plate=seen.plate if seen and (facts.trusted or not answer.allowed) else agreed,
        confidence=seen.confidence if seen else 0.0,
        frames=seen.frames if seen else 0,
        allowed=answer.allowed,
        rule=answer.decision.rule,
        reason=answer.decision.reason if isinstance(answer.decision, Refused) else "",
        stay_id=visit.stay(facts.direction) if answer.allowed else answer.stay_id,
        due=answer.due,
        credential=answer.credential,
        right=answer.right,
        remarks=answer.remarks,
        votes=seen.votes if seen else None,
    )


def promised(visit: Visit, config: LaneConfig, new_id: Callable[[], str]) -> ExitPromised | None:
    """The debt under which a rule lets this vehicle out, told once for each stay; None when it owes nothing or pays otherwise."""
    answer = visit.answer
    if visit.by != "rule" or answer is None or answer.stay_id is None or answer.stay_id == visit.promised:
        return None
    if answer.due is None or answer.limit is None:
        return None
    return ExitPromised(config.lane_id, visit.id, answer.stay_id, answer.due, answer.limit, new_id())
