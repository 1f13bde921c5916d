"""A level as an SVG picture in metres, north up: the ground on which a page draws a route. Pure; colours are the page's, by class.

`view_box` is x, y, width and height; y is turned, so that a point (x, y) of the plan stands at (x, -y).
"""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from parking.kernel.ids import LevelId
from parking.site.plan import BAY_LENGTH_M, BAY_WIDTH_M, Bay, LinkKind, Plan, Point, Use

_MARGIN_M = 2.0
_LETTER = {
    LinkKind.LIFT: "L",
    LinkKind.STAIRS: "S",
    LinkKind.ESCALATOR: "E",
    LinkKind.RAMP: "R",
    LinkKind.PASSAGE: "P",
}


def view_box(plan: Plan, level_id: LevelId) -> tuple[float, float, float, float]:
    """The part of the drawing's ground that a level covers."""
    level = plan.level(level_id)
    points = [*level.outline, *(b.at for b in plan.bays if b.level_id == level_id)]
    points += [p for w in plan.ways if w.level_id == level_id for p in w.points]
    xs, ys = [p[0] for p in points] or [0.0], [p[1] for p in points] or [0.0]
    left, top = min(xs) - _MARGIN_M, -max(ys) - _MARGIN_M
    return left, top, max(xs) - left + _MARGIN_M, -min(ys) - top + _MARGIN_M


def svg(plan: Plan, level_id: LevelId) -> str:
    """The level with its outline, rooms, ways, bays, links and pillars; ParkingError (not found) for a level that there is not."""
    box = " ".join(f"{n:g}" for n in view_box(plan, level_id))
    level = plan.level(level_id)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" role="img" aria-label={quoteattr(level.name.en)}>'
    ]
    if level.outline:
        parts.append(f'<polygon class="outline" points="{_line(level.outline)}"/>')
    for room in plan.rooms:
        if room.level_id == level_id:
            parts.append(f'<polygon class="room" points="{_line(room.outline)}"/>')
    has_rooms = any(room.level_id == level_id for room in plan.rooms)  # then walls show where one drives
    for way in plan.ways:
        if way.level_id == level_id:
            kind = "path" if has_rooms or way.use is Use.WALK else "aisle"
            parts.append(f'<polyline class="{kind}" points="{_line(way.points)}"/>')
    parts += [_bay(bay) for bay in plan.bays if bay.level_id == level_id]
    for link in plan.links:
        for stop in link.stops:
            if stop.level_id == level_id:
                parts.append(_mark(f"link {link.kind.value}", stop.at, _LETTER[link.kind]))
    for pillar in plan.pillars:
        if pillar.place.level_id == level_id:
            x, y = pillar.place.at
            parts.append(f'<circle class="pillar" cx="{x:g}" cy="{-y:g}" r="0.5"/>')
    return "".join((*parts, "</svg>"))


def _line(points: tuple[Point, ...]) -> str:
    return " ".join(f"{x:g},{-y:g}" for x, y in points)


def _bay(bay: Bay) -> str:
    x, y = bay.at
    turned = f' transform="rotate({bay.heading_deg:g} {x:g} {-y:g})"' if bay.heading_deg % 180 else ""
    left, top = x - BAY_WIDTH_M / 2, -y - BAY_LENGTH_M / 2
    return (
        f'<rect class="bay {bay.kind.value}" data-bay={quoteattr(bay.id)} x="{left:g}" y="{top:g}" '
        f'width="{BAY_WIDTH_M:g}" height="{BAY_LENGTH_M:g}"{turned}/>'
    )


def _mark(kind: str, at: Point, letter: str) -> str:
    x, y = at
    return (
        f'<g class="{kind}"><circle cx="{x:g}" cy="{-y:g}" r="1.8"/>'
        f'<text x="{x:g}" y="{-y + 0.9:g}" text-anchor="middle" font-size="2.6">{letter}</text></g>'
    )
