"""`lpr/models`: the nets that are shipped and the list that says what each is, where it comes from and which bytes it has."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from lpr.weights import MODELS

LIST_NAME = "models.json"


def enter(name: str, path: Path, notes: Mapping[str, str], command: str, folder: Path = MODELS) -> None:
    """Puts a file that lies in the folder on its list, or its new bytes in place of the old ones."""
    listed = folder / LIST_NAME
    known = json.loads(listed.read_text(encoding="utf-8"))["models"] if listed.is_file() else []
    entry = {
        "name": name,
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "bytes": path.stat().st_size,
        "parameters": int(notes["parameters"]),
        "seed": int(notes["seed"]),
        "trained_minutes": float(notes["trained_minutes"]),
        "command": command,
    }
    models = sorted([*(each for each in known if each["name"] != name), entry], key=lambda each: str(each["name"]))
    beside = listed.with_suffix(".new")
    beside.write_text(json.dumps({"models": models}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    beside.replace(listed)
