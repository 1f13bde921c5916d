"""The invoice platform of a site, from its settings file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError

from parking.kernel.errors import invalid
from payments.invoices.model import Policy
from payments.invoices.providers.base import InvoiceProvider
from payments.invoices.providers.registry import KINDS
from payments.providers.registry import Surroundings


@dataclass(frozen=True, slots=True)
class Platform:
    """Whoever issues for this site, and the site's rules."""

    provider: InvoiceProvider
    policy: Policy


def load(path: Path, around: Surroundings) -> Platform:
    """The platform of a file; ParkingError names file and key of a mistake."""
    try:
        plain = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        raise invalid("settings.file", f"{path} cannot be read: {error}", field="PARKING_INVOICES_FILE") from None
    if not isinstance(plain, dict) or not isinstance(plain.get("kind"), str):
        raise invalid("settings.invoices", f"{path} should have a kind, one of: {', '.join(KINDS)}", field="kind")
    kind = KINDS.get(plain["kind"])
    try:
        of = kind.settings.model_validate(plain)
    except ValidationError as error:
        faults = [f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors()]
        raise invalid("settings.invoices", f"{path.name}: {'; '.join(faults)}") from None
    return Platform(kind.build(of, around), of.policy())
