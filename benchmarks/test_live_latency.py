"""Live latency: from the event to the websocket client, p95, our whole feed against bare `websockets.broadcast`; and what one viewer who
reads nothing costs the others. Servers and viewers are those of `test_live_fanout`; an event changes a zone, its sign and a lane.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
from contextlib import nullcontext

from benchmarks.live_viewers import Side

CLIENTS = int(os.environ.get("FANOUT_CLIENTS", "500"))
ROUNDS = int(os.environ.get("FANOUT_ROUNDS", "7"))
EVENTS = max(12, 20_000 // CLIENTS)
GAP_S = max(0.02, CLIENTS * 6e-5)  # so that bare, which sends every change by itself, is not drowned
STALL_MOST = 1.10


def p95_ms(ages: list[float]) -> float:
    return sorted(ages)[int(len(ages) * 0.95)] * 1000


async def one_round(side: Side) -> float:
    """p95 in milliseconds of one round."""
    side.ages.clear()
    await side.events(EVENTS, GAP_S, wide=True)
    return p95_ms(side.ages)


async def compare() -> float:
    """Our p95 through bare's, the median over alternating rounds."""
    ours, bare = Side("ours", CLIENTS), Side("bare", CLIENTS)
    async with ours.running(), bare.running():
        took: dict[str, list[float]] = {"ours": [], "bare": []}
        for side in (ours, bare):
            await one_round(side)  # warm
        for _ in range(ROUNDS):
            for side in random.sample((ours, bare), 2):
                took[side.name].append(await one_round(side))
    ratios = [o / b for o, b in zip(took["ours"], took["bare"], strict=True)]
    print(
        f"\nlive latency, {CLIENTS} clients: event to client p95 {statistics.median(took['ours']):.1f} ms, bare "
        f"{statistics.median(took['bare']):.1f} ms, ratio {statistics.median(ratios):.2f} (rounds {min(ratios):.2f} to {max(ratios):.2f})"
    )
    return statistics.median(ratios)


async def with_one_stalled() -> float:
    """The others' p95 with a stalled viewer through theirs without, medians over alternating rounds."""
    ours = Side("ours", CLIENTS)
    async with ours.running():
        await one_round(ours)
        took: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(ROUNDS):
            for is_stalled in random.sample((True, False), 2):
                with ours.stalled() if is_stalled else nullcontext():
                    took[is_stalled].append(await one_round(ours))
                await asyncio.sleep(0.2)  # until the server has seen that he is gone
    with_him, without = statistics.median(took[True]), statistics.median(took[False])
    ratio = with_him / without
    print(
        f"\nlive feed with one stalled viewer, {CLIENTS} clients: the others' p95 is {with_him:.1f} ms, without him {without:.1f} ms, "
        f"ratio {ratio:.2f}, goal {STALL_MOST:.2f}: {'holds' if ratio <= STALL_MOST else 'falls short'}"
    )
    return ratio


def test_live_latency() -> None:
    """Every viewer gets every change exactly once; the ratio is printed."""
    assert asyncio.run(compare()) > 0


def test_one_stalled_viewer() -> None:
    """The others get every change; the ratio is printed."""
    assert asyncio.run(with_one_stalled()) > 0
