"""Leaving first and paying later, against leaving with a pass: from a camera's evidence to the pulse, in one lane, in turns.

The lane is the product's own: facts from a copy on disk of 2,000 enrolled cars with their price schedules and 2,000 passes, rules,
state table, journal on disk (SQLite, FULL). All of them came in before, so that the copy has what the server tells of each: who is
enrolled has an open stay with prices, who has a pass a stay that costs nothing and his right. For comparison also passes alone, whose
cars nobody saw come: there is no stay to be found then, and less to do than for any other car. Once with the plates of a mall, once
with a fleet numbered one after the other, where every plate has dozens of neighbours that a camera may take it for.

The board is the one in memory, so that no wire is in either figure; that no socket is opened on the way is proven by
`tests/unit/gate/test_gate_pay_later.py`. The one thing more that a debt needs, its promise in the journal, goes to disk with the
decision, in the same fsync.
"""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from benchmarks.test_gate_decision import DeafCamera
from parking.access.facts import PlateEvidence
from parking.access.snapshot import CopyChange, CopyRow
from parking.gate.barrier import Barrier
from parking.gate.controller import Lane
from parking.gate.edge_file import EdgeFile
from parking.gate.inputs import Inputs, Signal
from parking.gate.journal import FileJournal
from parking.gate.local_copy import LocalCopy
from parking.gate.machine import State
from parking.gate.model import BarrierConfig, LaneConfig
from parking.gate.relays.base import ALWAYS
from parking.gate.relays.memory import MemoryBoard
from parking.kernel.clock import ManualClock
from parking.kernel.codec import to_plain
from parking.kernel.events import Direction
from parking.kernel.ids import LaneId, SeededIds
from parking.kernel.plate import Plate
from tests.builders.gate import NOON, stay_data

CARS, EACH, EACH_OF_FLEET, WARM = 2_000, 300, 60, 10
GOAL = 1.1
PAST = "past-1"
OWING, HOLDING, UNSEEN = KINDS = "owing", "holding", "unseen"


def plates_of(seed: str) -> list[str]:
    """Cars as they come, not a fleet of look-alikes."""
    dice, signs = random.Random(seed), "0123456789" * 3 + "ABCDEFGHJKLMNPQRSTUVWXYZ"
    found: dict[str, None] = {}
    while len(found) < CARS:
        found[f"苏{dice.choice('ABCDEFGHJK')}{''.join(dice.choices(signs, k=5))}"] = None
    return list(found)


MALL = {kind: plates_of(kind) for kind in KINDS}
_FLEET = random.Random("fleet").sample([f"苏A{number:05d}" for number in range(3 * CARS)], 3 * CARS)
FLEET = {kind: _FLEET[n * CARS : (n + 1) * CARS] for n, kind in enumerate(KINDS)}
"""One number after the other, of each kind any."""


class WatchedBoard(MemoryBoard):
    """Notes when the pulse is given."""

    pulsed = 0.0

    def pulse(self, coil: int, duration_ms: int, *, not_after_s: float = ALWAYS) -> bool:
        self.pulsed = time.perf_counter()
        return super().pulse(coil, duration_ms, not_after_s=not_after_s)


class Exit:
    """An exit lane; `pass_once` is one car's milliseconds from evidence to pulse."""

    def __init__(self, folder: Path, plates: dict[str, list[str]]) -> None:
        self._plates = plates
        self._clock = ManualClock(NOON)
        self._file = EdgeFile(folder / "edge.db")
        copy, journal = LocalCopy(self._file), FileJournal(self._file)
        rows = tuple(row for number in range(CARS) for row in self._rows(number))
        copy.apply(CopyChange("mall", 0, 5 * CARS, rows, PAST))
        self._board, self._camera = WatchedBoard(self._clock), DeafCamera()
        self._lane = Lane(
            LaneConfig(LaneId("exit-1"), Direction.OUT),
            Barrier(self._board, BarrierConfig(open_coil=0), self._clock),
            copy, journal, self._camera, clock=self._clock, ids=SeededIds(1), origin="edge-1",
        )  # fmt: skip
        self._number = dict.fromkeys(KINDS, 0)
        self._loops(presence=False, safety=False)

    def _rows(self, number: int) -> Iterator[CopyRow]:
        owing, holding, unseen = (self._plates[kind][number] for kind in KINDS)
        came, until = NOON - timedelta(hours=3), to_plain(NOON + timedelta(days=30))
        prices = [[to_plain(came + timedelta(minutes=30 * n)), 200 * n] for n in range(1, 49)]
        owes = stay_data(owing, entered_at=came, prices=prices, credit_minor=50_000)
        parks = stay_data(holding, entered_at=came, prices=[[to_plain(came + timedelta(days=2)), 0]])
        inside = {"since": to_plain(came), "plate": holding, "right": f"pass:h{number}", "holder_id": f"h{number}"}
        version = 5 * number + 1
        yield CopyRow("stay", f"o{number}", version, owes)
        yield CopyRow("stay", f"h{number}", version + 1, parks)
        yield CopyRow("inside", f"h{number}", version + 2, inside)
        for place, (name, plate) in enumerate((("h", holding), ("u", unseen))):
            row = {
                "holder_id": f"{name}{number}",
                "plates": [plate],
                "bays": 1,
                "valid_from": None,
                "valid_until": until,
            }
            yield CopyRow("pass", f"{name}{number}", version + 3 + place, row)

    def _inputs(self, presence: bool, safety: bool) -> Inputs:
        return Inputs(Signal.of(presence), Signal.of(safety), self._clock.monotonic_s(), open_coil=Signal.OFF)

    def _loops(self, *, presence: bool, safety: bool) -> None:
        for _ in range(5):
            self._lane.step(self._clock.now(), self._inputs(presence, safety))
            self._clock.advance(timedelta(milliseconds=20))

    def pass_once(self, who: str) -> float:
        number = self._number[who]
        self._number[who] = (number + 1) % CARS
        self._loops(presence=True, safety=False)
        seen = PlateEvidence(Plate(self._plates[who][number]), 0.98, 8.0, 5, 5, self._clock.now())
        inputs = self._inputs(True, False)
        began = time.perf_counter()
        self._lane.step(self._clock.now(), inputs, [(self._camera.visit, seen)])
        elapsed_ms = (self._board.pulsed - began) * 1000
        self._expect(State.ALLOWED)
        self._loops(presence=True, safety=True)
        self._loops(presence=False, safety=True)
        self._loops(presence=False, safety=False)
        self._expect(State.IDLE)
        return elapsed_ms

    def _expect(self, state: State) -> None:
        assert self._lane.state is state

    def rules(self) -> dict[str, int]:
        """How often each rule let somebody out."""
        query = (
            "SELECT json_extract(body, '$.data.rule'), count(*) FROM entry WHERE body LIKE '%LaneDecided%' GROUP BY 1"
        )
        return dict(self._file.read(lambda conn: conn.execute(query).fetchall()))

    def close(self) -> None:
        self._file.close()


def measured(plates: dict[str, list[str]], each: int) -> list[float]:
    """The medians of the kinds, in milliseconds."""
    order = random.Random(1)
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as name:
        lane = Exit(Path(name), plates)
        turns = [*KINDS] * each
        order.shuffle(turns)
        for who in [*KINDS] * WARM:
            lane.pass_once(who)
        for who in turns:
            times[who].append(lane.pass_once(who))
        rules = lane.rules()
        lane.close()
    assert rules["pay_later"] == each + WARM, rules
    assert sum(rules.values()) == len(KINDS) * (each + WARM)
    return [statistics.median(times[kind]) for kind in KINDS]


def test_pay_later_exit() -> None:
    for name, plates, each in (("a mall's plates", MALL, EACH), ("a fleet of look-alikes", FLEET, EACH_OF_FLEET)):
        later, holder, unseen = measured(plates, each)
        ratio = later / holder
        print(
            f"\npay-later exit, {name}: {later:.2f} ms p50 from plate to pulse, a pass holder's {holder:.2f} ms, ratio {ratio:.2f}"
            f" (goal <= {GOAL}: {'holds' if ratio <= GOAL else 'falls short'}); a pass whose car nobody saw come {unseen:.2f} ms,"
            f" ratio {later / unseen:.2f}; {each} of each in turns, all with their fsync"
        )
