"""What a viewer of the live feed may ask for (pure): a topic names a thing of the site, and with it whatever belongs to it."""

from __future__ import annotations

from collections.abc import Iterable

from parking.kernel.errors import invalid
from parking.kernel.ids import ZoneId
from parking.site.model import SiteMap
from parking.web.live import SITE

EVENTS = "events"
TOPICS_MOST = 64
OPEN = ("zone", "sign")
"""Families of keys that everybody may see."""
_FAMILIES = (*OPEN, "lane", "bay", "device")
_WITH_OPEN_ONES = {SITE, "level", *OPEN}
_ID_MOST = 128


class Topics:
    """The topics of one site.

    `site` is everything; `zone`, `bay`, `sign`, `lane`, `device` a whole family; `zone.b1` that zone with its bays, its signs and the
    lanes that lead into or out of it; `level.B1` all zones of the level in the same way; `bay.A-01`, `sign.s1`, `lane.entry-1`,
    `device.cam-1` one thing; `events` the stream of events.
    """

    def __init__(self, site: SiteMap) -> None:
        zones = {zone.id: zone for zone in site.zones}

        def around(*zone_ids: ZoneId) -> tuple[str, ...]:
            own = [zones[zone_id] for zone_id in zone_ids if zone_id in zones]
            return tuple(dict.fromkeys([f"zone.{z.id}" for z in own] + [f"level.{z.level}" for z in own]))

        self._around = {f"zone.{zone.id}": around(zone.id) for zone in site.zones}
        self._around |= {f"bay.{bay}": around(zone.id) for zone in site.zones for bay in zone.bays}
        self._around |= {f"bay.{bay.id}": around(bay.zone_id) for bay in site.plan.bays}
        self._around |= {f"sign.{sign.id}": around(sign.zone_id) for sign in site.signs}
        self._around |= {f"lane.{lane.id}": around(*lane.zones) for lane in site.lanes}
        levels = {zone.level for zone in site.zones}
        self._known = {SITE, EVENTS, *_FAMILIES, *self._around, *(f"level.{level}" for level in levels)}

    def of(self, key: str) -> tuple[str, ...]:
        """The topics under which a key of the feed is sent."""
        return tuple(dict.fromkeys((SITE, key.partition(".")[0], key, *self._around.get(key, ()))))

    def asked(self, texts: Iterable[str]) -> frozenset[str]:
        """Topics as a viewer wrote them, separated by commas; empty when none were named.

        ParkingError (invalid) names the first that this site does not have, or says that there are more than 64.
        """
        named = frozenset(topic for text in texts for part in text.split(",") if (topic := part.strip()))
        if len(named) > TOPICS_MOST:
            raise invalid("live.topics_many", f"at most {TOPICS_MOST} topics, or ask for site", field="topics")
        for topic in sorted(named):
            of_device = topic.startswith("device.") and len(topic) <= _ID_MOST  # the boxes say which there are
            if topic not in self._known and not of_device:
                raise invalid(
                    "live.topic_unknown", f"this site has no topic {topic[:_ID_MOST]!r}; see /site/map", field="topics"
                )
        return frozenset({SITE} | (named & {EVENTS})) if SITE in named else named


def needs_a_right(topics: frozenset[str]) -> str | None:
    """The first topic under which the public would see nothing, None when there is no such."""
    return next((t for t in sorted(topics) if t.partition(".")[0] not in _WITH_OPEN_ONES), None)
