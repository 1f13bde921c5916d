"""Every file of `tests/fixtures` is a plugin: real servers, real browsers, started by ourselves and only when asked for."""

from pathlib import Path

pytest_plugins = [
    f"tests.fixtures.{file.stem}" for file in sorted(Path(__file__).with_name("fixtures").glob("[a-z]*.py"))
]
