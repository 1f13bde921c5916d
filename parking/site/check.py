"""What is wrong with a drawn site: each fault names the feature and says what is missing. Pure.

A half-valid plan does not exist: a bay that cannot be driven to or walked to would be promised to a driver.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from parking.kernel.errors import invalid
from parking.site.geometry import inside
from parking.site.graph import FARTHEST_M, Graph, drive_graph, walk_graph
from parking.site.model import LaneKind, SiteMap
from parking.site.plan import BayKind, Plan
from parking.site.route import times_from

MOST_TOLD = 5


@dataclass(frozen=True, slots=True)
class Fault:
    """`feature` is kind and id, such as `bay A-007`; `says` one sentence."""

    feature: str
    says: str


def faults(site: SiteMap) -> list[Fault]:
    """Everything that is wrong with the plan of a site, none where it has no plan."""
    plan = site.plan
    if not plan:
        return []
    found = [*_strays(site), *_outside(plan), *_doubled(plan)]
    if plan.ways:
        found += _unreached(site, drive_graph(plan), walk_graph(plan))
    return found


def refuse(found: Sequence[Fault], name: str) -> None:
    """ParkingError with the first faults, if there are any; `name` is the file's."""
    if found:
        told = "; ".join(f"{one.feature}: {one.says}" for one in found[:MOST_TOLD])
        more = f"; and {len(found) - MOST_TOLD} more" if len(found) > MOST_TOLD else ""
        raise invalid("site.plan", told + more, field=f"{name}: {found[0].feature}")


def _strays(site: SiteMap) -> list[Fault]:
    plan = site.plan
    drawn = {b.zone_id for b in plan.bays}
    found = [Fault(f"zone {z.id}", "has no bay drawn, while other zones have") for z in site.zones if z.id not in drawn]
    empty = {g.id for g in plan.garages} - {v.garage_id for v in plan.levels}
    return (found if drawn else []) + [Fault(f"garage {g}", "has no level") for g in sorted(empty)]


def _outside(plan: Plan) -> list[Fault]:
    outlines = {v.id: v.outline for v in plan.levels if v.outline}
    placed = [(f"bay {b.id}", b.level_id, b.at) for b in plan.bays]
    placed += [(f"pillar {p.id}", p.place.level_id, p.place.at) for p in plan.pillars]
    return [
        Fault(feature, f"stands outside the outline of level {level_id}")
        for feature, level_id, at in placed
        if level_id in outlines and not inside(outlines[level_id], at)
    ]


def _doubled(plan: Plan) -> list[Fault]:
    seen: dict[tuple[str, float, float], str] = {}
    found = []
    for bay in plan.bays:
        key = (bay.level_id, *bay.at)
        if bay.kind is not BayKind.LIFT and key in seen:  # places of a stacker stand one above the other
            found.append(Fault(f"bay {bay.id}", f"stands where bay {seen[key]} stands"))
        seen.setdefault(key, bay.id)
    return found


def _unreached(site: SiteMap, drive: Graph, walk: Graph) -> list[Fault]:
    plan = site.plan
    found = []
    entries = [lane.id for lane in site.lanes if lane.kind is LaneKind.ENTRY and lane.id in plan.lanes]
    for lane_id in entries:
        if f"lane:{lane_id}" not in drive.spots:
            found.append(Fault(f"lane {lane_id}", f"lies more than {FARTHEST_M:.0f} m from every way to drive on"))
    reached = [times_from(drive, f"lane:{lane_id}") for lane_id in entries]
    for bay in plan.bays:
        access = drive.spots.get(f"bay:{bay.id}")
        if access is None:
            found.append(Fault(f"bay {bay.id}", f"lies more than {FARTHEST_M:.0f} m from every way to drive on"))
        elif entries and all(times[access.node] == inf for times in reached):
            found.append(Fault(f"bay {bay.id}", "cannot be driven to from any entry"))
    starts = [f"entrance:{e.id}" for e in plan.entrances]
    on_foot = [times_from(walk, start) for start in starts]
    for name, what in (
        *((f"bay:{b.id}", f"bay {b.id}") for b in plan.bays),
        *((f"pillar:{p.id}", f"pillar {p.id}") for p in plan.pillars),
    ):
        access = walk.spots.get(name)
        if access is None:
            found.append(Fault(what, f"lies more than {FARTHEST_M:.0f} m from every way to walk on"))
        elif starts and all(times[access.node] == inf for times in on_foot):
            found.append(Fault(what, "cannot be walked to from any entrance"))
    return found
