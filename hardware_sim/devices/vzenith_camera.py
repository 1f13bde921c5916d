"""A Vzenith-like plate camera on real sockets: it pushes JSON, beats its heart with its password in it, polls, and obeys the answers.

What it does with an answer is what the maker's manual says: "ok" pulses output 0, `ivs_ioctrl` switches one, without `retransfer_stop`
it sends again, and without `ContinuePushOffline` it keeps its offline records. Faults are attributes; time and pictures are handed in.
"""

from __future__ import annotations

import base64
import http.client
import json
import threading
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from hardware_sim.devices.barrier import BarrierWiring
from hardware_sim.devices.camera_outputs import CameraOutputs
from parking.kernel.clock import Clock

PASSWORD = "camera-pass-7391"  # noqa: S105 - what the heart-beat carries, and nobody may keep
_OUTPUTS = _INPUTS = 4
_GATE_PULSE_MS = 500
_PATIENCE_S = 5.0
_RETRIES = 4
_MOST_OFFLINE = 9_000


@dataclass(slots=True)
class VzenithFaults:
    """What may be wrong with it."""

    gone: bool = False
    """No power: nothing is sent."""
    network_down: bool = False
    """Nothing gets through; reads become offline records."""
    lost_answers: int = 0
    """So many coming answers are obeyed, but the camera hangs before it asks again."""
    deaf_answers: int = 0
    """So many coming answers never reach it."""
    clock_off_s: float = 0.0
    late_s: float = 0.0
    """Its reads were captured so long before they are pushed."""
    duplicates: int = 0
    """So many further times each read is pushed."""
    ignores_stop: bool = False
    """Resends for ever, whatever it is told."""
    truncated: bool = False
    """Bodies end half-way."""
    huge_bytes: int = 0
    """Bodies are filled up with so many bytes."""
    no_answer_wanted: bool = False
    """It hangs up before it is answered."""


@dataclass(slots=True)
class Seen:
    """One read in the camera's memory."""

    plate: str
    confidence: int
    plate_id: int
    seconds: float
    extra: dict[str, Any] = field(default_factory=dict)


class VzenithCameraSim:
    """`start` begins heart-beats and polls; `see` is a vehicle before it, `set_input` a contact at its terminals."""

    def __init__(
        self,
        clock: Clock,
        url: str,
        *,
        serial: str = "d85b1269-8f942256",
        barriers: Iterable[BarrierWiring] = (),
        comet: bool = True,
        heart_beat_s: float = 5.0,
        tells_time: bool = False,
        first_plate_id: int = 1,
    ) -> None:
        self._clock = clock
        parts = urlsplit(url)
        self._host, self._port, self._path = parts.hostname or "127.0.0.1", parts.port or 80, parts.path.rstrip("/")
        self.serial = serial
        self._comet = comet
        self._heart_beat_s = heart_beat_s
        self._tells_time = tells_time
        self.outputs = CameraOutputs(clock, _OUTPUTS, barriers)
        self.faults = VzenithFaults()
        self._inputs = [False] * _INPUTS
        self._next_id = first_plate_id
        self._offline: deque[Seen] = deque(maxlen=_MOST_OFFLINE)
        self.spoken: list[str] = []
        self.serial_out: list[tuple[int, bytes]] = []
        self.pushes = 0
        self.answers: list[dict[str, Any]] = []
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._connection: http.client.HTTPConnection | None = None

    # --- the world's side --------------------------------------------------------------------------------------------

    def see(self, plate: str, confidence: int = 96, *, picture: bytes = b"", **extra: Any) -> dict[str, Any]:
        """A vehicle is read and pushed; the last answer that came, empty where none did. `extra` goes into PlateResult."""
        at_s = self._clock.now().timestamp() + self.faults.clock_off_s - self.faults.late_s
        seen = Seen(plate, confidence, self._next_id, at_s, dict(extra))
        if picture:
            seen.extra |= {"imageFile": base64.b64encode(picture).decode(), "imageFileLen": len(picture)}
        self._next_id += 1
        if self.faults.gone:
            return {}
        if self.faults.network_down:
            self._offline.append(seen)
            return {}
        answer: dict[str, Any] | None = None
        for _ in range(1 + self.faults.duplicates):
            answer = self._push_read(seen)
        if answer is None:
            self._offline.append(seen)
        return answer or {}

    def set_input(self, index: int, on: bool) -> None:
        """A contact closes or opens: told at once, and waited for until the server has it."""
        if self._inputs[index] is on:
            return
        self._inputs[index] = on
        self.outputs.loop(index, on=on)
        self.tell_input(index)

    def tell_input(self, index: int) -> None:
        """Push what an input is."""
        trigger = {"source": index, "value": int(self._inputs[index])}
        self._post("io", *_json({"AlarmGioIn": {**self._names(), "result": {"TriggerResult": trigger}}}))

    def heart_beat(self) -> None:
        """Beat once, with the password in clear, as these cameras do."""
        self._post("heartbeat", *self._heart())

    def send_offline(self) -> int:
        """The link is back: push what was kept, as long as each is answered with `continue`; how many are left."""
        while self._offline:
            answer = self._push_read(self._offline[0], offline=True)
            told = (answer or {}).get("Response_AlarmInfoPlate", {}).get("ContinuePushOffline", {})
            if answer is None or told.get("plateid") != self._offline[0].plate_id:
                break
            self._offline.popleft()
            if told.get("continue") != 1:
                break
        return len(self._offline)

    # --- the camera's side -------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to call."""
        for name, work in (("comet", self._poll), ("heart-beat", self._beat)):
            if name == "comet" and not self._comet:
                continue
            thread = threading.Thread(target=work, name=f"vzenith-{name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """End both loops."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(5)

    def _poll(self) -> None:
        line: http.client.HTTPConnection | None = None
        while not self._stopping.is_set():
            if self.faults.gone or self.faults.network_down:
                if line is not None:
                    line.close()
                    line = None
                self._stopping.wait(0.02)
                continue
            line = line or self._connect()
            try:
                body, kind = self._heart()
                line.request("POST", f"{self._path}/comet", body, {"Content-Type": kind})
                answer = json.loads(line.getresponse().read())
            except (OSError, http.client.HTTPException, ValueError):
                line.close()
                line = None
                self._stopping.wait(0.05)
                continue
            if not self.faults.gone:
                self._obey(answer)
        if line is not None:
            line.close()

    def _beat(self) -> None:
        while not self._stopping.wait(self._heart_beat_s):
            if not (self.faults.gone or self.faults.network_down):
                self.heart_beat()

    def _push_read(self, seen: Seen, *, offline: bool = False) -> dict[str, Any] | None:
        whole = int(seen.seconds)
        result = {
            **{"license": seen.plate, "confidence": seen.confidence, "colorType": 1, "type": 1, "direction": 4},
            **{"triggerType": 1, "plateid": seen.plate_id, "isoffline": int(offline), "is_fake_plate": 0},
            "timeStamp": {"Timeval": {"sec": whole, "usec": int((seen.seconds - whole) * 1_000_000)}},
            "gioouts": [{"ionum": 0, "ctrltype": 0}],
            **seen.extra,
        }
        if self.faults.huge_bytes:
            result["imageFile"] = "A" * self.faults.huge_bytes
        body, kind = _json({"AlarmInfoPlate": {**self._names(), "channel": 0, "result": {"PlateResult": result}}})
        answer = None
        for _ in range(1 + _RETRIES):
            answer = self._post("plate", body, kind)
            told = (answer or {}).get("Response_AlarmInfoPlate", {})
            if answer is not None and told.get("content") == "retransfer_stop" and not self.faults.ignores_stop:
                break
        return answer

    def _post(self, action: str, body: bytes, kind: str) -> dict[str, Any] | None:
        """Send, and obey the answer to a plate; None where there was none."""
        if self.faults.gone or self.faults.network_down:
            return None
        line = self._connect()
        self.pushes += 1
        try:
            headers = {"Content-Type": kind, "Content-Length": str(len(body))}
            line.request("POST", f"{self._path}/{action}", body[: len(body) // 2] if self.faults.truncated else body,
                         headers)  # fmt: skip
            if self.faults.truncated or self.faults.no_answer_wanted:
                return None
            response = line.getresponse()
            data = response.read()
            answer = json.loads(data) if response.status == 200 and data else None
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            line.close()
        if answer is not None and action == "plate":
            self._obey(answer)
        return answer

    def _obey(self, answer: dict[str, Any]) -> None:
        faults = self.faults
        told = answer.get("Response_AlarmInfoPlate", {})
        ordered = told.get("info") == "ok" or "ivs_ioctrl" in told
        if ordered and faults.deaf_answers > 0:
            faults.deaf_answers -= 1
            return
        self.answers.append(answer)
        if told.get("info") == "ok":
            self.outputs.pulse(0, _GATE_PULSE_MS)
        if isinstance(io := told.get("ivs_ioctrl"), dict):
            if io["value"] == 2:
                self.outputs.pulse(io["io"], io["delay"])
            else:
                self.outputs.hold(io["io"], on=io["value"] == 1)
        for line in told.get("serialData", []):
            self.serial_out.append((line["serialChannel"], base64.b64decode(line["data"])))
        if isinstance(voice := told.get("playserver_json_request"), dict):
            self.spoken.append(base64.b64decode(voice["voice"]).decode())
        if ordered and faults.lost_answers > 0:
            faults.lost_answers -= 1
            self._stopping.wait(3.0)  # it hangs, and comes back by itself

    def _heart(self) -> tuple[bytes, str]:
        fields = {
            **{"device_name": "IVS", "ipaddr": "192.168.1.101", "port": "80", "user_name": "admin"},
            **{"pass_wd": PASSWORD, "serialno": self.serial, "channel_num": "1"},
        }
        if self._tells_time:
            told = self._clock.now() + timedelta(seconds=self.faults.clock_off_s)
            fields["timestamp"] = str(int(told.timestamp()))
        mark = "------------------------caa771fe4a61f3d9"
        body = "".join(
            f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        return f"{body}--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}"

    def _names(self) -> dict[str, Any]:
        return {"deviceName": "IVS", "ipaddr": "192.168.1.101", "serialno": self.serial}

    def _connect(self) -> http.client.HTTPConnection:
        line = http.client.HTTPConnection(self._host, self._port, timeout=_PATIENCE_S)
        with suppress(OSError):
            line.connect()
        return line


def _json(plain: dict[str, Any]) -> tuple[bytes, str]:
    return json.dumps(plain, ensure_ascii=False).encode(), "application/json"
