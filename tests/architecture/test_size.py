"""A file says one thing and fits on a few screens; a function can be read without scrolling."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILE_LINES, FUNCTION_LINES = 320, 70
PRODUCT = ("parking", "lpr", "guidance", "payments", "kiosk_ui", "hardware_sim")
SOURCES = (".py", ".ts", ".tsx")
GROWN_BY_TOOLS = "parking/migrations/versions/"  # tables written out once by alembic, never edited


def product_files(*suffixes: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *PRODUCT],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    paths = [
        ROOT / name for name in listed.split("\0") if name.endswith(suffixes) and not name.startswith(GROWN_BY_TOOLS)
    ]
    return [path for path in paths if path.exists()]


def test_no_file_of_the_product_is_longer_than_its_budget() -> None:
    lengths = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in product_files(*SOURCES)}
    generated = {name for name in lengths if name.endswith((".gen.ts", ".d.ts"))}
    assert {name: n for name, n in lengths.items() if n > FILE_LINES and name not in generated} == {}


def test_no_function_of_the_product_is_longer_than_its_budget() -> None:
    long = {}
    for path in product_files(".py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES and not _only_declares_routes(node):
                    long[f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"] = lines
    assert long == {}


def _only_declares_routes(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A router factory holds its handlers; what counts is the length of each of them, which is measured too."""
    return node.name == "router"


def test_every_module_opens_by_saying_its_law() -> None:
    silent = [str(p.relative_to(ROOT)) for p in product_files(".py") if p.read_text().strip() and not _docstring(p)]
    assert silent == []


def _docstring(path: Path) -> str | None:
    return ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("name", ["utils", "util", "helpers", "helper", "common", "misc"])
def test_there_is_no_attic(name: str) -> None:
    assert [p for p in product_files(".py") if p.stem == name or p.parent.name == name] == []
