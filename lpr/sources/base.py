"""A source gives frames. Grabbing is cheap and keeps up with the camera; retrieving decodes, only when somebody will look."""

from __future__ import annotations

from typing import Protocol

from lpr.frame import Frame


class EndOfStream(Exception):
    """A finite source (a file, a folder) has shown everything."""


class FrameSource(Protocol):
    """One camera or recording; used by one thread at a time.

    A source that cannot go on raises `parking.kernel.device.DeviceFault` within its own time-out, and may be opened again
    after `close`. Nothing that it raises carries a password.
    """

    @property
    def camera(self) -> str:
        """The name that its frames carry."""
        ...

    def open(self) -> None:
        """Connect; DeviceFault when that fails or takes too long."""
        ...

    def grab(self) -> None:
        """Wait for the next picture and keep it undecoded; DeviceFault on silence, EndOfStream after the last."""
        ...

    def retrieve(self) -> Frame:
        """The picture grabbed last; DeviceFault when it is damaged."""
        ...

    def close(self) -> None:
        """Let go of everything; closing twice is fine."""
        ...
