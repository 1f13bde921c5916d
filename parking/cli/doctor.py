"""`parking doctor`: looks at what the system stands on and says what is wrong and how to mend it. It changes nothing.

On a gate box only the parts of a gate box are looked at; a check that itself falls over counts as wrong.
"""

from __future__ import annotations

import errno
import json
import platform
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lpr import weights
from parking.kernel.clock import SystemClock
from parking.kernel.errors import ParkingError
from parking.kernel.ids import RandomIds

if TYPE_CHECKING:
    from parking.bootstrap.settings import Settings
    from payments.providers.channels import Channel

OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check; `detail` tells what was seen, or what is wrong and how to mend it."""

    check: str
    ok: bool
    detail: str


AsJson = Annotated[bool, typer.Option("--json", help="one flat object: ok, and per check CHECK and CHECK_detail")]


def doctor(as_json: AsJson = False) -> int:
    """Check this machine; exit code 0 when all is well, 1 when something is not."""
    found = list(findings())
    healthy = all(finding.ok for finding in found)
    if as_json:
        flat: dict[str, bool | str] = {"ok": healthy}
        for finding in found:
            flat |= {finding.check: finding.ok, f"{finding.check}_detail": finding.detail}
        typer.echo(json.dumps(flat, ensure_ascii=False))
    else:
        for finding in found:
            typer.echo(f"{'ok   ' if finding.ok else 'WRONG'} {finding.check:<16} {finding.detail}")
    return 0 if healthy else 1


def findings() -> Iterator[Finding]:
    """Every check that makes sense on this machine, in order of what depends on what."""
    yield examined("python", python)
    yield examined("models", models)
    if find_spec("sqlalchemy") is None:
        yield Finding("server", True, "not installed: this is a gate box")
        return
    yield from server_findings()


def server_findings() -> Iterator[Finding]:
    """The checks of a server; without valid settings there is nothing further to look at."""
    from parking.bootstrap import settings as server_settings

    current: Settings | None = None
    try:
        current = server_settings.load()
    except ParkingError as error:
        yield Finding("settings", False, str(error))
    if current is not None:
        yield Finding("settings", True, "complete")
        checks: dict[str, Callable[[Settings], str]] = {
            "site": site,
            "tariff": tariff,
            "channels": channels,
            "invoices": invoices,
            "kiosks": kiosks,
            "sensors": sensors,
            "neighbours": neighbours,
            "database": database,
            "server_key": server_key,
            "address": address,
        }
        for name, check in checks.items():
            yield examined(name, partial(check, current))
    yield examined("pages", pages)


def examined(check: str, look: Callable[[], str]) -> Finding:
    """`look` returns what it saw or raises with what is wrong."""
    try:
        return Finding(check, True, look())
    except (ParkingError, OSError, ValueError) as error:
        return Finding(check, False, " ".join(str(error).split()))


def python() -> str:
    if sys.version_info[:2] < OLDEST_PYTHON:
        raise ValueError(f"Python {platform.python_version()} is too old; install 3.11 or later")
    return platform.python_version()


def models() -> str:
    files = [value for value in vars(weights).values() if isinstance(value, weights.ModelFile)]
    for file in files:
        weights.locate(file)
    return f"{len(files)} model files, checksums right"


def site(settings: Settings) -> str:
    from guidance.sign_board import connect
    from guidance.signs.registry import SIGNS
    from parking.bootstrap.application import load_site

    found = load_site(settings)
    connect(found, SIGNS)
    return f"{settings.site_file}: {len(found.lanes)} lanes, {len(found.zones)} zones, {len(found.signs)} signs"


def tariff(settings: Settings) -> str:
    from parking.bootstrap.application import load_tariffs

    versions = ", ".join(tariff.version for tariff in load_tariffs(settings))
    return f"{settings.tariff_file}: version {versions}"


def channels(settings: Settings) -> str:
    with ExitStack() as resources:
        return _named(_channels(settings, resources))


def _channels(settings: Settings, resources: ExitStack) -> Mapping[str, Channel]:
    from parking.bootstrap.channels import open_channels

    return open_channels(settings, SystemClock(), resources)


def invoices(settings: Settings) -> str:
    from parking.bootstrap.channels import open_invoices

    with ExitStack() as resources:
        platform = open_invoices(settings, SystemClock(), resources)
    return "none are offered" if platform is None else f"{settings.invoices_file}"


def kiosks(settings: Settings) -> str:
    """A machine remembers in the database what it holds: here in one that is gone after the look."""
    from parking.bootstrap.kiosks import kiosks_of
    from parking.plumbing.inline_database import InlineDatabase

    clock = SystemClock()
    database = InlineDatabase(clock=clock, ids=RandomIds(), origin="doctor")
    with ExitStack() as resources:
        resources.callback(database.close)
        found = kiosks_of(settings, database, clock, _channels(settings, resources))
    return _named([*found.machines, *(name for name in found.cards if name not in found.machines)])


def sensors(settings: Settings) -> str:
    from parking.bootstrap.application import load_site
    from parking.bootstrap.sensors import sensors_of

    return _named(sensors_of(settings.sensors_file, load_site(settings), SystemClock()))


def neighbours(settings: Settings) -> str:
    from parking.bootstrap.next_door import rows_of

    return _named([lot.id for feed in rows_of(settings.neighbours_file).feeds for lot in feed.lots])


def _named(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def database(settings: Settings) -> str:
    """Reachable, and in the shape that this program expects; a SQLite file is not made by looking."""
    import sqlalchemy as sa

    from parking import migrations

    try:
        parsed = sa.make_url(settings.database_url)
        if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
            raise ValueError(f"there is no file {parsed.database} yet; make it with: parking migrate")
        migrations.refuse_another_shape(settings.database_url)
    except sa.exc.SQLAlchemyError as error:
        why = str(getattr(error, "orig", None) or error).partition("\n")[0]
        raise ValueError(f"PARKING_DATABASE_URL does not answer: {why}; is it running, is it whole?") from None
    return f"{parsed.render_as_string()} at revision {migrations.head()}"


def server_key(settings: Settings) -> str:
    """A private key that others may read is no longer private, and nor is what members.key and plates.key hide."""
    from parking.bootstrap.keys import load_signer

    path = settings.keys_dir / "server.pem"
    for secret in (path, settings.keys_dir / "members.key", settings.keys_dir / "plates.key"):
        if secret.exists() and secret.stat().st_mode & 0o077:
            raise ValueError(f"{secret} can be read by others; mend it with: chmod 600 {secret}")
    load_signer(path)
    return str(path)


def address(settings: Settings) -> str:
    """Whether the server could listen there; a port that is taken may be the running server itself."""
    host, port = settings.host, settings.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return f"{host}:{port} is in use (by the running server?)"
            raise ValueError(
                f"{host}:{port} cannot be listened on: {error.strerror}; set PARKING_HOST or PARKING_PORT"
            ) from None
    return f"{host}:{port} is free"


def pages() -> str:
    import kiosk_ui

    built = kiosk_ui.dist()
    if built is None:
        raise ValueError("the pages are not built; build them with: make ui")
    return str(built)
