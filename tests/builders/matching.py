"""Passages and stays as the matching sees them, with good defaults; the prices are those of the released recogniser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from lpr.confusion_file import packaged
from parking.kernel.ids import StayId
from parking.kernel.votes import Votes
from parking.sessions.costs import Costs
from parking.sessions.matching import Match, Matched, OpenCandidate, PassageEvidence, match

AT = datetime(2026, 3, 7, 6, 0, tzinfo=UTC)
FRAMES = packaged().frame
COSTS = Costs.learned(FRAMES.signs, FRAMES.colours)


def seen(text: str | None, *others: tuple[str, float], colour: str | None = "blue", **more: Any) -> PassageEvidence:
    """A passage at an exit: the best spelling, and others with how far they are behind."""
    votes = Votes.of([(text, 0.0), *others], colour, "civil") if text is not None else None
    return PassageEvidence(AT, votes, **more)


def inside(
    stay_id: str,
    text: str | None,
    *,
    hours: float = 2.0,
    colour: str | None = "blue",
    others: tuple[tuple[str, float], ...] = (),
    **more: Any,
) -> OpenCandidate:
    """A stay that began `hours` ago, with the plate that was read then, and others with how far they were behind."""
    votes = Votes.of([(text, 0.0), *others], colour, "civil") if text is not None else None
    return OpenCandidate(StayId(stay_id), AT - timedelta(hours=hours), votes, **more)


def matched(evidence: PassageEvidence, *candidates: OpenCandidate, costs: Costs = COSTS) -> Match:
    return match(evidence, candidates, costs, AT)


def stay_of(found: Match) -> str | None:
    return found.stay_id if isinstance(found, Matched) else None
