"""All settings of the server: environment variables with the prefix PARKING_, else the defaults below.

A wrong value is named with its key before anything starts.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from parking.kernel.errors import invalid


class Settings(BaseSettings):
    """What `parking serve` needs to know."""

    model_config = SettingsConfigDict(env_prefix="PARKING_", env_file=".env", extra="ignore", frozen=True)

    site_file: Path = Field(description="the site map, YAML")
    tariff_file: Path = Field(
        description="the tariff for whoever enters now, YAML; or a folder of them, each with its `valid` days"
    )
    database_url: str = Field(default="sqlite:///parking.db", pattern=r"^(sqlite|postgresql\+psycopg)://")
    bus_url: str = Field(
        default="memory://", pattern=r"^(memory://$|rediss?://|unix://)", description="memory:// or redis://host:port/0"
    )
    keys_dir: Path = Field(
        default=Path("keys"), description="folder of the server's own key: parking enrol key keys/server.pem"
    )
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    public_url: str = Field(
        default="http://127.0.0.1:8000",
        pattern=r"^(https?://[^/\s]+)?$",
        description="how phones and kiosks reach this server; without a path or a slash at the end",
    )
    trusted_proxies: list[str] = Field(
        default=["127.0.0.1"],
        description="addresses or networks whose X-Forwarded-For and X-Forwarded-Proto are believed; whoever ends TLS for us",
    )
    wallet_url: str | None = Field(
        default=None, description="the wallet provider; without it no phone payment is offered"
    )
    channels_file: Path | None = Field(
        default=None, description="the payment channels, YAML; the wallet above is one more, called wallet"
    )
    invoices_file: Path | None = Field(
        default=None, description="whoever issues e-invoices, YAML; without it none are offered"
    )
    cash: bool = Field(default=False, description="whether cash is taken here, at tills with an open shift")
    kiosks_file: Path | None = Field(
        default=None, description="what the kiosks have: note acceptors, coin hoppers, card terminals, YAML"
    )
    later_per_stay_minor: int = Field(
        default=10_000,
        ge=0,
        le=10_000_000,
        description="what a stay may leave owing on a provider's word that it collects by plate; 0: nothing",
    )
    later_at_once_minor: int = Field(default=20_000, ge=0, le=10_000_000)
    later_per_day_minor: int = Field(default=20_000, ge=0, le=10_000_000)
    wallet_merchant: str = "mall"
    wallet_public_key: Path | None = Field(default=None, description="the wallet's public key, PEM")
    merchant_key: Path | None = Field(
        default=None, description="our key at the wallet, PEM; default: merchant.pem in keys_dir"
    )
    sign_addresses: dict[str, str] = Field(
        default_factory=dict, description="sign id -> host:port, over the site file's"
    )
    grace_to_leave_min: int = Field(default=15, ge=1, le=120)
    hold_above_minor: int | None = Field(
        default=200_000, ge=1, description="a charge above this (minor units) is not collected, a person looks first"
    )
    plausible_minor: dict[str, int] = Field(
        default_factory=dict,
        description="class:<kind of plate>, lot:<id>, pass:<id> or pass:* -> the bound of a stay's bill there, lower than the general one",
    )
    longest_stay_days: int = Field(
        default=30, ge=1, le=36_500, description="a bill for a stay longer than this goes to a person first"
    )
    help_ladder: dict[str, int] = Field(
        default={"attendant": 0, "manager": 30, "technician": 90},
        description="role -> seconds of waiting after which it is called too; the first is called at once",
    )
    help_held_s: int = Field(
        default=180, ge=10, description="how long one operator may hold a call before it goes back"
    )
    help_unanswered_s: int = Field(default=300, ge=10, description="a call that waits so long becomes a case")
    join_url: str | None = Field(
        default=None, description="where a driver may become a member; offered after a payment is made, never before"
    )
    sensors_file: Path | None = Field(default=None, description="the bay sensors: controllers and brokers, YAML")
    neighbours_file: Path | None = Field(
        default=None, description="the lots next door: their feeds, prices and the signs at the approach, YAML"
    )
    find_by_payment: bool = Field(
        default=False,
        description="a phone that looked a stay up at a kiosk and paid it may ask where the car is: whoever pays for a stranger could, too",
    )
    live_each: int = Field(
        default=200,
        ge=1,
        description="websockets and event streams that one address (or one operator) may have open at once",
    )
    live_most: int = Field(default=5000, ge=1, description="the same of everybody who has not signed in, together")
    log_json: bool = True
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$")


def load(**overrides: object) -> Settings:
    """The settings in force; ParkingError names every key that is missing or wrong."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as error:
        faults = [f"PARKING_{'__'.join(str(p) for p in e['loc']).upper()}: {e['msg']}" for e in error.errors()]
        raise invalid("settings.invalid", "; ".join(faults)) from None
    except UnicodeDecodeError:
        raise invalid("settings.invalid", "is not UTF-8 text; save it as UTF-8", field=".env") from None
    except SettingsError as error:
        name = next((n for n in Settings.model_fields if f'"{n}"' in str(error)), "")
        raise invalid("settings.invalid", "should be JSON", field=f"PARKING_{name.upper()}") from None
