"""A tariff file that is wrong is refused whole, with the file, the line and how to mend it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking.kernel.errors import ErrorKind, ParkingError
from payments.tariff.parse import LARGEST_FILE, load
from tests.builders.payments import DEMO, a_tariff

pytestmark = pytest.mark.req("FEE-1")


def refusal(text: str) -> str:
    """What is said of a file that cannot be read."""
    with pytest.raises(ParkingError) as error:
        load(text, name="mall.yaml")
    assert error.value.kind is ErrorKind.INVALID
    return str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("currency: CNY", "currency: yuan", "mall.yaml, line 3: `currency` is wrong: write the ISO 4217 code"),
        ("currency: CNY\n", "", "mall.yaml, line 1: `currency` is missing; add it"),
        ("timezone: Asia/Shanghai", "timezone: Asia/Peking", "line 4: `timezone` 'Asia/Peking' is not an IANA zone"),
        ("timezone: Asia/Shanghai", "timezone: ../../etc/passwd", "line 4: `timezone`"),
        ("free_minutes: 15", "free_minutes: -1", "line 5: `free_minutes` is wrong: input should be greater"),
        (
            "free_minutes: 15",
            "free_minutes: a while",
            "line 5: `free_minutes` is wrong: input should be a valid integer",
        ),
        ("free_minutes: 15", "free_minuts: 15", "line 5: `free_minuts` is not a key of a tariff"),
        ("amount: 6.00", "amount: 6.005", "line 6: `first.amount` has more decimals than CNY (2)"),
        ("amount: 4.00", "amount: -4", "line 7: `step.amount` is wrong: write an amount"),
        ("amount: 4.00", "amount: 4e3", "line 7: `step.amount` is wrong"),
        ("amount: 4.00", "amount: .inf", "line 7: `step.amount` is wrong"),
        ("minutes: 60, amount: 4.00", "minutes: 0, amount: 4.00", "line 7: `step.minutes` is wrong"),
        ("kind: calendar_day", "kind: lunar_day", "line 8: `day.kind` is wrong"),
        ("tariff: 1", "tariff: 2", "line 1: `tariff` is wrong"),
        (
            "name: { zh: 示范商场, en: Demo mall }",
            "name: Demo",
            "line 2: `name` is wrong: it should be a group of keys",
        ),
        ("free_minutes: 15", "currency: EUR", "line 5: has the key 'currency' twice"),
        ("free_minutes: 15", "free_minutes: [15", "mall.yaml, line 6: is not YAML"),
        ("free_minutes: 15", "? [a, b]\n: 15", "line 5: has a key that is not a word"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(old: str, new: str, said: str) -> None:
    assert old in DEMO
    assert said in refusal(DEMO.replace(old, new, 1))


def test_several_faults_are_named_at_once_the_first_line_first() -> None:
    said = refusal(DEMO.replace("CNY", "cny").replace("kind: calendar_day", "kind: x"))
    assert said.index("line 3") < said.index("line 8")


BANDS = """\
bands:
  - { name: { zh: 夜, en: Night }, from: "20:00", to: "08:00", step: { minutes: 60, amount: 1 } }
  - { name: { zh: 早, en: Early }, days: [mon], from: "07:00", to: "09:00", step: { minutes: 60, amount: 2 } }
"""


def test_two_bands_for_one_minute_are_refused() -> None:
    assert "line 11: the band 'Early' overlaps 'Night'; move `from`, `to` or `days`" in refusal(DEMO + BANDS)


def test_bands_that_touch_do_not_overlap_even_over_the_end_of_the_week() -> None:
    assert len(a_tariff(DEMO + BANDS.replace("07:00", "08:00").replace("[mon]", "[mon, sun]")).rates) == 3


@pytest.mark.parametrize("clock", ["24:01", "8:00", "12:60", "noon", "0x10", "08:00\\n"])
def test_a_band_with_an_impossible_time_is_refused(clock: str) -> None:
    assert "line 10: `bands.0.from` is wrong" in refusal(DEMO + BANDS.replace('"20:00"', f'"{clock}"'))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "- 1\n- 2\n",
        "7",
        "null",
        "&a [*a]",
        "a: &a [*a, *a]",
        "\x00",
        "{" * 500,
        "!!python/object:os.system {}",
    ],
)
def test_what_is_no_tariff_at_all_is_refused(text: str) -> None:
    assert refusal(text).startswith("mall.yaml")


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 8)}]\n" for i in range(1, 12))
    assert "an alias that repeats itself" in refusal(bomb)


def test_a_file_of_absurd_length_is_refused() -> None:
    assert "longer than" in refusal("#" * (LARGEST_FILE + 1))


def refused_or_read(text: str) -> bool:
    try:
        load(text, name="mall.yaml")
    except ParkingError as error:
        return str(error).startswith("mall.yaml")
    return True


@given(st.text(max_size=200))
def test_any_text_is_a_tariff_or_a_clear_refusal(text: str) -> None:
    assert refused_or_read(text)


@given(st.integers(0, len(DEMO) - 1), st.sampled_from([*"{}[]:,-&*!|>'\"%@`#0\n\t é", ""]))
def test_a_tariff_with_one_sign_changed_is_a_tariff_or_a_clear_refusal(place: int, sign: str) -> None:
    assert refused_or_read(DEMO[:place] + sign + DEMO[place + 1 :])


def test_the_version_is_that_of_the_meaning_not_of_the_spelling() -> None:
    respelled = "# a comment\n" + DEMO.replace("{ zh: 示范商场, en: Demo mall }", "{en: 'Demo mall', zh: 示范商场}")
    assert a_tariff(respelled).version == a_tariff().version
    assert a_tariff(DEMO.replace("4.00", "4.50")).version != a_tariff().version
    assert len(a_tariff().version) == 12


def test_an_amount_never_passes_through_a_float() -> None:
    tariff = a_tariff(DEMO.replace("4.00", "0.29").replace("6.00", "1.1"))
    assert (tariff.rates[0].step_minor, tariff.rates[0].first[0].minor) == (29, 110)


def test_a_currency_without_decimals_takes_whole_amounts_only() -> None:
    yen = DEMO.replace("CNY", "JPY").replace("6.00", "400").replace("4.00", "400").replace("40.00", "2400.0")
    assert a_tariff(yen).rates[0].step_minor == 400
    assert "has more decimals than JPY (0)" in refusal(yen.replace("amount: 400", "amount: 400.5"))
