"""The order of the desk (pure): by when each kind of case must be decided, and what each lets a person decide.

Somebody at a barrier comes before somebody's money, and money before machines that still work. What waits for something comes
last until its time is up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from parking.sessions.desk.model import Choice, Queued, Wish
from parking.sessions.model import TWO_OF_ONE_PLATE


@dataclass(frozen=True, slots=True)
class Question:
    """A kind of case: within what time it must be decided, and what may be said."""

    within: timedelta
    choices: tuple[Choice, ...]


_LAST = (Choice.DONE, Choice.HOLD)
_PERSON_WAITS = timedelta(minutes=5)
_CAR_IS_NEAR = timedelta(minutes=30)
_MONEY_IS_UNSURE = timedelta(hours=4)
_MONEY_CAN_WAIT = timedelta(hours=24)


def _question(within: timedelta, *choices: Choice) -> Question:
    return Question(within, (*choices, *_LAST))


_WHOSE_EXIT = (Choice.MATCH, Choice.NO_STAY)
_IS_IT_TRUE = (Choice.CONFIRM, Choice.CLOSE)
ASKED = "asked_by_person"
"""Nothing doubted this stay; a person does."""

QUESTIONS: Mapping[str, Question] = MappingProxyType(
    {
        "call_unanswered": _question(_PERSON_WAITS),
        "charge_over_bound": _question(_PERSON_WAITS, Choice.CONFIRM, Choice.PART, Choice.SPLIT, Choice.WAIVE),
        "lane_still_held_open": _question(_PERSON_WAITS),
        "exit_in_doubt": _question(_CAR_IS_NEAR, *_WHOSE_EXIT),
        "exit_without_stay": _question(_CAR_IS_NEAR, *_WHOSE_EXIT),
        "exit_unproven": _question(_CAR_IS_NEAR, *_WHOSE_EXIT),
        "second_entry": _question(_CAR_IS_NEAR, Choice.SPLIT, Choice.MERGE, Choice.PLATE, Choice.CONFIRM),
        "cloned_plate": _question(_CAR_IS_NEAR, Choice.SPLIT, Choice.MERGE, Choice.PLATE, Choice.CONFIRM),
        "entry_without_plate": _question(_CAR_IS_NEAR, Choice.PLATE, Choice.CONFIRM, Choice.CLOSE),
        "entry_contradicted": _question(_CAR_IS_NEAR, Choice.PLATE, *_IS_IT_TRUE),
        "unauthorised_entry": _question(_CAR_IS_NEAR, Choice.PLATE, *_IS_IT_TRUE),
        "entry_time_implausible": _question(_CAR_IS_NEAR, *_IS_IT_TRUE),
        ASKED: _question(_MONEY_IS_UNSURE, Choice.PLATE, Choice.PART, Choice.CLOSE),
        "unauthorised_exit": _question(_MONEY_IS_UNSURE, Choice.WAIVE),
        "paid_but_not_inside": _question(_MONEY_IS_UNSURE),
        "payment_unknown": _question(_MONEY_IS_UNSURE),
        "payment_mismatch": _question(_MONEY_IS_UNSURE),
        "review_stay_left": _question(_MONEY_CAN_WAIT),
        "left_without_paying": _question(_MONEY_CAN_WAIT, Choice.WAIVE),
        "payment_late": _question(_MONEY_CAN_WAIT),
        "payment_overpaid": _question(_MONEY_CAN_WAIT),
        "paid_while_stopped": _question(_MONEY_CAN_WAIT),
        "edge_events_gone": _question(_MONEY_CAN_WAIT),
    }
)
_A_LANE = _question(timedelta(minutes=15))
_ANY_OTHER = _question(_MONEY_IS_UNSURE)

REASONS: Mapping[Choice, tuple[str, ...]] = MappingProxyType(
    {
        Choice.MATCH: ("same_car_seen", "plate_misread", "driver_says"),
        Choice.NO_STAY: ("entry_missed", "no_candidate_fits", "drove_back", "not_a_vehicle"),
        Choice.PLATE: ("read_from_picture", "checked_on_site", "driver_says"),
        Choice.SPLIT: ("exit_missed", "two_cars_seen"),
        Choice.PART: ("exit_missed", "two_cars_seen", "checked_on_video"),
        Choice.MERGE: ("backed_out", "counted_twice", "same_car_seen"),
        Choice.CONFIRM: ("checked_on_site", "checked_on_video"),
        Choice.CLOSE: ("gone_unseen", "bay_is_empty"),
        Choice.WAIVE: ("our_fault", "goodwill", "not_collectable"),
        Choice.DONE: ("seen_to", "false_alarm", "handed_over"),
        Choice.HOLD: ("video_awaited", "driver_awaited", "technician_awaited"),
    }
)
"""The reasons that a person may give for each choice; `other` needs words of their own."""
WENT_NOT_OUT = ("drove_back", "not_a_vehicle")
"""Who says so of an exit has seen it, and knows more than any entry that is told later."""
OTHER = "other"
SHORTEST_NOTE = 3
"""So many signs say why, where no reason of the list fits."""
WAITS = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=8))
MOVES_MONEY = frozenset({Choice.WAIVE})
"""Giving money up takes a right of its own."""


def question_of(reason: str) -> Question:
    """What kind of case this is; an unknown one can be seen to or held."""
    return QUESTIONS.get(reason) or (_A_LANE if reason.startswith("lane_") else _ANY_OTHER)


def names_stay(reason: str, choice: Choice) -> bool:
    """Whether this choice has to say which stay is meant: a candidate, or the one of two whose plate was misread."""
    return choice is Choice.MATCH or (choice is Choice.PLATE and reason in TWO_OF_ONE_PLATE)


def due_at(reason: str, opened_at: datetime) -> datetime:
    """By when it must be decided."""
    return opened_at + question_of(reason).within


def in_order(cases: Iterable[Queued], now: datetime) -> list[Queued]:
    """The queue: what is due first stands first, what waits for something last."""
    return sorted(cases, key=lambda c: (c.hand.waits_at(now), due_at(c.reason, c.opened_at), c.case_id))


def why_not(reason: str, wish: Wish) -> str | None:
    """The name of the field that keeps this wish from being one for a case of this kind; None where it is one."""
    if wish.choice not in question_of(reason).choices:
        return "choice"
    if wish.reason not in (*REASONS[wish.choice], OTHER):
        return "reason"
    if wish.reason == OTHER and len(wish.note.strip()) < SHORTEST_NOTE:
        return "note"
    if names_stay(reason, wish.choice) != (wish.stay_id is not None):
        return "stay_id"
    if (wish.choice is Choice.PLATE) != (wish.plate is not None):
        return "plate"
    for field, given in (("left_at", wish.left_at), ("came_at", wish.came_at)):
        if (wish.choice is Choice.PART) != (given is not None):
            return field
    if (wish.wait in WAITS) != (wish.choice is Choice.HOLD):
        return "wait_minutes"
    return None
