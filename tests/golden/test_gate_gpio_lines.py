"""What a GPIO board and the keeper of its lines say to each other, pinned both ways."""

from __future__ import annotations

import pytest

from parking.gate.relays import gpio_wire as wire
from parking.gate.relays.gpio_chip import LineRequest
from parking.gate.relays.gpio_wire import Failed, Hold, Levels, MalformedLine, Pulse, Read, Refused

pytestmark = pytest.mark.req("GATE-1")
QUESTIONS: list[tuple[bytes, wire.Question]] = [
    (b'{"id":1,"ask":"read"}\n', Read(1)),
    (b'{"id":2,"ask":"hold","coil":3,"on":true}\n', Hold(2, 3, True)),
    (b'{"id":65535,"ask":"pulse","coil":0,"ms":500}\n', Pulse(65535, 0, 500)),
    (b'{"id":4,"ask":"pulse","coil":0,"ms":500,"not_after_s":12.5}\n', Pulse(4, 0, 500, 12.5)),
]
ANSWERS: list[tuple[bytes, wire.Answer]] = [
    (b'{"id":1,"inputs":[0,1],"coils":[1,0]}\n', Levels(1, (False, True), (True, False))),
    (b'{"id":2,"inputs":[],"coils":[]}\n', Levels(2, (), ())),
    (b'{"id":3,"failed":"the chip fails"}\n', Failed(3, "the chip fails")),
    (b'{"id":0,"refused":"another program commands these lines"}\n', Refused(0, "another program commands these lines")),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "question"), QUESTIONS)
def test_questions_are_pinned_both_ways(raw: bytes, question: wire.Question) -> None:
    assert wire.encode_question(question) == raw
    assert wire.parse_question(raw) == question


@pytest.mark.parametrize(("raw", "answer"), ANSWERS)
def test_answers_are_pinned_both_ways(raw: bytes, answer: wire.Answer) -> None:
    assert wire.encode_answer(answer) == raw
    assert wire.parse_answer(raw) == answer


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{}", b"[]", b"7", b"\xff", b"[" * 4000, b"x" * 5000, b'{"id":-1,"ask":"read"}', b'{"id":true,"ask":"read"}',
        b'{"id":1,"ask":"read","coil":0}', b'{"id":1,"ask":"hold","coil":0}', b'{"id":1,"ask":"hold","coil":0,"on":1}',
        b'{"id":1,"ask":"hold","coil":64,"on":true}', b'{"id":1,"ask":"hold","coil":-1,"on":true}',
        b'{"id":1,"ask":"pulse","coil":0}', b'{"id":1,"ask":"pulse","coil":0,"ms":true}',
        b'{"id":1,"ask":"pulse","coil":0,"ms":500,"not_after_s":NaN}', b'{"id":1,"ask":"pulse","coil":0,"ms":500,"not_after_s":"1"}',
        b'{"id":1,"ask":"toggle","coil":0}',
    ],
)  # fmt: skip
def test_what_is_no_question_is_malformed(raw: bytes) -> None:
    with pytest.raises(MalformedLine):
        wire.parse_question(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{}", b'{"id":1}', b'{"id":1,"inputs":[0]}', b'{"id":1,"inputs":[2],"coils":[]}', b'{"id":1,"inputs":[true],"coils":[]}',
        b'{"id":1,"inputs":"01","coils":[]}', b'{"id":1,"failed":7}', b'{"id":1,"failed":"x","refused":"y"}',
    ],
)  # fmt: skip
def test_what_is_no_answer_is_malformed(raw: bytes) -> None:
    with pytest.raises(MalformedLine):
        wire.parse_answer(raw)


def test_a_request_survives_the_way_to_the_keepers_process() -> None:
    request = LineRequest("/dev/gpiochip0", (4, 17), (22,), coils_active_low=True)
    assert LineRequest.from_json(request.to_json()) == request
