"""The quickest way through a graph, and what to do on it step by step. Pure.

A* with the straight line as its guess: nothing gets nearer to its goal faster than straight ahead, so the first route found is a quickest.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from heapq import heappop, heappush
from math import atan2, degrees, hypot, inf

from parking.kernel.ids import LevelId, LinkId
from parking.site.geometry import apart
from parking.site.graph import ON_A_WAY, Access, Edge, Graph
from parking.site.plan import LinkKind, Point

WITH_STEPS = frozenset({LinkKind.STAIRS, LinkKind.ESCALATOR})
BEND_DEG = 35.0
"""A lesser change of direction is going straight on."""
SHORTEST_STEP_M = 2.0


@dataclass(frozen=True, slots=True)
class Leg:
    """A stretch on one level (`link_id` None), or a ride or climb from `level_id` to `to_level_id`."""

    level_id: LevelId
    to_level_id: LevelId
    points: tuple[Point, ...]
    metres: float
    seconds: float
    link_id: LinkId | None = None
    kind: LinkKind | None = None


@dataclass(frozen=True, slots=True)
class Route:
    legs: tuple[Leg, ...]

    @property
    def metres(self) -> float:
        return sum(leg.metres for leg in self.legs)

    @property
    def seconds(self) -> float:
        return sum(leg.seconds for leg in self.legs)


class Turn(StrEnum):
    START = "start"
    STRAIGHT = "straight"
    LEFT = "left"
    RIGHT = "right"
    BACK = "back"
    RIDE = "ride"  # by the link, to `level_id`
    ARRIVE = "arrive"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: turn and go `metres`, or take `link_id` (of `kind`) to the level `level_id`."""

    turn: Turn
    level_id: LevelId
    metres: float
    link_id: LinkId | None = None
    kind: LinkKind | None = None


def route(graph: Graph, start: str, goal: str, *, step_free: bool = False) -> Route | None:
    """The quickest route between two spots, without stairs and escalators where `step_free`; None where there is none."""
    a, b = graph.spots.get(start), graph.spots.get(goal)
    if a is None or b is None:
        return None
    barred = {n for n, link in enumerate(graph.links) if step_free and link.kind in WITH_STEPS}
    back = _search(graph, a.node, b.node, barred)
    if back is None:
        return None
    return _legs(graph, a, b, back)


def _search(graph: Graph, start: int, goal: int, barred: set[int]) -> list[tuple[int, Edge]] | None:
    """The edges of the quickest way, each with the node that it leaves; None where there is no way."""
    nodes, edges, speed = graph.nodes, graph.edges, graph.speed_mps
    _, gx, gy = nodes[goal]
    best = [inf] * len(nodes)
    came: list[tuple[int, Edge] | None] = [None] * len(nodes)
    best[start] = 0.0
    _, sx, sy = nodes[start]
    waiting = [(hypot(sx - gx, sy - gy) / speed, 0.0, start)]
    while waiting:
        _, spent, here = heappop(waiting)
        if here == goal:
            break
        if spent > best[here]:
            continue
        for edge in edges[here]:
            there, seconds, _, link = edge
            total = spent + seconds
            if total < best[there] and (link == ON_A_WAY or link not in barred):
                best[there] = total
                came[there] = (here, edge)
                _, x, y = nodes[there]
                heappush(waiting, (total + hypot(x - gx, y - gy) / speed, total, there))
    if best[goal] == inf:
        return None
    path: list[tuple[int, Edge]] = []
    at = goal
    while (step := came[at]) is not None and at != start:
        path.append(step)
        at = step[0]
    return path[::-1]


def times_from(graph: Graph, start: str) -> list[float]:
    """Seconds from a spot to every node; infinite where there is no way."""
    found = [inf] * graph.size
    access = graph.spots.get(start)
    if access is None:
        return found
    found[access.node] = 0.0
    waiting = [(0.0, access.node)]
    while waiting:
        spent, here = heappop(waiting)
        if spent > found[here]:
            continue
        for there, seconds, _, _ in graph.edges[here]:
            if spent + seconds < found[there]:
                found[there] = spent + seconds
                heappush(waiting, (spent + seconds, there))
    return found


def _legs(graph: Graph, start: Access, goal: Access, path: Sequence[tuple[int, Edge]]) -> Route:
    legs: list[Leg] = []
    first = graph.nodes[start.node]
    points: list[Point] = [start.at, first[1:]]
    level_id = first[0]

    def close() -> None:
        line = _tidy(points)
        metres = sum(apart(a, b) for a, b in itertools.pairwise(line))
        if metres > 0:
            legs.append(Leg(level_id, level_id, line, metres, metres / graph.speed_mps))

    for _, (there, seconds, metres, number) in path:
        to_level, *at = graph.nodes[there]
        to: Point = (at[0], at[1])
        if number == ON_A_WAY:
            points.append(to)
            continue
        close()
        link = graph.links[number]
        legs.append(Leg(level_id, to_level, (points[-1], to), metres, seconds, link.id, link.kind))
        points, level_id = [to], to_level
    points.append(goal.at)
    close()
    return Route(tuple(legs))


def _tidy(points: Sequence[Point]) -> tuple[Point, ...]:
    """The line without repeated points and without points on a straight stretch."""
    line: list[Point] = []
    for p in points:
        if line and apart(line[-1], p) < 0.01:
            continue
        if len(line) > 1 and abs(_bend(line[-2], line[-1], p)) < 1.0:
            line[-1] = p
        else:
            line.append(p)
    return tuple(line)


def _bend(a: Point, b: Point, c: Point) -> float:
    """By how many degrees the line turns at `b`: left is positive."""
    before, after = atan2(b[1] - a[1], b[0] - a[0]), atan2(c[1] - b[1], c[0] - b[0])
    return (degrees(after - before) + 180.0) % 360.0 - 180.0


def _turn(bend: float) -> Turn:
    if abs(bend) < BEND_DEG:
        return Turn.STRAIGHT
    if abs(bend) > 180 - BEND_DEG:
        return Turn.BACK
    return Turn.LEFT if bend > 0 else Turn.RIGHT


def steps(found: Route) -> tuple[Step, ...]:
    """What to do, in order; stretches too short to speak of are left out."""
    said: list[Step] = []
    for number, leg in enumerate(found.legs):
        if leg.link_id is not None:
            said.append(Step(Turn.RIDE, leg.to_level_id, leg.metres, leg.link_id, leg.kind))
            continue
        for n, (a, b) in enumerate(zip(leg.points, leg.points[1:], strict=False)):
            metres = apart(a, b)
            turn = _turn(_bend(leg.points[n - 1], a, b)) if n else Turn.START
            if metres < SHORTEST_STEP_M and n + 2 == len(leg.points) and number + 1 == len(found.legs):
                continue  # the last step aside into the bay
            if turn is Turn.STRAIGHT and said and said[-1].level_id == leg.level_id and said[-1].link_id is None:
                before = said.pop()
                said.append(Step(before.turn, before.level_id, before.metres + metres))
            else:
                said.append(Step(turn, leg.level_id, metres))
    last = found.legs[-1].to_level_id if found.legs else None
    return (*said, Step(Turn.ARRIVE, last, 0.0)) if last is not None else ()
