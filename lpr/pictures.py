"""Pictures from bytes and files; whatever is not a picture gets an error that names the file."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from lpr.frame import Image
from parking.kernel.errors import ParkingError, invalid

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
MOST_BYTES = 64 << 20


def decode(content: bytes) -> Image | None:
    """The picture in a JPEG, PNG, ... as height x width x 3 (BGR), or None when it is none."""
    if not content:
        return None
    try:
        image = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
    return None if image is None or not image.size else np.asarray(image, dtype=np.uint8)


def load(path: Path) -> Image:
    """The picture in a file; ParkingError names the file that is missing, too large or no picture."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise _unusable(path, f"is larger than {MOST_BYTES >> 20} MiB")
        content = path.read_bytes()
    except OSError as error:
        raise _unusable(path, f"cannot be read ({error.strerror})") from None
    image = decode(content)
    if image is None:
        raise _unusable(path, "is not a picture that can be read (JPEG, PNG, BMP, WebP, TIFF)")
    return image


def _unusable(path: Path, why: str) -> ParkingError:
    return invalid("picture.unusable", why, field=str(path))
