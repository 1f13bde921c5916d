"""Settings in YAML: a day that is none is a mistake in a file like any other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from lpr.settings_file import settings_of
from parking.bootstrap.kiosks import _rows as kiosks_of
from parking.bootstrap.next_door import rows_of
from parking.bootstrap.sensors import sensors_of
from parking.kernel.clock import ManualClock
from parking.kernel.errors import ParkingError
from payments.invoices import loader as invoices
from payments.providers import channels

_NOBODY = cast(Any, None)


@pytest.mark.req("DATA-2")
@pytest.mark.parametrize(
    "read",
    [
        kiosks_of,
        rows_of,
        lambda file: sensors_of(file, _NOBODY, ManualClock(datetime(2026, 3, 2, tzinfo=UTC))),
        lambda file: channels.load(file, _NOBODY),
        lambda file: invoices.load(file, _NOBODY),
        settings_of,
    ],
    ids=["kiosks", "neighbours", "sensors", "channels", "invoices", "recognition"],
)
def test_a_day_that_is_none_is_named_with_its_file(tmp_path: Path, read: Callable[[Path], object]) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("since: 2026-13-45", encoding="utf-8")
    with pytest.raises(ParkingError, match=r"settings\.yaml"):
        read(file)
