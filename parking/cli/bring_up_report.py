"""What a bring-up found: lines for the person, and the same as one flat object for scripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class WrongCall(Exception):
    """The command cannot do this; the text says what to change."""


class Report:
    """`say` is for the person, `note` for the object; `fail` is the sentence that makes the exit code 1."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self.values: dict[str, Any] = {"ok": True, "device": "", "error": ""}

    def say(self, line: str) -> None:
        self._say(line)

    def note(self, **values: Any) -> None:
        self.values.update(values)

    def fail(self, why: str) -> None:
        """The device does not do what it should; the first reason is kept."""
        self.values["ok"] = False
        self.values["error"] = self.values["error"] or why
