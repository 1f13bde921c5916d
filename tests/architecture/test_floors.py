"""The floors of the house are contracts in pyproject.toml; here they are kept, and here it is shown that they bite."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFIG: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
CONTRACTS: list[dict[str, Any]] = CONFIG["contracts"]

# One fault for every contract: (file, what is added to it).
PLANTED = {
    "Imports point down, and rooms on one floor are strangers": ("guidance/__init__.py", "import payments"),
    "Every room has a floor": ("parking/attic/__init__.py", ""),
    "No circles at any depth": ("parking/kernel/money.py", "import parking.kernel.codec"),
    "Thinking is pure: no I/O, however far down": ("parking/kernel/plate.py", "import sqlite3"),
    "Thinking is handed its time and its chance": ("parking/security/roles.py", "def now():\n    import time"),
    "The gate box has no server": ("lpr/frame.py", "import sqlalchemy"),
    "Only training knows torch": ("lpr/pictures.py", "import torch"),
    "Nobody loads onnxruntime before it is told to report to nobody": ("lpr/engine.py", "import onnxruntime"),
    "Training is reached by its command alone": ("lpr/rectify.py", "import lpr.training.options"),
    "Training never sees what proofs are drawn with": ("lpr/training/options.py", "import lpr.drawing.scenes"),
    "The product knows no simulator": ("parking/site/model.py", "import hardware_sim"),
}
UPWARDS = ("parking/kernel/ids.py", "import parking.plumbing.db")


def lint(tree: Path) -> str:
    """What import-linter says about the packages in `tree`."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    command += ["--no-cache", "--no-logo"]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == "", done.stderr
    return done.stdout


@pytest.fixture
def copied_house(tmp_path: Path) -> Path:
    """The product's Python files and the law, nothing else."""
    for package in CONFIG["root_packages"]:
        shutil.copytree(
            ROOT / package,
            tmp_path / package,
            ignore=lambda _, names: {n for n in names if n in {"node_modules", "dist"}},
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def plant(house: Path, file: str, fault: str) -> None:
    target = house / file
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text((target.read_text() if target.exists() else "") + f"\n{fault}\n")


def verdicts(report: str) -> dict[str, str]:
    return dict(re.findall(r"^(.+) (KEPT|BROKEN)\b", report, flags=re.MULTILINE))


def test_every_import_points_down() -> None:
    report = lint(ROOT)
    assert verdicts(report) == {contract["name"]: "KEPT" for contract in CONTRACTS}, report


def test_a_fault_planted_against_each_contract_is_seen(copied_house: Path) -> None:
    assert PLANTED.keys() == {contract["name"] for contract in CONTRACTS}, "every contract needs a fault that breaks it"
    for file, fault in PLANTED.values():
        plant(copied_house, file, fault)
    report = lint(copied_house)
    assert verdicts(report) == dict.fromkeys(PLANTED, "BROKEN"), report


def test_a_file_that_crosses_a_floor_is_named(copied_house: Path) -> None:
    plant(copied_house, *UPWARDS)
    report = lint(copied_house)
    assert "parking.kernel is not allowed to import parking.plumbing" in report
    assert "parking.kernel.ids -> parking.plumbing.db" in report


def test_every_module_that_a_contract_names_exists() -> None:
    named = {name.removesuffix(".*") for contract in CONTRACTS for name in contract.get("source_modules", ())}
    missing = sorted(name for name in named if importlib.util.find_spec(name) is None)
    assert missing == []


def test_a_room_in_parentheses_does_not_exist_yet() -> None:
    floors = [room.strip() for layer in CONTRACTS[0]["layers"] for room in layer.split("|")]
    waiting = {room.strip("()") for room in floors if room.startswith("(")}
    built = {room for room in waiting if (ROOT / room.replace(".", "/")).exists()}
    assert built == set(), "take the parentheses off these rooms in pyproject.toml"


def test_both_lists_of_floors_agree() -> None:
    of_the_house = [room.strip() for layer in CONTRACTS[0]["layers"] for room in layer.split("|")]
    of_parking = [room.strip() for layer in CONTRACTS[1]["layers"] for room in layer.split("|")]
    assert [r.replace("parking.", "") for r in of_the_house if "parking." in r] == of_parking
