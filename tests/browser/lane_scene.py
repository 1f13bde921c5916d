"""An exit with something to see on its panel: a car that is held and calls, and those that went before it."""

from __future__ import annotations

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
