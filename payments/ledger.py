"""Which movement books which fact. What is owed is written down when the car leaves; nothing is ever edited.

Before that, payments stand as credits on `receivable:<stay>`; the due closes that account to exactly zero and leaves
what is unpaid on `debt:<stay>`, or what is too much on `overpaid:<stay>`. So for every stay that has left:
due + overpaid = captured + coupon + waived + debt (invariant I1), with each side booked on its own.

What a lane has let out against a promise stands on `promised:<stay>` until the passage is proven or taken back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from parking.kernel.double_entry import Movement, Posting, transfer
from parking.kernel.ids import StayId
from parking.kernel.money import Money

REVENUE = "revenue:parking"
COUPONS = "coupons"
"""What coupons and standing took off, by who gave it: `coupons:<issuer>`."""
WAIVED = "waived"
PROMISES = "promises"
WRITTEN_OFF = "written_off"
PER_STAY = ("receivable", "debt", "overpaid", "promised")
"""Accounts of single stays, shown summed up under these names."""


def clearing(channel: str) -> str:
    """Where a channel's money stands until the provider pays it out."""
    return f"clearing:{channel}"


def receivable(stay_id: StayId) -> str:
    return f"receivable:{stay_id}"


def debt(stay_id: StayId) -> str:
    return f"debt:{stay_id}"


def overpaid(stay_id: StayId) -> str:
    return f"overpaid:{stay_id}"


def coupons(issuer: str) -> str:
    """What one issuer's coupons have paid for; the issuer settles it."""
    return f"{COUPONS}:{issuer}"


def promise(stay_id: StayId, token: str, unit: str, amount: int) -> Movement:
    """A lane has let a vehicle out that owes `amount` minor units; its `reversed` is booked when that has come to its end."""
    return transfer(f"promise:{token}", unit, amount, debit=f"promised:{stay_id}", credit=PROMISES)


def summary(account: str) -> str:
    """The account under which balances are shown: those of single stays are summed up."""
    head = account.partition(":")[0]
    return head if head in PER_STAY else account


def capture_references(stay_id: StayId, charge_no: int, number: str) -> tuple[str, str]:
    """Of a payment that was captured: one that paid its charge, and one for a charge that was paid already."""
    return f"capture:{stay_id}:{charge_no}", f"surplus:{number}"


def due_reference(stay_id: StayId, turn: int = 0) -> str:
    """`turn` counts how often the bill of this stay has been taken back."""
    return f"due:{stay_id}:{turn}" if turn else f"due:{stay_id}"


def undue_reference(stay_id: StayId, turn: int) -> str:
    return f"undue:{stay_id}:{turn}"


def undue(stay_id: StayId, unit: str, sums: StaySums, *, turn: int) -> Movement:
    """The bill is taken back, as the `turn`th of this stay: what was paid stands to its credit again, what was owed is not."""
    assert sums.due is not None
    postings = [Posting(REVENUE, sums.due), Posting(receivable(stay_id), sums.debt - sums.overpaid - sums.due)]
    if sums.debt:
        postings.append(Posting(debt(stay_id), -sums.debt))
    if sums.overpaid:
        postings.append(Posting(overpaid(stay_id), sums.overpaid))
    return Movement(undue_reference(stay_id, turn), unit, tuple(postings))


def due(stay_id: StayId, unit: str, total: int, *, settled: int, turn: int = 0) -> Movement:
    """The car has left: revenue of `total` minor units, of which `settled` stands as credit on the stay already."""
    postings = [Posting(REVENUE, -total), Posting(receivable(stay_id), settled)]
    if total > settled:
        postings.append(Posting(debt(stay_id), total - settled))
    elif total < settled:
        postings.append(Posting(overpaid(stay_id), total - settled))
    return Movement(due_reference(stay_id, turn), unit, tuple(postings))


def settlement(
    reference: str, unit: str, amount: int, *, source: str, stay_id: StayId, owed: int | None, surplus: bool = False
) -> Movement:
    """Something pays for a stay: a capture, a coupon or a waiver (`source`).

    `owed` is the debt of a stay that has left, None while it is inside. What exceeds the debt, and the whole of a
    `surplus` (a second payment for what is paid already), is owed back to the payer.
    """
    if amount <= 0:
        raise ValueError(f"{reference}: a settlement is more than nothing")
    postings = [Posting(source, amount)]
    if surplus:
        postings.append(Posting(overpaid(stay_id), -amount))
    elif owed is None:
        postings.append(Posting(receivable(stay_id), -amount))
    else:
        to_debt = min(amount, max(owed, 0))
        if to_debt:
            postings.append(Posting(debt(stay_id), -to_debt))
        if amount > to_debt:
            postings.append(Posting(overpaid(stay_id), to_debt - amount))
    return Movement(reference, unit, tuple(postings))


def unsettled(reference: str, unit: str, amount: int, *, source: str, stay_id: StayId, sums: StaySums) -> Movement:
    """What paid for a stay (by `source`, of `sums`) does so no more: taken from where it stands by now, not from where it once stood.

    First from what is owed back, then from the credit of a stay that is inside, or else it is owed.
    """
    surplus = min(amount, max(0, sums.overpaid))
    rest = receivable(stay_id) if sums.due is None else debt(stay_id)
    postings = [Posting(source, -amount)]
    if surplus:
        postings.append(Posting(overpaid(stay_id), surplus))
    if amount > surplus:
        postings.append(Posting(rest, amount - surplus))
    return Movement(reference, unit, tuple(postings))


def paid_out(reference: str, amount: Money, *, channel: str, stay_id: StayId, sums: StaySums) -> Movement:
    """What was owed back has gone back through the channel that it came by; it is taken from where it stands by now."""
    return unsettled(reference, amount.currency, amount.minor, source=clearing(channel), stay_id=stay_id, sums=sums)


@dataclass(frozen=True, slots=True)
class StaySums:
    """What the ledger says of one stay, in minor units; `due` is None while the car is inside."""

    due: int | None
    captured: int
    coupon: int
    waived: int  # given up by right or by a person, debts written off included
    debt: int
    overpaid: int
    receivable: int

    @property
    def settled(self) -> int:
        """What stands to the credit of a stay that is still inside."""
        return -self.receivable

    @property
    def holds(self) -> bool:
        """Invariant I1: every minor unit is charged once or owed once."""
        given = self.captured + self.coupon + self.waived
        if min(self.captured, self.coupon, self.waived, self.debt, self.overpaid) < 0:
            return False
        if self.due is None:
            return self.debt == 0 and self.settled + self.overpaid == given
        return self.receivable == 0 and self.due + self.overpaid == given + self.debt


NOTHING_BOOKED = StaySums(due=None, captured=0, coupon=0, waived=0, debt=0, overpaid=0, receivable=0)


def sums(stay_id: StayId, balances: Mapping[str, int], *, has_left: bool) -> StaySums:
    """The sums of one stay from the balances of all accounts that its movements touched."""
    captured = sum(amount for account, amount in balances.items() if account.startswith("clearing:"))
    return StaySums(
        due=-balances.get(REVENUE, 0) if has_left else None,
        captured=captured,
        coupon=sum(amount for account, amount in balances.items() if account.partition(":")[0] == COUPONS),
        waived=balances.get(WAIVED, 0) + balances.get(WRITTEN_OFF, 0),
        debt=balances.get(debt(stay_id), 0),
        overpaid=-balances.get(overpaid(stay_id), 0),
        receivable=balances.get(receivable(stay_id), 0),
    )
