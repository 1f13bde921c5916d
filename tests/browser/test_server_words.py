"""What the server says in English stands in Chinese on the pages: each sentence of devices and of the record is found in the source."""

from __future__ import annotations

import ast
import errno
import json
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

import kiosk_ui
from lpr.model import PlateKind
from parking.journeys import deciding, evacuating
from parking.journeys.paying import BILL_IS_TRUE
from parking.kernel.events import Event
from parking.kernel.ids import LaneId, StayId
from parking.sessions.corrections import EXIT_MATCHED
from parking.sessions.model import ClosedStay
from tests.tools import setup

ROOT = Path(kiosk_ui.__file__).parent.parent
SAYS = ROOT / "kiosk_ui" / "shared" / "i18n" / "device_says.ts"
ROOMS = [
    *("parking/gate/relays", "parking/gate/cameras", "parking/gate/credentials", "parking/gate/tickets"),
    *(
        "parking/gate/steady_clock.py",
        "parking/gate/worn_file.py",
        "parking/gate/contacts.py",
        "parking/bootstrap/bay_eyes.py",
        "parking/bootstrap/given_up.py",
    ),
    *("guidance/sensors", "guidance/signs", "guidance/sign_board.py"),
    *("lpr/sources", "lpr/watch.py", "lpr/worker.py", "lpr/bays.py", "lpr/pictures.py"),
]
"""Where devices are spoken to."""
ELSEWHERE = {
    "parking/gate/barrier.py": "what a boom is refused is a lane's fault, which has a code of its own",
    "parking/cli/bring_up_box.py": "a device that says nothing",
    "lpr/watching.py": "said at the command line",
    **dict.fromkeys(
        (
            f"payments/cash/{name}.py"
            for name in ("cctalk_hopper", "cctalk_notes", "cctalk_line", "memory", "escpos_drawer")
        ),
        "a cash machine tells its pages a code",
    ),
}
TELLS = {"DeviceFault", "DeviceRefused", "WireFault", "ShowsNothing", "SignSilent", "SignGarbled", "HealthReport"}
NOT_SAID = {
    "invalid",
    "ParkingError",
    "MalformedRequest",
    "RuntimeError",
    "Noted",
    "get_logger",
    "encode",
    "add_argument",
}
LOGS = {"debug", "info", "warning", "error", "critical", "exception"}
NOT_A_REPORT = {
    "no such camera, but as long to compare",  # compared with a secret
    "camera {}: a secret has 16 characters or more, and no slash",  # settings
    "{}; write `address: host:port` in the site file, or set PARKING_SIGN_ADDRESSES",  # likewise
    "an output is 0 to {}, its value 0 to 2, a pulse at most {} ms",  # our own mistake, as the next ones
    "coil {}: the board has 0 to {}",
    "a pulse lasts 100 to {} ms, not {}",
    "a board pulses for 100 ms to {} ms, not {}",
    "an address is one byte, data at most 256",
    "the sign board runs already",
    "it tells what was so then: doing it now would be wrong",  # an answer, which has a code of its own
    "Accept: application/sdp",  # a header
    "should be an object with tag and key (hex), zero_s and exponent (integers)",  # settings
    "should be above 0, at most backoff_most_s, and that at most 600 seconds",
    "should be after not_before, and at most {} later",
    "install mode gives the key to whoever asks: set the reader's key with its maker's tool",
    "card readers need libosdp: install this package with its extra osdp",
    "not a moment",  # a code that is not valid has a code of its own
    "not a name",
    "no ticket begins here",  # a printer's own side
    "Keep this ticket and scan it at the exit",  # printed
    "Please press the call button",
    'Digest username="{}", realm="{}", nonce="{}", uri="{}", response="{}"',  # a header
}
BLANK = "7x"
NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
REASONS = ROOT / "kiosk_ui" / "operator" / "audit_reasons.ts"
GIVEN_UP = ROOT / "kiosk_ui" / "operator" / "given_up_words.ts"
FIGURES = ROOT / "kiosk_ui" / "operator" / "figures_words.ts"
WHO = ROOT / "kiosk_ui" / "operator" / "who.ts"
STORY = ROOT / "kiosk_ui" / "operator" / "story_words.ts"
RULES = {"record", "confirm", "LeftThen", "GoneUnseen"}
"""What names the rule by which a stay is put right, and what on: calls, and a verdict's field."""
DEEDS = {"audit", "record", "on_record", "_on_record"}
_DEED = re.compile(r"[a-z]+\.[a-z_]+|logout")


def template(node: ast.AST) -> str | None:
    """A literal's text, with {} for what is filled in; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
    return None


def said_in(source: str) -> Iterator[str]:
    """Every sentence of a module that is no docstring, no log line and no error of the settings."""
    tree = ast.parse(source)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        text = template(node)
        if text is None or isinstance(parents[node], ast.Expr | ast.JoinedStr | ast.FormattedValue):
            continue
        if not re.search(r"[a-z]{2,} [a-z{]|[a-z}:,] [a-z]{2,}", text) or "<" in text or "\r\n" in text or "%s" in text:
            continue
        if not NOT_SAID & set(called_around(node, parents)) and not LOGS & set(called_around(node, parents)):
            yield text


def called_around(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> Iterator[str]:
    while node in parents and not isinstance(node, ast.stmt):
        node = parents[node]
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func).rpartition(".")[2]


def modules() -> Iterator[Path]:
    for top in ("parking", "lpr", "guidance", "payments"):
        yield from sorted((ROOT / top).rglob("*.py"))


def is_room(path: Path) -> bool:
    name = path.relative_to(ROOT).as_posix()
    if name == "parking/gate/cameras/push_store.py":  # SQL
        return False
    return any(name == room or name.startswith(f"{room}/") for room in ROOMS)


def words_of(sentences: Sequence[str | tuple[str, ...]], table: str = "deviceSays", file: Path = SAYS) -> list[str]:
    """What the pages make of each sentence (or of the things said together) in Chinese: their own code, without a browser."""
    script = """
      const [, compiler, file, table] = process.argv, fs = require("fs"), path = require("path"), ts = require(compiler);
      const options = { compilerOptions: { module: "CommonJS", target: "ES2020", esModuleInterop: true } };
      const first = { worded: (pair) => pair[0], translator: () => () => "" };
      const load = (at) => {
        if (/i18n$|index$/.test(at)) return first;
        const js = ts.transpileModule(fs.readFileSync(at + ".ts", "utf8"), options).outputText, of = {};
        new Function("exports", "require", js)(of, (other) => load(path.resolve(path.dirname(at), other)));
        return of;
      };
      const say = load(file)[table], all = JSON.parse(fs.readFileSync(0, "utf8"));
      console.log(JSON.stringify(all.map((text) => say(...[].concat(text), first.worded))));
    """
    compiler = str(ROOT / "kiosk_ui" / "node_modules" / "typescript")
    command = ["node", "-e", script, compiler, str(file.with_suffix("")), table]
    ran = subprocess.run(
        command, input=json.dumps(sentences), capture_output=True, text=True, check=True, env=setup._node()
    )
    found: list[str] = json.loads(ran.stdout)
    return found


def is_english(text: str) -> bool:
    """Whether words are left: two letters side by side in small letters, beside what was filled in, names and error names."""
    return bool(re.search(r"(?<![A-Za-z])[a-z]{2,} [a-z]{2,}", text))


@pytest.mark.req("A11Y-1")
def test_every_sentence_that_a_device_may_say_of_itself_has_its_chinese_words(built_pages: Path) -> None:
    """Found by reading the source: one more `DeviceFault("...")` without words fails here."""
    assert built_pages.is_dir()
    found = {text for path in modules() if is_room(path) for text in said_in(path.read_text())} - NOT_A_REPORT
    found |= {os.strerror(code) for code in (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ECONNRESET, errno.EPIPE)}
    assert len(found) > 150
    asked = sorted(found)
    told = words_of([text.replace("{}", BLANK) for text in asked])
    assert not [text for text, zh in zip(asked, told, strict=True) if zh == text or is_english(zh)]


def test_whoever_reports_health_stands_in_a_room_that_is_searched() -> None:
    strange = [
        path.relative_to(ROOT).as_posix()
        for path in modules()
        if not is_room(path) and {f"{name}(" for name in TELLS} & set(re.findall(r"\b\w+\(", path.read_text()))
    ]
    assert set(strange) - {"parking/kernel/device.py"} == set(ELSEWHERE)


@pytest.mark.req("A11Y-1")
def test_joined_sentences_and_what_fills_them_are_said_one_by_one_and_what_is_new_stands_as_it_came() -> None:
    assert words_of(
        [
            "3 presentations lost: nobody fetched them; no connection: Connection refused",
            "coil 0 stays on, coil 2 came on without an order of ours",
            "10.0.0.7: refuses the user name or the password",
            "its last push cannot be read: AlarmInfoPlate.result.PlateResult is missing",
            "reads on antenna 3, no antenna, which no lane has",
            "the flux capacitor hums: no answer in time",
            "the flux capacitor hums",
        ]
    ) == [
        "有 3 次刷读因无人取走而丢失；无法连接：连接被拒绝",
        "继电器 0 持续吸合、继电器 2 未经我方指令吸合",
        "10.0.0.7：用户名或密码被拒绝",
        "最近一次上报无法读取：缺少 AlarmInfoPlate.result.PlateResult",
        "天线 3、无天线号 有读数，但不属于任何车道",
        "the flux capacitor hums：时限内没有应答",
        "the flux capacitor hums",
    ]


def texts_of(node: ast.AST) -> Iterator[str]:
    """The literals in an expression, each as a whole."""
    text = template(node)
    if text is not None:
        yield text
        return
    for child in ast.iter_child_nodes(node):
        yield from texts_of(child)


def reasons_in(source: str) -> Iterator[str]:
    """Every sentence that a module puts on record beside a deed, and those that it keeps as a `reason` or refuses a log-in with."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            literals = [text for arg in node.args for text in texts_of(arg)]
            if name == "Refused" or (name in DEEDS and any(map(_DEED.fullmatch, literals))):
                yield from (text for text in literals if re.search(r"[a-z]{2,} | [a-z]{2,}", text))
        elif isinstance(node, ast.Assign | ast.keyword) and "reason" in ast.unparse(node).partition("=")[0]:
            yield from (text for text in texts_of(node.value) if re.search(r"[a-z] [a-z]", text))


def test_every_deed_on_record_has_its_words() -> None:
    known = set(
        re.findall(
            r'^  "([a-z_.]+)": \[', (ROOT / "kiosk_ui" / "operator" / "audit_words.ts").read_text(), re.MULTILINE
        )
    )
    done = {
        text
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in DEEDS
        for arg in node.args[:3]
        for text in texts_of(arg)
        if re.fullmatch(r"[a-z]+\.[a-z_]+", text)
    }
    assert len(done) > 50
    assert not done - known


@pytest.mark.req("A11Y-1")
def test_every_reason_that_the_server_puts_on_record_has_its_chinese_words(built_pages: Path) -> None:
    assert built_pages.is_dir()
    security = ("parking/security", "parking/journeys", "parking/members", "parking/access", "parking/emergency")
    rooms = (*security, "parking/sessions/desk", "payments", "guidance")
    found = {
        text for room in rooms for path in sorted((ROOT / room).rglob("*.py")) for text in reasons_in(path.read_text())
    }
    found = {text for text in found if not _DEED.fullmatch(text)}
    assert len(found) > 20
    asked = sorted(found)
    told = words_of([text.replace("{}", BLANK) for text in asked], "reasonWords", REASONS)
    assert not [text for text, zh in zip(asked, told, strict=True) if zh == text.replace("{}", BLANK)]


@pytest.mark.req("A11Y-1")
def test_a_reason_keeps_the_words_of_a_person_and_says_the_codes_beside_them() -> None:
    asked = [
        "from 127.0.0.1",
        "Chrome, Windows, from 10.0.0.7",
        "same_car_seen: same dent; left mirror",
        "cashier, manager",
        "payment at exit-1",
        "driver said: ticket lost, please open",
        "车主说：票丢了",
    ]
    assert words_of(asked, "reasonWords", REASONS) == [
        "来自 127.0.0.1",
        "Chrome, Windows，来自 10.0.0.7",
        "照片为同一辆车：same dent; left mirror",
        "收费员、管理员",
        "exit-1，无法支付",
        "driver said: ticket lost, please open",
        "车主说：票丢了",
    ]


def corrections_in(source: str) -> Iterator[tuple[set[str], set[str]]]:
    """The rules by which each statement of a module puts stays right, and the facts that it puts on record as evidence."""
    tree = ast.parse(source)
    named = {
        ast.unparse(node.targets[0]): node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict | ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "rule" and node.value is not None:
            yield set(texts_of(node.value)), set()
        if not isinstance(node, ast.Call) or ast.unparse(node.func).rpartition(".")[2] not in RULES:
            continue
        said = [named.get(ast.unparse(arg), arg) for arg in node.args]
        dicts = [arg for arg in said if isinstance(arg, ast.Dict)]
        rules = {text for arg in said if not isinstance(arg, ast.Dict) for text in texts_of(arg)}
        yield (
            {rule for rule in rules if re.fullmatch("[a-z_]+", rule)},
            {text for d in dicts for key in d.keys if key for text in texts_of(key)},
        )


@pytest.mark.req("DATA-2", "A11Y-1")
def test_whatever_puts_a_stay_right_has_its_chinese_words_in_its_story(built_pages: Path) -> None:
    assert built_pages.is_dir()
    rooms = [*(ROOT / "parking" / "sessions").glob("*.py"), *(ROOT / "parking" / "journeys").glob("*.py")]
    found = [one for path in rooms for one in corrections_in(path.read_text())]
    rules, facts = (sorted(set().union(*(one[at] for one in found))) for at in (0, 1))
    rules += [
        EXIT_MATCHED,
        BILL_IS_TRUE,
        "took_in_another",
        "merged",
    ]  # these are named elsewhere than they are recorded
    assert len(rules) > 20
    assert len(facts) > 5
    assert not [one for one in words_of(rules, "ruleWords", STORY) if one.isascii()]
    assert not [one for one in words_of([*facts, *_facts_of_decisions()], "factWords", STORY) if one.isascii()]
    assert words_of(["undo_exit_matched"], "ruleWords", STORY) == ["撤销：人工对应离场"]


def _facts_of_decisions() -> list[str]:
    stay = ClosedStay(StayId("s"), None, NOON, LaneId("in"), "t", NOON, LaneId("out"))
    return sorted(deciding._facts(stay))


def test_whoever_did_it_without_a_name_is_told_without_brackets_around_nothing(built_pages: Path) -> None:
    assert built_pages.is_dir()
    told = words_of([("anonymous", ""), ("anonymous", "10.0.0.7"), ("system", "console")], "whoWords", WHO)
    assert told == ["未登录", "未登录（10.0.0.7）", "服务器命令行"]


@pytest.mark.req("DATA-1", "A11Y-1")
def test_every_class_of_plates_has_its_chinese_words_among_the_figures(built_pages: Path) -> None:
    assert built_pages.is_dir()
    classes = [kind.value for kind in PlateKind]
    assert not [one for one in words_of([*classes, "unknown"], "classWords", FIGURES) if one.isascii()]


@pytest.mark.req("DATA-2", "A11Y-1")
def test_whatever_may_be_given_up_has_its_chinese_words(built_pages: Path) -> None:
    """Every event, every job that any room enqueues, every group that is told."""
    assert built_pages.is_dir()
    sources = [path.read_text() for path in modules()]
    jobs = {kind for source in sources for kind in re.findall(r'^[A-Z, _]+_JOB = "([a-z._]+)"$', source, re.MULTILINE)}
    jobs |= {evacuating.REPRICE, evacuating.WAIVE}
    groups = {group for source in sources for group in re.findall(r'Subscription\("([a-z]+)"', source)}
    assert len(jobs) > 10
    assert {"stays", "counts", "live"} <= groups
    codes = sorted({event.__name__ for event in get_args(Event)} | jobs)
    assert not [one for one in words_of(codes, "codeWords", GIVEN_UP) if one.isascii()]
    assert not [one for one in words_of(sorted({"", *groups}), "groupWords", GIVEN_UP) if one.isascii()]


def test_whatever_is_booked_about_a_stay_has_its_words_in_its_story() -> None:
    sources = "\n".join(file.read_text() for file in (ROOT / "payments").rglob("*.py"))
    named = re.compile(
        r"\"((?:un)?due|(?:un)?waive|promise(?:_over)?|capture|surplus|coupon|refund(?:_[a-z_]*granted)?)(?::\{|\")"
    )
    booked = set(named.findall(sources))
    assert {"due", "undue", "promise_over", "unwaive", "refund_granted", "refund_not_granted"} <= booked
    said = (ROOT / "kiosk_ui" / "shared" / "i18n" / "desk_codes.ts").read_text()
    assert [kind for kind in sorted(booked) if not re.search(rf"^  {kind}: \[", said, re.MULTILINE)] == []


CORRECTED_IN = [
    *(
        f"parking/journeys/{name}.py"
        for name in ("correcting", "taking_back", "joining", "deciding", "closing_by_hand")
    ),
    *("parking/sessions/corrections.py", "parking/sessions/cases.py", "parking/sessions/desk/service.py"),
]
"""Where people put stays right, and take it back."""


def test_whatever_refuses_to_put_a_stay_right_has_its_chinese_words() -> None:
    office = (ROOT / "kiosk_ui" / "operator" / "office_problems.ts").read_text(encoding="utf-8")
    shared = (ROOT / "kiosk_ui" / "shared" / "i18n" / "problems.ts").read_text(encoding="utf-8")
    refused = {
        call.args[0].value
        for file in CORRECTED_IN
        for call in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in ("conflict", "not_found", "invalid")
        and isinstance(call.args[0], ast.Constant)
    }
    assert "merge.half" in refused
    assert [code for code in sorted(map(str, refused)) if f'"{code}":' not in office + shared] == []
