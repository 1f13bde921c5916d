"""Each reader's protocol without its wire: what is asked, what is believed, when patience ends, and that nothing true is lost."""

from __future__ import annotations

import json
import struct
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware_sim.devices.rsu import RsuSim
from parking.gate.credentials import adverts
from parking.gate.credentials import llrp_wire as llrp
from parking.gate.credentials import rsu_wire as rsu
from parking.gate.credentials.bluetooth_gateway import BluetoothConversation, BluetoothSettings, aes_block
from parking.gate.credentials.code_scanner import ScannerConversation, ScannerSettings
from parking.gate.credentials.codes import CodeRefusal
from parking.gate.credentials.conversation import Seen, WireFault
from parking.gate.credentials.etc_rsu import RsuConversation, RsuSettings
from parking.gate.credentials.llrp_wire import Message, encode, tlv, tv
from parking.gate.credentials.osdp_payload import CardRead
from parking.gate.credentials.osdp_payload import parse as parse_card
from parking.gate.credentials.rolling_ids import RollingIds, ephemeral_id
from parking.gate.credentials.rsu_wire import Frame
from parking.gate.credentials.uhf_llrp import UhfConversation, UhfSettings
from parking.kernel.clock import ManualClock
from parking.kernel.device import DeviceFault, DeviceRefused
from parking.kernel.errors import ParkingError
from parking.kernel.plate import Plate
from tests.builders.credential_readers import NOW, PATIENT, check, exit_code, link, tag, unit

WELCOME = bytes.fromhex("043f00000020 00000000 00f60016 0080000c 0004cdd74d5dfe20 01000006 0000")
EPC = bytes.fromhex("E28011606000020000000001")


# --- UHF -------------------------------------------------------------------------------------------------------------


def response(kind: int, number: int, status: int = 0) -> bytes:
    return encode(Message(kind, number, tlv(llrp.LLRP_STATUS, struct.pack(">HH", status, 0))))


def report(*epcs: bytes, antenna: int = 1) -> bytes:
    body = b"".join(
        tlv(
            llrp.TAG_REPORT_DATA,
            tlv(llrp.EPC_DATA, struct.pack(">H", len(epc) * 8) + epc) + tv(1, struct.pack(">H", antenna)),
        )
        for epc in epcs
    )
    return encode(Message(llrp.RO_ACCESS_REPORT, 9, body))


def set_up(**changes: object) -> UhfConversation:
    conversation = UhfConversation(UhfSettings(link(5084), **changes))  # type: ignore[arg-type]
    assert conversation.begin(0.0) == b""
    asked = []
    send = conversation.take(WELCOME, 0.0).send
    while send:
        (message,), _ = llrp.parse(send)
        asked.append(message.kind)
        send = conversation.take(response(message.kind + 10, message.id), 0.0).send
    assert asked == [llrp.DELETE_ROSPEC, llrp.SET_READER_CONFIG, llrp.ADD_ROSPEC, llrp.ENABLE_ROSPEC]
    return conversation


def test_a_uhf_reader_is_wiped_set_up_and_only_then_called_ready() -> None:
    assert set_up().ready


@pytest.mark.parametrize("attempt", [1, 2, 3])
def test_a_uhf_reader_that_another_client_holds_is_told_so(attempt: int) -> None:
    conversation = UhfConversation(UhfSettings(link(5084)))
    conversation.begin(0.0)
    turn = conversation.take(WELCOME[:-2] + bytes([0, attempt]), 0.0)
    assert isinstance(turn.fault, DeviceRefused)
    assert "taken by" in str(turn.fault)


def test_a_uhf_reader_that_refuses_its_set_up_is_not_ready() -> None:
    conversation = UhfConversation(UhfSettings(link(5084)))
    conversation.begin(0.0)
    conversation.take(WELCOME, 0.0)
    turn = conversation.take(response(llrp.DELETE_ROSPEC_RESPONSE, 1, status=109), 0.0)
    assert isinstance(turn.fault, DeviceRefused)
    assert "109" in str(turn.fault)
    assert not conversation.ready


def test_each_read_says_on_which_antenna_it_was_heard() -> None:
    turn = set_up().take(report(EPC, antenna=1) + report(EPC, antenna=2), 1.0)
    assert [(seen.credential.value, seen.antenna, seen.proven) for seen in turn.seen] == [
        (EPC.hex().upper(), 1, False),
        (EPC.hex().upper(), 2, False),
    ]


def test_a_tag_that_was_never_written_is_nobody_and_hides_nobody() -> None:
    turn = set_up().take(report(b"", EPC), 1.0)
    assert [seen.credential.value for seen in turn.seen] == [EPC.hex().upper()]
    assert turn.fault is None


def test_what_was_read_before_the_nonsense_is_not_lost() -> None:
    cut_off = bytes.fromhex("043d0000000e 00000001 00f000ff")
    for nonsense in (b"\xff" * 20, cut_off):
        turn = set_up().take(report(EPC) + report(EPC) + nonsense, 1.0)
        assert isinstance(turn.fault, WireFault)
        assert [seen.credential.value for seen in turn.seen] == [EPC.hex().upper()] * 2


def test_keep_alives_are_answered_and_three_missing_ones_end_the_line() -> None:
    conversation = set_up(keepalive_s=2.0)
    turn = conversation.take(encode(Message(llrp.KEEPALIVE, 77)), 10.0)
    assert turn.send == encode(Message(llrp.KEEPALIVE_ACK, 77))
    assert conversation.tick(16.0).fault is None
    assert isinstance(conversation.tick(16.1).fault, DeviceFault)


def test_an_antenna_whose_cable_is_off_is_the_readers_trouble_until_it_is_back() -> None:
    conversation = set_up()
    off = bytes.fromhex("043f00000021 00000000 00f60017 0080000c 0004cdd74d5dfe20 00ff0007 00 0002")
    conversation.take(off, 1.0)
    assert conversation.trouble == "antennas not connected: 2"
    conversation.take(off[:-3] + b"\x01\x00\x02", 1.0)
    assert conversation.trouble == ""


def test_a_reader_that_closes_the_connection_or_complains_is_heard() -> None:
    assert "closes" in str(set_up().take(encode(Message(llrp.CLOSE_CONNECTION, 1)), 1.0).fault)
    complaint = encode(Message(llrp.ERROR_MESSAGE, 1, tlv(llrp.LLRP_STATUS, struct.pack(">HH", 401, 0))))
    assert "401" in str(set_up().take(complaint, 1.0).fault)


@PATIENT
@given(st.binary(max_size=200), st.integers(1, 50))
def test_bytes_cut_anywhere_give_the_same_reads(noise: bytes, size: int) -> None:
    whole = report(EPC) + encode(Message(llrp.KEEPALIVE, 5)) + report(EPC + noise[: len(noise) // 2 * 2][:20])
    conversation = set_up()
    pieces: list[Seen] = []
    for at in range(0, len(whole), size):
        pieces += conversation.take(whole[at : at + size], 1.0).seen
    assert pieces == list(set_up().take(whole, 1.0).seen)


# --- ETC -------------------------------------------------------------------------------------------------------------

RSU = RsuSim()


def rsu_conversation(clock: ManualClock | None = None) -> RsuConversation:
    conversation = RsuConversation(RsuSettings(link(4000), probe_s=3.0, vehicle_s=0.5), clock or ManualClock(NOW))
    conversation.begin(0.0)
    turn = conversation.take(RSU._status(0x08), 0.0)
    (frame,), _ = rsu.parse(turn.send)
    assert frame == Frame(0x81, rsu.GO_ON, bytes(4))
    assert conversation.ready
    return conversation


def told(data: bytes) -> list[tuple[int, bytes]]:
    return [(frame.kind, frame.content) for frame in rsu.parse(data)[0] if frame is not None]


@pytest.mark.req("GATE-2")
def test_an_on_board_unit_gives_its_number_and_its_plate_and_is_let_go() -> None:
    conversation, one = rsu_conversation(), unit(42)
    assert told(conversation.take(RSU.found(one), 1.0).send) == [(rsu.GO_ON, one.address)]
    turn = conversation.take(RSU.vehicle(one), 1.1)
    assert [(seen.credential.value, seen.plate, seen.refused) for seen in turn.seen] == [
        (one.serial.hex().upper(), Plate("皖A00042"), "")
    ]
    assert told(turn.send) == [(rsu.STOP, one.address + b"\x01")]


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"taken_off": True}, "obu.taken_off"),
        ({"locked": True}, "obu.locked"),
        ({"valid_until": "20261120"}, "obu.expired"),
        ({"valid_from": "20261122"}, "obu.expired"),
        ({"valid_from": "20261121", "valid_until": "20261121"}, ""),
    ],
)
def test_a_unit_that_was_moved_or_is_over_is_told_with_the_reason(changes: dict[str, object], refused: str) -> None:
    conversation, one = rsu_conversation(), unit(42, **changes)
    conversation.take(RSU.found(one), 1.0)
    assert [seen.refused for seen in conversation.take(RSU.vehicle(one), 1.1).seen] == [refused]


def test_a_unit_that_does_not_tell_its_vehicle_in_time_is_taken_without_a_plate() -> None:
    conversation, one = rsu_conversation(), unit(42)
    conversation.take(RSU.found(one), 1.0)
    conversation.take(RSU.found(one), 1.4)  # found again is no reason to wait longer
    assert conversation.tick(1.5).seen == ()
    turn = conversation.tick(1.6)
    assert [(seen.credential.value, seen.plate) for seen in turn.seen] == [(one.serial.hex().upper(), None)]
    assert told(turn.send) == [(rsu.STOP, one.address + b"\x01")]


def test_an_illegible_vehicle_file_still_gives_the_unit() -> None:
    conversation, one = rsu_conversation(), unit(42, legible=False)
    conversation.take(RSU.found(one), 1.0)
    assert [seen.plate for seen in conversation.take(RSU.vehicle(one), 1.1).seen] == [None]


def test_two_units_at_once_never_change_plates() -> None:
    conversation, one, other = rsu_conversation(), unit(1), unit(2)
    conversation.take(RSU.found(one), 1.0)
    first = conversation.take(RSU.found(other), 1.05)  # the next car's unit, before the first has told its vehicle
    late = conversation.take(RSU.vehicle(one), 1.1)
    second = conversation.take(RSU.vehicle(other), 1.15)
    seen = [(s.credential.value[-4:], s.plate) for turn in (first, late, second) for s in turn.seen]
    assert seen == [("0001", None), ("0002", Plate("皖A00002"))]


def test_a_silent_rsu_is_asked_and_then_given_up() -> None:
    conversation = rsu_conversation()
    assert conversation.tick(2.9).send == b""
    assert told(conversation.tick(3.1).send)[0][0] == rsu.BEGIN
    assert conversation.tick(3.2).send == b""
    assert isinstance(conversation.tick(9.1).fault, DeviceFault)


def test_a_fault_of_the_rsu_is_its_trouble_until_it_is_mended() -> None:
    conversation = rsu_conversation()
    RSU.fault = 1
    try:
        conversation.take(RSU._status(0x98), 1.0)
        assert "fault 0x01" in conversation.trouble
    finally:
        RSU.fault = 0
    conversation.take(RSU._status(0x98), 2.0)
    assert conversation.trouble == ""


def test_one_broken_frame_is_passed_over_and_five_in_a_row_end_the_line() -> None:
    conversation, one = rsu_conversation(), unit(42)
    broken = bytearray(RSU.found(one))
    broken[5] ^= 1
    assert told(conversation.take(bytes(broken) + RSU.found(one), 1.0).send) == [(rsu.GO_ON, one.address)]
    assert isinstance(conversation.take(bytes(broken) * 5, 1.0).fault, WireFault)


@PATIENT
@given(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=200))
def test_any_rsu_frame_survives_its_stuffing(rsctl: int, kind: int, content: bytes) -> None:
    frame = Frame(rsctl, kind, content)
    raw = rsu.encode(frame)
    assert b"\xff" not in raw[2:-1]
    assert rsu.parse(raw + raw) == ([frame, frame], 2 * len(raw))


# --- Bluetooth -------------------------------------------------------------------------------------------------------


def bluetooth(now: datetime = NOW, *, exponent: int = 4) -> BluetoothConversation:
    ids = RollingIds([tag(number, exponent=exponent) for number in range(1, 6)], aes_block)
    conversation = BluetoothConversation(BluetoothSettings(link(4000)), ids, now.timestamp)
    conversation.begin(0.0)
    return conversation


def advert(payload: bytes, rssi: object = -60) -> bytes:
    return json.dumps({"type": "Unknown", "mac": "A", "rssi": rssi, "rawData": payload.hex()}).encode() + b"\n"


def shown(number: int, at: datetime, exponent: int = 4) -> bytes:
    one = tag(number, exponent=exponent)
    return adverts.eid_payload(ephemeral_id(one.key, int(at.timestamp()) - one.zero_s, exponent, aes_block))


@pytest.mark.req("GATE-2")
@pytest.mark.parametrize(
    ("ago_s", "refused", "proven"), [(0, "", True), (16, "", True), (-16, "", True), (33, "tag.replayed", False)]
)
def test_a_tag_is_proven_in_its_window_and_replayed_after_it(ago_s: int, refused: str, proven: bool) -> None:
    turn = bluetooth().take(advert(shown(3, NOW - timedelta(seconds=ago_s))), 0.0)
    assert [(s.credential, s.refused, s.proven, s.rssi_dbm) for s in turn.seen] == [
        (tag(3).credential, refused, proven, -60.0)
    ]


def test_yesterdays_id_of_a_tag_is_nobodys() -> None:
    assert bluetooth().take(advert(shown(3, NOW - timedelta(days=1))), 0.0).seen == ()


def test_strangers_adverts_are_no_credentials_and_no_fault() -> None:
    ibeacon = bytes.fromhex("0201061aff4c000215") + bytes(range(16)) + bytes(5)
    uid = bytes.fromhex("0303aafe1516aafe00e7") + bytes(18)
    for payload in (ibeacon, uid, b"", b"\x00", b"\x05\x16\xaa\xfe", adverts.eid_payload(bytes(8))):
        turn = bluetooth().take(advert(payload), 0.0)
        assert (turn.seen, turn.fault) == ((), None)


def test_a_list_of_adverts_and_a_heart_beat_are_lines_too() -> None:
    entries = [{"type": "Gateway", "mac": "G"}, {"type": "Unknown", "rssi": "?", "rawData": shown(2, NOW).hex()}]
    conversation = bluetooth()
    turn = conversation.take(json.dumps(entries).encode() + b"\r\n", 0.0)
    assert [(s.credential, s.rssi_dbm) for s in turn.seen] == [(tag(2).credential, None)]
    assert conversation.ready


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[1]",
        b'{"type": 5}',
        b'{"type":"Unknown","rawData":5}',
        b'{"type":"Unknown","rawData":"xy"}',
        b"[" * 9999,
    ],
)
def test_a_line_that_is_not_the_gateways_ends_the_line_after_what_was_true(line: bytes) -> None:
    turn = bluetooth().take(advert(shown(1, NOW)) + line + b"\n", 0.0)
    assert [seen.credential for seen in turn.seen] == [tag(1).credential]
    assert isinstance(turn.fault, WireFault)


def test_a_gateway_whose_heart_stops_is_given_up() -> None:
    conversation = bluetooth()
    assert conversation.tick(15.0).fault is None
    assert isinstance(conversation.tick(15.1).fault, DeviceFault)


# --- codes -----------------------------------------------------------------------------------------------------------


def scanner(heartbeat: str = "") -> ScannerConversation:
    conversation = ScannerConversation(ScannerSettings(link(4000), heartbeat=heartbeat), check)
    conversation.begin(-1.0)
    return conversation


@pytest.mark.req("GATE-2")
def test_a_code_that_a_serial_server_kept_while_the_line_was_away_has_to_be_held_up_again() -> None:
    conversation = ScannerConversation(ScannerSettings(link(4000)), check)
    conversation.begin(0.0)
    kept = conversation.take(exit_code(7).encode() + b"\n", 0.1)
    assert [(s.credential.value, s.refused, s.code, s.proven) for s in kept.seen] == [
        ("code-0007", "reader.late", None, False)
    ]
    assert not conversation.ready
    again = conversation.take(exit_code(7).encode() + b"\n", 0.6)
    assert [(s.credential.value, s.refused, s.proven) for s in again.seen] == [("code-0007", "", True)]
    assert conversation.ready


@pytest.mark.parametrize("ending", [b"\r", b"\n", b"\r\n"])
def test_a_code_is_told_by_its_own_id_whatever_ends_its_line(ending: bytes) -> None:
    turn = scanner().take(b"]Q1" + exit_code(7).encode() + ending, 0.0)
    assert [(s.credential.value, s.refused, s.proven) for s in turn.seen] == [("code-0007", "", True)]


def test_other_peoples_codes_are_refused_by_reason_and_told_apart_without_their_text() -> None:
    turn = scanner().take(b"https://example.org/menu\nWIFI:S:guest;;\n\xff\xfe\x00\x01\n", 0.0)
    assert {seen.refused for seen in turn.seen} == {CodeRefusal.NOT_VALID.value}
    assert len({seen.credential for seen in turn.seen}) == 3
    assert "example" not in "".join(seen.credential.value for seen in turn.seen)


def test_a_heart_beat_is_no_code_and_missing_ones_end_the_line() -> None:
    conversation = scanner("alive")
    assert conversation.take(b"alive\r\nalive\r\n", 1.0).seen == ()
    assert conversation.tick(31.0).fault is None
    assert isinstance(conversation.tick(31.1).fault, DeviceFault)
    assert scanner().tick(1e6).fault is None  # without one, only TCP can tell


@pytest.mark.parametrize("nonsense", [b"x" * 5000, b"x" * 5000 + b"\n", b"x" * 5000 + b"\nshort\n"])
def test_a_line_without_an_end_is_a_fault_not_a_growing_memory(nonsense: bytes) -> None:
    assert isinstance(scanner().take(nonsense, 0.0).fault, WireFault)
    conversation = scanner()
    turn = conversation.take(exit_code(7).encode() + b"\n" + nonsense, 0.0)
    assert [seen.credential.value for seen in turn.seen] == ["code-0007"]  # what came before is not lost
    assert isinstance(conversation.take(b"y", 0.0).fault, WireFault)


# --- hostile bytes ---------------------------------------------------------------------------------------------------


@PATIENT
@given(st.lists(st.binary(max_size=300), max_size=5))
def test_no_bytes_make_any_conversation_raise(pieces: list[bytes]) -> None:
    for conversation in (set_up(), rsu_conversation(), bluetooth(), scanner()):
        for piece in pieces:
            turn = conversation.take(piece, 1.0)
            assert turn.fault is None or isinstance(turn.fault, DeviceFault | DeviceRefused)


@PATIENT
@given(st.binary(max_size=80))
def test_any_card_payload_is_a_card_or_a_fault(payload: bytes) -> None:
    with suppress(WireFault):
        assert isinstance(parse_card(payload), CardRead)


@PATIENT
@given(st.integers(0, 5), st.binary(min_size=2, max_size=60))
def test_llrp_messages_with_bent_bodies_are_reads_or_faults(where: int, bend: bytes) -> None:
    whole = bytearray(report(EPC, EPC))
    at = llrp.HEADER.size + where
    whole[at : at + len(bend)] = bend[: len(whole) - at]
    turn = set_up().take(bytes(whole), 1.0)
    assert turn.fault is None or isinstance(turn.fault, WireFault)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: UhfSettings(link(5084), antennas=(1, 1)), "antennas"),
        (lambda: UhfSettings(link(5084), antennas=(0,)), "antennas"),
        (lambda: UhfSettings(link(5084), keepalive_s=0), "keepalive_s"),
        (lambda: RsuSettings(link(4000), tx_power=256), "tx_power"),
        (lambda: RsuSettings(link(4000), probe_s=0), "probe_s"),
        (lambda: ScannerSettings(link(4000), heartbeat=" x"), "heartbeat"),
        (lambda: BluetoothSettings(link(4000), heartbeat_s=0), "heartbeat_s"),
        (lambda: link(0), "port"),
        (lambda: link(65536), "port"),
    ],
)
def test_wrong_settings_are_refused_by_name(make: object, field: str) -> None:
    assert callable(make)
    with pytest.raises(ParkingError) as caught:
        make()
    assert caught.value.field == field


def test_the_clock_of_the_road_is_beijings() -> None:
    clock = ManualClock(datetime(2026, 11, 21, 16, 30, tzinfo=UTC))  # half past midnight there
    conversation, one = rsu_conversation(clock), unit(1, valid_from="20261122")
    conversation.take(RSU.found(one), 1.0)
    assert [seen.refused for seen in conversation.take(RSU.vehicle(one), 1.0).seen] == [""]
