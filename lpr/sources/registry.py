"""Sources by name, and the name that an address asks for."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from lpr.sources.base import FrameSource
from lpr.sources.folder import FolderSource
from lpr.sources.mjpeg import MjpegSource
from lpr.sources.rtsp import RtspSource
from lpr.sources.video_file import VideoFileSource
from parking.kernel.clock import Clock
from parking.kernel.errors import invalid
from parking.kernel.registry import Registry

SOURCES: Registry[Callable[[str, str, Clock], FrameSource]] = Registry(
    "source",
    {
        "mjpeg": MjpegSource,
        "rtsp": RtspSource,
        "file": lambda address, camera, clock: VideoFileSource(Path(address), camera, clock),
        "folder": lambda address, camera, clock: FolderSource(Path(address), camera, clock),
    },
)
_BY_SCHEME = {"http": "mjpeg", "https": "mjpeg", "rtsp": "rtsp", "rtsps": "rtsp"}


def source_of(address: str, camera: str, clock: Clock, *, pause: Callable[[float], None] = time.sleep) -> FrameSource:
    """The source that fits an address: rtsp://, http(s):// (MJPEG), a folder of pictures or a video file, which pause between pictures."""
    scheme = urlsplit(address).scheme.lower() if "://" in address else ""
    if scheme:
        if scheme not in _BY_SCHEME:
            raise invalid("source.address", f"{scheme}:// is not read; use rtsp://, http(s)://, a file or a folder")
        return SOURCES.get(_BY_SCHEME[scheme])(address, camera, clock)
    if not Path(address).exists():
        raise invalid("source.address", "there is no such file or folder", field=address)
    recording = FolderSource if Path(address).is_dir() else VideoFileSource
    return recording(Path(address), camera, clock, pause=pause)
