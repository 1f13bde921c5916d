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

from parking import migrations
from parking.bootstrap.keys import Ed25519Signer, create_key
from parking.kernel.clock import SystemClock
from parking.kernel.ids import RandomIds
from parking.kernel.principal import Principal
from parking.plumbing.db import UnitOfWork, open_database
from parking.security import devices
from parking.security.passwords import Passwords
from parking.security.service import create_operator

OPERATOR = "operator"
EDGE, KIOSK = "edge-1", "kiosk-1"
SETUP = Principal("system", "demo", frozenset())
PARTS = ("server", "board", "entry_camera", "exit_camera", "sign_b1", "sign_b2", "wallet", "control")


@dataclass(frozen=True, slots=True)
class DemoSite:
    """Where everything of a demo is and what its secrets are; all of it lives on this machine only."""

    folder: str
    host: str
    ports: dict[str, int]
    password: str
    kiosk_token: str

    def url(self, part: str) -> str:
        return f"http://{self.host}:{self.ports[part]}"

    @property
    def root(self) -> Path:
        return Path(self.folder)

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.root / 'server.db'}"

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
        }


def lay_out(folder: Path, *, host: str = "127.0.0.1", port: int = 0) -> DemoSite:
    """The demo site in `folder`, made on the first call; `port` 0 takes any free one for the server."""
    note = folder / "demo.json"
    if note.exists():
        return DemoSite(**json.loads(note.read_text()))
    folder.mkdir(parents=True, exist_ok=True)
    keys = folder / "keys"
    keys.mkdir(mode=0o700, exist_ok=True)
    edge_key, *_ = [create_key(keys / f"{name}.pem") for name in ("edge-1", "server", "merchant", "wallet")]
    ports = free_ports(host)
    if port:
        ports["server"] = port
    password = "-".join(secrets.token_hex(2) for _ in range(3))
    site = DemoSite(str(folder), host, ports, password, _enrol(folder, edge_key, password))
    (folder / "edge.yaml").write_text(yaml.safe_dump(edge_config(site), allow_unicode=True, sort_keys=False))
    partial = note.with_suffix(".part")
    partial.touch(mode=0o600)
    partial.write_text(json.dumps(asdict(site), indent=1))
    partial.rename(note)  # last: a lay-out that was cut off is made again
    return site


def free_ports(host: str) -> dict[str, int]:
    """One free port for each part; taken together, so that no two are the same."""
    sockets = [socket.create_server((host, 0)) for _ in PARTS]
    ports = {part: s.getsockname()[1] for part, s in zip(PARTS, sockets, strict=True)}
    for s in sockets:
        s.close()
    return ports


def _enrol(folder: Path, edge_key: Ed25519Signer, password: str) -> str:
    url = f"sqlite:///{folder / 'server.db'}"
    migrations.run(url)
    database = open_database(url, clock=SystemClock(), ids=RandomIds(), origin="demo")
    hashed = Passwords().hash(password)

    def work(uow: UnitOfWork) -> str:
        create_operator(uow, SETUP, username=OPERATOR, display_name="Demo", password_hash=hashed, roles=("manager",))
        devices.enrol_edge(uow, SETUP, device_id=EDGE, key_id=edge_key.key_id, public_key=edge_key.public)
        return devices.enrol_kiosk(uow, SETUP, device_id=KIOSK)

    try:
        return database.write(work)
    finally:
        database.close()


def edge_config(site: DemoSite) -> dict[str, Any]:
    """The gate box's configuration: two lanes with barriers and a counting ramp on one relay board."""
    board = {"kind": "modbus_tcp", "host": site.host, "port": site.ports["board"]}

    sight = {"recognition": {"detect_side_px": 480}}  # plates are 120 px wide and more; two lanes share two cores

    def barrier(first: int) -> dict[str, Any]:
        return {
            "relay": {**board, "open_coil": first, "close_coil": first + 1, "pulse_ms": 500},
            "loops": {"presence": first, "safety": first + 1},
        }

    return {
        "device": EDGE,
        "site": "demo",
        "server": site.url("server"),
        "journal": str(site.root / "edge-1.db"),
        "key": str(site.root / "keys" / "edge-1.pem"),
        "server_key": str(site.root / "keys" / "server.pub"),
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
                **barrier(2),
            },
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
