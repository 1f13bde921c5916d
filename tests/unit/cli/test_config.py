from __future__ import annotations

import json

import pytest

from parking.cli import __main__ as cli


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARKING_SITE_FILE", "site.yaml")
    monkeypatch.setenv("PARKING_TARIFF_FILE", "tariff.yaml")
    monkeypatch.setenv("PARKING_WALLET_SECRET", "hush-hush")
    monkeypatch.setenv("PARKING_DATABASE_URL", "postgresql+psycopg://park:hush-hush@db/park")


def test_every_setting_is_shown_as_the_variable_that_would_set_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["config", "show"]) == 0
    assert "PARKING_SITE_FILE=site.yaml\n" in capsys.readouterr().out


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_secrets_are_masked(capsys: pytest.CaptureFixture[str], form: list[str]) -> None:
    assert cli.main(["config", "show", *form]) == 0
    shown = capsys.readouterr().out
    assert "hush-hush" not in shown
    assert "postgresql+psycopg://park:********@db/park" in shown


def test_the_json_is_one_object_by_setting(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["config", "show", "--json"])
    assert json.loads(capsys.readouterr().out)["port"] == 8000


def test_a_wrong_setting_is_named_by_its_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PARKING_PORT", "eighty")
    assert cli.main(["config", "show"]) == 2
    assert capsys.readouterr().err.startswith("parking config: PARKING_PORT:")
