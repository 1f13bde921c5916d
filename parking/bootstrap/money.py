"""What the settings say about money, for the rooms that take it: channels, cashier, credit, notices, invoices."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from parking.bootstrap.settings import Settings
from parking.plumbing.db import Database
from parking.plumbing.jobs import JobHandler
from parking.site.model import SiteMap
from payments.cash.box import CashBox
from payments.cash.model import CHANNEL as CASH
from payments.cashier import CashierSettings
from payments.invoices.issuing import Issuer
from payments.invoices.loader import Platform
from payments.later.model import Terms
from payments.later.notices import Notices
from payments.plausible import Bounds
from payments.providers.base import Provider
from payments.providers.channels import Channel
from payments.providers.registry import Method
from payments.tariff.model import Tariff


def channels_of(
    settings: Settings, database: Database, channels: Mapping[str, Channel] | None, providers: Mapping[str, Provider]
) -> Mapping[str, Channel]:
    """The channels that were handed in, or bare providers; and cash, where it is taken."""
    found = channels or {n: Channel(n, n, n, Method.QR, p) for n, p in providers.items()}
    if not settings.cash:
        return found
    return {**found, CASH: Channel(CASH, "现金", "Cash", Method.CASH, CashBox(database))}


def issuing_jobs(invoices: Platform | None) -> dict[str, JobHandler]:
    return Issuer(invoices.provider, invoices.policy).jobs() if invoices is not None else {}


def collecting(settings: Settings, channels: Mapping[str, Channel], site: SiteMap) -> CashierSettings:
    return CashierSettings(
        notify_base=f"{settings.public_url}/api/v1/payments",
        hold_above_minor=settings.hold_above_minor,
        attended=tuple(name for name, channel in channels.items() if not channel.anybody or not channel.offered),
        in_hand=frozenset(name for name, one in channels.items() if one.method is Method.CASH),
        bounds=_bounds(settings),
        lot_name=site.name.zh,
    )


def notices_of(
    settings: Settings, providers: Mapping[str, object], collecting: CashierSettings, tariff: Tariff
) -> Notices:
    return Notices(
        providers,
        notify_base=collecting.notify_base,
        lot_name=collecting.lot_name,
        free_s=tariff.free_s,
        terms=terms_of(settings),
    )


def terms_of(settings: Settings) -> Terms | None:
    """What a driver may owe on a provider's word, or on a saved card."""
    per_stay, at_once = settings.later_per_stay_minor, settings.later_at_once_minor
    return Terms(min(per_stay, at_once), at_once, settings.later_per_day_minor) if per_stay else None


def _bounds(settings: Settings) -> Bounds:
    longest = timedelta(days=settings.longest_stay_days)
    return Bounds(settings.hold_above_minor, settings.plausible_minor, longest)
