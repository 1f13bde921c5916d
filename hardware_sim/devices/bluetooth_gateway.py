"""A Bluetooth gateway as a simulated device: it tells adverts as lines of JSON in Minew's keys, and now and then that it is alive.
The tags that it hears roll their ids by their own clocks; a recorder can play an old advert again.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from hardware_sim.devices.tcp_device import TcpDevice
from parking.gate.credentials.adverts import eid_payload
from parking.gate.credentials.bluetooth_gateway import aes_block
from parking.gate.credentials.rolling_ids import TagKey, ephemeral_id

_MAC = "AC233FC00001"


class BluetoothGatewaySim(TcpDevice):
    """The gateway; a client that connects hears everything."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, beat_s: float = 0.2) -> None:
        super().__init__(host=host, port=port, beat_s=beat_s)
        self.recorded: list[bytes] = []
        """Every advert payload that was ever sent through, for whoever lay in wait with a recorder."""

    def beat(self) -> bytes:
        return _line({"timestamp": "2026-11-21T08:00:00Z", "type": "Gateway", "mac": _MAC, "gatewayFree": 97})

    # --- the physical side -------------------------------------------------------------------------------------------

    def tag_passes(self, tag: TagKey, now: datetime, rssi_dbm: int = -60, drift_s: float = 0.0) -> int:
        """An enrolled tag is heard at `now`, its clock off by `drift_s`; how many clients were told."""
        counter = int(now.astimezone(UTC).timestamp() + drift_s) - tag.zero_s
        return self.hears(eid_payload(ephemeral_id(tag.key, counter, tag.exponent, aes_block)), rssi_dbm)

    def hears(self, payload: bytes, rssi_dbm: int = -60) -> int:
        """Any advert is heard: a stranger's, or one played again."""
        self.recorded.append(payload)
        entry = {
            "timestamp": "2026-11-21T08:00:00Z", "type": "Unknown", "mac": "F0E1D2C3B4A5", "bleName": "", "rssi": rssi_dbm,
            "rawData": payload.hex().upper(),
        }  # fmt: skip
        return self.say(_line(entry))


def _line(entry: dict[str, object]) -> bytes:
    return json.dumps(entry).encode() + b"\n"
