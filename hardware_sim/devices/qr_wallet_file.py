"""The wallet's books on disk: what a payer or a merchant was told is still true after the wallet's process was killed."""

from __future__ import annotations

import json
import sqlite3
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

from parking.kernel.codec import from_plain, parse_time, to_plain
from parking.kernel.money import Money
from payments.providers import wire
from payments.providers.base import OrderState


class WalletFile:
    """One row an order, one row a tombstone; every write is synced before it returns."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._conn = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._conn.execute("PRAGMA journal_mode=WAL")
        self._conn.execute("PRAGMA synchronous=FULL")
        self._conn.execute("CREATE TABLE IF NOT EXISTS held (number TEXT PRIMARY KEY, body TEXT NOT NULL)")
        self._conn.execute(
            "CREATE TABLE IF NOT EXISTS tombstone (merchant TEXT, number TEXT, UNIQUE (merchant, number))"
        )

    def keep(self, number: str, body: dict[str, Any]) -> None:
        """Write an order over what was there."""
        with self._lock:
            self._conn.execute("INSERT OR REPLACE INTO held VALUES (?, ?)", (number, json.dumps(body)))

    def bury(self, merchant: str, number: str) -> None:
        """An order that was closed before it was created."""
        with self._lock:
            self._conn.execute("INSERT OR IGNORE INTO tombstone VALUES (?, ?)", (merchant, number))

    def orders(self) -> list[dict[str, Any]]:
        with self._lock:
            return [json.loads(body) for (body,) in self._conn.execute("SELECT body FROM held ORDER BY rowid")]

    def tombstones(self) -> list[tuple[str, str]]:
        with self._lock:
            return [(merchant, number) for merchant, number in self._conn.execute("SELECT * FROM tombstone")]

    def close(self) -> None:
        with self._lock:
            self._conn.close()


def plain_order(
    message: wire.OrderMessage, subject: str, notify_url: str, expires_at: datetime, charges: int
) -> dict[str, Any]:
    """An order as a JSON object."""
    return {
        "message": message.to_plain(),
        "subject": subject,
        "notify_url": notify_url,
        "expires_at": to_plain(expires_at),
        "charges": charges,
    }


def message_of(plain: dict[str, Any]) -> wire.OrderMessage:
    """The message that `plain_order` wrote."""
    said = plain["message"]
    return wire.OrderMessage(
        merchant=said["merchant"],
        number=said["number"],
        state=OrderState(said["state"]),
        amount=Money(said["amount"], said["currency"]),
        pay_url=said["pay_url"],
        paid_at=from_plain(datetime, said["paid_at"]) if said["paid_at"] else None,
        transaction=said["transaction"],
    )


def expiry_of(plain: dict[str, Any]) -> datetime:
    return parse_time(plain["expires_at"])
