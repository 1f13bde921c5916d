"""The front door: what is called wrongly gets one line and exit code 2, and nothing is imported before it is called."""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys
from importlib import import_module

import pytest

import parking.cli
from parking.cli import __main__ as cli
from parking.kernel.errors import invalid


def test_every_listed_command_exists() -> None:
    for name in cli.COMMANDS:
        module = import_module(f"parking.cli.{name.replace('-', '_')}")
        assert hasattr(module, "app") or callable(getattr(module, name)), name


def test_every_command_that_exists_is_listed() -> None:
    modules = {found.name for found in pkgutil.iter_modules(parking.cli.__path__)} - {"__main__"}
    with_a_command = {name for name in modules if _has_a_command(name)}
    assert with_a_command == {name.replace("-", "_") for name in cli.COMMANDS}


def _has_a_command(name: str) -> bool:
    module = import_module(f"parking.cli.{name.replace('-', '_')}")
    return hasattr(module, "app") or callable(getattr(module, name, None))


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert [name for name in cli.COMMANDS if f"  {name} " not in shown] == []


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (["fly"], "parking: there is no command 'fly'; there are bring-up,"),
        (["doctor", "--jsn"], "parking doctor: No such option: --jsn"),
        (["config"], "parking config: Missing command. (see parking config --help)"),
        (["config", "shew"], "parking config: No such command 'shew'"),
        (["migrate", "a", "b"], "parking migrate: Got unexpected extra argument"),
    ],
)
def test_a_wrong_call_gets_one_line_that_says_what_and_how(
    capsys: pytest.CaptureFixture[str], call: list[str], line: str
) -> None:
    assert cli.main(call) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(line)
    assert said.err.count("\n") == 1


def test_an_error_of_ours_gets_one_line_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(name: str, rest: list[str]) -> int:
        raise invalid("tariff.row", "should be a number\nof minor units", field="tariff.yaml: row 7")

    monkeypatch.setattr(cli, "_run", refuse)
    assert cli.main(["serve"]) == 2
    assert capsys.readouterr().err == "parking serve: tariff.yaml: row 7: should be a number of minor units\n"


def test_a_missing_part_is_named_with_the_way_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def miss(name: str, rest: list[str]) -> int:
        raise ModuleNotFoundError("No module named 'uvicorn'", name="uvicorn")

    monkeypatch.setattr(cli, "_run", miss)
    assert cli.main(["serve"]) == 2
    assert capsys.readouterr().err == "parking serve: uvicorn is not installed here; install mall-parking[server]\n"


def test_nothing_is_imported_for_help() -> None:
    probe = (
        "import sys, json; from parking.cli.__main__ import main; main(['--help']); "
        "print(json.dumps(sorted(m for m in sys.modules if '.' not in m)))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, timeout=60)
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert (
        loaded & {"sqlalchemy", "fastapi", "cv2", "onnxruntime", "lpr", "payments", "guidance", "hardware_sim"} == set()
    )
