"""A short run of `make prove NAME=planted-bugs`: every bug still has its place and its test, and one of them is really planted."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.prove.planted_bugs import GOAL, ROOT, Bug, bugs, copy_sources, is_caught

BUGS = bugs()


def test_there_are_enough_bugs_and_no_two_are_the_same() -> None:
    assert len(BUGS) >= GOAL
    assert len({(bug.file, bug.old, bug.new) for bug in BUGS}) == len(BUGS)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_every_bug_still_has_its_place_and_is_a_program(bug: Bug) -> None:
    compile(bug.planted_in((ROOT / bug.file).read_text()), bug.file, "exec")


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_every_bug_has_a_test_that_is_there_to_catch_it(bug: Bug) -> None:
    file, _, name = bug.test.partition("::")
    tree = ast.parse((ROOT / file).read_text())
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_a_bug_whose_place_is_gone_is_not_called_caught(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    assert "0 times" in is_caught(Bug("gone", "", "a.py", "y = 1", "y = 2", "t.py::test"), tmp_path)


@pytest.mark.timeout(1200)
def test_one_bug_is_planted_and_caught_and_the_copy_is_sound_again(tmp_path: Path) -> None:
    copy_sources(tmp_path)
    (bug,) = [bug for bug in BUGS if bug.name == "token-replayed"]
    before = (tmp_path / bug.file).read_text()
    assert is_caught(bug, tmp_path) == ""
    assert (tmp_path / bug.file).read_text() == before


@pytest.mark.timeout(1200)
def test_a_patch_that_breaks_nothing_is_not_called_caught(tmp_path: Path) -> None:
    copy_sources(tmp_path)
    (bug,) = [bug for bug in BUGS if bug.name == "token-replayed"]
    harmless = Bug("harmless", "", bug.file, bug.old, bug.old, bug.test)
    assert is_caught(harmless, tmp_path) == "its test passes"
