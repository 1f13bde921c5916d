"""The cost of one entry and one exit, matched through misreads, as the store grows: CPU per event at 10^6 stays against 10^3.

One stay in ten is open, up to as many cars as the largest malls have bays; every fourth exit is misread by one sign. A car comes in and
goes out by the product's own service, matching and tables on SQLite; both stores are measured in turns in one process, so that whatever
else the machine does falls on both. `python -m tests.prove.matching` does the same with 10^7.
"""

from __future__ import annotations

import itertools
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lpr.confusion_file import packaged
from parking.bootstrap.tables import all_tables
from parking.journeys import pairing
from parking.kernel.clock import ManualClock
from parking.kernel.ids import LaneId, RandomIds, StayId
from parking.kernel.near_plates import folded, keys_of
from parking.kernel.plate import Plate
from parking.kernel.votes import Votes
from parking.plumbing.database import Database
from parking.plumbing.db import UnitOfWork, open_database
from parking.sessions import service, store
from parking.sessions.costs import Costs
from parking.sessions.matching import Matched, PassageEvidence

SMALL, LARGE = 1_000, 1_000_000
EVENTS, ROUNDS = 200, 9
GOAL = 1.3
OPEN_SHARE, MOST_INSIDE = 10, 10_000
NOON = datetime(2026, 3, 7, 4, 0, tzinfo=UTC)
SIGNS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
AT_ONCE = 20_000


def plates(seed: int) -> Iterator[str]:
    """Plates of one province, none twice."""
    dice, seen = random.Random(seed), set()
    while True:
        text = "浙" + dice.choice("ABCDEFGHJKL") + "".join(dice.choices(SIGNS, k=5))
        if text not in seen:
            seen.add(text)
            yield text


class Store:
    """A store with `n` stays, and cars that come and go in it."""

    def __init__(self, n: int, folder: Path) -> None:
        self.n = n
        clock = ManualClock(NOON)
        self.database: Database = open_database(
            f"sqlite:///{folder}/{n}.db", clock=clock, ids=RandomIds(), origin="bench"
        )
        self.database.create_tables(all_tables())
        frames = packaged().frame
        self._costs = Costs.learned(frames.signs, frames.colours)
        self._plates = plates(7)
        self._dice = random.Random(11)
        for start in range(0, n, AT_ONCE):
            self.database.write(lambda uow, start=start: self._fill(uow, start))  # type: ignore[misc] # bound per turn

    def _fill(self, uow: UnitOfWork, start: int) -> None:
        rows, keys = [], []
        one_in = max(OPEN_SHARE, self.n // MOST_INSIDE)
        for number in range(start, min(self.n, start + AT_ONCE)):
            text, stay_id, is_open = next(self._plates), f"s{number:08d}", number % one_in == 0
            came = NOON - timedelta(hours=1 + number % 5)
            row = {"id": stay_id, "plate": Plate(text), "state": "open" if is_open else "closed", "entered_at": came}
            row |= {"lane_id": "in", "tariff_version": "t", "votes": f"1|blue|civil|{text}:0", "folded": folded(text)}
            rows.append(row | {"exited_at": None if is_open else NOON, "exit_lane_id": None if is_open else "out"})
            keys += [{"key": key, "stay_id": stay_id} for key in keys_of(text)] if is_open else []
        uow.connection.execute(store.stay.insert(), rows)
        uow.connection.execute(store.stay_key.insert(), keys)

    def day(self, events: int) -> float:
        """Microseconds of CPU per entry and exit."""
        came = list(itertools.islice(self._plates, events))
        began = time.process_time()
        for text in came:
            self.database.write(lambda uow, text=text: self._come_and_go(uow, text))  # type: ignore[misc] # bound per turn
        return (time.process_time() - began) / events * 1e6

    def _come_and_go(self, uow: UnitOfWork, text: str) -> None:
        stay_id = StayId(uow.ids.new(NOON))
        votes = Votes.lone(text, "blue", "civil")
        opened = service.open_stay(
            uow, stay_id, Plate(text), entered_at=NOON, lane_id=LaneId("in"), tariff_version="t", votes=votes,
            costs=self._costs,
        )  # fmt: skip
        read = [(text, 0.0)] if self._dice.random() < 0.75 else [(text[:-1] + "8", 0.0), (text, -3.0)]
        shown = PassageEvidence(NOON + timedelta(minutes=5), Votes.of(read, "blue", "civil"))
        found = pairing.whose(uow.connection, shown, self._costs, NOON + timedelta(minutes=5))
        if isinstance(found, Matched):
            service.close_stay(uow, opened, exited_at=shown.at, lane_id=LaneId("out"))


def ratio(small: int, large: int, rounds: int = ROUNDS, events: int = EVENTS) -> tuple[float, float, float]:
    """CPU per event at `large` over that at `small`, and both in microseconds: medians of rounds in turns."""
    with tempfile.TemporaryDirectory() as folder:
        stores = [Store(n, Path(folder)) for n in (small, large)]
        for one in stores:
            one.day(events)  # warm
        told: dict[int, list[float]] = {small: [], large: []}
        for _ in range(rounds):
            for one in stores:
                told[one.n].append(one.day(events))
        for one in stores:
            one.database.close()
    at_small, at_large = statistics.median(told[small]), statistics.median(told[large])
    return at_large / at_small, at_small, at_large


@pytest.mark.timeout(3600)  # a million stays have to be put there first
def test_the_cost_of_an_event_stays_flat_as_the_store_grows() -> None:
    found, at_small, at_large = ratio(SMALL, LARGE)
    print(
        f"\nentry and exit: {at_small:.0f} us of CPU at {SMALL:,} stays, {at_large:.0f} us at {LARGE:,}: "
        f"ratio {found:.2f}, goal <= {GOAL}"
    )
