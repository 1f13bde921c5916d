"""One suite for every sign: the memory sign, and the real drivers against simulated boards on real sockets and a broker."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from guidance.signs.base import UNKNOWN_FACE, Colour, Face, FaceKind, Sign, SignGarbled, SignSettings, SignSilent
from guidance.signs.lcd_mqtt import LcdMqtt
from guidance.signs.led_counter import LedCounter, frame_of
from guidance.signs.led_text import LedText
from guidance.signs.memory import MemorySign
from guidance.signs.registry import SIGNS
from hardware_sim.devices.bay_broker import BayBrokerSim
from hardware_sim.devices.lcd import LcdSim
from hardware_sim.devices.sign import SignBox, SignFault
from hardware_sim.devices.text_board import TextBoardBox
from parking.kernel.clock import ManualClock
from parking.kernel.device import DeviceFault, DeviceRefused
from parking.kernel.errors import ParkingError
from tests.builders.guidance import NOON
from tests.builders.mqtt_broker import RealBroker
from tests.builders.plumbing import eventually

SIX = Face(FaceKind.NUMBER, "6", Colour.GREEN, 6)
TWO = Face(FaceKind.NUMBER, "2", Colour.YELLOW, 2)
FULL = Face(FaceKind.FULL, "FULL", Colour.RED)


@dataclass
class Rig:
    """A sign with a look at its face and a way to break and mend it."""

    sign: Sign
    text: Callable[[], str]
    break_it: Callable[[], None]
    mend_it: Callable[[], None]


@pytest.fixture
def box() -> Iterator[SignBox]:
    box = SignBox("sign-b1", ManualClock(NOON), slow_s=60.0)
    box.start()
    yield box
    box.stop()


@pytest.fixture
def led(box: SignBox) -> Iterator[LedCounter]:
    led = LedCounter(SignSettings(box.address, timeout_s=0.5))
    yield led
    led.close()


@pytest.fixture
def board() -> Iterator[TextBoardBox]:
    board = TextBoardBox("sign-b1", ManualClock(NOON), slow_s=60.0)
    board.start()
    yield board
    board.stop()


@pytest.fixture
def broker() -> Iterator[BayBrokerSim]:
    broker = BayBrokerSim("mall", ManualClock(NOON))
    broker.start()
    yield broker
    broker.stop()


@dataclass
class Hung:
    """An LCD on its broker, its clock, and the driver that tells it."""

    lcd: LcdSim
    clock: ManualClock
    driver: LcdMqtt


@pytest.fixture
def hung(broker: BayBrokerSim) -> Iterator[Hung]:
    clock = ManualClock(NOON)
    address = f"127.0.0.1:{broker.port}"
    lcd = LcdSim("mall", "sign-b1", clock, slow_s=60.0)
    lcd.start(address)
    assert lcd.ready.wait(10.0)
    driver = LcdMqtt(SignSettings(address, 0.5, "mall", "sign-b1"))
    yield Hung(lcd, clock, driver)
    driver.close()
    lcd.stop()


@pytest.fixture(params=["memory", "led_counter", "led_text", "led_text_voice", "lcd_mqtt"])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    if request.param == "memory":
        sign = MemorySign()

        def fail(fault: Exception | None) -> Callable[[], None]:
            return lambda: setattr(sign, "fault", fault)

        yield Rig(sign, lambda: sign.face.text if sign.face else "", fail(SignSilent("broken")), fail(None))
        return
    driver: Sign
    if request.param == "lcd_mqtt":
        hung: Hung = request.getfixturevalue("hung")
        lcd, driver = hung.lcd, hung.driver

        def mend() -> None:
            lcd.fault = SignFault.NONE
            assert hung.lcd.ready.wait(10.0)

        yield Rig(driver, lambda: lcd.text, lambda: setattr(lcd, "fault", SignFault.SILENT), mend)
        return
    box: SignBox = request.getfixturevalue("box" if request.param == "led_counter" else "board")
    driver = SIGNS.get(request.param)(SignSettings(box.address, timeout_s=0.5))

    def fault(kind: SignFault) -> Callable[[], None]:
        return lambda: setattr(box, "fault", kind)

    yield Rig(driver, lambda: box.text, fault(SignFault.CUT), fault(SignFault.NONE))
    driver.close()


@pytest.mark.req("GUIDE-1")
@pytest.mark.parametrize("face", [SIX, TWO, FULL, UNKNOWN_FACE], ids=lambda f: f.text)
def test_an_acknowledged_face_is_on_show(rig: Rig, face: Face) -> None:
    rig.sign.show(face)
    assert rig.text() == face.text


def test_the_newest_face_replaces_the_one_before(rig: Rig) -> None:
    for face in (SIX, TWO, FULL, SIX, SIX):
        rig.sign.show(face)
    assert rig.text() == "6"


def test_a_broken_sign_raises_and_a_mended_one_shows_again(rig: Rig) -> None:
    rig.sign.show(SIX)
    rig.break_it()
    with pytest.raises(DeviceFault):
        rig.sign.show(TWO)
    assert rig.text() == "6"
    rig.mend_it()
    rig.sign.show(TWO)
    assert rig.text() == "2"


def test_closing_twice_is_harmless(rig: Rig) -> None:
    rig.sign.show(SIX)
    rig.sign.close()
    rig.sign.close()


# --- what only some can do -------------------------------------------------------------------------------------------


@pytest.fixture(params=["led_counter", "led_text", "lcd_mqtt"])
def faulty(request: pytest.FixtureRequest) -> Iterator[tuple[SignBox | LcdSim, Sign, Callable[[], object]]]:
    if request.param == "lcd_mqtt":
        hung: Hung = request.getfixturevalue("hung")
        yield hung.lcd, hung.driver, lambda: hung.lcd.ready.wait(10.0)
        return
    device: SignBox = request.getfixturevalue("box" if request.param == "led_counter" else "board")
    driver = SIGNS.get(request.param)(SignSettings(device.address, timeout_s=0.5))
    yield device, driver, lambda: True
    driver.close()


@pytest.mark.parametrize("fault", [f for f in SignFault if f is not SignFault.NONE])
def test_a_sign_that_fails_in_any_way_is_never_taken_to_have_shown_it_and_shows_again_once_it_is_over(
    faulty: tuple[SignBox | LcdSim, Sign, Callable[[], object]], fault: SignFault
) -> None:
    device, driver, is_back = faulty
    device.fault = fault
    with pytest.raises(DeviceFault):
        driver.show(SIX)
    assert device.text == ""
    device.fault = SignFault.NONE
    assert is_back()
    driver.show(TWO)
    assert device.text == "2"


@pytest.mark.req("GUIDE-1")
def test_an_lcd_that_nobody_tells_anything_any_more_goes_to_dashes_by_itself(hung: Hung) -> None:
    hung.driver.show(SIX)
    assert hung.lcd.text == "6"
    hung.clock.advance(timedelta(seconds=91))
    assert hung.lcd.text == "----"
    hung.driver.show(SIX)
    assert hung.lcd.text == "6"


def test_a_broker_that_took_the_message_proves_nothing_of_the_lcd(hung: Hung) -> None:
    hung.lcd.stop()
    with pytest.raises(SignSilent, match="no answer in time"):
        hung.driver.show(SIX)


@pytest.mark.req("GUIDE-1")
def test_an_lcd_on_a_real_broker_shows_what_it_is_told_and_again_after_the_broker_was_away(
    real_broker: RealBroker,
) -> None:
    real_broker.start()
    address = f"127.0.0.1:{real_broker.port}"
    lcd = LcdSim("mall", "sign-b1", ManualClock(NOON))
    lcd.start(address)
    assert lcd.ready.wait(10.0)
    driver = LcdMqtt(SignSettings(address, 5.0, "mall", "sign-b1"))
    driver.show(SIX)
    assert lcd.text == "6"
    real_broker.stop()
    with pytest.raises(SignSilent):
        driver.show(TWO)
    eventually(lambda: not lcd.ready.is_set())
    real_broker.start()
    assert lcd.ready.wait(10.0)
    driver.show(TWO)
    assert lcd.text == "2"
    driver.close()
    lcd.stop()


@pytest.mark.req("GUIDE-1")
def test_an_lcd_that_wants_its_words_acknowledged_is_heard_however_often_it_speaks(real_broker: RealBroker) -> None:
    real_broker.start()
    address = f"127.0.0.1:{real_broker.port}"
    lcd = LcdSim("mall", "sign-b1", ManualClock(NOON), qos=1)
    lcd.start(address)
    assert lcd.ready.wait(10.0)
    driver = LcdMqtt(SignSettings(address, 2.0, "mall", "sign-b1"))
    for _ in range(25):  # a broker lets twenty wait to be acknowledged
        driver.show(SIX)
    driver.close()
    lcd.stop()


def test_an_lcd_that_hangs_on_another_topic_shows_nothing_of_it(hung: Hung, broker: BayBrokerSim) -> None:
    other = LcdMqtt(SignSettings(f"127.0.0.1:{broker.port}", 0.3, "mall", "sign-b2"))
    with pytest.raises(SignSilent):
        other.show(SIX)
    other.close()
    assert hung.lcd.text == ""


def test_a_board_with_a_voice_says_once_that_it_is_full_and_one_without_never(board: TextBoardBox) -> None:
    full = Face(FaceKind.FULL, "车位已满", Colour.RED)
    voice = SIGNS.get("led_text_voice")(SignSettings(board.address, timeout_s=1.0))
    for face in (SIX, full, full, TWO, full, UNKNOWN_FACE):
        voice.show(face)
    voice.close()
    assert board.spoken == ("车位已满", "车位已满")
    mute = SIGNS.get("led_text")(SignSettings(board.address, timeout_s=1.0))
    for face in (SIX, full):
        mute.show(face)
    mute.close()
    assert board.text == "车位已满"
    assert len(board.spoken) == 2


def test_a_word_that_no_board_can_write_is_refused_and_the_board_keeps_its_face(board: TextBoardBox) -> None:
    text = LedText(SignSettings(board.address, timeout_s=1.0))
    text.show(SIX)
    for word in ("满\N{AUTOMOBILE}", "满" * 130):
        with pytest.raises(DeviceRefused, match="no board can show this"):
            text.show(Face(FaceKind.FULL, word, Colour.RED))
    assert board.text == "6"
    text.close()


# --- the LED counter's own ways to fail ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "raises"),
    [
        (SignFault.SILENT, SignSilent),
        (SignFault.SLOW, SignSilent),
        (SignFault.CUT, SignSilent),
        (SignFault.GARBAGE, SignGarbled),
    ],
)
def test_every_fault_is_raised_within_the_deadline_and_forgotten_when_it_is_over(
    box: SignBox, led: LedCounter, fault: SignFault, raises: type[DeviceFault]
) -> None:
    box.fault = fault
    with pytest.raises(raises):
        led.show(SIX)
    box.fault = SignFault.NONE
    led.show(TWO)
    assert box.text == "2"


def test_a_sign_that_restarted_is_told_over_a_new_connection(box: SignBox, led: LedCounter) -> None:
    led.show(SIX)
    port = int(box.address.rpartition(":")[2])
    box.stop()
    assert box.text == ""
    box.start(port=port)
    led.show(TWO)
    assert box.text == "2"


def test_a_sign_that_is_not_there_is_silent(box: SignBox, led: LedCounter) -> None:
    box.stop()
    with pytest.raises(SignSilent, match="refused"):
        led.show(SIX)


def test_an_answer_to_another_frame_is_garbled_even_if_it_is_well_formed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def parrot() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(64)
                connection.sendall(bytes.fromhex("2A 00 78 03 01 A6 0A"))

        thread = threading.Thread(target=parrot)
        thread.start()
        led = LedCounter(SignSettings(f"127.0.0.1:{server.getsockname()[1]}", timeout_s=5.0))
        with pytest.raises(SignGarbled, match="2a 00 78 03"):
            led.show(SIX)
        thread.join()


def test_an_answer_in_pieces_is_put_together() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def dribble() -> None:
            connection, _ = server.accept()
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                raw = connection.recv(64)
                answer = bytes((0x2A, *raw[1:5], raw[5] - 0x10, 0x0A))
                for byte in answer:
                    connection.sendall(bytes((byte,)))
                connection.recv(64)  # until the other side hangs up

        thread = threading.Thread(target=dribble)
        thread.start()
        led = LedCounter(SignSettings(f"127.0.0.1:{server.getsockname()[1]}", timeout_s=5.0))
        led.show(SIX)
        led.close()
        thread.join()


def test_the_box_reads_frames_in_pieces_and_skips_noise(box: SignBox) -> None:
    host, port = box.address.split(":")
    with socket.create_connection((host, int(port)), timeout=5.0) as client:
        client.sendall(bytes.fromhex("FF 00 3A 00 1E"))
        client.sendall(bytes.fromhex("00 01 59 0A"))
        assert client.recv(64) == bytes.fromhex("2A 00 1E 00 01 49 0A")
    assert [(s.text, s.colour, s.at) for s in box.log] == [("30", Colour.GREEN, NOON)]


def test_numbers_beyond_the_digits_are_cut_not_scrambled() -> None:
    many = Face(FaceKind.NUMBER, "12000", Colour.GREEN, 12000)
    assert frame_of(many).count == 9999


def test_a_number_that_a_board_shows_as_nothing_can_be_chosen() -> None:
    assert frame_of(UNKNOWN_FACE, no_number=20000).count == 20000


@pytest.mark.parametrize("address", ["", "sign", "sign:", ":502", "sign:0", "sign:70000", "sign:5o2"])
def test_an_address_that_is_none_is_refused_before_anything_is_sent(address: str) -> None:
    with pytest.raises(ParkingError, match="not host:port"):
        LedCounter(SignSettings(address))


def test_the_registry_knows_the_drivers_by_name() -> None:
    assert set(SIGNS) == {"lcd_mqtt", "led_counter", "led_text", "led_text_voice", "memory"}
    with pytest.raises(ParkingError, match="known: lcd_mqtt, led_counter, led_text, led_text_voice, memory"):
        SIGNS.get("neon")
