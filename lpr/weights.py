"""Where the model files are, and that they are the right ones: found in an installed package, checked by SHA-256, never at import.

Our own nets lie in `lpr/models`, with a list of them (`models.json`: what each is, and its SHA-256). The PP-OCRv6
files come inside the `rapidocr` wheel (Apache-2.0); that package is not imported: only its file list is read.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from parking.kernel.errors import ErrorKind, ParkingError


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of weights: the distribution that carries it, its place therein, and the SHA-256 that it must have (hex)."""

    distribution: str
    path: str
    sha256: str


PP_OCR_V6_DETECTOR = ModelFile(
    "rapidocr",
    "rapidocr/models/PP-OCRv6_det_small.onnx",
    "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
)
PP_OCR_V6_READER = ModelFile(
    "rapidocr",
    "rapidocr/models/PP-OCRv6_rec_small.onnx",
    "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
)


def locate(model: ModelFile) -> Path:
    """The checked file; ParkingError (unavailable) says what is missing or altered and how to mend it."""
    mend = f"install the package {model.distribution} again"
    try:
        distribution = metadata.distribution(model.distribution)
    except metadata.PackageNotFoundError:
        raise _unusable("weights.missing", f"the package {model.distribution} is not installed; {mend}") from None
    path = Path(str(distribution.locate_file(model.path)))
    if not path.is_file():
        raise _unusable("weights.missing", f"{model.distribution} has no file {model.path}; {mend}")
    return _checked(path, model.sha256, mend)


MODELS = Path(__file__).parent / "models"
_LIST = "models.json"


def own(name: str) -> Path:
    """The checked file of one of our own nets; ParkingError (unavailable) says what is missing or altered."""
    mend = "install this package again"
    try:
        listed = json.loads((MODELS / _LIST).read_text(encoding="utf-8"))
        entry = next((each for each in listed["models"] if each["name"] == name), None)
    except (OSError, ValueError, KeyError, TypeError):
        raise _unusable("weights.missing", f"{_LIST} is missing or broken; {mend}") from None
    if entry is None:
        raise _unusable("weights.missing", f"{_LIST} knows no model {name!r}")
    path = MODELS / str(entry["file"])
    if not path.is_file():
        raise _unusable("weights.missing", f"there is no file {path.name}; {mend}")
    return _checked(path, str(entry["sha256"]), mend)


def _checked(path: Path, sha256: str, mend: str) -> Path:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise _unusable("weights.altered", f"{path.name} has SHA-256 {found}, not {sha256}; {mend}")
    return path


def _unusable(code: str, message: str) -> ParkingError:
    return ParkingError(ErrorKind.UNAVAILABLE, code, message)
