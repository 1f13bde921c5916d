"""Facts in, one answer out. Whether a vehicle enters or leaves, online or cut off, this is the only place that says yes."""

from __future__ import annotations

from dataclasses import dataclass

from parking.access.facts import Facts
from parking.access.policies import ENTRY_RULES, EXIT_RULES
from parking.kernel.credential import Credential
from parking.kernel.decision import Allowed, Decision, Refused
from parking.kernel.events import Direction
from parking.kernel.ids import StayId
from parking.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Answer:
    """The decision, the stay it is about (at an exit) and what is owed, when that is the reason."""

    decision: Decision
    stay_id: StayId | None
    due: Money | None
    credential: Credential | None = None  # the one that the decision rests on
    code_id: str | None = None  # the single-use code that is used up when the lane opens

    @property
    def allowed(self) -> bool:
        return isinstance(self.decision, Allowed)


def decide(facts: Facts) -> Answer:
    """The answer of the first rule that refuses, else of the last one."""
    decision: Decision = Refused("no_rule", "no_rule")  # an empty tuple of rules opens nothing
    for rule in ENTRY_RULES if facts.direction is Direction.IN else EXIT_RULES:
        decision = rule(facts)
        if isinstance(decision, Refused):
            break
    stay = facts.stay if facts.trusted else None
    owed = stay is not None and isinstance(decision, Refused) and decision.reason == "payment_due"
    return Answer(decision, stay.stay_id if stay else None, stay.due(facts.now) if stay and owed else None)
