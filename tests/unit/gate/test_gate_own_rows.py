"""What a box has done itself counts at once, and what the server has followed is never counted twice, however late it comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parking.access.decide import Answer
from parking.access.facts import AntiPassback, LaneRules, SecondEntry
from parking.access.presence import Gone, after
from parking.access.refs import of_plate
from parking.access.rows import Fact, InsideRow, LotRow
from parking.access.snapshot import CopyChange, CopyRow, data_of
from parking.gate.edge_file import EdgeFile
from parking.gate.journal import FileJournal
from parking.gate.local_copy import LocalCopy
from parking.gate.own_rows import OwnRows
from parking.kernel.decision import Refused
from parking.kernel.events import Direction, Envelope, Event
from parking.kernel.ids import EventId, LaneId, LotId, StayId
from tests.builders.access import MemoryRows, ThinkingLane, a_pass, an_invitation, owing, plate
from tests.builders.gate import NOON

pytestmark = pytest.mark.req("GATE-3", "GATE-5")
VISITOR = "苏A12345"
CARS = ("苏A00001", "苏A00002", "苏A00003")
LOT = LotId("a")
KNOWN: tuple[Fact, ...] = (
    a_pass("p1", CARS[0], CARS[1]),
    an_invitation(entries=3, plate=plate(CARS[2])),
    LotRow(LOT, None, 10, 10),
)


class Site:
    """A box on a file in memory, the server behind a slow link, and what is true."""

    def __init__(self) -> None:
        self.file = EdgeFile(":memory:")
        self.journal = FileJournal(self.file)
        self.copy = LocalCopy(self.file)
        self.truth = MemoryRows(*KNOWN)
        self.server = MemoryRows(*KNOWN)
        self.version = 0
        self.sent: list[Envelope] = []
        self.events = 0
        self.send(tuple(KNOWN))
        self.rows = OwnRows(self.copy, self.journal)
        self.entry = BoxLane(self, Direction.IN)
        self.exit = BoxLane(self, Direction.OUT)

    def happened(self, event: Event, lane: ThinkingLane) -> None:
        self.events += 1
        envelope = Envelope(EventId(f"e{self.events}"), lane.now, "edge-1", event)
        self.truth.take(after(event, lane.now, self.truth))
        self.rows.journal.append(LaneId("in-1"), (envelope,), {})
        self.sent.append(envelope)

    def link_works(self, events: int) -> None:
        """The server gets and follows so many events, and its changes come back."""
        for envelope in self.sent[:events]:
            changes = after(envelope.event, envelope.occurred_at, self.server)
            self.server.take(changes)
            self.send(changes)
        del self.sent[:events]
        self.journal.acknowledge(self.events - len(self.sent))

    def send(self, changes: tuple[Fact | Gone, ...]) -> None:
        rows = []
        for position, change in enumerate(changes, start=self.version + 1):
            if isinstance(change, Gone):
                rows.append(CopyRow(change.kind, change.key, position, None))
            else:
                kind, key, data = data_of(change)
                rows.append(CopyRow(kind, key, position, data))
        if rows:
            self.copy.apply(CopyChange("mall", self.version, self.version + len(rows), tuple(rows)))
            self.version += len(rows)

    def power_fails(self) -> None:
        self.rows = OwnRows(self.copy, self.journal)

    def cars(self, rows: MemoryRows | OwnRows) -> dict[str, list[Any]]:
        """Who is inside, by which right and where, as these rows say; promises left aside."""
        return {
            car: [
                (row.stay_id, row.right, row.lot_id)
                for row in rows.find("inside", of_plate(plate(car)))
                if isinstance(row, InsideRow) and row.claimed_until is None
            ]
            for car in CARS
        }


class BoxLane(ThinkingLane):
    """A lane that decides from the box's rows and writes into the box's journal."""

    def __init__(self, site: Site, direction: Direction) -> None:
        super().__init__(site.truth, direction, lot_id=LOT)
        self._site = site
        self._visits = 0

    def _tell(self, event: Event) -> None:
        self._site.happened(event, self)


def test_the_second_car_of_a_pass_is_a_visitor_before_the_server_has_heard_of_the_first() -> None:
    site = Site()
    lane = BoxLane(site, Direction.IN)
    lane.copy = site.rows  # type: ignore[assignment] # it asks the box
    assert lane.ask(CARS[0]).right == "pass:p1"
    lane.drive_through()
    assert lane.ask(CARS[1]).right is None


def test_a_yes_at_one_lane_keeps_the_bay_from_the_other() -> None:
    site = Site()
    one, two = BoxLane(site, Direction.IN), BoxLane(site, Direction.IN)
    one.copy = two.copy = site.rows  # type: ignore[assignment] # they ask the box
    before = site.rows.version
    assert one.ask(CARS[0]).right == "pass:p1"
    assert site.rows.version > before  # so that the other lane asks again
    assert two.ask(CARS[1]).right is None


def test_a_lot_has_fewer_places_at_once_and_not_twice_fewer_when_the_server_has_counted() -> None:
    site = Site()
    site.entry.ask(CARS[2])
    site.entry.drive_through()
    lot = site.rows.lot(LOT)
    assert lot is not None
    assert lot.free == 9
    site.link_works(99)
    site.send((LotRow(LOT, None, 10, 9),))
    lot = site.rows.lot(LOT)
    assert lot is not None
    assert lot.free == 9


def test_what_another_box_let_out_is_not_inside_for_ever() -> None:
    site = Site()
    site.entry.ask(CARS[0])
    site.entry.drive_through()
    site.link_works(99)
    (row,) = [fact for fact in site.server.rows.values() if isinstance(fact, InsideRow)]
    assert site.rows.inside_by("pass:p1") == [row]
    site.send((Gone("inside", row.stay_id),))
    assert site.rows.inside_by("pass:p1") == []


def test_what_was_acknowledged_long_ago_is_the_servers_to_say() -> None:
    site = Site()
    site.entry.ask(CARS[0])
    site.entry.drive_through()
    site.journal.acknowledge(site.events)  # and the server, for a reason of its own, never had a row of it
    for minutes in (1, 11):
        assert site.rows.inside_by("pass:p1") != []
        site.entry.now = NOON + timedelta(minutes=minutes)
        site.entry.ask(None)
    assert site.rows.inside_by("pass:p1") == []


def known_stay(site: Site, text: str, stay_id: str = "s1") -> None:
    """The server's copy has a stay of this plate, of which something is owed."""
    site.send((owing(stay_id, text),))


def cut_off(site: Site) -> tuple[BoxLane, BoxLane]:
    """An entry and an exit that ask the box, which nobody hears."""
    entry, leaving = BoxLane(site, Direction.IN), BoxLane(site, Direction.OUT)
    entry.copy = leaving.copy = site.rows  # type: ignore[assignment] # they ask the box
    return entry, leaving


def through(lane: BoxLane, text: str) -> None:
    lane.ask(text)
    lane.drive_through()


def reason(answer: Answer) -> str:
    assert isinstance(answer.decision, Refused)
    return answer.decision.reason


def test_who_left_and_comes_again_while_the_link_is_down_is_not_asked_for_the_visit_before() -> None:
    site = Site()
    known_stay(site, VISITOR)
    entry, leaving = cut_off(site)
    assert reason(leaving.ask(VISITOR)) == "payment_due"
    leaving.drive_through()
    through(entry, VISITOR)
    answer = leaving.ask(VISITOR)
    assert (reason(answer), answer.due, answer.stay_id) == ("price_unknown", None, StayId(entry.visit.id))


def test_who_came_in_while_the_link_is_down_is_not_asked_for_the_stay_of_a_lookalike() -> None:
    site = Site()
    known_stay(site, "苏A0688B")
    entry, leaving = cut_off(site)
    through(entry, "苏A06888")
    for text in ("苏A06888", "苏A0688B"):
        answer = leaving.ask(text)
        assert (reason(answer), answer.due) == ("stay_in_doubt", None)


def test_who_came_again_past_an_exit_that_nobody_knew_him_at_is_asked_for_neither_visit_by_the_lane_alone() -> None:
    site = Site()
    known_stay(site, VISITOR)
    entry, leaving = cut_off(site)
    through(entry, VISITOR)
    answer = leaving.ask(VISITOR)
    assert (reason(answer), answer.due) == ("stay_in_doubt", None)


@pytest.mark.parametrize(
    "rules",
    [{"second_entry": SecondEntry.HELP}, {"anti_passback": AntiPassback.HARD}, {"anti_passback": AntiPassback.SOFT}],
)
def test_who_left_by_another_box_that_is_cut_off_as_well_comes_in_again_unasked(rules: dict[str, Any]) -> None:
    site = Site()
    entry, _ = cut_off(site)
    entry.config = replace(entry.config, rules=LaneRules(**rules))
    through(entry, VISITOR)
    answer = entry.ask(VISITOR)
    assert (answer.allowed, answer.remarks) == (True, ())


def test_after_a_power_cut_the_box_knows_again_who_came_and_who_left_while_the_link_was_down() -> None:
    site = Site()
    known_stay(site, VISITOR)
    entry, leaving = cut_off(site)
    through(leaving, VISITOR)
    through(entry, CARS[2])
    site.power_fails()
    assert site.rows.stay_of(plate(VISITOR)) is None
    assert site.rows.stay_of(plate(CARS[2])) is not None


def test_the_servers_word_on_a_stay_counts_as_soon_as_it_comes() -> None:
    site = Site()
    entry, leaving = cut_off(site)
    through(entry, VISITOR)
    known_stay(site, VISITOR, entry.visit.id)
    assert reason(leaving.ask(VISITOR)) == "payment_due"
    leaving.drive_through()
    assert site.rows.stay_of(plate(VISITOR)) is None
    site.send((Gone("stay", entry.visit.id),))
    assert site.rows.stay_of(plate(VISITOR)) is None


OPS = st.one_of(
    st.tuples(st.just("in"), st.sampled_from(CARS)),
    st.tuples(st.just("out"), st.sampled_from(CARS)),
    st.tuples(st.just("back"), st.sampled_from(CARS)),
    st.tuples(st.just("link"), st.integers(1, 4)),
    st.tuples(st.just("power"), st.none()),
)


@given(st.lists(OPS, max_size=25))
@settings(max_examples=60, deadline=None)
def test_however_late_the_server_follows_the_box_knows_who_is_inside(ops: list[tuple[str, Any]]) -> None:
    site = Site()
    inside: set[str] = set()
    for number, (what, about) in enumerate(ops):
        for lane in (site.entry, site.exit):
            lane.now = NOON + timedelta(seconds=20 * number)
        if what in ("in", "back") and about not in inside:
            site.entry.ask(about)
            if what == "in":
                site.entry.drive_through()
                inside.add(about)
            else:
                site.entry.back_away()
        elif what == "out" and about in inside:
            site.exit.ask(about)
            site.exit.drive_through()
            inside.discard(about)
        elif what == "link":
            site.link_works(about)
        elif what == "power":
            site.power_fails()
        assert site.cars(site.rows) == site.cars(site.truth)
    invited, true = site.rows.invitation("i1"), site.truth.invitation("i1")
    assert invited == true
    site.link_works(99)
    assert site.cars(site.rows) == site.cars(site.truth) == site.cars(site.server)
