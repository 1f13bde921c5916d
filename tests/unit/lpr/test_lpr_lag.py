"""A stream that falls behind is known by its own clock; one that is prompt, drifts a little or begins anew is not suspected."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr.sources.lag import LagMeter

pytestmark = pytest.mark.req("LPR-2")


def test_a_stream_that_stalls_and_then_sends_what_it_held_back_is_late_by_that_much() -> None:
    meter = LagMeter()
    assert [meter.late_s(n * 0.1, 50 + n * 0.1) for n in range(10)] == pytest.approx([0.0] * 10, abs=1e-6)
    assert meter.late_s(1.0, 55.0) == pytest.approx(4.0)
    assert meter.late_s(5.0, 55.1) == pytest.approx(0.1)


def test_a_clock_that_drifts_is_not_taken_for_lateness() -> None:
    meter = LagMeter()
    worst = max(meter.late_s(n * 1.0, n * 1.0001) for n in range(20_000))
    assert worst < 0.05


def test_a_stream_that_begins_anew_is_prompt_again() -> None:
    meter = LagMeter()
    meter.late_s(500.0, 1000.0)
    assert meter.late_s(0.0, 1001.0) == 0.0
    meter.forget()
    assert meter.late_s(3.0, 9000.0) == 0.0


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 10)), max_size=40))
def test_no_picture_is_ever_early(steps: list[tuple[float, float]]) -> None:
    meter, now_s = LagMeter(), 0.0
    for place_s, wait_s in steps:
        now_s += wait_s
        assert meter.late_s(place_s, now_s) >= 0.0
