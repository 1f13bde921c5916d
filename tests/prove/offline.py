"""Three days without a link: eight lanes on four boxes go on, and when the link comes back lost, doubled, delayed and shuffled,
the books end exactly where they would have ended with a perfect link.

`python -m tests.prove.offline [SEEDS] [EVENTS] [FIRST_SEED] [stream]` prints one line: name, figure, goal, holds or falls short. Each seed
has its own traffic and its own faults: clocks that jump by a day, boxes that woke up in another year, a box that is replaced, a
server that comes back from an older backup in the middle of it all. Journals, uplinks, ingest and handlers are the product's own.

With `stream` nothing is handled: what is passed on to the handlers is compared, event by event and in its order, with what truly
happened. The same stream makes the same state, and a hundred thousand events cost a fraction.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from parking.bootstrap.keys import Ed25519Signer, KeyRing
from parking.kernel.clock import ManualClock
from parking.kernel.events import (
    BarrierPulsed,
    Direction,
    Envelope,
    Event,
    LaneDecided,
    RampPassed,
    VehicleBackedAway,
    VehiclePassed,
)
from parking.kernel.ids import LaneId, SeededIds, StayId, VisitId, ZoneId
from parking.kernel.plate import Plate
from tests.builders.offline_town import BEGIN, BOXES, OUTAGE, Town, TownBox, entry_of, exit_of

SEEDS, EVENTS = 200, 100_000
EVENTS_PER_STAY = 6.4
DUPLICATES = 0.10
DAY = timedelta(days=1)
END = BEGIN + OUTAGE + timedelta(hours=1)
LATER = END + timedelta(hours=30)
"""When the lanes' prices are due to be worked out anew: then both towns have the same."""
Happening = tuple[datetime, str, LaneId, tuple[Event, ...]]


@dataclass
class Outcome:
    """One seed's run: how many events, what was thrown at them, what is wrong."""

    seed: int
    events: int = 0
    thrown: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    seconds: float = 0.0


# --- what happens ----------------------------------------------------------------------------------------------------


def happenings(dice: random.Random, events: int) -> list[Happening]:
    """So many events' worth of traffic at eight lanes, in the order of time."""
    ids, stays = SeededIds(dice.getrandbits(32)), max(1, round(events / EVENTS_PER_STAY))
    plates = [Plate(f"浙{dice.choice('ABCDEF')}{n:05d}") for n in range(max(1, stays * 4 // 5))]
    gone: dict[Plate, datetime] = {}
    happened: list[Happening] = []
    arrivals = sorted(dice.uniform(0, OUTAGE.total_seconds() * 0.97) for _ in range(stays))
    for since_s in arrivals:
        came = BEGIN + timedelta(milliseconds=round(since_s * 1000))
        plate = dice.choice(plates)
        if gone.get(plate, BEGIN) >= came and dice.random() < 0.95:
            plate = Plate(
                f"沪A{len(gone):05d}"
            )  # a car that is inside does not come in, but for some whose exit was missed
        happened += _stay(dice, ids, came, plate, gone)
    return sorted(happened, key=lambda one: one[0])


def _stay(
    dice: random.Random, ids: SeededIds, came: datetime, plate: Plate, gone: dict[Plate, datetime]
) -> Iterator[Happening]:
    visit = VisitId(ids.new(came))
    seen = plate if dice.random() > 0.01 else None
    yield from _passage(dice, came, Direction.IN, visit, seen, StayId(visit))
    dwell = timedelta(milliseconds=round(dice.expovariate(1 / 7200) * 1000) + 60_000)
    left = came + dwell
    gone[plate] = left if left < BEGIN + OUTAGE else END
    if left >= BEGIN + OUTAGE or dice.random() < 0.01:  # stays, or leaves where nobody sees it
        return
    if dice.random() < 0.05:
        box = dice.choice(BOXES)
        yield came + dwell / 2, box, LaneId("ramp-1"), (RampPassed(LaneId("ramp-1"), ZoneId("b1"), ZoneId("b2")),)
    shown = plate if dice.random() > 0.01 else None
    known = StayId(visit) if dice.random() < 0.3 else None
    yield from _passage(dice, left, Direction.OUT, VisitId(ids.new(left)), shown, known)


def _passage(
    dice: random.Random, at: datetime, direction: Direction, visit: VisitId, plate: Plate | None, stay: StayId | None
) -> Iterator[Happening]:
    box = dice.choice(BOXES)
    lane = entry_of(box) if direction is Direction.IN else exit_of(box)
    decided = LaneDecided(lane, visit, direction, plate, 0.97, 5, True, "rule", "", stay, None)
    if dice.random() < 0.1:
        yield at - timedelta(seconds=4), box, lane, (replace(decided, allowed=False, reason="doubtful_read"),)
    pulsed = BarrierPulsed(lane, visit, True, "rule", "rule")
    if dice.random() < 0.03:
        other = VisitId(f"back-{visit}"[:36])
        said = replace(decided, visit_id=other)
        yield at - timedelta(seconds=40), box, lane, (said, replace(pulsed, visit_id=other))
        yield at - timedelta(seconds=30), box, lane, (VehicleBackedAway(lane, other),)
    yield at, box, lane, (decided, pulsed)
    authorised = dice.random() > 0.01
    passed = VehiclePassed(lane, visit, direction, plate, 0.97, stay, authorised)
    yield at + timedelta(milliseconds=dice.randrange(3_000, 9_000)), box, lane, (passed,)


# --- two towns -------------------------------------------------------------------------------------------------------


class Story:
    """The same three days twice: told at once to one town, and after the outage, over a bad link, to another."""

    def __init__(self, seed: int, events: int, *, stream: bool = False) -> None:
        self.outcome = Outcome(seed)
        self._stream = stream
        self._true: list[tuple[datetime, str, int, str]] = []
        self._dice = random.Random(seed)
        self._truth = ManualClock(BEGIN)
        server = _key(self._dice)
        self._signers = {box: _key(self._dice) for box in BOXES}
        self._server = server
        ring = KeyRing([server.public])
        self.boxes = {
            box: TownBox(box, self._signers[box], ring, self._truth, self._dice.getrandbits(32)) for box in BOXES
        }
        self._happenings = happenings(self._dice, events)

    def run(self) -> Outcome:
        began = time.perf_counter()
        late = Town(self._signers, self._server, handling=not self._stream)
        perfect = None if self._stream else Town(self._signers, self._server)
        self._link(late)
        self._live_through(perfect)
        self._reconnect(late)
        told = {event: box.name for box in self.boxes.values() for event in box.told}
        for name, town in (("perfect", perfect), ("late", late)):
            if town is not None:
                town.come_to_rest(LATER)
                self.outcome.broken += [f"{name}: {what}" for what in town.broken(told)]
        if perfect is not None and perfect.state_hash() != late.state_hash():
            self.outcome.broken.append(_first_difference(perfect.state(), late.state()))
        if perfect is None:
            pairs = zip(late.passed_on(), ((at, event) for at, _, _, event in sorted(self._true)), strict=False)
            wrong = [(place, got, true) for place, (got, true) in enumerate(pairs) if got != true]
            if wrong:
                self.outcome.broken.append(f"{len(wrong)} events are not passed on in their turn, first {wrong[0]}")
        for town in (perfect, late):
            if town is not None:
                town.close()
        self.outcome.events = len(told)
        self.outcome.seconds = time.perf_counter() - began
        return self.outcome

    # --- before: the box's machine and its link

    def _link(self, town: Town) -> None:
        """All boxes have heard the time; half of them are started again without a link, some of them in another year."""
        self._echoes: list[bytes] = []
        self._quiet = True
        for box in self.boxes.values():
            box.link(httpx.MockTransport(lambda request: self._carry(town, request)))
            box.uplink.send()
            if self._dice.random() < 0.5:
                box.restart(self._dice.choice([DAY, -DAY, timedelta(seconds=-400), -20_000 * DAY]))
                self.outcome.thrown["woke up in another time"] += 1
        self._quiet = False

    def _carry(self, town: Town, request: httpx.Request) -> httpx.Response:
        raw = request.content
        fate = 1.0 if self._quiet else self._dice.random()
        if fate < 0.1:
            self.outcome.thrown["batch lost"] += 1
            raise httpx.ConnectError("lost")
        acked, token = town.take(raw)
        self._echoes.append(raw)
        if fate < 0.2:
            self.outcome.thrown["answer lost"] += 1
            raise httpx.ReadTimeout("lost")
        return httpx.Response(200, json={"acked": acked, "token": token})

    # --- during: three days

    def _live_through(self, perfect: Town | None) -> None:
        numbers: Counter[str] = Counter()
        jumps = sorted(self._dice.uniform(0, len(self._happenings)) for _ in range(4))
        replaced_at = self._dice.randrange(len(self._happenings)) if self._dice.random() < 0.3 else None
        for place, (at, name, lane, events) in enumerate(self._happenings):
            if jumps and place >= jumps[0]:
                jumps.pop(0)
                self._jump()
            if place == replaced_at:
                self.boxes[self._dice.choice(BOXES)].replace()
                self.outcome.thrown["box replaced"] += 1
            self._truth.set(max(at, self._truth.now()))
            said = self.boxes[name].say(lane, *events)
            true: list[Envelope] = [replace(one, occurred_at=self._truth.now()) for one in said]
            first, numbers[name] = numbers[name] + 1, numbers[name] + len(true)
            if perfect is None:
                self._true += [(self._truth.now(), name, first + n, one.id) for n, one in enumerate(true)]
                continue
            perfect.clock.set(self._truth.now())
            perfect.hand_in(name, "perfect", first, true)
            if place % 40 == 0:
                perfect.work_off()
        self._truth.set(END)

    def _jump(self) -> None:
        """A machine's clock is set wrong, or stepped; a box that has heard the time, or that nobody corrects, goes on evenly."""
        box = self.boxes[self._dice.choice(BOXES)]
        if box.clock.confirmed:
            box.machine.ahead += self._dice.choice([DAY, -DAY, timedelta(seconds=2), timedelta(seconds=-2)])
            self.outcome.thrown["clock jumped"] += 1
        else:
            box.machine.ahead += self._dice.choice([timedelta(seconds=30), -DAY, DAY])
            self.outcome.thrown["unconfirmed clock jumped"] += 1

    # --- after: everybody at once

    def _reconnect(self, town: Town) -> None:
        town.clock.set(END)
        dice, backup = self._dice, b""
        restores = dice.random() < 0.3
        weights = [dice.choice([0.05, 0.3, 1.0]) for _ in BOXES]
        turns = 0
        while any(box.has_more() for box in self.boxes.values()):
            turns += 1
            (box,) = dice.choices([*self.boxes.values()], weights)
            box.send_once(dice)
            if self._echoes and dice.random() < DUPLICATES:
                town.take(dice.choice(self._echoes))
                self.outcome.thrown["batch doubled"] += 1
            if dice.random() < 0.3:
                town.work_off()
            if restores and not backup and dice.random() < 0.1:
                backup = town.backup()
            elif backup and restores and dice.random() < 0.1:
                restores = False
                town.restore(backup)
                self.outcome.thrown["server from a backup"] += 1
                self._greet()
        self.outcome.thrown["turns"] += turns
        self._greet()
        while any(box.has_more() for box in self.boxes.values()):
            for box in self.boxes.values():
                box.send_once(dice)

    def _greet(self) -> None:
        """A box asks now and then, with nothing to send, how far the server is."""
        self._quiet = True
        for box in self.boxes.values():
            for _, uplink in box.uplinks():
                uplink.greet()
        self._quiet = False


def _key(dice: random.Random) -> Ed25519Signer:
    return Ed25519Signer(Ed25519PrivateKey.from_private_bytes(dice.randbytes(32)))


def _first_difference(perfect: dict[str, list[object]], late: dict[str, list[object]]) -> str:
    for part, rows in perfect.items():
        others = late[part]
        only = [row for row in rows if row not in others][:2]
        extra = [row for row in others if row not in rows][:2]
        if only or extra:
            return f"{part}: perfect has {only}, late has {extra}"
    return "the same rows, not as often"


def one(seed: int, events: int, *, stream: bool = False) -> Outcome:
    """One seed."""
    return Story(seed, events, stream=stream).run()


def main(arguments: list[str]) -> int:
    stream = "stream" in arguments
    given = [int(argument) for argument in arguments if argument != "stream"]
    seeds, events, first = (*given, *(SEEDS, EVENTS, 1)[len(given) :])
    thrown: Counter[str] = Counter()
    equal, total, spent = 0, 0, 0.0
    with ProcessPoolExecutor(max_workers=int(os.environ.get("PROVE_CORES", os.cpu_count() or 1))) as workers:
        for outcome in workers.map(partial(one, events=events, stream=stream), range(first, first + seeds)):
            equal += not outcome.broken
            total += outcome.events
            spent += outcome.seconds
            thrown += outcome.thrown
            for what in outcome.broken:
                print(f"  seed {outcome.seed}: {what}")
    print("  thrown: " + ", ".join(f"{what} {count}" for what, count in sorted(thrown.items())))
    holds = equal == seeds
    print(
        f"offline: {equal} of {seeds} seeds end in the fault-free {'stream' if stream else 'state'},"
        f" 72 h, 8 lanes, {total / max(1, seeds):.0f} events each"
        f" ({total} in all, {spent / max(1, seeds):.1f} s a seed); goal {SEEDS} of {SEEDS} at {EVENTS};"
        f" {'holds' if holds and seeds >= SEEDS and events >= EVENTS else 'holds for this many' if holds else 'falls short'}"
    )
    return 0 if holds else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
