"""The folder of pictures on a disk that comes and goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from parking.bootstrap.edge_camera import PictureFolder
from parking.kernel.clock import ManualClock, SystemClock
from tests.builders.edge_box import until


@pytest.mark.req("GATE-3")
def test_pictures_are_written_again_once_the_folders_disk_is_back(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_text("nothing is mounted here yet")
    folder = PictureFolder(disk / "pictures", SystemClock())
    folder.start()
    try:
        folder.put("visit-1", b"jpeg")
        until(lambda: bool(folder.trouble), "the trouble is told")
        disk.unlink()
        folder.put("visit-2", b"jpeg")
        until(lambda: folder.read("visit-2") == b"jpeg", "the second picture")
        assert folder.trouble == ""
    finally:
        folder.stop()


@pytest.mark.req("PRIV-1")
@pytest.mark.parametrize("year", [2020, 2040])
def test_a_picture_is_kept_for_its_week_whatever_the_machines_clock_says(tmp_path: Path, year: int) -> None:
    clock = ManualClock(datetime(year, 1, 1, tzinfo=UTC))

    def written(name: str) -> list[str]:
        folder = PictureFolder(tmp_path, clock)
        folder.start()
        folder.put(name, b"jpeg")
        folder.stop()
        return sorted(path.stem for path in tmp_path.glob("*.jpg"))

    assert written("visit-1") == ["visit-1"]
    clock.advance(timedelta(days=6))
    assert written("visit-2") == ["visit-1", "visit-2"]
    clock.advance(timedelta(days=2))
    assert written("visit-3") == ["visit-2", "visit-3"]
