"""PostgreSQL stores no NUL: whoever puts one into an address or a body is told so, whatever he asks for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.application import Server, a_server, problem_of


@pytest.fixture
def server(tmp_path: Path, postgres_url: str) -> Iterator[Server]:
    with a_server(tmp_path, database_url=postgres_url) as running:
        yield running


@pytest.mark.req("OPEN-1")
def test_a_nul_in_an_address_is_the_callers_mistake_and_not_ours(server: Server) -> None:
    stay = server.enter()
    for path in ("/my/payments/%00", "/my/calls/%00"):
        assert problem_of(server.ask("GET", path, "driver", stay=stay), 422)["code"] == "request.invalid"
    for path in ("/stays/%00", "/calls?state=ended&cursor=%00", "/members/%00"):
        assert problem_of(server.ask("GET", path, "manager"), 422)["code"] == "request.invalid"
