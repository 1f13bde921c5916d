"""Cells of files for spreadsheets: none is calculated when the file is opened, whoever wrote what stands in it."""

from __future__ import annotations

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would take this for a formula, or for the end of the line before one."""
    return text.startswith(_FORMULA)


def as_text(text: str) -> str:
    """The cell as it is written: what would be a formula gets a ' in front."""
    return f"'{text}" if is_formula(text) else text
