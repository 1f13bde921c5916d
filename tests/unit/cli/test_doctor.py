from __future__ import annotations

import json
import socket
import sqlite3
from pathlib import Path

import pytest

from parking.bootstrap.keys import create_key
from parking.cli import __main__ as cli
from parking.cli import doctor

ROOT = Path(__file__).resolve().parents[3]
FILES = ["channels", "invoices", "kiosks", "sensors", "neighbours"]
DEMO = ROOT / "hardware_sim" / "sites" / "demo"


@pytest.fixture
def set_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A server's settings that name good files, and a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARKING_SITE_FILE", str(DEMO / "site.yaml"))
    monkeypatch.setenv("PARKING_TARIFF_FILE", str(DEMO / "tariff.yaml"))
    monkeypatch.setenv("PARKING_DATABASE_URL", f"sqlite:///{tmp_path / 'parking.db'}")
    monkeypatch.setenv("PARKING_PORT", "0")
    monkeypatch.setenv("PARKING_SIGN_ADDRESSES", '{"sign-b1": "10.0.0.1:9", "sign-b2": "10.0.0.2:9"}')
    monkeypatch.setattr("kiosk_ui.dist", lambda: tmp_path)
    return tmp_path


def seen() -> dict[str, doctor.Finding]:
    return {finding.check: finding for finding in doctor.findings()}


def test_a_machine_on_which_all_is_well(set_up: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["migrate"]) == 0
    assert cli.main(["enrol", "key", "keys/server.pem"]) == 0
    assert cli.main(["doctor"]) == 0, capsys.readouterr().out
    assert "WRONG" not in capsys.readouterr().out


def test_the_json_is_one_flat_object(set_up: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False
    assert told["python"] is True
    assert told["database"] is False
    assert "parking migrate" in told["database_detail"]
    assert {type(value) for value in told.values()} == {bool, str}


def test_looking_makes_no_database(set_up: Path) -> None:
    assert not seen()["database"].ok
    assert not (set_up / "parking.db").exists()


def test_a_database_of_another_shape_is_named(set_up: Path) -> None:
    sqlite3.connect(set_up / "parking.db").execute("CREATE TABLE something (id INTEGER)").connection.close()
    assert "bring it there with: parking migrate" in seen()["database"].detail


def test_a_file_that_is_no_database_is_named_with_what_is_wrong_of_it(set_up: Path) -> None:
    (set_up / "parking.db").write_text("these are notes, and no database at all")
    assert "file is not a database" in seen()["database"].detail


def test_a_sign_that_nobody_can_reach_is_named_before_the_server_refuses_to_start(
    set_up: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PARKING_SIGN_ADDRESSES")
    finding = seen()["site"]
    assert not finding.ok
    assert "signs.sign-b1" in finding.detail
    assert "PARKING_SIGN_ADDRESSES" in finding.detail


def test_a_database_that_does_not_answer_is_named_without_its_password(
    set_up: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"postgresql+psycopg://park:hush@127.0.0.1:{taken.getsockname()[1]}/park"
        monkeypatch.setenv("PARKING_DATABASE_URL", url)
        finding = seen()["database"]
    assert not finding.ok
    assert "does not answer" in finding.detail
    assert "hush" not in finding.detail


@pytest.mark.parametrize(("setting", "check"), [("PARKING_SITE_FILE", "site"), ("PARKING_TARIFF_FILE", "tariff")])
def test_a_file_that_is_not_what_it_should_be_is_named(
    set_up: Path, monkeypatch: pytest.MonkeyPatch, setting: str, check: str
) -> None:
    (set_up / "wrong.yaml").write_text("just: a line\n")
    monkeypatch.setenv(setting, str(set_up / "wrong.yaml"))
    assert not seen()[check].ok
    monkeypatch.setenv(setting, str(set_up / "absent.yaml"))
    assert "absent.yaml" in seen()[check].detail


def test_what_stands_at_the_site_is_named_as_its_files_list_it(set_up: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {seen()[check].detail for check in FILES} == {"none", "none are offered"}
    files = {
        "channels": "channels: { trial: { kind: memory, name: { zh: 试用, en: Trial } } }",
        "kiosks": "- id: kiosk-1\n",
        "sensors": "- { id: broker, kind: mqtt, address: '10.0.2.6:1883' }\n",
        "neighbours": "feeds: []\n",
    }
    for check, text in files.items():
        (set_up / f"{check}.yaml").write_text(text)
        monkeypatch.setenv(f"PARKING_{check.upper()}_FILE", str(set_up / f"{check}.yaml"))
    found = seen()
    assert {check: found[check].ok for check in files} == dict.fromkeys(files, True), found
    assert found["channels"].detail == "trial"
    assert not (set_up / "parking.db").exists()


@pytest.mark.parametrize("check", FILES)
def test_a_file_of_what_stands_at_the_site_that_is_wrong_is_named(
    set_up: Path, monkeypatch: pytest.MonkeyPatch, check: str
) -> None:
    monkeypatch.setenv(f"PARKING_{check.upper()}_FILE", str(set_up / "other.yaml"))
    for content in (None, "just: a line\n", "[[", "- id: kiosk-1\n  card: nobody\n"):
        if content is not None:
            (set_up / "other.yaml").write_text(content)
        finding = seen()[check]
        assert not finding.ok, content
        assert "other.yaml" in finding.detail


def test_a_private_key_that_others_can_read_is_named(set_up: Path) -> None:
    key = set_up / "keys" / "server.pem"
    key.parent.mkdir()
    assert "parking enrol key keys/server.pem" in seen()["server_key"].detail
    create_key(key)
    key.chmod(0o644)
    assert "chmod 600" in seen()["server_key"].detail
    key.chmod(0o600)
    assert seen()["server_key"].ok


def test_an_address_that_is_not_ours_is_named(set_up: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARKING_HOST", "203.0.113.7")
    assert "PARKING_HOST" in seen()["address"].detail


def test_pages_that_are_not_built_are_named(set_up: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk_ui.dist", lambda: None)
    assert "make ui" in seen()["pages"].detail


def test_missing_settings_are_named_and_the_rest_is_looked_at(set_up: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PARKING_SITE_FILE")
    found = seen()
    assert "PARKING_SITE_FILE" in found["settings"].detail
    assert found["models"].ok
    assert "database" not in found


def test_a_gate_box_is_asked_for_a_gate_boxs_parts_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    assert [finding.check for finding in doctor.findings()] == ["python", "models", "server"]
