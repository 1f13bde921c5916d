"""From the lane's copy to the facts of one vehicle, and from the answer to the event that tells it."""

from __future__ import annotations

from datetime import datetime

from parking.access.decide import Answer
from parking.access.facts import Facts
from parking.gate.model import LaneConfig
from parking.gate.ports import Copy
from parking.gate.visit import Visit
from parking.kernel.decision import Refused
from parking.kernel.events import LaneDecided


def gather(visit: Visit, config: LaneConfig, copy: Copy, now: datetime, now_s: float) -> Facts | None:
    """Everything the rules may know; None while a better read may still come."""
    plate = visit.evidence.plate if visit.evidence and visit.trusts(config.rules) else None
    waited_s = now_s - visit.reading_since_s
    if plate is None and waited_s < config.rules.read_deadline_s:
        return None
    return Facts(
        now=now,
        lane_id=config.lane_id,
        direction=config.direction,
        rules=config.rules,
        not_before=visit.not_before,
        waited_s=waited_s,
        evidence=visit.evidence,
        listed=copy.listed(plate) if plate else None,
        stay=copy.stay_of(plate) if plate else None,
        free=copy.free(),
        opened_before=visit.opened > 0,
    )


def told(visit: Visit, facts: Facts, answer: Answer) -> LaneDecided:
    """The answer as an event; a doubtful plate is told only with a refusal, for the person who helps."""
    seen = facts.evidence
    return LaneDecided(
        lane_id=facts.lane_id,
        visit_id=visit.id,
        direction=facts.direction,
        plate=seen.plate if seen and (facts.trusted or not answer.allowed) else None,
        confidence=seen.confidence if seen else 0.0,
        frames=seen.frames if seen else 0,
        allowed=answer.allowed,
        rule=answer.decision.rule,
        reason=answer.decision.reason if isinstance(answer.decision, Refused) else "",
        stay_id=visit.stay(facts.direction) if answer.allowed else answer.stay_id,
        due=answer.due,
    )
