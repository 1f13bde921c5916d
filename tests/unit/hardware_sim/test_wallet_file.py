"""The simulated wallet keeps its word after its process was killed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hardware_sim.devices.qr_wallet import QrWalletBooks
from hardware_sim.devices.qr_wallet_file import WalletFile
from parking.kernel.chain import canonical
from parking.kernel.clock import ManualClock
from parking.kernel.codec import to_plain
from payments.providers.base import OrderState
from tests.builders.payments import nonces
from tests.builders.wallet import MERCHANT, MERCHANT_KEY, WALLET_KEY

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)


def the_books(path: Path) -> QrWalletBooks:
    """The wallet as a process that has just started finds its books."""
    return QrWalletBooks(
        clock=ManualClock(NOW),
        signer=WALLET_KEY,
        merchant_keys=MERCHANT_KEY,
        merchants={MERCHANT_KEY.key_id: MERCHANT},
        nonces=nonces(),
        file=WalletFile(path),
    )


def an_order(number: str) -> bytes:
    return canonical(
        {
            "merchant": MERCHANT,
            "number": number,
            "subject": "parking",
            "notify_url": "http://127.0.0.1:9/callback",
            "amount": 600,
            "currency": "CNY",
            "expires_at": to_plain(NOW + timedelta(minutes=5)),
        }
    )


def test_a_payment_is_still_paid_once_after_a_kill(tmp_path: Path) -> None:
    before = the_books(tmp_path / "wallet.db")
    before.create(MERCHANT, an_order("P1"))
    before.approve("P1")

    after = the_books(tmp_path / "wallet.db")
    assert after.query(MERCHANT, "P1").body["state"] == "PAID"
    assert after.approve("P1") is OrderState.PAID
    assert after.orders["P1"].charges == 1


def test_merchants_hear_of_a_payment_again_because_the_first_callback_may_have_been_lost(tmp_path: Path) -> None:
    before = the_books(tmp_path / "wallet.db")
    before.create(MERCHANT, an_order("P1"))
    before.approve("P1")

    assert [callback.event for callback in the_books(tmp_path / "wallet.db").waiting] == ["PAID"]


def test_what_was_closed_before_it_was_created_stays_closed_after_a_kill(tmp_path: Path) -> None:
    the_books(tmp_path / "wallet.db").close(MERCHANT, "P2")

    assert the_books(tmp_path / "wallet.db").create(MERCHANT, an_order("P2")).status == 409
