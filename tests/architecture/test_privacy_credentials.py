"""A credential in clear is for storing, matching and wires: no log line and no raised error may be built from one, or from a key."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.test_privacy import _is_log_call
from tests.architecture.test_size import ROOT, product_files

CLEAR = {"value", "ref"}
SECRETS = {"epc", "serial", "ephemeral", "scbk"}
NAMED = {"credential", "card", "tag", "epc", "token", "key", "code_text"}


def spoken_in_clear(tree: ast.AST) -> Iterator[int]:
    """Lines at which a log call or a `raise` mentions a credential's `value` or `ref`, an EPC, a serial number, or logs one by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_log_call(node):
            if _mentions(node) or any(keyword.arg in NAMED for keyword in node.keywords):
                yield node.lineno
        elif isinstance(node, ast.Raise) and _mentions(node):
            yield node.lineno


def _mentions(node: ast.AST) -> bool:
    return any(_is_clear(inner) for inner in ast.walk(node))


def _is_clear(node: ast.AST) -> bool:
    if not isinstance(node, ast.Attribute):
        return False
    owner = node.value
    name = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
    return (node.attr in CLEAR and "credential" in name.lower()) or node.attr in SECRETS


@pytest.mark.req("PRIV-1")
def test_no_log_line_and_no_error_is_built_from_a_credential_in_clear() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in product_files(".py")
        for line in spoken_in_clear(ast.parse(path.read_text()))
    ]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        "log.info('in', credential=one)",
        "raise ValueError(credential.value)",
        "_LOG.error(f'{seen.credential.ref}')",
        "raise X(report.epc)",
    ],
)
def test_a_credential_in_clear_would_be_seen(code: str) -> None:
    assert list(spoken_in_clear(ast.parse(code))) == [1]


@pytest.mark.parametrize(
    "code", ["store(credential.value)", "log.info('in', lane=lane)", "raise ValueError(str(credential))"]
)
def test_storing_and_masked_credentials_are_fine(code: str) -> None:
    assert list(spoken_in_clear(ast.parse(code))) == []
