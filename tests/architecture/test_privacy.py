"""A plate in clear is for storing, matching and wires: no log line and no raised error may be built from one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.test_size import ROOT, product_files

LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log", "msg"}
LOGGERS = {"log", "_log", "logger", "_logger", "LOG", "_LOG"}


def spoken_in_clear(tree: ast.AST) -> Iterator[int]:
    """Lines at which a log call or a `raise` mentions a plate's `.text`, or a log call names a `plate`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_log_call(node):
            if _mentions(node) or any(keyword.arg == "plate" for keyword in node.keywords):
                yield node.lineno
        elif isinstance(node, ast.Raise) and _mentions(node):
            yield node.lineno


def _mentions(node: ast.AST) -> bool:
    return any(_is_clear_plate(inner) for inner in ast.walk(node))


def _is_log_call(call: ast.Call) -> bool:
    function = call.func
    if not isinstance(function, ast.Attribute) or function.attr not in LEVELS:
        return False
    owner = function.value
    return (isinstance(owner, ast.Name) and owner.id in LOGGERS) or (
        isinstance(owner, ast.Attribute) and owner.attr in LOGGERS
    )


def _is_clear_plate(node: ast.AST) -> bool:
    if not isinstance(node, ast.Attribute) or node.attr != "text":
        return False
    owner = node.value
    name = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
    return "plate" in name.lower()


@pytest.mark.req("PRIV-1")
def test_no_log_line_and_no_error_is_built_from_a_plate_in_clear() -> None:
    found = [
        f"{_name(path)}:{line}"
        for path in product_files(".py")
        for line in spoken_in_clear(ast.parse(path.read_text()))
    ]
    assert found == []


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize(
    "code",
    [
        "log.info('in', plate=plate)",
        "_LOG.warning(f'{visit.plate.text}')",
        "raise ValueError(plate.text)",
        "self._log.error(plate.text)",
    ],
)
def test_a_plate_in_clear_would_be_seen(code: str) -> None:
    assert list(spoken_in_clear(ast.parse(code))) == [1]


@pytest.mark.parametrize("code", ["store(plate.text)", "log.info('in', lane=lane)", "raise ValueError(str(plate))"])
def test_storing_and_masked_plates_are_fine(code: str) -> None:
    assert list(spoken_in_clear(ast.parse(code))) == []
