"""Grammars by name. Another country is one more entry."""

from __future__ import annotations

from collections.abc import Callable

from lpr.grammars.base import Grammar
from lpr.grammars.china import china
from lpr.grammars.latin import latin
from parking.kernel.registry import Registry

GRAMMARS: Registry[Callable[[], Grammar]] = Registry("grammar", {"china": china, "latin": latin})
