"""`make prove [NAME=...]`: the long proofs, one by name or all.

A proof is a module of tests/prove that runs on its own (`python -m tests.prove.NAME`), tells how it goes, ends with one line (name,
figure, goal, holds or falls short) and exits with 0 when it holds and 1 when it does not. Exit codes here are the same; 2 for a wrong name.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROOFS = ROOT / "tests" / "prove"


def main(names: Sequence[str]) -> int:
    """Run the named proofs, or all, one after another; the last lines say how each ended."""
    known = sorted(file.stem for file in PROOFS.glob("[a-z]*.py"))
    chosen = [name.replace("-", "_") for name in names] or known
    for name in chosen:
        if name not in known:
            sys.stderr.write(f"prove: there is no proof called {name!r}; there are {', '.join(known)}\n")
            return 2
    endings = [prove(name) for name in chosen]
    if len(endings) > 1:
        print("\n".join(["", *(line for _, line in endings)]))
    return 0 if all(holds for holds, _ in endings) else 1


def prove(name: str) -> tuple[bool, str]:
    """Run one proof with its output in sight; whether it holds, and its closing line."""
    print(f"== {name}", flush=True)
    closing = f"{name}: said nothing; falls short"
    command = [sys.executable, "-u", "-m", f"tests.prove.{name}"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            closing = line.strip() or closing
    if running.returncode not in (0, 1):
        closing = f"{name}: broke off with exit code {running.returncode}; falls short"
    return running.returncode == 0, closing


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
