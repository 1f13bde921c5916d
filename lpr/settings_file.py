"""Settings from a YAML file and from a command's options; an option that was given wins over the file, the file over the default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from lpr.settings import Settings
from parking.kernel.errors import ParkingError, invalid

_LONGEST_BYTES = 1 << 20


def settings_of(file: Path | None, **given: Any) -> Settings:
    """The settings of a file (None: the defaults) with what else is given; a value of None was not given."""
    plain = _plain(file) if file is not None else {}
    try:
        Settings.parse(plain)  # first alone, so that an error can say that it is the file's
    except ParkingError as error:
        raise invalid(error.code, str(error), field=str(file)) from None
    return Settings.parse(plain | {key: value for key, value in given.items() if value is not None})


def _plain(file: Path) -> dict[str, Any]:
    try:
        raw = file.read_bytes()
        plain = yaml.safe_load(raw) if len(raw) <= _LONGEST_BYTES else None
    except OSError as error:
        raise invalid("settings.file", f"cannot be read ({error.strerror})", field=str(file)) from None
    except (yaml.YAMLError, ValueError, RecursionError):  # ValueError: 2026-13-45 is no day
        raise invalid("settings.file", "is not YAML", field=str(file)) from None
    if not isinstance(plain, dict) or not all(isinstance(key, str) for key in plain):
        raise invalid("settings.file", "should hold keys and values, such as detect_side_px: 480", field=str(file))
    return plain
