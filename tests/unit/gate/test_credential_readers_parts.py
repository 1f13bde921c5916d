"""What readers are made of: the words, the tray, the shared antenna, the rolling ids, and a registry that refuses wrong keys."""

from __future__ import annotations

import json
import random
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking.gate.credentials.bluetooth_gateway import aes_block, load_tags
from parking.gate.credentials.by_antenna import SharedReader
from parking.gate.credentials.codes import CodeRefusal
from parking.gate.credentials.conversation import Seen
from parking.gate.credentials.link import Backoff
from parking.gate.credentials.memory import MemoryReader
from parking.gate.credentials.osdp_payload import wiegand26
from parking.gate.credentials.presentations import Presentations
from parking.gate.credentials.registry import READERS, ReaderParts
from parking.gate.credentials.rolling_ids import RollingIds, TagKey, ephemeral_id
from parking.gate.credentials.tray import Tray
from parking.kernel.clock import ManualClock
from parking.kernel.codec import from_plain, to_plain
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.device import Health, HealthReport
from parking.kernel.errors import ParkingError
from parking.kernel.ids import DeviceId, LaneId
from parking.kernel.plate import Plate
from tests.builders.credential_readers import CARD_KEY, NOW, PATIENT, READER, tag

CARD = wiegand26(17, 4321)


# --- the words -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "written", "value"),
    [
        (CredentialKind.UHF, "e280-1160 6000 0200:0000 0001", "E28011606000020000000001"),
        (CredentialKind.CARD, "1a048d15a", "1A048D15A"),
        (CredentialKind.BLUETOOTH, "a0:00:00:01", "A0000001"),
        (CredentialKind.OBU, "3401160100000042", "3401160100000042"),
        (CredentialKind.OBU, "３４０１１６０１０００００００１", "3401160100000001"),
        (CredentialKind.CODE, "Code-0001.3", "Code-0001.3"),
    ],
)
def test_a_credential_is_normalised_whoever_writes_it(kind: CredentialKind, written: str, value: str) -> None:
    credential = Credential.parse(kind, written)
    assert credential.value == value
    assert Credential.from_ref(credential.ref) == credential
    assert from_plain(Credential, to_plain(credential)) == credential


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        (CredentialKind.UHF, "E28"),
        (CredentialKind.UHF, "E28G"),
        (CredentialKind.UHF, "E" * 128),
        (CredentialKind.CARD, ""),
        (CredentialKind.CARD, "12"),
        (CredentialKind.BLUETOOTH, "ABC"),
        (CredentialKind.OBU, "0" * 34),
        (CredentialKind.CODE, "with space"),
        (CredentialKind.CODE, "short"),
    ],
)
def test_what_is_no_such_credential_is_refused_without_being_repeated(kind: CredentialKind, written: str) -> None:
    with pytest.raises(ParkingError) as caught:
        Credential.parse(kind, written)
    assert caught.value.field == "credential"
    assert not written or len(written) < 4 or written not in str(caught.value)


@pytest.mark.req("PRIV-1")
def test_a_credential_shown_is_masked() -> None:
    assert (str(CARD), repr(CARD)) == (f"card:…{CARD.value[-2:]}", f"Credential('card:…{CARD.value[-2:]}')")


@pytest.mark.parametrize("ref", ["", "card", "uhf:", "plate:ABC123", "card:XYZ1"])
def test_a_ref_that_names_nothing_is_refused(ref: str) -> None:
    with pytest.raises(ParkingError):
        Credential.from_ref(ref)


@PATIENT
@given(st.integers(0, 255), st.integers(0, 65535))
def test_no_two_printed_numbers_are_one_card(facility: int, number: int) -> None:
    bits = int(wiegand26(facility, number).value[2:], 16)
    assert (bits >> 1 & 0xFFFF, bits >> 17 & 0xFF) == (number, facility)
    assert (bits >> 13).bit_count() % 2 == 0
    assert (bits & 0x1FFF).bit_count() % 2 == 1


@pytest.mark.parametrize("numbers", [(-1, 0), (256, 0), (0, -1), (0, 65536)])
def test_a_number_that_no_card_has_is_refused(numbers: tuple[int, int]) -> None:
    with pytest.raises(ParkingError):
        wiegand26(*numbers)


# --- the tray --------------------------------------------------------------------------------------------------------


def test_a_tag_that_stays_is_told_again_at_a_steady_pace() -> None:
    presentations = Presentations(again_s=1.0)
    told = [at for at in range(0, 50) if presentations.is_news(Seen(CARD), at / 10)]
    assert told == [0, 10, 20, 30, 40]


def test_whatever_says_more_than_before_is_another_presentation_and_a_louder_one_is_not() -> None:
    presentations = Presentations()
    sightings = [Seen(CARD), Seen(CARD, antenna=1), Seen(CARD, antenna=2), Seen(CARD, refused="tag.replayed")]
    sightings += [Seen(CARD, plate=Plate("皖A12345")), Seen(CARD, proven=True)]
    assert [presentations.is_news(seen, 0.0) for seen in sightings * 2] == [True] * 6 + [False] * 6
    assert not presentations.is_news(Seen(CARD, rssi_dbm=-20.0), 0.5)


def test_a_clock_that_jumps_back_silences_nobody() -> None:
    presentations = Presentations()
    assert [presentations.is_news(Seen(CARD), at) for at in (100.0, 5.0, 5.5)] == [True, True, False]


@PATIENT
@given(st.lists(st.tuples(st.integers(0, 20), st.floats(0, 0.4)), max_size=200))
def test_only_repetition_within_the_pace_is_ever_left_out(steps: list[tuple[int, float]]) -> None:
    presentations, now_s = Presentations(again_s=1.0, most=512), 0.0
    told_s: dict[int, float] = {}
    for number, passed_s in steps:
        now_s += passed_s
        news = presentations.is_news(Seen(wiegand26(1, number)), now_s)
        assert news is (number not in told_s or now_s - told_s[number] >= 1.0)
        if news:
            told_s[number] = now_s


def test_a_flood_of_tags_is_remembered_only_so_far() -> None:
    presentations = Presentations(most=10)
    for number in range(1000):
        assert presentations.is_news(Seen(wiegand26(1, number)), 0.0)
    assert len(presentations._told_s) == 10


def test_what_nobody_fetches_falls_out_oldest_first_and_is_counted() -> None:
    clock = ManualClock(NOW)
    tray = Tray(READER, clock, most=3)
    for number in range(5):
        tray.put(Seen(wiegand26(1, number)))
    assert tray.lost == 2
    assert [presented.credential for presented in tray.drain()] == [wiegand26(1, number) for number in (2, 3, 4)]
    report = tray.honest(HealthReport(Health.OK, NOW, ""))
    assert (report.health, report.detail) == (Health.FAULTY, "2 presentations lost: nobody fetched them")
    clock.advance(timedelta(minutes=11))
    assert tray.honest(HealthReport(Health.OK, NOW, "")).health is Health.OK  # by now somebody has been told


def test_what_lies_in_the_tray_outlives_the_reader() -> None:
    reader = MemoryReader(READER, ManualClock(NOW))
    reader.start()
    assert reader.present(Seen(CARD))
    reader.stop()
    assert not reader.present(Seen(CARD))
    assert [presented.credential for presented in reader.drain()] == [CARD]


@PATIENT
@given(st.integers(0, 2**32), st.floats(0.01, 5), st.floats(5, 60))
def test_waits_grow_to_their_bound_and_are_never_all_alike(seed: int, first_s: float, most_s: float) -> None:
    backoff = Backoff(first_s, most_s, random.Random(seed))
    waits = [backoff.next_s() for _ in range(40)]
    assert all(0.5 * min(most_s, first_s * 2**n) <= wait <= most_s for n, wait in enumerate(waits))
    assert len(set(waits)) > 30
    backoff.worked()
    assert backoff.next_s() <= first_s


# --- one reader, several lanes -----------------------------------------------------------------------------------------


def shared() -> tuple[MemoryReader, SharedReader]:
    reader = MemoryReader(READER, ManualClock(NOW))
    return reader, SharedReader(reader, {1: LaneId("in-1"), 2: LaneId("out-1"), 3: LaneId("out-1")})


@pytest.mark.req("GATE-2")
def test_each_lane_hears_its_own_antennas_alone() -> None:
    reader, both = shared()
    entry, exit_ = both.of(LaneId("in-1")), both.of(LaneId("out-1"))
    entry.start()
    exit_.start()
    for antenna in (1, 2, 3, 1):
        reader.present(Seen(wiegand26(1, antenna), antenna=antenna))
    assert [presented.antenna for presented in exit_.drain()] == [2, 3]
    assert [presented.antenna for presented in entry.drain()] == [1]
    assert (entry.drain(), exit_.drain()) == ([], [])


def test_the_reader_runs_while_any_lane_wants_it() -> None:
    reader, both = shared()
    entry, exit_ = both.of(LaneId("in-1")), both.of(LaneId("out-1"))
    entry.start()
    exit_.start()
    entry.stop()
    assert reader.present(Seen(CARD, antenna=2))
    exit_.stop()
    assert not reader.present(Seen(CARD, antenna=2))


def test_a_read_that_no_lane_has_is_not_swallowed_in_silence() -> None:
    reader, both = shared()
    entry = both.of(LaneId("in-1"))
    entry.start()
    reader.present(Seen(CARD, antenna=7))
    reader.present(Seen(CARD))
    assert entry.drain() == []
    assert (entry.health().health, entry.health().detail) == (
        Health.FAULTY,
        "reads on antenna 7, no antenna, which no lane has",
    )


def test_a_lane_that_does_not_fetch_does_not_fill_the_memory() -> None:
    clock = ManualClock(NOW)
    reader = MemoryReader(READER, clock)
    both = SharedReader(reader, {1: LaneId("in-1"), 2: LaneId("out-1")})
    entry, exit_ = both.of(LaneId("in-1")), both.of(LaneId("out-1"))
    entry.start()
    for number in range(300):
        reader.present(Seen(wiegand26(1, number), antenna=2))
        entry.drain()
    assert len(exit_.drain()) == 256
    assert "44 presentations lost" in entry.health().detail


def test_a_lane_without_an_antenna_is_a_mistake() -> None:
    _, both = shared()
    with pytest.raises(ParkingError):
        both.of(LaneId("in-2"))
    with pytest.raises(ParkingError):
        SharedReader(MemoryReader(READER, ManualClock(NOW)), {})


# --- rolling ids -----------------------------------------------------------------------------------------------------


def shown(one: TagKey, now_s: float) -> bytes:
    return ephemeral_id(one.key, int(now_s - one.zero_s) % 2**32, one.exponent, aes_block)


@PATIENT
@given(st.integers(0, 15), st.integers(0, 10_000), st.integers(-40_000, 40_000))
def test_an_id_is_fresh_within_one_window_of_its_own_and_nowhere_else(exponent: int, into_s: int, off_s: int) -> None:
    one = TagKey(tag(1).credential, tag(1).key, 1_700_000_000, exponent)
    now_s = 1_795_000_000 + into_s
    found = RollingIds([one], aes_block).resolve(shown(one, now_s + off_s), now_s)
    window, shown_window = ((t - one.zero_s) >> exponent for t in (now_s, now_s + off_s))
    behind = window - shown_window
    assert (found is not None) is (-1 <= behind <= 5)
    assert found is None or found.fresh is (abs(behind) <= 1)


def test_ids_roll_on_for_many_tags_and_forget_what_is_past() -> None:
    tags = [tag(number, exponent=number % 6) for number in range(1, 101)]
    ids, start_s = RollingIds(tags, aes_block), NOW.timestamp()
    for step in range(60):
        now_s = start_s + step * 7
        for one in tags[step % 10 :: 10]:
            found = ids.resolve(shown(one, now_s), now_s)
            assert found is not None
            assert (found.credential, found.fresh) == (one.credential, True)
    assert len(ids._owners) == 100 * 7


def test_a_clock_set_back_by_a_day_finds_its_tags_again() -> None:
    one, now_s = tag(1), NOW.timestamp()
    ids = RollingIds([one], aes_block)
    assert ids.resolve(shown(one, now_s), now_s) is not None
    before_s = now_s - 86_400
    found = ids.resolve(shown(one, before_s), before_s)
    assert found is not None
    assert found.fresh


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"key": b"short"}, "key"),
        ({"key": bytes(16)}, "key"),
        ({"exponent": 16}, "exponent"),
        ({"zero_s": -1}, "zero_s"),
        ({"credential": CARD}, "tag"),
    ],
)
def test_a_tag_that_proves_nothing_is_not_enrolled(changes: dict[str, Any], field: str) -> None:
    given: dict[str, Any] = {"credential": tag(1).credential, "key": tag(1).key, "zero_s": 0, "exponent": 4, **changes}
    with pytest.raises(ParkingError) as caught:
        TagKey(**given)
    assert caught.value.field == field


def tags_file(path: Path, *lines: object, mode: int = 0o600) -> Path:
    file = path / "tags.jsonl"
    file.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + "\n")
    file.chmod(mode)
    return file


GOOD = {"tag": "A0:00:00:01", "key": tag(1).key.hex(), "zero_s": 1_700_000_000, "exponent": 4}


def test_enrolled_tags_are_read_from_their_file(tmp_path: Path) -> None:
    other = {**GOOD, "tag": "A0000002"}
    assert load_tags(tags_file(tmp_path, GOOD, "", other)) == (
        tag(1),
        TagKey(tag(2).credential, tag(1).key, 1_700_000_000, 4),
    )


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "line 2: should be an object"),
        ("[1]", "line 2: should be an object"),
        ({**GOOD, "tag": "A0000002", "key": "00"}, "line 2: key: should be 16 bytes"),
        ({**GOOD, "tag": "A0000002", "key": 5}, "line 2: should be an object"),
        ({**GOOD, "tag": "A0000002", "zero_s": "now"}, "line 2: should be an object"),
        ({**GOOD, "tag": "A0000002", "exponent": True}, "line 2: should be an object"),
        ({**GOOD, "tag": "A0000002", "extra": 1}, "line 2: should be an object"),
        ({**GOOD, "tag": "x"}, "line 2: credential: a credential of kind bluetooth has"),
        (GOOD, "line 2: this tag is there twice"),
    ],
)
def test_a_wrong_tag_is_refused_by_its_line_and_no_key_is_shown(tmp_path: Path, line: object, why: str) -> None:
    with pytest.raises(ParkingError) as caught:
        load_tags(tags_file(tmp_path, GOOD, line))
    assert why in str(caught.value)
    assert tag(1).key.hex() not in str(caught.value)


def test_tags_that_others_may_read_or_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ParkingError, match="chmod 600"):
        load_tags(tags_file(tmp_path, GOOD, mode=0o644))
    with pytest.raises(ParkingError, match="cannot be read"):
        load_tags(tmp_path / "none.jsonl")


# --- the registry ----------------------------------------------------------------------------------------------------


def parts(folder: Path) -> ReaderParts:
    return ReaderParts(DeviceId("r"), ManualClock(NOW), random.Random(1), folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "reader.key").write_text(CARD_KEY.hex())
    (tmp_path / "reader.key").chmod(0o600)
    tags_file(tmp_path, GOOD)
    return tmp_path


LINE = {"host": "127.0.0.1", "port": 4001}


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("memory", {}),
        ("osdp", {**LINE, "key_file": "reader.key", "addresses": [3, 4]}),
        ("osdp", {**LINE, "key_file": "reader.key", "address": 3}),
        ("uhf_llrp", {"host": "127.0.0.1", "antennas": [1, 2], "keepalive_s": 5}),
        ("bluetooth_gateway", {**LINE, "tags_file": "tags.jsonl"}),
        ("etc_rsu", {**LINE, "lane_mode": 4, "backoff_most_s": 60}),
        ("code_scanner", {**LINE, "heartbeat": "alive"}),
    ],
)
def test_every_kind_of_reader_is_made_from_its_keys(folder: Path, kind: str, options: dict[str, Any]) -> None:
    threads = set(threading.enumerate())
    reader = READERS.get(kind)(options, parts(folder))
    assert reader.health().health is Health.UNKNOWN
    assert set(threading.enumerate()) == threads  # making one connects to nothing
    assert reader.drain() == []


@pytest.mark.parametrize(
    ("kind", "options", "field"),
    [
        ("memory", {"port": 1}, "port"),
        ("osdp", {**LINE}, "key_file"),
        ("osdp", {**LINE, "key": CARD_KEY.hex()}, "key"),
        ("osdp", {**LINE, "key_file": "reader.key", "install_mode": True}, "install_mode"),
        ("osdp", {**LINE, "key_file": "reader.key", "secure": False}, "secure"),
        ("osdp", {**LINE, "key_file": "reader.key", "adress": 3}, "adress"),
        ("osdp", {**LINE, "key_file": 5}, "key_file"),
        ("osdp", {**LINE, "key_file": "reader.key", "address": 3, "addresses": [4]}, "address"),
        ("osdp", {**LINE, "key_file": "reader.key", "address": 127}, "addresses"),
        ("uhf_llrp", {}, "host"),
        ("uhf_llrp", {"host": "127.0.0.1", "antennas": "1"}, "antennas"),
        ("uhf_llrp", {"host": "127.0.0.1", "antennas": [0]}, "antennas"),
        ("uhf_llrp", {"host": "127.0.0.1", "port": "5084"}, "port"),
        ("uhf_llrp", {"host": "127.0.0.1", "port": 0}, "port"),
        ("bluetooth_gateway", {**LINE}, "tags_file"),
        ("etc_rsu", {**LINE, "tx_power": 900}, "tx_power"),
        ("code_scanner", {"host": "", "port": 1}, "host"),
        ("code_scanner", {**LINE, "again_s": True}, "again_s"),
    ],
)
def test_a_wrong_key_is_refused_by_its_name(folder: Path, kind: str, options: dict[str, Any], field: str) -> None:
    with pytest.raises(ParkingError) as caught:
        READERS.get(kind)(options, parts(folder))
    assert caught.value.field == field
    assert CARD_KEY.hex() not in str(caught.value)


def test_an_unknown_kind_lists_the_known_ones() -> None:
    with pytest.raises(ParkingError, match="bluetooth_gateway, code_scanner, etc_rsu, memory, osdp, uhf_llrp"):
        READERS.get("nfc")


def test_a_scanner_without_keys_takes_no_code(folder: Path) -> None:
    assert parts(folder).check_code("whatever") is CodeRefusal.NOT_VALID


def test_a_reading_is_stamped_with_the_boxs_own_times() -> None:
    clock = ManualClock(NOW)
    reader = MemoryReader(READER, clock)
    reader.start()
    clock.advance(timedelta(seconds=5))
    reader.present(Seen(CARD))
    (presented,) = reader.drain()
    assert (presented.read_at, presented.seen_s) == (NOW + timedelta(seconds=5), 5.0)
