"""What a picture file says of its own size, before anything is decoded: a few bytes can claim gigabytes; pure.

Decoders believe these numbers and allocate (a PNG of 6 KB made OpenCV touch 570 MB, measured). They skip what is damaged, and so does
this; where nothing is claimed the answer is 0, and the decoder will find nothing either.
"""

from __future__ import annotations

JPEG = b"\xff\xd8"
PNG = b"\x89PNG\r\n\x1a\n"
_BMP, _RIFF, _TIFF_LITTLE, _TIFF_BIG = b"BM", b"RIFF", b"II*\0", b"MM\0*"
KNOWN = (JPEG, PNG, _BMP, _RIFF, _TIFF_LITTLE, _TIFF_BIG)
"""How the files begin that are decoded at all; OpenCV knows other kinds, which nobody needs here."""
TOO_MANY = 1 << 62

_ALONE = frozenset({0x00, 0x01, *range(0xD0, 0xDA), 0xFF})  # JPEG markers without a length; 0xFF is a filler
_SCAN = 0xDA
_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # the markers that are followed by height and width
_TIFF_SIDES = {256, 257}  # the tags of width and height


def claimed_pixels(content: bytes) -> int:
    """Width times height as the header has it; `TOO_MANY` for one that lies about its own length."""
    if content.startswith(JPEG):
        return _jpeg(content)
    if content.startswith(PNG):
        return _png(content)
    if content.startswith(_BMP):
        return _bmp(content)
    if content.startswith(_RIFF):
        return _webp(content)
    if content.startswith((_TIFF_LITTLE, _TIFF_BIG)):
        return _tiff(content)
    return 0


def _jpeg(content: bytes) -> int:
    at, most = 2, 0
    while (at := content.find(b"\xff", at)) >= 0 and at + 9 <= len(content):
        marker = content[at + 1]
        if marker == _SCAN:
            break
        if marker in _ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in _SIZES:
            most = max(most, _number(content, at + 5, 2) * _number(content, at + 7, 2))
        at += 2 + _number(content, at + 2, 2)
    return most


def _png(content: bytes) -> int:
    at, most = len(PNG), 0
    while at + 8 <= len(content):
        length, name = _number(content, at, 4), content[at + 4 : at + 8]
        if length > len(content) - at - 8:
            return TOO_MANY
        if name == b"IHDR":
            most = max(most, _number(content, at + 8, 4) * _number(content, at + 12, 4))
        if name == b"IEND":
            break
        at += length + 12
    return most


def _bmp(content: bytes) -> int:
    if _number(content, 14, 4, "little") == 12:  # the header of OS/2
        return _number(content, 18, 2, "little") * _number(content, 20, 2, "little")
    sides = (int.from_bytes(content[at : at + 4], "little", signed=True) for at in (18, 22))
    width, height = (abs(side) for side in sides)
    return width * height


def _webp(content: bytes) -> int:
    name = content[12:16]
    if name == b"VP8X":
        return (1 + _number(content, 24, 3, "little")) * (1 + _number(content, 27, 3, "little"))
    if name == b"VP8L":
        bits = _number(content, 21, 4, "little")
        return (1 + (bits & 0x3FFF)) * (1 + (bits >> 14 & 0x3FFF))
    return (_number(content, 26, 2, "little") & 0x3FFF) * (_number(content, 28, 2, "little") & 0x3FFF)


def _tiff(content: bytes) -> int:
    order = "little" if content.startswith(_TIFF_LITTLE) else "big"
    at, sides = _number(content, 4, 4, order), [1, 1]
    for entry in range(at + 2, min(at + 2 + 12 * _number(content, at, 2, order), len(content) - 11), 12):
        tag = _number(content, entry, 2, order)
        if tag in _TIFF_SIDES:
            short = _number(content, entry + 2, 2, order) == 3
            sides[tag - 256] = max(sides[tag - 256], _number(content, entry + 8, 2 if short else 4, order))
    return sides[0] * sides[1]


def _number(content: bytes, at: int, length: int, order: str = "big") -> int:
    return int.from_bytes(content[at : at + length], "little" if order == "little" else "big")
