"""A site map as the text of a site file: what `loader.load` reads back to the same map. Pure."""

from __future__ import annotations

from typing import Any

import yaml

from parking.site.model import SiteMap
from parking.site.plan import Place, Use
from parking.site.words import LocalName

Json = dict[str, Any]


def text_of(site: SiteMap) -> str:
    """The YAML of a site; every bay in a row of its own."""
    plan = site.plan
    drawn = bool(plan.bays)
    document: Json = {
        "site": {
            "id": str(site.id),
            "name": _name(site.name),
            "currency": site.currency,
            "timezone": site.timezone,
            "anchor": list(plan.anchor),
        },
        "garages": [{"id": str(g.id), "name": _name(g.name)} for g in plan.garages],
        "levels": [
            {"id": str(v.id), "garage": str(v.garage_id), "name": _name(v.name), "ordinal": v.ordinal}
            | ({"outline": [list(p) for p in v.outline]} if v.outline else {})
            for v in plan.levels
        ],
        "zones": [
            {"id": str(z.id), "name": _name(z.name), "level": z.level, "opens_empty": z.opens_empty}
            | ({} if drawn else {"capacity": len(z.bays), "bays": [str(b) for b in z.bays]})
            | ({"not_usable": sorted(str(b) for b in z.not_usable)} if z.not_usable else {})
            for z in site.zones
        ],
        "bays": [
            {
                "zone": str(b.zone_id),
                "first": str(b.id),
                "at": list(b.at),
                "kind": b.kind.value,
                "heading": b.heading_deg,
            }
            for b in plan.bays
        ],
        "rooms": [
            {"level": str(r.level_id), "category": r.category, "outline": [list(p) for p in r.outline]}
            | ({"name": _name(r.name)} if r.name else {})
            for r in plan.rooms
        ],
        "ways": [
            {"id": w.id, "level": str(w.level_id), "points": [list(p) for p in w.points]}
            | ({"use": w.use.value} if w.use is not Use.BOTH else {})
            | ({"one_way": True} if w.one_way else {})
            for w in plan.ways
        ],
        "links": [
            {
                "id": str(k.id),
                "kind": k.kind.value,
                "name": _name(k.name),
                "stops": [_place(s) for s in k.stops],
                "one_way": k.one_way,
                "working": k.working,
            }
            for k in plan.links
        ],
    }
    document |= _what_stands_about(site)
    return str(yaml.safe_dump(document, allow_unicode=True, sort_keys=False, default_flow_style=None, width=200))


def _what_stands_about(site: SiteMap) -> Json:
    plan = site.plan
    return {
        "lanes": [
            {"id": str(lane.id), "name": _name(lane.name), "kind": lane.kind.value}
            | ({"from": str(lane.from_zone)} if lane.from_zone else {})
            | ({"to": str(lane.to_zone)} if lane.to_zone else {})
            | ({"both_ways": True} if lane.both_ways else {})
            | (_place(plan.lanes[lane.id]) if lane.id in plan.lanes else {})
            for lane in site.lanes
        ],
        "signs": [
            {"id": str(s.id), "zone": str(s.zone_id), "driver": s.driver, "full_text": s.full_text}
            | ({"address": s.address} if s.address else {})
            | (_place(plan.signs[s.id]) if s.id in plan.signs else {})
            for s in site.signs
        ],
        "pillars": [{"id": str(p.id), **_place(p.place)} for p in plan.pillars],
        "cameras": [
            {"id": c.id, **_place(c.place), "heading": c.heading_deg, "view": c.view_deg, "reach": c.reach_m}
            for c in plan.cameras
        ],
        "help_points": [{"id": h.id, "name": _name(h.name), **_place(h.place)} for h in plan.help_points],
        "entrances": [{"id": e.id, "name": _name(e.name), **_place(e.place)} for e in plan.entrances],
    }


def _name(name: LocalName) -> Json:
    return {"zh": name.zh, "en": name.en}


def _place(place: Place) -> Json:
    return {"level": str(place.level_id), "at": list(place.at)}
