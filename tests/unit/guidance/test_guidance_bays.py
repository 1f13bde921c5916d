"""A bay's readings: believed while they come, unknown when they do not, and not fooled by a sick sensor."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guidance.bays import BayState, Fault, Reading, Rules, as_of, believed, fault_of, hear
from parking.kernel.ids import BayId, DeviceId
from tests.builders.guidance import at

RULES = Rules()
BAY = BayState(BayId("A-01"))


def reading(taken: bool, minute: float, heard: float | None = None) -> Reading:
    return Reading(BayId("A-01"), taken, at(minute), at(minute if heard is None else heard), "sensor", DeviceId("s"))


def after(*said: tuple[bool, float]) -> BayState:
    state = BAY
    for taken, minute in said:
        state = hear(state, reading(taken, minute), RULES)
    return state


@pytest.mark.req("GUIDE-1")
def test_a_bay_that_nobody_has_heard_of_is_unknown_and_not_free() -> None:
    assert believed(BAY, at(0), RULES) is None
    assert fault_of(BAY, at(0), RULES) is Fault.NEVER_HEARD


@pytest.mark.req("GUIDE-1")
def test_after_three_heart_beats_without_news_nobody_can_say() -> None:
    state = after((False, 0))
    assert believed(state, at(15), RULES) is False
    assert believed(state, at(15.1), RULES) is None
    assert fault_of(state, at(16), RULES) is Fault.SILENT


def test_a_heart_beat_keeps_a_state_alive_without_changing_it() -> None:
    state = after((True, 0), (True, 10), (True, 20))
    assert state.since == at(0)
    assert believed(state, at(30), RULES) is True


@pytest.mark.req("GUIDE-1")
def test_a_sensor_that_cannot_make_up_its_mind_is_not_believed_until_it_calms_down() -> None:
    state = after(*((n % 2 == 0, n) for n in range(8)))
    assert fault_of(state, at(8), RULES) is Fault.FLAPPING
    calm = hear(state, reading(state.occupied or False, 22), RULES)
    assert fault_of(calm, at(22), RULES) is None


@pytest.mark.req("GUIDE-1")
def test_a_sensor_that_never_changes_while_its_neighbours_do_is_stuck() -> None:
    state = hear(after((True, 0)), reading(True, 31 * 60), RULES)
    assert fault_of(state, at(31 * 60), RULES, neighbours_changed=4) is Fault.STUCK
    assert fault_of(state, at(31 * 60), RULES, neighbours_changed=0) is None, "at night nobody moves"


@pytest.mark.req("GUIDE-1")
@pytest.mark.parametrize("off", [-600.0, 600.0])
def test_a_device_whose_clock_is_off_is_believed_by_when_it_was_heard(off: float) -> None:
    state = hear(BAY, reading(True, 5 + off, heard=5), RULES)
    assert (state.since, state.clock_off) == (at(5), True)


@pytest.mark.req("GUIDE-1")
def test_what_a_clock_noted_that_was_put_back_since_is_not_believed_against_what_comes_now() -> None:
    ahead = after((False, 24 * 60))
    assert fault_of(as_of(ahead, at(0), RULES), at(0), RULES) is Fault.NEVER_HEARD
    state = hear(as_of(ahead, at(0), RULES), reading(True, 0), RULES)
    assert believed(state, at(1), RULES) is True
    assert as_of(state, at(-1), RULES) == state, "two processes' clocks are never quite the same"


def test_what_comes_late_does_not_undo_what_is_newer() -> None:
    state = hear(after((True, 10)), reading(False, 9.5, heard=10.2), RULES)
    assert state.occupied is True


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 500)), max_size=30), st.floats(0, 1000))
def test_a_state_is_always_what_some_sensor_said_or_unknown(said: list[tuple[bool, float]], minute: float) -> None:
    state = after(*sorted(said, key=lambda one: one[1]))
    assert believed(state, at(minute), RULES) in {None, *(taken for taken, _ in said)}
    assert len(state.changes) <= RULES.flaps_most + 1
