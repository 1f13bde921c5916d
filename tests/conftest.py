"""Every file of `tests/fixtures` is a plugin: real servers, real browsers, started by ourselves and only when asked for."""

import gc
from pathlib import Path

pytest_plugins = [
    f"tests.fixtures.{file.stem}" for file in sorted(Path(__file__).with_name("fixtures").glob("[a-z]*.py"))
]


def pytest_collection_finish() -> None:
    """What is loaded by now stays until the end: the collector need not walk it again and again (a tenth of a part's time)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)
