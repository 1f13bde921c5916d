"""Proof: the real `paddleocr`, with our model folders and no network, reads the same pictures as our own onnxruntime reader.

A throw-away environment gets the extra [paddle] from its lock file. In it, with every connection refused (and counted), the same
crops go through both readers behind the same grammar, and whole frames through paddleocr's detector and reader.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements-paddle.lock"
ALIKE_GOAL, EXACT_GOAL = 0.97, 0.01  # share of pictures read alike; most that exact may differ
_INSIDE = "--inside"


class Offline:
    """Refuses and counts every attempt to leave this machine, from any library in this process."""

    def __init__(self) -> None:
        self.attempts = 0
        sys.addaudithook(self._watch)

    def _watch(self, event: str, args: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
            self.attempts += 1
            raise OSError(f"the network is blocked: {event}")


def compare(pictures_at: Path) -> dict[str, Any]:
    """Both pipelines over the same pictures, offline."""
    offline = Offline()
    from lpr import Frame, Pipeline, Settings, pictures  # here, so that the guard stands before the first import
    from lpr.evaluate import evaluate
    from lpr.labels import load

    folder = pictures_at / "ccpd_crops"
    ours, theirs = (Pipeline.default(Settings(reader=reader)) for reader in ("pp_ocr", "paddle"))
    alike = hits_ours = hits_theirs = 0
    labels = load(folder)
    for number, label in enumerate(labels):
        frame = Frame(pictures.load(label.file), "proof", datetime(2026, 1, 1, tzinfo=UTC), number)
        first, second = (next(iter(pipeline.read(frame)), None) for pipeline in (ours, theirs))
        alike += (first and first.plate) == (second and second.plate)
        hits_ours += first is not None and first.plate == label.plate
        hits_theirs += second is not None and second.plate == label.plate
    whole = Pipeline.default(Settings(detector="paddle", reader="paddle"))
    frames = evaluate(pictures_at / "ccpd_full", whole).report()
    return {
        "n": len(labels),
        "alike": alike / len(labels),
        "ours": hits_ours / len(labels),
        "theirs": hits_theirs / len(labels),
        "frames": frames["n"],
        "frames_exact": frames["exact"],
        "attempts": offline.attempts,
    }


def main() -> int:
    """Install, compare, sum up; 0 when the goal holds."""
    pictures_at = Path(os.environ.get("PLATE_DATA", ROOT.parent / "shared" / "data")).resolve()
    with tempfile.TemporaryDirectory(prefix="paddle-offline-") as folder:
        python = Path(folder) / "bin" / "python"
        venv.create(folder, with_pip=True)
        print("installing the extra [paddle] ...", flush=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--require-hashes", "-r", LOCK], check=True)
        ran = subprocess.run(
            [python, "-m", "tests.prove.paddle_offline", _INSIDE, str(pictures_at)],
            cwd=ROOT,
            env={**os.environ, "HOME": folder, "PADDLE_PDX_CACHE_HOME": str(Path(folder) / "cache")},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    found = json.loads(ran.stdout.splitlines()[-1])
    holds = (
        found["alike"] >= ALIKE_GOAL
        and abs(found["ours"] - found["theirs"]) <= EXACT_GOAL
        and found["frames_exact"] >= 0.9
    )
    print(f"attempts to reach the network, all refused: {found['attempts']}")
    print(
        f"paddleocr offline: {found['alike']:.1%} of {found['n']} crops read alike, exact {found['theirs']:.1%} (paddleocr) and "
        f"{found['ours']:.1%} (our reader), {found['frames_exact']:.1%} of {found['frames']} whole frames; goal: alike >= "
        f"{ALIKE_GOAL:.0%}, exact within {EXACT_GOAL:.0%}, frames >= 90%; {'holds' if holds else 'falls short'}"
    )
    return 0 if holds else 1


if __name__ == "__main__":
    if _INSIDE in sys.argv:
        print(json.dumps(compare(Path(sys.argv[-1]))))
        sys.exit(0)
    sys.exit(main())
