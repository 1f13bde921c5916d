"""From frames to plates: `Pipeline.default().read(frame)`; `Worker` for a live camera. Stands on `parking.kernel` alone."""

from lpr.frame import Frame
from lpr.model import Candidate, PassageReading, PlateColour, PlateKind, PlateRead
from lpr.pipeline import Pipeline
from lpr.settings import Settings
from lpr.vote import Ballot
from lpr.worker import Worker

__all__ = [
    "Ballot",
    "Candidate",
    "Frame",
    "PassageReading",
    "Pipeline",
    "PlateColour",
    "PlateKind",
    "PlateRead",
    "Settings",
    "Worker",
]
