"""Chinese is written with Chinese signs: no half-width comma, colon, bracket, question or exclamation mark beside its characters."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import parking

ROOT = Path(parking.__file__).parent.parent
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][ ]?[,;:()!?]|[,;:()!?][ ]?[\u4e00-\u9fff]")
_PAGES = re.compile(r'"(?:[^"\\\n]|\\.)*"')
OTHERS_SIGNS = (
    "hardware_sim/providers/",
    "payments/providers/",
    "payments/invoices/providers/",
    "lpr/training/",
    "lpr/settings.py",
)
"""Files of providers are written as their makers write them; training names pictures, settings show a row."""


def python(source: str) -> Iterator[str]:
    """The texts of a module without its docstrings."""
    tree = ast.parse(source)
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield from (line for line in node.value.splitlines() if "{zh:" not in line)  # a row of YAML


def rows(value: object) -> Iterator[str]:
    """Every text of a YAML file."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from rows(one)


def texts(path: Path) -> Iterator[str]:
    source = path.read_text(encoding="utf-8")
    if not re.search(r"[\u4e00-\u9fff]", source):
        return
    if path.suffix == ".py":
        yield from python(source)
    elif path.suffix in (".yaml", ".yml"):
        yield from (text for document in yaml.safe_load_all(source) for text in rows(document))
    else:
        yield from (
            one[1:-1]
            for line in source.splitlines()
            if not line.lstrip().startswith(("//", "*"))
            for one in _PAGES.findall(line)
        )


def files() -> Iterator[Path]:
    for top in ("parking", "payments", "lpr", "guidance", "hardware_sim", "kiosk_ui"):
        for path in sorted((ROOT / top).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            if path.suffix not in (".py", ".yaml", ".yml", ".ts", ".tsx") or "node_modules" in name or "/dist/" in name:
                continue
            if not name.startswith(OTHERS_SIGNS) and ".gen." not in name:
                yield path


@pytest.mark.req("A11Y-1")
def test_no_chinese_text_of_the_product_has_half_width_signs() -> None:
    found = [f"{path.relative_to(ROOT)}: {text}" for path in files() for text in texts(path) if HALF_WIDTH.search(text)]
    assert found == []


@pytest.mark.parametrize(
    ("text", "wrong"), [("满减(限周末)", True), ("无需使用,已留存", True), ("¥6.00 首 1 小时（60 分）", False)]
)
def test_half_width_signs_are_found(text: str, *, wrong: bool) -> None:
    assert bool(HALF_WIDTH.search(text)) is wrong
