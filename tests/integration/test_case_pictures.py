"""The picture of a visit: it leaves the box when a person with a case looks, every look is written down, and strangers get nothing."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from parking.gate.picture_link import PictureLink
from parking.gate.pictures_api import CasePictures
from parking.gate.sync import Link
from parking.kernel.clock import ManualClock, SystemClock
from parking.kernel.errors import ParkingError
from tests.builders.application import Server, a_server, problem_of
from tests.builders.lpr import MORNING, eventually

pytestmark = pytest.mark.req("GATE-3", "PRIV-1")
VISIT = "0197f000-0000-7000-8000-00000000000a"
JPEG = b"\xff\xd8a car\xff\xd9"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with a_server(tmp_path) as made:
        yield made


@pytest.fixture
def looking() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def look(server: Server, pool: ThreadPoolExecutor, who: str = "attendant") -> Future[Any]:
    return pool.submit(server.ask, "GET", f"/visits/{VISIT}/picture", who)


def wanted(server: Server) -> list[str]:
    reply = server.ask("GET", "/edge/pictures", "edge")
    assert reply.status_code == 200
    return list(reply.json()["wanted"])


def test_a_person_who_looks_gets_the_picture_from_the_box_and_the_look_is_on_record(
    server: Server, looking: ThreadPoolExecutor
) -> None:
    assert wanted(server) == []
    seen = look(server, looking)
    eventually(lambda: wanted(server) == [VISIT])
    assert server.ask("POST", f"/edge/pictures/{VISIT}", "edge", content=JPEG).status_code == 204
    reply = seen.result(30)
    assert (reply.status_code, reply.content, reply.headers["content-type"]) == (200, JPEG, "image/jpeg")
    assert reply.headers["cache-control"] == "no-store"
    assert wanted(server) == []
    audited = server.ask("GET", "/audit", "manager").text
    assert "picture.view" in audited
    assert VISIT in audited


def test_a_picture_that_no_box_has_is_not_there(server: Server) -> None:
    problem_of(server.ask("GET", f"/visits/{VISIT}/picture", "attendant"), 404)


@pytest.mark.parametrize("who", ["anonymous", "driver", "kiosk", "edge"])
def test_only_who_judges_lanes_may_look(server: Server, who: str) -> None:
    assert server.ask("GET", f"/visits/{VISIT}/picture", who).status_code in (401, 403)
    assert wanted(server) == []


def test_boxes_bring_what_was_asked_for_and_nothing_else(server: Server) -> None:
    problem_of(server.ask("POST", f"/edge/pictures/{VISIT}", "edge", content=JPEG), 404)
    problem_of(server.ask("POST", f"/edge/pictures/{VISIT}", "edge", content=b"<svg/>"), 422)
    problem_of(server.ask("POST", "/edge/pictures/a.b", "edge", content=JPEG), 422)
    for who in ("anonymous", "attendant", "driver"):
        assert server.ask("POST", f"/edge/pictures/{VISIT}", who, content=JPEG).status_code in (401, 403)
        assert server.ask("GET", "/edge/pictures", who).status_code in (401, 403)


def test_wishes_and_pictures_are_few_and_short_lived() -> None:
    clock = ManualClock(MORNING)
    pictures = CasePictures(clock)
    for number in range(100):
        pictures.want(f"visit-{number}")
    assert len(pictures.wanted()) == 32
    assert pictures.bring("visit-99", JPEG)
    assert pictures.want("visit-99") == JPEG
    clock.advance(timedelta(seconds=61))
    assert pictures.wanted() == []
    assert pictures.want("visit-99") is None


class OneWish:
    """A server that wants one picture, as httpx sees it."""

    def __init__(self, names: Any) -> None:
        self.names = names
        self.brought: dict[str, bytes] = {}
        self.status = 200

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert "device-auth" in request.headers
        if request.method == "GET":
            return httpx.Response(self.status, json={"wanted": self.names})
        self.brought[request.url.path.rsplit("/", 1)[-1]] = request.read()
        return httpx.Response(204)


class _Signer:
    key_id = "edge-1"

    def sign(self, message: bytes) -> bytes:
        return b"signed"


def picture_link(server: OneWish, files: dict[str, bytes]) -> PictureLink:
    link = Link("http://server", "edge-1", _Signer(), None)  # type: ignore[arg-type]  # nothing is verified here
    client = httpx.Client(transport=httpx.MockTransport(server))
    return PictureLink(link, files.get, SystemClock(), client)


def test_a_box_sends_what_it_has_once_and_asks_no_file_by_a_strange_name() -> None:
    asked: list[str] = []

    class Files(dict[str, bytes]):
        def get(self, name: str, default: Any = None) -> Any:
            asked.append(name)
            return super().get(name, default)

    server = OneWish([VISIT, "elsewhere", "../../etc/passwd", ""])
    link = picture_link(server, Files({VISIT: JPEG}))
    assert link.step() is True
    assert server.brought == {VISIT: JPEG}
    assert link.step() is False
    assert asked == [VISIT, "elsewhere"]


@pytest.mark.parametrize("names", [None, "x", [1], {"a": 1}])
def test_a_server_that_talks_nonsense_is_an_error_of_the_link(names: Any) -> None:
    with pytest.raises(ParkingError, match="no sense"):
        picture_link(OneWish(names), {}).step()


def test_an_older_server_wants_nothing() -> None:
    server = OneWish([])
    server.status = 404
    assert picture_link(server, {}).step() is False
