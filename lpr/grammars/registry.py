"""Grammars by name. Another country is one more entry."""

from __future__ import annotations

from collections.abc import Callable

from lpr.grammars.base import Grammar
from lpr.grammars.brazil import brazil
from lpr.grammars.china import china
from lpr.grammars.europe import europe
from lpr.grammars.latin import latin
from lpr.grammars.usa import usa
from parking.kernel.registry import Registry

GRAMMARS: Registry[Callable[[], Grammar]] = Registry(
    "grammar", {"china": china, "europe": europe, "brazil": brazil, "usa": usa, "latin": latin}
)
