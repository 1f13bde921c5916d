"""Every answer that a test gets is held against the API's own description: its status and its type. Most forms are pydantic's to check.

The committed description is read, which a test of its own holds against the server's: to make one anew costs each server a second.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from httpx2 import Response

from tests.tools import openapi


@cache
def _document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(openapi.FILE.read_text(encoding="utf-8"))
    return found


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Those with fewer names in them first: a literal path is meant before one that has a place for it."""
    paths = sorted(_document()["paths"], key=lambda path: path.count("{"))
    return [(re.compile(re.sub(r"\\{[^}]+\\}", "[^/]+", re.escape(path))), path) for path in paths]


def check(method: str, path: str, reply: Response) -> None:
    """AssertionError for an answer that the description does not have; what it does not describe at all is not held against it."""
    template = next((named for pattern, named in _patterns() if pattern.fullmatch(path)), None)
    operation = _document()["paths"].get(template, {}).get(method.lower())
    if operation is None:
        return
    said, status = operation["responses"], str(reply.status_code)
    where = f"{method} {template} answered {status}"
    assert status in said or reply.status_code >= 400, f"{where}, which is not described"
    content = said.get(status, said["default"]).get("content", {})
    kind = reply.headers.get("content-type", "").partition(";")[0]
    if not content:
        assert not reply.content, f"{where} with a body of {kind}, which is not described"
        return
    assert kind in content or "*/*" in content, f"{where} as {kind}, described is {sorted(content)}"
