"""The readers that a lane can have, by the name that edge.yaml gives. A key that a reader does not know, or that is wrong, is refused
by its name; secrets are in files of their own, never in edge.yaml.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from parking.gate.credentials.base import CredentialReader
from parking.gate.credentials.bluetooth_gateway import BluetoothSettings, bluetooth_reader, load_tags
from parking.gate.credentials.code_scanner import CodeCheck, ScannerSettings, code_scanner
from parking.gate.credentials.codes import CodeRefusal
from parking.gate.credentials.etc_rsu import RsuSettings, rsu_reader
from parking.gate.credentials.link import LinkSettings
from parking.gate.credentials.memory import MemoryReader
from parking.gate.credentials.osdp_reader import OsdpReader, OsdpSettings, load_key
from parking.gate.credentials.uhf_llrp import UhfSettings, uhf_reader
from parking.kernel.clock import Clock
from parking.kernel.codec import from_plain
from parking.kernel.errors import invalid
from parking.kernel.ids import DeviceId
from parking.kernel.registry import Registry

T = TypeVar("T")
Options = Mapping[str, Any]
"""A reader's keys in edge.yaml but `kind` and `id`: `host`, `port`, the other fields of LinkSettings, and its own."""


def no_codes(_text: str) -> CodeRefusal:
    """The check of a box that has no keys: no code is good."""
    return CodeRefusal.NOT_VALID


@dataclass(frozen=True, slots=True)
class ReaderParts:
    """What a reader gets from the box: its id, the clock, chance for jitter, where files named in edge.yaml lie, and how to check a
    code for its lane."""

    device_id: DeviceId
    clock: Clock
    chance: random.Random
    folder: Path = field(default_factory=Path)
    check_code: CodeCheck = no_codes


def _settings(kind: type[T], options: Options, **more: Any) -> T:
    names = {f.name for f in fields(LinkSettings)}
    link = {key: value for key, value in options.items() if key in names}
    own = {key: value for key, value in options.items() if key not in names}
    return from_plain(kind, {"link": _checked(link), **own, **more})


def _checked(link: Options) -> Mapping[str, Any]:
    """The link's part, checked by itself, so that complaints name `port`, not `link.port`."""
    from_plain(LinkSettings, link)
    return link


def _file(options: Options, key: str, folder: Path) -> tuple[Path, dict[str, Any]]:
    rest = dict(options)
    name = rest.pop(key, None)
    if not isinstance(name, str) or not name:
        raise invalid("reader.file", "should be the path of a file", field=key)
    return folder / name, rest


def _memory(options: Options, parts: ReaderParts) -> CredentialReader:
    if options:
        raise invalid("reader.memory", "the fake knows no settings", field=min(options))
    return MemoryReader(parts.device_id, parts.clock)


def _osdp(options: Options, parts: ReaderParts) -> CredentialReader:
    if "key" in options:
        raise invalid("osdp.key", "does not belong here: put it into a file and name it as key_file", field="key")
    path, rest = _file(options, "key_file", parts.folder)
    if "address" in rest:  # one reader alone on its line
        if "addresses" in rest:
            raise invalid("osdp.address", "goes without addresses", field="address")
        rest["addresses"] = [rest.pop("address")]
    settings = _settings(OsdpSettings, rest, key=load_key(path))
    return OsdpReader(parts.device_id, settings, parts.clock, parts.chance)


def _uhf(options: Options, parts: ReaderParts) -> CredentialReader:
    settings = _settings(UhfSettings, {"port": 5084, **options})
    return uhf_reader(parts.device_id, settings, parts.clock, parts.chance)


def _bluetooth(options: Options, parts: ReaderParts) -> CredentialReader:
    path, rest = _file(options, "tags_file", parts.folder)
    settings = _settings(BluetoothSettings, rest)
    return bluetooth_reader(parts.device_id, settings, parts.clock, parts.chance, load_tags(path))


def _rsu(options: Options, parts: ReaderParts) -> CredentialReader:
    return rsu_reader(parts.device_id, _settings(RsuSettings, options), parts.clock, parts.chance)


def _scanner(options: Options, parts: ReaderParts) -> CredentialReader:
    settings = _settings(ScannerSettings, options)
    return code_scanner(parts.device_id, settings, parts.clock, parts.chance, parts.check_code)


READERS: Registry[Callable[[Options, ReaderParts], CredentialReader]] = Registry(
    "credential_reader",
    {
        "memory": _memory,
        "osdp": _osdp,
        "uhf_llrp": _uhf,
        "bluetooth_gateway": _bluetooth,
        "etc_rsu": _rsu,
        "code_scanner": _scanner,
    },
)
"""`READERS.get(kind)(options, parts)` makes a reader, or raises a ParkingError that names the key that is wrong."""
