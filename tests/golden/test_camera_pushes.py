"""Bytes of cameras as their makers' manuals print them, both ways: pushes that come in, answers and orders that go out."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from parking.gate.cameras import hikvision_wire, vzenith_wire
from parking.gate.cameras.base import (
    Heading,
    HeartBeat,
    InputChanged,
    Noted,
    SerialReceived,
    SmartRead,
    Trigger,
)
from parking.gate.cameras.hikvision_wire import GateMode, GateStatus, IoState
from parking.gate.cameras.vzenith_wire import IoOrder, SerialOrder

pytestmark = pytest.mark.req("LPR-2")

# The maker's example of a result (HTTP push manual, 2.1.1), without the fields that nobody reads.
PLATE = """{"AlarmInfoPlate":{"channel":0,"deviceName":"R5-V1.0","ipaddr":"192.168.55.131","result":{"PlateResult":{
"bright":0,"carColor":255,"colorType":4,"confidence":96,"direction":4,"imageFile":"/9j/4AAQ","imageFileLen":6,
"imageFragmentFile":"","gioouts":[{"ctrltype":0,"ionum":"0"}],"is_fake_plate":0,"isoffline":0,"license":"粤Z9065澳",
"location":{"RECT":{"bottom":674,"left":1002,"right":1263,"top":565}},"plateid":21085,
"timeStamp":{"Timeval":{"decday":9,"dechour":16,"decmin":39,"decmon":6,"decsec":54,"decyear":2023,"sec":1686299994,
"usec":687772}},"timeUsed":0,"triggerType":4,"type":14}},"serialno":"fe71e106-57263272","user_data":""}}"""
OFFLINE = """{"AlarmInfoPlate":{"serialno":"eff50e18-e3d3862b","result":{"PlateResult":{"license":"_无_","confidence":0,
"colorType":0,"type":0,"plateid":123,"isoffline":1,"timeStamp":{"Timeval":{"sec":1441815171,"usec":672241}}}}}}"""
HEART_BEAT = (
    '--c\r\nContent-Disposition: form-data; name="device_name"\r\n\r\nIVS\r\n'
    '--c\r\nContent-Disposition: form-data; name="user_name"\r\n\r\nadmin\r\n'
    '--c\r\nContent-Disposition: form-data; name="pass_wd"\r\n\r\ns3cr3t-pw\r\n'
    '--c\r\nContent-Disposition: form-data; name="serialno"\r\n\r\nd85b1269-8f942256\r\n--c--\r\n'
)


def test_a_vzenith_result_is_read_as_printed() -> None:
    assert vzenith_wire.parse(PLATE.encode()) == SmartRead(
        serial="fe71e106-57263272",
        plate_id=21085,
        plate=vzenith_wire._plate_of("粤Z9065澳"),
        confidence=0.96,
        captured_at=datetime(2023, 6, 9, 8, 39, 54, 687772, tzinfo=UTC),
        colour="black",
        plate_class="macau",
        heading=Heading.APPROACHING,
        trigger=Trigger.SOFTWARE,
        picture=b"\xff\xd8\xff\xe0\x00\x10",
    )


def test_an_offline_record_without_a_plate() -> None:
    read = vzenith_wire.parse(OFFLINE.encode())
    assert isinstance(read, SmartRead)
    assert (read.plate, read.confidence, read.plate_id, read.offline) == (None, 0.0, 123, True)


def test_a_heart_beat_leaves_its_password_behind() -> None:
    beat = vzenith_wire.parse(HEART_BEAT.encode(), "multipart/form-data; boundary=c")
    assert beat == HeartBeat("d85b1269-8f942256")
    assert "s3cr3t" not in repr(beat)
    urlencoded = b"device_name=IVS&pass_wd=s3cr3t-pw&serialno=d85b1269-8f942256&timestamp=1686299994"
    told = datetime(2023, 6, 9, 8, 39, 54, tzinfo=UTC)
    assert vzenith_wire.parse(urlencoded, "application/x-www-form-urlencoded") == HeartBeat("d85b1269-8f942256", told)


@pytest.mark.parametrize(
    ("body", "push"),
    [
        (
            '{"AlarmGioIn":{"deviceName":"IVS","ipaddr":"192.168.109.40","result":{"TriggerResult":{"source":3,"value":1}},'
            '"serialno":"d85b1269-8f942256"}}',
            InputChanged("d85b1269-8f942256", 3, True),
        ),
        (
            '{"AlarmGioIn":{"result":{"TriggerResult":{"source":4,"value":1}},"serialno":"d85b1269-8f942256"}}',
            Noted("d85b1269-8f942256", "trigger"),
        ),
        (
            '{"SerialData":{"channel":0,"serialno":"cead13eb-1a198cd7","serialChannel":0,"data":"Y2guY29tFw==","dataLen":7}}',
            SerialReceived("cead13eb-1a198cd7", 0, b"ch.com\x17"),
        ),
        ('{"ipaddr":"192.168.1.100","TriggerImage":{"imageFile":"Y2gu","imageFileLen":7}}', Noted("", "picture")),
    ],
)
def test_other_messages_of_the_manual(body: str, push: object) -> None:
    assert vzenith_wire.parse(body.encode()) == push


ANSWERS = [
    ({}, '{"info":"no","content":"retransfer_stop","is_pay":"false"}'),
    (
        {"opens": True, "plate_id": 21085},
        '{"info":"ok","content":"retransfer_stop","is_pay":"true","plateid":21085}',
    ),
    (
        {"plate_id": 123, "continue_offline": True},
        '{"info":"no","content":"retransfer_stop","is_pay":"false","plateid":123,'
        '"ContinuePushOffline":{"plateid":123,"continue":1}}',
    ),
    (
        {"io": [IoOrder(0, 2, 500)], "manual_trigger": True},
        '{"info":"no","content":"retransfer_stop","is_pay":"false","ivs_ioctrl":{"io":0,"value":2,"delay":500},"manualTrigger":"ok"}',
    ),
    (
        {"serial": [SerialOrder(0, b"ch.com\x17")], "voice": "欢迎光临"},
        '{"info":"no","content":"retransfer_stop","is_pay":"false",'
        '"serialData":[{"serialChannel":0,"data":"Y2guY29tFw==","dataLen":7}],'
        '"playserver_json_request":{"type":"ps_voice_play","voice":"5qyi6L+O5YWJ5Li0","voice_interval":0,"voice_volume":80,'
        '"voice_male":1}}',
    ),
]


@pytest.mark.parametrize(("said", "body"), ANSWERS)
def test_answers_are_pinned_and_every_one_says_no_or_ok_and_stops_the_resending(
    said: dict[str, object], body: str
) -> None:
    answer = vzenith_wire.encode_reply(**said)  # type: ignore[arg-type]
    assert answer.decode() == f'{{"Response_AlarmInfoPlate":{body}}}'
    assert json.loads(answer)["Response_AlarmInfoPlate"]["content"] == "retransfer_stop"


ANPR = """<?xml version="1.0" encoding="UTF-8"?>
<EventNotificationAlert version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">
<ipAddress>192.168.1.64</ipAddress><protocol>HTTP</protocol><macAddress>C0:56:E3:8A:11:02</macAddress>
<channelID>1</channelID><dateTime>2023-06-09T16:39:54.687+08:00</dateTime><activePostCount>1</activePostCount>
<eventType>ANPR</eventType><eventState>active</eventState><eventDescription>ANPR</eventDescription>
<ANPR><country>7</country><licensePlate>粤B12345</licensePlate><line>1</line><direction>forward</direction>
<confidenceLevel>97</confidenceLevel><plateType>civil</plateType><plateColor>blue</plateColor>
<plateCharBelieve>99,99,61,98,99,99,97</plateCharBelieve><vehicleType>vehicle</vehicleType>
<originalLicensePlate>粤B12345</originalLicensePlate></ANPR><UUID>77</UUID></EventNotificationAlert>"""


def multipart(*parts: tuple[str, str, bytes]) -> bytes:
    out = b""
    for name, kind, body in parts:
        out += f'--MIME\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\nContent-Type: {kind}\r\n\r\n'.encode()
        out += body + b"\r\n"
    return out + b"--MIME--\r\n"


def test_an_anpr_event_with_its_pictures() -> None:
    body = multipart(
        ("anpr.xml", "text/xml", ANPR.encode()),
        ("licensePlatePicture.jpg", "image/jpeg", b"\xff\xd8plate\xff\xd9"),
        ("detectionPicture.jpg", "image/jpeg", b"\xff\xd8car\r\n\xff\xd9"),
    )
    assert hikvision_wire.parse(body, 'multipart/form-data; boundary="MIME"') == SmartRead(
        serial="c0:56:e3:8a:11:02",
        plate_id=77,
        plate=vzenith_wire._plate_of("粤B12345"),
        confidence=0.97,
        captured_at=datetime(2023, 6, 9, 8, 39, 54, 687000, tzinfo=UTC),
        colour="blue",
        plate_class="civil",
        char_confidence=(0.99, 0.99, 0.61, 0.98, 0.99, 0.99, 0.97),
        heading=Heading.APPROACHING,
        trigger=Trigger.AUTO,
        picture=b"\xff\xd8car\r\n\xff\xd9",
        plate_picture=b"\xff\xd8plate\xff\xd9",
    )


@pytest.mark.parametrize("namespace", ["http://www.hikvision.com/ver20/XMLSchema", "urn:psialliance-org", ""])
def test_the_namespace_does_not_matter(namespace: str) -> None:
    told = hikvision_wire.parse(ANPR.replace("http://www.isapi.org/ver20/XMLSchema", namespace).encode())
    assert told == hikvision_wire.parse(ANPR.encode())
    prefixed = ANPR.replace("<", "<h:").replace("<h:/", "</h:").replace("<h:?", "<?").replace("xmlns=", "xmlns:h=")
    assert hikvision_wire.parse(prefixed.encode()) == told


def test_heart_beats_and_inputs_of_isapi() -> None:
    head = ANPR.partition("<eventType>")[0]
    told = datetime(2023, 6, 9, 8, 39, 54, 687000, tzinfo=UTC)
    loss = f"{head}<eventType>videoloss</eventType><eventState>inactive</eventState></EventNotificationAlert>"
    assert hikvision_wire.parse(loss.encode()) == HeartBeat("c0:56:e3:8a:11:02", told)
    io = f"{head}<eventType>IO</eventType><eventState>active</eventState><inputIOPortID>2</inputIOPortID></EventNotificationAlert>"
    assert hikvision_wire.parse(io.encode()) == InputChanged("c0:56:e3:8a:11:02", 1, True)
    other = f"{head}<eventType>linedetection</eventType><eventState>active</eventState></EventNotificationAlert>"
    assert hikvision_wire.parse(other.encode()) == Noted("c0:56:e3:8a:11:02", "another event")


@pytest.mark.req("GATE-1")
def test_orders_and_answers_of_isapi() -> None:
    assert hikvision_wire.encode_gate(GateMode.OPEN) == b"<BarrierGate><ctrlMode>open</ctrlMode></BarrierGate>"
    assert hikvision_wire.gate_path(1) == "/ISAPI/Parking/channels/1/barrierGate"
    assert hikvision_wire.gate_status_path(1) == "/ISAPI/Parking/channels/1/barrierGate/barrierGateStatus"
    assert hikvision_wire.encode_trigger(on=True) == b"<IOPortData><outputState>high</outputState></IOPortData>"
    assert hikvision_wire.encode_pulse_length(1, 700) == (
        b"<IOOutputPort><id>1</id><PowerOnState><defaultState>low</defaultState><outputState>pulse</outputState>"
        b"<pulseDuration>700</pulseDuration></PowerOnState></IOOutputPort>"
    )
    answer = b'<ResponseStatus xmlns="x"><statusCode>1</statusCode><subStatusCode>ok</subStatusCode></ResponseStatus>'
    assert hikvision_wire.decode_answer(answer).accepted
    assert not hikvision_wire.decode_answer(answer.replace(b">1<", b">4<")).accepted
    status = b'<BarrierGateStatus version="2.0" xmlns="x"><barrierGateStatus>2</barrierGateStatus></BarrierGateStatus>'
    assert hikvision_wire.decode_gate_status(status) is GateStatus.OPEN
    ports = (
        b"<IOPortStatusList><IOPortStatus><ioPortID>1</ioPortID><ioPortType>input</ioPortType><ioState>active</ioState>"
        b"</IOPortStatus><IOPortStatus><ioPortID>1</ioPortID><ioPortType>output</ioPortType><ioState>inactive</ioState>"
        b"</IOPortStatus></IOPortStatusList>"
    )
    assert hikvision_wire.decode_io(ports) == IoState({1: True}, {1: False})
