"""The pages' types come from the committed description of the API, so that file says what the server says."""

from __future__ import annotations

import json

from tests.tools import openapi


def test_the_committed_description_is_what_the_server_says() -> None:
    assert openapi.FILE.read_text(encoding="utf-8") == openapi.described(), (
        "kiosk_ui/openapi.json is not what the server says; write it again: .venv/bin/python -m tests.tools.openapi"
    )


def test_the_description_is_openapi_3_1() -> None:
    assert json.loads(openapi.FILE.read_text(encoding="utf-8"))["openapi"].startswith("3.1.")
