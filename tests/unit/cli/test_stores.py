"""What is wrong with the database, an address or a setting is one line with the way out, before anything was made or started."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from parking.cli import __main__ as cli

DEMO = Path(__file__).resolve().parents[3] / "hardware_sim" / "sites" / "demo"
WRITING = [["migrate"], ["enrol", "kiosk", "k-1"], ["figures", "rebuild"], ["serve"]]


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the database of these settings lies; nothing is there yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARKING_SITE_FILE", str(DEMO / "site-memory.yaml"))
    monkeypatch.setenv("PARKING_TARIFF_FILE", str(DEMO / "tariff.yaml"))
    monkeypatch.setenv("PARKING_DATABASE_URL", "sqlite:///parking.db")
    return tmp_path / "parking.db"


def refused(capsys: pytest.CaptureFixture[str], *call: str) -> str:
    """The one line on stderr of a call that is wrong."""
    capsys.readouterr()
    assert cli.main(call) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    return said.err


@pytest.mark.req("DATA-2")
@pytest.mark.parametrize("call", WRITING, ids=" ".join)
def test_a_file_that_is_no_database_is_one_line_and_stays_as_it_is(
    file: Path, call: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text("these are notes, and no database at all")
    assert "the database: file is not a database" in refused(capsys, *call)
    assert file.read_text() == "these are notes, and no database at all"


@pytest.mark.req("DATA-2")
@pytest.mark.parametrize("call", WRITING[1:], ids=" ".join)
def test_nothing_is_written_to_a_database_of_another_shape_and_none_is_made(
    file: Path, call: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert "is at nothing" in refused(capsys, *call)
    assert not file.exists()
    cli.main(["migrate", "0030"])
    assert "is at 0030" in refused(capsys, *call)


@pytest.mark.req("DATA-2")
def test_a_database_of_a_newer_program_is_not_sent_to_a_migration_that_cannot_help(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["migrate"])
    with sqlite3.connect(file) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    assert "install the newer one" in refused(capsys, "serve")
    assert "cannot migrate to '0030'" in refused(capsys, "migrate", "0030", "--back")


@pytest.mark.req("DATA-2")
def test_migrating_tells_where_the_database_is_and_not_where_it_was_asked_to_go(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["migrate"])
    cli.main(["migrate", "0030"])  # which it has long passed
    said = capsys.readouterr().out.splitlines()
    assert said[0] == said[1] != "the database is at 0030"
    assert "no revision is named" in refused(capsys, "migrate", "")
    assert "how far back" in refused(capsys, "migrate", "--back")


@pytest.mark.req("DATA-2")
def test_a_port_that_is_taken_is_named_before_anything_is_started(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["migrate"])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("PARKING_PORT", str(taken.getsockname()[1]))
        assert "Address already in use" in refused(capsys, "serve")
    assert not Path("keys").exists()


@pytest.mark.req("DATA-2")
@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("PARKING_TRUSTED_PROXIES", "10.0.0.1"),
        ("PARKING_SIGN_ADDRESSES", "sign-1=10.0.0.1:9"),
        ("PARKING_DATABASE_URL", "parking.db"),
        ("PARKING_DATABASE_URL", "mysql://host/name"),
        ("PARKING_BUS_URL", "localhost:6379"),
        ("PARKING_PUBLIC_URL", "https://parking.example/"),
        ("PARKING_LONGEST_STAY_DAYS", "999999999999"),
    ],
)
def test_a_setting_that_nothing_can_be_made_of_is_named(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], setting: str, value: str
) -> None:
    monkeypatch.setenv(setting, value)
    assert f"parking migrate: {setting}:" in refused(capsys, "migrate")


@pytest.mark.req("DATA-2")
def test_a_bus_that_is_away_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for call in (["migrate"], ["enrol", "key", "keys/server.pem"]):
        assert cli.main(call) == 0
    monkeypatch.setenv("PARKING_PORT", "0")
    monkeypatch.setenv("PARKING_BUS_URL", "redis://127.0.0.1:1/0")
    serve = [sys.executable, "-m", "parking.cli", "serve"]  # a process of its own, as it sets up its logs
    done = subprocess.run(serve, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("parking serve: PARKING_BUS_URL: Error 111")


@pytest.mark.req("DATA-2")
def test_one_key_is_one_device_whatever_it_is_and_whether_it_is_shut_out(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for call in (
        ["migrate"],
        ["enrol", "key", "edge-1.pem"],
        ["enrol", "edge", "edge-1", "--public-key", "edge-1.pub"],
    ):
        assert cli.main(call) == 0
    assert "belongs to edge-1" in refused(capsys, "enrol", "app", "crm", "--public-key", "edge-1.pub")
    assert "say why" in refused(capsys, "enrol", "disable", "edge-1", "--reason", " ")
    cli.main(["enrol", "disable", "edge-1", "--reason", "stolen"])
    assert "belongs to edge-1" in refused(capsys, "enrol", "edge", "edge-2", "--public-key", "edge-1.pub")
    assert "already a device called edge-1" in refused(capsys, "enrol", "edge", "edge-1", "--public-key", "edge-1.pub")


@pytest.mark.req("DATA-2")
def test_a_private_key_is_not_written_where_its_public_half_belongs(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "public half" in refused(capsys, "enrol", "key", "edge-1.pub")
    assert not Path("edge-1.pub").exists()


@pytest.mark.req("DATA-2")
def test_the_settings_that_are_shown_can_be_given_back(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PARKING_TRUSTED_PROXIES", '["10.0.0.1", "10.0.1.0/24"]')
    cli.main(["config", "show"])
    shown = capsys.readouterr().out
    Path(".env").write_text(shown)
    monkeypatch.delenv("PARKING_TRUSTED_PROXIES")
    assert cli.main(["config", "show"]) == 0
    assert capsys.readouterr().out == shown
