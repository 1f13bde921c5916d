"""The short version of the proof `tariffs`: random pairs of tariff and stay, judged by the slow oracle."""

from __future__ import annotations

import pytest

from tests.prove.tariffs import faults_of


@pytest.mark.req("FEE-1")
@pytest.mark.parametrize("tens", range(8))
def test_prices_equal_those_of_the_oracle_whatever_the_tariff_and_the_stay(tens: int) -> None:
    assert faults_of(range(1_000_000 + 250 * tens, 1_000_000 + 250 * (tens + 1))) == []
