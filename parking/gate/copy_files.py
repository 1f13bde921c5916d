"""The files of a lane's copy beside the box's own: which is served, which is growing, and what is left of older ones."""

from __future__ import annotations

import os
import re
from pathlib import Path

from parking.gate.copy_file import MEMORY, UNREADABLE, CopyFile
from parking.kernel.errors import ErrorKind, ParkingError


class CopyFiles:
    """The copy's files beside the box's: `edge.copy-3.db` and so on; the newest that is complete is served."""

    def __init__(self, box: str) -> None:
        self._box = None if box == MEMORY else Path(box)
        self._last = 0

    def open(self) -> tuple[CopyFile | None, CopyFile | None]:
        """The file that is served and the one that was growing when the power went; what is older or unreadable goes."""
        if self._box is None:
            return None, None
        served: CopyFile | None = None
        coming: CopyFile | None = None
        for number, path in sorted(self._there(), reverse=True):
            self._last = max(self._last, number)
            try:
                file = CopyFile(path)
            except ParkingError as error:
                if error.code == UNREADABLE:  # one that a full disk has no room beside is as good as before
                    _remove(path)
                continue
            complete = file.at is not None and file.at.served >= 0
            if complete and served is None:
                served = file
            elif file.at is not None and served is None and coming is None:
                coming = file
            else:
                self.drop(file)
        return served, coming

    def new(self) -> CopyFile:
        self._last += 1
        if self._box is None:
            return CopyFile(MEMORY)
        path = self._box.with_name(f"{self._box.stem}.copy-{self._last}.db")
        _remove(path)
        return CopyFile(path)

    def grown(self, raw: bytes) -> CopyFile:
        """A new file with the bytes of an image."""
        self._last += 1
        if self._box is None:
            return CopyFile(MEMORY, raw)
        path = self._box.with_name(f"{self._box.stem}.copy-{self._last}.db")
        _remove(path)
        try:
            _write_durably(path, raw)
        except OSError as error:
            _remove(path)
            raise ParkingError(ErrorKind.UNAVAILABLE, "copy.file", f"the copy cannot be written: {error}") from None
        try:
            return CopyFile(path)
        except ParkingError:
            _remove(path)
            raise

    def drop(self, file: CopyFile) -> None:
        file.close()
        if file.path != MEMORY:
            _remove(Path(file.path))

    def _there(self) -> list[tuple[int, Path]]:
        assert self._box is not None
        name = re.compile(rf"{re.escape(self._box.stem)}\.copy-(\d+)\.db")
        matches = [(name.fullmatch(path.name), path) for path in self._box.parent.iterdir()]
        return [(int(match.group(1)), path) for match, path in matches if match is not None]


def _write_durably(path: Path, raw: bytes) -> None:
    with path.open("wb") as out:
        out.write(raw)
        out.flush()
        os.fsync(out.fileno())


def _remove(path: Path) -> None:
    for one in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        one.unlink(missing_ok=True)
