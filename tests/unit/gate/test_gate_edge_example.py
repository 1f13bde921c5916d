"""The commented example of the docs is a right configuration, and shows every setting that there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from parking.access.facts import AntiPassback
from parking.bootstrap import device_settings, edge_settings, lane_settings, reader_settings
from parking.gate.credentials.registry import READERS

EXAMPLE = Path(__file__).parents[3] / "docs" / "edge.example.yaml"
SECTIONS: tuple[type[BaseModel], ...] = (
    edge_settings.EdgeSettings,
    edge_settings.PushSettings,
    lane_settings.BarrierLaneSettings,
    lane_settings.RelaySection,
    lane_settings.LoopSettings,
    lane_settings.RuleSettings,
    lane_settings.HelpSettings,
    lane_settings.AlarmSettings,
    device_settings.CameraSettings,
    device_settings.SmartCameraSection,
    device_settings.ModbusBoardSettings,
    device_settings.HttpBoardSettings,
    device_settings.GpioBoardSettings,
    device_settings.VzenithBoardSettings,
    device_settings.HikvisionBoardSettings,
    reader_settings.ReaderSettings,
    reader_settings.SharedReaderSettings,
    reader_settings.PrinterSettings,
)


@pytest.fixture
def example(tmp_path: Path) -> edge_settings.EdgeSettings:
    """The file, with the keys of readers that it names."""
    keys = tmp_path / "keys"
    keys.mkdir()
    tag = {
        "tag": "a1b2c3d4e5f60718",
        "key": "3f1c9a7be2d04586b1e7720c95ad18f4",
        "zero_s": 1_700_000_000,
        "exponent": 10,
    }
    (keys / "osdp.key").write_text(str(tag["key"]))
    (keys / "tags.jsonl").write_text(json.dumps(tag))
    for secret in keys.iterdir():
        secret.chmod(0o600)
    (tmp_path / "edge.yaml").write_text(EXAMPLE.read_text())
    return edge_settings.load(tmp_path / "edge.yaml")


def test_it_has_a_lane_of_every_kind(example: edge_settings.EdgeSettings) -> None:
    kinds = [lane.relay.kind for lane in example.barriers]
    assert kinds == ["modbus_tcp", "modbus_tcp", "vzenith", "hikvision", "http_relay", "gpio"]
    assert {lane.camera.kind for lane in example.barriers} == {"rtsp", "mjpeg", "vzenith", "hikvision"}
    assert {reader.kind for _, reader in example.reader_names} == set(READERS) - {"memory"}
    assert example.barriers[0].lane().rules.anti_passback is AntiPassback.TIMED
    assert (example.barriers[1].loops.wiring().fire, example.barriers[1].lane().joins_in_fire) == (9, True)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_it_shows_every_setting(section: type[BaseModel]) -> None:
    text = EXAMPLE.read_text()
    names = {field.alias or name for name, field in section.model_fields.items()} - {"board", "id"}
    assert {name for name in names if not re.search(rf"\b{name}:", text)} == set()
