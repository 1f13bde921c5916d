"""Bluetooth tags behind a gateway that listens for adverts and tells them as lines over TCP. A tag shows a rolling id (Eddystone-
EID), because a fixed id can be copied from any car park: enrolled tags alone are credentials, and an id of yesterday is refused.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from parking.gate.credentials import adverts
from parking.gate.credentials.conversation import Conversation, Seen, Turn, WireFault
from parking.gate.credentials.lines import split
from parking.gate.credentials.link import LinkedReader, LinkSettings
from parking.gate.credentials.rolling_ids import RollingIds, TagKey
from parking.kernel.clock import Clock
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.device import DeviceFault
from parking.kernel.errors import ParkingError, invalid
from parking.kernel.ids import DeviceId

_LARGEST_FILE = 32_000_000


@dataclass(frozen=True, slots=True)
class BluetoothSettings:
    """A Bluetooth gateway; it tells something (a heart-beat at least) every `heartbeat_s` seconds."""

    link: LinkSettings
    heartbeat_s: float = 5.0
    slack: int = 1

    def __post_init__(self) -> None:
        if not 0.1 <= self.heartbeat_s <= 3600:
            raise invalid("reader.heartbeat", "should be 0.1 to 3600 seconds", field="heartbeat_s")


class BluetoothConversation:
    """Lines in; the enrolled tags among them out. Strangers' adverts are no credentials and go no further."""

    def __init__(self, settings: BluetoothSettings, ids: RollingIds, unix_s: Callable[[], float]) -> None:
        self._settings = settings
        self._ids = ids
        self._unix_s = unix_s
        self._buffer = b""
        self._heard_s = 0.0
        self.ready = False
        self.trouble = ""

    def begin(self, now_s: float) -> bytes:
        self._heard_s = now_s
        return b""

    def take(self, data: bytes, now_s: float) -> Turn:
        seen: list[Seen] = []
        try:
            lines, self._buffer = split(self._buffer + data, adverts.LONGEST_LINE)
            for line in lines:
                found = [self._look(advert) for advert in adverts.parse(line)]
                seen += [one for one in found if one is not None]
                self.ready, self._heard_s = True, now_s
        except WireFault as fault:
            return Turn(seen=tuple(seen), fault=fault)
        return Turn(seen=tuple(seen))

    def tick(self, now_s: float) -> Turn:
        silent = now_s - self._heard_s > 3 * self._settings.heartbeat_s
        return Turn(fault=DeviceFault("the gateway is silent") if silent else None)

    def _look(self, advert: adverts.Advert) -> Seen | None:
        tag = self._ids.resolve(advert.ephemeral, self._unix_s())
        if tag is None:
            return None
        refused = "" if tag.fresh else "tag.replayed"
        return Seen(tag.credential, rssi_dbm=advert.rssi_dbm, proven=tag.fresh, refused=refused)


def aes_block(key: bytes, block: bytes) -> bytes:
    """AES-128 of one block; one block alone, so the mode plays no part."""
    return Cipher(AES(key), ECB()).encryptor().update(block)  # noqa: S305


def bluetooth_reader(
    device_id: DeviceId, settings: BluetoothSettings, clock: Clock, chance: random.Random, tags: tuple[TagKey, ...]
) -> LinkedReader:
    """A Bluetooth gateway on a TCP socket, with the enrolled tags."""
    ids = RollingIds(tags, aes_block, slack=settings.slack)

    def unix_s() -> float:
        return clock.now().timestamp()

    return LinkedReader(device_id, settings.link, lambda: BluetoothConversation(settings, ids, unix_s), clock, chance)


def load_tags(path: Path) -> tuple[TagKey, ...]:
    """The enrolled tags in a file of JSON lines `{"tag": hex, "key": 32 hex, "zero_s": unix seconds, "exponent": K}`.

    ParkingError names the line that is wrong; nothing of a key is ever in its text.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise invalid("tags.open", "should be readable by its owner only (chmod 600)", field=str(path))
        raw = path.read_bytes()
    except OSError as error:
        raise invalid("tags.unreadable", f"cannot be read ({error.strerror})", field=str(path)) from None
    if len(raw) > _LARGEST_FILE:
        raise invalid("tags.large", f"should have at most {_LARGEST_FILE} bytes", field=str(path))
    tags: dict[str, TagKey] = {}
    for number, line in enumerate(raw.splitlines(), 1):
        if not line.strip():
            continue
        tag = _tag(line, f"{path}, line {number}")
        if tag.credential.ref in tags:
            raise invalid("tags.twice", "this tag is there twice", field=f"{path}, line {number}")
        tags[tag.credential.ref] = tag
    return tuple(tags.values())


def _tag(line: bytes, where: str) -> TagKey:
    try:
        plain: dict[str, Any] = json.loads(line)
        if set(plain) != {"tag", "key", "zero_s", "exponent"} or type(plain["zero_s"]) is not int:
            raise ValueError
        if type(plain["exponent"]) is not int:
            raise ValueError
        credential = Credential.parse(CredentialKind.BLUETOOTH, plain["tag"])
        return TagKey(credential, bytes.fromhex(plain["key"]), plain["zero_s"], plain["exponent"])
    except ParkingError as error:
        raise invalid("tags.malformed", str(error), field=where) from None
    except (TypeError, ValueError, RecursionError):
        message = "should be an object with tag and key (hex), zero_s and exponent (integers)"
        raise invalid("tags.malformed", message, field=where) from None


_: type[Conversation] = BluetoothConversation
