"""Modbus frames as hex, both ways, from the boards' manuals; what our board really sends, and what pymodbus makes of our simulator."""

from __future__ import annotations

import pytest
from pymodbus.client import ModbusTcpClient

from hardware_sim.devices.relay_board import RelayBoardSim
from parking.gate.relays import wire
from parking.gate.relays.modbus_tcp import ModbusBoard, ModbusSettings
from parking.gate.relays.settings import BoardMap
from parking.gate.relays.wire import Frame, MalformedFrame, ReadBits, RefusedRequest, WriteCoil, WriteRegisters
from parking.kernel.clock import ManualClock
from tests.builders.gate import NOON
from tests.builders.relay_boards import RecordingBoard

FRAMES = [
    # Waveshare manual, "flash on": relay 0 for 700 ms is 01 05 02 00 00 07 (plus CRC on a serial line)
    ("00010000000601" "050200" "0007", Frame(1, 1, bytes.fromhex("0502000007")), WriteCoil(0x0200, 7)),
    ("00020000000601" "0500" "02ff00", Frame(2, 1, bytes.fromhex("050002ff00")), WriteCoil(2, wire.COIL_ON)),
    ("00030000000601" "0100000008", Frame(3, 1, bytes.fromhex("0100000008")), ReadBits(1, 0, 8)),
    ("00040000000601" "0200000008", Frame(4, 1, bytes.fromhex("0200000008")), ReadBits(2, 0, 8)),
    # Juying DAM manual: relay 1 for 1 s is FE 10 00 03 00 02 04 00 04 00 0A
    (
        "000500000" "00bfe" "10000300020400" "04000a",
        Frame(5, 0xFE, bytes.fromhex("1000030002040004000a")),
        WriteRegisters(3, (4, 10)),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "frame", "request_"), FRAMES)
def test_frames_are_pinned_both_ways(raw: str, frame: Frame, request_: wire.Request) -> None:
    data = bytes.fromhex(raw)
    assert wire.decode(data) == (len(data), frame)
    assert wire.encode(frame) == data
    assert wire.decode_request(frame.pdu) == request_
    assert wire.encode_request(request_) == frame.pdu


def test_pulses_are_what_the_manuals_say() -> None:
    assert wire.waveshare_pulse(0, 700) == WriteCoil(0x0200, 7)
    assert wire.waveshare_pulse(7, 401) == WriteCoil(0x0207, 5)
    assert wire.dam_pulse(0, 1000) == WriteRegisters(3, (4, 10))
    assert wire.dam_pulse(2, 500) == WriteRegisters(13, (4, 5))


@pytest.mark.parametrize("duration_ms", [0, -100, 3_276_701])
def test_a_pulse_that_no_board_can_time_is_refused(duration_ms: int) -> None:
    with pytest.raises(ValueError, match="a board pulses for"):
        wire.waveshare_pulse(0, duration_ms)


def test_replies_are_pinned() -> None:
    assert wire.bits_reply(2, [True, False, True, False, False, False, False, False, True]).hex() == "02020501"
    assert wire.written_reply(WriteCoil(0x0200, 7)).hex() == "0502000007"
    assert wire.written_reply(WriteRegisters(3, (4, 10))).hex() == "1000030002"
    assert wire.refused_reply(RefusedRequest(5, wire.ModbusCode.ILLEGAL_ADDRESS)).hex() == "8502"


@pytest.mark.parametrize("cut", range(12))
def test_an_incomplete_frame_waits_for_the_rest(cut: int) -> None:
    assert wire.decode(bytes.fromhex(FRAMES[0][0])[:cut]) == (0, None)


@pytest.mark.parametrize("raw", ["0001000100060105020000", "00010000000101", "0001000000ff01", "474554202f20"])
def test_what_is_not_modbus_is_malformed(raw: str) -> None:
    with pytest.raises(MalformedFrame):
        wire.decode(bytes.fromhex(raw) + b"HTTP/1.1")


@pytest.mark.parametrize("pdu", ["07", "05000000", "10000300020300040a", "100003000000", "0100"])
def test_what_no_board_serves_is_refused(pdu: str) -> None:
    with pytest.raises(RefusedRequest):
        wire.decode_request(bytes.fromhex(pdu))


@pytest.mark.parametrize(
    ("board_map", "expected"), [(BoardMap.WAVESHARE, "0502020005"), (BoardMap.DAM, "10000d00020400040005")]
)
@pytest.mark.req("GATE-1")
def test_the_adapter_sends_exactly_these_bytes(board_map: BoardMap, expected: str) -> None:
    with RecordingBoard() as recorder:
        board = ModbusBoard(ModbusSettings("127.0.0.1", recorder.port, board_map=board_map), ManualClock(NOON))
        board.pulse(2, 500)
        board.close()
    assert recorder.pdus[0].hex() == expected
    assert recorder.pdus[1].hex() == "0100020001"


REPLIES = [
    ("000100000004" "01" "010105", wire.Bits(1, (True, False, True, False, False, False, False, False))),
    ("000200000005" "01" "02020501", wire.Bits(2, (True, False, True, *(False,) * 5, True, *(False,) * 7))),
    ("000300000006" "01" "0502000007", WriteCoil(0x0200, 7)),
    ("000400000006" "fe" "1000030002", wire.RegistersWritten(3, 2)),
    ("000500000003" "01" "8502", wire.Exceptional(5, 2)),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "reply"), REPLIES)
def test_replies_are_understood_and_wait_for_their_last_byte(raw: str, reply: wire.Reply) -> None:
    data = bytes.fromhex(raw)
    assert wire.parse_reply(data) == reply
    for cut in range(len(data)):
        assert wire.parse_reply(data[:cut]) is None


@pytest.mark.parametrize(
    "pdu", ["01", "0100", "010205", "01030501", "0502000007ff", "05020000", "100003000200", "8502ff", "2b0e0101", "85"]
)
def test_what_is_no_reply_of_a_board_is_malformed(pdu: str) -> None:
    with pytest.raises(MalformedFrame):
        wire.decode_reply(bytes.fromhex(pdu))


@pytest.mark.parametrize(
    ("request_", "reply"),
    [
        (ReadBits(1, 0, 8), wire.Bits(2, (False,) * 8)),
        (ReadBits(1, 0, 9), wire.Bits(1, (False,) * 8)),
        (ReadBits(1, 0, 8), WriteCoil(0, 0)),
        (ReadBits(1, 0, 8), wire.Exceptional(2, 2)),
        (WriteCoil(0x0200, 7), WriteCoil(0x0201, 7)),
        (WriteCoil(0x0200, 7), WriteCoil(0x0200, 8)),
        (WriteRegisters(3, (4, 10)), wire.RegistersWritten(8, 2)),
        (WriteRegisters(3, (4, 10)), wire.RegistersWritten(3, 1)),
        (WriteRegisters(3, (4, 10)), wire.Exceptional(5, 2)),
    ],
)
def test_a_reply_to_something_else_is_no_answer(request_: wire.Request, reply: wire.Reply) -> None:
    with pytest.raises(MalformedFrame, match="something else"):
        wire.answer_to(request_, reply)


@pytest.mark.req("GATE-1")
def test_another_master_of_the_standard_understands_our_board_the_same_way() -> None:
    clock = ManualClock(NOON)
    device = RelayBoardSim(clock)
    device.start()
    client = ModbusTcpClient("127.0.0.1", port=device.port, timeout=10)
    board = ModbusBoard(ModbusSettings("127.0.0.1", device.port, timeout_s=10), clock)
    try:
        client.write_coil(3, True, device_id=1)
        device.set_input(6, True)
        state = board.read()
        assert list(state.coils) == client.read_coils(0, count=8, device_id=1).bits
        assert list(state.inputs) == client.read_discrete_inputs(0, count=8, device_id=1).bits
        assert (state.coils[3], state.inputs[6]) == (True, True)
        client.write_registers(3 + 5 * 2, [4, 5], device_id=1)
        assert board.read().coils[2]
        assert client.read_coils(8, count=1, device_id=1).exception_code == 2
    finally:
        client.close()  # type: ignore[no-untyped-call]  # pymodbus does not annotate it
        board.close()
        device.stop()
