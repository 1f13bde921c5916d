"""The folder of pictures on a disk that comes and goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from parking.bootstrap.edge_camera import PictureFolder
from parking.kernel.clock import SystemClock
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
