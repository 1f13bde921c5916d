"""`parking tariff` and the long form of `parking quote`, on the examples that we ship."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import resources
from pathlib import Path

import pytest

from parking.cli.__main__ import main
from parking.kernel.clock import ManualClock
from parking.kernel.ids import LaneId, SeededIds, StayId
from parking.kernel.plate import Plate
from parking.plumbing.db import UnitOfWork, metadata, open_database
from parking.sessions import store
from parking.sessions.model import OpenStay
from payments.tariff.parse import load
from payments.tariff.price import price

pytestmark = pytest.mark.req("FEE-1")
EXAMPLES = Path(str(resources.files("payments") / "tariff" / "examples"))
NAMES = ("airport", "ev_hub", "hospital", "mall", "nested_lots", "residential")


def example(name: str) -> str:
    return str(EXAMPLES / f"{name}.yaml")


def shown(capsys: pytest.CaptureFixture[str], *call: str, code: int = 0) -> str:
    assert main(list(call)) == code
    return capsys.readouterr().out


def test_every_example_is_named_here() -> None:
    assert {file.stem for file in EXAMPLES.glob("*.yaml")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_example_is_explained_in_both_languages_and_its_bills_sum_up(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = json.loads(shown(capsys, "tariff", "explain", example(name), "--json"))
    assert said["rules"]
    assert all(words["zh"] and words["en"] for words in said["rules"])
    tariff = load(Path(example(name)).read_text(encoding="utf-8"), name=name)
    for hours in (1, 5, 30, 200):
        begin = datetime(2026, 5, 6, 2, tzinfo=UTC)
        bill = price(tariff, begin, begin + timedelta(hours=hours))
        assert sum(line.amount.minor for line in bill.lines) == bill.total.minor >= 0


@pytest.mark.parametrize("name", NAMES)
def test_every_example_as_a_rate_table_is_a_tariff_again(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rates = tmp_path / "rates.json"
    main(["tariff", "apds", example(name)])
    rates.write_text(capsys.readouterr().out, encoding="utf-8")
    again = load(shown(capsys, "tariff", "apds", str(rates)), name="again")
    assert again.name == load(Path(example(name)).read_text(encoding="utf-8"), name=name).name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mall", "First 1 h ¥5.00 × 2"),
        ("mall", "Night: every day 22:00 to 08:00 next morning"),
        ("mall", "节假日：节假日 10:00 至 22:00"),
        ("mall", "New Year's show: 2026-12-31 18:00 to 02:00 next morning"),
        ("mall", "Days off are those of CN by law, shifted days included; 1 set otherwise"),
        ("airport", "Early bird: enter Mon–Fri 05:00 to 08:30, leave Mon–Fri 16:00 to 20:00"),
        ("nested_lots", "Inner day ticket: stand in inner only"),
        ("nested_lots", "自 2026-01-01 起入场有效"),
    ],
)
def test_the_explanation_says_when_each_rule_holds(name: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said in shown(capsys, "tariff", "explain", example(name))


def test_check_warns_where_staying_longer_is_cheaper_and_where_there_is_no_cap(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = shown(capsys, "tariff", "check", example("airport"), example("nested_lots"), code=1)
    assert "enter Mon 06:00, leave before Mon 16:00 for €39.00, then for €18.00" in said
    assert "There is no cap: 24 h cost HK$1320.00" in said
    assert json.loads(shown(capsys, "tariff", "check", example("mall"), "--json"))["tariffs"][0]["warnings"] == []


def test_quote_takes_zones_and_says_what_leaving_earlier_saves(capsys: pytest.CaptureFixture[str]) -> None:
    times = ["--entry", "2026-02-10T08:00", "--exit", "2026-02-10T11:30"]
    call = ["quote", example("nested_lots"), *times, "--zone", "inner@2026-02-10T09:00", "--what-if", "--json"]
    bill = json.loads(shown(capsys, *call))
    assert bill["total"]["amount"] == 5500 + 2000 + 3000 + 3000
    assert bill["what_if"][0]["text"]["en"] == "From 02-10 12:01: HK$30.00 more"
    assert {line["rule"] for line in bill["lines"]} == {"step", "zones.0.first", "zones.0.step"}


def test_quote_knows_classes_and_kinds_of_bays(capsys: pytest.CaptureFixture[str]) -> None:
    times = ["--entry", "2026-05-06T10:00", "--exit", "2026-05-06T12:00"]
    large = json.loads(shown(capsys, "quote", example("mall"), *times, "--class", "large", "--json"))
    assert large["total"]["amount"] == 2000
    charging = ["--bay", "ev_charging", "--bay", "ev_idle@2026-05-06T11:30"]
    assert (
        json.loads(shown(capsys, "quote", example("ev_hub"), *times, *charging, "--json"))["total"]["amount"] == 30 * 50
    )


def test_a_day_on_which_the_tariff_does_not_hold_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    times = ["--entry", "2025-12-31T10:00", "--exit", "2026-05-06T12:00"]
    assert main(["quote", example("nested_lots"), *times]) == 2
    assert "--entry: is a day on which this tariff does not hold" in capsys.readouterr().err


OLD = "tariff: 1\nname: { zh: 旧, en: Old }\ncurrency: CNY\ntimezone: Asia/Shanghai\nstep: { minutes: 60, amount: 5 }\n"
NEW = OLD.replace("minutes: 60, amount: 5", "minutes: 30, amount: 3").replace("旧, en: Old", "新, en: New")
RECORD = """id,entered_at,exited_at,plate,vehicle
a,2026-05-06T10:00,2026-05-06T10:30,沪A12345,
b,2026-05-06T10:00,2026-05-06T12:00,,large
c,2026-05-06T23:00:00+08:00,2026-05-07T01:00:00+08:00,沪A12345,
"""


@pytest.fixture
def two(tmp_path: Path) -> list[str]:
    files = []
    for name, text in (("old", OLD), ("new", NEW)):
        file = tmp_path / f"{name}.yaml"
        file.write_text(text, encoding="utf-8")
        files.append(str(file))
    return files


def test_compare_says_what_changes_and_for_whom(
    two: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "day.csv"
    record.write_text(RECORD, encoding="utf-8")
    found = json.loads(shown(capsys, "tariff", "compare", *two, "--stays", str(record), "--json"))
    assert (found["stays"], found["dearer"], found["cheaper"]) == (3, 2, 1)
    assert (found["before"]["amount"], found["after"]["amount"]) == (2500, 2700)
    assert found["by"]["vehicle: large"]["after"]["amount"] == 1200
    assert found["by"]["length: up to 1 h"]["cheaper"] == 1
    assert [one["stay"] for one in found["most"]] == ["b", "c", "a"]
    assert "沪A12345" not in shown(capsys, "tariff", "compare", *two, "--stays", str(record))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("day.csv", "entered_at\n", "has no column 'exited_at'"),
        ("day.csv", "entered_at,exited_at,class\n", "calls a column 'class'; call it 'vehicle'"),
        ("day.csv", RECORD.replace("2026-05-06T12:00", "noon"), "day.csv, row 3, `exited_at`: 'noon' is no time"),
        (
            "day.csv",
            RECORD.replace("2026-05-06T10:30", "2026-05-06T09:30"),
            "row 2: `exited_at` is before `entered_at`",
        ),
        ("day.jsonl", '{"entered_at": "2026-05-06T10:00"}\n', "row 1: `exited_at` is empty"),
        ("day.jsonl", "\n[1]\n", "row 2: is not one JSON object a line"),
        ("day.jsonl", '{"entered_at": 7}\n', "row 1: `entered_at` is not text"),
    ],
)
def test_a_wrong_row_is_named(
    two: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: str, said: str
) -> None:
    record = tmp_path / name
    record.write_text(content, encoding="utf-8")
    assert main(["tariff", "compare", *two, "--stays", str(record)]) == 2
    assert said in capsys.readouterr().err


def _closed(stay: OpenStay, gone: dict[str, object], uow: UnitOfWork) -> None:
    store.insert(uow.connection, stay)
    store.set_state(uow.connection, stay.id, **gone)


def _on_record(folder: Path, plates: list[str]) -> str:
    """The address of a database with a stay of an hour for each, on days that follow each other from the third on."""
    url, entered_at = f"sqlite:///{folder / 'parking.db'}", datetime(2026, 5, 6, 2, tzinfo=UTC)
    database = open_database(url, clock=ManualClock(entered_at), ids=SeededIds(1), origin="test")
    database.create_tables(metadata)
    for number, plate in enumerate(plates):
        stay_id, came = StayId(f"stay-{number}"), entered_at + timedelta(days=max(0, number - 1))
        stay = OpenStay(stay_id, Plate(plate), came, LaneId("in"), "v")
        gone = {"state": "closed", "exited_at": came + timedelta(hours=1), "exit_lane_id": "out"}
        database.write(partial(_closed, stay, gone))
    database.close()
    return url


def test_compare_reads_the_stays_that_a_database_has_closed(
    two: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = _on_record(tmp_path, ["沪A12340", "沪A12341", "沪A12342"])
    found = json.loads(shown(capsys, "tariff", "compare", *two, "--database", url, "--day", "2026-05-06", "--json"))
    assert (found["stays"], found["before"]["amount"], found["after"]["amount"]) == (2, 1000, 1200)


def test_compare_prices_the_stays_of_a_database_by_the_classes_that_their_plates_tell(
    two: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url, after = _on_record(tmp_path, ["沪A12340", "沪AD12345"]), tmp_path / "electric.yaml"
    free = "{ name: { zh: 电, en: Electric }, minutes: 60, for: { energy: [electric] } }"
    after.write_text(Path(two[0]).read_text(encoding="utf-8") + f"free: [{free}]\n", encoding="utf-8")
    call = ("tariff", "compare", two[0], str(after), "--database", url, "--day", "2026-05-06", "--json")
    found = json.loads(shown(capsys, *call))
    assert (found["stays"], found["cheaper"], found["before"]["amount"], found["after"]["amount"]) == (2, 1, 1000, 500)
    assert found["by"]["energy: electric"]["cheaper"] == 1


def test_compare_wants_one_source_of_stays(two: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tariff", "compare", *two]) == 2
    assert "give either --stays FILE or --database URL" in capsys.readouterr().err


def test_a_tariff_becomes_a_rate_table_and_a_tariff_again(
    two: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rates = tmp_path / "rates.json"
    rates.write_text(shown(capsys, "tariff", "apds", two[0]), encoding="utf-8")
    again = load(shown(capsys, "tariff", "apds", str(rates)), name="again")
    begin = datetime(2026, 5, 6, 2, tzinfo=UTC)
    assert price(again, begin, begin + timedelta(hours=30)).total.minor == 15_000


def test_what_a_rate_table_cannot_say_is_said_on_the_side(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tariff", "apds", example("airport")]) == 1
    assert "zones: a rate table has no words for it" in capsys.readouterr().err
