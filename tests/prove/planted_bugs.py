"""Proof that the suite has teeth: every bug of the `planted_bugs*.toml` is planted into a copy of the sources, and its test must fail.

`python -m tests.prove.planted_bugs [NAME...]`. A bug whose place is gone, or a test that fails without it, counts as not caught.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LISTS = sorted(Path(__file__).parent.glob("planted_bugs*.toml"))
GOAL = 35
_COPIED = ("parking", "tests", "hardware_sim", "payments")
_LINKED = ("lpr", "guidance", "kiosk_ui", "benchmarks")
_FILES = ("pyproject.toml",)
_FAILED, _PASSED = 1, 0  # pytest's exit codes; all others mean that it could not even ask
_HUNG, _HUNG_AFTER_S = -1, 3600.0


@dataclass(frozen=True, slots=True)
class Bug:
    """One planted bug: what it breaks, its patch, and the test that is there to catch it."""

    name: str
    law: str
    file: str
    old: str
    new: str
    test: str

    def planted_in(self, source: str) -> str:
        """The source with the bug; ValueError unless its place is there exactly once."""
        if source.count(self.old) != 1:
            raise ValueError(f"{self.name}: its place is {source.count(self.old)} times in {self.file}")
        return source.replace(self.old, self.new)


def bugs() -> list[Bug]:
    """The lists, in their order."""
    return [Bug(name, **entry) for path in LISTS for name, entry in tomllib.loads(path.read_text()).items()]


def copy_sources(folder: Path) -> None:
    """A copy of what bugs are planted in and tests are taken from; what is big and stays as it is becomes a link."""
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in _COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in (*_LINKED, *_FILES):
        if (ROOT / name).exists():
            (folder / name).symlink_to(ROOT / name)


def run_tests(folder: Path, tests: Sequence[str]) -> int:
    """Pytest's exit code for these tests of the copy; one that does not end proves nothing."""
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=_HUNG_AFTER_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return _HUNG
    return done.returncode


def is_caught(bug: Bug, folder: Path) -> str:
    """Empty when the bug's test fails because of it; otherwise why not. The copy is as before afterwards."""
    file = folder / bug.file
    source = file.read_text()
    try:
        planted = bug.planted_in(source)
        compile(planted, bug.file, "exec")
    except (ValueError, SyntaxError) as error:
        return str(error)
    file.write_text(planted)
    try:
        code = run_tests(folder, [bug.test])
    finally:
        file.write_text(source)
    if code == _FAILED:
        return ""
    if code == _HUNG:
        return "its test hangs"
    return "its test passes" if code == _PASSED else f"its test could not be run (pytest says {code})"


def main(names: Sequence[str] = ()) -> int:
    """Plant all bugs, or the named ones, one after another; 0 when every one of them is caught."""
    chosen = [bug for bug in bugs() if not names or bug.name in names]
    with tempfile.TemporaryDirectory(prefix="planted-bugs-") as temporary:
        folder = Path(temporary)
        copy_sources(folder)
        sound = run_tests(folder, sorted({bug.test for bug in chosen})) == _PASSED
        if not sound:
            print("  the tests do not pass without any bug: nothing is proven")
        caught = 0
        for bug in chosen:
            why_not = is_caught(bug, folder) if sound else "not tried"
            caught += not why_not
            print(
                f"  {'caught' if not why_not else 'NOT CAUGHT'}: {bug.name} ({bug.law}){': ' + why_not if why_not else ''}"
            )
    holds = sound and caught == len(chosen) and (bool(names) or caught >= GOAL)
    print(
        f"planted_bugs: caught {caught} of {len(chosen)}; goal all of >= {GOAL}; {'holds' if holds else 'falls short'}"
    )
    return 0 if holds else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
