"""Settings say which key is wrong; frames and pictures are what they claim to be."""

from __future__ import annotations

import struct
import zlib
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lpr
from lpr import Frame, Settings, pictures
from lpr.picture_sizes import claimed_pixels
from parking.kernel.errors import ParkingError
from tests.builders.lpr import MORNING, a_frame, a_picture

pytestmark = pytest.mark.req("LPR-1")


def test_settings_come_from_a_plain_mapping() -> None:
    settings = Settings.parse({"detect_side_px": 480, "region_of_interest": [0, 0.25, 1, 1], "accept_margin": 3})
    assert settings == Settings(detect_side_px=480, region_of_interest=(0.0, 0.25, 1.0, 1.0), accept_margin=3.0)
    assert Settings.parse({}) == Settings()


@pytest.mark.parametrize(
    ("plain", "complaint"),
    [
        ({"detect_side": 480}, "detect_side: is not a setting; known: "),
        ({"detect_side_px": "480"}, "detect_side_px: should be a whole number"),
        ({"detect_side_px": True}, "detect_side_px: should be a whole number"),
        ({"detect_side_px": 8}, "detect_side_px: should be 64 to 4096, not 8"),
        ({"accept_margin": "high"}, "accept_margin: should be a number"),
        ({"detector": 3}, "detector: should be a name"),
        ({"region_of_interest": [0, 0, 1]}, "region_of_interest: should be four numbers"),
        ({"region_of_interest": [0, 0, 1, "x"]}, "region_of_interest: should be a number"),
        ({"region_of_interest": [0.5, 0, 0.5, 1]}, "region_of_interest: should be left, top, right, bottom"),
        ({"frozen_after_s": 60}, "frozen_after_s: should be 0.1 to 5"),
        ({"frames_per_second": float("nan")}, "frames_per_second: should be 0.1 to 100"),
    ],
)
def test_a_wrong_setting_names_its_key(plain: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ParkingError) as raised:
        Settings.parse(plain)
    assert str(raised.value).startswith(complaint)


@pytest.mark.parametrize(
    ("image", "at"),
    [
        (np.zeros((10, 10), np.uint8), MORNING),
        (np.zeros((10, 10, 4), np.uint8), MORNING),
        (np.zeros((10, 10, 3), np.float32), MORNING),
        (np.zeros((0, 10, 3), np.uint8), MORNING),
        (a_picture(), datetime(2026, 3, 2)),  # noqa: DTZ001 - a time without a zone is what is refused
    ],
)
def test_a_frame_is_a_colour_picture_with_a_time(image: Any, at: datetime) -> None:
    with pytest.raises(ParkingError):
        Frame(image, "entry-1", at, 1)


def test_a_frame_of_one_pixel_is_a_frame() -> None:
    assert a_frame(a_picture(width=1, height=1)).image.shape == (1, 1, 3)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".webp", ".tiff"])
def test_pictures_of_every_kind_are_loaded(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"皖A·12345{suffix}"
    path.write_bytes(cv2.imencode(suffix, a_picture(width=60, height=40))[1].tobytes())
    assert pictures.load(path).shape == (40, 60, 3)


@given(
    content=st.binary(max_size=200),
    head=st.sampled_from([b"", b"\xff\xd8\xff\xc0", b"\x89PNG\r\n\x1a\n", b"BM", b"RIFF"]),
)
def test_noise_is_no_picture_and_no_crash(content: bytes, head: bytes) -> None:
    image = pictures.decode(head + content)
    assert image is None or image.ndim == 3


def test_a_small_file_that_claims_gigabytes_is_refused_unopened() -> None:
    header = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    assert pictures.decode(png) is None
    jpeg = bytearray(cv2.imencode(".jpg", a_picture())[1].tobytes())
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    assert pictures.decode(bytes(jpeg)) is None
    assert pictures.decode(bytes(jpeg[:at] + b"\xff" * 3 + b"junk" + jpeg[at:])) is None


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp", ".tiff"])
def test_every_kind_says_its_size_before_it_is_decoded(suffix: str) -> None:
    packed = cv2.imencode(suffix, a_picture(width=70, height=50))[1].tobytes()
    assert claimed_pixels(packed) == 70 * 50
    assert pictures.decode(packed) is not None


def test_lossless_and_old_kinds_say_theirs_too() -> None:
    lossless = cv2.imencode(".webp", a_picture(width=70, height=50), [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes()
    assert lossless[12:16] == b"VP8L"
    assert claimed_pixels(lossless) == 70 * 50
    assert claimed_pixels(b"BM" + bytes(12) + struct.pack("<IHH", 12, 70, 50)) == 70 * 50
    extended = b"RIFF" + bytes(4) + b"WEBPVP8X" + bytes(8) + (69).to_bytes(3, "little") + (49).to_bytes(3, "little")
    assert claimed_pixels(extended) == 70 * 50


def test_a_png_whose_chunk_is_longer_than_the_file_is_refused_unopened() -> None:
    png = bytearray(cv2.imencode(".png", a_picture())[1].tobytes())
    at = png.index(b"IDAT")
    png[at - 4] = 0x22
    assert claimed_pixels(bytes(png)) > pictures.MOST_PIXELS
    assert pictures.decode(bytes(png)) is None


@pytest.mark.parametrize("kind", ["gif", "avif", "jp2", "hdr", "ppm"])
def test_kinds_that_nobody_needs_are_not_decoded(kind: str) -> None:
    try:
        packed = cv2.imencode(f".{kind}", a_picture())[1].tobytes()
    except cv2.error:
        pytest.skip(f"this OpenCV writes no {kind}")
    assert pictures.decode(packed) is None


def test_what_a_camera_sends_is_a_jpeg_or_nothing() -> None:
    png, jpeg = (cv2.imencode(suffix, a_picture())[1].tobytes() for suffix in (".png", ".jpg"))
    assert pictures.decode(png, only_jpeg=True) is None
    assert pictures.decode(jpeg, only_jpeg=True) is not None


def test_a_jpeg_is_made_on_demand() -> None:
    assert pictures.jpeg(a_picture()).startswith(b"\xff\xd8")
    with pytest.raises(ParkingError, match="no pixels"):
        pictures.jpeg(np.zeros((0, 4, 3), np.uint8))


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_BYTES", 1 << 20)
    path = tmp_path / "large.png"
    path.write_bytes(b"x" * ((1 << 20) + 1))
    with pytest.raises(ParkingError, match=r"large\.png: is larger than 1 MiB"):
        pictures.load(path)


def test_what_the_library_offers_is_what_it_says_it_offers() -> None:
    assert sorted(lpr.__all__) == lpr.__all__
    assert all(hasattr(lpr, name) for name in lpr.__all__)
