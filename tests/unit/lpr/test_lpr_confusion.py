"""Confusions are counts: aligned sign by sign, kept per kind and place, written to a file that says what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr import confusion_file
from lpr.confusion import NOTHING, Confusion, Counting, Place, aligned
from parking.kernel.errors import ParkingError

pytestmark = pytest.mark.req("LPR-3")
_TEXTS = st.text(alphabet="京粤AB8D0", max_size=9)


def counted() -> Counting:
    counting = Counting()
    counting.add("civil", "粤B88888", "粤B88B88", read_as="civil", accepted=True)
    counting.add("civil", "粤B88888", "粤B88888", read_as="civil", accepted=True)
    counting.add("civil", "粤B12345", "B12345", read_as="civil", accepted=False)
    counting.add("police", "粤B1234警", None, read_as="", accepted=False)
    counting.add_colour("blue", "white")
    return counting


@pytest.mark.parametrize(
    ("true", "read", "pairs"),
    [
        ("粤B8", "粤BB", [("粤", "粤"), ("B", "B"), ("8", "B")]),
        ("粤B8", "B8", [("粤", NOTHING), ("B", "B"), ("8", "8")]),
        ("B8", "B81", [("B", "B"), ("8", "8"), (NOTHING, "1")]),
        ("", "A", [(NOTHING, "A")]),
    ],
)
def test_texts_are_laid_side_by_side_with_the_fewest_edits(true: str, read: str, pairs: list[tuple[str, str]]) -> None:
    assert list(aligned(true, read)) == pairs


@given(_TEXTS, _TEXTS)
def test_an_alignment_holds_both_texts_whole(true: str, read: str) -> None:
    pairs = aligned(true, read)
    assert "".join(was for was, _ in pairs) == true
    assert "".join(seen for _, seen in pairs) == read
    assert max(len(true), len(read)) <= len(pairs) <= len(true) + len(read)
    assert (NOTHING, NOTHING) not in pairs


def test_each_kind_says_how_often_it_was_right_wrong_unread_and_declined() -> None:
    tally = counted().tally()
    civil, police = tally.kinds["civil"], tally.kinds["police"]
    assert (civil.n, civil.exact, civil.rejected, civil.wrong_accepted, civil.unread) == (3, 1, 1, 1, 0)
    assert (police.n, police.unread, police.places) == (1, 1, ())
    assert civil.places[0] == Place(3, 1)
    assert civil.places[4] == Place(3, 1)
    assert civil.read_as == {"civil": 3}
    assert tally.rejected_share == pytest.approx(1 / 3)
    assert tally.wrong_accepted_share == pytest.approx(1 / 4)


def test_signs_are_counted_with_what_they_were_read_as() -> None:
    tally = counted().tally()
    assert tally.misreads("8") == (("B", 1),)
    assert tally.misreads("粤") == ((NOTHING, 1),)
    assert tally.misreads("Z") == ()
    assert ("粤", NOTHING) not in tally.accepted_signs
    assert tally.colours == {("blue", "white"): 1}


def test_what_was_never_seen_is_unlikely_and_not_impossible() -> None:
    tally = counted().tally()
    assert tally.likelihood("8", "8") > tally.likelihood("8", "B") > tally.likelihood("8", "Z") > 0
    seen = {sign for pair in tally.signs for sign in pair}
    assert sum(tally.likelihood("8", sign) for sign in seen) == pytest.approx(1.0)


def test_a_file_gives_back_what_was_written(tmp_path: Path) -> None:
    confusion = Confusion({"sets": "drawn"}, counted().tally(), Counting().tally())
    confusion_file.save(tmp_path / "c.json", confusion)
    assert confusion_file.load(tmp_path / "c.json") == confusion
    assert json.loads((tmp_path / "c.json").read_text(encoding="utf-8"))["schema"] == "lpr-confusion-1"


def spoil(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(plain: dict[str, Any]) -> None:
        *way, last = path.split(".")
        for key in way:
            plain = plain[key]
        plain[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (spoil("schema", "other"), "schema: should be 'lpr-confusion-1'"),
        (spoil("frame", []), "frame: should be an object"),
        (spoil("frame.kinds.civil.n", -1), "frame.kinds.civil.n: should be a whole number, 0 or more"),
        (spoil("frame.kinds.civil.exact", 1.5), "frame.kinds.civil.exact: should be a whole number"),
        (spoil("frame.kinds.civil.place_n", "many"), "frame.kinds.civil.place_n: should be a list"),
        (spoil("frame.kinds.civil.place_wrong", [1]), "frame.kinds.civil.place_wrong: should be as long as place_n"),
        (spoil("frame.signs.8.B", True), "frame.signs.8.B: should be a whole number"),
        (spoil("frame.signs.88", {"B": 1}), "frame.signs.88: should be one sign"),
        (spoil("passage.signs", None), "passage.signs: should be an object"),
        (spoil("measured", 5), "measured: should be an object"),
    ],
)
def test_a_wrong_file_is_named_with_its_key(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], complaint: str
) -> None:
    plain = json.loads(Confusion({}, counted().tally(), Counting().tally()).dumps())
    change(plain)
    path = tmp_path / "c.json"
    path.write_text(json.dumps(plain), encoding="utf-8")
    with pytest.raises(ParkingError) as raised:
        confusion_file.load(path)
    assert f"{path}: {complaint}" in str(raised.value)


@pytest.mark.parametrize(("content", "complaint"), [(b"{", "is not JSON"), (b"\xff", "not UTF-8"), (None, "cannot be")])
def test_what_is_no_file_of_this_kind_is_named(tmp_path: Path, content: bytes | None, complaint: str) -> None:
    if content is not None:
        (tmp_path / "c.json").write_bytes(content)
    with pytest.raises(ParkingError, match=complaint):
        confusion_file.load(tmp_path / "c.json")


def test_the_package_carries_what_the_released_nets_confuse() -> None:
    confusion = confusion_file.packaged()
    assert confusion.frame.n >= 1000
    assert confusion.passage.n >= 100
    assert "drawn passages" in confusion.measured["sets"]
    assert confusion.frame.likelihood("D", "0") > confusion.frame.likelihood("D", "7")
    assert confusion.passage.wrong_accepted_share < confusion.frame.wrong_accepted_share + 0.01
