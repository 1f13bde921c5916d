"""Lays a demo mall out in a folder: keys, configuration files, database, an operator, a gate box, a kiosk.

What exists is kept, so that a demo goes on where it was stopped.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from hardware_sim.bay_plan import CAMERAS, ON_BROKER, boxes_of, channels
from hardware_sim.bay_plan import PORTS as BAY_PORTS
from hardware_sim.kiosk_cash import COIN, COINS, NOTES
from parking import migrations
from parking.bootstrap.keys import Ed25519Signer, create_key
from parking.cli.addresses import refuse_a_taken_address
from parking.cli.demo_loyalty import open_loyalty
from parking.cli.demo_rights import enrol_members, invite_visitors
from parking.kernel.clock import SystemClock
from parking.kernel.errors import invalid
from parking.kernel.ids import RandomIds
from parking.kernel.principal import Principal
from parking.plumbing.db import UnitOfWork, open_database
from parking.security import devices
from parking.security.passwords import Passwords
from parking.security.service import create_operator
from payments.cash import shifts

OPERATOR = "operator"
EDGE, KIOSK, SITE = "edge-1", "kiosk-1", "demo"
SETUP = Principal("system", "demo", frozenset())
PARTS = (
    *("server", "board", "entry_camera", "exit_camera", "sign_b1", "sign_b2", "wallet", "control"),
    *("push", "uhf", "scanner", "neighbour", "sign_approach"),
    *("notes", "coins"),
    *BAY_PORTS,
)
FIRE_INPUT = 6  # as the simulated board is wired
UNPAID_CALLS_AFTER_S, UNPAID_OPENS_AFTER_S = 8.0, 90.0


@dataclass(frozen=True, slots=True)
class DemoSite:
    """Where everything of a demo is and what its secrets are; all of it lives on this machine only."""

    folder: str
    host: str
    ports: dict[str, int]
    password: str
    kiosk_token: str
    camera_secret: str
    members: list[dict[str, str]]
    codes: list[str]
    loyalty: dict[str, str]

    def url(self, part: str) -> str:
        return f"http://{self.host}:{self.ports[part]}"

    @property
    def root(self) -> Path:
        return Path(self.folder)

    @property
    def database_url(self) -> str:
        return _database_url(self.root)

    def server_environment(self) -> dict[str, str]:
        """The environment of `parking serve`."""
        site = files("hardware_sim") / "sites" / "demo"
        return {
            **os.environ,
            "PARKING_SITE_FILE": str(site / "site.yaml"),
            "PARKING_TARIFF_FILE": str(site / "tariff-fast.yaml"),
            "PARKING_DATABASE_URL": self.database_url,
            "PARKING_KEYS_DIR": str(self.root / "keys"),
            "PARKING_HOST": self.host,
            "PARKING_PORT": str(self.ports["server"]),
            "PARKING_PUBLIC_URL": self.url("server"),
            "PARKING_WALLET_URL": self.url("wallet"),
            "PARKING_WALLET_PUBLIC_KEY": str(self.root / "keys" / "wallet.pub"),
            "PARKING_SIGN_ADDRESSES": json.dumps(
                {
                    "sign-b1": f"{self.host}:{self.ports['sign_b1']}",
                    "sign-b2": f"{self.host}:{self.ports['sign_b2']}",
                }
            ),
            "PARKING_NEIGHBOURS_FILE": str(self.root / "neighbours.yaml"),
            "PARKING_SENSORS_FILE": str(self.root / "sensors.yaml"),
            "PARKING_CASH": "true",
            "PARKING_KIOSKS_FILE": str(self.root / "kiosks.yaml"),
            "PYTHONUNBUFFERED": "1",
        }

    def simulator_config(self, *, traffic: bool, seed: int) -> dict[str, Any]:
        """What `python -m hardware_sim` reads."""
        return {
            "host": self.host,
            "ports": self.ports,
            "server_url": self.url("server"),
            "kiosk_token": self.kiosk_token,
            "wallet_key": str(self.root / "keys" / "wallet.pem"),
            "merchant_public_key": str(self.root / "keys" / "merchant.pub"),
            "merchant": "mall",
            "state_dir": str(self.root / "world"),
            "traffic": traffic,
            "seed": seed,
            "camera_secret": self.camera_secret,
            "members": self.members,
            "codes": self.codes,
        }


def lay_out(folder: Path, *, host: str = "127.0.0.1", port: int = 0) -> DemoSite:
    """The demo site in `folder`, made on the first call; `port` 0 takes any free one for the server."""
    note = folder / "demo.json"
    if note.exists():
        return _as_it_was(note)
    if port:  # before it is written down here for good
        refuse_a_taken_address(host, port, "give another --port")
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "server.db").exists():  # whatever made it, what it holds is not ours to take
        message = "holds a database and no demo, as a lay-out that was cut off leaves it: take an empty folder"
        raise invalid("demo.folder", message, field=str(folder))
    keys = folder / "keys"
    keys.mkdir(mode=0o700, exist_ok=True)
    edge_key, server_key, *_ = [create_key(keys / f"{name}.pem") for name in ("edge-1", "server", "merchant", "wallet")]
    ports = free_ports(host)
    if port:
        ports["server"] = port
    password = "-".join(secrets.token_hex(2) for _ in range(3))
    token, members, codes = _enrol(folder, edge_key, server_key, password)
    loyalty = open_loyalty(_database_url(folder), keys, SETUP)
    site = DemoSite(str(folder), host, ports, password, token, secrets.token_urlsafe(24), members, codes, loyalty)
    (folder / "edge.yaml").write_text(yaml.safe_dump(edge_config(site), allow_unicode=True, sort_keys=False))
    (folder / "neighbours.yaml").write_text(yaml.safe_dump(neighbours(site), allow_unicode=True, sort_keys=False))
    (folder / "sensors.yaml").write_text(yaml.safe_dump(sensors(site), allow_unicode=True, sort_keys=False))
    (folder / "kiosks.yaml").write_text(yaml.safe_dump(kiosks(site), sort_keys=False))
    partial = note.with_suffix(".part")
    partial.touch(mode=0o600)
    partial.write_text(json.dumps(asdict(site), indent=1))
    partial.rename(note)  # last: a lay-out that was cut off is none
    return site


def _database_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'server.db'}"


def _as_it_was(note: Path) -> DemoSite:
    """What an earlier demo laid out; one of another version is refused by name, not mended."""
    try:
        site = DemoSite(**json.loads(note.read_text()))
        if set(site.ports) != set(PARTS):
            raise ValueError("other parts")
        return site
    except (AttributeError, TypeError, ValueError):
        message = "was laid out by another version of the demo: take an empty folder"
        raise invalid("demo.folder", message, field=str(note.parent)) from None


def free_ports(host: str) -> dict[str, int]:
    """One free port for each part; taken together, so that no two are the same."""
    sockets = [socket.create_server((host, 0)) for _ in PARTS]
    ports = {part: s.getsockname()[1] for part, s in zip(PARTS, sockets, strict=True)}
    for s in sockets:
        s.close()
    return ports


def _enrol(
    folder: Path, edge_key: Ed25519Signer, server_key: Ed25519Signer, password: str
) -> tuple[str, list[dict[str, str]], list[str]]:
    """The kiosk's token, the members with their tags, the visitors' codes."""
    url = _database_url(folder)
    migrations.run(url)
    database = open_database(url, clock=SystemClock(), ids=RandomIds(), origin="demo")
    hashed = Passwords().hash(password)

    def work(uow: UnitOfWork) -> tuple[str, list[dict[str, str]], list[str]]:
        create_operator(uow, SETUP, username=OPERATOR, display_name="Demo", password_hash=hashed, roles=("manager",))
        devices.enrol_edge(uow, SETUP, device_id=EDGE, key_id=edge_key.key_id, public_key=edge_key.public)
        members = enrol_members(uow)
        _fill_the_kiosk(uow)
        return devices.enrol_kiosk(uow, SETUP, device_id=KIOSK), members, invite_visitors(uow, server_key, SITE)

    try:
        return database.write(work)
    finally:
        database.close()


def _fill_the_kiosk(uow: UnitOfWork) -> None:
    """Somebody has filled the kiosk's hopper and opened its shift."""
    counts, brought = {COIN: COINS}, COIN * COINS
    who = SETUP.subject
    shifts.open_shift(uow, KIOSK, "CNY", counts, brought=brought, reason=None, by=who, key=who, audit=lambda *_: None)


def kiosks(site: DemoSite) -> list[dict[str, Any]]:
    """The kiosk's slot for notes and its hopper."""
    line = {"kind": "cctalk", "host": site.host}
    hopper = {**line, "port": site.ports["coins"], "coin_minor": COIN}
    return [{"id": KIOSK, "acceptor": {**line, "port": site.ports["notes"], "notes": NOTES}, "hoppers": [hopper]}]


def neighbours(site: DemoSite) -> dict[str, Any]:
    """One car park next door, by its city's feed, and the sign at the approach that speaks of it."""
    lot = {
        "id": "riverside",
        "at_feed": "riverside-p1",
        "name": {"zh": "滨江停车场", "en": "Riverside car park"},
        "capacity": 120,
        "drive_min": 3,
        "walk_min": 4,
        "hour_minor": 800,
        "kept_back": 6,
        "address": "滨江路 12 号",
    }
    sign = {"id": "approach-1", "lot": "riverside", "driver": "led_text", "language": "zh", "arrow": "left"}
    sign["full_text"] = "已满"
    return {
        "needed_from": 50,  # of sixty bays: so that a short demo shows it
        "feeds": [
            {"id": "city", "kind": "park_api", "url": f"{site.url('neighbour')}/feed", "poll_s": 5, "lots": [lot]}
        ],
        "signs": [{**sign, "address": f"{site.host}:{site.ports['sign_approach']}"}],
    }


def sensors(site: DemoSite) -> list[dict[str, Any]]:
    """Every kind of bay sensor: a controller, a broker, and two cameras that read the plates of three bays each."""
    rows: list[dict[str, Any]] = [
        {"id": "node-b1", "kind": "ultrasonic", "port": "bay_controller", "poll_s": 1.0, "bays": channels()},
        {"id": "broker-b2", "kind": "mqtt", "port": "bay_broker", "bays": {bay: bay for bay in ON_BROKER}},
    ]
    for row in rows:
        row["address"] = f"{site.host}:{site.ports[row.pop('port')]}"
    for name, bays in CAMERAS.items():
        address = f"{site.url(name)}/stream.mjpg"
        row = {"id": name.replace("_", "-"), "kind": "video", "address": address, "poll_s": 1.5}
        rows.append({**row, "bays": boxes_of(bays), "empty": f"{name}.jpg", "opens_empty": True})
    return rows


def edge_config(site: DemoSite) -> dict[str, Any]:
    """The gate box's configuration: a lane in, a lane out and a ramp on one relay board; a second entry on its camera's own outputs."""
    board = {"kind": "modbus_tcp", "host": site.host, "port": site.ports["board"]}

    sight = {"recognition": {"detect_side_px": 480}}  # plates are 120 px wide and more; two lanes share two cores

    def barrier(first: int, **more: int) -> dict[str, Any]:
        return {
            "relay": {**board, "open_coil": first, "close_coil": first + 1, "pulse_ms": 500},
            "loops": {"presence": first, "safety": first + 1, **more},
        }

    return {
        "device": EDGE,
        "site": SITE,
        "server": site.url("server"),
        "journal": str(site.root / "edge-1.db"),
        "key": str(site.root / "keys" / "edge-1.pem"),
        "server_key": str(site.root / "keys" / "server.pub"),
        "pictures": str(site.root / "pictures"),
        "push": {"host": site.host, "port": site.ports["push"]},
        "lanes": [
            {
                "id": "entry-1",
                "kind": "entry",
                "camera": {"kind": "mjpeg", "url": f"{site.url('entry_camera')}/stream", **sight},
                **barrier(0),
            },
            {
                "id": "exit-1",
                "kind": "exit",
                "camera": {"kind": "rtsp", "url": f"rtsp://{site.host}:{site.ports['exit_camera']}/stream", **sight},
                **barrier(2, fire=FIRE_INPUT),
                "help": {
                    "unpaid": {
                        "action": "call",
                        "after_s": UNPAID_CALLS_AFTER_S,
                        "open_after_s": UNPAID_OPENS_AFTER_S,
                    }
                },
            },
            second_entry(site),
            {
                "id": "ramp-1",
                "kind": "ramp",
                "from": "b1",
                "to": "b2",
                "relay": board,
                "loops": {"first": 4, "second": 5},
            },
        ],
    }


def second_entry(site: DemoSite) -> dict[str, Any]:
    """Members and invited visitors: a camera that pushes and moves the barrier itself, a tag reader, a code scanner."""
    return {
        "id": "entry-2",
        "kind": "entry",
        "camera": {"kind": "vzenith", "device": "entry-2-camera", "secret": site.camera_secret},
        "relay": {"kind": "vzenith", "device": "entry-2-camera", "open_coil": 0, "close_coil": 1, "idle_off": True},
        "loops": {"presence": 0, "safety": 1},
        "readers": [
            {"kind": "uhf_llrp", "host": site.host, "port": site.ports["uhf"]},
            {"kind": "code_scanner", "host": site.host, "port": site.ports["scanner"]},
        ],
    }
