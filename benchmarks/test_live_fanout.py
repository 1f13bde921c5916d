"""Live fan-out: changes delivered per CPU second of the server, our whole feed against bare `websockets.broadcast`.

Both serve the same viewers (one in ten an operator, the others drivers who follow one level of five) on the same event loop (uvloop, as
uvicorn picks it). Ours asks everybody who he is, keeps topics apart, numbers deltas and watches for slow viewers; bare does not. Rounds
alternate in random order. `single`: one change at a time, so that both write as many frames. `passages`: each event changes the zone, its
sign and the lane, as cars do; ours sends what changed together in one frame.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics

from benchmarks.live_viewers import Side

CLIENTS = int(os.environ.get("FANOUT_CLIENTS", "500"))
ROUNDS = int(os.environ.get("FANOUT_ROUNDS", "7"))
EVENTS = max(12, 20_000 // CLIENTS)
GOAL, STRETCH = 0.90, 1.40
GAP_S = max(0.02, CLIENTS * 6e-5)  # longer than a wave and its rest


async def compare() -> dict[str, float]:
    """The medians over rounds of (bare CPU per change / our CPU per change)."""
    ours, bare = Side("ours", CLIENTS), Side("bare", CLIENTS)
    found: dict[str, float] = {}
    async with ours.running(), bare.running():
        for load, wide in (("single", False), ("passages", True)):
            for side in (ours, bare):
                await side.events(EVENTS // 2, GAP_S, wide=wide)  # warm
            ratios, ours_us = [], []
            for _ in range(ROUNDS):
                used = {}
                for side in random.sample((ours, bare), 2):
                    before = side.changes
                    used[side.name] = await side.events(EVENTS, GAP_S, wide=wide) / (side.changes - before) * 1e6
                ratios.append(used["bare"] / used["ours"])
                ours_us.append(used["ours"])
            found[load] = statistics.median(ratios)
            print(
                f"\nlive fan-out, {CLIENTS} clients, {load}: {found[load]:.2f} of bare websockets.broadcast (rounds "
                f"{min(ratios):.2f} to {max(ratios):.2f}; {statistics.median(ours_us):.1f} us of CPU per change), goal "
                f"{GOAL:.2f}, stretch {STRETCH:.2f}: {'holds' if found[load] >= GOAL else 'falls short'}"
                f"{', stretch too' if found[load] >= STRETCH else ''}"
            )
    return found


def test_live_fanout() -> None:
    """Every viewer gets every change exactly once; the ratios are printed."""
    assert min(asyncio.run(compare()).values()) > 0
