"""A hash chain makes an append-only record tamper-evident: every link covers its own content and the link before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

GENESIS = "0" * 64
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def canonical(content: Mapping[str, Any]) -> bytes:
    """One spelling of one content: JSON with sorted keys and no spaces, UTF-8."""
    return _encode(content).encode()


def link(previous: str, content: Mapping[str, Any]) -> str:
    """The SHA-256 (hex) of the previous link followed by the canonical content."""
    return hashlib.sha256(previous.encode() + b"\n" + canonical(content)).hexdigest()


def first_broken(links: Iterable[tuple[Mapping[str, Any], str]], start: str = GENESIS) -> int | None:
    """The position of the first (content, link) that does not follow from the one before, or None when all hold."""
    previous = start
    for position, (content, claimed) in enumerate(links):
        previous = link(previous, content)
        if previous != claimed:
            return position
    return None
