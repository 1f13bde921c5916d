"""`lpr/models`: the nets that are shipped and the list that says what each is, where it comes from and which bytes it has."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import onnx

from lpr.weights import MODELS

LIST_NAME = "models.json"


def release(name: str, folder: Path, command: str, models: Path = MODELS) -> Path:
    """Copies a trained net and its log from a training's folder and enters it on the list, in place of the one before."""
    target = models / f"{name}.onnx"
    for file in (f"{name}.onnx", f"{name}.log.csv"):
        beside = models / f"{file}.new"
        shutil.copyfile(folder / file, beside)
        beside.replace(models / file)
    notes = {each.key: each.value for each in onnx.load(str(target)).metadata_props}
    entry = {
        "name": name,
        "file": target.name,
        "sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
        "bytes": target.stat().st_size,
        "parameters": int(notes["parameters"]),
        "seed": int(notes["seed"]),
        "trained_minutes": float(notes["trained_minutes"]),
        "command": command,
    }
    listed = models / LIST_NAME
    known = json.loads(listed.read_text(encoding="utf-8"))["models"] if listed.is_file() else []
    entries = sorted([*(each for each in known if each["name"] != name), entry], key=lambda each: str(each["name"]))
    beside = listed.with_suffix(".new")
    beside.write_text(json.dumps({"models": entries}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    beside.replace(listed)
    return target
