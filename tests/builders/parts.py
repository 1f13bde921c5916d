"""Parts of the machine that some tests need: a missing one fails the run and is named; it never passes silently."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing_part(name: str, how: str) -> NoReturn:
    """Fail, naming the part and `how` to get it; with PARKING_ALLOW_MISSING=1 (and never under CI=true) skip instead."""
    if os.environ.get("PARKING_ALLOW_MISSING") == "1" and os.environ.get("CI") != "true":
        pytest.skip(f"{name} is missing: {how}")
    pytest.fail(f"{name} is missing: {how}", pytrace=False)
