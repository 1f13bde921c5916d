"""Drawn passages shown to the real pipeline frame by frame, paced as a worker paces itself, and what came of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from lpr import Frame, Pipeline
from lpr.drawing.clips import PLACES, ClipFrame, Passage, draw_frame, plan_passage
from lpr.passage import ToldPassage
from lpr.sharpness import glimpses

MORNING = datetime(2026, 3, 2, 9, tzinfo=UTC)
LOOP_BEFORE_STOP_S = 0.35  # the car is felt by the loop a moment before it stands
MOST_FRAMES = 10


@dataclass(frozen=True, slots=True)
class Result:
    """One passage: what was true, what was read, whether the gate would have believed it, and what it cost."""

    number: int
    truth: str
    read: str
    accepted: bool
    margin: float
    agreeing: int
    frames: int
    style: str
    light: str
    weather: str
    place: int
    facing: str
    body: str
    dirt: float
    hidden: float
    width_px: float
    behind: str
    draw_s: float
    read_s: float

    @property
    def right(self) -> bool:
        return self.read == self.truth

    def plain(self) -> dict[str, Any]:
        return asdict(self)


def passage_of(seed: int, number: int) -> Passage:
    """The passage with this number: the places take turns."""
    return plan_passage(np.random.default_rng((seed, number)), place=number % PLACES)


def frames_of(passage: Passage, told: ToldPassage) -> Iterator[ClipFrame]:
    """The frames that a worker would read: as often as the passage asks for, until it asks no more or the car leaves."""
    at_s = passage.arrives_s - LOOP_BEFORE_STOP_S
    for _ in range(MOST_FRAMES):
        yield draw_frame(passage, at_s)
        pace = told.pace(None, at_s)
        if pace < 2.0:
            return
        at_s += 1 / pace
        if at_s > passage.leaves_s:
            return


def show(pipeline: Pipeline, passage: Passage, number: int) -> tuple[Result, list[ClipFrame]]:
    """Let the pipeline and the ballot see one passage."""
    settings = pipeline.settings
    told = ToldPassage(f"passage {number}", settings)
    seen: list[ClipFrame] = []
    draw_s = read_s = 0.0
    reading = None
    before = time.perf_counter()
    for shot in frames_of(passage, told):
        draw_s += time.perf_counter() - before
        before = time.perf_counter()
        seen.append(shot)
        frame = Frame(shot.image, "gate", MORNING + timedelta(seconds=shot.at_s), len(seen))
        [reading] = told.see(glimpses(frame, pipeline.read(frame), shot.at_s), frame, None, shot.at_s)
        read_s += time.perf_counter() - before
        before = time.perf_counter()
    assert reading is not None
    widths = [float(np.linalg.norm(shot.corners[1] - shot.corners[0])) for shot in seen if shot.corners is not None]
    vehicle = passage.vehicle
    result = Result(
        number=number,
        truth=pipeline.grammar.spelled(vehicle.plate),
        read=reading.plate.text if reading.plate is not None else "",
        accepted=reading.margin >= settings.passage_margin and reading.agreeing >= settings.settled_frames,
        margin=round(reading.margin, 2),
        agreeing=reading.agreeing,
        frames=reading.frames,
        style=vehicle.style.value,
        light=passage.light.value,
        weather=passage.weather.value,
        place=passage.site.place,
        facing=vehicle.facing.value,
        body=vehicle.body.kind.value,
        dirt=round(vehicle.dirt, 2),
        hidden=round(max(shot.hidden for shot in seen), 2),
        width_px=round(max(widths, default=0.0)),
        behind=passage.behind.plate if passage.behind is not None else "",
        draw_s=round(draw_s, 3),
        read_s=round(read_s, 3),
    )
    return result, seen
