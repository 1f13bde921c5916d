"""An exit with something to see on its panel: a car that is held and calls, and those that went before it."""

from __future__ import annotations

from datetime import timedelta

from parking.sessions.desk.schemas import CandidateView, WhyView
from tests.browser.fake_server import FakeServer


def a_held_car(fake: FakeServer) -> None:
    """On the lively mall: the exit's camera wavers between two plates, the fee is not paid, the driver calls from the phone."""
    seen = fake.lane_visits
    seen.visit("exit-1", "w4", "沪A8K221", ago_s=900, allowed=False, reason="payment_due")
    seen.visit("exit-1", "w3", "浙B55D07", ago_s=610, rule="paid", standing="backed_away")
    seen.visit("exit-1", "w2", None, ago_s=420, allowed=False, rule="plate_is_read", reason="no_plate")
    seen.pulse("exit-1", "李明", "车牌识别失败，已人工核对", person=True)
    seen.visit("exit-1", "w1", "沪B71J88", ago_s=120, rule="free_minutes")
    seen.pulse("exit-1", "rule")
    others = (("沪B1230Z", 0.214), ("沪BI2307", 0.031))
    reason = "payment_due"
    seen.visit("exit-1", "w0", "沪B12307", ago_s=40, allowed=False, reason=reason, others=others, confidence=0.78)
    fake.lane("exit-1", plate="沪B***07")
    fake.device("exit-1-camera", "ok")
    fake.device("exit-1-relay", "faulty", "read-back differs")
    fake.help.ring("call-4", "exit-1", "help_wanted", ago_s=31, source="driver", visit_id="w0")


def two_it_may_be(fake: FakeServer) -> None:
    """The held car may be either of two that are inside."""
    a_held_car(fake)
    fake.lane_visits.visit(
        "exit-1", "w9", "沪B88881", ago_s=12, allowed=False, rule="stay_is_known", reason="stay_in_doubt"
    )
    fits, other = WhyView(code="read_as_it_is", cost=0.2), WhyView(code="read_differently", cost=3.1)
    about = {"state": "open", "lane_id": "entry-1"}
    fake.lane_visits.candidates = [
        CandidateView(
            stay_id=f"s{number}",
            cost=4.0 + number,
            why=[why, WhyView(code="has_paid", cost=-4.0)] if number == 0 else [why],
            plate=plate,
            entered_at=fake.now() - timedelta(minutes=47 + 30 * number),
            **about,
        )
        for number, (plate, why) in enumerate((("沪B888B1", fits), ("沪B8B881", other)))
    ]
