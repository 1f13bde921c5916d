"""Facts in, one answer out. Whether a vehicle enters or leaves, online or cut off, this is the only place that says yes."""

from __future__ import annotations

from dataclasses import dataclass

from parking.access.facts import AntiPassback, CodeFor, Facts
from parking.access.identity import KnownBy
from parking.access.policies import ENTRY_RULES, EXIT_RULES, PAY_LATER, goes_free, inside_since
from parking.access.rights import Case, case_of
from parking.kernel.credential import Credential
from parking.kernel.decision import Allowed, Decision, Refused
from parking.kernel.events import Direction
from parking.kernel.ids import StayId
from parking.kernel.money import Money
from parking.kernel.plate import Plate

_DRIVERS_TURN = frozenset({"payment_due", "no_plate", "doubtful_read", "site_full", "rights_only", "pass_in_use"})
"""What a driver can mend alone (pay, come closer, show a code, turn round); any other refusal calls a person."""

NAMED = "named_by_person"
"""The remark that a person has said whose car this is."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The decision, the stay it is about (at an exit) and what is owed, when that is the reason or is promised.

    `right` is what a yes rests on (`pass:p7`); `remarks` are codes of what is let pass and wants looking at; `plate` is the plate
    that the evidence agrees on; `calls_person`: this refusal is never the last word, somebody helps.
    """

    decision: Decision
    stay_id: StayId | None
    due: Money | None
    credential: Credential | None = None  # the one that the decision rests on
    code_id: str | None = None  # the single-use code that is used up when the lane opens
    right: str | None = None
    remarks: tuple[str, ...] = ()
    plate: Plate | None = None
    calls_person: bool = False
    limit: Money | None = None
    """What this vehicle may owe at most, when it is let out with `due` unpaid."""

    @property
    def allowed(self) -> bool:
        return isinstance(self.decision, Allowed)


def decide(facts: Facts) -> Answer:
    """The answer of the first rule that refuses, else of the last one."""
    case = case_of(facts)
    entering = facts.direction is Direction.IN
    decision: Decision = Refused("no_rule", "no_rule")  # an empty tuple of rules opens nothing
    for rule in ENTRY_RULES if entering else EXIT_RULES:
        decision = rule(case)
        if isinstance(decision, Refused):
            break
    stay = case.who.stay
    owed = isinstance(decision, Refused) and decision.reason == "payment_due"
    promises = isinstance(decision, Allowed) and decision.rule == PAY_LATER
    allowed = isinstance(decision, Allowed)
    right = (case.right if entering else goes_free(case)) if allowed else None
    return Answer(
        decision=decision,
        stay_id=_stay_id(case),
        due=stay.due(facts.now) if stay and (owed or promises) else None,
        credential=case.who.credential,
        code_id=_code_used_up(case, decision) if allowed else None,
        right=right.name if right is not None else None,
        remarks=((NAMED,) if facts.named is not None else ()) + (_remarks(case) if allowed else ()),
        plate=case.who.plate,
        calls_person=isinstance(decision, Refused) and decision.reason not in _DRIVERS_TURN,
        limit=Money(stay.credit_minor, stay.currency) if stay and promises else None,
    )


def _stay_id(case: Case) -> StayId | None:
    """The stay that this vehicle is in: from the copy of stays, else from where it is inside, else from its code."""
    if case.who.by is KnownBy.NOTHING or case.who.mismatch:
        return None
    if case.who.stay is not None:
        return case.who.stay.stay_id
    if case.inside is not None and not case.facts.in_doubt:
        return case.inside.stay_id
    code = case.facts.code
    return code.stay_id if code is not None else None


def _code_used_up(case: Case, decision: Decision) -> str | None:
    """The code that this yes rests on; an invitation's is used at the entry, the way out it only says who this is."""
    code = case.facts.code
    if code is None or code.used:
        return None
    if case.facts.direction is Direction.IN:
        invited = case.right is not None and case.right.rule == "invitation"
        return code.code_id if code.use is CodeFor.INVITATION and invited else None
    if code.use is CodeFor.EXIT and decision.rule == "exit_code":
        return code.code_id
    return code.code_id if code.use is CodeFor.TICKET and case.who.by is KnownBy.CODE else None


def _remarks(case: Case) -> tuple[str, ...]:
    """What nobody refused and somebody should know of."""
    facts = case.facts
    remarks: list[str] = []
    if facts.direction is Direction.IN:
        if facts.rules.anti_passback in (AntiPassback.SOFT, AntiPassback.TIMED) and inside_since(case) is not None:
            remarks.append("anti_passback")
        if case.right is None:
            remarks += [str(s.why_not) for s in case.standings if s.why_not and not s.name.startswith("list:")]
    elif facts.rules.anti_passback is not AntiPassback.OFF and facts.credentials and case.inside is None:
        remarks.append("left_without_entering")
    return tuple(remarks)
