"""A tariff is published by two people, holds for whoever enters afterwards, and changes no stay that has begun."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from parking.kernel.clock import ManualClock
from parking.kernel.events import Direction
from parking.kernel.ids import RandomIds, StayId
from parking.security.service import create_operator
from parking.security.store import operators
from parking.sessions import store as sessions_store
from tests.builders.application import Server, a_server, problem_of
from tests.builders.journeys import MORNING, TARIFF, passage
from tests.builders.security import SET_UP, cheap_passwords

pytestmark = pytest.mark.req("FEE-1")
TODAY = "2026-03-07"
"""MORNING's day at the site."""


def dearer(begin: str = TODAY, step: str = "9.00") -> str:
    """The site's tariff with another step, from a day on."""
    return (
        "tariff: 1\nname: { zh: 新价, en: New prices }\ncurrency: CNY\ntimezone: Asia/Shanghai\n"
        f"step: {{ minutes: 60, amount: {step} }}\nday: {{ cap: 90.00 }}\nvalid: {{ from: {begin} }}\n"
    )


class Town:
    """A server with two managers; `post` asks as the first or the second."""

    def __init__(self, server: Server) -> None:
        self.server = server
        database = server.application.database

        def hire(uow: Any) -> None:
            create_operator(
                uow,
                SET_UP,
                username="second",
                display_name="Second",
                password_hash=cheap_passwords().hash("correct horse battery"),
                roles=("manager",),
            )

        if not database.read(
            lambda conn: conn.execute(operators.select().where(operators.c.username == "second")).first()
        ):
            database.write(hire)

    def post(self, path: str, body: Any, *, who: str = "manager", key: str = "") -> Any:
        key = key or RandomIds().new(self.server.clock.now())
        return self.server.ask("POST", f"/tariffs{path}", who, json=body, headers={"Idempotency-Key": key})

    def propose(self, source: str) -> Any:
        return self.post("/proposals", {"source": source, "note": "new prices"}).json()

    def approve(self, proposal: Any, *, who: str = "second", key: str = "") -> Any:
        body = {"version": proposal["version"]}
        return self.post(f"/proposals/{proposal['proposal_id']}/approve", body, who=who, key=key)

    def shown(self) -> Any:
        return self.server.ask("GET", "/tariffs", "auditor").json()

    def version_of(self, stay: str) -> str:
        found = self.server.application.database.read(lambda conn: sessions_store.get(conn, StayId(stay)))
        return str(getattr(found, "tariff_version", ""))


@pytest.fixture
def town(tmp_path: Any) -> Iterator[Town]:
    with a_server(tmp_path, clock=ManualClock(MORNING)) as running:
        yield Town(running)


def test_a_text_is_checked_line_by_line_and_explained_in_words(town: Town) -> None:
    wrong = town.post("/check", {"source": dearer().replace("minutes: 60", "minutes: soon") + "colour: red\n"}).json()
    assert wrong["ok"] is False
    assert [one["line"] for one in wrong["problems"]] == [5, 8]
    assert [one["code"] for one in wrong["problems"]] == ["not_whole", "unknown_key"]
    assert wrong["problems"][1]["values"]["key"] == "colour"
    assert "`colour` 不是收费规则的键" in wrong["problems"][1]["text"]["zh"]
    good = town.post("/check", {"source": dearer().replace("day: { cap: 90.00 }\n", "")}).json()
    assert (good["ok"], good["valid_from"], good["problems"]) == (True, TODAY, [])
    assert [one["code"] for one in good["warnings"]] == ["no_cap"]
    assert good["rules"][0]["zh"]
    assert good["usual"][0]["total"] == "¥9.00"


def test_nobody_approves_what_they_proposed_and_another_only_what_they_saw(town: Town) -> None:
    proposal = town.propose(dearer())
    assert problem_of(town.approve(proposal, who="manager"), 403)["code"] == "proposal.own"
    other = {**proposal, "version": "0" * 12}
    assert problem_of(town.approve(other), 409)["code"] == "proposal.other_version"
    assert town.shown()["in_force"] != proposal["version"]
    assert problem_of(town.approve(proposal, who="auditor"), 403)["code"] == "auth.forbidden"
    done = town.approve(proposal, key="yes")
    assert (done.status_code, done.json()["state"], done.json()["decided_by"]) == (200, "approved", "Second")
    assert town.approve(proposal, key="yes").json() == done.json(), "the same key is the same approval"
    assert problem_of(town.approve(proposal), 409)["code"] == "proposal.decided"
    assert town.shown()["in_force"] == proposal["version"]
    twice = town.post("/proposals", {"source": dearer(), "note": "again"})
    assert problem_of(twice, 409)["code"] == "tariff.proposed"


@pytest.mark.parametrize("valid", ["from: 2026-03-07, to: 9999-12-31", "from: 9999-12-31", "from: 0001-01-01"])
def test_a_tariff_that_holds_for_ever_is_checked_and_shown_like_any_other(town: Town, valid: str) -> None:
    window = 'tickets: [{ name: { zh: 晚, en: Late }, amount: 3, leave: { from: "20:00", to: "02:00" } }]\n'
    source = dearer().replace("from: 2026-03-07", valid) + window
    assert town.post("/check", {"source": source}).json()["ok"] is True
    sent = town.post("/proposals", {"source": source, "note": "for ever"})
    if "0001" in valid:
        assert problem_of(sent, 422)["code"] == "tariff.begin"
        return
    assert town.approve(sent.json()).status_code == 200
    (shown,) = [one for one in town.shown()["tariffs"] if one["version"] == sent.json()["version"]]
    assert f"{shown['valid_from']} {shown['valid_to']}".startswith(valid[6:16])
    assert town.server.ask("GET", f"/tariffs/versions/{shown['version']}", "auditor").json()["checked"]["ok"] is True
    end = {"version": shown["version"], "last_day": TODAY, "note": "not for ever"}
    assert town.post("/ends", end).status_code == (200 if "to:" in valid else 422)


def test_a_stay_keeps_the_tariff_of_its_entry_and_later_ones_get_the_published(town: Town) -> None:
    before = town.server.enter("浙A13579")
    town.server.park(minutes=5)
    proposal = town.propose(dearer())
    assert town.approve(proposal).status_code == 200
    town.server.park(minutes=5)
    after = town.server.enter("沪B24680")
    frozen, fresh = town.version_of(before), town.version_of(after)
    assert fresh == proposal["version"] != frozen
    restarted = type(town.server.application.tariffs)(*[one.tariff for one in town.server.application.tariffs._files])
    known = town.server.application.database.read(lambda conn: restarted.at_entry(conn, town.server.clock.now()))
    assert known.version == fresh, "what was published is there after a restart"
    earlier = MORNING - timedelta(minutes=1)
    late_news = town.server.application.database.read(lambda conn: restarted.at_entry(conn, earlier))
    assert late_news.version == frozen, "an entry that is heard of late keeps what held then"


def test_whoever_still_looks_at_yesterdays_database_turns_nobody_back_to_yesterdays_tariff(town: Town) -> None:
    database, book = town.server.application.database, town.server.application.tariffs
    proposal = town.propose(dearer())

    def look_on(conn: Connection) -> str:
        book.refresh(conn)  # from here on this connection sees the books as they were
        assert town.approve(proposal).status_code == 200
        database.read(book.refresh)
        book.refresh(conn)
        return book.current(town.server.clock.now()).version

    assert database.read(look_on) == proposal["version"]


def test_a_tariff_begins_on_the_day_that_it_names_and_ends_where_two_people_say(town: Town) -> None:
    first = town.shown()["in_force"]
    proposal = town.propose(dearer("2026-03-08"))
    assert town.approve(proposal).status_code == 200
    assert town.shown()["in_force"] == first
    town.server.park(hours=24)
    for who in ("manager", "second", "auditor"):
        town.server.drop_session(who)
    assert town.shown()["in_force"] == proposal["version"]
    body = {"version": proposal["version"], "last_day": "2026-03-08", "note": "a mistake"}
    end = town.post("/ends", body, key="end").json()
    assert town.post("/ends", body, key="end").json() == end
    assert problem_of(town.approve(end, who="manager"), 403)["code"] == "proposal.own"
    assert town.approve(end).status_code == 200
    shown = {one["version"]: one for one in town.shown()["tariffs"]}
    assert (shown[end["version"]]["in_force"], shown[end["version"]]["last_day"]) == (True, "2026-03-08")
    town.server.park(hours=24)
    for who in ("manager", "second", "auditor"):
        town.server.drop_session(who)
    assert town.shown()["in_force"] == first
    alone = town.post("/ends", {"version": first, "last_day": "2026-03-20", "note": "no more"})
    assert problem_of(alone, 409)["code"] == "tariff.last"


def test_what_two_people_have_ended_does_not_come_back_by_another_end(town: Town) -> None:
    proposed = town.propose(dearer())
    town.approve(proposed)
    body = {"version": proposed["version"], "last_day": "2026-03-10", "note": "no more"}
    later = town.post("/ends", {**body, "last_day": "2026-03-20"}).json()
    assert town.approve(town.post("/ends", body).json()).status_code == 200
    assert problem_of(town.approve(later), 422)["code"] == "tariff.end", "proposed before, and later than that"
    sooner = town.post("/ends", {**body, "last_day": "2026-03-09"}).json()
    assert town.approve(sooner).status_code == 200
    town.server.park(days=4)
    for name in ("manager", "second"):
        town.server.drop_session(name)
    again = town.post("/ends", {**body, "last_day": "2026-03-20"})
    assert problem_of(again, 422)["code"] == "tariff.end"
    assert town.version_of(town.server.enter()) != proposed["version"]


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (dearer("2026-03-06"), "tariff.begin"),
        (dearer().replace(f"valid: {{ from: {TODAY} }}\n", ""), "tariff.begin"),
        (dearer().replace("CNY", "EUR"), "tariff.other_money"),
        (dearer().replace("Asia/Shanghai", "Europe/Berlin"), "tariff.other_money"),
        ("tariff: 1\n", "tariff.malformed"),
    ],
)
def test_what_could_not_hold_is_not_proposed(town: Town, source: str, code: str) -> None:
    reply = town.post("/proposals", {"source": source, "note": "new prices"})
    assert problem_of(reply, 422)["code"] == code
    assert town.shown()["proposals"] == []


def test_a_proposal_is_refused_by_another_or_taken_back_by_its_author(town: Town) -> None:
    for who, state in (("second", "refused"), ("manager", "withdrawn")):
        proposal = town.propose(dearer(step=f"{len(state)}.00"))
        path, body = f"/proposals/{proposal['proposal_id']}/refuse", {"reason": "too dear"}
        done = town.post(path, body, who=who, key=who)
        assert done.json()["state"] == state
        assert town.post(path, body, who=who, key=who).json() == done.json()
        assert problem_of(town.approve(proposal), 409)["code"] == "proposal.decided"


def test_a_recorded_day_is_priced_under_both(town: Town) -> None:
    stay = town.server.enter("浙A13579")
    town.server.park(hours=2)
    leaving = RandomIds().new(town.server.clock.now())
    town.server.box.note(passage(Direction.OUT, leaving, "浙A13579", stay=stay), town.server.clock.now())
    town.server.box.send()
    town.server.settle_down()
    found = town.post("/compare", {"source": dearer(), "day": TODAY}).json()
    assert (found["whole"]["stays"], found["whole"]["dearer"]) == (1, 1)
    assert found["whole"]["after"] == {"amount": 1800, "currency": "CNY"}
    assert [one["heading"] for one in found["by"]] == ["length: 1 to 3 h"]
    assert found["most"][0]["stay_id"] == stay
    assert town.post("/compare", {"source": dearer(), "day": "2026-03-06"}).json()["whole"]["stays"] == 0


def test_the_sites_own_file_can_be_read_and_looked_at(town: Town) -> None:
    first = town.shown()["in_force"]
    view = town.server.ask("GET", f"/tariffs/versions/{first}", "auditor").json()
    assert (view["version"], view["checked"]["ok"]) == (first, True)
    assert view["source"] == TARIFF.read_text(encoding="utf-8")
    assert problem_of(town.server.ask("GET", "/tariffs/versions/none", "auditor"), 404)["code"] == "tariff.unknown"
