"""The channels of a site, from one YAML file: which there are, in which order, and how people call them.

channels:
  wechat:
    kind: wechat
    name: { zh: 微信支付, en: WeChat Pay }
    appid: wx0000000000000000
    ...
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from parking.kernel.errors import ParkingError, invalid
from payments.providers.base import Provider
from payments.providers.registry import KINDS, Method, Surroundings
from payments.providers.settings import ChannelName

_NAME: TypeAdapter[str] = TypeAdapter(ChannelName)
RESERVED = frozenset({"any", "channels"})


@dataclass(frozen=True, slots=True)
class Channel:
    """One way to pay at this site; `provider` has whatever abilities its kind has."""

    name: str
    zh: str
    en: str
    method: Method
    provider: object
    offered: bool = True

    @property
    def attended(self) -> bool:
        """Whether it needs our staff."""
        return self.method in (Method.CASH, Method.TERMINAL)

    @property
    def anybody(self) -> bool:
        """Whether a driver can finish it alone, wherever he looks at our page."""
        return not self.attended and self.method is not Method.IN_APP

    @property
    def at_counter(self) -> bool:
        """Whether a driver can choose it and pay now."""
        return isinstance(self.provider, Provider)


def counters(channels: Mapping[str, Channel]) -> dict[str, Provider]:
    """The providers that a driver can choose, in the order of the file."""
    return {name: c.provider for name, c in channels.items() if isinstance(c.provider, Provider)}


def load(path: Path, around: Surroundings) -> dict[str, Channel]:
    """The channels of a file, in its order; ParkingError names file, channel and key of a mistake."""
    try:
        plain = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        raise invalid("settings.file", f"{path} cannot be read: {error}", field="PARKING_CHANNELS_FILE") from None
    entries = plain.get("channels") if isinstance(plain, dict) else None
    if not isinstance(entries, dict) or not entries or set(plain) != {"channels"}:
        raise invalid("settings.file", f"{path} should hold `channels:` and nothing else", field="channels")
    return {str(name): _channel(path, str(name), entry, around) for name, entry in entries.items()}


def _channel(path: Path, name: str, entry: Any, around: Surroundings) -> Channel:
    where = f"channels.{name}"
    try:
        _NAME.validate_python(name)
        if name in RESERVED:
            raise invalid("settings.channel", f"{name} cannot be the name of a channel", field=where)
        if not isinstance(entry, dict) or not isinstance(entry.get("kind"), str):
            raise invalid("settings.channel", f"should have a kind, one of: {', '.join(KINDS)}", field=f"{where}.kind")
        kind = KINDS.get(entry["kind"])
        of = kind.settings.model_validate(entry)
        return Channel(name, of.name.zh, of.name.en, kind.method, kind.build(of, around), of.offered)
    except ValidationError as error:
        faults = [f"{'.'.join((where, *(str(p) for p in e['loc'])))}: {e['msg']}" for e in error.errors()]
        raise invalid("settings.channel", f"{path.name}: {'; '.join(faults)}") from None
    except ParkingError as error:
        key = error.field if error.field and error.field.startswith(where) else f"{where}.{error.field or 'kind'}"
        raise invalid(error.code, f"{path.name}: {error.message}", field=key) from None
