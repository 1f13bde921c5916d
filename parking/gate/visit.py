"""One vehicle's presence at one lane: what was read, what was answered, whether it may pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from parking.access.decide import Answer
from parking.access.facts import LaneRules, PlateEvidence, is_trusted
from parking.gate.credentials.base import Presented
from parking.kernel.codec import from_plain, parse_time, to_plain
from parking.kernel.credential import Credential
from parking.kernel.errors import ParkingError
from parking.kernel.events import Direction
from parking.kernel.ids import StayId, VisitId
from parking.kernel.plate import Plate
from parking.kernel.votes import Votes


@dataclass(slots=True)
class Visit:
    """`by` is who let it pass: `rule`, `policy` or `operator:<id>`; `opened` counts the pulses given for it.

    `presented` is each credential that belongs to this vehicle, as it was last seen, in the order in which they came.
    """

    id: VisitId
    not_before: datetime
    reading_since_s: float
    evidence: PlateEvidence | None = None
    presented_from_s: float = 0.0
    """A credential last seen before this (monotonic seconds) is another vehicle's."""
    presented: tuple[Presented, ...] = ()
    answer: Answer | None = None
    authorised: bool = False
    by: str = "rule"
    reason: str = ""
    opened: int = 0
    plate: Plate | None = None
    confidence: float = 0.0
    votes: Votes | None = None
    """What the read that counts leaves open."""
    stay_id: StayId | None = None
    credential: Credential | None = None
    right: str | None = None
    code_used: str | None = None
    """The single-use code that it has used up: for this visit, and for no other, it still counts."""
    named: StayId | None = None
    """Whose car it is, by the word of an operator (`named_by`) who has seen the pictures."""
    named_by: str | None = None
    promised: StayId | None = None
    """The stay for which it was let out with a promise to pay later: promised once, however often the boom is opened."""

    @classmethod
    def arrive(
        cls, visit_id: VisitId, now: datetime, now_s: float, rules: LaneRules, *, credential_lead_s: float = 0.0
    ) -> Visit:
        """A vehicle that has just come onto the loop; a frame, or a reader, from shortly before may show it already."""
        not_before = now - timedelta(seconds=rules.evidence_lead_s)
        return cls(visit_id, not_before, now_s, presented_from_s=now_s - credential_lead_s)

    def read_again(self, now: datetime, now_s: float) -> None:
        """Forget what was read and answered: a fresh frame must confirm it."""
        self.evidence, self.answer, self.authorised = None, None, False
        self.plate, self.confidence, self.votes, self.stay_id = None, 0.0, None, None
        self.presented, self.presented_from_s = (), now_s
        self.credential, self.right = None, None
        self.named, self.named_by = None, None
        self.not_before, self.reading_since_s = now, now_s

    def clock_was_set(self, by: timedelta) -> None:
        """The time of day is another one now: what counts from a moment on, or was seen at one, does so in the new time."""
        self.not_before += by
        if self.evidence is not None:
            self.evidence = replace(self.evidence, captured_at=self.evidence.captured_at + by)

    def hold_up(self, presented: tuple[Presented, ...]) -> bool:
        """Take what belongs to it; whether anything is new but the time at which it was last seen."""
        before, self.presented = self.presented, presented
        return [_said(seen) for seen in before] != [_said(seen) for seen in presented]

    def take(self, evidence: PlateEvidence, rules: LaneRules) -> bool:
        """Keep the evidence when it is no worse than what is there; whether anything changed."""
        if evidence == self.evidence or evidence.captured_at < self.not_before:
            return False
        trusted = is_trusted(evidence, rules, self.not_before)
        if self.trusts(rules) and not trusted:
            return False
        self.evidence = evidence
        if trusted and (self.plate is None or not self.authorised):
            self.plate, self.confidence = evidence.plate, evidence.confidence
        if self.plate is None or trusted:
            self.votes = evidence.votes
        return True

    def trusts(self, rules: LaneRules) -> bool:
        return self.evidence is not None and is_trusted(self.evidence, rules, self.not_before)

    def answered(self, answer: Answer) -> bool:
        """Take the rules' answer; whether it is another one than before."""
        news, self.answer = answer != self.answer, answer
        self.authorised, self.by, self.reason = answer.allowed, "rule", answer.decision.rule
        self.stay_id, self.credential, self.right = answer.stay_id, answer.credential, answer.right
        if answer.allowed and answer.plate is not None and self.named is None:
            self.plate = answer.plate
            if answer.credential is not None:
                self._led_by(answer.plate)
        return news

    def _led_by(self, plate: Plate) -> None:
        """A credential may know better which of the spellings it is than the camera, which has another one first."""
        if self.votes is not None and plate.text in [one.text for one in self.votes.spellings[1:]]:
            self.votes = self.votes.led_by(plate.text)

    def stay(self, direction: Direction) -> StayId | None:
        """The stay that its passage opens or leaves; the visit that enters gives its id to the stay."""
        return StayId(self.id) if direction is Direction.IN else self.stay_id


def _said(seen: Presented) -> tuple[object, ...]:
    """What a reader said of a credential, but for when."""
    return seen.credential, seen.plate, seen.proven, seen.code, seen.refused


def to_record(visit: Visit) -> dict[str, Any]:
    """What must outlive a power cut: enough to finish a passage that was allowed."""
    names: tuple[str, ...] = (
        "id",
        "not_before",
        "authorised",
        "by",
        "reason",
        "opened",
        "plate",
        "confidence",
        "stay_id",
    )
    names += ("credential", "right", "code_used", "promised", "votes", "named_by")
    return {name: to_plain(getattr(visit, name)) for name in names}


def from_record(record: Mapping[str, Any]) -> Visit | None:
    """The visit of `to_record`; None for anything that another version of this program wrote."""
    try:
        return Visit(
            id=VisitId(record["id"]),
            not_before=parse_time(record["not_before"]),
            reading_since_s=0.0,
            authorised=record["authorised"] is True,
            by=str(record["by"]),
            reason=str(record["reason"]),
            opened=int(record["opened"]),
            plate=Plate.parse(record["plate"]) if record["plate"] else None,
            confidence=float(record["confidence"]),
            stay_id=StayId(record["stay_id"]) if record["stay_id"] else None,
            credential=from_plain(Credential, record["credential"]) if record.get("credential") else None,
            right=str(record["right"]) if record.get("right") else None,
            code_used=str(record["code_used"]) if record.get("code_used") else None,
            promised=StayId(record["promised"]) if record.get("promised") else None,
            votes=Votes.parse(record["votes"]) if record.get("votes") else None,
            named_by=str(record["named_by"]) if record.get("named_by") else None,
        )
    except (KeyError, TypeError, ValueError, ParkingError):
        return None
