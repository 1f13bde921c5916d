"""Every credential reader of the family with its world: what a test holds up to it, and how its line fails, whatever kind it is."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, settings

from hardware_sim.devices.bluetooth_gateway import BluetoothGatewaySim
from hardware_sim.devices.code_scanner import CodeScannerSim
from hardware_sim.devices.osdp_reader import OsdpReaderSim
from hardware_sim.devices.rsu import OnBoardUnit, RsuSim
from hardware_sim.devices.tcp_device import TcpDevice
from hardware_sim.devices.uhf_reader import UhfReaderSim
from parking.bootstrap.keys import Ed25519Signer, KeyRing
from parking.gate.credentials import codes
from parking.gate.credentials.base import CredentialReader, Presented
from parking.gate.credentials.bluetooth_gateway import BluetoothSettings, bluetooth_reader
from parking.gate.credentials.code_scanner import ScannerSettings, code_scanner
from parking.gate.credentials.codes import CodeRefusal, CodeUse, VerifiedCode
from parking.gate.credentials.conversation import Seen
from parking.gate.credentials.etc_rsu import RsuSettings, rsu_reader
from parking.gate.credentials.link import LinkSettings
from parking.gate.credentials.memory import MemoryReader
from parking.gate.credentials.osdp_payload import WIEGAND, CardRead, wiegand26
from parking.gate.credentials.osdp_reader import OsdpReader, OsdpSettings
from parking.gate.credentials.rolling_ids import TagKey
from parking.gate.credentials.uhf_llrp import UhfSettings, uhf_reader
from parking.kernel.clock import SystemClock
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.device import Health
from parking.kernel.ids import DeviceId, LaneId, StayId

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For properties: how long an example takes is this machine's affair."""
READER = DeviceId("reader-1")
CARD_KEY = bytes.fromhex("8f3a11c2d4e5960718293a4b5c6d7e8f")
SERVER = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
BOX = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))
NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
LOT, LANE = "main", LaneId("in-1")


def link(port: int) -> LinkSettings:
    """A line that is quick to give up and quick to try again; what is held up twice is told once, however slow the machine is."""
    return LinkSettings("127.0.0.1", port, connect_s=2.0, backoff_first_s=0.05, backoff_most_s=0.2, again_s=60.0)


def tag(number: int, *, exponent: int = 4) -> TagKey:
    """An enrolled Bluetooth tag."""
    key = bytes((number * 7 + i * 31) % 256 for i in range(16))
    return TagKey(Credential.of(CredentialKind.BLUETOOTH, bytes([0xA0, 0, 0, number])), key, 1_700_000_000, exponent)


def exit_code(number: int = 1, **changes: Any) -> str:
    """A good exit code of the server; `changes` go to `codes.issue`."""
    given: dict[str, Any] = {
        "use": CodeUse.EXIT, "code_id": f"code-{number:04}", "lot": LOT, "not_before": NOW,
        "expires": NOW + timedelta(minutes=20), "signer": SERVER, "stay_id": StayId(f"stay-{number}"), **changes,
    }  # fmt: skip
    return codes.issue(given.pop("use"), **given)


def check(text: str, *, now: datetime = NOW, lot: str = LOT, lane_id: LaneId = LANE) -> VerifiedCode | CodeRefusal:
    """What a box with the server's key and those of its siblings says to a code."""
    return codes.verify(text, KeyRing([SERVER.public]), now=now, lot=lot, lane_id=lane_id, boxes=KeyRing([BOX.public]))


def until(holds: Callable[[], bool], what: str, timeout_s: float = 60.0) -> None:
    """Wait until a condition holds; AssertionError says what was waited for."""
    end = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end, f"waited for: {what}"
        time.sleep(0.005)


@dataclass
class ReaderWorld:
    """A reader, the credentials that can be held up to it, and its line."""

    reader: CredentialReader
    hold_up: Callable[[int, int], object]
    """Hold up credential `n` and have it read so many times in a row."""
    expected: Callable[[int], Credential]
    device: TcpDevice | None = None
    """None: there is no line that could fail."""
    reading: Callable[[], bool] = lambda: True
    """Whether the device is ready to be held something up to."""
    secret: tuple[str, ...] = ()
    """What no text about this reader may ever hold."""
    garbage: bytes = bytes(range(256)) * 400
    """What no device of this kind would ever say."""
    got: list[Presented] = field(default_factory=list)

    def begin(self) -> None:
        self.reader.start()
        self.until_reading()

    def pause(self) -> None:
        """Stop the reader, and wait until its device has noticed: what it is held up next, it is held up to nobody."""
        self.reader.stop()
        if (device := self.device) is not None:
            until(lambda: device.connected == 0, "the device is alone")

    def until_reading(self) -> None:
        until(lambda: self.reader.health().health is Health.OK and self.reading(), "the reader reads")

    def take(self, count: int) -> list[Presented]:
        """Wait until `count` presentations in all have come."""

        def enough() -> bool:
            self.got += self.reader.drain()
            return len(self.got) >= count

        until(enough, f"{count} presentations")
        return self.got

    def stop(self) -> None:
        self.reader.stop()
        if self.device is not None:
            self.device.stop()


def memory_world() -> ReaderWorld:
    reader = MemoryReader(READER, SystemClock(), again_s=60.0)

    def card(number: int) -> Credential:
        return wiegand26(17, number)

    def hold_up(number: int, times: int) -> None:
        for _ in range(times):
            reader.present(Seen(card(number)))

    return ReaderWorld(reader, hold_up, card)


def uhf_world(antennas: tuple[int, ...] = ()) -> ReaderWorld:
    device = UhfReaderSim(beat_s=0.1)
    device.start()
    reader = uhf_reader(
        READER, UhfSettings(link(device.port), antennas, keepalive_s=0.5), SystemClock(), random.Random(1)
    )

    def epc(number: int) -> bytes:
        return bytes.fromhex("E2801160600002") + number.to_bytes(5, "big")

    return ReaderWorld(
        reader,
        lambda number, times: device.tag_passes(epc(number), times=times),
        lambda number: Credential.of(CredentialKind.UHF, epc(number)),
        device,
        lambda: device.reading,
    )


def bluetooth_world() -> ReaderWorld:
    device = BluetoothGatewaySim(beat_s=0.1)
    device.start()
    settings = BluetoothSettings(link(device.port), heartbeat_s=0.5)
    tags = tuple(tag(number) for number in range(1, 30))
    clock = SystemClock()
    reader = bluetooth_reader(READER, settings, clock, random.Random(1), tags)

    def hold_up(number: int, times: int) -> None:
        for _ in range(times):
            device.tag_passes(tag(number), clock.now())

    return ReaderWorld(
        reader, hold_up, lambda number: tag(number).credential, device, lambda: device.connected > 0,
        tuple(one.key.hex() for one in tags),
    )  # fmt: skip


def unit(number: int, **changes: Any) -> OnBoardUnit:
    """An on-board unit whose car's plate ends in its number."""
    serial = bytes.fromhex(f"34011601{number:08d}")
    return OnBoardUnit(b"\x02\xec\xff" + bytes([number]), serial, f"皖A{number:05d}", **changes)


def rsu_world() -> ReaderWorld:
    device = RsuSim(beat_s=0.1)
    device.start()
    settings = RsuSettings(link(device.port), probe_s=0.5, vehicle_s=2.0)
    reader = rsu_reader(READER, settings, SystemClock(), random.Random(1))

    def hold_up(number: int, times: int) -> None:
        for _ in range(times):
            done = len(device.let_go)
            if device.unit_passes(unit(number)):
                until(lambda before=done: len(device.let_go) > before, "the unit is let go")  # type: ignore[misc]

    return ReaderWorld(
        reader, hold_up, lambda number: Credential.of(CredentialKind.OBU, unit(number).serial), device,
        lambda: device.searching,
    )  # fmt: skip


def scanner_world() -> ReaderWorld:
    device = CodeScannerSim(beat_s=0.1, heartbeat="alive")
    device.start()
    settings = ScannerSettings(link(device.port), heartbeat="alive", heartbeat_s=0.5)
    reader = code_scanner(READER, settings, SystemClock(), random.Random(1), check)
    return ReaderWorld(
        reader, lambda number, times: device.code_held_up(exit_code(number), times),
        lambda number: Credential(CredentialKind.CODE, f"code-{number:04}"), device, lambda: device.connected > 0,
        (exit_code(1).split(".")[2],), b"\x00" * 50_000,  # a line of anything at all would be somebody's code
    )  # fmt: skip


def card(number: int) -> CardRead:
    """A 26-bit card of facility 17."""
    value = wiegand26(17, number).value
    return CardRead(0, WIEGAND, 26, (int(value[2:], 16) << 6).to_bytes(4, "big"))


def osdp_world(**device_changes: Any) -> ReaderWorld:
    addresses = device_changes.pop("addresses", (5,))
    device = OsdpReaderSim(device_changes.pop("key", CARD_KEY), addresses=addresses, **device_changes)
    device.start()
    settings = OsdpSettings(link(device.port), CARD_KEY, addresses=addresses, secure_s=2.0)
    reader = OsdpReader(READER, settings, SystemClock(), random.Random(1))
    return ReaderWorld(
        reader, lambda number, times: device.card_held_up(card(number), times),
        lambda number: wiegand26(17, number), device, lambda: device.secured, (CARD_KEY.hex(), str(CARD_KEY)),
    )  # fmt: skip


WORLDS: dict[str, Callable[[], ReaderWorld]] = {
    "memory": memory_world,
    "uhf_llrp": uhf_world,
    "bluetooth_gateway": bluetooth_world,
    "etc_rsu": rsu_world,
    "code_scanner": scanner_world,
    "osdp": osdp_world,
}
