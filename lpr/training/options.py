"""What a training is asked for, the same for every net; checked before anything slow is imported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from parking.kernel.errors import invalid


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """One training: `minutes` of wall time in all (sittings that resume share it), the seed, and where its files go.

    `resume` goes on from the newest checkpoint in `out`; `from_released` starts from the weights of the shipped model.
    `check` is a folder with a labels.csv of real plates that are looked at while training, for the log only.
    """

    minutes: float
    seed: int
    out: Path
    resume: bool = False
    from_released: bool = False
    check: Path | None = None

    def __post_init__(self) -> None:
        if not 0 < self.minutes < float("inf"):
            raise invalid("training.minutes", "must be more than 0", field="--minutes")
        if not 0 <= self.seed < 2**32:
            raise invalid("training.seed", "must be between 0 and 4294967295", field="--seed")
        if self.resume and self.from_released:
            raise invalid("training.start", "goes with --from-released only when not resuming", field="--resume")
        if self.check is not None and not (self.check / "labels.csv").is_file():
            raise invalid("training.check", "has no labels.csv", field="--check")
