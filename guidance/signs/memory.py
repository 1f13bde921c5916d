"""A sign in memory: shows what it is told, keeps a log, and fails on request. Ships with the product for tests and simulations."""

from __future__ import annotations

from guidance.signs.base import Face, Sign, SignSettings


class MemorySign:
    """Acknowledges at once; set `fault` to an exception (DeviceFault or DeviceRefused) to make every call raise it."""

    def __init__(self, settings: SignSettings | None = None) -> None:
        self.settings = settings or SignSettings()
        self.fault: Exception | None = None
        self.face: Face | None = None
        self.log: list[Face] = []
        self.closed = False

    def show(self, face: Face) -> None:
        if self.fault is not None:
            raise self.fault
        self.face = face
        self.log.append(face)

    def close(self) -> None:
        self.closed = True


_: type[Sign] = MemorySign
