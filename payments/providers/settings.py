"""What each kind of channel needs to know. Secrets are files, never values: a settings file can be shown to anybody.

Paths are relative to the settings file's folder. A wrong value is named with its key before anything starts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from parking.kernel.errors import invalid

Word = Annotated[str, StringConstraints(min_length=1, max_length=128, strip_whitespace=True)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+(/[^\s]*)?$", max_length=500)]
ChannelName = Annotated[str, StringConstraints(pattern="^[a-z_]{1,32}$")]


class Named(BaseModel):
    """How people call a channel."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    zh: Word
    en: Word


class ChannelSettings(BaseModel):
    """What every channel has; `timeout_s` is how long one call may take."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: str
    name: Named
    offered: bool = Field(
        default=True, description="whether drivers see it; a channel that is off still hears callbacks"
    )
    timeout_s: float = Field(default=8.0, gt=0, le=60)


class QrWalletSettings(ChannelSettings):
    """A wallet that speaks `wire.py`."""

    kind: Literal["qr_wallet"]
    url: Url
    merchant: Word
    merchant_key: Path
    public_key: Path


class WechatSettings(ChannelSettings):
    """WeChat Pay v3: `api_key` is the file with the 32 signs of the APIv3 key, `platform_keys` maps serials to files."""

    kind: Literal["wechat", "wechat_in_app", "wechat_parking"]
    url: Url = "https://api.mch.weixin.qq.com"
    standby_url: Url | None = "https://api2.mch.weixin.qq.com"
    appid: Word
    merchant: Word
    merchant_serial: Word
    merchant_key: Path
    api_key: Path
    platform_keys: dict[str, Path] = Field(default_factory=dict)


class AlipaySettings(ChannelSettings):
    """Alipay: RSA2 keys; `parking_id` is Alipay's name of this lot, for the car-owner service."""

    kind: Literal["alipay", "alipay_parking"]
    url: Url = "https://openapi.alipay.com/gateway.do"
    app_id: Word
    seller_id: Word
    merchant_key: Path
    alipay_key: Path
    parking_id: Word | None = None

    @model_validator(mode="after")
    def _parking_has_its_lot(self) -> AlipaySettings:
        if self.kind == "alipay_parking" and self.parking_id is None:
            raise ValueError("parking_id: alipay_parking needs Alipay's name of this lot")
        return self


class StripeSettings(ChannelSettings):
    """Stripe: files with the secret key and the webhook's signing secrets (two while one is being replaced).

    `return_url` is where its pages lead back.
    """

    kind: Literal["stripe"]
    url: Url = "https://api.stripe.com"
    secret_key: Path
    webhook_secrets: list[Path] = Field(min_length=1, max_length=4)
    account: Word | None = Field(default=None, description="the connected account that events must name")
    return_url: Url


class UnionpaySettings(ChannelSettings):
    """UnionPay's plate pay (UPark); the host comes with the contract."""

    kind: Literal["unionpay_plate"]
    url: Url
    merchant: Word
    lot: Word
    key: Path


class EtcSettings(ChannelSettings):
    """ETC payment through an aggregator; the host comes with the contract."""

    kind: Literal["etc_aggregator"]
    url: Url
    union_id: Word
    lot: Word
    pay_type: Literal["my", "cj", "jyyh", "ystx"]
    channel_id: Word
    key: Path


class CardTerminalSettings(ChannelSettings):
    """A card terminal on the network."""

    kind: Literal["card_terminal"]
    host: Word
    port: int = Field(ge=1, le=65535)
    terminal: Word
    key: Path


class MemorySettings(ChannelSettings):
    """The fake, for trials without money."""

    kind: Literal["memory"]


def secret(path: Path, *, field: str, exactly: int | None = None) -> str:
    """The one line of a secret file; ParkingError names the setting and never what is in the file."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise invalid("settings.secret", f"{path} cannot be read as one line of plain signs", field=field) from None
    if not text or len(text.split()) != 1:
        raise invalid("settings.secret", f"{path} should hold one line", field=field)
    if exactly is not None and len(text) != exactly:
        raise invalid("settings.secret", f"{path} should hold exactly {exactly} signs", field=field)
    return text
