"""What is committed is our own, small, and says nothing about the machine that it was written on."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOP_LEVEL = {
    "parking", "lpr", "guidance", "payments", "kiosk_ui", "hardware_sim", "tests", "benchmarks", "docs", ".ci",
    "pyproject.toml", "Makefile", "README.md", "CHANGELOG.md", "LICENSE", ".gitignore",
}  # fmt: skip
HOST = re.compile(
    rb"https?://[^\s\"']*(?:/simple|registry|/packages/|\.tgz|\.whl)|--(?:extra-)?index-url|resolved\"\s*:\s*\"http"
)
LARGEST_BYTES = 2_000_000
LARGEST_NET_BYTES = 5_000_000


def committed() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).exists()]


def relative(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def test_the_root_is_as_its_owner_wished() -> None:
    names = {path.relative_to(ROOT).parts[0] for path in committed()}
    assert {name for name in names if not name.endswith(".lock")} <= TOP_LEVEL


def test_lock_files_name_no_host() -> None:
    locks = [p for p in committed() if p.suffix == ".lock" or p.name in {"package-lock.json", ".npmrc"}]
    assert len(locks) >= 3
    assert relative([p for p in locks if HOST.search(p.read_bytes())]) == []


@pytest.mark.parametrize("lock", sorted(p.name for p in ROOT.glob("requirements*.lock")))
def test_every_pin_of_a_lock_file_has_a_hash(lock: str) -> None:
    entries = (ROOT / lock).read_text().replace("\\\n", " ").splitlines()
    assert [entry.split()[0] for entry in entries if entry.strip() and "--hash=sha256:" not in entry] == []


def test_the_lock_files_pin_one_version_of_each_package() -> None:
    wanted = _pins("requirements-dev.lock")
    for smaller in ("requirements.lock", "requirements-edge.lock"):
        assert _pins(smaller) <= wanted, smaller


def _pins(lock: str) -> set[str]:
    return set(re.findall(r"^[A-Za-z0-9._-]+==\S+", (ROOT / lock).read_text(), flags=re.MULTILINE))


def test_nothing_built_or_brought_is_committed() -> None:
    foreign = {"node_modules", "site-packages", "vendor", "third_party", ".venv", ".cache"}
    built = [p for p in committed() if foreign & set(p.parts) or "kiosk_ui/dist" in p.as_posix()]
    minified = [p for p in committed() if p.name.endswith((".min.js", ".min.css", ".whl", ".map"))]
    assert relative(built + minified) == []


def test_no_committed_file_is_large() -> None:
    nets = ROOT / "lpr" / "models"
    large = [p for p in committed() if p.stat().st_size > (LARGEST_NET_BYTES if p.parent == nets else LARGEST_BYTES)]
    assert relative(large) == []


def test_no_committed_file_names_a_path_of_somebodys_machine() -> None:
    private = re.compile(rb"(?<![\w.])/(?:" + b"|".join([b"work", b"farm", b"root", b"home/[a-z]+"]) + rb")/\w")
    texts = [p for p in committed() if p.suffix not in {".png", ".jpg", ".onnx", ".npz"}]
    assert relative([p for p in texts if private.search(p.read_bytes())]) == []
