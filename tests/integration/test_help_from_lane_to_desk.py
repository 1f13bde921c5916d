"""Real lanes in memory and the real server, on each database: help and fire go the whole way, from a loop to the bill and back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from parking.emergency.model import CallState
from parking.gate import machine
from parking.journeys import whose_car
from parking.kernel.events import Direction, LaneBlocked, LaneCalled, LaneCallEnded, LaneDecided, VehiclePassed
from parking.kernel.ids import LaneId
from parking.kernel.votes import Votes
from parking.plumbing.db import Database
from parking.security import audit
from parking.sessions.model import ClosedStay, OpenStay
from tests.builders.connected_lane import ConnectedLane
from tests.builders.emergency import WANG, Help
from tests.builders.gate import seen
from tests.builders.journeys import PLATE, SiteStory


@pytest.fixture
def site(database: Database) -> Iterator[SiteStory]:
    story = SiteStory(database)
    yield story
    story.check()


@pytest.fixture
def help_at(site: SiteStory) -> Help:
    return Help(site)


def exit_lane(site: SiteStory) -> ConnectedLane:
    return ConnectedLane(site, "exit-1", Direction.OUT, box="edge-1", seed=11)


def entry_lane(site: SiteStory) -> ConnectedLane:
    return ConnectedLane(site, "entry-1", Direction.IN, box="edge-2", seed=12)


@pytest.mark.req("SOS-1")
def test_a_vehicle_that_nobody_reads_calls_is_answered_and_opened_for_by_name(site: SiteStory, help_at: Help) -> None:
    lane = exit_lane(site)
    lane.presence(True)
    lane.see(seen(None, at=site.clock.now()))
    lane.meanwhile(25)
    (called,) = lane.told(LaneCalled)
    assert help_at.open_calls() == [called.call_id]
    assert help_at.call(called.call_id).cause == "unknown_plate"
    help_at.take(WANG, called.call_id)
    lane.meanwhile(150)  # the lane would have opened by its policy after 120 s
    assert lane.pulses() == 0
    assert [ended.how for ended in lane.told(LaneCallEnded)] == ["answered"]
    open_now = [help_at.call(call_id) for call_id in help_at.open_calls()]
    assert [call.state for call in open_now if call.id == called.call_id] == [CallState.TAKEN]
    help_at.open_lane(WANG, "plate read by eye", called.call_id)
    lane.talk()
    lane.meanwhile(1)
    assert lane.pulses() == 1
    assert help_at.call(called.call_id).how == "opened"
    (opening,) = help_at.openings()
    assert (opening.actor, opening.reason, opening.read_back) == ("wang", "plate read by eye", True)
    lane.drive_through()
    lane.talk()
    assert help_at.open_calls() == []


@pytest.mark.req("SOS-1", "GATE-3")
def test_nobody_answers_with_the_link_cut_so_the_lane_opens_and_the_server_hears_of_it_afterwards(
    site: SiteStory, help_at: Help
) -> None:
    lane = exit_lane(site)
    lane.online = False
    lane.presence(True)
    lane.see(seen(None, at=site.clock.now()))
    lane.meanwhile(140)
    assert lane.pulses() == 1
    lane.drive_through()
    assert help_at.open_calls() == []
    site.park(hours=2)
    lane.online = True
    lane.talk()
    (called,) = lane.told(LaneCalled)
    call = help_at.call(called.call_id)
    assert (call.state, call.how, call.taken_by) == (CallState.ENDED, "opened_by_policy", "")
    assert call.ended_at is not None
    assert timedelta(seconds=110) < call.ended_at - call.called_at < timedelta(seconds=130)
    assert site.reasons().count("call_unanswered") == 1
    assert "exit_without_stay" in site.reasons()


@pytest.mark.req("SOS-1")
def test_a_boom_that_does_not_open_stops_the_fee_clock_of_whoever_waits(site: SiteStory, help_at: Help) -> None:
    stay_id = site.enter(PLATE)
    lane = exit_lane(site)
    site.park(minutes=10)
    lane.talk()
    lane.board.unconfirmed.add(0)
    lane.drive_up(seen(PLATE, at=site.clock.now()))
    lane.meanwhile(30)
    assert any(event.blocked and event.stay_id == stay_id for event in lane.told(LaneBlocked))
    site.park(hours=4)
    assert site.bill(stay_id) == 0  # ten free minutes and half a minute of waiting


@pytest.mark.req("GATE-4")
def test_fire_at_one_box_opens_the_exit_of_another_and_a_person_ends_it_and_nobody_owes_for_it(
    site: SiteStory, help_at: Help
) -> None:
    stay_id = site.enter(PLATE)
    entry, exit_ = entry_lane(site), exit_lane(site)
    site.park(minutes=14)
    entry.step()
    exit_.step()
    entry.fire(True)
    entry.talk()
    assert help_at.orders("emergency") == ["exit-1"]
    exit_.talk()
    exit_.meanwhile(1)
    assert machine.is_fire(exit_.lane.state)
    assert not entry.told(VehiclePassed)
    site.park(hours=3)
    exit_.step()
    exit_.presence(True)
    exit_.drive_through()
    exit_.talk()
    assert exit_.told(VehiclePassed)
    entry.fire(False)
    entry.step()
    assert machine.is_fire(entry.lane.state)  # the contact is quiet again; that ends nothing
    help_at.end_emergency(WANG, "fire brigade: all clear")
    for lane in (entry, exit_):
        lane.talk()
        lane.meanwhile(1)
        assert not machine.is_fire(lane.lane.state), lane.config.lane_id
    assert not help_at.stands()
    site.park(seconds=30)
    assert site.bill(stay_id) == 0  # not fifteen minutes of its own in three hours
    site.park(minutes=5)
    assert site.bill(stay_id) == 600
    lanes = {lane["id"]: lane["mode"] for lane in site.database.read(site.application.live.lanes)}
    assert (lanes["entry-1"], lanes["exit-1"]) == ("normal", "normal")


@pytest.mark.req("GATE-4")
def test_an_exit_that_was_cut_off_when_the_fire_began_opens_when_it_is_back_and_not_when_it_is_over(
    site: SiteStory, help_at: Help
) -> None:
    exit_ = exit_lane(site)
    exit_.online = False
    help_at.fire()
    exit_.meanwhile(5)
    assert not machine.is_fire(exit_.lane.state)
    exit_.online = True
    exit_.talk()
    exit_.meanwhile(1)
    assert machine.is_fire(exit_.lane.state)
    exit_.online = False
    help_at.end_emergency()
    site.park(hours=1)  # the word that it is over was good for a minute
    exit_.online = True
    exit_.talk()
    exit_.meanwhile(1)
    assert machine.is_fire(exit_.lane.state)  # open is safe; a person ends it at this lane
    assert "lane_still_held_open" in site.reasons()


@pytest.mark.req("SOS-1", "ID-1")
def test_who_stands_at_the_exit_and_may_be_either_of_two_is_named_pays_his_own_fee_and_goes(
    site: SiteStory, help_at: Help
) -> None:
    lane, twins = exit_lane(site), ("浙A6688B", "浙A66888")
    mine, others = (site.enter(plate) for plate in twins)
    site.park(hours=2)
    lane.talk()
    votes = Votes.of([(twins[1], 0.0), (twins[0], -4.0)], "blue", "civil")
    lane.presence(True)
    lane.see(seen(twins[1], at=site.clock.now(), votes=votes))
    lane.meanwhile(25)
    (called,) = lane.told(LaneCalled)
    help_at.take(WANG, called.call_id)
    assert called.visit_id is not None
    where = (audit.record, WANG, LaneId("exit-1"), called.visit_id)
    site.database.write(lambda uow: whose_car.name(uow, *where, mine))
    lane.talk()
    lane.meanwhile(1)
    asked = lane.told(LaneDecided)[-1]
    assert (asked.reason, asked.stay_id, asked.due is not None) == ("payment_due", mine, True)
    site.pay(mine)
    lane.talk()
    lane.meanwhile(1)
    lane.drive_through()
    lane.talk()
    assert lane.pulses() == 1
    assert isinstance(site.stay(mine), ClosedStay)
    assert isinstance(site.stay(others), OpenStay)
    assert (site.sums(mine).debt, help_at.open_calls(), site.reasons()) == (0, [], [])
