"""How often a reading of this margin and this likelihood is right: a logistic curve per kind of evidence, fitted on drawn plates.

Raw scores of nets are too sure of themselves, each in its own way; what a gate opens on must be a frequency.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from lpr.model import Candidate, margin_of


class Evidenced(StrEnum):
    """What a reading stands on."""

    STEPS = "steps"  # one reader that gives steps alone
    OWN = "own"  # one reader that gives steps and places
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Curve:
    """confidence = 1 / (1 + exp(-(bias + by_margin * margin + by_level * level))), the level being the best log-probability."""

    bias: float
    by_margin: float
    by_level: float

    def confidence(self, margin: float, level: float) -> float:
        """The share of readings like this that are right, 0-1."""
        return 1.0 / (
            1.0 + math.exp(-max(-60.0, min(60.0, self.bias + self.by_margin * margin + self.by_level * level)))
        )


# Fitted by maximum likelihood on 1 200 drawn and degraded plates that training has not seen (seed 991), as read by an earlier plate_net;
# of the one that is shipped, on 481 real hard crops, the mean confidence is 98.0 % and 97.9 % are right (alone: 96.8 and 96.9).
CURVES = {
    Evidenced.STEPS: Curve(-0.098, 0.724, 0.169),
    Evidenced.OWN: Curve(0.228, 1.327, 0.368),
    Evidenced.BOTH: Curve(0.712, 1.726, 0.26),
}
_WIDEST = 8.0
"""A wider margin says no more: readings that clear are wrong for other reasons."""


def confidence(candidates: Sequence[Candidate], evidenced: Evidenced) -> float:
    """How likely the first candidate is right, 0-1; 0 where there is none."""
    if not candidates:
        return 0.0
    likelihoods = [candidate.log_probability for candidate in candidates]
    return CURVES[evidenced].confidence(min(margin_of(likelihoods), _WIDEST), likelihoods[0])
