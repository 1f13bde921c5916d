"""The rows of a lane's copy: whatever a lane may know of stays, rights and places, one frozen record per kind.

Plates and credentials are personal data; their `repr` is masked, and so is a row's.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from operator import attrgetter

from parking.kernel.credential import Credential
from parking.kernel.errors import ParkingError
from parking.kernel.ids import LaneId, LotId, StayId, VisitId, ZoneId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from parking.kernel.votes import Votes


class ListedAs(StrEnum):
    """What is said about a plate: always welcome, never, works here, or an honoured guest."""

    ALLOW = "allow"
    BLOCK = "block"
    STAFF = "staff"
    VIP = "vip"


class CommandAction(StrEnum):
    OPEN = "open"
    ANSWER = "answer"  # a person has taken the lane's call (`reason` is its id): it does not open by policy any more
    EMERGENCY = "emergency"  # held open like on fire, until a person ends it; good for as long as the emergency stands
    END_EMERGENCY = "end_emergency"
    HOLD_OPEN = "hold_open"  # a person has the lane stand open, say for a crowd that leaves
    MANUAL = "manual"  # a person has taken the lane: it opens for nobody by itself
    RELEASE = "release"  # ends either
    NAME = "name"  # a person has seen whose car stands at this exit: it leaves by the rules, as that stay
    UNKNOWN = "unknown"  # what a newer server orders: a box lets it run out, and follows the rest


class SecondCar(StrEnum):
    """What becomes of a pass's next car while all its bays are taken: an ordinary visitor, or not let in."""

    VISITOR = "visitor"
    REFUSE = "refuse"


class Day(StrEnum):
    """A day of the week, or a holiday (which no day of the week is, while it lasts)."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"
    HOLIDAY = "holiday"


@dataclass(frozen=True, slots=True)
class PriceStep:
    """What the whole stay costs for whoever leaves before `until`, in minor units."""

    until: datetime
    minor: int


_until = attrgetter("until")


@dataclass(frozen=True, slots=True)
class StayRow:
    """An open stay as the lane knows it; `prices` ascend, the last one is the horizon beyond which nobody prices here.

    `plate` is None for a vehicle whose plate nobody read; `credentials` are those that opened the stay. Up to `credit_minor` it may
    leave first and pay later: that much is set aside for this stay alone, so that no two lanes ever give the same credit twice.
    """

    stay_id: StayId
    plate: Plate | None
    entered_at: datetime
    paid_until: datetime | None
    currency: str
    prices: Sequence[PriceStep]
    paid_minor: int
    credit_minor: int
    credentials: tuple[Credential, ...] = ()
    votes: Votes | None = None
    """What the pictures of its entry left open."""
    doubtful: bool = False
    """Nothing has proved that it came in; at an exit its car is the proof."""

    def due(self, at: datetime) -> Money | None:
        """What is still owed by whoever leaves at `at`; None when the price list does not reach that far, or can be read no more."""
        try:
            position = bisect_right(self.prices, at, key=_until)
            if position == len(self.prices):
                return None
            return Money(max(0, self.prices[position].minor - self.paid_minor), self.currency)
        except (ParkingError, ValueError):  # it was understood when it came: a disk has garbled it since
            return None


@dataclass(frozen=True, slots=True)
class ListRow:
    """A plate on a list, for ever or between two times; on the staff and VIP lists perhaps only in a schedule's hours."""

    plate: Plate
    listed_as: ListedAs
    note: str
    valid_from: datetime | None
    valid_until: datetime | None
    schedule_id: str | None = None
    group_id: str | None = None

    def holds(self, at: datetime) -> bool:
        return within(at, self.valid_from, self.valid_until)


@dataclass(frozen=True, slots=True)
class ZoneRow:
    zone_id: ZoneId
    free: int
    capacity: int


@dataclass(frozen=True, slots=True)
class LotRow:
    """A lot that lanes lead into; `outer_lot_id` is the lot around it (None: the street), `free` None is not vouched for.

    `rights_only`: nobody comes in without a pass, an invitation or a place on a list.
    """

    lot_id: LotId
    outer_lot_id: LotId | None
    capacity: int
    free: int | None
    rights_only: bool = False


@dataclass(frozen=True, slots=True)
class CommandRow:
    """An order of a person to one lane, good once and until `expires_at`."""

    command_id: str
    lane_id: LaneId
    action: CommandAction
    actor: str
    reason: str
    expires_at: datetime
    visit_id: VisitId | None = None  # the vehicle that is meant, and no other one; None: whoever stands there
    stay_id: StayId | None = None  # whose car it is, where a person says so


@dataclass(frozen=True, slots=True)
class PassRow:
    """A pass: `bays` of its `plates` may be inside at once on it. `lots` empty: every lot; `schedule_id` None: at any hour."""

    pass_id: str
    holder_id: str
    plates: tuple[Plate, ...]
    bays: int
    valid_from: datetime | None
    valid_until: datetime | None
    lots: tuple[LotId, ...] = ()
    schedule_id: str | None = None
    group_id: str | None = None
    second_car: SecondCar = SecondCar.VISITOR
    outside_hours: SecondCar = SecondCar.VISITOR
    """What becomes of a car outside the schedule's hours."""
    when_full: bool = False
    """A bay is kept for it: it comes in when the lot is full."""

    def holds(self, at: datetime) -> bool:
        return within(at, self.valid_from, self.valid_until)

    def is_for(self, lot_id: LotId | None) -> bool:
        """Whether it counts in this lot; a lane that names no lot is in every one."""
        return not self.lots or lot_id is None or lot_id in self.lots


@dataclass(frozen=True, slots=True)
class HolderRow:
    """Whose credential this is: the plates it goes with (none: any vehicle), the passes it brings; `blocked` keeps it out."""

    credential: Credential
    holder_id: str
    plates: tuple[Plate, ...] = ()
    pass_ids: tuple[str, ...] = ()
    group_id: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    blocked: bool = False

    def holds(self, at: datetime) -> bool:
        return within(at, self.valid_from, self.valid_until)


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """A host asked a visitor in: for `entries` entries (None: any number), `used` of them gone; free of charge or not."""

    invitation_id: str
    host_id: str
    valid_from: datetime
    valid_until: datetime
    entries: int | None
    used: int = 0
    plate: Plate | None = None
    lots: tuple[LotId, ...] = ()
    group_id: str | None = None
    free_of_charge: bool = False

    def holds(self, at: datetime) -> bool:
        return within(at, self.valid_from, self.valid_until)

    def is_for(self, lot_id: LotId | None) -> bool:
        return not self.lots or lot_id is None or lot_id in self.lots


@dataclass(frozen=True, slots=True)
class InsideRow:
    """A vehicle inside by a right or in a named lot, keyed by its stay; `since` is its last passage.

    `right` is what it came in by (`pass:p7`, `invitation:i3`, `list:vip`), None for a visitor.
    """

    stay_id: StayId
    since: datetime
    plate: Plate | None = None
    credentials: tuple[Credential, ...] = ()
    right: str | None = None
    holder_id: str | None = None
    group_id: str | None = None
    lot_id: LotId | None = None
    claimed_until: datetime | None = None
    """A lane has said yes and nobody has driven through yet: until then the place is kept."""

    def counts(self, at: datetime) -> bool:
        """Whether it is inside, or has a place kept for it."""
        return self.claimed_until is None or at < self.claimed_until


@dataclass(frozen=True, slots=True)
class UsedCodeRow:
    """A code that has done its work; kept until it would have expired anyhow."""

    code_id: str
    lane_id: LaneId
    used_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class KeyRow:
    """The public key (raw Ed25519, base64url) of a sibling box, so that its codes are understood here as well."""

    key_id: str
    device_id: str
    public: str
    unheard_since: datetime | None = None  # it is cut off: whom it has let in since then nobody knows yet


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group of holders (a tenant, a company): at most `capacity` of its vehicles inside at once; None: no limit."""

    group_id: str
    capacity: int | None
    second_car: SecondCar = SecondCar.REFUSE  # what becomes of the vehicle after the last that fits


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of some days, in minutes after local midnight; where `ends` is not after `begins`, it is the next day's."""

    days: tuple[Day, ...]
    begins: int
    ends: int


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A date that counts as another day: a holiday, or a Saturday on which people work."""

    on: date
    counts_as: Day


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """When a right counts, in the site's time zone (an IANA name)."""

    schedule_id: str
    time_zone: str
    windows: tuple[Window, ...]
    special_days: tuple[SpecialDay, ...] = ()


Fact = (
    StayRow | ListRow | ZoneRow | LotRow | CommandRow | PassRow | HolderRow
    | InvitationRow | InsideRow | UsedCodeRow | KeyRow | GroupRow | ScheduleRow
)  # fmt: skip


def within(at: datetime, valid_from: datetime | None, valid_until: datetime | None) -> bool:
    """Whether `at` lies in a span whose end does not belong to it; None is for ever."""
    return (valid_from is None or valid_from <= at) and (valid_until is None or at < valid_until)
