"""A card reader is believed through its secure channel alone: in clear, with another key, replayed or forged, it says nothing."""

from __future__ import annotations

import importlib
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hardware_sim.devices.osdp_reader import DEFAULT_KEY, OsdpReaderSim
from parking.gate.credentials.osdp_payload import RAW, TEXT, CardRead, credential_of
from parking.gate.credentials.osdp_reader import OsdpSettings, load_key
from parking.kernel.device import Health
from parking.kernel.errors import ParkingError
from tests.builders.credential_readers import CARD_KEY, ReaderWorld, card, link, osdp_world, until

OTHER_KEY = bytes.fromhex("00112233445566778899aabbccddee01")


@pytest.fixture
def world() -> Iterator[ReaderWorld]:
    world = osdp_world()
    yield world
    world.stop()


@pytest.mark.req("GATE-2")
@pytest.mark.parametrize("changes", [{"clear": True}, {"key": DEFAULT_KEY}, {"key": OTHER_KEY}], ids=str)
def test_a_reader_without_our_channel_is_faulty_and_its_cards_are_never_taken(changes: dict[str, object]) -> None:
    world = osdp_world(**changes)
    device = world.device
    assert device is not None
    try:
        world.hold_up(1, 5)
        world.reader.start()
        until(lambda: device.connections > 1, "the line is given up and tried again")
        report = world.reader.health()
        assert report.health is Health.FAULTY
        assert "secure channel" in report.detail
        assert world.reader.drain() == []
    finally:
        world.stop()


@pytest.mark.req("GATE-2")
def test_a_reply_that_is_played_again_opens_nothing_and_breaks_the_channel(world: ReaderWorld) -> None:
    device = world.device
    assert isinstance(device, OsdpReaderSim)
    world.begin()
    world.hold_up(1, 1)
    world.take(1)
    device.replay = True
    until(lambda: device.replayed > 3, "replies are played again")
    device.replay = False
    world.until_reading()
    assert world.reader.drain() == []
    world.hold_up(2, 1)
    assert [presented.credential for presented in world.take(2)] == [world.expected(1), world.expected(2)]


def test_a_card_in_a_forged_reply_is_not_taken(world: ReaderWorld) -> None:
    device = world.device
    assert isinstance(device, OsdpReaderSim)
    world.begin()
    device.forge = True
    world.hold_up(1, 1)
    until(lambda: world.reader.health().health is not Health.OK, "the channel is lost")
    assert world.reader.drain() == []
    device.forge = False
    world.until_reading()
    world.hold_up(2, 1)
    assert world.expected(2) in {presented.credential for presented in world.take(1)}


def test_cards_of_other_lengths_and_kinds_come_through_with_their_bits(world: ReaderWorld) -> None:
    device = world.device
    assert isinstance(device, OsdpReaderSim)
    world.begin()
    device.card_held_up(CardRead(1, RAW, 32, bytes.fromhex("00000abc")))
    device.card_held_up(CardRead(0, RAW, 56, bytes.fromhex("04a1b2c3d4e5f6")))
    got = world.take(2)
    assert [(p.credential.value, p.antenna) for p in got] == [("2000000ABC", 2), ("3804A1B2C3D4E5F6", 1)]


@pytest.mark.req("GATE-2")
def test_two_readers_on_one_line_are_told_apart_and_one_that_is_gone_does_not_silence_the_other() -> None:
    world = osdp_world(addresses=(5, 9))
    device = world.device
    assert isinstance(device, OsdpReaderSim)
    try:
        world.begin()
        device.card_held_up(card(1), address=9)
        device.card_held_up(card(2), address=5)
        assert {(p.credential, p.antenna) for p in world.take(2)} == {(world.expected(1), 2), (world.expected(2), 1)}
        device.addresses.discard(9)
        until(lambda: "address 9" in world.reader.health().detail, "the one that is gone is named")
        assert world.reader.health().health is Health.FAULTY
        device.card_held_up(card(3), address=5)
        world.take(3)
        assert world.got[2].credential == world.expected(3)
    finally:
        world.stop()


@pytest.mark.req("GATE-2")
def test_a_card_that_the_reader_kept_while_the_line_was_away_opens_nothing_until_it_is_held_up_again(
    world: ReaderWorld,
) -> None:
    world.begin()
    assert world.device is not None
    world.device.stop()
    until(lambda: world.reader.health().health is Health.SILENT, "the reader is missed")
    world.hold_up(1, 1)
    world.device.start()
    (kept,) = world.take(1)
    assert (kept.credential, kept.refused) == (world.expected(1), "reader.late")
    world.until_reading()
    world.hold_up(1, 1)
    assert [presented.refused for presented in world.take(2)] == ["reader.late", ""]


def test_a_line_that_is_given_up_leaves_no_control_panel_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    osdp: Any = importlib.import_module("osdp")
    panels: list[weakref.ref[object]] = []

    class Panel(osdp.ControlPanel):  # type: ignore[misc]
        def __init__(self, *arguments: object, **values: object) -> None:
            super().__init__(*arguments, **values)
            panels.append(weakref.ref(self))

    monkeypatch.setattr(osdp, "ControlPanel", Panel)
    world = osdp_world()
    try:
        world.begin()
        assert world.device is not None
        world.device.hang_up()
        until(lambda: len(panels) > 1, "a new panel")
        until(
            lambda: panels[0]() is None, "the first is freed"
        )  # without it, a reader with a wrong key fills the box in months
    finally:
        world.stop()


def test_a_card_of_fewer_bits_never_passes_for_one_of_more() -> None:
    short = credential_of(CardRead(0, RAW, 24, bytes.fromhex("000abc")))
    long = credential_of(CardRead(0, RAW, 32, bytes.fromhex("00000abc")))
    text = credential_of(CardRead(0, TEXT, 0, b"\x00\x0a\xbc"))
    assert len({short, long, text}) == 3


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"key": DEFAULT_KEY}, "key"),
        ({"key": bytes(16)}, "key"),
        ({"key": b"\xff" * 16}, "key"),
        ({"key": bytes(range(16))}, "key"),
        ({"key": bytes(range(16, 0, -1))}, "key"),
        ({"key": CARD_KEY[:15]}, "key"),
        ({"secure": False}, "secure"),
        ({"install_mode": True}, "install_mode"),
        ({"addresses": (127,)}, "addresses"),
        ({"addresses": ()}, "addresses"),
        ({"addresses": (1, 1)}, "addresses"),
        ({"addresses": tuple(range(17))}, "addresses"),
        ({"secure_s": 0.1}, "secure_s"),
    ],
)
@pytest.mark.req("GATE-2")
def test_an_unsafe_reader_cannot_be_configured(changes: dict[str, object], field: str) -> None:
    given: dict[str, object] = {"link": link(4000), "key": CARD_KEY, **changes}
    with pytest.raises(ParkingError) as caught:
        OsdpSettings(**given)  # type: ignore[arg-type]
    assert caught.value.field == field
    assert CARD_KEY.hex() not in str(caught.value)


def test_the_key_is_not_in_the_settings_text() -> None:
    text = repr(OsdpSettings(link(4000), CARD_KEY))
    assert CARD_KEY.hex() not in text
    assert str(CARD_KEY) not in text


@pytest.mark.parametrize(
    ("content", "mode", "why"),
    [
        (CARD_KEY.hex(), 0o644, "chmod 600"),
        ("not hex at all", 0o600, "32 hex digits"),
        (CARD_KEY.hex()[:30], 0o600, "32 hex digits"),
        (None, 0o600, "cannot be read"),
    ],
)
def test_a_key_file_that_is_open_or_wrong_is_refused_without_showing_it(
    tmp_path: Path, content: str | None, mode: int, why: str
) -> None:
    path = tmp_path / "reader.key"
    if content is not None:
        path.write_text(content)
        path.chmod(mode)
    with pytest.raises(ParkingError, match=why) as caught:
        load_key(path)
    assert content is None or content not in str(caught.value)


def test_a_good_key_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "reader.key"
    path.write_text(CARD_KEY.hex().upper() + "\n")
    path.chmod(0o600)
    assert load_key(path) == CARD_KEY


def test_the_simulated_card_is_the_printed_one(world: ReaderWorld) -> None:
    assert credential_of(card(4321)) == world.expected(4321)
