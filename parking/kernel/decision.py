"""A rule answers Allowed or Refused; a refusal is a value that says why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allowed:
    """Yes; `rule` names the rule that said so."""

    rule: str


@dataclass(frozen=True, slots=True)
class Refused:
    """No; `rule` names the rule that spoke, `reason` is a stable code that pages translate."""

    rule: str
    reason: str


Decision = Allowed | Refused
