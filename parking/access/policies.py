"""The rules on the wall: each is a named pure function from facts to Allowed or Refused, listed in one tuple per direction.

The first refusal speaks. When nobody refuses, the last rule of the tuple says what the vehicle's right is.
"""

from __future__ import annotations

from collections.abc import Callable

from parking.access.facts import Facts, NoPlate, SecondEntry
from parking.access.snapshot import ListedAs
from parking.kernel.decision import Allowed, Decision, Refused

Rule = Callable[[Facts], Decision]


def plate_is_read(facts: Facts) -> Decision:
    """Nothing is opened on one lone doubtful read; an entry may admit a vehicle without a plate, once, if it is told to."""
    rule = "plate_is_read"
    if facts.trusted:
        return Allowed(rule)
    if _admits_without_plate(facts):
        return Allowed("no_plate")
    unread = facts.evidence is None or facts.evidence.plate is None
    return Refused(rule, "no_plate" if unread else "doubtful_read")


def plate_is_not_blocked(facts: Facts) -> Decision:
    """A blocked plate does not come in; it may always leave by the ordinary rules."""
    rule = "plate_is_not_blocked"
    return Refused(rule, "blocked") if facts.is_listed(ListedAs.BLOCK) else Allowed(rule)


def plate_is_not_inside(facts: Facts) -> Decision:
    """A plate that is inside already comes in again only where the lane is told to admit it; the server opens a case."""
    rule = "plate_is_not_inside"
    if facts.stay is not None and facts.rules.second_entry is SecondEntry.HELP:
        return Refused(rule, "second_entry")
    return Allowed(rule)


def site_has_room(facts: Facts) -> Decision:
    """A full site admits only the allow list; a count that nobody vouches for turns nobody away."""
    if facts.is_listed(ListedAs.ALLOW):
        return Allowed("allow_list")
    if facts.free is not None and facts.free <= 0:
        return Refused("site_has_room", "site_full")
    return Allowed("site_has_room" if facts.trusted else "no_plate")


def stay_is_known(facts: Facts) -> Decision:
    """Who leaves must have come in: a plate without a stay needs a person, unless it is on the allow list."""
    rule = "stay_is_known"
    if facts.stay is None and not facts.is_listed(ListedAs.ALLOW):
        return Refused(rule, "stay_not_found")
    return Allowed(rule)


def nothing_is_due(facts: Facts) -> Decision:
    """Out goes who has paid and is in time, who owes nothing yet, or who is on the allow list."""
    rule = "nothing_is_due"
    if facts.is_listed(ListedAs.ALLOW):
        return Allowed("allow_list")
    if facts.stay is None:
        return Refused(rule, "stay_not_found")
    if facts.stay.paid_until is not None and facts.stay.paid_until >= facts.now:
        return Allowed("paid")
    due = facts.stay.due(facts.now)
    if due is None:
        return Refused(rule, "price_unknown")
    if due.minor > 0:
        return Refused(rule, "payment_due")
    return Allowed("paid" if facts.stay.paid_minor else "free_minutes")


def _admits_without_plate(facts: Facts) -> bool:
    return (
        facts.rules.no_plate is NoPlate.ADMIT
        and facts.waited_s >= facts.rules.read_deadline_s
        and not facts.opened_before
    )


ENTRY_RULES: tuple[Rule, ...] = (plate_is_read, plate_is_not_blocked, plate_is_not_inside, site_has_room)
EXIT_RULES: tuple[Rule, ...] = (plate_is_read, stay_is_known, nothing_is_due)
