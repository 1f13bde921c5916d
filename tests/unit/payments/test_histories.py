"""The judge of recorded histories: it finds each kind of disorder, and none where there is an order."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tools.histories import Transaction, cycles, explain, graph_of

Versions = tuple[tuple[str, int], ...]


def at(
    name: str, began: float = 0.0, ended: float | None = 9.0, *, reads: Versions = (), makes: Versions = ()
) -> Transaction:
    return Transaction(name, began, ended, reads, makes)


DISORDER = {
    "write skew": [
        at("a", reads=(("x", 0), ("y", 0)), makes=(("x", 1),)),
        at("b", reads=(("x", 0), ("y", 0)), makes=(("y", 1),)),
    ],
    "read skew": [at("a", makes=(("x", 1), ("y", 1))), at("b", reads=(("x", 1), ("y", 0)))],
    "information going in a ring": [
        at("a", reads=(("y", 1),), makes=(("x", 1),)),
        at("b", reads=(("x", 1),), makes=(("y", 1),)),
    ],
    "changes in two orders": [at("a", makes=(("x", 1), ("y", 2))), at("b", makes=(("x", 2), ("y", 1)))],
    "a read of what was over": [at("a", 0, 1, makes=(("x", 1),)), at("b", 2, 3, reads=(("x", 0),))],
    "two who saw the other's work undone": [
        at("a", makes=(("x", 1),)),
        at("b", makes=(("y", 1),)),
        at("c", reads=(("x", 1), ("y", 0))),
        at("d", reads=(("x", 0), ("y", 1))),
    ],
}


@pytest.mark.parametrize("kind", DISORDER)
def test_a_history_without_an_order_has_a_cycle_that_says_why(kind: str) -> None:
    graph = graph_of(DISORDER[kind])
    (cycle,) = cycles(graph)
    assert {name for name in cycle if not name.startswith("moment")} == {one.name for one in DISORDER[kind]}
    assert " -> " in explain(graph, cycle)


@pytest.mark.parametrize(
    "history",
    [
        [at("a", reads=(("x", 0),), makes=(("x", 1),)), at("b", reads=(("x", 0),), makes=(("x", 1),))],
        [at("a", makes=(("x", 1),)), at("c", makes=(("x", 3),))],
        [at("a", reads=(("x", 1),))],
    ],
    ids=["both made the same version", "a version is missing", "what was read is gone"],
)
def test_a_lost_update_is_named(history: list[Transaction]) -> None:
    assert graph_of(history).lost


def test_who_was_killed_has_no_end_and_bars_nobody() -> None:
    graph = graph_of([at("a", 0, None, makes=(("x", 1),)), at("b", 5, 6, reads=(("x", 0),))])
    assert (cycles(graph), graph.lost) == ([], ())


STEPS = st.lists(st.tuples(st.sets(st.sampled_from("xyz")), st.sets(st.sampled_from("xyz"))), max_size=20)


@given(STEPS)
def test_whatever_happened_one_after_another_is_in_order(steps: list[tuple[set[str], set[str]]]) -> None:
    now: Counter[str] = Counter()
    history = []
    for number, (read, made) in enumerate(steps):
        reads = tuple((key, now[key]) for key in sorted(read))
        now.update(made)
        makes = tuple((key, now[key]) for key in sorted(made))
        history.append(at(f"t{number}", number, number + 0.5, reads=reads, makes=makes))
    graph = graph_of(history)
    assert (cycles(graph), graph.lost) == ([], ())
