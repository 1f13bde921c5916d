"""The rules on the wall: each is a named pure function from one vehicle's case to Allowed or Refused, one tuple per direction.

The first refusal speaks. When nobody refuses, the last rule of the tuple says what the vehicle's right is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from parking.access.facts import AntiPassback, CodeFor, NoPlate, SecondEntry
from parking.access.identity import KnownBy
from parking.access.rights import Case, Standing, WhyNot
from parking.access.rows import ListedAs, StayRow
from parking.kernel.decision import Allowed, Decision, Refused

Rule = Callable[[Case], Decision]
PAY_LATER = "pay_later"
"""The rule that lets a vehicle out with a debt; it is on disk before the boom moves."""


# --- in both directions ----------------------------------------------------------------------------------------------


def plate_is_read(case: Case) -> Decision:
    """Nothing is opened on one lone doubtful read; a credential that counts alone, or with the doubtful read, will do.

    An entry may admit a vehicle without a plate, once, if it is told to.
    """
    rule = "plate_is_read"
    if case.who.by is not KnownBy.NOTHING:
        return Allowed(rule)
    if _admits_without_plate(case):
        return Allowed("no_plate")
    facts = case.facts
    refused = next((evidence.refused for evidence in reversed(facts.credentials) if evidence.refused), None)
    if refused is not None:
        return Refused(rule, refused)
    unread = facts.evidence is None or facts.evidence.plate is None
    return Refused(rule, "no_plate" if unread else "doubtful_read")


def evidence_agrees(case: Case) -> Decision:
    """A tag, card or code that belongs to another car than the one whose plate is read: a person looks."""
    rule = "evidence_agrees"
    return Refused(rule, "credential_mismatch") if case.who.mismatch else Allowed(rule)


# --- in --------------------------------------------------------------------------------------------------------------


def code_is_unused(case: Case) -> Decision:
    """An invitation's code that has opened before opens nothing for a vehicle that has nothing else."""
    rule = "code_is_unused"
    code = case.facts.code
    spent = code is not None and code.used and case.who.by is KnownBy.CODE
    return Refused(rule, "code_used") if spent else Allowed(rule)


def plate_is_not_blocked(case: Case) -> Decision:
    """A blocked plate or holder does not come in; it may always leave by the ordinary rules."""
    rule = "plate_is_not_blocked"
    facts = case.facts
    listed = facts.listed
    on_list = listed is not None and listed.listed_as is ListedAs.BLOCK and listed.holds(facts.now)
    shown = {evidence.credential for evidence in facts.credentials}
    holder = any(h.blocked and h.credential in shown for h in facts.holders)
    return Refused(rule, "blocked") if on_list or holder else Allowed(rule)


def plate_is_not_inside(case: Case) -> Decision:
    """A plate that is inside already comes in again only where the lane is told to admit it; the server opens a case."""
    rule = "plate_is_not_inside"
    asks = case.facts.rules.second_entry is SecondEntry.HELP and not case.is_nested
    inside = case.facts.stay is not None and _is_inside(case.facts.stay)
    return Refused(rule, "second_entry") if asks and inside else Allowed(rule)


def is_not_passed_back(case: Case) -> Decision:
    """Anti-passback: who is inside does not come in once more. Hard asks a person, timed for some minutes, soft only remarks."""
    rule = "is_not_passed_back"
    rules = case.facts.rules
    since = inside_since(case)
    if since is None or rules.anti_passback in (AntiPassback.OFF, AntiPassback.SOFT):
        return Allowed(rule)
    over = timedelta(minutes=rules.anti_passback_minutes)
    if rules.anti_passback is AntiPassback.TIMED and case.facts.now - since >= over:
        return Allowed(rule)
    return Refused(rule, "anti_passback")


def pass_has_a_bay(case: Case) -> Decision:
    """While other cars take up all bays of a pass, the next one pays as a visitor, or stays out if the pass says so."""
    return _unless_denied(case, "pass_has_a_bay", WhyNot.NO_BAY)


def hours_are_kept(case: Case) -> Decision:
    """Outside its hours a pass is no pass, and may keep its holder out."""
    return _unless_denied(case, "hours_are_kept", WhyNot.OUTSIDE_HOURS)


def group_has_room(case: Case) -> Decision:
    """A tenant's vehicles beyond what the tenant may have inside are visitors, or stay out if the group says so."""
    return _unless_denied(case, "group_has_room", WhyNot.GROUP_FULL)


def invitation_is_open(case: Case) -> Decision:
    """An invitation that has ended or is used up invites nobody; a code of one that nobody knows here neither."""
    rule = "invitation_is_open"
    code = case.facts.code
    if case.who.by is KnownBy.CODE and code is not None and case.right is None:
        known = next((s for s in case.standings if s.rule == "invitation"), None)
        return Refused(rule, _reason(known) if known else "invitation_unknown")
    return _unless_denied(case, rule, WhyNot.USED_UP)


def lot_is_open_to_it(case: Case) -> Decision:
    """Into a lot for holders of rights nobody comes without one."""
    rule = "lot_is_open_to_it"
    lot = case.facts.lot
    return Refused(rule, "rights_only") if lot and lot.rights_only and case.right is None else Allowed(rule)


def site_has_room(case: Case) -> Decision:
    """A full lot admits only those for whom a place is kept; a count that nobody vouches for turns nobody away."""
    right, facts = case.right, case.facts
    if right is not None and right.when_full:
        return Allowed(right.rule)
    free = facts.lot.free if facts.lot is not None else facts.free
    if free is not None and free <= 0:
        return Refused("site_has_room", "site_full")
    if right is not None:
        return Allowed(right.rule)
    return Allowed("no_plate" if case.who.by is KnownBy.NOTHING else "site_has_room")


# --- out -------------------------------------------------------------------------------------------------------------


def stay_is_known(case: Case) -> Decision:
    """Who leaves must have come in: without a stay a person helps, unless a right lets it go or the site is not left here."""
    rule = "stay_is_known"
    known = case.who.stay is not None or case.is_nested or goes_free(case) is not None or _paid_code(case)
    if known or _none_of_them_owes(case):
        return Allowed(rule)
    return Refused(rule, "stay_in_doubt" if case.facts.in_doubt else "stay_not_found")


def nothing_is_due(case: Case) -> Decision:
    """Out goes who has a right, who has paid and is in time, who owes nothing yet, or who stays on the site anyhow."""
    rule = "nothing_is_due"
    stay, now = case.who.stay, case.facts.now
    if case.is_nested:
        return Allowed("stays_on_site")
    right = goes_free(case)
    if right is not None:
        return Allowed(right.rule)
    if _paid_code(case):
        return Allowed("exit_code")
    if stay is None:
        return Allowed("none_of_them_owes") if _none_of_them_owes(case) else Refused(rule, "stay_not_found")
    if stay.paid_until is not None and stay.paid_until >= now:
        return Allowed("paid")
    due = stay.due(now)
    if due is None:
        return Refused(rule, "price_unknown")
    if due.minor > 0:
        return Allowed(PAY_LATER) if _has_credit(case, due.minor) else Refused(rule, "payment_due")
    return Allowed("paid" if stay.paid_minor else "free_minutes")


# --- what the rules share --------------------------------------------------------------------------------------------


def inside_since(case: Case) -> datetime | None:
    """Since when this vehicle or this credential is inside the lot that the lane leads into; None when it is not."""
    if case.inside is not None and (not case.is_nested or case.inside.lot_id == case.facts.rules.lot_id):
        return case.inside.since
    if case.is_nested:
        return None
    stay = case.who.stay
    return stay.entered_at if stay is not None and _is_inside(stay) else None


def _is_inside(stay: StayRow) -> bool:
    """Whether its car is surely inside: it has come in, and the server, which knows all exits, has a price for it."""
    return not stay.doubtful and stay.currency != ""


def goes_free(case: Case) -> Standing | None:
    """The right by which nothing is paid at the exit: the one that it came in by, or, where nobody knows, one that counts now.

    The allow and VIP lists let go whoever is on them, however he came in. Hours and bays were the entry's business.
    """
    facts = case.facts
    for standing in case.standings:
        if not standing.free or standing.why_not in (WhyNot.ENDED, WhyNot.OTHER_LOT):
            continue
        came_by = case.inside is not None and case.inside.right == standing.name
        always = facts.listed is not None and standing.name in ("list:allow", "list:vip")
        unknown = case.inside is None and standing.why_not is None and _held_at_entry(case, standing)
        if came_by or unknown or (always and standing.why_not is None):
            return standing
    return None


def _has_credit(case: Case, due_minor: int) -> bool:
    """Whether this vehicle may owe that much: the stay is its own beyond doubt, by its plate as it came in or its credential."""
    stay = case.who.stay
    if stay is None or due_minor > stay.credit_minor:
        return False
    if case.who.by is KnownBy.PLATE:
        return stay.plate is not None and stay.plate == case.who.plate
    return case.who.by is KnownBy.CREDENTIAL and case.who.credential in stay.credentials


def _held_at_entry(case: Case, standing: Standing) -> bool:
    """Whether a right of today was one when the stay began: a pass bought in the meantime pays for nothing before it."""
    held = next((p for p in case.facts.passes if standing.name == f"pass:{p.pass_id}"), None)
    came = case.who.stay.entered_at if case.who.stay is not None else case.facts.now
    return held.holds(came) if held is not None else standing.rule != "invitation"


def _unless_denied(case: Case, rule: str, why_not: WhyNot) -> Decision:
    denied = case.denied(why_not)
    return Refused(rule, _reason(denied)) if denied is not None else Allowed(rule)


def _reason(standing: Standing) -> str:
    return "invitation_ended" if standing.why_not is WhyNot.ENDED else str(standing.why_not)


def _paid_code(case: Case) -> bool:
    """Whether a code that has not been used says that this stay is settled."""
    code, stay = case.facts.code, case.who.stay
    if code is None or code.use is not CodeFor.EXIT or code.used:
        return False
    return stay is None or stay.stay_id == code.stay_id


def _none_of_them_owes(case: Case) -> bool:
    """Whether it may be one of several cars of which none owes anything: whose stay it was is no question for its driver."""
    stays, now = case.facts.in_doubt, case.facts.now
    return bool(stays) and case.facts.trusted and all(_owes_nothing(stay, now) for stay in stays)


def _owes_nothing(stay: StayRow, now: datetime) -> bool:
    due = stay.due(now)
    paid = stay.paid_until is not None and stay.paid_until >= now
    return paid or (due is not None and due.minor == 0)


def _admits_without_plate(case: Case) -> bool:
    facts = case.facts
    return (
        facts.rules.no_plate is NoPlate.ADMIT
        and facts.waited_s >= facts.rules.read_deadline_s
        and not facts.opened_before
    )


ENTRY_RULES: tuple[Rule, ...] = (
    evidence_agrees,
    plate_is_read,
    code_is_unused,
    plate_is_not_blocked,
    plate_is_not_inside,
    is_not_passed_back,
    pass_has_a_bay,
    hours_are_kept,
    group_has_room,
    invitation_is_open,
    lot_is_open_to_it,
    site_has_room,
)
EXIT_RULES: tuple[Rule, ...] = (evidence_agrees, plate_is_read, stay_is_known, nothing_is_due)
