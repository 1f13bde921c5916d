"""A relay board on Modbus TCP. The board times the pulse, so that nothing stays commanded open when this process dies.

What is sent and what counts as an answer is in `wire`, how long it may take and what happens in doubt in `link`. An answer must carry
the number, the unit and the function of its question; anything else is nobody's answer, and the connection is given up.
"""

from __future__ import annotations

from typing import cast

from parking.gate.relays import wire
from parking.gate.relays.base import ALWAYS, BoardState, RelayBoard, check_coil, check_duration
from parking.gate.relays.link import Link, Tcp, Turn
from parking.gate.relays.settings import BoardMap, BoardSettings
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault, DeviceRefused, HealthReport

ModbusSettings = BoardSettings
PORT = 502
_TRY_AGAIN_CODES = frozenset({4, 5, 6, 10, 11})  # device failure, acknowledge, busy, gateway: it may work later
_ANY_UNIT = frozenset({0, 0xFE, 0xFF})  # whoever is there answers, under its own number


class ModbusBoard:
    """One board; every call is one or two round trips, from any thread, one at a time."""

    def __init__(self, settings: BoardSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._link = Link(settings, Tcp(settings.host, settings.port or PORT), clock)
        self._transaction = 0

    def read(self) -> BoardState:
        settings = self._settings
        with self._link.turn() as turn:
            read_s = self._clock.monotonic_s()  # before asking: the reading is never younger than it says
            inputs = self._bits(turn, wire.READ_INPUTS, 0, settings.inputs)
            coils = self._bits(turn, wire.READ_COILS, 0, settings.coils)
        return BoardState(inputs, coils, read_s)

    def pulse(self, coil: int, duration_ms: int, *, not_after_s: float = ALWAYS) -> bool:
        check_coil(coil, self._settings.coils)
        check_duration(duration_ms)
        dam = self._settings.board_map is BoardMap.DAM
        order = wire.dam_pulse(coil, duration_ms) if dam else wire.waveshare_pulse(coil, duration_ms)
        with self._link.turn() as turn:
            self._ask(turn, order, not_after_s)
            return self._bits(turn, wire.READ_COILS, coil, 1)[0]

    def hold(self, coil: int, on: bool) -> bool:
        check_coil(coil, self._settings.coils)
        with self._link.turn() as turn:
            self._ask(turn, wire.WriteCoil(coil, wire.COIL_ON if on else wire.COIL_OFF))
            return self._bits(turn, wire.READ_COILS, coil, 1)[0] is on

    def health(self) -> HealthReport:
        return self._link.health()

    def close(self) -> None:
        self._link.close()

    def _bits(self, turn: Turn, function: int, first: int, count: int) -> tuple[bool, ...]:
        if count == 0:
            return ()
        reply = self._ask(turn, wire.ReadBits(function, first, count))
        assert isinstance(reply, wire.Bits)
        return reply.bits[:count]

    def _ask(self, turn: Turn, request: wire.Request, not_after_s: float = ALWAYS) -> wire.Reply:
        self._transaction = self._transaction % 0xFFFF + 1
        question = wire.Frame(self._transaction, self._settings.unit, wire.encode_request(request))

        def answer(received: bytes) -> wire.Reply | None:
            used, frame = wire.decode(received)
            if frame is None:
                return None
            asked = frame.unit == question.unit or question.unit in _ANY_UNIT
            if used != len(received) or frame.transaction != question.transaction or not asked:
                raise wire.MalformedFrame("an answer to another question")
            reply = wire.answer_to(request, wire.decode_reply(frame.pdu))
            if isinstance(reply, wire.Exceptional) and reply.code in _TRY_AGAIN_CODES:
                raise DeviceFault(f"the board cannot now: Modbus exception {reply.code}")
            return reply

        reply = cast(wire.Reply, turn.exchange(wire.encode(question), answer, not_after_s=not_after_s))
        if isinstance(reply, wire.Exceptional):
            raise DeviceRefused(f"the board refuses: Modbus exception {reply.code}")
        return reply


_: type[RelayBoard] = ModbusBoard
