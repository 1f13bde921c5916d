"""The bytes of bay sensors, pinned both ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guidance.sensors import e8_wire, mqtt_wire
from guidance.sensors.e8_wire import E8Frame, crc16
from guidance.sensors.mqtt_wire import Kind, Message, Packet, connect, matches, message_of, publish, subscribe

E8 = [
    (E8Frame(3, 0x20), "E8 03 20 00 00 45 99"),
    (E8Frame(3, 0xA0, bytes((1, 0, 1))), "E8 03 A0 00 03 01 00 01 F4 01"),
]
MQTT = [
    (connect("s", 20), "10 0D 00 04 4D 51 54 54 04 02 00 14 00 01 73"),
    (subscribe(1, "a/+"), "82 08 00 01 00 03 61 2F 2B 01"),
    (publish(Message("a/b", b"1", 1, True, 7)), "33 08 00 03 61 2F 62 00 07 31"),
    (Packet(Kind.PINGREQ), "C0 00"),
]


def test_the_checksum_is_that_of_modbus() -> None:
    assert crc16(b"123456789") == 0x4B37


@pytest.mark.parametrize(("packet", "raw"), MQTT)
def test_mqtt_packets(packet: Packet, raw: str) -> None:
    assert mqtt_wire.encode(packet) == bytes.fromhex(raw)
    assert mqtt_wire.decode(bytes.fromhex(raw)) == (packet, len(bytes.fromhex(raw)))


@pytest.mark.parametrize(("frame", "raw"), E8)
def test_node_frames(frame: E8Frame, raw: str) -> None:
    whole = e8_wire.encode(frame)
    assert whole == bytes.fromhex(raw)
    assert e8_wire.decode(b"\x00" + whole)[1] == 1, "noise before a frame is dropped"
    assert e8_wire.decode(whole + b"\xe8") == (frame, len(whole))


@given(st.binary(max_size=300))
def test_nothing_that_comes_breaks_the_parsers(raw: bytes) -> None:
    frame, used = e8_wire.decode(raw)
    assert 0 <= used <= len(raw)
    assert frame is None or e8_wire.encode(frame) == raw[:used]
    try:
        packet, used = mqtt_wire.decode(raw)
    except ValueError:
        return
    assert 0 <= used <= len(raw)
    if packet is not None and packet.kind == Kind.PUBLISH:
        try:
            message_of(packet)
        except ValueError:
            return


@given(st.integers(0, 60_000))
def test_lengths_of_any_size(size: int) -> None:
    packet = Packet(Kind.PUBLISH, 0, b"\x00\x01a" + b"x" * size)
    raw = mqtt_wire.encode(packet)
    assert mqtt_wire.decode(raw) == (packet, len(raw))
    assert mqtt_wire.decode(raw[:-1]) == (None, 0)


def test_topics_fit_filters() -> None:
    assert matches("park/mall/bay/+/state", "park/mall/bay/A-01/state")
    assert not matches("park/mall/bay/+/state", "park/mall/bay/A-01/state/x")
    assert matches("park/#", "park/mall/bay")
    assert not matches("park/+", "park")
