"""The neighbours of the settings' file: their lots, their feeds and the signs at the approach; a wrong row is named."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from guidance.advise import Advice
from guidance.feed_polling import client, poll
from guidance.neighbours.base import Lot
from guidance.neighbours.feeds import FEEDS
from guidance.next_door import Feed, Neighbour, NextDoor, sign_zone
from guidance.sign_board import BoardSign
from guidance.signs.base import Arrow, SignSettings
from guidance.signs.registry import SIGNS
from parking.bootstrap.rounds import Round
from parking.kernel.clock import Clock
from parking.kernel.errors import invalid
from parking.kernel.ids import Ids, LotId, SignId
from parking.site.words import LocalName

SIGN_TIMEOUT_S = 2.0


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class NameRow(_Row):
    zh: str = Field(min_length=1, max_length=60)
    en: str = Field(min_length=1, max_length=60)


class LotRow(_Row):
    """A lot next door; `at_feed` is what its feed calls it, `kept_back` are bays that nobody is sent to."""

    id: str = Field(min_length=1, max_length=40, pattern="^[a-z0-9-]+$")
    at_feed: str = Field(default="", max_length=120)
    name: NameRow
    capacity: int = Field(ge=1, le=100_000)
    drive_min: float = Field(gt=0.0, le=120.0, strict=False)
    walk_min: float = Field(ge=0.0, le=120.0, strict=False)
    hour_minor: int | None = Field(default=None, ge=0, le=1_000_000)
    kept_back: int = Field(default=0, ge=0)
    address: str = Field(default="", max_length=200)


class FeedRow(_Row):
    id: str = Field(min_length=1, max_length=40)
    kind: str
    url: str = Field(pattern="^https?://")
    poll_s: float = Field(default=30.0, ge=0.1, le=240.0, strict=False)
    lots: list[LotRow] = Field(min_length=1)


class SignRow(_Row):
    """A sign at the approach that speaks of one lot next door; one that writes says its name in `language` and shows the `arrow`."""

    id: str = Field(min_length=1, max_length=64)
    lot: str
    driver: str
    address: str = ""
    full_text: str = "FULL"
    language: Literal["zh", "en", "none"] = "none"
    arrow: Literal["left", "ahead", "right", "back", "ahead_left", "ahead_right"] | None = None


class FileRows(_Row):
    """`needed_from`: our own free bays from which drivers are sent next door."""

    needed_from: int = Field(default=5, ge=0, le=100_000)
    feeds: list[FeedRow]
    signs: list[SignRow] = Field(default=[])


NOBODY = FileRows(needed_from=0, feeds=[])


def rows_of(file: Path | None) -> FileRows:
    """What the file says; ParkingError names the field that is wrong."""
    if file is None:
        return NOBODY
    try:
        said = FileRows.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(str(part) for part in wrong["loc"])
        raise invalid("neighbours.file", str(wrong["msg"]), field=f"{file.name}: {where}") from None
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        raise invalid("settings.file", f"{file} cannot be read: {error}", field="PARKING_NEIGHBOURS_FILE") from None
    lots = [lot.id for feed in said.feeds for lot in feed.lots]
    for name in lots:
        if lots.count(name) > 1:
            raise invalid("neighbours.file", f"there are two lots {name!r}", field=f"{file.name}: feeds")
    for n, feed in enumerate(said.feeds):
        if feed.kind not in FEEDS:
            raise invalid("neighbours.file", f"one of {', '.join(FEEDS)}", field=f"{file.name}: feeds.{n}.kind")
    for n, sign in enumerate(said.signs):
        if sign.lot not in lots:
            raise invalid("neighbours.file", f"there is no lot {sign.lot!r}", field=f"{file.name}: signs.{n}.lot")
    return said


def next_door(rows: FileRows, clock: Clock, ids: Ids, own_free: Callable[[], int | None]) -> NextDoor:
    """The neighbours, silent until their feeds are read."""
    neighbours = [_neighbour(lot) for feed in rows.feeds for lot in feed.lots]
    feeds = [
        Feed(f.id, f.kind, f.url, {lot.at_feed or lot.id: LotId(lot.id) for lot in f.lots}, f.poll_s)
        for f in rows.feeds
    ]
    return NextDoor(neighbours, feeds, clock, ids, rows.needed_from, own_free)


def _neighbour(row: LotRow) -> Neighbour:
    lot = Lot(LotId(row.id), row.capacity, row.drive_min * 60, row.walk_min * 60, row.hour_minor, row.kept_back)
    return Neighbour(lot, LocalName(row.name.zh, row.name.en), row.address)


def polling(door: NextDoor, resources: ExitStack) -> tuple[Round, ...]:
    """One round for each feed."""
    if not door.feeds:
        return ()
    http = client()
    resources.callback(http.close)
    return tuple(Round(f"feed-{feed.id}", feed.poll_s, partial(poll, door, feed, http)) for feed in door.feeds)


def approach_names(rows: FileRows) -> dict[SignId, LocalName]:
    """What people call the signs at the approach: the lot that each speaks of."""
    names = {lot.id: lot.name for feed in rows.feeds for lot in feed.lots}
    return {SignId(s.id): LocalName(names[s.lot].zh, names[s.lot].en) for s in rows.signs}


def approach_signs(rows: FileRows) -> tuple[BoardSign, ...]:
    """The signs at the approach with their drivers; nothing is sent yet."""
    lots = {lot.id: lot for feed in rows.feeds for lot in feed.lots}
    return tuple(
        BoardSign(
            SignId(s.id),
            sign_zone(LotId(s.lot)),
            SIGNS.get(s.driver)(SignSettings(s.address, SIGN_TIMEOUT_S)),
            Advice.for_capacity(lots[s.lot].capacity),
            s.full_text,
            {"zh": lots[s.lot].name.zh, "en": lots[s.lot].name.en, "none": ""}[s.language],
            Arrow(s.arrow) if s.arrow else None,
        )
        for s in rows.signs
    )
