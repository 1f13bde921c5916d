"""`make prove` runs what is there, shows how each proof ended, and does not call a broken proof a proof."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools import prove


@pytest.fixture
def proofs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tests" / "prove"
    folder.mkdir(parents=True)
    monkeypatch.setattr(prove, "ROOT", tmp_path)
    monkeypatch.setattr(prove, "PROOFS", folder)
    return folder


def write(folder: Path, name: str, line: str, code: int) -> None:
    (folder / f"{name}.py").write_text(f"print('working'); print({line!r}); raise SystemExit({code})\n")


def test_every_proof_ends_in_its_own_line(proofs: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(proofs, "kills", "kills: 0 lost, goal 0, holds", 0)
    write(proofs, "seeds", "seeds: 2 wrong, goal 0, falls short", 1)
    assert prove.main([]) == 1
    assert capfd.readouterr().out.splitlines()[-2:] == [
        "kills: 0 lost, goal 0, holds",
        "seeds: 2 wrong, goal 0, falls short",
    ]


def test_one_proof_by_name(proofs: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(proofs, "no_kills", "no kills: holds", 0)
    write(proofs, "seeds", "seeds: falls short", 1)
    assert prove.main(["no-kills"]) == 0
    assert capfd.readouterr().out.splitlines() == ["== no_kills", "working", "no kills: holds"]


def test_a_proof_that_breaks_off_falls_short(proofs: Path) -> None:
    write(proofs, "kills", "kills: holds", 3)
    assert prove.prove("kills") == (False, "kills: broke off with exit code 3; falls short")


def test_an_unknown_proof_is_a_wrong_call(proofs: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(proofs, "kills", "kills: holds", 0)
    assert prove.main(["thrills"]) == 2
    assert "there are kills" in capfd.readouterr().err


def test_every_committed_proof_can_be_run_as_a_module() -> None:
    for file in prove.PROOFS.glob("[a-z]*.py"):
        assert '__name__ == "__main__"' in file.read_text(), file.name
