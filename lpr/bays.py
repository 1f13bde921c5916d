"""What one picture of a bay camera says of each of its bays: taken, by which plate, free, or nothing that anybody could answer for.

Looking is cheap and reading is not: a bay that looks empty is not read, and one that looks as it did when it was read is not read
again. Whatever is seen must be seen twice: a car that drives by, or somebody who walks through, is in one look only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lpr import pictures
from lpr.frame import Frame, Image
from lpr.model import PlateRead
from lpr.motion import Grey, share_changed
from parking.kernel.device import DeviceFault
from parking.kernel.errors import invalid
from parking.kernel.plate import Plate

Box = tuple[float, float, float, float]
"""Left, top, right, bottom as shares 0-1 of the picture."""
Read = Callable[[Frame], Sequence[PlateRead]]

LIKE_EMPTY, UNLIKE_EMPTY = 0.10, 0.25
"""A bay that differs from its empty picture in less than this share of its cells is empty, in more than that something stands there."""
SAME = 0.06
"""Less than this changed since the bay was read: the same car stands there as before."""
READ_AGAIN_LOOKS, UNREAD_AGAIN_LOOKS = 200, 10
"""A bay that nothing changes in is read again after so many looks (one whose plate was not read: sooner): light creeps, people walk on."""
SURE_OF_STATE = 0.85
DARK_LEVELS = 4.0
"""Of 255: a darker picture shows a covered lens, or a garage without light."""
_LEARN = 0.02


class ShowsNothing(DeviceFault):
    """The camera sends pictures, and nothing can be learnt from them."""


@dataclass(frozen=True, slots=True)
class BaySight:
    """One bay in one look; `occupied` None: nobody can say. `sure` is 0-1: of the plate where there is one, else of the state."""

    occupied: bool | None
    sure: float = 0.0
    plate: Plate | None = None


NOTHING = BaySight(None)


def box_of(text: str) -> Box:
    """A box written `left,top,right,bottom`; ParkingError for anything else."""
    try:
        left, top, right, bottom = (float(part) for part in text.split(","))
    except ValueError:
        left = top = right = bottom = -1.0
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise invalid("bay_camera.box", f"{text!r} is not left,top,right,bottom as shares 0-1", field="bays")
    return left, top, right, bottom


def fail_if_black(picture: Image) -> None:
    """ShowsNothing for a picture in which nothing can be seen."""
    if float(picture[::8, ::8].mean()) < DARK_LEVELS:
        raise ShowsNothing("the camera shows nothing but black")


class BayWatch:
    """One camera's bays. Not thread-safe.

    `empty` is its picture with no car in any bay: without it only plates speak, and no bay is free.
    """

    def __init__(self, boxes: Mapping[str, Box], read: Read, empty: Image | None = None) -> None:
        self._boxes, self._read = dict(boxes), read
        self._bays = {name: _Bay() for name in boxes}
        self._last: Image | None = None
        self.reads = 0
        """How often a bay was read: what costs."""
        if empty is not None:
            self.learn_empty(empty)

    def learn_empty(self, picture: Image) -> None:
        """This is what the bays look like without cars."""
        for name, box in self._boxes.items():
            self._bays[name].empty = pictures.small_grey(_cut(picture, box)).astype(np.float32)

    def see(self, frame: Frame) -> dict[str, BaySight]:
        """What is seen, bay by bay; ShowsNothing for a picture that is black, or the very picture of the look before."""
        picture = frame.image
        last, self._last = self._last, picture
        if last is not None and last.shape == picture.shape and np.array_equal(last, picture):
            raise ShowsNothing("the camera shows the same picture again")
        fail_if_black(picture)
        return {name: self._look(self._bays[name], frame, box) for name, box in self._boxes.items()}

    def _look(self, bay: _Bay, frame: Frame, box: Box) -> BaySight:
        part = _cut(frame.image, box)
        grey = pictures.small_grey(part)
        seen = self._judge(bay, Frame(part, frame.camera, frame.captured_at, frame.sequence), grey)
        agreed = (seen.occupied, seen.plate) == (bay.before.occupied, bay.before.plate)
        bay.before = seen
        return seen if agreed else NOTHING

    def _judge(self, bay: _Bay, part: Frame, grey: Grey) -> BaySight:
        differs = bay.differs(grey)
        if differs is not None and differs < LIKE_EMPTY:
            bay.creep(grey)
            bay.read_as = None
            return BaySight(False, SURE_OF_STATE)
        bay.looks += 1
        again = READ_AGAIN_LOOKS if bay.read_as is not None and bay.read_as.plate is not None else UNREAD_AGAIN_LOOKS
        if bay.read_as is not None and bay.looks < again and bay.is_as_read(grey):
            return bay.read_as
        self.reads += 1
        bay.looks, bay.grey = 0, grey
        bay.read_as = _verdict(self._read(part), differs)
        return bay.read_as


@dataclass(slots=True, eq=False)
class _Bay:
    """What is remembered of a bay: how it looks empty, how it looked when it was read and what was read, and the look before."""

    empty: npt.NDArray[np.float32] | None = None
    grey: Grey | None = None
    read_as: BaySight | None = None
    before: BaySight = NOTHING
    looks: int = 0

    def differs(self, grey: Grey) -> float | None:
        """The share of cells that are not as they are when nobody stands here; None where nobody knows that."""
        if self.empty is None or self.empty.shape != grey.shape:
            return None
        return share_changed(grey.astype(np.float32), self.empty)

    def is_as_read(self, grey: Grey) -> bool:
        if self.grey is None or self.grey.shape != grey.shape:
            return False
        return share_changed(grey.astype(np.float32), self.grey.astype(np.float32)) < SAME

    def creep(self, grey: Grey) -> None:
        """An empty bay goes with the light of the hour."""
        assert self.empty is not None
        self.empty += np.float32(_LEARN) * (grey.astype(np.float32) - self.empty)


def _verdict(reads: Sequence[PlateRead], differs: float | None) -> BaySight:
    best = max(reads, key=lambda read: read.confidence, default=None)
    if best is not None and best.confidence >= SURE_OF_STATE:
        return BaySight(True, best.confidence, best.plate)
    if best is not None or (differs is not None and differs >= UNLIKE_EMPTY):
        return BaySight(True, SURE_OF_STATE)  # a car whose plate cannot be read
    return NOTHING


def _cut(picture: Image, box: Box) -> Image:
    height, width = picture.shape[:2]
    left, top, right, bottom = box
    part = picture[int(top * height) : round(bottom * height), int(left * width) : round(right * width)]
    if not part.size:
        raise ShowsNothing("the picture is too small for its bays")
    return part
