"""The process that draws beside a training."""

from __future__ import annotations

from multiprocessing.process import BaseProcess

from parking.kernel.errors import ErrorKind, ParkingError


def check(painter: BaseProcess) -> None:
    """ParkingError where it has ended: nothing new would be learned from."""
    if not painter.is_alive():
        raise ParkingError(
            ErrorKind.UNAVAILABLE, "training.drawing", "the drawing process ended; see its message above"
        )
