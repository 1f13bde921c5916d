"""What a decision teaches is counted from the record alone, the same each time, and only from lessons in force."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking.kernel.plate import Plate
from parking.sessions.costs import NOTHING
from parking.sessions.desk.lessons import Teaching, differences, teaches, teaching_of
from parking.sessions.desk.model import Lesson
from tests.builders.desk import NINE

SIGNS = st.text("ABC8B80OQD", min_size=5, max_size=8)


def lesson(number: int, read: str = "浙A123B5", true: str = "浙A12385", *, active: bool = True) -> Lesson:
    return Lesson(f"l{number}", f"d{number}", Plate(read), Plate(true), NINE, "li", active)


def taught_by(lessons: list[Lesson]) -> Teaching:
    return teaching_of({one.id: differences(one.read, one.true) for one in lessons if one.active})


@pytest.mark.parametrize(
    ("read", "true", "pairs"),
    [
        ("浙A123B5", "浙A12385", [("8", "B")]),
        ("浙A12385", "浙A12385", []),
        ("A12385", "浙A12385", [("浙", NOTHING)]),
        ("浙A1238", "浙A12385", [("5", NOTHING)]),
        ("浙AA12385", "浙A12385", [(NOTHING, "A")]),
        ("浙A1Z3B5", "浙A12385", [("2", "Z"), ("8", "B")]),
    ],
)
def test_two_plates_differ_in_these_signs(read: str, true: str, pairs: list[tuple[str, str]]) -> None:
    assert list(differences(Plate(read), Plate(true))) == pairs


@pytest.mark.parametrize(
    ("read", "true", "teaches_it"),
    [("浙A123B5", "浙A12385", True), ("浙A12385", "浙A12385", False), ("沪B67890", "浙A12345", False)],
)
def test_a_misreading_teaches_and_another_car_does_not(read: str, true: str, *, teaches_it: bool) -> None:
    assert teaches(Plate(read), Plate(true)) is teaches_it


@pytest.mark.req("ID-1")
def test_a_lesson_that_is_switched_off_counts_no_longer_and_the_version_says_so() -> None:
    both = [lesson(1), lesson(2)]
    one = [replace(both[0], active=False), both[1]]
    assert dict(taught_by(both).misreads) == {("8", "B"): 2}
    assert dict(taught_by(one).misreads) == {("8", "B"): 1}
    assert taught_by(one).lessons == ("l2",)
    versions = {taught_by(said).version for said in (both, one, [])}
    assert len(versions) == 3
    assert taught_by([]).version == "none"


@pytest.mark.req("ID-1")
@given(st.lists(st.tuples(SIGNS, SIGNS, st.booleans()), max_size=12), st.randoms(use_true_random=False))
def test_the_same_record_teaches_the_same_in_whatever_order_it_is_read(
    said: list[tuple[str, str, bool]], chance: st.DataObject
) -> None:
    record = [lesson(n, read, true, active=active) for n, (read, true, active) in enumerate(said)]
    shuffled = list(record)
    chance.shuffle(shuffled)  # type: ignore[attr-defined] # a random.Random
    assert taught_by(shuffled) == taught_by(record)
    assert all(n > 0 and true != read for (true, read), n in taught_by(record).misreads.items())


@given(SIGNS, SIGNS)
def test_differences_turn_around_with_the_plates(one: str, two: str) -> None:
    forth, back = differences(Plate(one), Plate(two)), differences(Plate(two), Plate(one))
    assert bool(forth) == bool(back) == (one != two)
