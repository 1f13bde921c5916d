"""What the routes of figures answer, and the same as rows of CSV."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from parking.analytics import queries
from parking.analytics.asked import BOUNDS_MIN
from parking.analytics.tables import MONEY
from parking.web.schemas import Strict

STEPS = (*(f"below_{bound}_min" for bound in BOUNDS_MIN), "longer")
COLUMNS = {
    "flow": ("period", "key", "entered", "gone", "found"),
    "dwell": ("period", "key", "stays", "median_min", *STEPS),
    "occupancy": ("period", "key", "average", "capacity", "peak", "known"),
    "revenue": ("period", "key", "unit", *MONEY),
    "ratings": ("period", "key", "n", "average", "gave_1", "gave_2", "gave_3", "gave_4", "gave_5"),
}
"""The first line of each export; columns are added at the end, and none is ever renamed or moved."""


class PassagesView(Strict):
    """Proven passages; `found`: exits that no loop had proven and that came to light afterwards, on the day when they happened."""

    period: str
    key: str
    entered: int
    gone: int
    found: int

    @classmethod
    def of(cls, row: queries.FlowRow) -> PassagesView:
        return cls(period=row.period, key=row.key, entered=row.entered, gone=row.gone, found=row.found)

    def cells(self) -> list[object]:
        return [self.period, self.key, self.entered, self.gone, self.found]


class DwellView(Strict):
    """Stays that ended in the period; of fewer than five, median and steps are withheld (null)."""

    period: str
    key: str
    stays: int
    median_min: int | None
    steps: list[int] | None = Field(description="How many lasted less than each of `bounds_min`, and longer.")

    @classmethod
    def of(cls, row: queries.DwellRow) -> DwellView:
        s = row.spread
        steps = None if s.steps is None else list(s.steps)
        return cls(period=row.period, key=row.key, stays=s.stays, median_min=s.median_min, steps=steps)

    def cells(self) -> list[object]:
        steps: list[int | None] = [*self.steps] if self.steps else [None] * len(STEPS)
        return [self.period, self.key, self.stays, self.median_min, *steps]


class OccupancyView(Strict):
    """Bays taken on average while the count was known (`known`: that share of the time); `peak` of a single zone only."""

    period: str
    key: str
    average: float | None
    capacity: float | None
    peak: int | None
    known: float

    @classmethod
    def of(cls, row: queries.OccupancyRow) -> OccupancyView:
        return cls(
            period=row.period,
            key=row.key,
            average=row.average,
            capacity=row.capacity,
            peak=row.peak,
            known=row.known,
        )

    def cells(self) -> list[object]:
        return [self.period, self.key, self.average, self.capacity, self.peak, self.known]


class RevenueView(Strict):
    """Minor units, as booked in the ledger: due + overpaid + prepaid = captured - refunded + coupon + waived + debt.

    `debt` is what came to be owed less what was paid of debts; `prepaid` what was paid for stays that had not left, less what they used.
    """

    period: str
    key: str
    unit: str
    due: int
    captured: int
    refunded: int
    coupon: int
    waived: int
    debt: int
    overpaid: int
    prepaid: int

    @classmethod
    def of(cls, row: queries.MoneyRow) -> RevenueView:
        return cls(period=row.period, key=row.key, unit=row.unit, **row.sums)

    def cells(self) -> list[object]:
        return [self.period, self.key, self.unit, *(getattr(self, name) for name in MONEY)]


class RatingsView(Strict):
    """Ratings given in the period: `gave[0]` is how many gave one; the average is told of five or more."""

    period: str
    key: str
    n: int
    average: float | None
    gave: list[int]

    @classmethod
    def of(cls, row: queries.RatingRow) -> RatingsView:
        n = sum(row.scores)
        return cls(period=row.period, key=row.key, n=n, average=row.average, gave=list(row.scores))

    def cells(self) -> list[object]:
        return [self.period, self.key, self.n, self.average, *self.gave]


class Page(Strict):
    """What all pages say: as of when, where the next page begins (null: nowhere)."""

    as_of: datetime
    next: str | None


class FlowPage(Page):
    rows: list[PassagesView]


class DwellPage(Page):
    bounds_min: list[int]
    rows: list[DwellView]


class OccupancyPage(Page):
    rows: list[OccupancyView]


class RevenuePage(Page):
    rows: list[RevenueView]


class RatingsPage(Page):
    rows: list[RatingsView]


class Choices(Strict):
    """What figures can be asked for: the site's day now, what was ever seen, and how many events wait to be counted."""

    today: str
    timezone: str
    lanes: list[str]
    lots: list[str]
    classes: list[str]
    channels: list[str]
    zones: list[str]
    levels: list[str]
    behind: int


class RatingIn(Strict):
    """One (bad) to five (very good), and words if one likes."""

    score: int = Field(ge=1, le=5)
    words: str = Field(default="", max_length=300, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")


class RatingView(Strict):
    """What was said of a stay; `open`: it can be rated (now, once)."""

    open: bool
    score: int | None
    words: str
