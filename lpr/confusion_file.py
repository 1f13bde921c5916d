"""The confusion on disk: the measured one that comes with the package, and any other file of the same shape."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from lpr.confusion import Confusion
from parking.kernel.errors import ParkingError, invalid

PACKAGED = "models/confusion.json"


def packaged() -> Confusion:
    """The confusion measured with the released models on drawn passages."""
    return Confusion.loads(resources.files("lpr").joinpath(PACKAGED).read_text(encoding="utf-8"))


def load(path: Path) -> Confusion:
    """The confusion in a file; ParkingError names the file and the key that is wrong."""
    try:
        return Confusion.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise invalid("confusion.unreadable", f"cannot be read ({error.strerror})", field=str(path)) from None
    except UnicodeDecodeError:
        raise invalid("confusion.unreadable", "is not UTF-8 text", field=str(path)) from None
    except ParkingError as error:
        raise invalid(error.code, str(error), field=str(path)) from None


def save(path: Path, confusion: Confusion) -> None:
    """Write a confusion to a file."""
    try:
        path.write_text(confusion.dumps(), encoding="utf-8")
    except OSError as error:
        raise invalid("confusion.file", f"cannot be written ({error.strerror})", field=str(path)) from None
