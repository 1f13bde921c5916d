"""Everything that a decision at a lane may know, in one frozen record. A rule looks nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from parking.access.rows import (
    GroupRow,
    HolderRow,
    InsideRow,
    InvitationRow,
    ListRow,
    LotRow,
    PassRow,
    ScheduleRow,
    StayRow,
)
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.events import Direction
from parking.kernel.ids import LaneId, LotId, StayId, ZoneId
from parking.kernel.plate import Plate
from parking.kernel.votes import Votes


@dataclass(frozen=True, slots=True)
class PlateEvidence:
    """What the camera made of one vehicle: evidence, not a fact.

    `confidence` 0-1; `margin` log-probability between the best and the second-best spelling; `agreeing` of `frames` frames
    say the same; `captured_at` is the newest frame's time (UTC); `votes` are all the spellings that the frames leave open.
    """

    plate: Plate | None
    confidence: float
    margin: float
    agreeing: int
    frames: int
    captured_at: datetime
    votes: Votes | None = None


@dataclass(frozen=True, slots=True)
class CredentialEvidence:
    """A card, tag, on-board unit or code that was held up here: evidence beside the plate, never above it.

    `plate` is what the credential itself says of its car (an on-board unit); `proven`: it proved itself by cryptography;
    `refused`: why its reader would not take it, a stable code, empty when it did.
    """

    credential: Credential
    read_at: datetime
    plate: Plate | None = None
    proven: bool = False
    refused: str = ""


class CodeFor(StrEnum):
    """What a code is for: leave (it is paid), come in as somebody's visitor, or the paper ticket of a stay."""

    EXIT = "exit"
    INVITATION = "invitation"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True)
class CodeEvidence:
    """What a genuine code says, in time and bound to this place; `used` when it has done its work before."""

    code_id: str
    use: CodeFor
    stay_id: StayId | None = None
    invitation_id: str | None = None
    plate: Plate | None = None
    used: bool = False


CONTESTED = 4.6
"""A spelling no further behind (log-probability) is the plate where a credential says so: of such reads one in a hundred is wrong, and
a car without a tag before a tagged one whose plate is as near as that is rarer by far."""


class AntiPassback(StrEnum):
    """What becomes of a vehicle or a credential that comes in while it is inside: nothing, a case, help, help for some minutes."""

    OFF = "off"
    SOFT = "soft"
    HARD = "hard"
    TIMED = "timed"


class ForeignTag(StrEnum):
    """What a tag heard beside a plate that is not its holder's is: a case for a person, or the next car's, of no account."""

    HELP = "help"
    IGNORE = "ignore"


class NoPlate(StrEnum):
    """What an entry does with a vehicle whose plate nobody can read."""

    ADMIT = "admit"
    HELP = "help"


class SecondEntry(StrEnum):
    """What an entry does with a plate that is inside already: let it in and have a person look, or ask first."""

    ADMIT = "admit"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class LaneRules:
    """How strict one lane is. Margins are log-probabilities, times are seconds."""

    min_confidence: float = 0.5
    min_margin: float = 2.0
    min_agreeing: int = 2
    read_deadline_s: float = 4.0
    evidence_lead_s: float = 3.0
    """A frame may be this much older than the vehicle's arrival on the loop, never more: it would show the car before."""
    no_plate: NoPlate = NoPlate.HELP
    second_entry: SecondEntry = SecondEntry.ADMIT
    zone_id: ZoneId | None = None
    lot_id: LotId | None = None
    """The lot that an entry leads into and an exit out of; None: the site is one lot."""
    outer_lot_id: LotId | None = None
    """The lot on the lane's other side; None: the street."""
    anti_passback: AntiPassback = AntiPassback.OFF
    anti_passback_minutes: float = 30.0
    """How long the timed kind holds after the last passage."""
    alone: frozenset[CredentialKind] = frozenset({CredentialKind.CARD, CredentialKind.CODE})
    """What opens for a vehicle whose plate nobody can read; every other credential only beside a plate."""
    foreign_tag: ForeignTag = ForeignTag.HELP


@dataclass(frozen=True, slots=True)
class GroupUse:
    """A group of holders and how many of its vehicles are inside."""

    group: GroupRow
    inside: int


@dataclass(frozen=True, slots=True)
class Facts:
    """One vehicle in front of one lane, now."""

    now: datetime
    lane_id: LaneId
    direction: Direction
    rules: LaneRules
    not_before: datetime
    """Frames older than this may show the vehicle before."""
    waited_s: float
    evidence: PlateEvidence | None
    listed: ListRow | None
    stay: StayRow | None
    free: int | None
    """Free bays of the whole site; None when nobody vouches for the count."""
    opened_before: bool = False
    """The lane has already opened for this very visit."""
    credentials: tuple[CredentialEvidence, ...] = ()
    holders: tuple[HolderRow, ...] = ()
    """Whose those credentials are."""
    code: CodeEvidence | None = None
    """The newest code that its reader took."""
    stays_by_credential: tuple[StayRow, ...] = ()
    """Stays that were opened by one of the credentials, or that the code names."""
    passes: tuple[PassRow, ...] = ()
    """Passes of the plate and of the holders."""
    invitation: InvitationRow | None = None
    inside: tuple[InsideRow, ...] = ()
    """Whatever is inside by this plate, these credentials, these passes, this invitation."""
    lot: LotRow | None = None
    groups: tuple[GroupUse, ...] = ()
    schedules: tuple[ScheduleRow, ...] = ()
    paired: StayRow | None = None
    """At an exit: the stay that explains all that was seen far better than any other."""
    named: StayRow | None = None
    """At an exit: the stay whose car this is by the word of a person, who has seen the pictures."""
    in_doubt: tuple[StayRow, ...] = ()
    """At an exit: the stays that it may be, where no one of them is far likelier than the rest."""

    @property
    def trusted(self) -> bool:
        """Whether the read alone says who this is: strong enough, and no credential speaks for what it leaves open."""
        read = self.evidence
        return read is not None and is_trusted(read, self.rules, self.not_before) and not self._is_contested(read)

    def said_by(self, evidence: CredentialEvidence, *, itself: bool = True) -> Iterator[Plate]:
        """The plates that a credential goes with as its holder's cars, and by its own word (but for `itself` False, unless proven)."""
        if evidence.plate is not None and (itself or evidence.proven):
            yield evidence.plate
        for holder in self.holders:
            if holder.credential == evidence.credential and holder.holds(self.now):
                yield from holder.plates

    def _is_contested(self, read: PlateEvidence) -> bool:
        """A misread, far more likely than the tag of a lookalike that is near: the best spelling is not its plate, a close one is."""
        if not self.credentials or read.votes is None:
            return False
        said = {plate for one in self.credentials if not one.refused for plate in self.said_by(one, itself=False)}
        close = (Plate(one.text) for one in read.votes.spellings if one.behind >= -CONTESTED)
        return read.plate not in said and not said.isdisjoint(close)


def is_trusted(evidence: PlateEvidence, rules: LaneRules, not_before: datetime) -> bool:
    """Whether a read is strong enough, and fresh enough, to act on: enough frames agree, and no other spelling is near."""
    return (
        evidence.plate is not None
        and evidence.captured_at >= not_before
        and evidence.confidence >= rules.min_confidence
        and evidence.margin >= rules.min_margin
        and evidence.agreeing >= rules.min_agreeing
    )
