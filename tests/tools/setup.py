"""Brings what `make` needs to a machine that has Python 3.11, git and make, and nothing twice.

Runs on the bare standard library. Every installed file is pinned by hash in a lock file; a stamp with the digest of what it was
made from makes the second call quick. A part that cannot be brought is named on stderr, and under CI=true it ends the run.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
VENV = ROOT / ".venv"
UI = ROOT / "kiosk_ui"
NPM_OLDEST = (10, 0)


def main(parts: Sequence[str]) -> int:
    for part in parts:
        PARTS[part]()
    return 0


# --- Python ----------------------------------------------------------------------------------------------------------


def server() -> None:
    """The virtual environment with all that `parking demo` runs on."""
    _venv(VENV)
    _install(VENV, ROOT / "requirements.lock")
    digest = _digest([ROOT / "pyproject.toml"])
    if not _stamped(VENV, "project", digest):
        _pip(VENV, "--no-deps", "--no-build-isolation", "-e", str(ROOT))
        _stamp(VENV, "project", digest)


def dev() -> None:
    """The same environment with the tools of the tests on top."""
    server()
    _install(VENV, ROOT / "requirements-dev.lock")


def uv() -> None:
    """The `uv` command, for `make lock`, in an environment of its own."""
    place = CACHE / "uv"
    _venv(place)
    _install(place, ROOT / "requirements-uv.lock")


def train() -> None:
    """What `make train` runs on: an environment of its own, as torch is large and nothing else needs it."""
    place = CACHE / "train"
    _venv(place)
    _install(place, ROOT / "requirements-train.lock")


def _venv(place: Path) -> None:
    if _answers(place / "bin" / "python", "-c", "import sys"):
        return
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever starts this may have an older one
        _give_up(
            f"Python 3.11 or later is needed, this is {sys.version.split()[0]}; name another one: make PY=python3.11"
        )
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    print(f"set-up: virtual environment {place.relative_to(ROOT)}", flush=True)
    if _answers(sys.executable, "-c", "import ensurepip") or _debian_install(
        f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    ):
        _run([sys.executable, "-m", "venv", str(place)])
    elif shutil.which("uv") or _answers(sys.executable, "-m", "pip", "--version"):
        _run([sys.executable, "-m", "venv", "--without-pip", str(place)])
    else:
        _give_up("this Python cannot make virtual environments: install the package python3-venv")


def _install(place: Path, lock: Path) -> None:
    digest = _digest([lock])
    if _stamped(place, lock.stem, digest):
        return
    print(f"set-up: {lock.name}", flush=True)
    _pip(place, "--require-hashes", "-r", str(lock))
    _stamp(place, lock.stem, digest)


def _pip(place: Path, *what: str) -> None:
    python = str(place / "bin" / "python")
    if shutil.which("uv"):
        _run(["uv", "pip", "install", "-q", "--python", python, *what])
    elif _answers(python, "-m", "pip", "--version"):
        _run([python, "-m", "pip", "install", "-qq", "--no-input", "--disable-pip-version-check", *what])
    else:
        _run([sys.executable, "-m", "pip", "--python", python, "install", "-qq", "--no-input", *what])


# --- the pages -------------------------------------------------------------------------------------------------------


def ui() -> None:
    """`kiosk_ui/dist`, types checked and built, only when a source changed; node is the machine's own or comes from a wheel."""
    if not (UI / "package.json").exists():
        _missing("the pages (kiosk_ui/package.json)")
        return
    sources = sorted(p for p in _files(UI) if p.suffix != ".py" and not p.name.endswith(".gen.ts"))
    digest = _digest(sources)
    if _stamped(CACHE, "ui", digest) and (UI / "dist").is_dir():
        return
    environment = _node()
    if not _packages_lie_there():
        print("set-up: front-end packages", flush=True)
        _run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=UI, env=environment)
    print("set-up: building the pages", flush=True)
    _run(["npm", "run", "--silent", "build"], cwd=UI, env=environment)
    _stamp(CACHE, "ui", digest)


def _packages_lie_there() -> bool:
    """Whether npm's own record of what it installed has every package of the lock file, by hash; it writes the record last."""
    record = UI / "node_modules" / ".package-lock.json"
    if not record.is_file():
        return False
    wanted, found = (json.loads(f.read_text())["packages"] for f in (UI / "package-lock.json", record))
    return all(
        found.get(place, {}).get("integrity") == package["integrity"]
        for place, package in wanted.items()
        if place and not package.get("optional")
    )


def _node() -> dict[str, str]:
    """An environment in which `node` and `npm` are new enough."""
    environment = {**os.environ, "NPM_CONFIG_UPDATE_NOTIFIER": "false", "CI": os.environ.get("CI", "")}
    node = _version("node")
    if ((20, 19) <= node < (21, 0) or node >= (22, 12)) and _version("npm") >= NPM_OLDEST:  # what Vite 8 asks for
        return environment
    place = CACHE / "node"
    _venv(place)
    _install(place, ROOT / "requirements-node.lock")
    return {**environment, "PATH": f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}"}


def _version(command: str) -> tuple[int, int]:
    try:
        text = subprocess.run([command, "--version"], capture_output=True, text=True, check=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError):
        return (0, 0)
    found = re.match(r"v?(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _files(folder: Path) -> Iterable[Path]:
    for entry in folder.iterdir():
        if entry.name in {"node_modules", "dist", "__pycache__"}:
            continue
        if entry.is_dir():
            yield from _files(entry)
        else:
            yield entry


# --- the browser -----------------------------------------------------------------------------------------------------


def chromium() -> None:
    """Chromium for the browser tests: PARKING_CHROMIUM, the machine's own, or Debian's package; its path goes to `.cache/chromium.path`."""
    path = find_chromium() or _bring_chromium()
    if path is None:
        _missing("Chromium (set PARKING_CHROMIUM to the browser's path)")
    CACHE.mkdir(exist_ok=True)
    (CACHE / "chromium.path").write_text(f"{path or ''}\n")


def find_chromium() -> str | None:
    """The browser that is already here; a PARKING_CHROMIUM that does not start is an error, not a reason to take another."""
    named = os.environ.get("PARKING_CHROMIUM")
    if named:
        return named if _answers(named, "--version") else _give_up(f"PARKING_CHROMIUM={named} does not start")
    unpacked = CACHE / "chromium" / "chromium"
    for candidate in ("chromium", "chromium-browser", "google-chrome", str(unpacked)):
        if _answers(candidate, "--version"):
            return candidate if "/" in candidate else shutil.which(candidate)
    return None


def _bring_chromium() -> str | None:
    if not shutil.which("apt-get"):
        return None
    packages = ("chromium", "fonts-wqy-microhei")  # the second so that Chinese pages can be read in the pictures
    if os.geteuid() == 0:
        return shutil.which("chromium") if _debian_install(*packages) else None
    return _unpack_debian(
        CACHE / "chromium", packages, "usr/lib/chromium/chromium", lambda path: _answers(path, "--version")
    )


def _unpack_debian(place: Path, packages: Sequence[str], program: str, answers: Callable[[str], bool]) -> str | None:
    """Without being root: fetch the packages and all they need into `place`, and unpack them there; the program if it answers."""
    shutil.rmtree(place, ignore_errors=True)
    state, debs, tree = place / "state", place / "archives", place / "tree"
    for folder in (state / "lists" / "partial", debs / "partial", tree):
        folder.mkdir(parents=True)
    settings = [f"Dir::State={state}", f"Dir::Cache={place}", "Debug::NoLocking=true"]
    settings += ["Dir::State::status=/var/lib/dpkg/status", "APT::Sandbox::User="]
    apt = ["apt-get", "-q", "-y", *(part for setting in settings for part in ("-o", setting))]
    print(f"set-up: {packages[0]}, unpacked into .cache/{place.name}", flush=True)
    try:
        _run([*apt, "update"], quiet=True)
        _run([*apt, "install", "--download-only", "--no-install-recommends", *packages], quiet=True)
        for deb in sorted(debs.glob("*.deb")):
            _run(["dpkg-deb", "-x", str(deb), str(tree)], quiet=True)
            deb.unlink()
    except SystemExit:
        return None
    libraries = [str(p) for p in (*tree.glob("usr/lib/*-linux-gnu"), *tree.glob("lib/*-linux-gnu"))]
    start = place / Path(program).name
    start.write_text(
        "#!/bin/sh\n"
        f"export LD_LIBRARY_PATH={':'.join(libraries)}:$LD_LIBRARY_PATH XDG_DATA_HOME={tree}/usr/share\n"
        f'exec {tree}/{program} "$@"\n'
    )
    start.chmod(0o755)
    return str(start) if answers(str(start)) else None


def _debian_install(*packages: str) -> bool:
    """Whether Debian's packages are installed now; only root may try."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    print(f"set-up: Debian packages {' '.join(packages)}", flush=True)
    try:
        _run(["apt-get", "-q", "update"], quiet=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        _run(["apt-get", "-q", "-y", "install", "--no-install-recommends", *packages], env=environment, quiet=True)
    except SystemExit:
        return False
    return True


# --- the broker ------------------------------------------------------------------------------------------------------


def mosquitto() -> None:
    """A real MQTT broker for the tests: PARKING_MOSQUITTO, the machine's own, or Debian's package, unpacked (it starts no service)."""
    if find_mosquitto() is None and (
        not shutil.which("apt-get")
        or _unpack_debian(CACHE / "mosquitto", ("mosquitto",), "usr/sbin/mosquitto", _is_broker) is None
    ):
        _missing("mosquitto (set PARKING_MOSQUITTO to the broker's path)")


def find_mosquitto() -> str | None:
    """The broker that is already here; a PARKING_MOSQUITTO that does not start is an error, not a reason to take another."""
    named = os.environ.get("PARKING_MOSQUITTO")
    if named:
        return named if _is_broker(named) else _give_up(f"PARKING_MOSQUITTO={named} does not start")
    places = (shutil.which("mosquitto"), "/usr/sbin/mosquitto", str(CACHE / "mosquitto" / "mosquitto"))
    return next((place for place in places if place and _is_broker(place)), None)


def _is_broker(path: str) -> bool:
    """Mosquitto has no question that it answers with exit code 0."""
    try:
        said = subprocess.run([path, "-h"], capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return False
    return b"mosquitto version" in said.stdout


# --- small change ----------------------------------------------------------------------------------------------------


def _run(command: Sequence[str], *, cwd: Path = ROOT, env: dict[str, str] | None = None, quiet: bool = False) -> None:
    output, errors = (subprocess.PIPE, subprocess.STDOUT) if quiet else (None, None)
    done = subprocess.run(
        command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, check=False
    )
    if done.returncode:
        tail = done.stdout.decode(errors="replace")[-2000:] if quiet else ""
        _give_up(f"{tail}\n`{' '.join(command)}` failed with exit code {done.returncode}".strip())


def _answers(*command: str | Path) -> bool:
    try:
        return (
            subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=120).returncode
            == 0
        )
    except (OSError, subprocess.SubprocessError):
        return False


def _digest(files: Sequence[Path]) -> str:
    whole = hashlib.sha256()
    for file in files:
        whole.update(str(file.relative_to(ROOT)).encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()


def _stamped(place: Path, name: str, digest: str) -> bool:
    stamp = place / f".{name}.stamp"
    return stamp.exists() and stamp.read_text() == digest


def _stamp(place: Path, name: str, digest: str) -> None:
    place.mkdir(parents=True, exist_ok=True)
    (place / f".{name}.stamp").write_text(digest)


def _missing(part: str) -> None:
    """Loud everywhere; the end of the run under CI."""
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        _give_up(f"{part} is missing, and under CI nothing may be missing")
    print(f"set-up: MISSING: {part}; the tests that need it will say so", file=sys.stderr, flush=True)


def _give_up(why: str) -> str:
    print(f"set-up: {why}", file=sys.stderr)
    raise SystemExit(2)


PARTS = {"server": server, "dev": dev, "uv": uv, "train": train, "ui": ui, "chromium": chromium, "mosquitto": mosquitto}

if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
