"""Forged, expired, replayed and misplaced codes, and the genuine ones among them: none of the former opens, each of the latter does.

`python -m tests.prove.forgery [CODES] [SEED]`. Ends in one line: name, figure, goal, holds or falls short.
"""

from __future__ import annotations

import base64
import json
import random
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from parking.bootstrap.keys import Ed25519Signer, KeyRing
from parking.gate.credentials.codes import SKEW, CodeUse, VerifiedCode, issue, verify
from parking.kernel.ids import LaneId, StayId
from parking.kernel.signed import seal

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
LOT, LANE = "main", LaneId("out-1")
FORGED, GENUINE_SHARE = 100_000, 10


class Bench:
    """The keys of a site and of a forger, and the codes that they make."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        keys = [Ed25519Signer(Ed25519PrivateKey.from_private_bytes(self.dice.randbytes(32))) for _ in range(4)]
        self.server, self.box, self.retired, self.forger = keys
        self.ring, self.boxes = KeyRing([self.server.public]), KeyRing([self.box.public])
        self.made = 0

    def code(self, signer: Ed25519Signer | None = None, **changes: Any) -> str:
        """A good code of the server, but for the changes."""
        self.made += 1
        begins = NOW - timedelta(seconds=self.dice.randrange(600))
        given: dict[str, Any] = {
            "use": CodeUse.EXIT, "code_id": f"code-{self.made:08}", "lot": LOT, "not_before": begins,
            "expires": begins + timedelta(minutes=20), "stay_id": StayId(f"stay-{self.made}"), **changes,
        }  # fmt: skip
        return issue(given.pop("use"), signer=signer or self.server, **given)

    def opens(self, text: str) -> VerifiedCode | None:
        said = verify(text, self.ring, now=NOW, lot=LOT, lane_id=LANE, boxes=self.boxes)
        return said if isinstance(said, VerifiedCode) else None


# --- what a forger tries ---------------------------------------------------------------------------------------------


def bent(bench: Bench) -> str:
    """Any sign changed; the very last one has spare bits, so it is left to `respelt`."""
    text = bench.code()
    at = bench.dice.randrange(len(text) - 1)
    other = bench.dice.choice([c for c in "ABCXYZabcxyz0189-_." if c != text[at]])
    return text[:at] + other + text[at + 1 :]


def cut(bench: Bench) -> str:
    text = bench.code()
    return text[: bench.dice.randrange(len(text))]


def moved(bench: Bench) -> str:
    """One code's body under another's signature."""
    mine, other = bench.code().split("."), bench.code().split(".")
    return f"{mine[0]}.{mine[1]}.{other[2]}"


def edited(bench: Bench) -> str:
    """The body decoded, bettered and put back under its old signature."""
    head, body, signature = bench.code().split(".")
    plain = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    plain[bench.dice.choice(["stay", "lot", "id", "exp", "lane"])] = bench.dice.choice(["x", 2_000_000_000, None, LOT])
    again = base64.urlsafe_b64encode(json.dumps(plain, sort_keys=True).encode()).rstrip(b"=").decode()
    return f"{head}.{again}.{signature}"


def foreign_key(bench: Bench) -> str:
    return bench.code(bench.dice.choice([bench.forger, bench.retired]))


def borrowed_name(bench: Bench) -> str:
    """The forger's signature under the server's key id."""
    return f"{bench.server.key_id}.{bench.code(bench.forger).split('.', 1)[1]}"


def stolen_box(bench: Bench) -> str:
    """A box's own key signs what a box may not."""
    if bench.dice.random() < 0.5:
        return bench.code(bench.box)
    return bench.code(bench.box, use=CodeUse.INVITATION, stay_id=None, invitation_id="inv-1")


def expired(bench: Bench) -> str:
    late = timedelta(seconds=bench.dice.randrange(1, 86_400)) + SKEW
    return bench.code(not_before=NOW - late - timedelta(minutes=20), expires=NOW - late)


def early(bench: Bench) -> str:
    soon = NOW + SKEW + timedelta(seconds=bench.dice.randrange(1, 86_400))
    return bench.code(not_before=soon, expires=soon + timedelta(minutes=20))


def elsewhere(bench: Bench) -> str:
    return bench.code(lot="east") if bench.dice.random() < 0.5 else bench.code(lane_id=LaneId("out-2"))


def other_token(bench: Bench) -> str:
    """A true signature of the server over something that is no code."""
    body = {"use": bench.dice.choice(["copy", "receipt", "kiosk"]), "exp": int(NOW.timestamp()) + 60, "for": "exit"}
    return seal(body, bench.server)


def noise(bench: Bench) -> str:
    return bench.dice.randbytes(bench.dice.randrange(300)).decode("latin-1")


FORGERIES: tuple[Callable[[Bench], str], ...] = (
    bent, cut, moved, edited, foreign_key, borrowed_name, stolen_box, expired, early, elsewhere, other_token, noise,
)  # fmt: skip


def genuine(bench: Bench) -> str:
    """A good code, at the edges of its time as often as within."""
    if bench.dice.random() < 0.3:
        return bench.code(bench.box, use=CodeUse.TICKET, expires=NOW + timedelta(hours=72))
    if bench.dice.random() < 0.3:
        ends = NOW - SKEW * bench.dice.random()
        return bench.code(not_before=ends - timedelta(minutes=20), expires=ends)
    return bench.code(lane_id=LANE) if bench.dice.random() < 0.5 else bench.code()


def prove(forged: int, seed: int) -> tuple[Counter[str], int, int]:
    """Which forgeries opened how often; how many genuine codes were refused; how many replays counted as unused."""
    bench = Bench(seed)
    opened: Counter[str] = Counter()
    refused = doubled = 0
    used: set[str] = set()
    for number in range(forged):
        kind = FORGERIES[number % len(FORGERIES)]
        if bench.opens(kind(bench)) is not None:
            opened[kind.__name__] += 1
        if number % GENUINE_SHARE == 0:
            text = genuine(bench)
            first, again = bench.opens(text), bench.opens(text)
            refused += first is None or first.code_id in used
            if first is not None:
                used.add(first.code_id)
            doubled += again is None or again.code_id not in used  # the lane asks for the id: a replay is known by it
    return opened, refused, doubled


def main(arguments: list[str]) -> int:
    forged = int(arguments[0]) if arguments else FORGED
    opened, refused, doubled = prove(forged, int(arguments[1]) if len(arguments) > 1 else 1)
    for kind, count in opened.items():
        print(f"{kind}: {count} opened")
    holds = not opened and not refused and not doubled
    print(
        f"forgery: {forged:,} forged codes of {len(FORGERIES)} kinds, {forged // GENUINE_SHARE:,} genuine: {opened.total()} opened, "
        f"{refused} wrongly refused, {doubled} replays not known; goal 0 of {FORGED:,}; {'holds' if holds else 'falls short'}"
    )
    return 0 if holds else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
