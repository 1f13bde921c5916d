"""An IMDF archive as bytes: a zip of `manifest.json` and one GeoJSON file for each feature type."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from parking.kernel.errors import invalid
from parking.site.imdf.words import EXTENSION, STANDARD, Archive

MOST_BYTES = 64 * 1024 * 1024


def pack(archive: Archive) -> bytes:
    """The zip; every standard file is in it, empty where there is nothing to say."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name in ("manifest", *STANDARD, EXTENSION):
            ending = "json" if name == "manifest" else "geojson"
            content = archive.get(name, {"type": "FeatureCollection", "name": name, "features": []})
            zipped.writestr(f"{name}.{ending}", json.dumps(content, ensure_ascii=False))
    return out.getvalue()


def unpack(raw: bytes, name: str = "imdf") -> dict[str, Any]:
    """The files of a zip by name; a folder around them is passed over. ParkingError names the file that is not JSON, or too large."""
    found: dict[str, Any] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as zipped:
            if sum(entry.file_size for entry in zipped.infolist()) > MOST_BYTES:
                raise invalid("site.imdf", f"is more than {MOST_BYTES} bytes when unpacked", field=name)
            for entry in zipped.infolist():
                file = entry.filename.rpartition("/")[2]
                stem, _, ending = file.rpartition(".")
                if ending not in ("json", "geojson") or file.startswith("."):
                    continue
                try:
                    found[stem] = json.loads(zipped.read(entry).decode("utf-8-sig"))
                except (ValueError, RecursionError):
                    raise invalid("site.imdf", "is not JSON", field=f"{name}: {file}") from None
    except zipfile.BadZipFile:
        raise invalid("site.imdf", "is not a zip archive", field=name) from None
    return found
