"""A code scanner as a simulated device: every code is a line of text, and a serial server may add a heart-beat."""

from __future__ import annotations

from hardware_sim.devices.tcp_device import TcpDevice


class CodeScannerSim(TcpDevice):
    """The scanner; `ending` is what it puts behind a code."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        beat_s: float = 0.2,
        heartbeat: str = "",
        ending: bytes = b"\r\n",
    ) -> None:
        super().__init__(host=host, port=port, beat_s=beat_s)
        self._heartbeat = heartbeat
        self._ending = ending

    def beat(self) -> bytes:
        return self._heartbeat.encode() + self._ending if self._heartbeat else b""

    def code_held_up(self, text: str, times: int = 1) -> int:
        """A code is held before the window and scanned so many times; how many clients were told."""
        return self.say((text.encode() + self._ending) * times)
