"""A name as people read it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LocalName:
    """A name as people read it, in Chinese and English."""

    zh: str
    en: str
