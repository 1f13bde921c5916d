"""What goes wrong in a scenario, and when: the link, the power, a camera, a fire alarm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from hardware_sim.scenario import Scenario
from hardware_sim.simulated_gate import FIRE_INPUT, SimulatedBox
from hardware_sim.site_under_test import SiteUnderTest
from hardware_sim.virtual_time import Process, Timeline
from parking.kernel.events import Direction

CUT_S = 60.0
FIRE_ENDS_S = 60  # for so long after its end the lanes are still watched


class Faults:
    """The faults of one run; after each of them a box and the server `talk`."""

    def __init__(
        self,
        scenario: Scenario,
        site: SiteUnderTest,
        boxes: Sequence[SimulatedBox],
        timeline: Timeline,
        talk: Callable[[SimulatedBox], None],
    ) -> None:
        self._scenario = scenario
        self._site = site
        self._boxes = boxes
        self._lanes = [lane for box in boxes for lane in box.lanes.values()]
        self._timeline = timeline
        self._talk = talk
        self.fires: list[tuple[datetime, datetime]] = []
        """From when to when the site was in an emergency: nobody pays for that."""
        self._exit = next(lane for lane in self._lanes if lane.direction is Direction.OUT)

    def start(self) -> None:
        """Have everything happen in its time."""
        s = self._scenario
        for number, box in enumerate(
            self._boxes
        ):  # one after the other, so that for a while two are cut off, and for a while one
            if s.offline_min:
                after_s = s.hours * 3600 * 0.25 + number * s.offline_min * 60 / 2
                self._timeline.start(self._cut_the_link(box), after_s=after_s)
        for minutes, happens, at in (
            (s.blind_min, self._blind_the_exit, 1 / 3),
            (s.fire_min, self._burn, 0.5),
        ):
            if minutes:
                self._timeline.start(happens(), after_s=s.hours * 3600 * at)
        for cut in range(s.power_cuts):
            box = self._boxes[cut % len(self._boxes)]
            self._timeline.start(self._cut_the_power(box), after_s=s.hours * 3600 * (cut + 1) / (s.power_cuts + 1))

    def _cut_the_link(self, box: SimulatedBox) -> Process:
        box.linked = False
        yield self._scenario.offline_min * 60
        box.linked = True
        self._talk(box)

    def _cut_the_power(self, box: SimulatedBox) -> Process:
        for lane in box.lanes.values():
            lane.powered = False
        yield CUT_S
        box.restart()
        for lane in box.lanes.values():
            for _ in range(3):
                lane.step()
                yield 0.06
        self._talk(box)

    def _blind_the_exit(self) -> Process:
        camera = self._exit.camera
        camera.blind = True
        yield self._scenario.blind_min * 60
        camera.blind = False

    def _burn(self) -> Process:
        """The fire contact closes, opens again, and then a person has to end what it began."""
        self._exit.board.set_input(FIRE_INPUT, True)
        began = self._timeline.clock.now()
        yield from self._step_for(round(self._scenario.fire_min * 60))
        self._exit.board.set_input(FIRE_INPUT, False)
        while not self._site.end_emergency("the fire brigade is gone"):
            yield from self._step_for(1)
        self.fires.append((began, self._timeline.clock.now()))
        for box in self._boxes:
            self._talk(box)
        yield from self._step_for(FIRE_ENDS_S)

    def _step_for(self, seconds: int) -> Process:
        """Lanes where nobody stands hear of it, too."""
        for _ in range(seconds):
            for lane in self._lanes:
                if not lane.busy:
                    lane.step()
            yield 1.0
