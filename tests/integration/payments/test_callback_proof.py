"""The short version of `make prove NAME=callbacks`."""

from __future__ import annotations

from pathlib import Path

import pytest

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
        assert bench.deliver(channel, message) is not callbacks.Settled.CHANGED
        monkeypatch.setattr(Bench, "deliver", _believes(Bench.deliver))
        assert bench.deliver(channel, message) is callbacks.Settled.CHANGED


def _believes(true_deliver):  # type: ignore[no-untyped-def]
    def deliver(bench, channel, message):  # type: ignore[no-untyped-def]
        found = true_deliver(bench, channel, message)
        return callbacks.Settled.CHANGED if found is callbacks.Settled.MISMATCH else found

    return deliver
