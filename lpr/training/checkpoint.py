"""Where a training stands, on disk: written beside and then moved, so that a power cut leaves the one before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from parking.kernel.errors import invalid

FILE_NAME = "checkpoint.pt"


def save(folder: Path, state: dict[str, Any]) -> None:
    """Replaces the folder's checkpoint in one step."""
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / f"{FILE_NAME}.new"
    torch.save(state, beside)
    beside.replace(folder / FILE_NAME)


def load(folder: Path) -> dict[str, Any]:
    """The newest checkpoint; ParkingError where there is none or it is not one of ours."""
    path = folder / FILE_NAME
    if not path.is_file():
        raise invalid("training.resume", f"there is no {FILE_NAME} in {folder}", field="--resume")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise invalid(
            "training.resume", f"{path} is no checkpoint ({type(error).__name__})", field="--resume"
        ) from None
    if not isinstance(state, dict) or "more" not in state:
        raise invalid("training.resume", f"{path} is no checkpoint of this version", field="--resume")
    return state
