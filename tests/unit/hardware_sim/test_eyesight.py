"""A simulated camera errs as the recogniser was measured to, and its doubts are calibrated: usually the right plate is among them."""

from __future__ import annotations

from random import Random

import pytest

from hardware_sim.eyesight import Eyesight, Sight
from lpr.confusion import Tally

BLUE, GREEN = "浙A8B88Z", "浙AD12345"


def sights(misread: float, text: str = BLUE, n: int = 4000, seed: int = 1) -> list[Sight]:
    eyes, dice = Eyesight(misread), Random(seed)
    return [eyes.look(text, dice) for _ in range(n)]


@pytest.mark.parametrize("share", [0.0, 0.02, 0.1])
def test_as_many_are_misread_as_asked_for(share: float) -> None:
    wrong = sum(sight.best != BLUE for sight in sights(share))
    assert abs(wrong - 4000 * share) <= 4 * (4000 * share) ** 0.5


def test_the_doubt_is_calibrated_of_reads_that_are_little_ahead_many_are_wrong() -> None:
    seen = sights(0.05, n=20_000)
    for low, high in ((0.0, 0.5), (1.0, 2.0), (2.0, 3.0)):
        near = [sight for sight in seen if low <= sight.margin < high]
        wrong = sum(sight.best != BLUE for sight in near) / len(near)
        said = sum(1 - sight.confidence for sight in near) / len(near)
        assert wrong == pytest.approx(said, abs=0.05)


def test_most_misreads_have_the_right_plate_among_their_spellings_and_some_do_not() -> None:
    wrong = [sight for sight in sights(0.1) if sight.best != BLUE]
    among = sum(BLUE in dict(sight.spellings) for sight in wrong) / len(wrong)
    assert 0.85 < among < 0.95


def test_signs_are_taken_for_those_that_were_measured() -> None:
    wrong = [sight.best for sight in sights(1.0, text="浙A88888", n=2000)]
    last = [text for text in wrong if text[:-1] == "浙A8888"]
    assert last.count("浙A8888B") > len(last) / 4  # 8 and B, of 34 other signs
    assert sum(text[0] != "浙" for text in wrong) > len(wrong) / 2  # the province's sign is the hardest


def test_what_is_read_could_be_a_plate() -> None:
    for sight in sights(1.0, text=GREEN, n=500):
        for text, _ in sight.spellings:
            assert len(text) == 8
            assert not text[0].isascii()
            assert text[1].isalpha()
            assert text[2] in "DABCEFGHJK"
            assert text[4:].isdigit()


def test_the_best_comes_first_and_no_plate_is_shown_in_clear() -> None:
    sight = sights(0.1, n=1)[0]
    said = [log for _, log in sight.spellings]
    assert said == sorted(said, reverse=True)
    assert BLUE not in repr(sight)


def test_a_recogniser_that_was_never_measured_is_refused() -> None:
    with pytest.raises(KeyError):
        Eyesight(0.1, Tally({}, {}, {}, {}))
