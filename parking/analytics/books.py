"""What other rooms keep and these sums are made from; `bootstrap` hands it in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from parking.kernel.ids import StayId

_OF_STAYS = ("receivable", "debt", "overpaid")


@dataclass(frozen=True, slots=True)
class Booked:
    """A movement of the ledger: its number, when, in which unit, about which stay, and its postings, debit positive."""

    seq: int
    at: datetime
    unit: str
    stay_id: str
    postings: tuple[tuple[str, int], ...]


class Books(Protocol):
    """The ledger and the payments, for reading."""

    def after(self, conn: Connection, seq: int, most: int) -> Sequence[Booked]:
        """The movements after number `seq`, `most` at once, oldest first."""
        ...

    def about(self, conn: Connection, stay_id: StayId, until: int) -> Sequence[Booked]:
        """The movements about one stay up to number `until`."""
        ...

    def paid(self, conn: Connection, stay_id: StayId) -> bool:
        """Whether something has been paid for a stay."""
        ...


def columns_of(movement: Booked) -> dict[str, dict[str, int]]:
    """What a movement adds to the figures: by channel ("" where none), by column, minor units. Pure.

    due + overpaid + prepaid = captured - refunded + coupon + waived + debt holds for each movement, as it does for the ledger. What is
    about no stay (tills, floats, payouts) and what a lane merely promised adds nothing.
    """
    if not any(account.partition(":")[0] in _OF_STAYS for account, _ in movement.postings):
        return {}
    found: dict[str, dict[str, int]] = {}

    def add(column: str, amount: int, channel: str = "") -> None:
        into = found.setdefault(channel, {})
        into[column] = into.get(column, 0) + amount

    for account, amount in movement.postings:
        head, _, rest = account.partition(":")
        match head:
            case "revenue":
                add("due", -amount)
            case "clearing":
                add("captured" if amount > 0 else "refunded", abs(amount), rest)
            case "coupons":
                add("coupon", amount)
            case "waived" | "written_off":
                add("waived", amount)
            case "debt":
                add("debt", amount)
            case "overpaid":
                add("overpaid", -amount)
            case "receivable":
                add("prepaid", -amount)
    return found
