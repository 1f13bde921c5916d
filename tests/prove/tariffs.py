"""Proof: prices equal those of the slow oracle on random pairs of tariff and stay, time zones and clock changes included.

`python -m tests.prove.tariffs [COUNT] [SEED] [PROCESSES]`. Each pair is also asked: do the lines sum to the total, is nothing
negative, is no day above its cap, is a minute more never cheaper unless the tariff says so, do the days sum to the bill?
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from functools import lru_cache
from typing import Any

from parking.kernel.errors import ParkingError, invalid
from payments.tariff.compile import compiled
from payments.tariff.facts import Facts
from payments.tariff.mistakes import Mistake
from payments.tariff.model import Tariff
from payments.tariff.parse import validated
from payments.tariff.price import itemise, price
from tests.builders.tariff_oracle import oracle
from tests.builders.tariffs import Case, a_case

COUNT, SEED, PROCESSES = 100_000, 0, 2
_CHUNK = 250


def main(count: int = COUNT, seed: int = SEED, processes: int = PROCESSES) -> int:
    """Try so many pairs from this seed on; 0 when all of them agree."""
    found: Counter[str] = Counter()
    chunks = [range(begin, min(begin + _CHUNK, seed + count)) for begin in range(seed, seed + count, _CHUNK)]
    with ProcessPoolExecutor(processes) as pool:
        for done, faults in enumerate(pool.map(faults_of, chunks), start=1):
            if done % 20 == 0:
                print(f"{done * _CHUNK} pairs done, {found.total()} not equal", flush=True)
            for number, fault in faults:
                found[fault] += 1
                if sum(found.values()) <= 20:
                    print(f"pair {number}: {fault}", flush=True)
    verdict = "holds" if not found else "falls short"
    print(f"tariffs: {count - found.total()} of {count} pairs equal to the oracle, goal all, {verdict}")
    return 0 if not found else 1


def faults_of(numbers: range) -> list[tuple[int, str]]:
    """The numbers of the pairs that do not agree, each with what is wrong."""
    return [(number, fault) for number in numbers if (fault := fault_of(a_case(number)))]


@lru_cache(maxsize=4)
def _tariff(text: str) -> Tariff:
    """Compiled from the values of the document; how YAML becomes values is proven elsewhere, and takes ten times as long."""
    return compiled(validated(_as_written(json.loads(text)), "random"), text, _wrong)


def _as_written(value: Any) -> Any:
    """Every scalar as the text that a file has."""
    if isinstance(value, dict):
        return {key: _as_written(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_as_written(one) for one in value]
    return json.dumps(value) if isinstance(value, bool) or not isinstance(value, str) else value


def _wrong(path: tuple[int | str, ...], what: Mistake) -> ParkingError:
    return invalid("tariff.malformed", what.en, field=".".join(map(str, path)))


def fault_of(case: Case) -> str:
    """What is wrong with the price of this pair; empty if nothing is."""
    tariff = _tariff(case.text)
    bill = price(tariff, case.entered_at, case.leaving_at, case.facts)
    rightly = oracle(case.text, case.entered_at, case.leaving_at, known=case.known)
    total = bill.total.minor
    if total != rightly:
        return f"{total} instead of {rightly}"
    if total < 0 or sum(line.amount.minor for line in bill.lines) != total:
        return "the lines do not sum to the total, or it is negative"
    days = itemise(tariff, case.entered_at, case.leaving_at, case.facts)
    if sum(line.amount.minor for day in days for line in day.lines) != total:
        return "the days do not sum to the total"
    if itemise(tariff, *(stay := (case.entered_at, case.leaving_at))) != itemise(tariff, *stay, Facts()):
        return "the short walk has other days than the long one"  # which is walked for any facts but `NO_FACTS` itself
    if not all(text for line in bill.lines for text in line.text.values()):
        return "a line without words"
    rules = tariff.for_vehicle(case.facts)
    if rules.cap_minor is not None and total > rules.cap_minor * len(days):
        return "more than the days times the cap"
    longer = price(tariff, case.entered_at, case.leaving_at + timedelta(minutes=1), case.facts).total.minor
    if longer < total and not tariff.may_fall:
        return "a minute more is cheaper"
    return ""


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
