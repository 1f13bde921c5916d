"""Wrong settings and broken files: each gets a clear answer that names what to mend, before anything starts."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
import yaml

from parking import migrations
from parking.bootstrap import edge_settings, settings
from parking.bootstrap.keys import create_key
from parking.bootstrap.server import create_app
from parking.cli.__main__ import main
from parking.kernel.clock import SystemClock
from parking.kernel.errors import ParkingError
from parking.kernel.ids import RandomIds
from parking.plumbing.db import open_database
from parking.security import store as security_store
from parking.security.service import token_hash
from tests.builders.edge_box import edge_config
from tests.builders.edge_server import EdgeServer
from tests.builders.journeys import DEMO, TARIFF, demo_settings


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"port": 99999}, "PARKING_PORT"),
        ({"port": "eighty"}, "PARKING_PORT"),
        ({"grace_to_leave_min": 0}, "PARKING_GRACE_TO_LEAVE_MIN"),
        ({"log_level": "loud"}, "PARKING_LOG_LEVEL"),
        ({"sign_addresses": "nowhere"}, "PARKING_SIGN_ADDRESSES"),
        ({"site_file": None}, "PARKING_SITE_FILE"),
    ],
)
def test_a_wrong_setting_is_named_with_its_key(changes: dict[str, Any], key: str) -> None:
    good = {"site_file": "site.yaml", "tariff_file": "tariff.yaml"}
    with pytest.raises(ParkingError) as refused:
        settings.load(**{**good, **changes})
    assert key in str(refused.value)


def test_every_wrong_setting_is_named_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARKING_PORT", "-1")
    with pytest.raises(ParkingError) as refused:
        settings.load()
    for key in ("PARKING_PORT", "PARKING_SITE_FILE", "PARKING_TARIFF_FILE"):
        assert key in str(refused.value)


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """`parking serve` takes the process's logging over; here it is given back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:], root.level = handlers, level


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as `parking migrate` leaves it."""
    file = tmp_path_factory.mktemp("migrated") / "server.db"
    migrations.run(f"sqlite:///{file}")
    return file


@pytest.fixture
def folder(tmp_path: Path, empty_database: Path) -> Path:
    """Where a server could start, but for what a test spoils."""
    shutil.copy(empty_database, tmp_path / "server.db")
    create_key(tmp_path / "server.pem")
    return tmp_path


def serve(monkeypatch: pytest.MonkeyPatch, folder: Path, **files: Path) -> int:
    """`parking serve` with these files; whatever is wrong must show before anything listens."""
    environment = {
        "SITE_FILE": files.get("site_file", Path(str(DEMO / "site-memory.yaml"))),
        "TARIFF_FILE": files.get("tariff_file", TARIFF),
        "KEYS_DIR": files.get("keys_dir", folder),
        "DATABASE_URL": f"sqlite:///{folder}/server.db",
    }
    for key, value in environment.items():
        monkeypatch.setenv(f"PARKING_{key}", str(value))
    return main(["serve"])


@pytest.mark.parametrize(
    ("which", "text", "complaint"),
    [
        ("tariff_file", TARIFF.read_text(encoding="utf-8").replace("amount: 6.00", "amount: six"), "first.amount"),
        ("tariff_file", TARIFF.read_text(encoding="utf-8").replace("currency: CNY", "currency: yuan"), "currency"),
        ("tariff_file", "tariff: [1", "broken.yaml"),
        ("site_file", (DEMO / "site-memory.yaml").read_text(encoding="utf-8").replace("capacity: 30", "capacity: -1"), "capacity"),
        ("site_file", (DEMO / "site-memory.yaml").read_text(encoding="utf-8").replace("zone: b2", "zone: b9"), "b9"),
        ("site_file", "", "broken.yaml"),
    ],
    ids=["no number", "no currency", "cut tariff", "less than nothing", "no such zone", "empty site"],
)  # fmt: skip
def test_a_broken_file_is_named_with_its_row_in_one_line_and_the_server_does_not_start(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    folder: Path,
    which: str,
    text: str,
    complaint: str,
) -> None:
    broken = folder / "broken.yaml"
    broken.write_text(text, encoding="utf-8")
    assert serve(monkeypatch, folder, **{which: broken}) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert complaint in said


@pytest.mark.parametrize("which", ["tariff_file", "site_file", "keys_dir"])
def test_a_file_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path, which: str
) -> None:
    assert serve(monkeypatch, folder, **{which: folder / "nowhere"}) == 2
    assert "nowhere" in capsys.readouterr().err


def test_a_database_that_was_never_brought_up_to_date_is_named_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    (folder / "server.db").unlink()
    assert serve(monkeypatch, folder) == 2
    assert "parking migrate" in capsys.readouterr().err


def test_a_wallet_without_its_key_does_not_start(tmp_path: Path) -> None:
    create_key(tmp_path / "server.pem")
    with pytest.raises(ParkingError, match="PARKING_WALLET_PUBLIC_KEY"):
        create_app(demo_settings(keys_dir=tmp_path, wallet_url="http://127.0.0.1:9"))


def test_a_database_of_an_unknown_kind_is_named() -> None:
    with pytest.raises(ParkingError, match="sqlite:///"):
        open_database("oracle", clock=None, ids=None, origin="x")  # type: ignore[arg-type] # it does not get that far


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        (("lanes", 0, "relay", "open_coil"), 99, "lanes.0.relay"),
        (("lanes", 0, "loops", "presence"), "left", "lanes.0.loops.presence"),
        (("lanes", 1, "camera"), None, "lanes.1.camera"),
        (("lanes", 1, "id"), "entry-1", "entry-1 is there twice"),
        (("server",), "https://a.example/path/", "server"),
        (("colour",), "red", "colour"),
        (("lanes",), [], "lanes"),
    ],
)
def test_a_wrong_line_of_a_gate_box_is_named_with_its_key(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, path: tuple[str | int, ...], value: Any, key: str
) -> None:
    plain: Any = edge_config(EdgeServer(tmp_path), 502) | {"server": "http://127.0.0.1:9"}
    place = plain
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    file = tmp_path / "edge.yaml"
    file.write_text(yaml.safe_dump(plain), encoding="utf-8")
    with pytest.raises(ParkingError) as refused:
        edge_settings.load(file)
    assert key in str(refused.value)
    assert main(["edge", "--config", str(file), "--check"]) == 2
    assert key in capsys.readouterr().err


def test_a_journal_beside_the_configurations_is_for_handing_in_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "edge.yaml"
    file.write_text(yaml.safe_dump(edge_config(EdgeServer(tmp_path), 502)), encoding="utf-8")
    assert main(["edge", "--config", str(file), "--journal", str(tmp_path / "other.db")]) == 2
    assert "--hand-in" in capsys.readouterr().err
    assert main(["edge", "--config", str(file), "--hand-in", "--journal", str(tmp_path / "other.db")]) == 2
    assert "other.db" in capsys.readouterr().err


def test_a_stolen_device_is_shut_out_and_let_in_again_at_the_machine(
    monkeypatch: pytest.MonkeyPatch, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PARKING_SITE_FILE", str(DEMO / "site-memory.yaml"))
    monkeypatch.setenv("PARKING_TARIFF_FILE", str(TARIFF))
    monkeypatch.setenv("PARKING_DATABASE_URL", f"sqlite:///{folder}/server.db")
    assert main(["enrol", "kiosk", "kiosk-1"]) == 0
    token = capsys.readouterr().out.strip().partition("#k=")[2]
    database = open_database(f"sqlite:///{folder}/server.db", clock=SystemClock(), ids=RandomIds(), origin="test")

    def known() -> bool:
        return database.read(lambda conn: security_store.device_by_token(conn, token_hash(token))) is not None

    assert known()
    assert main(["enrol", "disable", "kiosk-1", "--reason", "stolen"]) == 0
    assert not known()
    assert main(["enrol", "enable", "kiosk-1", "--reason", "found"]) == 0
    assert known()
    assert main(["enrol", "disable", "kiosk-2", "--reason", "stolen"]) == 2
    database.close()
