"""Topics of the live feed: what may be asked for, and what comes with it."""

from __future__ import annotations

import pytest

from parking.bootstrap.live_topics import TOPICS_MOST, Topics, needs_a_right
from parking.kernel.errors import ParkingError
from tests.builders.plans import small_site

TOPICS = Topics(small_site())


@pytest.mark.parametrize(
    ("key", "topics"),
    [
        ("zone.z1", {"site", "zone", "zone.z1", "level.b1"}),
        ("bay.B-03", {"site", "bay", "bay.B-03", "zone.z2", "level.b2"}),
        ("sign.sign-1", {"site", "sign", "sign.sign-1", "zone.z1", "level.b1"}),
        ("lane.entry-1", {"site", "lane", "lane.entry-1", "zone.z1", "level.b1"}),
        ("lane.ramp-1", {"site", "lane", "lane.ramp-1", "zone.z1", "level.b1", "zone.z2", "level.b2"}),
        ("device.cam-1", {"site", "device", "device.cam-1"}),
    ],
)
def test_a_key_travels_under_itself_its_family_its_zone_its_level_and_the_site(key: str, topics: set[str]) -> None:
    assert set(TOPICS.of(key)) == topics


def test_every_topic_of_every_key_may_be_asked_for() -> None:
    for key in ("zone.z1", "bay.B-10", "sign.sign-1", "lane.ramp-1", "device.cam-1"):
        for topic in TOPICS.of(key):
            assert TOPICS.asked([topic]) == {topic}


def test_topics_are_written_with_commas_or_one_by_one() -> None:
    assert TOPICS.asked(["zone.z1, sign", "lane.exit-1,", ""]) == {"zone.z1", "sign", "lane.exit-1"}
    assert TOPICS.asked([]) == frozenset()


def test_the_site_holds_everything_but_the_events() -> None:
    assert TOPICS.asked(["zone.z1,site,bay"]) == {"site"}
    assert TOPICS.asked(["events,site,bay"]) == {"site", "events"}


@pytest.mark.parametrize("unknown", ["zone.z9", "zones", "level", "level.b9", "bay.", "plate", "*", "site.mall"])
def test_a_topic_that_the_site_does_not_have_is_named(unknown: str) -> None:
    with pytest.raises(ParkingError, match="no topic") as refused:
        TOPICS.asked(["zone.z1", unknown])
    assert refused.value.field == "topics"
    assert repr(unknown) in refused.value.message


def test_so_many_topics_are_refused_and_a_long_one_is_cut_where_it_is_named() -> None:
    with pytest.raises(ParkingError, match="at most 64 topics"):
        TOPICS.asked([f"device.{n}" for n in range(TOPICS_MOST + 1)])
    with pytest.raises(ParkingError) as refused:
        TOPICS.asked(["x" * 5000])
    assert len(refused.value.message) < 200


@pytest.mark.req("PRIV-1")
@pytest.mark.parametrize(
    ("topics", "first"),
    [
        ({"site", "zone", "zone.z1", "level.b1", "sign.sign-1"}, None),
        ({"zone.z1", "bay.A-01"}, "bay.A-01"),
        ({"lane"}, "lane"),
        ({"site", "events"}, "events"),
        ({"device.cam-1"}, "device.cam-1"),
    ],
)
def test_what_the_public_never_sees_needs_a_right(topics: set[str], first: str | None) -> None:
    assert needs_a_right(frozenset(topics)) == first
