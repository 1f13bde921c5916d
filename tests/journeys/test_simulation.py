"""A seeded stretch of a mall's life on the product's own code: it replays exactly, it survives bad eyes and bad links, and it
notices bugs: each of those planted below is caught by its verdict."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import typer

from hardware_sim.scenario import Scenario
from parking.access import decide, policies
from parking.cli import simulate, virtual_site
from parking.kernel.decision import Allowed
from parking.kernel.errors import ParkingError
from parking.kernel.events import CaseOpened, Envelope
from parking.kernel.ids import CaseId, EventId, StayId
from parking.kernel.money import Money
from parking.plumbing.db import UnitOfWork
from parking.plumbing.ledger_book import Book
from parking.sessions import cases, service
from payments import ledger, ledger_store
from payments.cashier import Cashier
from tests.prove.mixed_days import drawn

CLEAN = Scenario(seed=3, start=simulate.START, hours=0.1, per_hour=80)
ROUGH = replace(CLEAN, stays=12, misread=0.15, unread=0.1, offline_min=4.0, lost_answers=0.3)


def test_the_same_seed_leaves_the_same_trace_in_two_processes_whatever_their_hash_seed() -> None:
    command = [sys.executable, "-m", "parking.cli", "simulate", "--seed", "7", "--hours", "0.1", "--json"]
    faults = ["--misread", "0.1", "--unread", "0.1", "--lost-answers", "0.2"]
    runs = [
        subprocess.Popen(
            [*command, *faults], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONHASHSEED": seed}
        )
        for seed in ("1", "2")
    ]
    reports = [json.loads(run.communicate(timeout=200)[0]) for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert reports[0] == reports[1]
    assert len(reports[0]["trace_hash"]) == 64
    assert reports[0]["visits"] > 0


def test_another_seed_is_another_day() -> None:
    first, second = (simulate.run(replace(CLEAN, seed=seed, hours=0.02)) for seed in (1, 2))
    assert first["trace_hash"] != second["trace_hash"]


@pytest.mark.req("GATE-3")
def test_with_good_eyes_and_a_good_link_everybody_is_served_by_the_machine_alone() -> None:
    report = simulate.run(CLEAN)
    assert (report["ok"], report["violations"]) == (True, [])
    assert report["closed_right"] == report["visits"]
    assert report["closed_wrong"] == report["closed_by_person"] == report["gave_up"] == report["inside"] == 0


@pytest.mark.req("ID-1")
def test_cars_that_no_loop_felt_leave_by_themselves_or_are_a_persons_cases_and_none_is_left_open() -> None:
    report = simulate.run(Scenario(seed=1, stays=60, misread=0.02, unread=0.3, missed=0.08))
    assert (report["closed_right"], report["closed_by_person"], report["left_open"]) == (51, 9, 0)


@pytest.mark.req("GATE-3", "ID-1", "PAY-3")
def test_misreads_a_cut_link_and_lost_answers_break_no_invariant_and_the_money_agrees(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sites: list[virtual_site.VirtualSite] = []
    _watch_sites(monkeypatch, sites)
    report: dict[str, Any] = simulate.run(ROUGH)
    assert (report["ok"], report["violations"]) == (True, [])
    assert report["closed_wrong"] == 0
    assert report["naive_right"] < report["visits"]  # the faults were real: who pairs by exact plates needs help
    assert report["in_queue"] == report["left_open"]  # and whatever is open is before a person
    assert report["wrong_charges"] == report["charged_absent"] == 0
    database = sites[0].application.database
    assert database.read(ledger_store.verify).holds
    accounts = {account: balance for account, _, balance in database.read(ledger_store.balances)}
    assert accounts["clearing:wallet"] == report["captured_minor"]
    assert sum(accounts.values()) == 0


@pytest.mark.req("GATE-2", "GATE-4", "GATE-5")
def test_members_turn_backs_a_blind_camera_and_a_fire_break_no_invariant_and_nobody_stays_inside() -> None:
    report: dict[str, Any] = simulate.run(
        replace(CLEAN, hours=0.2, stays=16, members=0.3, backs_out=0.1, unread=0.05, blind_min=4.0, fire_min=3.0)
    )
    assert (report["ok"], report["violations"]) == (True, [])
    assert report["closed_wrong"] == report["inside"] == report["gave_up"] == 0
    assert report["turned_back"] > 0
    assert report["closed_by_person"] + report["left_open"] > 0  # the fire and the blind camera were there
    out = report["closed_right"] + report["closed_by_person"] + report["left_open"]
    assert out + report["turned_back"] == report["visits"]


@pytest.mark.req("ID-1", "DATA-2", "LPR-3")
def test_whatever_cameras_and_loops_miss_nobody_pays_too_much_and_what_is_open_is_before_a_person() -> None:
    """The short version of tests/prove/traffic.py, with far more faults, so that few cars meet them all."""
    bad = replace(CLEAN, seed=1, hours=3, stays=60, misread=0.15, missed=0.1)
    report: dict[str, Any] = simulate.run(bad)
    assert (report["ok"], report["violations"]) == (True, [])
    assert report["wrong_charges"] == report["charged_absent"] == report["closed_wrong"] == 0
    assert report["missed"] > 0
    assert report["in_queue"] == report["left_open"]
    assert report["answer_among_first"] >= 0.95 * report["left_open"]
    assert report["share_right"] > report["naive_share_right"]


def test_power_cuts_and_tailgaters_break_no_invariant_and_charge_nobody_wrongly() -> None:
    report: dict[str, Any] = simulate.run(replace(CLEAN, seed=2, hours=0.3, stays=12, tailgates=0.3, power_cuts=2))
    assert (report["ok"], report["violations"]) == (True, [])
    assert report["wrong_charges"] == report["charged_absent"] == 0


def test_a_shipped_scenario_runs_by_its_name_and_options_win_over_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as over:
        simulate.simulate(scenario="dearer", stays=6, hours=0.5, as_json=True)
    assert over.value.exit_code == 0
    report = json.loads(capsys.readouterr().out)
    assert report["visits"] == 6
    assert report["captured_minor"] % 200 == 0


def test_a_scenario_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(ParkingError, match="bad-week, dearer"):
        simulate.simulate(scenario="nowhere")


def _watch_sites(monkeypatch: pytest.MonkeyPatch, sites: list[virtual_site.VirtualSite]) -> None:
    class Watched(virtual_site.VirtualSite):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            sites.append(self)

    monkeypatch.setattr(simulate, "VirtualSite", Watched)


# --- planted bugs --------------------------------------------------------------------------------------------------------


def _forgets_the_fee(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Cashier, "post_due", lambda *_, **__: Money(0, "CNY"))


def _charges_the_wrong_stay_length(patch: pytest.MonkeyPatch) -> None:
    right = Cashier.post_due

    def wrong(self: Cashier, uow: UnitOfWork, stay: Any, at: Any, **how: Any) -> Money:
        return right(self, uow, stay, at + timedelta(hours=1), **how)

    patch.setattr(Cashier, "post_due", wrong)


def _lets_everybody_out(patch: pytest.MonkeyPatch) -> None:
    rules = tuple(r for r in policies.EXIT_RULES if r is not policies.nothing_is_due)
    patch.setattr(decide, "EXIT_RULES", (*rules, lambda _: Allowed("planted")))


def _books_one_side(patch: pytest.MonkeyPatch) -> None:
    right: Callable[..., None] = Book._add_to_balance

    def wrong(self: Book, conn: Any, account: str, unit: str, amount: int) -> None:
        if account != ledger.REVENUE:
            right(self, conn, account, unit, amount)

    patch.setattr(Book, "_add_to_balance", wrong)


def _takes_every_repeat_for_news(patch: pytest.MonkeyPatch) -> None:
    def wrong(uow: UnitOfWork, device: str, epoch: str, events: Any, **_: Any) -> int:
        for _, _, said in events:
            fresh = EventId(uow.ids.new(uow.now))
            uow.forward(Envelope(fresh, said.occurred_at, said.origin, said.event))
        return int(max((seq for seq, _, _ in events), default=0))

    patch.setattr(virtual_site, "ingest", wrong)


def _closes_no_stay(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(service, "close_stay", lambda _, leaving, **__: leaving)


def _trips_over_cases(patch: pytest.MonkeyPatch) -> None:
    def wrong(uow: UnitOfWork, reason: str, **_: Any) -> CaseId:
        uow.publish(CaseOpened(CaseId("one"), reason, StayId("x"), None, None))
        raise RuntimeError("planted")

    patch.setattr(cases, "open_case", wrong)


@pytest.mark.parametrize(
    ("plant", "scenario"),
    [
        (_forgets_the_fee, CLEAN),
        (_charges_the_wrong_stay_length, CLEAN),
        (_lets_everybody_out, replace(CLEAN, pays_ahead=0.0)),
        (_books_one_side, CLEAN),
        (_takes_every_repeat_for_news, replace(CLEAN, lost_answers=0.5)),
        (_closes_no_stay, CLEAN),
        (_trips_over_cases, replace(CLEAN, unread=0.5)),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else "",
)
def test_a_planted_bug_is_caught(monkeypatch: pytest.MonkeyPatch, plant: Any, scenario: Scenario) -> None:
    plant(monkeypatch)
    report: dict[str, Any] = simulate.run(replace(scenario, hours=0.05))
    assert report["violations"] or report["closed_wrong"], report


@pytest.mark.req("ID-1", "DATA-2", "GATE-3")
def test_of_two_boxes_each_is_cut_off_for_a_while_and_who_came_in_by_one_leaves_by_the_other_at_his_own_price() -> None:
    """Entry and exit lanes lie on two boxes, so that every exit of the outage is told before its entry, or knows of none."""
    apart = replace(
        CLEAN, seed=5, hours=6.0, stays=60, misread=0.05, offline_min=60.0, pays_ahead=0.0, boxes=2, desk_errors=0.0
    )
    report: dict[str, Any] = simulate.run(apart)
    assert (report["ok"], report["violations"]) == (True, [])
    assert report["wrong_charges"] == report["charged_absent"] == report["closed_wrong"] == report["left_open"] == 0
    assert report["closed_by_person"] > 0, "an exit that is cut off from its entry has to ask"


@pytest.mark.req("ID-1", "DATA-2", "GATE-5")
@pytest.mark.parametrize("seed", [3, 14])
def test_whatever_goes_wrong_at_once_nobody_pays_too_much_and_no_stay_ends_by_another_cars_exit(seed: int) -> None:
    """The short version of tests/prove/mixed_days.py: outages, members, cars that come again, misreads, on one day."""
    report: dict[str, Any] = simulate.run(replace(drawn(seed), stays=100, hours=12.0))
    assert (report["ok"], report["violations"]) == (True, [])
    assert report["wrong_charges"] == report["charged_absent"] == report["closed_wrong"] == 0
    assert report["closed_by_person"] > 0  # something did go wrong
