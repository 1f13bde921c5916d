"""Find my car over HTTP and over its websocket: the floor first, in one word."""

from __future__ import annotations

from pydantic import Field

from parking.journeys.finding_car import Answer, Map
from parking.journeys.schemas import LocalText
from parking.site.route import Leg, Step
from parking.site.words import LocalName
from parking.web.schemas import Moment, Strict


class FindCar(Strict):
    """What is shown besides who asks: the code on the lane's ticket; a member may name one of his plates."""

    code: str = Field(default="", max_length=1024)
    plate: str = Field(default="", max_length=24)
    payment_id: str = Field(default="", max_length=64)


class FindToken(Strict):
    token: str
    valid_until: Moment


class AskWay(Strict):
    """`pillar` is the code on the pillar that was scanned, `entrance` the hall that a kiosk stands in."""

    token: str = Field(max_length=1024)
    pillar: str = Field(default="", max_length=40)
    entrance: str = Field(default="", max_length=40)
    step_free: bool = False


class MarkCar(Strict):
    """Exactly one of `bay` and `pillar`."""

    token: str = Field(max_length=1024)
    bay: str = Field(default="", max_length=40)
    pillar: str = Field(default="", max_length=40)


class WayStepView(Strict):
    """`turn` is start, straight, left, right, back, ride (by `link` of `kind`, to `level`) or arrive."""

    turn: str
    level: str
    metres: int
    kind: str | None
    link: LocalText | None
    level_name: LocalText | None


class LegView(Strict):
    """A line on one level in metres (x east, y north); a ride has the level it ends on in `to_level`."""

    level: str
    to_level: str
    kind: str | None
    points: list[list[float]]


class WayView(Strict):
    metres: int
    seconds: int
    step_free: bool
    start: LocalText | None
    legs: list[LegView]
    steps: list[WayStepView]


class CarView(Strict):
    """`known` is bay, pillar (the driver's own mark), zone, nothing, or gone; `source` and `seen_at` say who knows it since when."""

    known: str
    floor: LocalText | None = None
    level: str | None = None
    zone: LocalText | None = None
    bay: str | None = None
    pillar: str | None = None
    source: str | None = None
    seen_at: Moment | None = None
    map_url: str | None = None
    way: WayView | None = None

    @classmethod
    def of(cls, found: Answer, there: Map, *, step_free: bool) -> CarView:
        place, zone, level = found.place, found.zone, found.level
        if place is None or zone is None:
            return cls(known="gone" if found.gone else "nothing")
        known = "bay" if place.bay_id else "pillar" if place.pillar_id else "zone"
        return cls(
            known=known,
            floor=_text(level.name) if level else LocalText(zh=zone.level, en=zone.level),
            level=level.id if level else None,
            zone=_text(zone.name),
            bay=place.bay_id,
            pillar=place.pillar_id,
            source=place.source.value,
            seen_at=place.at,
            map_url=f"/api/v1/site/levels/{level.id}/map.svg" if level else None,
            way=_way(found, there, step_free=step_free),
        )


def _text(name: LocalName) -> LocalText:
    return LocalText(zh=name.zh, en=name.en)


def _way(found: Answer, there: Map, *, step_free: bool) -> WayView | None:
    if found.way is None:
        return None
    return WayView(
        metres=round(found.way.metres),
        seconds=round(found.way.seconds),
        step_free=step_free,
        start=_text(found.start) if found.start else None,
        legs=[_leg(leg) for leg in found.way.legs],
        steps=[_step(step, there) for step in found.steps],
    )


def _leg(leg: Leg) -> LegView:
    points = [[round(x, 2), round(y, 2)] for x, y in leg.points]
    return LegView(
        level=leg.level_id, to_level=leg.to_level_id, kind=leg.kind.value if leg.kind else None, points=points
    )


def _step(step: Step, there: Map) -> WayStepView:
    link = next((k for k in there.site.plan.links if k.id == step.link_id), None)
    level = there.level(step.level_id)
    return WayStepView(
        turn=step.turn.value,
        level=step.level_id,
        metres=round(step.metres),
        kind=step.kind.value if step.kind else None,
        link=_text(link.name) if link else None,
        level_name=_text(level.name) if level else None,
    )
