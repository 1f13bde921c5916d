"""Recorded transactions as a graph of who must come before whom; a cycle in it is a history that no order of the transactions explains.

After Adya's dependencies, as Elle uses them: every change makes the next version of its key, so that the order of versions is known.
A change follows the change before (ww), who reads a version follows its maker (wr), and comes before the maker of the next (rw). Who
began after another had ended comes after it (time). Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Key = str


@dataclass(frozen=True, slots=True)
class Transaction:
    """What one client did at once: the versions that it read and those that it made, by key; versions count from 1, 0 is before all.

    `began` and `ended` are one clock's time; whoever was killed in between has no end.
    """

    name: str
    began: float
    ended: float | None
    reads: tuple[tuple[Key, int], ...] = ()
    makes: tuple[tuple[Key, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Graph:
    """`edges[a][b]` says why a comes before b."""

    edges: Mapping[str, Mapping[str, str]]
    lost: tuple[str, ...]

    @property
    def size(self) -> int:
        return sum(len(after) for after in self.edges.values())


def graph_of(history: Sequence[Transaction], *, with_time: bool = True) -> Graph:
    """The graph of a history, and its lost updates: versions that were made twice, or that nobody made though a later one is there."""
    edges: dict[str, dict[str, str]] = {one.name: {} for one in history}
    lost: list[str] = []
    maker: dict[Key, dict[int, str]] = {}
    for one in history:
        for key, version in one.makes:
            first = maker.setdefault(key, {}).setdefault(version, one.name)
            if first != one.name:
                lost.append(f"{key} {version} was made by {first} and by {one.name}")
    for key, made in maker.items():
        for version in sorted(made):
            if version > 1 and version - 1 not in made:
                lost.append(f"{key} {version - 1} was made by nobody, {version} by {made[version]}")
            elif version > 1:
                _add(edges, made[version - 1], made[version], f"ww {key} {version}")
    for one in history:
        for key, version in one.reads:
            made = maker.get(key, {})
            if version in made:
                _add(edges, made[version], one.name, f"wr {key} {version}")
            elif version > 0:
                lost.append(f"{one.name} read {key} {version}, which nobody made")
            if version + 1 in made:
                _add(edges, one.name, made[version + 1], f"rw {key} {version + 1}")
    if with_time:
        _add_time(edges, history)
    return Graph(edges, tuple(lost))


def _add(edges: dict[str, dict[str, str]], before: str, after: str, why: str) -> None:
    if before != after:
        edges[before].setdefault(after, why)


def _add_time(edges: dict[str, dict[str, str]], history: Sequence[Transaction]) -> None:
    """One moment for every end, in a row: whoever ended leads to it, and the last moment before a beginning leads to who began."""
    moments = [(one.ended, 0, one.name) for one in history if one.ended is not None]
    moments += [(one.began, 1, one.name) for one in history]
    last: str | None = None
    for at, is_beginning, name in sorted(moments):
        if is_beginning:
            if last is not None:
                edges[last].setdefault(name, "time")
            continue
        moment = f"moment {at} {name}"
        edges[moment] = {}
        if last is not None:
            edges[last][moment] = "time"
        edges[name].setdefault(moment, "time")
        last = moment


def cycles(graph: Graph) -> list[list[str]]:
    """One shortest cycle of every knot of transactions that each come before the other; none is a history in order."""
    return [_shortest(graph.edges, set(knot)) for knot in _knots(graph.edges) if len(knot) > 1]


def explain(graph: Graph, cycle: Sequence[str]) -> str:
    """A cycle in words: who comes before whom, and why."""
    steps = zip(cycle, [*cycle[1:], cycle[0]], strict=True)
    return "; ".join(f"{before} -> {after} ({graph.edges[before][after]})" for before, after in steps)


def _knots(edges: Mapping[str, Mapping[str, str]]) -> Iterable[list[str]]:
    """Strongly connected parts, after Tarjan, without recursion."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    for root in edges:
        if root in index:
            continue
        work = [(root, iter(edges[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, rest = work[-1]
            following = next(rest, None)
            if following is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    yield _pop_knot(node, stack, on_stack)
            elif following not in index:
                index[following] = low[following] = len(index)
                stack.append(following)
                on_stack.add(following)
                work.append((following, iter(edges[following])))
            elif following in on_stack:
                low[node] = min(low[node], index[following])


def _pop_knot(node: str, stack: list[str], on_stack: set[str]) -> list[str]:
    knot = []
    while True:
        one = stack.pop()
        on_stack.discard(one)
        knot.append(one)
        if one == node:
            return knot


def _shortest(edges: Mapping[str, Mapping[str, str]], knot: set[str]) -> list[str]:
    """The shortest way from one of them back to itself."""
    start = min(knot)
    came_from: dict[str, str] = {}
    front = [start]
    while front:
        following = []
        for node in front:
            for after in edges[node]:
                if after == start:
                    way = [node]
                    while way[-1] != start:
                        way.append(came_from[way[-1]])
                    return way[::-1]
                if after in knot and after not in came_from:
                    came_from[after] = node
                    following.append(after)
        front = following
    raise AssertionError("every member of a knot comes back to itself")
