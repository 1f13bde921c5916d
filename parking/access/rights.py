"""What a vehicle may claim: each list entry, pass and invitation with why it does not count just now, if it does not.

A right that does not count makes its holder an ordinary visitor, or keeps him out where its own setting says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from parking.access.facts import CodeFor, Facts
from parking.access.hours import is_open
from parking.access.identity import Identity, KnownBy, identify
from parking.access.presence import holds_bay, is_same
from parking.access.rows import InsideRow, InvitationRow, ListedAs, ListRow, PassRow, SecondCar


class WhyNot(StrEnum):
    """Why a right does not count here and now."""

    ENDED = "ended"
    OTHER_LOT = "other_lot"
    OUTSIDE_HOURS = "outside_hours"
    NO_BAY = "pass_in_use"
    GROUP_FULL = "group_full"
    USED_UP = "invitation_used_up"


@dataclass(frozen=True, slots=True)
class Standing:
    """One right: `name` as in `pass:p7`, the rule that speaks for it, why it does not count (None: it does) and what then.

    `when_full`: a place is kept for it. `free`: nothing is paid for the stay.
    """

    name: str
    rule: str
    why_not: WhyNot | None = None
    otherwise: SecondCar = SecondCar.VISITOR
    when_full: bool = False
    free: bool = True


@dataclass(frozen=True, slots=True)
class Case:
    """One vehicle as the rules see it: the facts, who it is, what it may claim, where it is inside."""

    facts: Facts
    who: Identity
    standings: tuple[Standing, ...]
    inside: InsideRow | None

    @property
    def right(self) -> Standing | None:
        """The first right that counts."""
        return next((standing for standing in self.standings if standing.why_not is None), None)

    @property
    def is_nested(self) -> bool:
        """Whether the lane leads between two lots of the site, so that no stay begins or ends here."""
        return self.facts.rules.outer_lot_id is not None

    def denied(self, *reasons: WhyNot) -> Standing | None:
        """A right that keeps its holder out for one of these reasons, when no other right counts."""
        if self.right is not None:
            return None
        kept_out = (s for s in self.standings if s.why_not in reasons and s.otherwise is SecondCar.REFUSE)
        return next(kept_out, None)


def case_of(facts: Facts) -> Case:
    """The facts put together, for the rules of either direction."""
    who = identify(facts)
    inside = _own_row(facts, who)
    standings = tuple(_limited(facts, who, s, group) for s, group in _claims(facts, who))
    return Case(facts, who, tuple(standings), inside)


def _own_row(facts: Facts, who: Identity) -> InsideRow | None:
    """Where this very vehicle is inside, by its stay, its plate or its credential."""
    stay_id = who.stay.stay_id if who.stay else facts.code.stay_id if facts.code else None
    rows = [row for row in facts.inside if row.claimed_until is None]
    for fits in (
        lambda row: stay_id is not None and row.stay_id == stay_id,
        lambda row: who.plate is not None and row.plate == who.plate,
        lambda row: who.credential is not None and who.credential in row.credentials,
        lambda row: _by_invitation(facts, who) and row.right == f"invitation:{facts.code.invitation_id}",  # type: ignore[union-attr]
    ):
        own = [row for row in rows if fits(row)]
        if own:
            return max(own, key=lambda row: (row.since, row.stay_id))
    return None


def _by_invitation(facts: Facts, who: Identity) -> bool:
    code = facts.code
    return who.by is KnownBy.CODE and code is not None and code.use is CodeFor.INVITATION


def _claims(facts: Facts, who: Identity) -> Iterator[tuple[Standing, str | None]]:
    """Every right of this vehicle, the strongest first, with the group whose room it needs."""
    entry = facts.listed if who.plate is not None else None
    if entry is not None and entry.listed_as in (ListedAs.VIP, ListedAs.ALLOW):
        yield _list_standing(facts, entry), entry.group_id
    for held in facts.passes:
        if _is_of(facts, who, held):
            yield _pass_standing(facts, who, held), held.group_id
    if entry is not None and entry.listed_as is ListedAs.STAFF:
        yield _list_standing(facts, entry), entry.group_id
    invited = facts.invitation
    if invited is not None and who.by is not KnownBy.NOTHING and not who.mismatch:
        named = who.plate is not None and invited.plate == who.plate
        if named or _shows_code_of(facts, invited) or _came_by(facts, invited):
            yield _invitation_standing(facts, invited, named=named), invited.group_id


def _shows_code_of(facts: Facts, invited: InvitationRow) -> bool:
    return facts.code is not None and facts.code.invitation_id == invited.invitation_id


def _came_by(facts: Facts, invited: InvitationRow) -> bool:
    return any(row.right == f"invitation:{invited.invitation_id}" for row in facts.inside)


def _is_of(facts: Facts, who: Identity, held: PassRow) -> bool:
    """Whether a pass is this vehicle's: one of its plates, or brought by a credential that goes with whatever stands there."""
    if who.plate is not None and who.plate in held.plates:
        return True
    brought = {
        pass_id
        for holder in facts.holders
        if holder.credential == who.credential and holder.holds(facts.now)
        for pass_id in holder.pass_ids
    }
    return held.pass_id in brought


def _list_standing(facts: Facts, entry: ListRow) -> Standing:
    name, rule = f"list:{entry.listed_as}", f"{entry.listed_as}_list"
    standing = Standing(name, rule, when_full=entry.listed_as is not ListedAs.STAFF)
    if not entry.holds(facts.now):
        return replace(standing, why_not=WhyNot.ENDED)
    return standing if _in_hours(facts, entry.schedule_id) else replace(standing, why_not=WhyNot.OUTSIDE_HOURS)


def _pass_standing(facts: Facts, who: Identity, held: PassRow) -> Standing:
    standing = Standing(f"pass:{held.pass_id}", "pass", when_full=held.when_full)
    if not held.holds(facts.now):
        return replace(standing, why_not=WhyNot.ENDED)
    if not held.is_for(facts.rules.lot_id):
        return replace(standing, why_not=WhyNot.OTHER_LOT)
    if not _in_hours(facts, held.schedule_id):
        return replace(standing, why_not=WhyNot.OUTSIDE_HOURS, otherwise=held.outside_hours)
    others = sum(
        row.right == standing.name and holds_bay(held, row, facts.now, who.plate, who.credential)
        for row in facts.inside
    )
    if others >= held.bays:
        return replace(standing, why_not=WhyNot.NO_BAY, otherwise=held.second_car)
    return standing


def _invitation_standing(facts: Facts, invited: InvitationRow, *, named: bool) -> Standing:
    standing = Standing(f"invitation:{invited.invitation_id}", "invitation", free=invited.free_of_charge)
    if not invited.holds(facts.now):
        return replace(standing, why_not=WhyNot.ENDED, otherwise=SecondCar.REFUSE)
    if not invited.is_for(facts.rules.lot_id):
        return replace(standing, why_not=WhyNot.OTHER_LOT)
    if is_used_up(invited):
        return replace(standing, why_not=WhyNot.USED_UP, otherwise=SecondCar.REFUSE)
    if not named and (facts.code is None or facts.code.used):  # somebody else has come in by this very code
        return replace(standing, why_not=WhyNot.USED_UP)
    return standing


def is_used_up(invited: InvitationRow) -> bool:
    """Whether all its entries have been made."""
    return invited.entries is not None and invited.used >= invited.entries


def _limited(facts: Facts, who: Identity, standing: Standing, group_id: str | None) -> Standing:
    """The same right, unless its holder's group has no room left for one more."""
    use = next((use for use in facts.groups if use.group.group_id == group_id), None)
    if standing.why_not is not None or use is None or use.group.capacity is None:
        return standing
    own = sum(row.group_id == group_id and is_same(row, who.plate, who.credential) for row in facts.inside)
    if use.inside - own >= use.group.capacity:
        return replace(standing, why_not=WhyNot.GROUP_FULL, otherwise=use.group.second_car)
    return standing


def _in_hours(facts: Facts, schedule_id: str | None) -> bool:
    if schedule_id is None:
        return True
    schedule = next((s for s in facts.schedules if s.schedule_id == schedule_id), None)
    return schedule is not None and is_open(schedule, facts.now)
