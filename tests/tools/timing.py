"""Whether two sets of durations can be told apart."""

from __future__ import annotations

from collections.abc import Sequence


def auc(some: Sequence[float], others: Sequence[float]) -> float:
    """How often a classifier by time alone is right about a pair, 0.5 (never better than chance) to 1; either way round counts."""
    ranked = sorted([(t, 1) for t in some] + [(t, 0) for t in others])
    rank_sum, start = 0.0, 0
    while start < len(ranked):
        end = start
        while end < len(ranked) and ranked[end][0] == ranked[start][0]:
            end += 1
        rank_sum += sum(label for _, label in ranked[start:end]) * (start + end + 1) / 2
        start = end
    below = (rank_sum - len(some) * (len(some) + 1) / 2) / (len(some) * len(others))
    return max(below, 1 - below)
