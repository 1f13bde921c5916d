"""What the recogniser was measured to confuse, as the costs by which passages are matched: on the server and in every box the same."""

from __future__ import annotations

from lpr.confusion_file import packaged
from parking.sessions.costs import Costs


def measured_costs() -> Costs:
    """The costs of the released recogniser; counts of single frames, as they are many and no kinder than whole passages."""
    frames = packaged().frame
    return Costs.learned(frames.signs, frames.colours)
