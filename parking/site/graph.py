"""The plan as a graph to drive on and a graph to walk on, over all levels. Pure.

Ways of one level meet wherever they touch or cross. A bay, pillar, lane or entrance is reached from the nearest way: its node is the
point of the way beside it, and the last steps across are added to the route.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from parking.kernel.ids import LevelId
from parking.site.geometry import TOUCHING_M, along, apart, crossing, nearest_share
from parking.site.plan import Link, LinkKind, Place, Plan, Point, Use

WALK_MPS, DRIVE_MPS = 1.2, 2.8  # metres a second; about 10 km/h in a garage
LIFT_WAIT_S, LIFT_FLOOR_S, STAIRS_FLOOR_S, ESCALATOR_FLOOR_S = 35.0, 4.0, 20.0, 18.0
FARTHEST_M = 30.0
"""A spot farther than this from every way is not reached."""
ON_A_WAY = -1
Edge = tuple[int, float, float, int]
"""The node it leads to, seconds, metres, and the index of its link (`ON_A_WAY` for none)."""


@dataclass(frozen=True, slots=True)
class Access:
    """From which node a spot is reached, and over how many metres."""

    node: int
    at: Point
    gap_m: float


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes are points of levels, `edges[n]` lead away from node n, `spots` are named `bay:A-001`, `pillar:P1`, `lane:entry-1`."""

    nodes: tuple[tuple[LevelId, float, float], ...]
    edges: tuple[tuple[Edge, ...], ...]
    links: tuple[Link, ...]
    spots: dict[str, Access]
    speed_mps: float

    @property
    def size(self) -> int:
        return len(self.nodes)


@dataclass(slots=True)
class _Segment:
    a: Point
    b: Point
    one_way: bool
    cuts: set[float]


class _Builder:
    def __init__(self, speed_mps: float) -> None:
        self.speed_mps = speed_mps
        self.nodes: list[tuple[LevelId, float, float]] = []
        self.edges: list[list[Edge]] = []
        self.links: list[Link] = []
        self.spots: dict[str, Access] = {}
        self._numbers: dict[tuple[LevelId, int, int], int] = {}

    def node(self, level_id: LevelId, at: Point) -> int:
        """The node at this point; points that touch are one."""
        x, y = round(at[0] / TOUCHING_M), round(at[1] / TOUCHING_M)
        for key in ((level_id, x + i, y + j) for i in (0, -1, 1) for j in (0, -1, 1)):
            if key in self._numbers:
                return self._numbers[key]
        self._numbers[(level_id, x, y)] = number = len(self.nodes)
        self.nodes.append((level_id, *at))
        self.edges.append([])
        return number

    def join(self, a: int, b: int, metres: float, seconds: float, link: int = ON_A_WAY, *, back: bool = True) -> None:
        if a != b:
            self.edges[a].append((b, seconds, metres, link))
            if back:
                self.edges[b].append((a, seconds, metres, link))

    def level(self, level_id: LevelId, segments: list[_Segment], spots: Iterable[tuple[str, Point]]) -> None:
        """One level's ways, cut where they meet and where spots stand beside them."""
        _cut_where_they_meet(segments)
        hung: list[tuple[str, Point, Point, float]] = []
        for name, at in spots:
            best = min(
                ((apart(at, along(s.a, s.b, t := nearest_share(s.a, s.b, at))), i, t) for i, s in enumerate(segments)),
                default=None,
            )
            if best is not None and best[0] <= FARTHEST_M:
                gap, number, share = best
                segment = segments[number]
                segment.cuts.add(share)
                hung.append((name, at, along(segment.a, segment.b, share), gap))
        for segment in segments:
            on_it = [self.node(level_id, along(segment.a, segment.b, share)) for share in sorted(segment.cuts)]
            for a, b in itertools.pairwise(on_it):
                metres = apart(self.nodes[a][1:], self.nodes[b][1:])
                self.join(a, b, metres, metres / self.speed_mps, back=not segment.one_way)
        for name, at, foot, gap in hung:
            self.spots[name] = Access(self.node(level_id, foot), at, gap)

    def link(self, link: Link) -> None:
        """A way from level to level between the nodes that its stops hang from."""
        stops = [self.spots.get(stop_name(link, number)) for number in range(len(link.stops))]
        number = len(self.links)
        self.links.append(link)
        for i, a in enumerate(stops):
            for j, b in enumerate(stops[i + 1 :], i + 1):
                if a is None or b is None or (link.kind is LinkKind.STAIRS and j > i + 1):
                    continue
                metres = a.gap_m + b.gap_m + apart(a.at, b.at)
                seconds = _seconds(link, j - i, metres, self.speed_mps)
                self.join(a.node, b.node, metres, seconds, number, back=not link.one_way)

    def done(self) -> Graph:
        edges = tuple(tuple(e) for e in self.edges)
        return Graph(tuple(self.nodes), edges, tuple(self.links), self.spots, self.speed_mps)


def stop_name(link: Link, number: int) -> str:
    """The spot at which a link stops."""
    return f"link:{link.id}:{link.stops[number].level_id}"


def _seconds(link: Link, floors: int, metres: float, speed_mps: float) -> float:
    going = metres / speed_mps
    match link.kind:
        case LinkKind.LIFT:
            return LIFT_WAIT_S + LIFT_FLOOR_S * floors + going
        case LinkKind.STAIRS:
            return STAIRS_FLOOR_S * floors + going
        case LinkKind.ESCALATOR:
            return ESCALATOR_FLOOR_S + going
    return going


def _cut_where_they_meet(segments: Sequence[_Segment]) -> None:
    for i, one in enumerate(segments):
        for other in segments[i + 1 :]:
            met = crossing(one.a, one.b, other.a, other.b)
            if met is not None:
                one.cuts.add(met[0])
                other.cuts.add(met[1])
                continue
            for here, there in ((one, other), (other, one)):
                for end in (there.a, there.b):
                    share = nearest_share(here.a, here.b, end)
                    if apart(end, along(here.a, here.b, share)) <= TOUCHING_M:
                        here.cuts.add(share)


def drive_graph(plan: Plan) -> Graph:
    """From the lanes over aisles and ramps to every bay."""
    spots = [(f"bay:{b.id}", Place(b.level_id, b.at)) for b in plan.bays]
    return _build(plan, Use.DRIVE, DRIVE_MPS, frozenset({LinkKind.RAMP}), spots)


def walk_graph(plan: Plan) -> Graph:
    """On foot, by lift, stairs and escalator, from anywhere to every bay."""
    spots = [(f"bay:{b.id}", Place(b.level_id, b.at)) for b in plan.bays]
    spots += [(f"pillar:{p.id}", p.place) for p in plan.pillars]
    spots += [(f"entrance:{e.id}", e.place) for e in plan.entrances]
    spots += [(f"help:{h.id}", h.place) for h in plan.help_points]
    on_foot = frozenset({LinkKind.LIFT, LinkKind.STAIRS, LinkKind.ESCALATOR, LinkKind.PASSAGE})
    return _build(plan, Use.WALK, WALK_MPS, on_foot, spots)


def _build(
    plan: Plan, use: Use, speed_mps: float, kinds: frozenset[LinkKind], named: Sequence[tuple[str, Place]]
) -> Graph:
    links = [link for link in plan.links if link.kind in kinds and link.working]
    spots: dict[LevelId, list[tuple[str, Point]]] = defaultdict(list)
    lanes = [(f"lane:{lane_id}", place) for lane_id, place in plan.lanes.items()]
    stops = [(stop_name(link, n), stop) for link in links for n, stop in enumerate(link.stops)]
    for name, place in (*named, *lanes, *stops):
        spots[place.level_id].append((name, place.at))
    segments: dict[LevelId, list[_Segment]] = defaultdict(list)
    for way in plan.ways:
        if way.use in (use, Use.BOTH):
            one_way = way.one_way and use is Use.DRIVE
            for a, b in zip(way.points, way.points[1:], strict=False):
                segments[way.level_id].append(_Segment(a, b, one_way, {0.0, 1.0}))
    builder = _Builder(speed_mps)
    for level in plan.levels:
        builder.level(level.id, segments[level.id], spots[level.id])
    for link in links:
        builder.link(link)
    return builder.done()
