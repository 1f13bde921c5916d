"""An afternoon at the exception desk: a misread exit with look-alikes inside, money, a colleague at work, lessons, a stay's story."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from parking.journeys.schemas import BillView
from parking.journeys.story_api import StayStory, StoryLine, StoryPicture
from parking.sessions.desk.schemas import LessonView
from parking.web.schemas import MoneySchema
from tests.browser.fake_desk import OTHER
from tests.browser.fake_server import FakeServer
from tests.browser.script import bill


def a_busy_desk(fake: FakeServer) -> None:
    """Six cases of six kinds; `c1` is the misread exit, `c2` a colleague's."""
    fake.lane("exit-2", name={"zh": "西出口 2", "en": "West exit 2"}, kind="exit")
    fake.case("c1", "exit_without_stay", lane_id="exit-1", ago_s=1500)
    fake.desk.question(
        "c1",
        read="沪AD8B5B8",
        candidates=[
            ("stay-1", "沪AD88588", 11.4, [("read_differently", 7.8), ("colour_agrees", -0.7), ("has_paid", -4.0)], 2.5),
            ("stay-2", "沪AD8B588", 14.9, [("read_differently", 4.1), ("colour_differs", 3.9), ("long_inside", 2.2)], 76.0),
            ("stay-3", "皖A8B5B8", 22.6, [("read_differently", 15.0), ("class_differs", 4.0), ("long_inside", 0.0)], 0.4),
        ],
    )  # fmt: skip
    fake.case("c2", "second_entry", lane_id="entry-1", stay_id="stay-4", ago_s=2400)
    fake.desk.question("c2", read="苏E9K21X")
    fake.desk.taken_by("c2", OTHER)
    fake.case("c3", "charge_over_bound", lane_id="exit-2", stay_id="stay-5", ago_s=200)
    fake.desk.question("c3", read="沪B12307")
    fake.case("c4", "left_without_paying", lane_id="exit-1", stay_id="stay-6", ago_s=40_000)
    fake.desk.question("c4", read="浙C77120")
    fake.case("c5", "lane_safety_loop_stuck", lane_id="exit-2", ago_s=300)
    fake.desk.question("c5")
    fake.case("c6", "entry_without_plate", lane_id="entry-1", stay_id="stay-7", ago_s=900)
    fake.desk.question("c6", visit="stay-7")
    teach(fake)
    fake.desk.stories["stay-1"] = a_story(fake.now())


def teach(fake: FakeServer) -> None:
    """Two lessons, the second switched off."""
    at = fake.now() - timedelta(days=3)
    known: dict[str, Any] = {"decision_id": "d0", "learned_at": at, "taught_by": OTHER}
    off: dict[str, Any] = {
        "active": False,
        "switched_by": OTHER,
        "switched_at": at + timedelta(days=1),
        "switch_reason": "当天画面异常",
    }
    on: dict[str, Any] = {"active": True, "switched_by": "", "switched_at": None, "switch_reason": ""}
    fake.desk.lessons = [
        LessonView(id="l2", read="沪A***5B", true="沪A***58", signs=[["8", "B"]], **known, **on),
        LessonView(id="l1", read="皖B***1", true="皖B***21", signs=[["2", ""]], **known, **off),
    ]


def a_story(now: datetime) -> StayStory:
    """A stay whose exit was misread, decided by a person, billed, paid, and looked at."""
    came, left = now - timedelta(hours=3), now - timedelta(minutes=24)

    def line(at: datetime, kind: str, code: str, **more: Any) -> StoryLine:
        empty: dict[str, Any] = {
            "lane_id": None,
            "plate": None,
            "by": "",
            "by_kind": "",
            "amount": None,
            "picture": None,
            "note": "",
            "detail": {},
        }
        return StoryLine(at=at, kind=kind, code=code, **(empty | more))

    due = MoneySchema(amount=1400, currency="CNY")
    ranked = [{"stay_id": stay, "cost": cost, "why": []} for stay, cost in (("stay-1", 11.4), ("stay-2", 14.9))]
    evidence = {"candidates": ranked, "costs": "7c1e90ab42f3"}
    grounds = {"reason": "plate_misread", "rule": "desk.match", "before": {"state": "open"}, "evidence": evidence}
    grounds |= {"after": {"state": "closed", "exited_at": left.isoformat()}}
    put_right = {"before": "open", "after": "closed", "evidence": {"exit_visit": "visit-c1", "later_entry": "stay-2"}}
    s = timedelta(seconds=1)
    lines = [
        line(came - 6 * s, "read", "allowed", lane_id="entry-1", plate="沪A****88", picture="stay-1", detail={"rule": "site_has_room"}),
        line(came - 4 * s, "boom", "opened", lane_id="entry-1", by="rule", by_kind="rule", detail={"reason": "site_has_room"}),
        line(came, "passage", "passed_in", lane_id="entry-1", plate="沪A****88"),
        line(came, "stay", "began", lane_id="entry-1", plate="沪A****88"),
        line(left - 9 * s, "read", "refused", lane_id="exit-1", plate="沪A****B8", picture="visit-c1", detail={"reason": "stay_not_found"}),
        line(left - 5 * s, "boom", "opened", lane_id="exit-1", by="王芳", detail={"reason": "intercom"}),
        line(left, "passage", "passed_out", lane_id="exit-1", plate="沪A****B8"),
        line(left, "case", "exit_without_stay", lane_id="exit-1"),
        line(left + 60 * s, "look", "picture.view", by="王芳", picture="visit-c1"),
        line(left + 75 * s, "decision", "match", by="王芳", detail=grounds),
        line(left + 75 * s, "correction", "exit_matched", by="王芳", note="plate_misread", detail=put_right),
        line(left + 75 * s, "money", "due", amount=due),
        line(left + 300 * s, "bill", "payment_paid", amount=due),
        line(left + 301 * s, "money", "capture", amount=due),
    ]  # fmt: skip
    owed = bill(
        [("首 1 小时 ¥6.00", "First 1 h ¥6.00", 60, 1, 600), ("每小时 ¥4.00 × 2", "Each hour ¥4.00 × 2", 95, 2, 400)]
    )
    return StayStory(
        id="stay-1", plate="沪A****88", state="closed", entered_at=came, lane_id="entry-1", leave_by=None, exited_at=left,
        exit_lane_id="exit-1", clear=False, may_clear=True, now=now, bill=BillView.model_validate(owed),
        pictures=[StoryPicture(visit_id="stay-1", direction="in", at=came), StoryPicture(visit_id="visit-c1", direction="out", at=left)],
        lines=lines,
    )  # fmt: skip
