"""The provider's file of a day against our books. Pure: what both say is fine, everything else is a difference with a name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from parking.kernel.money import Money
from payments.providers.abilities import LineKind, StatementLine


class Difference(StrEnum):
    """What does not agree."""

    MISSING_HERE = "missing_here"  # the provider took money for a number that we do not know as paid
    MISSING_THERE = "missing_there"  # we hold it paid, the provider's day does not have it
    AMOUNT = "amount"
    TWICE = "twice"  # one number stands more than once in the provider's file


@dataclass(frozen=True, slots=True)
class Booked:
    """What we have booked through one channel on the provider's day: a payment, or a refund by its own number."""

    kind: LineKind
    number: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference: `here` and `there` are the amounts, None where the side has nothing."""

    difference: Difference
    kind: LineKind
    number: str
    here: Money | None
    there: Money | None


def number_of(line: StatementLine) -> str:
    """Our own number of a line: a refund has one of its own."""
    return line.refund_number or line.number if line.kind is LineKind.REFUND else line.number


def compare(booked: Sequence[Booked], lines: Sequence[StatementLine]) -> tuple[Finding, ...]:
    """Every difference between our books and the provider's lines, in the order of kind and number."""
    here = {(one.kind, one.number): one.amount for one in booked}
    there: dict[tuple[LineKind, str], Money] = {}
    findings = []
    for line in lines:
        key = (line.kind, number_of(line))
        if key in there:
            findings.append(Finding(Difference.TWICE, *key, here.get(key), line.amount))
        else:
            there[key] = line.amount
    for key in here.keys() | there.keys():
        ours, theirs = here.get(key), there.get(key)
        if ours is None:
            findings.append(Finding(Difference.MISSING_HERE, *key, None, theirs))
        elif theirs is None:
            findings.append(Finding(Difference.MISSING_THERE, *key, ours, None))
        elif ours != theirs:
            findings.append(Finding(Difference.AMOUNT, *key, ours, theirs))
    return tuple(sorted(findings, key=lambda f: (f.kind, f.number, f.difference)))
