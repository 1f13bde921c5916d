"""The pages, built by Vite; Python only says where they lie."""

from __future__ import annotations

from pathlib import Path


def dist() -> Path | None:
    """The folder of built pages (operator/, kiosk/, driver/, assets/), or None when nothing has been built."""
    folder = Path(__file__).parent / "dist"
    return folder if (folder / "operator" / "index.html").is_file() else None
