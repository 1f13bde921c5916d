"""A demo's folder and its ports: whatever keeps it from starting is one line, before any process is started."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from parking.cli import __main__ as cli
from parking.cli import demo as command
from parking.cli.demo_site import lay_out

pytestmark = pytest.mark.req("DATA-2")


class Started(Exception):
    """The demo got as far as starting its processes."""


@pytest.fixture(autouse=True)
def _no_processes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def start(*_: Any, **__: Any) -> None:
        raise Started

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "start", start)


def test_a_folder_named_from_here_is_found_by_every_process() -> None:
    with pytest.raises(Started):
        cli.main(["demo", "--folder", "mall", "--port", "0"])
    edge = yaml.safe_load(Path("mall/edge.yaml").read_text())
    assert all(Path(edge[key]).is_absolute() for key in ("journal", "key", "server_key", "pictures"))


def test_a_second_demo_in_the_same_folder_is_refused_until_the_first_has_ended(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("mall").mkdir()
    runs = "from parking.gate.edge_file import alone, Path\nwith alone(Path('mall/demo').absolute()): print(1, flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", runs], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert cli.main(["demo", "--folder", "mall"]) == 2
        assert "another process runs" in capsys.readouterr().err
        other.kill()
    with pytest.raises(Started):
        cli.main(["demo", "--folder", "mall", "--port", "0"])


def test_a_port_that_is_taken_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert cli.main(["demo", "--folder", "mall", "--port", str(port)]) == 2
    said = capsys.readouterr().err
    assert f"127.0.0.1:{port} cannot be listened on: Address already in use" in said
    assert said.count("\n") == 1
    with pytest.raises(Started):  # and nothing of it was kept
        cli.main(["demo", "--folder", "mall", "--port", "0"])


def test_a_lay_out_that_was_cut_off_is_told_with_the_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    lay_out(Path("mall").absolute())
    Path("mall/demo.json").unlink()
    assert cli.main(["demo", "--folder", "mall"]) == 2
    assert "take an empty folder" in capsys.readouterr().err
