"""`parking enrol`: makes keys, and makes people and devices known to the server; each on record in the audit trail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from parking import migrations
from parking.bootstrap import settings as server_settings
from parking.bootstrap.keys import create_key, key_id_of, load_public
from parking.journeys import app_hooks
from parking.kernel.clock import SystemClock
from parking.kernel.errors import invalid
from parking.kernel.ids import RandomIds
from parking.kernel.principal import Principal
from parking.plumbing.db import UnitOfWork, open_database
from parking.security import devices
from parking.security.passwords import Passwords
from parking.security.service import create_operator
from payments.coupons import merchants

T = TypeVar("T")
AT_THE_MACHINE = Principal("system", "console", frozenset())
app = typer.Typer(add_completion=False, rich_markup_mode=None, help="Make keys, people and devices known.")


def _write(work: Callable[[UnitOfWork], T]) -> T:
    settings = server_settings.load()
    migrations.refuse_another_shape(settings.database_url)
    database = open_database(settings.database_url, clock=SystemClock(), ids=RandomIds(), origin="console")
    try:
        return database.write(work)
    finally:
        database.close()


@app.command()
def key(
    path: Annotated[Path, typer.Argument(help="where the private key goes; its public half lands beside it")],
) -> None:
    """Make an Ed25519 key (server.pem and merchant.pem in PARKING_KEYS_DIR; one for each gate box); an existing one is kept."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = create_key(path)
    typer.echo(f"{path}: key {made.key_id}")


@app.command()
def operator(
    username: Annotated[str, typer.Argument(help="1 to 64 of a-z 0-9 . _ @ -")],
    role: Annotated[
        list[str], typer.Option(help="cashier, attendant, technician, manager or auditor; may be repeated")
    ],
    name: Annotated[str, typer.Option(help="as colleagues see it")] = "",
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)] = "",
) -> None:
    """Make an operator known; the password is asked for."""
    hashed = Passwords().hash(password)

    def work(uow: UnitOfWork) -> None:
        create_operator(
            uow,
            AT_THE_MACHINE,
            username=username,
            display_name=name or username,
            password_hash=hashed,
            roles=tuple(role),
        )

    _write(work)
    typer.echo(f"{username} may log in as {', '.join(role)}")


@app.command()
def edge(
    device: Annotated[str, typer.Argument(help="the box's name, as in its edge.yaml")],
    public_key: Annotated[Path, typer.Option(help="its public key, PEM")],
) -> None:
    """Make a gate box known by its public key."""
    raw = load_public(public_key)
    _write(lambda uow: devices.enrol_edge(uow, AT_THE_MACHINE, device_id=device, key_id=key_id_of(raw), public_key=raw))
    typer.echo(f"{device} is known by the key {key_id_of(raw)}")


@app.command()
def kiosk(device: Annotated[str, typer.Argument(help="the kiosk's name")]) -> None:
    """Make a kiosk known and print the address that it opens; its token is shown this once."""
    token = _write(lambda uow: devices.enrol_kiosk(uow, AT_THE_MACHINE, device_id=device))
    typer.echo(f"{server_settings.load().public_url}/kiosk/#k={token}")


@app.command()
def till(
    device: Annotated[str, typer.Argument(help="the till's name")],
    merchant: Annotated[str, typer.Option(help="whose till it is, as in PUT /coupons/merchants/{id}")],
) -> None:
    """Make a merchant's till known; its token is shown this once."""

    def work(uow: UnitOfWork) -> str:
        merchants.place_till(uow, device, merchant)
        return devices.enrol_till(uow, AT_THE_MACHINE, device_id=device)

    typer.echo(f"{device} of {merchant}: token {_write(work)}")


@app.command(name="app")
def mall_app(
    device: Annotated[str, typer.Argument(help="the name of the mall's app or CRM")],
    public_key: Annotated[Path, typer.Option(help="the key that signs its webhooks, PEM")],
    hook: Annotated[str, typer.Option(help="where it is told what happens, https://...; empty: nowhere")] = "",
) -> None:
    """Make the mall's app known; its token is shown this once."""
    raw = load_public(public_key)

    def work(uow: UnitOfWork) -> str:
        if hook:
            app_hooks.set_hook(uow, device, hook)
        return devices.enrol_app(uow, AT_THE_MACHINE, device_id=device, key_id=key_id_of(raw), public_key=raw)

    typer.echo(f"{device}: token {_write(work)}")


@app.command()
def disable(
    device: Annotated[str, typer.Argument(help="a box, kiosk, till or app")],
    reason: Annotated[str, typer.Option(help="stolen, lost, given back: stands on record")],
) -> None:
    """Shut a device out at once: its token and its key are worth nothing from now on."""
    _let(device, reason, enabled=False)


@app.command()
def enable(
    device: Annotated[str, typer.Argument(help="one that was shut out")],
    reason: Annotated[str, typer.Option(help="stands on record")],
) -> None:
    """Let a device back in."""
    _let(device, reason, enabled=True)


def _let(device: str, reason: str, *, enabled: bool) -> None:
    if not reason.strip():
        raise invalid("device.reason", "say why: it stands on record", field="--reason")
    _write(lambda uow: devices.set_enabled(uow, AT_THE_MACHINE, device_id=device, enabled=enabled, reason=reason))
    typer.echo(f"{device} is {'let in' if enabled else 'shut out'}")
