"""The box's file on a disk that wears out: what cannot be read is set aside for a person, and the lanes work with a new file."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import count
from pathlib import Path

import structlog

from parking.gate.edge_file import UNREADABLE, EdgeFile
from parking.kernel.device import Health, HealthReport
from parking.kernel.errors import ErrorKind, ParkingError, invalid

_LOG = structlog.get_logger("edge")


def open_or_begin_anew(path: Path) -> EdgeFile:
    """The box's file, looked through; one that cannot be read is set aside and a new one begun. ParkingError for any other trouble."""
    if path.exists() and not path.is_file():  # a folder or a device is not ours to set aside
        raise invalid("edge.file", f"{path} is no file; name one that may be made", field="journal")
    try:
        if path.exists() and path.stat().st_size == 0:
            # SQLite would take it for a new one, and nobody would hear of what it held.
            raise ParkingError(ErrorKind.UNAVAILABLE, UNREADABLE, "the box's file is empty")
        return _whole(path)
    except ParkingError as error:
        if error.code != UNREADABLE:
            raise
        kept = _set_aside(path)
        _LOG.critical("the box's file cannot be read and was set aside", file=kept.name)
        return EdgeFile(path)


def _whole(path: Path) -> EdgeFile:
    file = EdgeFile(path)
    try:
        file.check()
    except ParkingError:
        file.close()
        raise
    return file


def set_aside(path: Path) -> list[Path]:
    """What was set aside of this file and is still there, oldest first."""
    name = re.compile(rf"{re.escape(path.stem)}\.unreadable-(\d+){re.escape(path.suffix)}")
    there = ((name.fullmatch(one.name), one) for one in path.parent.iterdir())
    return [one for _, one in sorted((int(match.group(1)), one) for match, one in there if match is not None)]


def _set_aside(path: Path) -> Path:
    taken = {one.name for one in set_aside(path)}
    name = next(n for k in count(1) if (n := f"{path.stem}.unreadable-{k}{path.suffix}") not in taken)
    try:
        for ending in ("-wal", ""):  # the file itself last: until then another start finds all of it again
            if (part := Path(f"{path}{ending}")).exists():
                part.rename(path.with_name(f"{name}{ending}"))
        Path(f"{path}-shm").unlink(missing_ok=True)
    except OSError as error:  # the disk takes nothing any more
        raise ParkingError(
            ErrorKind.UNAVAILABLE, "edge.file", f"the box's file cannot be read, nor be set aside: {error.strerror}"
        ) from None
    return path.with_name(name)


def file_health(path: Path, now: datetime) -> HealthReport:
    """Faulty as long as a file that could not be read waits for a person: what it had not sent yet is in it. And where its own is gone."""
    try:
        path.stat()  # who removes it takes nothing from this process, and all that is unsent from the next
        waiting = set_aside(path)
    except OSError as error:  # a disk that does not even list its files stops no lane
        return HealthReport(Health.FAULTY, now, error.strerror or "")
    if not waiting:
        return HealthReport(Health.OK, now)
    return HealthReport(Health.FAULTY, now, f"its journal could not be read and was set aside: {waiting[-1].name}")
