"""Ten thousand plates are tried by strangers: 0 bays, times or pictures learned, one and the same answer, and no clock tells them apart."""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from parking.plumbing.logs import set_up
from tests.builders.application import Server
from tests.builders.finding import a_drawn_mall, see
from tests.tools.timing import auc

INSIDE = tuple(f"沪B{n:05d}" for n in range(40))
SIZE, MOST_AUC = 10_000, 0.55


def attack(server: Server, size: int, seed: int) -> tuple[set[tuple[int, bytes]], float]:
    """All different answers, and how well time alone tells a plate that is inside from one that is not."""
    chance = random.Random(seed)
    answers: set[tuple[int, bytes]] = set()
    took: dict[bool, list[float]] = {True: [], False: []}
    for n in range(size):
        inside = chance.random() < 0.5
        plate = chance.choice(INSIDE) if inside else f"沪C{n:05d}"
        server.park(seconds=61)

        began = perf_counter()
        reply = server.ask("POST", "/find", json={"plate": plate})
        took[inside].append(perf_counter() - began)
        answers.add((reply.status_code, reply.content))
    return answers, auc(took[True], took[False])


def main(size: int = SIZE) -> int:
    set_up(json=False, level="ERROR")
    with tempfile.TemporaryDirectory() as folder, a_drawn_mall(Path(folder)) as server:
        for n, plate in enumerate(INSIDE):
            server.enter(plate)
            server.park(minutes=1)
            if n < 10:
                see(server, f"A-{n + 1:02d}", plate=plate)
        answers, found = attack(server, size, 8)
    learned = sum(status < 400 for status, _ in answers)
    holds = len(answers) == 1 and learned == 0 and found <= MOST_AUC
    print(
        f"finding: {size} plates tried, {learned} learned, {len(answers)} different answers, timing AUC {found:.3f}; "
        f"goal 0, 1, <= {MOST_AUC}: {'holds' if holds else 'falls short'}"
    )
    return 0 if holds else 1


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else SIZE))
