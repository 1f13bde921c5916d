"""Ten thousand plates are tried by strangers, at a kiosk and by a member with other people's plates: 0 bays, times or pictures learned, one
and the same answer to each of them, headers too, and no clock tells plates that are inside from those that are not.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from time import perf_counter

from parking.bootstrap.keys import create_key
from parking.kernel.signed import seal
from parking.plumbing.db import UnitOfWork
from parking.plumbing.logs import set_up
from parking.security.devices import enrol_app
from tests.builders.application import Server
from tests.builders.finding import a_drawn_mall, see
from tests.builders.security import SET_UP
from tests.tools.timing import auc

INSIDE = tuple(f"沪B{n:05d}" for n in range(40))
SIZE, MOST_AUC = 10_000, 0.55
Headers = Callable[[], Mapping[str, str]]


@dataclass
class Tried:
    """What one sort of stranger got: all different answers, and how long each took, for plates inside (True) and not."""

    answers: set[tuple[int, bytes, str]] = field(default_factory=set)
    took: dict[bool, list[float]] = field(default_factory=lambda: {True: [], False: []})

    @property
    def learned(self) -> int:
        """Answers that tell anything at all."""
        return sum(status < 400 for status, _, _ in self.answers)

    @property
    def auc(self) -> float:
        """How well time alone tells a plate that is inside from one that is not."""
        return auc(self.took[True], self.took[False])


def strangers(server: Server) -> dict[str, Headers]:
    """Whoever may try: anybody, a kiosk, and a member without a car here."""
    key = create_key(server.settings.keys_dir / "thief.pem")

    def enrol(uow: UnitOfWork) -> str:
        return enrol_app(uow, SET_UP, device_id="thief-app", key_id=key.key_id, public_key=key.public)

    app = server.application.database.write(enrol)
    joined = server.ask("POST", "/members", headers={"Authorization": f"Bearer {app}"}, json={"ref": "thief"})
    member = str(joined.json()["member_id"])

    def as_member() -> dict[str, str]:
        until = int((server.clock.now() + timedelta(hours=1)).timestamp())
        return {"Authorization": f"Bearer {seal({'use': 'member', 'member': member, 'exp': until}, server.signer)}"}

    return {"anybody": dict, "kiosk": lambda: server.as_("kiosk"), "member": as_member}


def attack(server: Server, size: int, seed: int) -> dict[str, Tried]:
    """`size` plates, half of them inside, tried in turn by every sort of stranger, as fast as none of them is stopped."""
    chance = random.Random(seed)
    callers = strangers(server)
    found: dict[str, Tried] = defaultdict(Tried)
    for n in range(size):
        who = tuple(callers)[n % len(callers)]
        inside = chance.random() < 0.5
        plate = chance.choice(INSIDE) if inside else f"沪C{n:05d}"
        server.park(seconds=61)
        headers = callers[who]()

        began = perf_counter()
        reply = server.ask("POST", "/find", headers=dict(headers), json={"plate": plate})
        found[who].took[inside].append(perf_counter() - began)
        found[who].answers.add((reply.status_code, reply.content, str(sorted(reply.headers.items()))))
    return found


def main(size: int = SIZE) -> int:
    set_up(json=False, level="ERROR")
    with tempfile.TemporaryDirectory() as folder, a_drawn_mall(Path(folder)) as server:
        for n, plate in enumerate(INSIDE):
            server.enter(plate)
            server.park(minutes=1)
            if n < 10:
                see(server, f"A-{n + 1:02d}", plate=plate)
        found = attack(server, size, 8)
    learned = sum(tried.learned for tried in found.values())
    different = max(len(tried.answers) for tried in found.values())
    told_apart = max(tried.auc for tried in found.values())
    holds = learned == 0 and different == 1 and told_apart <= MOST_AUC
    each = ", ".join(f"{who} {tried.auc:.3f}" for who, tried in found.items())
    print(
        f"finding: {size} plates tried, {learned} learned, {different} different answers to one stranger (headers too), timing AUC "
        f"{told_apart:.3f} ({each}); goal 0, 1, <= {MOST_AUC}: {'holds' if holds else 'falls short'}"
    )
    return 0 if holds else 1


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else SIZE))
