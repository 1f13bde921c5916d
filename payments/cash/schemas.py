"""What shifts and cash payments look like over HTTP; amounts of drawers are minor units of the site's currency."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from parking.kernel.errors import invalid
from parking.web.schemas import MoneySchema, Strict
from payments.cash.model import MOST_PIECES, Count, Move, MoveKind, Report, Shift, ShiftState

Till = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$")]
Reason = Annotated[
    str, StringConstraints(min_length=3, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$")
]
Minor = Annotated[int, Field(ge=0, le=10**9)]
Name = Callable[[str], str]
"""What people call whoever did something."""


class Pieces(Strict):
    """So many coins or notes of one value, in minor units."""

    value: int = Field(ge=1, le=1_000_000)
    pieces: int = Field(ge=0, le=MOST_PIECES)


Counts = Annotated[list[Pieces], Field(max_length=40)]


def counts_of(pieces: Sequence[Pieces]) -> dict[int, int]:
    """Value -> pieces; a value that is named twice is a mistake."""
    found = {one.value: one.pieces for one in pieces}
    if len(found) != len(pieces):
        raise invalid("cash.count", "should name each value once", field="counts")
    return found


class OpenShift(Strict):
    """`brought`: what has just come from the safe; `counts`: what is in the drawer now, that included."""

    till: Till
    counts: Counts
    brought: Minor = 0
    reason: Reason | None = None


class CountShift(Strict):
    counts: Counts


class CloseShift(Strict):
    """`take_out`: what of it goes to the safe; a count that differs from the books needs a `reason`."""

    counts: Counts
    take_out: Minor = 0
    reason: Reason | None = None


class MoveCash(Strict):
    """`amount` above zero comes from the safe, below zero goes there."""

    amount: MoneySchema
    reason: Reason


class TakeCash(Strict):
    """`due` is what the payer was told, `tendered` what was handed over."""

    till: Till
    stay_id: str = Field(min_length=1, max_length=36)
    due: MoneySchema
    tendered: Minor


class TakeCashAtMachine(Strict):
    """A machine takes cash into its own till, for whoever has looked a stay up at it."""

    stay_token: str = Field(min_length=1, max_length=4096)
    due: MoneySchema
    tendered: Minor


class HandOut(Strict):
    till: Till


class Withdraw(Strict):
    reason: Reason


class Counted(Strict):
    total: MoneySchema


class CashTaken(Strict):
    payment_id: str
    number: str
    amount: MoneySchema
    tendered: MoneySchema
    change: MoneySchema


class ShiftView(Strict):
    """`expected` and `difference` are there once it is closed: who counts shall not know what to find."""

    shift_id: str
    till: str
    state: str
    opened_by: str
    opened_at: datetime
    opening: MoneySchema
    closed_by: str | None
    closed_at: datetime | None
    closing: MoneySchema | None
    expected: MoneySchema | None
    difference: MoneySchema | None

    @classmethod
    def of(cls, shift: Shift, name: Name) -> ShiftView:
        return cls(
            shift_id=shift.id,
            till=shift.till,
            state=shift.state.value,
            opened_by=name(shift.opened_by),
            opened_at=shift.opened_at,
            opening=MoneySchema.of(shift.opening),
            closed_by=name(shift.closed_by) if shift.closed_by is not None else None,
            closed_at=shift.closed_at,
            closing=MoneySchema.of(shift.closing) if shift.closing else None,
            expected=MoneySchema.of(shift.expected) if shift.expected else None,
            difference=MoneySchema.of(shift.difference) if shift.difference is not None else None,
        )


class MoveView(Strict):
    kind: str
    number: str
    amount: MoneySchema
    at: datetime
    by: str
    reason: str | None

    @classmethod
    def of(cls, move: Move, name: Name) -> MoveView:
        return cls(
            kind=move.kind.value,
            number=move.number,
            amount=MoneySchema.of(move.amount),
            at=move.at,
            by=name(move.by),
            reason=move.reason,
        )


class CountView(Strict):
    at: datetime
    by: str
    total: MoneySchema
    expected: MoneySchema | None
    counts: list[Pieces]

    @classmethod
    def of(cls, count: Count, name: Name, *, blind: bool) -> CountView:
        return cls(
            at=count.at,
            by=name(count.by),
            total=MoneySchema.of(count.total),
            expected=None if blind else MoneySchema.of(count.expected),
            counts=[Pieces(value=value, pieces=pieces) for value, pieces in sorted(count.counts.items())],
        )


_BY_HAND = frozenset({MoveKind.BROUGHT, MoveKind.TAKEN_OUT})


class ShiftReport(Strict):
    """A shift from its first count to its last: sums by kind, every move, every count against the books; `in_drawer` is now, and
    left out of a closed one, too, while whoever asks is not to know what the next is to find.

    `adds_up`: what was in it at first and every move since come to what the ledger says. `blind`: it is open and asked by whoever
    counts it, or by a colleague: what there should be (`sums`, `expected`, `in_drawer`), and the sales that come to it, are left out.
    """

    shift: ShiftView
    sums: dict[str, MoneySchema]
    moves: list[MoveView]
    counts: list[CountView]
    in_drawer: MoneySchema | None
    adds_up: bool
    blind: bool

    @classmethod
    def of(cls, report: Report, name: Name, *, blind: bool) -> ShiftReport:
        """`blind`: whoever asks may not know what is in the drawer now, and nothing of an open shift that comes to it."""
        hides_drawer, blind = blind, blind and report.shift.state is ShiftState.OPEN
        return cls(
            shift=ShiftView.of(report.shift, name),
            sums={} if blind else {k.value: MoneySchema.of(amount) for k, amount in sorted(report.sums.items())},
            moves=[MoveView.of(one, name) for one in report.moves if not blind or one.kind in _BY_HAND],
            counts=[CountView.of(one, name, blind=blind) for one in report.counts],
            in_drawer=None if hides_drawer else MoneySchema.of(report.in_drawer),
            adds_up=report.adds_up,
            blind=blind,
        )
