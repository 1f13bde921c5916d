"""Whose stay is it: one car's passage finds its own stay through misreads, and never another car's."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.errors import ParkingError
from parking.kernel.ids import LotId, StayId
from parking.kernel.near_plates import keys_of, sought
from parking.kernel.votes import Spelling, Votes
from parking.sessions.costs import Costs
from parking.sessions.matching import Ambiguous, Matched, NoStay, explain, plate_cost
from tests.builders.matching import AT, COSTS, FRAMES, inside, matched, seen, stay_of

TAG = Credential(CredentialKind.UHF, "E2801160")
TWINS = {"8": "B", "B": "8", "0": "D", "D": "0", "5": "S", "S": "5", "2": "Z", "Z": "2"}
SIGNS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
plates = st.builds(lambda p, o, rest: p + o + rest, st.sampled_from("浙沪苏皖"), st.sampled_from("ABCDEFGH"),
                   st.text(SIGNS, min_size=5, max_size=5))  # fmt: skip
spelt = st.lists(st.tuples(plates, st.floats(-12, 0)), min_size=1, max_size=4).map(Votes.of)


def test_a_plate_read_twice_alike_is_its_own_stay() -> None:
    assert stay_of(matched(seen("浙A12345"), inside("a", "浙A12345"), inside("b", "沪B67890"))) == "a"


@pytest.mark.req("ID-1")
def test_a_measured_misread_of_a_read_that_was_unsure_finds_the_only_stay_that_it_can_be() -> None:
    """Its odds, by the measured confusion and by who is inside, are those against a car that nobody saw come: one in a thousand."""
    unsure = seen("浙A1234S", ("浙A1Z34S", -1.5))
    assert stay_of(matched(unsure, inside("a", "浙A12345"))) == "a"


@pytest.mark.req("ID-1")
def test_a_sure_read_is_no_misread_of_the_only_stay_that_looks_like_it() -> None:
    """A visitor whose entry was missed, and whose plate is one sign off a parked car's: neither his bill nor his way out."""
    sure = seen("浙A1234S", ("浙A1Z34S", -10.0))
    clear = inside("a", "浙A12345", others=(("浙A1Z345", -9.0),))
    assert isinstance(matched(sure, clear), Ambiguous)
    unsure = inside("a", "浙A12345", others=(("浙A1Z345", -0.5),))
    assert stay_of(matched(sure, unsure)) == "a", "the entry may have been the misread one"


@pytest.mark.req("ID-1")
def test_one_more_car_of_a_fleet_whose_entry_was_missed_is_not_taken_for_another_of_it() -> None:
    """Two of …88B, …8B8, …BB8 are inside: that a third was missed is likelier than that its clear read is wrong."""
    passage = replace(seen(None), votes=Votes.parse("1|blue|civil|湘D118B8:0,浙D118B8:-1122,湘D1R8B8:-1198"))
    likest = replace(inside("likest", None), votes=Votes.parse("1|blue|civil|湘D11BB8:0,浙D11BB8:-363,新Y11BB8:-438"))
    other = replace(inside("other", None), votes=Votes.parse("1|blue|civil|湘D1188B:0,浙D1188B:-1099,湘D118BB:-1111"))
    found = matched(passage, likest, other)
    assert isinstance(found, Ambiguous)
    assert found.ranked[0].stay_id == "likest", "a person sees it first"
    own = replace(inside("own", None), votes=Votes.parse("1|blue|civil|湘D118B8:0,浙D118B8:-1122"))
    assert stay_of(matched(passage, likest, other, own)) == "own"


def test_a_misread_that_the_camera_hardly_ever_makes_needs_a_second_evidence() -> None:
    assert isinstance(matched(seen("浙A1K345"), inside("a", "浙A13345")), Ambiguous)
    assert stay_of(matched(seen("浙A1K345", credentials=(TAG,)), inside("a", "浙A13345", credentials=(TAG,)))) == "a"


@pytest.mark.req("ID-1")
@pytest.mark.parametrize("colour", ["blue", None])
def test_a_colour_that_most_cars_have_is_no_evidence_of_whose_stay_it_is(colour: str | None) -> None:
    found = matched(seen("浙A1K345", colour=colour), inside("a", "浙A13345", colour=colour))
    assert isinstance(found, Ambiguous)
    assert not found.ranked[0].second_evidence


def test_nor_is_a_payment_it_says_who_leaves_soon_and_not_who_this_is() -> None:
    paid = explain(seen("浙A1K345"), inside("a", "浙A13345", paid_until=AT + timedelta(minutes=9)), COSTS)
    assert not paid.second_evidence


@pytest.mark.req("ID-1")
def test_a_plate_that_often_comes_here_is_not_taken_for_a_parked_cars_misread() -> None:
    read = seen("浙A1234S", ("浙A1Z34S", -1.5))
    assert isinstance(matched(replace(read, familiar=frozenset({"浙A1234S"})), inside("a", "浙A12345")), Ambiguous)


@pytest.mark.req("ID-1")
def test_a_plate_that_is_surely_anothers_is_not_also_this_ones_next_spelling() -> None:
    """A kiosk is told a plate; one entry read it surely, another left it open: only one of them can have it."""
    typed = replace(seen(None), votes=Votes.lone("浙A66888"), typed=True)
    his = inside("his", "浙A66888", others=(("浙A66B88", -9.0),))
    mine = inside("mine", "浙A6688B", others=(("浙A66888", -3.0),))
    assert stay_of(matched(typed, his, mine)) == "his"
    assert stay_of(matched(typed, mine)) == "mine"


def test_a_missing_province_costs_little() -> None:
    assert stay_of(matched(seen("A12345"), inside("a", "浙A12345"))) == "a"


def test_of_two_cars_that_differ_in_a_missing_province_neither_is_touched() -> None:
    assert isinstance(matched(seen("A12345"), inside("a", "浙A12345"), inside("b", "苏A12345")), Ambiguous)


def test_a_partial_plate_finds_its_stay() -> None:
    assert stay_of(matched(seen("浙A12?45"), inside("a", "浙A12345"), inside("b", "浙A98745"))) == "a"


@pytest.mark.req("ID-1")
def test_a_read_that_is_another_cars_plate_to_the_letter_does_not_steal_its_stay() -> None:
    found = matched(seen("浙A66888"), inside("mine", "浙A6688B"), inside("his", "浙A66888"))
    assert isinstance(found, Ambiguous)
    assert found.why == "rival"
    assert {one.stay_id for one in found.ranked} == {"mine", "his"}


def test_votes_that_know_the_rival_and_rule_it_out_separate_the_two() -> None:
    found = matched(seen("浙A66888", ("浙A6688B", -11.0)), inside("his", "浙A6688B"), inside("mine", "浙A66888"))
    assert stay_of(found) == "mine"


def test_another_colour_tells_lookalikes_apart() -> None:
    found = matched(seen("浙A66888", colour="green"), inside("a", "浙A66888", colour="green"), inside("b", "浙A6688B"))
    assert stay_of(found) == "a"


def test_the_176_days_are_nobodys_bill() -> None:
    """The complaint of ¥4,405 for two hours: a similar plate had been open for 176 days."""
    found = matched(seen("浙A12845"), inside("ghost", "浙A12845", hours=176 * 24 + 4), inside("mine", "浙A12B45"))
    assert isinstance(found, Ambiguous)
    assert found.ranked[0].stay_id == "mine"


def test_a_stranger_is_nobodys_stay() -> None:
    found = matched(seen("浙A12345"), inside("a", "沪B67890"))
    assert isinstance(found, NoStay)
    assert found.ranked[0].stay_id == "a"


def test_a_tag_is_the_second_evidence_for_a_plate_that_nobody_read() -> None:
    found = matched(seen(None, credentials=(TAG,)), inside("a", None, credentials=(TAG,)), inside("b", None))
    assert stay_of(found) == "a"


def test_without_plate_and_anything_else_no_stay_is_touched() -> None:
    assert isinstance(matched(seen(None), inside("a", "浙A12345")), Ambiguous)


def test_a_paper_ticket_names_the_stay_of_a_car_without_a_plate() -> None:
    assert stay_of(matched(seen(None, named=StayId("b")), inside("a", None), inside("b", None))) == "b"


def test_a_tag_of_another_car_puts_a_plate_in_doubt() -> None:
    """A lent or copied tag alone does not outrank a plate, nor a plate the tag: a person looks."""
    found = matched(
        seen("浙A12345", credentials=(TAG,)), inside("plate", "浙A12345"), inside("tag", "沪B67890", credentials=(TAG,))
    )
    assert isinstance(found, Matched | Ambiguous)
    assert stay_of(found) != "tag"


def test_a_car_that_is_seen_parked_is_not_the_one_at_the_exit() -> None:
    """A cloned plate: the same number in two places."""
    found = matched(seen("浙A12345", colour=None), inside("a", "浙A12345", seen_parked_at=AT + timedelta(minutes=2)))
    without = matched(seen("浙A12345", colour=None), inside("a", "浙A12345"))
    assert isinstance(found, Matched)
    assert isinstance(without, Matched)
    assert found.cost > without.cost


def test_another_lot_and_a_payment_count() -> None:
    paid = explain(seen("浙A12345"), inside("a", "浙A12345", paid_until=AT + timedelta(minutes=9)), COSTS)
    plain = explain(seen("浙A12345"), inside("a", "浙A12345"), COSTS)
    elsewhere = explain(seen("浙A12345", lot_id=LotId("p2")), inside("a", "浙A12345", lot_id=LotId("p1")), COSTS)
    assert paid.cost < plain.cost < elsewhere.cost


@pytest.mark.req("ID-1")
@pytest.mark.parametrize(
    ("read", "minutes", "code"),
    [
        (None, -30, "has_paid"), ("浙A12345", -30, "has_paid"), (None, 1, "has_paid"), (None, 40, "paid_later"),
        ("浙A12346", 40, "paid_later"),
    ],
)  # fmt: skip
def test_who_pays_long_after_an_exit_has_hardly_left_by_it(read: str | None, minutes: int, code: str) -> None:
    """One minute is two clocks that differ, with the driver paying at the exit itself."""
    at = AT + timedelta(minutes=minutes)
    paid = inside("a", "浙A12345", paid_at=at, paid_until=AT + timedelta(minutes=55))
    why = explain(seen(read), paid, COSTS).why
    assert [one.code for one in why if "paid" in one.code] == [code]
    assert sum(one.cost for one in why if one.code == code) * (1 if code == "paid_later" else -1) > 0


@pytest.mark.req("ID-1")
def test_whose_own_plate_left_and_who_then_paid_by_phone_is_not_taken_for_his_lookalike() -> None:
    """The lane was offline: its exit is told after its driver, whom the server still had inside, has paid."""
    own = inside("a", "浙A12345", paid_at=AT + timedelta(minutes=10), paid_until=AT + timedelta(minutes=25))
    assert stay_of(matched(seen("浙A12345"), own, inside("b", "浙A12365"))) == "a"


def test_nobody_leaves_before_he_came() -> None:
    assert isinstance(matched(seen("浙A12345"), inside("a", "浙A12345", hours=-1)), NoStay)


@given(plates, st.data())
def test_no_misread_of_a_twin_sign_ever_takes_the_stay_of_the_plate_that_it_looks_like(
    text: str, data: st.DataObject
) -> None:
    places = [i for i, sign in enumerate(text) if i >= 2 and sign in TWINS]
    if not places:
        return
    place = data.draw(st.sampled_from(places))
    misread = text[:place] + TWINS[text[place]] + text[place + 1 :]
    found = matched(seen(misread), inside("true", text), inside("other", misread))
    assert stay_of(found) != "other"
    alone = matched(seen(misread), inside("true", text))
    assert isinstance(alone, Matched | Ambiguous), (
        "where it is the only one it may be, it is found or asked for, never lost"
    )
    assert alone.ranked[0].stay_id == "true"


@given(spelt, st.lists(spelt, min_size=1, max_size=5), st.booleans())
def test_what_is_matched_is_the_best_explanation_by_far(read: Votes, stays: list[Votes], is_paid: bool) -> None:
    until = AT + timedelta(minutes=5) if is_paid else None
    all_inside = [replace(inside(f"s{i}", None), votes=votes, paid_until=until) for i, votes in enumerate(stays)]
    passage = replace(seen(None), votes=read)
    found = matched(passage, *all_inside)
    if isinstance(found, Matched):
        rivals = [one.cost for one in found.ranked if one.stay_id != found.stay_id]
        assert all(cost >= found.cost + COSTS.sure_rival for cost in rivals)
    assert matched(passage, *reversed(all_inside)) == found
    assert {one.stay_id for one in found.ranked} == {one.stay_id for one in all_inside}
    assert [one.cost for one in found.ranked] == sorted(one.cost for one in found.ranked)
    assert all(
        one.cost >= explain(passage, stay, COSTS).cost - 1e-9
        for one in found.ranked
        for stay in all_inside
        if stay.stay_id == one.stay_id
    ), "that a plate is another's makes no stay likelier"


@given(spelt, spelt)
def test_the_cost_of_two_reads_is_the_same_both_ways_round(one: Votes, two: Votes) -> None:
    there, back = plate_cost(one, two, COSTS), plate_cost(two, one, COSTS)
    assert there[0] == pytest.approx(back[0])
    assert there[1] == back[1]
    assert there[0] >= 0


@given(plates, st.floats(-12, -0.5), st.floats(-12, -0.5))
def test_the_less_a_picture_speaks_for_a_plate_the_more_its_stay_costs(text: str, one: float, two: float) -> None:
    read = "浙A00000" if text != "浙A00000" else "浙A11111"
    likely, unlikely = max(one, two), min(one, two)
    cheap = explain(seen(read, (text, likely)), inside("a", text), COSTS).cost
    dear = explain(seen(read, (text, unlikely)), inside("a", text), COSTS).cost
    assert cheap <= dear + 1e-6


@given(plates, plates)
def test_looks_that_agree_never_cost_and_looks_that_differ_never_help(one: str, two: str) -> None:
    unknown = explain(seen(one, colour=None), inside("a", two), COSTS).cost
    assert explain(seen(one), inside("a", two), COSTS).cost <= unknown
    assert explain(seen(one, colour="green"), inside("a", two), COSTS).cost >= unknown
    assert (
        explain(seen(one, colour=None, credentials=(TAG,)), inside("a", two, credentials=(TAG,)), COSTS).cost <= unknown
    )


@given(plates, st.integers(0, 7), st.sampled_from([*SIGNS, ""]), st.booleans())
def test_plates_one_sign_apart_find_one_another(text: str, place: int, sign: str, adds: bool) -> None:
    at = max(1, min(place, len(text)))
    near = text[:at] + sign + text[at + (0 if adds else 1) :]
    assert keys_of(text) & sought([near])
    assert keys_of(text) & sought([near[1:]]), "nor does a missing province hide it"


def test_a_plate_with_half_its_signs_unread_is_found_by_its_end() -> None:
    assert keys_of("浙A12345") & sought(["浙??2345"])
    assert not keys_of("浙A12345") & sought(["浙B67890"])


def test_what_people_teach_makes_a_misread_cheaper_and_says_so_again() -> None:
    taught = {("K", "3"): 25}
    learned = Costs.learned(FRAMES.signs, FRAMES.colours, taught)
    assert learned.other("K", "3") < COSTS.other("K", "3")
    assert learned.other("K", "3") == learned.other("3", "K")
    assert learned == Costs.learned(FRAMES.signs, FRAMES.colours, dict(taught))


@pytest.mark.req("ID-1")
def test_however_many_misreads_people_find_two_signs_do_not_become_one() -> None:
    """Traced in a day of fleets: three hundred lessons of 8 and B, and no plate with either was told from its lookalikes any more."""
    taught = {("8", "B"): 5_000, ("B", "8"): 5_000}
    learned = Costs.learned(FRAMES.signs, FRAMES.colours, taught)
    assert COSTS.other("8", "B") - 0.5 < learned.other("8", "B") < COSTS.other("8", "B")
    sure = (("浙A1238X", -10.0),)
    own, lookalike = inside("a", "浙A12388", others=sure), inside("b", "浙A123B8", others=sure)
    exact = matched(seen("浙A12388", *sure), own, lookalike, costs=learned)
    assert stay_of(exact) == "a"


@given(
    st.dictionaries(
        st.tuples(st.sampled_from("8B0DQK36G"), st.sampled_from("8B0DQK36G")), st.integers(1, 3_000), max_size=9
    )
)
def test_a_lesson_makes_its_own_misread_likelier_and_no_other_less_likely(taught: dict[tuple[str, str], int]) -> None:
    learned = Costs.learned(FRAMES.signs, FRAMES.colours, {pair: n for pair, n in taught.items() if pair[0] != pair[1]})
    for one, two in itertools.combinations("8B0DQK36G", 2):
        assert learned.other(one, two) <= COSTS.other(one, two)
        if (one, two) not in taught and (two, one) not in taught:
            assert learned.other(one, two) == COSTS.other(one, two)


@given(spelt, st.sampled_from([None, "blue", "green"]), st.sampled_from([None, "civil"]))
def test_votes_travel_in_one_short_text(votes: Votes, colour: str | None, kind: str | None) -> None:
    told = replace(votes, colour=colour, kind=kind)
    assert Votes.parse(told.compact()) == told
    assert votes.best is not None
    assert votes.best not in repr(told) + repr(told.spellings)


def test_votes_as_they_have_always_been_spelt() -> None:
    golden = "1|blue|civil|皖A12345:0,皖A1234S:-231,皖A?2345:-1200"
    spellings = (Spelling("皖A12345", 0.0), Spelling("皖A1234S", -2.31), Spelling("皖A?2345", -12.0))
    assert Votes.parse(golden) == Votes(spellings, "blue", "civil")
    assert Votes(spellings, "blue", "civil").compact() == golden
    assert Votes.parse("2|||浙A1:0|what a later version adds").best == "浙A1", (
        "a later version is read as far as it is ours"
    )


@pytest.mark.parametrize(
    "text", ["", "1", "x|||", "1|BLUE||", "1|||浙A1", "1|||浙A1:+1", "1|||浙a1:0", "1|||:0", f"1|||{'A' * 13}:0"]
)
def test_votes_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ParkingError, match="should be version"):
        Votes.parse(text)


def test_a_lone_misread_without_any_second_evidence_touches_no_stay() -> None:
    found = matched(seen("浙A1K345"), inside("a", "浙A13345"))
    assert isinstance(found, Ambiguous)
    assert found.why == "lone_misread"


def test_a_partial_plate_and_its_stay_share_a_key() -> None:
    assert keys_of("浙A12345") & sought(["浙A12?45"])
