"""The short version of `make prove NAME=callbacks`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from payments.settling import Settled
from tests.prove import callbacks
from tests.prove.callbacks import Bench

pytestmark = pytest.mark.req("PAY-3", "PRIV-2")


def test_no_forgery_is_accepted_and_no_genuine_callback_refused(tmp_path: Path) -> None:
    with callbacks.a_bench(tmp_path, seed=7) as bench:
        assert callbacks.forge(bench, 1_320) == {}
        assert callbacks.genuine(bench, 120) == {}


@pytest.mark.parametrize("channel", sorted(callbacks.KINDS))
def test_the_proof_sees_a_door_that_does_not_check(
    channel: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A planted bug: the amount of a callback is believed instead of compared."""
    with callbacks.a_bench(tmp_path, seed=7) as bench:
        post = bench.new_post(channel)
        message = callbacks.another_amount(bench, post)
        assert bench.deliver(channel, message) is not Settled.CHANGED
        monkeypatch.setattr(Bench, "deliver", _believes(Bench.deliver))
        assert bench.deliver(channel, message) is Settled.CHANGED


def _believes(true_deliver: Callable[..., Settled | None]) -> Callable[..., Settled | None]:
    def deliver(bench: Bench, channel: str, message: Any) -> Settled | None:
        found = true_deliver(bench, channel, message)
        return Settled.CHANGED if found is Settled.MISMATCH else found

    return deliver
