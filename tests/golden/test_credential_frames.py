"""The bytes of every reader's wire, both ways: captured from real devices and from libosdp, or worked out by hand from the tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from hardware_sim.devices import osdp_wire as osdp
from hardware_sim.devices.osdp_wire import Channel, Packet
from parking.gate.credentials import adverts, osdp_payload
from parking.gate.credentials import llrp_wire as llrp
from parking.gate.credentials import rsu_wire as rsu
from parking.gate.credentials.bluetooth_gateway import aes_block
from parking.gate.credentials.llrp_wire import Message, TagReport
from parking.gate.credentials.osdp_payload import WIEGAND, CardRead
from parking.gate.credentials.rolling_ids import ephemeral_id
from parking.gate.credentials.rsu_wire import Frame
from parking.kernel.plate import Plate

# --- LLRP ------------------------------------------------------------------------------------------------------------

LLRP = {
    "0448 0000000a 00000007": Message(llrp.KEEPALIVE_ACK, 7),
    "0415 0000000e 00000001 00000000": Message(llrp.DELETE_ROSPEC, 1, llrp.delete_all_rospecs()),
    "0403 00000014 00000002 00 00dc0009 01 00001388": Message(llrp.SET_READER_CONFIG, 2, llrp.set_reader_config(5000)),
    "0414 0000004d 00000003 00b10043 00000001 00 00 00b20012 00b30005 01 00b60009 00 00000000"
    "00b7001a 0002 0001 0002 00b80009 00 00000000 00ba0007 0001 01 00ed000d 01 0001 00ee0006 1580": Message(
        llrp.ADD_ROSPEC, 3, llrp.add_rospec(1, (1, 2))
    ),
    "0418 0000000e 00000004 00000001": Message(llrp.ENABLE_ROSPEC, 4, llrp.enable_rospec(1)),
}


@pytest.mark.parametrize("frame", LLRP)
def test_llrp_messages_of_ours_both_ways(frame: str) -> None:
    raw = bytes.fromhex(frame)
    assert llrp.encode(LLRP[frame]) == raw
    assert llrp.parse(raw) == ([LLRP[frame]], len(raw))


# Published captures of real readers: one with a maker's own parameter behind, one with a 96-bit EPC as a short parameter.
MAKERS_REPORT = bytes.fromhex(
    "043d0000003a00000000 00f00030 00f10016 0080 85047000049050503155303400702300 810001 86b7 8c4400"
    "03ff000e 00005e95 00000038 0016"
)
SHORT_REPORT = bytes.fromhex("043d0000002900000001 00f0001f 8d35e0170043babbce00001425 810001 86d8 820003dc466a8af0d0")


def test_llrp_reports_of_real_readers_are_understood() -> None:
    (message,), used = llrp.parse(MAKERS_REPORT)
    assert used == len(MAKERS_REPORT)
    assert llrp.tag_reports(message) == [TagReport(bytes.fromhex("85047000049050503155303400702300"), 1, -73)]
    (message,), _ = llrp.parse(SHORT_REPORT)
    assert llrp.tag_reports(message) == [TagReport(bytes.fromhex("35e0170043babbce00001425"), 1, -40)]


def test_llrp_welcome_and_antenna_events_are_understood() -> None:
    welcome = bytes.fromhex("043f00000020 00000000 00f60016 0080000c 0004cdd74d5dfe20 01000006 0000")
    (message,), _ = llrp.parse(welcome)
    assert (llrp.connection_attempt(message), llrp.antenna_event(message)) == (0, None)
    unplugged = bytes.fromhex("043f00000021 00000000 00f60017 0080000c 0004cdd74d5dfe20 00ff0007 00 0002")
    (message,), _ = llrp.parse(unplugged)
    assert (llrp.connection_attempt(message), llrp.antenna_event(message)) == (None, (2, False))


# --- RSU frames ------------------------------------------------------------------------------------------------------

BEIJING = timezone(timedelta(hours=8))
BEGIN = rsu.begin(datetime(2019, 6, 22, 10, 55, 0, tzinfo=BEIJING), lane_mode=3, tx_power=31, channel=0)
RSU = {
    "ffff 08b0 00 01 05 00 112233445566 00 46 012001 2201 0000000000 8e ff": Frame(
        0x08, rsu.STATUS, bytes.fromhex("00010500 112233445566 00 46 012001 2201 0000000000")
    ),
    "ffff 80c0 5d0d9884 20190622105500 03 0a 1f 00 0000000000 42 ff": Frame(0x80, rsu.BEGIN, BEGIN),
    "ffff 81c2 02fe00fe0100 01 41 ff": Frame(0x81, rsu.STOP, rsu.stop(bytes.fromhex("02feff00"))),
    "ffff 82c1 00000000 43 ff": Frame(0x82, rsu.GO_ON, rsu.go_on()),
    "ffff 01fe01 fe00 ff": Frame(0x01, 0xFF),  # the BCC itself is FE
}


@pytest.mark.parametrize("frame", RSU)
def test_rsu_frames_both_ways(frame: str) -> None:
    raw = bytes.fromhex(frame)
    assert rsu.encode(RSU[frame]) == raw
    assert rsu.parse(raw) == ([RSU[frame]], len(raw))


def test_rsu_tells_a_unit_and_its_vehicle() -> None:
    found = Frame(
        0x18,
        rsu.UNIT_FOUND,
        bytes.fromhex(
            "02ecc33c 00 b0b2bbd500000000 16 41 3401160100000042 20200101 20991231 00000000000000000000 00 0200"
        ),
    )
    unit = rsu.unit_of(found)
    assert unit is not None
    assert (unit.address.hex(), unit.serial.hex()) == ("02ecc33c", "3401160100000042")
    assert (unit.valid_from, unit.valid_until, unit.tampered, unit.locked) == ("20200101", "20991231", True, False)
    vehicle = Frame(0x28, rsu.VEHICLE, bytes.fromhex("02ecc33c 00 cdee41303030343200000000") + bytes(67))
    assert rsu.vehicle_of(vehicle) == (bytes.fromhex("02ecc33c"), Plate("皖A00042"))


# --- OSDP: a session that libosdp's own control panel and reader had with each other -----------------------------------

OSDP_KEY = bytes(range(1, 17))
CHALLENGE = "53651300 0e 031101 76 d764c8cce93255c4 f105"
CRYPTOGRAM = "53e52b00 0e 031201 76 beba0100afbeadde 478d7aa05d83f3ea 202cea8eb6ae710a2dbe12755612a120 98bb"
SERVERS = "53651b00 0f 031301 77 7a065125cb8db3787042fecee2d0590d 3f90"
FIRST_MAC = "53e51b00 0f 031401 78 0b334a36fb1d62357a48d3ff92f2a109 2185"
POLL = "53650e00 0d 0215 60 7750cdd3 eeb8"
CARD = "53e51e00 0d 0218 50 4771644239d2454ed6661760cdffad4a 8e1b7d68 f04b"


@pytest.mark.parametrize("frame", ["53650900 04 61 00 d97a", CHALLENGE, CRYPTOGRAM, SERVERS, FIRST_MAC, POLL, CARD])
def test_osdp_frames_of_libosdp_both_ways(frame: str) -> None:
    raw = bytes.fromhex(frame)
    packet = osdp.decode(raw)
    assert osdp.encode(packet) == raw
    assert osdp.parse(b"\xff" + raw) == ([packet], len(raw) + 1)


def test_osdp_session_keys_cryptograms_macs_and_secrets_are_those_of_libosdp() -> None:
    challenge, cryptogram = (osdp.decode(bytes.fromhex(frame)) for frame in (CHALLENGE, CRYPTOGRAM))
    channel = Channel(OSDP_KEY, challenge.data, cryptogram.data[8:16])
    assert channel.client_cryptogram == cryptogram.data[16:]
    assert channel.server_cryptogram == osdp.decode(bytes.fromhex(SERVERS)).data
    assert channel.first_mac() == osdp.decode(bytes.fromhex(FIRST_MAC)).data
    poll, card = (osdp.decode(bytes.fromhex(frame)) for frame in (POLL, CARD))
    mac = channel.mac_of(poll)
    assert mac[:4] == poll.mac
    channel.remember(poll, mac)
    payload = channel.decrypt(card.data, reply=True)
    assert payload == bytes.fromhex("00 01 1a00 12345680")
    assert channel.encrypt(payload, reply=True) == card.data
    assert channel.mac_of(card)[:4] == card.mac
    bent = replace(card, data=bytes([card.data[0] ^ 1]) + card.data[1:])
    assert channel.mac_of(bent)[:4] != card.mac


def test_osdp_packets_of_every_shape_survive_the_wire() -> None:
    for packet in (Packet(0, 0, osdp.POLL), Packet(126, 3, osdp.NAK, b"\x03", reply=True)):
        assert osdp.decode(osdp.encode(packet)) == packet


def test_osdp_cards_both_ways() -> None:
    read = CardRead(0, WIEGAND, 26, bytes.fromhex("12345680"))
    assert osdp_payload.encode(read) == bytes.fromhex("00011a0012345680")
    assert osdp_payload.parse(bytes.fromhex("00011a0012345680")) == read
    assert osdp_payload.credential_of(read).value == "1A048D15A"


def test_a_printed_facility_and_number_are_the_26_bits_that_a_reader_tells() -> None:
    # facility 17, number 4321: 0 00010001 0001000011100001 1 by hand: even parity over the first half, odd over the second
    assert osdp_payload.wiegand26(17, 4321).value == "1A" + f"{0b1_000100010001_000011100001_1:07X}"


# --- Bluetooth -------------------------------------------------------------------------------------------------------

PUBLISHED_KEY = bytes.fromhex("0102030405060708090A111213141516")


@pytest.mark.parametrize(("counter", "eid"), [(0, "A9B76A71C5F89290"), (2000, "4144413E45FEFA58")])
def test_rolling_ids_are_those_of_published_vectors(counter: int, eid: str) -> None:
    assert ephemeral_id(PUBLISHED_KEY, counter, 10, aes_block).hex().upper() == eid


def test_an_advert_in_minews_keys_both_ways() -> None:
    payload = bytes.fromhex("020106 0303aafe 0d16aafe 30f6 a9b76a71c5f89290")
    assert adverts.eid_payload(bytes.fromhex("a9b76a71c5f89290")) == payload
    line = (
        '{"timestamp":"2026-11-21T08:00:00Z","type":"Unknown","mac":"AC233FA00001","bleName":"","rssi":-61,'
        f'"rawData":"{payload.hex().upper()}"}}'
    )
    assert adverts.parse(line.encode()) == [adverts.Advert(bytes.fromhex("a9b76a71c5f89290"), -61.0)]
