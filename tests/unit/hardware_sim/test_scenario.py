"""A scenario file is read whole or refused with its line; the shipped ones are good."""

from __future__ import annotations

from dataclasses import fields
from importlib.resources import files
from pathlib import Path

import pytest

from hardware_sim import scenario
from hardware_sim.scenario import Scenario
from parking.kernel.errors import ParkingError

SHIPPED = sorted(
    path
    for path in Path(str(files("hardware_sim") / "scenarios")).glob("*.yaml")
    if not path.name.endswith("-tariff.yaml")
)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_a_shipped_scenario_is_read(file: Path) -> None:
    read = scenario.load(file.read_text(encoding="utf-8"), file.name)
    assert read.hours > 0
    assert read.tariff is None or (file.parent / read.tariff).is_file()


def test_what_a_file_leaves_out_keeps_its_default() -> None:
    assert scenario.load("misread: 0.1\n", "s.yaml") == Scenario(misread=0.1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("stays: 10\nmisread: 2\n", "s.yaml, line 2: misread: is a share: 0 to 1"),
        ("stays: 10\nmisred: 0.1\n", "s.yaml, line 2: 'misred' is not a key of a scenario"),
        ("seed: 1\nseed: 2\n", "s.yaml, line 2: 'seed' is there twice"),
        ("hours: 0\n", "s.yaml, line 1: hours: should be a number above zero"),
        ("\n\nstays: many\n", "s.yaml, line 3: stays: should be a whole number"),
        ("boxes: 0\n", "line 1: boxes: should be a whole number, not below 1"),
        ("people: -1\n", "line 1: people: should be a whole number, not below 0"),
        ("power_cuts: 0.5\n", "line 1: power_cuts: should be a whole number, not below 0"),
        ("offline: 1\n", "'offline' is not a key of a scenario"),
        ("start: 2026-13-45\n", "line 1: start"),
        ("closed_lanes: [exit-9]\n", "line 1: closed_lanes: there is no lane exit-9"),
        ("exits: 1\nclosed_lanes: [exit-1]\n", "line 2: closed_lanes: leave one lane open"),
        ("stays: 99999999\n", "line 1: stays: is at most"),
        ("misread: {a: 1}\n", "line 1: misread: is a share"),
        ("patrol: 7\n", "line 1: patrol: is true or false"),
        ("a: [b\n", "is not YAML"),
        ("- a\n", "should be a list of keys and values"),
        ("", "should be a list of keys and values"),
    ],
)
def test_a_wrong_line_is_named(text: str, says: str) -> None:
    with pytest.raises(ParkingError) as caught:
        scenario.load(text, "s.yaml")
    assert says in str(caught.value)


def test_nobody_at_the_desk_and_no_power_cut_are_numbers_too() -> None:
    assert scenario.load("people: 0\npower_cuts: 0\n", "s.yaml") == Scenario(people=0, power_cuts=0)


def test_whatever_is_checked_is_a_key() -> None:
    keys = {field.name for field in fields(Scenario)}
    assert {*scenario._SHARES, *scenario._COUNTS, *scenario._MOST} <= keys


def test_there_are_as_many_lanes_as_the_busiest_hour_needs() -> None:
    assert Scenario(stays=100).entry_names() == ("entry-1",)
    assert len(Scenario(stays=10_000).entry_names()) > 2
    assert len(Scenario(stays=10_000).exit_names()) >= len(Scenario(stays=10_000).entry_names())
