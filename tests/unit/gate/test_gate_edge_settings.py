"""edge.yaml: what is wrong or dangerous is refused with the key that it stands under."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from parking.bootstrap import edge_settings
from parking.gate.model import BarrierConfig, Closing, LaneConfig
from parking.kernel.errors import ParkingError
from parking.kernel.events import Direction

BOMB = "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10))])
LANE: dict[str, Any] = {
    "id": "entry-1",
    "kind": "entry",
    "camera": {"kind": "mjpeg", "url": "http://127.0.0.1/stream"},
    "relay": {"host": "10.0.0.9", "open_coil": 0, "close_coil": 1},
    "loops": {"presence": 0, "safety": 1},
}
RAMP: dict[str, Any] = {
    "id": "ramp-1", "kind": "ramp", "from": "b1", "to": "b2",
    "relay": {"host": "10.0.0.9"}, "loops": {"first": 4, "second": 5},
}  # fmt: skip
GOOD: dict[str, Any] = {
    "device": "edge-1",
    "site": "mall",
    "server": "http://127.0.0.1:8000",
    "journal": "edge.db",
    "key": "keys/edge.pem",
    "server_key": "keys/server.pub",
    "lanes": [LANE, RAMP],
}


GPIO: dict[str, Any] = {"kind": "gpio", "coil_lines": [17, 27], "input_lines": [5, 6], "open_coil": 0, "close_coil": 1}
HTTP: dict[str, Any] = {"kind": "http_relay", "host": "10.0.0.8", "open_coil": 0}
HIKVISION: dict[str, Any] = {"kind": "hikvision", "host": "10.0.0.7", "open_coil": 0, "password": "p"}
SHARED: dict[str, Any] = {"kind": "uhf_llrp", "id": "roof", "host": "h", "lanes": {1: "entry-1", 2: "exit-9"}}
VZENITH: dict[str, Any] = {"kind": "vzenith", "device": "cam-1", "secret": "0123456789abcdef"}


def load(tmp_path: Path, plain: Any) -> edge_settings.EdgeSettings:
    path = tmp_path / "edge.yaml"
    path.write_text(plain if isinstance(plain, str) else yaml.safe_dump(plain))
    return edge_settings.load(path)


def with_lane(**changes: Any) -> dict[str, Any]:
    return {**GOOD, "lanes": [{**LANE, **changes}]}


def test_a_good_file_is_a_lane_a_ramp_and_paths_beside_it(tmp_path: Path) -> None:
    settings = load(tmp_path, GOOD)
    entry, ramp = settings.lanes
    assert isinstance(entry, edge_settings.BarrierLaneSettings)
    assert isinstance(ramp, edge_settings.RampLaneSettings)
    assert entry.lane() == LaneConfig(entry.lane().lane_id, Direction.IN)
    assert entry.relay.barrier() == BarrierConfig(open_coil=0, close_coil=1)
    assert entry.relay.board() == ramp.relay.board()
    assert (ramp.ramp().from_zone, ramp.loops.wiring().presence) == ("b1", 4)
    assert settings.journal == tmp_path / "edge.db"


def test_a_journal_that_is_another_file_of_the_box_is_refused_before_it_is_set_aside(tmp_path: Path) -> None:
    with pytest.raises(ParkingError, match="journal: is another file of this box"):
        load(tmp_path, {**GOOD, "journal": GOOD["key"]})


def test_closing_by_software_with_a_declared_interlock_is_accepted(tmp_path: Path) -> None:
    relay = {**LANE["relay"], "closing": "software", "hardware_interlock": True}
    (lane,) = load(tmp_path, with_lane(relay=relay)).lanes
    assert isinstance(lane, edge_settings.BarrierLaneSettings)
    assert lane.relay.barrier().closing is Closing.SOFTWARE


BAD: list[tuple[Any, str]] = [
    ({**GOOD, "device": ""}, "device"),
    ({**GOOD, "server": "ftp://x"}, "server"),
    ({**GOOD, "server": "http://[::1"}, "server: is no address"),
    ({**GOOD, "server": "http://10.0.0.2:80000"}, "server: is no address: its port is 1 to 65535"),
    ({**GOOD, "sever": "typing mistake"}, "sever"),
    ({key: value for key, value in GOOD.items() if key != "key"}, "key: Field required"),
    ({**GOOD, "lanes": []}, "lanes"),
    ({**GOOD, "lanes": [LANE, LANE]}, "entry-1 is there twice"),
    (with_lane(kind="gate"), "lanes.0"),
    (with_lane(relay={**LANE["relay"], "closing": "software"}), "hardware_interlock"),
    (
        with_lane(relay={**LANE["relay"], "closing": "software", "hardware_interlock": True, "close_coil": None}),
        "close_coil",
    ),
    (with_lane(relay={**LANE["relay"], "close_coil": 0}), "lanes.0.relay"),
    (with_lane(relay={**LANE["relay"], "open_coil": 8}), "open_coil"),
    (with_lane(relay={**LANE["relay"], "kind": "abacus"}), "lanes.0.relay: kind: should be modbus_tcp"),
    (with_lane(relay={**LANE["relay"], "kind": "gpio"}), "lanes.0.relay.coil_lines: Field required"),
    (with_lane(relay={**GPIO, "coils": 8}), "lanes.0.relay: coils, inputs: a GPIO chip has as many"),
    (with_lane(relay={**GPIO, "open_coil": 2}), "open_coil: the board has coils 0 to 1"),
    (with_lane(relay={**LANE["relay"], "chip": "/dev/gpiochip0"}), "lanes.0.relay.chip"),
    (with_lane(relay={**LANE["relay"], "password": "x"}), "lanes.0.relay.password"),
    (with_lane(relay={**HTTP, "password_file": "nowhere.txt"}), "password_file: cannot be read"),
    (with_lane(relay={**HTTP, "password": "a", "password_file": "b"}), "password_file: the value itself is there too"),
    (with_lane(relay={**HIKVISION, "password": None}), "lanes.0.relay.password"),
    (with_lane(relay={"kind": "vzenith", "device": "cam-9", "open_coil": 0}), "no vzenith camera cam-9"),
    (with_lane(camera={"kind": "telescope"}), "lanes.0.camera"),
    (with_lane(camera={"kind": "mjpeg"}), "lanes.0.camera.url"),
    (
        with_lane(camera={**LANE["camera"], "recognition": {"detect_side": 480}}),
        "lanes.0.camera.recognition: detect_side: is not a setting",
    ),
    (
        with_lane(camera={**LANE["camera"], "recognition": {"detect_side_px": -3}}),
        "lanes.0.camera.recognition: detect_side_px",
    ),
    (with_lane(camera=VZENITH), "push: camera cam-1 pushes; say where this box listens"),
    ({**GOOD, "push": {}, "lanes": [{**LANE, "camera": {**VZENITH, "secret": "short"}}]}, "lanes.0.camera.secret"),
    ({**GOOD, "push": {}, "lanes": [{**LANE, "camera": {**VZENITH, "votes": 0}}]}, "lanes.0.camera.votes"),
    (
        {**GOOD, "push": {}, "lanes": [{**LANE, "camera": {**VZENITH, "sources": ["10.0.1.x"]}}]},
        "lanes.0.camera.sources: '10.0.1.x' does not appear to be",
    ),
    ({**GOOD, "push": {"port": 0}}, "push.port"),
    ({**GOOD, "push": {"certificate": "c.pem"}}, "certificate and private_key go together"),
    (
        with_lane(readers=[{"kind": "nose", "host": "h", "port": 1}]),
        "lanes.0.readers.0.kind: no credential_reader called",
    ),
    (with_lane(readers=[{"kind": "uhf_llrp"}]), "lanes.0.readers.0: host: should be present"),
    (with_lane(readers=[{"kind": "uhf_llrp", "host": "h", "antennas": [0]}]), "lanes.0.readers.0: antennas"),
    (with_lane(readers=[{"kind": "uhf_llrp", "host": "h", "key": "x"}]), "lanes.0.readers.0: key"),
    (with_lane(readers=[{"kind": "uhf_llrp", "host": "h"}] * 2), "readers: entry-1-uhf_llrp is there twice"),
    ({**GOOD, "readers": [SHARED]}, "readers.roof.lanes: there is no lane exit-9"),
    ({**GOOD, "readers": [{**SHARED, "id": None}]}, "readers.0.id"),
    (with_lane(readers=[{"kind": "osdp", "host": "h", "port": 1, "key_file": "no.key"}]), "no.key: cannot be read"),
    (with_lane(loops={"presence": 0, "safety": 0}), "lanes.0.loops: input 0 is there twice"),
    (with_lane(loops={"presence": 0, "safety": 9}), "input 9: the board has inputs 0 to 7"),
    (with_lane(help={"weather": {"action": "call"}}), "lanes.0.help.weather"),
    (with_lane(help={"camera": {"action": "pray"}}), "lanes.0.help.camera.action"),
    (with_lane(help={"camera": {"action": "open_with_debt"}}), "an entry can only call a person"),
    (with_lane(kind="exit", help={"camera": {"action": "call"}}), "an exit is never a dead end"),
    (with_lane(kind="exit", help={"camera": {"action": "call", "open_after_s": 1}}), "help.camera: open_after_s"),
    (with_lane(rules={"anti_passback": "maybe"}), "lanes.0.rules.anti_passback"),
    (with_lane(rules={"alone": ["handshake"]}), "lanes.0.rules.alone"),
    (with_lane(alarms={"turn_backs": -1}), "lanes.0.alarms.turn_backs"),
    ({**GOOD, "lanes": [LANE, {**LANE, "id": "entry-2"}]}, "entry-1 and entry-2 are both on input 0"),
    (with_lane(relay={**LANE["relay"], "pulse_ms": 60000}), "lanes.0.relay.pulse_ms"),
    (with_lane(relay={**LANE["relay"], "port": "many"}), "lanes.0.relay.port"),
    (with_lane(loops={"presence": 0}), "lanes.0.loops.safety"),
    (with_lane(timings={"permit": 3}), "permit is not a timing"),
    (with_lane(rules={"no_plate": "guess"}), "lanes.0.rules.no_plate"),
    ({**GOOD, "lanes": [{**RAMP, "to": None}]}, "lanes.0.to"),
    ("lanes: [", "line 1: is not YAML"),
    ("[" * 20_000, "is not YAML"),
    ("just text", "should hold keys and values"),
    ("lanes: &all [*all]", "is not YAML"),
    ("device: 2026-13-45", "is not YAML"),
    (BOMB, "too many values"),
]


@pytest.mark.parametrize(("plain", "complaint"), BAD, ids=[complaint for _, complaint in BAD])
def test_what_is_wrong_is_named_with_its_key(tmp_path: Path, plain: Any, complaint: str) -> None:
    with pytest.raises(ParkingError) as refused:
        load(tmp_path, plain)
    assert complaint in str(refused.value)
    assert "edge.yaml" in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ParkingError, match=r"nothing\.yaml: cannot be read"):
        edge_settings.load(tmp_path / "nothing.yaml")


@pytest.mark.parametrize(
    "make",
    [
        lambda: BarrierConfig(open_coil=0, close_coil=1, closing=Closing.SOFTWARE),
        lambda: BarrierConfig(open_coil=0, closing=Closing.SOFTWARE, hardware_interlock=True),
        lambda: BarrierConfig(open_coil=0, close_coil=0),
    ],
)
@pytest.mark.req("GATE-1")
def test_a_dangerous_barrier_cannot_be_built_at_all(make: Callable[[], BarrierConfig]) -> None:
    with pytest.raises(ParkingError):
        make()
