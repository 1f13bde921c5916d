"""Three days offline, in short: the long run is `python -m tests.prove.offline`."""

from __future__ import annotations

import pytest

from tests.prove.offline import one


@pytest.mark.req("GATE-3")
@pytest.mark.parametrize("seed", [2, 3, 11])
def test_a_shuffled_doubled_and_broken_reconnect_ends_in_the_fault_free_state(seed: int) -> None:
    outcome = one(seed, 250)
    assert outcome.broken == []
    assert outcome.events >= 200
    assert sum(outcome.thrown.values()) > 5, "nothing was thrown at it"
