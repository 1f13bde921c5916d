"""The last vehicles at a lane, as whoever watches it needs them: what was read and how surely, what the rules said, what came of it.

It is put together when somebody reads it, from what the lane told; nothing of it is stored twice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from parking.kernel.ids import StayId, VisitId
from parking.kernel.plate import Plate
from parking.kernel.votes import Votes
from parking.sessions.visit_notes import VisitNote

OPERATOR = "operator:"


class Standing(StrEnum):
    """Where the vehicle is now, as far as its lane has told."""

    HERE = "here"
    PASSED = "passed"
    BACKED_AWAY = "backed_away"
    UNTOLD = "untold"  # another vehicle came after it, and nothing says how this one went


@dataclass(frozen=True, slots=True)
class Spelt:
    """One spelling of a read: its share among the spellings (0 to 1), and the places in which it differs from the best one."""

    text: str
    share: float
    differs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LaneRead:
    """One answer of the lane: what the camera made of the plate (`confidence` 0 to 1), and what the rules said to it."""

    at: datetime
    plate: Plate | None
    confidence: float
    frames: int
    spellings: tuple[Spelt, ...]
    colour: str | None
    kind: str | None
    allowed: bool
    rule: str
    reason: str
    right: str | None


@dataclass(frozen=True, slots=True)
class Pulse:
    """The boom was ordered up: `by` is `rule`, `policy` or an operator's id; `read_back` says that the board confirmed it."""

    at: datetime
    by: str
    by_person: bool
    reason: str
    read_back: bool


@dataclass(frozen=True, slots=True)
class LaneVisit:
    """One vehicle at a lane, from the first word about it to the last; reads and pulses oldest first."""

    visit_id: VisitId
    began_at: datetime
    ended_at: datetime | None
    direction: str | None
    standing: Standing
    stay_id: StayId | None
    called: str | None
    reads: tuple[LaneRead, ...] = ()
    pulses: tuple[Pulse, ...] = field(default=())


def spelt(votes: Votes | None) -> tuple[Spelt, ...]:
    """The spellings of a read as shares of what was spelt at all, likeliest first."""
    if votes is None or not votes.spellings:
        return ()
    weights = [math.exp(one.behind) for one in votes.spellings]
    best, whole = votes.spellings[0].text, sum(weights)
    return tuple(
        Spelt(one.text, weight / whole, _differs(one.text, best))
        for one, weight in zip(votes.spellings, weights, strict=True)
    )


def _differs(text: str, best: str) -> tuple[int, ...]:
    """The places in which two spellings differ; where one is longer, the places beyond the shorter one too."""
    longer = max(len(text), len(best))
    padded, other = text.ljust(longer), best.ljust(longer)
    return tuple(at for at in range(len(text)) if padded[at] != other[at])


def visits(notes: Sequence[VisitNote]) -> list[LaneVisit]:
    """The vehicles that these notes of one lane tell of (in their order), the newest first."""
    told: dict[VisitId, list[VisitNote]] = {}
    for note in notes:
        told.setdefault(note.visit_id, []).append(note)
    newest_first = sorted(told.items(), key=lambda one: (one[1][0].at, one[0]), reverse=True)
    return [_visit(visit_id, mine, newest=at == 0) for at, (visit_id, mine) in enumerate(newest_first)]


def _visit(visit_id: VisitId, notes: Sequence[VisitNote], *, newest: bool) -> LaneVisit:
    ending = next((one for one in reversed(notes) if one.kind in ("VehiclePassed", "VehicleBackedAway")), None)
    if ending is not None:
        standing = Standing.PASSED if ending.kind == "VehiclePassed" else Standing.BACKED_AWAY
    else:
        standing = Standing.HERE if newest else Standing.UNTOLD
    return LaneVisit(
        visit_id=visit_id,
        began_at=notes[0].at,
        ended_at=ending.at if ending else None,
        direction=_last(notes, "direction"),
        standing=standing,
        stay_id=StayId(found) if (found := _last(notes, "stay_id")) else None,
        called=_last([one for one in notes if one.kind == "LaneCalled"], "cause"),
        reads=tuple(_read(one) for one in notes if one.kind == "LaneDecided"),
        pulses=tuple(_pulse(one) for one in notes if one.kind == "BarrierPulsed"),
    )


def _read(note: VisitNote) -> LaneRead:
    said = note.said
    return LaneRead(
        at=note.at,
        plate=note.plate,
        confidence=float(said.get("confidence", 0.0)),
        frames=int(said.get("frames", 0)),
        spellings=spelt(note.votes),
        colour=note.votes.colour if note.votes else None,
        kind=note.votes.kind if note.votes else None,
        allowed=bool(said.get("allowed")),
        rule=str(said.get("rule", "")),
        reason=str(said.get("reason", "")),
        right=said.get("right"),
    )


def _pulse(note: VisitNote) -> Pulse:
    by = str(note.said.get("by", ""))
    person = by.startswith(OPERATOR)
    return Pulse(
        note.at,
        by.removeprefix(OPERATOR),
        person,
        str(note.said.get("reason", "")),
        bool(note.said.get("read_back")),
    )


def _last(notes: Sequence[VisitNote], name: str) -> str | None:
    return next((str(one.said[name]) for one in reversed(notes) if one.said.get(name)), None)
