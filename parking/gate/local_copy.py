"""The lane's copy of what the server knows: applied whole, never backwards, never half, asked by ref.

A first copy, and one that has to be made anew because the server's own past has changed, grows in a file beside the one that is
served, and takes its place in one moment. Until the first is complete there is no copy: nobody is listed, no stay is known.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from parking.access.queries import Queries
from parking.access.snapshot import CommandRow, CopyChange, CopyRow, Fact, ZoneRow, parse_fact, refs_of
from parking.gate.copy_file import MEMORY, UNREADABLE, CopyFile, Position, StoredRow, key_number, ref_number
from parking.gate.edge_file import EdgeFile
from parking.gate.link_wire import CopyImage
from parking.gate.ports import Copy
from parking.kernel.errors import ErrorKind, ParkingError, conflict
from parking.kernel.ids import LaneId

T = TypeVar("T")
_ALL = "all"
_LISTED_WHOLE = frozenset({"zone", "key"})
"""Kinds of which somebody wants every row; the others are found by what they are about."""
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


class LocalCopy(Queries):
    """The copy of one box; `version` is 0 before the first is complete, and changes with every change."""

    def __init__(self, file: EdgeFile) -> None:
        self._box = file
        self._lock = threading.Lock()
        self._files = _Files(file.path)
        self._served, self._coming = self._files.open()
        self.rebuilt = 0
        """How often the server's copy turned out to be another than ours."""

    @property
    def version(self) -> int:
        at = self._served.at if self._served is not None else None
        return max(0, at.served) if at is not None else 0

    @property
    def loaded(self) -> bool:
        """Whether there is a whole copy to decide from."""
        return self._served is not None

    @property
    def position(self) -> tuple[str, int]:
        """What to ask the server for: the epoch and the version of what is here, the part on its way included."""
        file = self._coming or self._served
        at = file.at if file is not None else None
        return (at.epoch, at.position) if at is not None else ("", 0)

    def apply(self, change: CopyChange) -> bool:
        """Take a page of a change; False when it brings nothing new. Another site's or a later one's raises ParkingError."""
        rows = [_stored(row) for row in change.rows]
        target = change.version if change.upto is None else max(change.upto, change.version)
        with self._lock:
            known = self._coming or self._served
            at = known.at if known is not None else None
            if at is not None and change.site != at.site:
                raise conflict("copy.site", "this copy is of another site")
            if at is None or _begins_anew(change, at):
                if change.since:
                    raise conflict("copy.gap", "a copy begins at its beginning")
                self._begin(change, target, rows)
                return True
            if change.epoch and at.epoch and change.epoch != at.epoch and change.since != at.position:
                raise conflict("copy.epoch", "this change is of another past")
            if change.since > at.position:
                raise conflict("copy.gap", "this change does not follow on what is here")
            complete = change.version >= target
            if change.version <= at.position and not (complete and at.served < at.position):
                return self._go_on(change, at)
            self._take(change, at, target, [row for row in rows if row.version > at.position])
        return True

    def take_image(self, image: CopyImage) -> bool:
        """Take a whole copy at once in place of whatever is here; another site's, or one that cannot be read, raises ParkingError."""
        with self._lock:
            known = self._coming or self._served
            if known is not None and known.at is not None and known.at.site != image.site:
                raise conflict("copy.site", "this copy is of another site")
            file = self._files.grown(image.raw)
            at = file.at
            if at is None or (at.site, at.epoch, at.served) != (image.site, image.epoch, image.version):
                self._files.drop(file)
                raise conflict("copy.image", "this image is not what it says")
            if self._coming is not None:
                self._files.drop(self._coming)
            self.rebuilt += self._served is not None
            self._coming = file
            self._put_in_place(file)
        return True

    def find(self, kind: str, *refs: str) -> list[Fact]:
        """The rows of one kind that `refs_of` finds by any of `refs`, each once, in the order of their keys."""
        found = self._found(kind, *refs)
        facts = (parse_fact(CopyRow(kind, key, version, json.loads(data))) for key, version, data in found)
        return [
            fact for fact in facts if fact is not None and (_ALL in refs or not set(refs).isdisjoint(refs_of(fact)))
        ]

    def count(self, kind: str, ref: str) -> int:
        """How many those are."""
        return self._ask(lambda file: file.count(ref_number(kind, ref), kind), 0)

    def free(self) -> int | None:
        """Free bays of the site; None when no zone is vouched for."""
        zones = [fact.free for fact in self.find("zone", _ALL) if isinstance(fact, ZoneRow)]
        return sum(zones) if zones else None

    def keys(self) -> list[Fact]:
        """The public keys of all sibling boxes."""
        return self.find("key", _ALL)

    def used(self, code_id: str) -> bool:
        """Whether a code has done its work, here or at another box."""
        return self._box.has_used(code_id) or super().used(code_id)

    def orders(self, lane_id: LaneId) -> tuple[CommandRow, ...]:
        """Orders to this lane that were not carried out yet, late ones included, oldest first."""
        found = sorted(self._found("command", f"lane:{lane_id}"), key=lambda row: row[1])
        facts = [parse_fact(CopyRow("command", key, version, json.loads(data))) for key, version, data in found]
        done = self._box.carried_out()
        return tuple(
            fact
            for fact in facts
            if isinstance(fact, CommandRow) and fact.lane_id == lane_id and fact.command_id not in done
        )

    def image(self) -> bytes:
        """The whole copy as bytes that `take_image` takes; ParkingError before there is one."""
        if self._served is None:
            raise conflict("copy.none", "there is no copy yet")
        return self._served.image()

    def tidy(self) -> bool:
        """Clear away some rows of the past; whether there may be more."""
        return self._served is not None and self._served.clear_past()

    def close(self) -> None:
        with self._lock:
            for file in (self._served, self._coming):
                if file is not None:
                    file.close()

    def _found(self, kind: str, *refs: str) -> Sequence[tuple[str, int, str]]:
        nothing: Sequence[tuple[str, int, str]] = ()
        numbers = [ref_number(kind, ref) for ref in refs]
        return self._ask(lambda file: file.find(kind, numbers), nothing)

    def _ask(self, question: Callable[[CopyFile], T], nothing: T) -> T:
        """The answer of the file that is served; one that cannot be read is given up, to be fetched anew."""
        while True:
            file = self._served
            if file is None:
                return nothing
            try:
                return question(file)
            except ParkingError as error:
                if self._served is not file:
                    continue  # another has taken its place meanwhile
                if error.code != UNREADABLE:
                    raise
                with self._lock:
                    if self._served is file:
                        self._served = None
                        self._files.drop(file)

    # --- growing, with the lock held ---------------------------------------------------------------------------------

    def _begin(self, change: CopyChange, target: int, rows: list[StoredRow]) -> None:
        if self._coming is not None:
            self._files.drop(self._coming)
        if self._served is not None:
            self.rebuilt += 1
        self._coming = self._files.new()
        nothing = Position(change.site, change.epoch, -1, 0)
        self._coming.take(nothing, [])
        self._take(change, nothing, target, rows)

    def _take(self, change: CopyChange, at: Position, target: int, rows: list[StoredRow]) -> None:
        file = self._coming or self._served
        assert file is not None
        complete = change.version >= target
        served = change.version if complete else at.served
        epoch = change.epoch or at.epoch
        file.take(Position(at.site, epoch, served, change.version), rows)
        if complete and file is self._coming:
            self._put_in_place(file)

    def _put_in_place(self, file: CopyFile) -> None:
        file.make_durable()  # first, so that a power cut leaves one of them
        before, self._served, self._coming = self._served, file, None
        if before is not None:
            self._files.drop(before)

    def _go_on(self, change: CopyChange, at: Position) -> bool:
        """Nothing new, but perhaps under a new epoch: the server vouches that its past up to here is ours."""
        if change.epoch and change.epoch != at.epoch and change.since == at.position:
            file = self._coming or self._served
            assert file is not None
            file.take(Position(at.site, change.epoch, at.served, at.position), [])
        return False


def _begins_anew(change: CopyChange, at: Position) -> bool:
    """Whether the server starts over; one that names no epoch never does."""
    return bool(change.epoch) and change.since == 0 and at.position > 0


def _stored(row: CopyRow) -> StoredRow:
    fact = parse_fact(row)
    kind = row.kind
    if fact is None or row.data is None:
        return StoredRow(kind, row.key, row.version, None, ())
    whole = (ref_number(kind, _ALL),) if kind in _LISTED_WHOLE else ()
    refs = (key_number(kind, row.key), *[ref_number(kind, ref) for ref in refs_of(fact)], *whole)
    return StoredRow(kind, row.key, row.version, _encode(row.data), refs)


class _Files:
    """The copy's files beside the box's: `edge.copy-3.db` and so on; the newest that is complete is served."""

    def __init__(self, box: str) -> None:
        self._box = None if box == MEMORY else Path(box)
        self._last = 0

    def open(self) -> tuple[CopyFile | None, CopyFile | None]:
        """The file that is served and the one that was growing when the power went; what is older or unreadable is removed."""
        if self._box is None:
            return None, None
        served: CopyFile | None = None
        coming: CopyFile | None = None
        for number, path in sorted(self._there(), reverse=True):
            self._last = max(self._last, number)
            try:
                file = CopyFile(path)
            except ParkingError:
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


_: type[Copy] = LocalCopy
