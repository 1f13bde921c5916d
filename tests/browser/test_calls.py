"""Calls and emergencies on the pages: who waits and for how long, one operator for one call, every opening with a reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from parking.emergency.model import CallSource, Ending
from parking.emergency.saying import PHRASES
from parking.emergency.schemas import SaidView
from parking.gate.model import Cause
from parking.kernel.principal import Scope
from tests.browser.fake_server import FakeServer
from tests.browser.look import picture
from tests.browser.pages import DriverPage, KioskPage, OperatorPage
from tests.browser.script import KIOSK_KEY, SCOPES
from tests.fixtures.browser import OpenPage

CODES = Path(__file__).resolve().parents[2] / "kiosk_ui" / "shared" / "i18n" / "codes.ts"


@pytest.fixture
def console(fake: FakeServer, open_page: OpenPage) -> OperatorPage:
    console = OperatorPage(open_page(fake.url + OperatorPage.path, expect={401, 409}))
    console.log_in("wangfang", "correct horse battery")
    console.expect_live()
    return console


@pytest.mark.req("SOS-1")
def test_a_call_comes_by_itself_with_its_place_its_cause_and_a_running_wait(
    fake: FakeServer, console: OperatorPage
) -> None:
    expect(console.calls()).to_have_count(0)
    fake.help.ring("c1", "exit-1", "relay", ago_s=75)
    call = console.call("c1")
    expect(call).to_contain_text("西出口 1")
    expect(call).to_contain_text("道闸未抬起")
    expect(call).to_contain_text("正在呼叫您")
    expect(call.locator(".call-wait b")).to_have_text(re.compile("^1:(1[5-9]|2)"))
    before = call.locator(".call-wait b").inner_text()
    expect(call.locator(".call-wait b")).not_to_have_text(before)  # it runs
    expect(console.page).to_have_title(re.compile(r"^\(1\) 求助"))
    expect(console.page.get_by_text("求助：西出口 1，道闸未抬起")).to_have_count(1)  # for those who listen


@pytest.mark.req("SOS-1")
def test_an_operator_answers_and_opens_with_a_reason_and_the_call_goes_when_the_boom_has_moved(
    fake: FakeServer, console: OperatorPage
) -> None:
    fake.help.ring("c1", "exit-1", "relay", picture_ref="v1")
    call = console.call("c1")
    call.get_by_role("button", name="接听：西出口 1").click()
    expect(call).to_contain_text("由您处理")
    call.get_by_role("button", name="为求助开闸：西出口 1").click()
    expect(console.page.get_by_role("dialog")).to_contain_text("车辆照片")
    expect(console.page.get_by_role("dialog").get_by_role("img", name="西出口 1")).to_be_visible()
    console.give_reason("已收现金", "确认开闸")
    assert [(o.lane_id, o.reason) for o in fake.help.opened] == [("exit-1", "已收现金")]
    expect(call).to_be_visible()  # ordered is not opened
    fake.help.change("c1", "ended", "opened", how="opened")
    expect(console.calls()).to_have_count(0)
    expect(console.page).not_to_have_title(re.compile("求助"))


@pytest.mark.req("SOS-1")
def test_a_call_that_somebody_else_has_is_shown_as_theirs_and_cannot_be_taken(
    fake: FakeServer, console: OperatorPage
) -> None:
    fake.help.ring("c1", "exit-1", "unknown_plate")
    call = console.call("c1")
    expect(call.get_by_role("button", name="接听")).to_be_visible()
    fake.help.calls["c1"] |= {"state": "taken", "mine": False, "taken_by": "李明"}  # in the very moment
    call.get_by_role("button", name="接听").click()
    expect(console.page.get_by_text("没有成功：已由其他人接听")).to_be_visible()
    expect(call).to_contain_text("李明 正在处理")
    expect(call.get_by_role("button")).to_have_count(0)


@pytest.mark.req("SOS-1", "A11Y-1")
def test_a_call_is_handled_with_the_keyboard_alone(fake: FakeServer, console: OperatorPage) -> None:
    fake.help.ring("c1", "exit-1", "unpaid")
    page, call = console.page, console.call("c1")

    def reach(name: str) -> None:
        target = call.get_by_role("button", name=name)
        expect(target).to_be_enabled()
        for _ in range(40):
            if target.evaluate("e => e === document.activeElement"):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"{name} cannot be reached")

    reach("接听")
    page.keyboard.press("Enter")
    expect(call).to_contain_text("由您处理")
    reach("不开闸办结")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="办结", exact=True).click()
    expect(dialog.get_by_role("alert")).to_have_text("请写明处理结果")
    dialog.get_by_role("textbox").fill("告知缴费机位置")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(console.calls()).to_have_count(0)
    assert fake.help.finished == {"c1": "告知缴费机位置"}


def test_who_cannot_help_hands_the_call_back(fake: FakeServer, console: OperatorPage) -> None:
    fake.help.ring("c1", None, "help_wanted", source="kiosk")
    call = console.call("c1")
    expect(call).to_contain_text("自助缴费机")
    expect(call.get_by_role("button", name="开闸")).to_have_count(0)  # it stands at no lane
    call.get_by_role("button", name="接听").click()
    call.get_by_role("button", name="交还").click()
    expect(call.get_by_role("button", name="接听")).to_be_visible()


@pytest.mark.req("GATE-4")
def test_an_emergency_cannot_be_overlooked_and_only_a_person_with_a_reason_ends_it(
    fake: FakeServer, console: OperatorPage
) -> None:
    expect(console.emergency()).to_have_count(0)
    now = fake.now()
    fake.help.begin(
        lane_id="entry-1",
        cause="fire",
        lanes=[{"lane_id": "entry-1", "opened_at": now}, {"lane_id": "exit-1", "ordered_at": now}],
    )
    fake.lane("entry-1", state="fault", fault="fire", mode="emergency", causes=["fire"])
    banner = console.emergency()
    expect(banner).to_contain_text("所有出口常开，停止计费")
    expect(banner).to_contain_text("14:17 起，东入口 1（消防信号）")
    expect(banner).to_contain_text("1/2 条车道已常开")
    expect(banner).to_contain_text("尚未应答：西出口 1")
    expect(console.lane("entry-1")).to_contain_text("紧急常开 · 消防信号")
    expect(console.page.get_by_role("button", name="紧急放行")).to_have_count(0)
    banner.get_by_role("button", name="解除").click()
    dialog = console.page.get_by_role("dialog")
    dialog.get_by_label("其他").check()
    dialog.get_by_role("button", name="确认解除").click()
    expect(dialog.get_by_role("alert")).to_have_text("请至少填写 3 个字")
    console.give_reason("消防已确认误报", "确认解除")
    expect(banner).to_have_count(0)
    assert fake.help.emergency_words == [("end", "消防已确认误报")]


@pytest.mark.req("GATE-4")
def test_a_person_opens_every_exit_after_a_question(fake: FakeServer, console: OperatorPage) -> None:
    console.page.get_by_role("button", name="紧急放行").click()
    console.page.get_by_role("dialog").get_by_role("button", name="取消").click()
    assert fake.help.emergency_words == []
    console.page.get_by_role("button", name="紧急放行").click()
    console.page.get_by_role("dialog").get_by_role("button", name="立即打开所有出口").click()
    expect(console.emergency()).to_contain_text("人工启动")
    assert fake.help.emergency_words == [("begin", "发现火情")]


def test_a_lane_says_how_far_it_works_by_itself_and_why(fake: FakeServer, console: OperatorPage) -> None:
    lane = console.lane("exit-1")
    expect(lane).to_have_attribute("data-mode", "normal")
    fake.lane("exit-1", mode="degraded", causes=["camera", "network"])
    expect(lane).to_contain_text("降级运行 · 摄像机, 网络")
    fake.lane("exit-1", mode="manual", causes=["held_open", "operator:0197"])
    expect(lane).to_contain_text("人工接管 · 人工常开, 值班员")
    fake.lane("exit-1", mode="normal", causes=[], state="refused", plate="苏E***2K", held="relay")
    expect(lane).to_contain_text("停止计费 · 道闸继电器")
    expect(lane).not_to_contain_text("人工接管")


def test_a_lane_is_held_open_and_given_back_with_a_reason(fake: FakeServer, console: OperatorPage) -> None:
    console.lane("exit-1").get_by_role("button").click()
    console.page.get_by_label("操作").select_option(label="常开，直到解除")
    console.give_reason("散场车流", "确认")
    fake.lane("exit-1", mode="manual", causes=["held_open"])
    expect(console.lane("exit-1")).to_contain_text("人工接管")
    console.lane("exit-1").get_by_role("button").click()
    console.page.get_by_label("操作").select_option(label="恢复自动")
    console.give_reason("车流已散", "确认")
    assert [(o.deed, o.reason) for o in fake.opened] == [("hold-open", "散场车流"), ("release", "车流已散")]


@pytest.mark.req("SOS-1")
def test_a_driver_calls_sees_the_answer_and_can_cancel(fake: FakeServer, open_page: OpenPage) -> None:
    page = open_page(fake.url + DriverPage.path("stay-token.1") + "&l=exit-1", width=390, height=844)
    box = page.get_by_test_id("help")
    box.get_by_role("button", name="呼叫工作人员").click()
    expect(box).to_contain_text("正在呼叫")
    assert fake.help.calls["driver-call"]["lane_id"] == "exit-1"
    fake.help.change("driver-call", "taken", "taken", taken_by="李明")
    expect(box).to_contain_text("工作人员已应答")
    expect(box).not_to_contain_text("李明")
    box.get_by_role("button", name="取消呼叫").click()
    expect(box).to_contain_text("呼叫已结束")


@pytest.mark.req("SOS-1")
def test_a_phone_finds_its_call_again_after_a_reload_with_what_was_said_meanwhile(
    fake: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(fake.url + DriverPage.path("stay-token.1"), width=390, height=844)
    box = page.get_by_test_id("help")
    box.get_by_role("button", name="呼叫工作人员").click()
    expect(box).to_contain_text("正在呼叫")
    page.goto(fake.url + "/guide/")  # away, as to a payment company's page
    fake.help.calls["driver-call"]["said"] = SaidView.of(PHRASES["coming"])
    fake.help.change("driver-call", "taken", "taken", taken_by="李明")
    page.goto(fake.url + DriverPage.path("stay-token.1"))
    expect(box).to_contain_text("工作人员已应答")
    expect(box).to_contain_text(PHRASES["coming"].zh)
    due = page.locator(".hero").bounding_box()
    answer = box.get_by_role("status").bounding_box()
    assert due is not None
    assert answer is not None
    assert answer["y"] < due["y"]  # not below the bill, behind the bar to pay
    page.reload()
    expect(box).to_contain_text(PHRASES["coming"].zh)
    box.get_by_role("button", name="取消呼叫").click()
    expect(box).to_contain_text("呼叫已结束")
    assert fake.help.calls["driver-call"]["state"] == "ended"


@pytest.mark.req("SOS-1")
def test_a_phone_s_call_is_not_the_next_stay_s(fake: FakeServer, open_page: OpenPage) -> None:
    page = open_page(fake.url + DriverPage.path("stay-token.1"), width=390, height=844)
    box = page.get_by_test_id("help")
    box.get_by_role("button", name="呼叫工作人员").click()
    expect(box).to_contain_text("正在呼叫")
    fake.stay("沪B12307", "stay-token.2", minutes=5, lines=[])
    page.goto(fake.url + DriverPage.path("stay-token.2"))
    expect(page.get_by_text("沪B ***07").first).to_be_visible()
    expect(box).not_to_contain_text("正在呼叫")


@pytest.mark.req("SOS-1")
def test_a_call_says_whose_it_is_and_leads_to_the_stay_and_its_bill_for_who_may_see_them(
    fake: FakeServer, open_page: OpenPage
) -> None:
    fake.help.ring("c1", None, "help_wanted", source="driver", stay_id="stay-1", plate="沪A***86")
    fake.scopes = SCOPES - {Scope.STAYS_READ}
    page = open_page(fake.url + OperatorPage.path, expect={401})
    console = OperatorPage(page)
    console.log_in("wangfang", "correct horse battery")
    expect(console.call("c1")).to_contain_text("沪A ***86")
    expect(console.call("c1").get_by_role("link")).to_have_count(0)
    fake.scopes = SCOPES | {Scope.BILLS_READ}
    page.reload()
    expect(console.call("c1").get_by_role("link", name="账单：沪A***86")).to_have_attribute("href", "#/bills/stay-1")
    picture(page, "call-whose")
    expect(console.call("c1").get_by_role("link", name="全程记录：沪A***86")).to_have_attribute("href", "#/stay/stay-1")


@pytest.mark.req("SOS-1")
def test_a_kiosk_calls_and_the_call_goes_on_when_its_screen_has_gone_back(
    fake: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(fake.url + KioskPage.path(KIOSK_KEY), width=720, height=1280)
    kiosk = KioskPage(page)
    expect(kiosk.free("B1")).to_be_visible()
    page.get_by_role("button", name="呼叫工作人员").click()
    expect(page.get_by_test_id("help")).to_contain_text("正在呼叫")
    kiosk.start()
    expect(page.get_by_test_id("help")).to_contain_text("正在呼叫")
    kiosk.home()
    assert fake.help.calls["kiosk-call"]["state"] == "waiting"


def test_every_cause_source_and_ending_has_words_in_both_languages() -> None:
    text = CODES.read_text(encoding="utf-8")

    def words(table: str) -> set[str]:
        body = text[text.index(f"const {table}: Table = {{") :]
        return set(re.findall(r"^  (\w+): \[\"[^\"]+\", \"[^\"]+\"\]", body[: body.index("\n};")], re.MULTILINE))

    assert {cause.value for cause in Cause} <= words("callCauses")
    assert {source.value for source in CallSource} <= words("callSources")
    assert {ending.value for ending in Ending} | {"called", "escalated", "taken", "handed_back", "forgotten"} <= words(
        "callSteps"
    )
    troubles = {Cause.CAMERA, Cause.NETWORK, Cause.PAYMENT, Cause.RELAY, Cause.POWER, Cause.PERSON_AWAY}
    assert {cause.value for cause in troubles} | {"sensor", "journal", "fire", "held_open", "key"} <= words(
        "modeCauses"
    )
    assert words("modes") == {"normal", "degraded", "emergency", "manual"}


def test_every_ready_reason_is_long_enough_for_the_server_in_both_languages() -> None:
    text = (CODES.parents[2] / "operator" / "words.ts").read_text(encoding="utf-8")
    ready = re.findall(
        r"^  (?:reason|emergency)_(?:paid|read|special|fault|fire|smoke|crowd|false|clear|drill): \[\"([^\"]+)\", \"([^\"]+)\"\]",
        text,
        re.MULTILINE,
    )
    assert len(ready) == 10
    assert all(len(words) >= 3 for pair in ready for words in pair)
