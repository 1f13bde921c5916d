"""The system's stays against what really happened, car by car; and the naive pairing by the same measure.

Right is: the stay that this car's entry opened was closed by this car's exit, and its driver paid what his time costs, no more, no
less. Nothing that the simulation knows of the truth was ever shown to the system.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from hardware_sim.naive import NaivePairing
from hardware_sim.site_under_test import KnownCase, KnownStay, SiteUnderTest
from hardware_sim.truth import Truth, Visit
from parking.kernel.ids import StayId

UNSEEN = timedelta(seconds=5)
"""Whom no loop felt come in is billed from so long after he left the first loop: nobody pays for seconds that nobody saw."""
FIRST = 3
"""So many candidates of a case a person sees at a glance."""


@dataclass(slots=True)
class Report:
    """The verdict. `visits` are cars that came; of those that went out again `closed_right` by themselves, `closed_by_person`,
    `closed_wrong`, `left_open` (still open in the system, `in_queue` of them before a person, `answer_among_first` of those with the
    right answer among the first three candidates); the others are still `inside`, `gave_up` or `turned_back`. Of all of them, no loop felt
    `missed` under a boom.

    `wrong_charges`: drivers who paid more than their own time costs; `wrong_charges_above_guard` of them by more than the guard lets
    through. `charged_absent`: stays that were billed or paid for although their car was not the one that left. `captured_minor` is all
    that drivers paid, `lost_minor` what was not billed or not paid of cars that a person let go. `naive_*` is the same for the pairing
    of common systems. `events` were published, and `trace_hash` is over them and all that went on record; `violations` names the
    invariants that were broken.
    """

    seed: int
    visits: int = 0
    closed_right: int = 0
    closed_by_person: int = 0
    closed_wrong: int = 0
    left_open: int = 0
    in_queue: int = 0
    answer_among_first: int = 0
    inside: int = 0
    gave_up: int = 0
    turned_back: int = 0
    missed: int = 0
    wrong_charges: int = 0
    wrong_charges_above_guard: int = 0
    charged_absent: int = 0
    lost_minor: int = 0
    captured_minor: int = 0
    naive_right: int = 0
    naive_wrong: int = 0
    naive_by_person: int = 0
    naive_wrong_charges: int = 0
    naive_longest_wrong_h: float = 0.0
    events: int = 0
    trace_hash: str = ""
    violations: list[str] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Cars that went out."""
        return self.closed_right + self.closed_by_person + self.closed_wrong + self.left_open

    def as_object(self) -> dict[str, Any]:
        """One flat object for scripts; shares are of the cars that went out."""
        left = self.left
        share = round(self.closed_right / left, 5) if left else None
        naive = round(self.naive_right / left, 5) if left else None
        return {"ok": not self.violations, **asdict(self), "share_right": share, "naive_share_right": naive}


def judge(report: Report, truth: Truth, site: SiteUnderTest, naive: NaivePairing) -> None:
    """Fill in the report from the truth, the site's stays and cases, and the naive pairs."""
    stays = {stay.id: stay for stay in site.stays()}
    cases = list(site.cases())
    report.visits = len(truth.visits)
    for visit in truth.visits:
        report.missed += visit.missed
        report.captured_minor += visit.paid
        over = visit.paid - _fair(visit, truth, site)
        if over > 0:
            report.wrong_charges += 1
            report.wrong_charges_above_guard += over > site.guard_minor
        _count(report, visit, truth, site, stays, cases)
    payers: dict[StayId, set[int]] = {}
    for visit in truth.visits:
        for paid in visit.payments:
            payers.setdefault(paid.stay_id, set()).add(visit.number)
    report.charged_absent = sum(_is_charged_to_absent(stay, truth, payers) for stay in stays.values())
    _judge_naive(report, truth, site, naive)


def _count(
    report: Report,
    visit: Visit,
    truth: Truth,
    site: SiteUnderTest,
    stays: dict[StayId, KnownStay],
    cases: Sequence[KnownCase],
) -> None:
    if visit.exited_at is None:
        if visit.turned_back:
            report.turned_back += 1
        elif visit.entered_at is None:
            report.gave_up += 1
        else:
            report.inside += 1
        return
    stay = _own_stay(visit, truth, stays)
    if stay is not None and stay.state == "closed":
        if _is_right(visit, stay, truth, site):
            report.closed_right += not visit.helped
            report.closed_by_person += visit.helped
        elif (visit.helped or visit.decided_at is None) and _left_by_itself(stay, visit, truth):  # or drove out unasked
            report.closed_by_person += 1
            report.lost_minor += max(0, stay.due - stay.captured)
        else:
            report.closed_wrong += 1
        return
    if stay is None and _closed_anothers(visit, truth, stays):
        report.closed_wrong += 1
        return
    mine = [case for case in cases if _concerns(case, visit, stay)]
    unseen = stay is None and truth.entry_of(visit) is None
    if unseen and not mine and (visit.helped or visit.said_unknown):  # a person let it out, or said so afterwards
        report.closed_by_person += 1
        assert visit.entered_at is not None
        report.lost_minor += site.price(visit.entered_at, visit.exited_at)
        return
    report.left_open += 1
    report.in_queue += bool(mine)
    report.answer_among_first += any(_offers(case, stay, site) for case in mine)


def _fair(visit: Visit, truth: Truth, site: SiteUnderTest) -> int:
    """What the driver should have paid by the last time that he paid; nobody pays for time that he was not inside."""
    if not visit.payments or visit.entered_at is None or visit.tag is not None:
        return 0
    told = truth.entry_of(visit)
    return max(0, site.price(told.at if told else visit.entered_at, visit.payments[-1].at) - visit.off_minor)


def _own_stay(visit: Visit, truth: Truth, stays: dict[StayId, KnownStay]) -> KnownStay | None:
    for visit_id in visit.entry_visits:
        stay = stays.get(StayId(visit_id))
        if stay is not None:
            return stay
    told = truth.exit_of(visit)  # a stay that was opened for it afterwards
    return next((stays[StayId(one)] for one in visit.exit_visits if told and StayId(one) in stays), None)


def _left_by_itself(stay: KnownStay, visit: Visit, truth: Truth) -> bool:
    """Whether the stay was closed by its own car's exit; one that nobody saw, when that car had left, or when it could after paying."""
    if stay.exited_at is None or stay.exit_lane is None or visit.exited_at is None:
        return False
    told = truth.exit_of(visit)
    if told is not None and truth.left_as(stay.exit_lane, stay.exited_at) is not None:
        return truth.left_as(stay.exit_lane, stay.exited_at) is visit
    paid_and_left = bool(visit.payments) and visit.payments[-1].at == stay.exited_at <= visit.exited_at
    return paid_and_left or abs((stay.exited_at - visit.exited_at).total_seconds()) < 60


def _is_right(visit: Visit, stay: KnownStay, truth: Truth, site: SiteUnderTest) -> bool:
    if not _left_by_itself(stay, visit, truth) or stay.captured != visit.paid or stay.due != stay.captured:
        return False
    if visit.tag is not None or visit.decided_at is None:
        return visit.paid <= _fair(visit, truth, site)
    told = truth.entry_of(visit)
    assert visit.entered_at is not None
    came, until = told.at if told else visit.entered_at, visit.payments[-1].at if visit.payments else visit.decided_at
    held = min(visit.held_at or until, until)
    seen_from = came if told else came + UNSEEN
    spans = (truth.calm_after(seen_from, held), held), (came, until)
    prices = [max(0, site.price(*span) - visit.off_minor) for span in spans]
    return min(prices) <= visit.paid <= max(prices)  # hours count from their beginning


def _closed_anothers(visit: Visit, truth: Truth, stays: dict[StayId, KnownStay]) -> bool:
    told = truth.exit_of(visit)
    return told is not None and any(
        stay.exit_lane == told.lane_id and stay.exited_at == told.at for stay in stays.values()
    )


def _concerns(case: KnownCase, visit: Visit, stay: KnownStay | None) -> bool:
    own: set[str] = {*visit.entry_visits, *visit.exit_visits}
    about = case.stay_id is not None and (case.stay_id in own or (stay is not None and case.stay_id == stay.id))
    return about or (case.visit_id is not None and case.visit_id in own)


def _offers(case: KnownCase, stay: KnownStay | None, site: SiteUnderTest) -> bool:
    """Whether the right answer is before the person's eyes: this car's own stay, or, where it has none, that it is none of them."""
    if stay is None:
        return "no_stay" in case.choices or "done" in case.choices
    return stay.id in (case.stay_id, case.visit_id) or stay.id in site.candidates(case)[:FIRST]


def _is_charged_to_absent(stay: KnownStay, truth: Truth, payers: Mapping[StayId, set[int]]) -> bool:
    """A stay that cost something although another car left by it, or one that was paid for by another car's driver."""
    owner = truth.came_as(stay.id)
    if owner is not None and payers.get(stay.id, {owner.number}) - {owner.number}:
        return True
    if stay.due <= 0 or stay.exited_at is None or stay.exit_lane is None:
        return False
    left = truth.left_as(stay.exit_lane, stay.exited_at)
    if left is None or owner is None:
        return owner is not None and owner.exited_at is None
    return left is not owner


def _judge_naive(report: Report, truth: Truth, site: SiteUnderTest, naive: NaivePairing) -> None:
    """By the same truth: a pair is right when both passages were one car's."""
    report.naive_by_person = naive.not_found
    seen: set[int] = set()
    for pair in naive.pairs:
        came, left = truth.who(pair.entry), truth.who(pair.exit)
        if came is not None and came is left:
            seen.add(came.number)
            continue
        report.naive_wrong += 1
        billed = site.price(pair.entered_at, pair.exited_at)
        fair = _true_price(left, truth, site)
        if left is not None and left.tag is None and billed > fair:
            report.naive_wrong_charges += 1
            wrong_h = (pair.exited_at - pair.entered_at).total_seconds() / 3600
            report.naive_longest_wrong_h = round(max(report.naive_longest_wrong_h, wrong_h), 2)
    report.naive_right = len(seen)


def _true_price(visit: Visit | None, truth: Truth, site: SiteUnderTest) -> int:
    if visit is None or visit.entered_at is None or visit.exited_at is None:
        return 0
    came, left = truth.entry_of(visit), truth.exit_of(visit)
    return site.price(came.at if came else visit.entered_at, left.at if left else visit.exited_at)
