"""A whole gate box with a tag reader and a code scanner on real sockets: who they let in and out, and whom they do not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hardware_sim.devices.code_scanner import CodeScannerSim
from hardware_sim.devices.ticket_printer import TicketPrinterSim
from hardware_sim.devices.uhf_reader import UhfReaderSim
from parking.access.rows import Fact, HolderRow, InvitationRow, PassRow, StayRow
from parking.access.snapshot import data_of
from parking.bootstrap.edge import EdgeBox
from parking.bootstrap.lane_settings import BarrierLaneSettings
from parking.gate.controller import Lane
from parking.gate.credentials.codes import CodeUse, issue
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.device import Health
from parking.kernel.ids import LaneId, StayId
from parking.kernel.plate import Plate
from tests.builders.edge_box import EdgeWorld, edge_config, until
from tests.builders.gate import PLATE

EPC = bytes.fromhex("E28011606000020000004711")
TAG = Credential.of(CredentialKind.UHF, EPC)
ENTRY, EXIT = 0, 2
"""The presence inputs of the two lanes."""


class ReaderWorld(EdgeWorld):
    """The same box with a UHF reader at both lanes and a scanner at each."""

    def __init__(self, folder: Path, **entry: Any) -> None:
        self.entry = entry
        self.uhf = {lane: UhfReaderSim() for lane in ("entry-1", "exit-1")}
        self.scanner = {lane: CodeScannerSim() for lane in ("entry-1", "exit-1")}
        self.printer = TicketPrinterSim()
        for device in (*self.uhf.values(), *self.scanner.values(), self.printer):
            device.start()
        super().__init__(folder)

    def _build(self) -> EdgeBox:
        lanes = [self._with_readers(lane) for lane in self.settings.lanes]
        self.settings = self.settings.model_copy(update={"lanes": lanes})
        return super()._build()

    def _with_readers(self, lane: Any) -> Any:
        if lane.id not in self.uhf or lane.readers:
            return lane
        plain = next(one for one in edge_config(self.server, self.board.port)["lanes"] if one["id"] == lane.id)
        readers = [
            {"kind": "uhf_llrp", "host": "127.0.0.1", "port": self.uhf[lane.id].port},
            {"kind": "code_scanner", "host": "127.0.0.1", "port": self.scanner[lane.id].port},
        ]
        printer = {"kind": "escpos", "host": "127.0.0.1", "port": self.printer.port, "answer_s": 1}
        more = {"readers": readers} if lane.kind == "exit" else {"readers": readers, "printer": printer, **self.entry}
        return BarrierLaneSettings.model_validate({**plain, **more})

    def start(self) -> None:
        super().start()
        until(lambda: all(reader.reading for reader in self.uhf.values()), "the tag readers read")
        readers = [reader for lane in self.uhf for reader in self.box.devices.readers(lane)]
        until(lambda: all(reader.health().health is Health.OK for reader in readers), "all readers are well")

    def stop(self) -> None:
        super().stop()
        for device in (*self.uhf.values(), *self.scanner.values(), self.printer):
            device.stop()

    def tell(self, *facts: Fact) -> None:
        """Put facts into the box's copy, through the server."""
        before = self.box.copy.version
        for fact in facts:
            self.server.put(*data_of(fact))
        until(lambda: self.box.copy.version >= before + len(facts), "the copy arrives")

    def code(self, use: CodeUse, **bound: Any) -> str:
        now = datetime.now(UTC)
        given = {
            "code_id": "code-0001",
            "lot": "mall",
            "not_before": now,
            "expires": now + timedelta(minutes=30),
            **bound,
        }
        return issue(use, signer=self.server.signer, **given)

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [e["data"] for stored in self.server.events.values() for e in stored if e["type"] == kind]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ReaderWorld]:
    made = ReaderWorld(tmp_path)
    made.start()
    yield made
    made.stop()


def member() -> tuple[Fact, ...]:
    car = (Plate.parse(PLATE),)
    return (
        HolderRow(TAG, "member-7", car, ("pass-7",)),
        PassRow("pass-7", "member-7", car, 1, None, None),
    )


def stay(**changes: Any) -> StayRow:
    now = datetime.now(UTC)
    given: dict[str, Any] = {
        "stay_id": StayId("stay-1"), "plate": None, "entered_at": now, "paid_until": now + timedelta(minutes=20),
        "currency": "CNY", "prices": (), "paid_minor": 500, "credit_minor": 0, **changes,
    }  # fmt: skip
    return StayRow(**given)


@pytest.mark.req("GATE-2")
def test_a_members_tag_and_a_doubtful_plate_are_together_enough(world: ReaderWorld) -> None:
    world.tell(*member())
    world.cameras["entry-1"].show(PLATE)
    world.move("entry-1", ENTRY, on=True)
    world.uhf["entry-1"].tag_passes(EPC)
    until(lambda: world.board.boom_is_up("entry-1"), "the entry opens")
    world.pass_through("entry-1", ENTRY)
    until(lambda: bool(world.events("VehiclePassed")), "the passage is told")
    assert world.events("LaneDecided")[-1]["rule"] == "pass"


@pytest.mark.req("GATE-2")
def test_a_tag_of_another_car_goes_to_a_person(world: ReaderWorld) -> None:
    world.tell(*member())
    lane = world.box.lanes["entry-1"]
    assert isinstance(lane, Lane)
    world.move("entry-1", ENTRY, on=True)
    world.uhf["entry-1"].tag_passes(EPC)
    until(lambda: lane.visit is not None and lane.visit.presented != (), "the lane has heard the tag")
    world.cameras["entry-1"].show("苏B99999")
    until(lambda: "credential_mismatch" in [told["reason"] for told in world.events("LaneDecided")], "it is refused")
    assert world.events("LaneDecided")[-1]["rule"] == "evidence_agrees"
    assert world.board.relay_log == []


@pytest.mark.req("GATE-2")
def test_a_tag_read_long_before_the_car_came_is_ignored(world: ReaderWorld) -> None:
    world.tell(*member())
    world.uhf["entry-1"].tag_passes(EPC)  # the car behind: nobody stands at the lane
    gone = datetime.now(UTC) + timedelta(seconds=4)
    until(lambda: datetime.now(UTC) > gone, "its read is old", timeout_s=10)
    world.cameras["entry-1"].show("苏B99999")
    world.move("entry-1", ENTRY, on=True)
    until(lambda: world.board.boom_is_up("entry-1"), "the entry opens for the plate")
    decided = world.events
    until(lambda: bool(decided("LaneDecided")), "it is told")
    assert [one["credential"] for one in decided("LaneDecided")] == [None]


@pytest.mark.req("GATE-2")
def test_a_visitors_code_lets_in_once_and_never_again(world: ReaderWorld) -> None:
    now = datetime.now(UTC)
    world.tell(InvitationRow("inv-7", "host-1", now, now + timedelta(hours=5), None))
    code = world.code(CodeUse.INVITATION, invitation_id="inv-7", lane_id=LaneId("entry-1"))
    world.move("entry-1", ENTRY, on=True)
    world.cameras["entry-1"].show(None)
    world.scanner["entry-1"].code_held_up(code)
    until(lambda: world.board.boom_is_up("entry-1"), "the entry opens")
    world.pass_through("entry-1", ENTRY)
    until(lambda: bool(world.events("CodeUsed")), "the code is used up")
    assert world.events("CodeUsed")[0]["code_id"] == "code-0001"
    until(lambda: world.board.boom_position("entry-1") == 0, "the boom comes down")
    pulses = len(world.board.relay_log)
    world.move("entry-1", ENTRY, on=True)
    world.scanner["entry-1"].code_held_up(code)
    until(lambda: any(one["reason"] == "code_used" for one in world.events("LaneDecided")), "the replay is refused")
    assert len(world.board.relay_log) == pulses


@pytest.mark.req("GATE-2")
def test_a_stay_that_began_without_a_plate_ends_by_its_code(world: ReaderWorld) -> None:
    world.tell(stay())
    world.move("exit-1", EXIT, on=True)
    world.cameras["exit-1"].show(None)
    world.scanner["exit-1"].code_held_up(world.code(CodeUse.EXIT, stay_id=StayId("stay-1")))
    until(lambda: world.board.boom_is_up("exit-1"), "the exit opens")
    world.pass_through("exit-1", EXIT)
    until(lambda: bool(world.events("VehiclePassed")), "the passage is told")
    assert world.events("VehiclePassed")[0]["stay_id"] == "stay-1"


@pytest.mark.req("GATE-2")
def test_a_stay_that_began_by_its_plate_ends_by_its_code_when_the_plate_is_not_read(world: ReaderWorld) -> None:
    world.tell(stay(plate=Plate.parse(PLATE)))
    world.move("exit-1", EXIT, on=True)
    world.cameras["exit-1"].show(None)
    world.scanner["exit-1"].code_held_up(world.code(CodeUse.EXIT, stay_id=StayId("stay-1")))
    until(lambda: world.board.boom_is_up("exit-1"), "the exit opens")


@pytest.mark.req("GATE-2")
def test_a_stay_that_began_by_a_tag_ends_by_the_same_tag_beside_a_doubtful_plate(world: ReaderWorld) -> None:
    world.tell(stay(plate=Plate.parse(PLATE), credentials=(TAG,)))
    world.cameras["exit-1"].show(PLATE.replace("1", "I"))  # read wrongly by one sign: alone, nobody's stay
    world.move("exit-1", EXIT, on=True)
    world.uhf["exit-1"].tag_passes(EPC)
    until(lambda: world.board.boom_is_up("exit-1"), "the exit opens")
    world.pass_through("exit-1", EXIT)
    until(lambda: bool(world.events("VehiclePassed")), "the passage is told")
    assert world.events("VehiclePassed")[0]["stay_id"] == "stay-1"


@pytest.mark.req("GATE-2")
def test_an_unlicensed_car_gets_a_paper_ticket_at_the_entry_and_leaves_by_it_offline(tmp_path: Path) -> None:
    world = ReaderWorld(tmp_path, rules={"no_plate": "admit", "read_deadline_s": 0.5})
    world.start()
    try:
        drive_in_and_out_by_ticket(world)
    finally:
        world.stop()


def drive_in_and_out_by_ticket(world: ReaderWorld) -> None:
    world.cameras["entry-1"].show(None)
    world.move("entry-1", ENTRY, on=True)
    until(lambda: bool(world.printer.printed), "the ticket is printed")
    (ticket,) = world.printer.printed
    assert ticket.code is not None
    until(lambda: world.board.boom_is_up("entry-1"), "the entry opens")
    world.pass_through("entry-1", ENTRY)
    until(lambda: bool(world.events("VehiclePassed")), "the passage is told")
    came_in = world.events("VehiclePassed")[0]
    world.tell(stay(stay_id=StayId(came_in["stay_id"])))
    world.server.stop()
    world.cameras["exit-1"].show(None)
    world.move("exit-1", EXIT, on=True)
    world.scanner["exit-1"].code_held_up(ticket.code)
    until(lambda: world.board.boom_is_up("exit-1"), "the exit opens")
    world.pass_through("exit-1", EXIT)
    world.server.start()
    until(lambda: len(world.events("VehiclePassed")) == 2, "the passage is told")
    assert world.events("VehiclePassed")[1]["stay_id"] == came_in["stay_id"]


@pytest.mark.req("GATE-2")
def test_a_forged_code_is_told_to_the_driver_and_opens_nothing(world: ReaderWorld) -> None:
    world.tell(stay())
    world.move("exit-1", EXIT, on=True)
    world.cameras["exit-1"].show(None)
    code = world.code(CodeUse.EXIT, stay_id=StayId("stay-1"))
    world.scanner["exit-1"].code_held_up(code[:-20] + "A" * 20)
    until(lambda: any(one["reason"] == "code.not_valid" for one in world.events("LaneDecided")), "it is told")
    assert world.board.relay_log == []
