"""Cameras' own relays with their worlds, for the relay boards' contract suite: what a test switches, whatever make it is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hardware_sim.devices.hikvision_camera import PASSWORD, USER, HikvisionCameraSim
from hardware_sim.devices.vzenith_camera import VzenithCameraSim
from parking.gate.relays.hikvision import HikvisionBoard
from parking.gate.relays.settings import BoardSettings
from parking.gate.relays.vzenith import VzenithBoard
from parking.kernel.clock import ManualClock
from tests.builders.smart_cameras import GATE, NOON, VzenithWorld

PATIENT_S = 10.0
"""The most time that a board may be given: what it needs on a busy machine. Where it must run out, a test gives it less."""


class _VzenithContacts:
    """The simulated camera as a relay board's physical side."""

    def __init__(self, sim: VzenithCameraSim) -> None:
        self._sim = sim
        self.unconfirmed: set[int] = set()
        """It never reads back; there is nothing to falsify."""

    @property
    def gone(self) -> bool:
        return self._sim.faults.gone

    @gone.setter
    def gone(self, gone: bool) -> None:
        self._sim.faults.gone = gone

    @property
    def lost_answers(self) -> int:
        return self._sim.faults.lost_answers

    @lost_answers.setter
    def lost_answers(self, count: int) -> None:
        self._sim.faults.lost_answers = count

    @property
    def welded(self) -> set[int]:
        return self._sim.outputs.welded

    @welded.setter
    def welded(self, coils: set[int]) -> None:
        self._sim.outputs.welded = coils

    def set_input(self, index: int, on: bool) -> None:
        self._sim.set_input(index, on)

    def coil_is_on(self, coil: int) -> bool:
        return self._sim.outputs.is_on(coil)


class _HikvisionContacts:
    def __init__(self, sim: HikvisionCameraSim) -> None:
        self._sim = sim

    @property
    def gone(self) -> bool:
        return self._sim.faults.gone

    @gone.setter
    def gone(self, gone: bool) -> None:
        self._sim.faults.gone = gone

    @property
    def lost_answers(self) -> int:
        return self._sim.faults.lost_answers

    @lost_answers.setter
    def lost_answers(self, count: int) -> None:
        self._sim.faults.lost_answers = count

    @property
    def welded(self) -> set[int]:
        return self._sim.outputs.welded

    @welded.setter
    def welded(self, coils: set[int]) -> None:
        self._sim.outputs.welded = coils

    @property
    def unconfirmed(self) -> set[int]:
        return self._sim.unconfirmed

    @unconfirmed.setter
    def unconfirmed(self, coils: set[int]) -> None:
        self._sim.unconfirmed = coils

    def set_input(self, index: int, on: bool) -> None:
        self._sim.set_input(index, on)

    def coil_is_on(self, coil: int) -> bool:
        return self._sim.outputs.is_on(coil)


class CameraBoardWorld:
    """A camera's board, its physical side and their clock; as `BoardWorld` of the relay boards, with the simulator at hand."""

    def __init__(self, *, gate: bool = False, timeout_s: float = PATIENT_S) -> None:
        self.clock = ManualClock(NOON)
        self.sim = HikvisionCameraSim(self.clock, barriers=[GATE])
        self.sim.start()
        settings = BoardSettings(port=self.sim.port, user=USER, password=PASSWORD, timeout_s=timeout_s)
        self.board = HikvisionBoard(settings, self.clock, gate=gate, fresh_s=0.0)
        self.physical = _HikvisionContacts(self.sim)

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    def stop(self) -> None:
        self.board.close()
        self.sim.stop()


class VzenithBoardWorld:
    def __init__(
        self,
        *,
        feedback: dict[int, int] | None = None,
        idle_off: bool = True,
        timeout_s: float = PATIENT_S,
        **changes: Any,
    ) -> None:
        self.cameras = VzenithWorld(comet=True, relay=True, **changes)
        self.clock, self.sim = self.cameras.clock, self.cameras.sim
        settings = BoardSettings(coils=4, inputs=4, timeout_s=timeout_s)
        self.board = VzenithBoard(settings, self.cameras.line, self.clock, feedback=feedback or {}, idle_off=idle_off)
        self.physical = _VzenithContacts(self.sim)

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    def stop(self) -> None:
        self.board.close()
        self.cameras.stop()
