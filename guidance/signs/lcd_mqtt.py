"""An LCD that hangs on an MQTT broker: told as JSON, and believed only when it says itself what is on its glass.

That the broker took a message proves nothing of the sign. What the sign shows grows old by itself (`for_s`): with nobody left to
tell it otherwise it shows dashes.
"""

from __future__ import annotations

import secrets

from guidance.sensors.mqtt_wire import Kind, Message, connect, decode, encode, message_of, publish, subscribe
from guidance.signs.base import VOUCHED_FOR_S, Face, Sign, SignSettings
from guidance.signs.exchange import Answered, Asking, Exchange
from guidance.signs.lcd_wire import FACE, SHOWN, Order, token_of, topic
from guidance.signs.lcd_wire import encode as words_of

KEEP_ALIVE_S = 120  # four repetitions; each is a sign of life


class LcdMqtt:
    """One LCD. Not thread-safe: one keeper talks to it."""

    def __init__(self, settings: SignSettings) -> None:
        self._settings = settings
        self._line = Exchange(settings, self._greet)

    def show(self, face: Face) -> None:
        order = Order(face, VOUCHED_FOR_S, secrets.token_hex(8))
        told = Message(topic(self._settings.site, self._settings.sign, FACE), words_of(order), 1, True, 1)

        def answered(buffer: bytes) -> tuple[bool, int]:
            packet, used = decode(buffer)
            if packet is None or packet.kind != Kind.PUBLISH:
                return False, used
            return token_of(message_of(packet).payload) == order.token, used

        self._line.ask(encode(publish(told)), answered)

    def _greet(self, asking: Asking) -> None:
        asking.ask(encode(connect(f"parking-sign-{self._settings.sign}", KEEP_ALIVE_S)), _answered(Kind.CONNACK))
        shown = topic(self._settings.site, self._settings.sign, SHOWN)
        asking.ask(encode(subscribe(1, shown, qos=0)), _answered(Kind.SUBACK))  # nobody here acknowledges

    def close(self) -> None:
        self._line.close()


def _answered(kind: Kind) -> Answered:
    def answered(buffer: bytes) -> tuple[bool, int]:
        packet, used = decode(buffer)
        if packet is not None and packet.kind == Kind.CONNACK and packet.body[1:2] != b"\x00":
            raise ConnectionRefusedError("the broker refuses us")
        return packet is not None and packet.kind == kind, used

    return answered


_: type[Sign] = LcdMqtt
