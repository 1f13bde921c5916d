"""The operator's console, on the scripted server: it shows what is true now, says when it cannot, and opens a gate once."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, WebSocketRoute, expect

from tests.browser.fake_server import FakeServer
from tests.browser.pages import OperatorPage
from tests.browser.script import yuan
from tests.fixtures.browser import OpenPage

PASSWORD = "correct horse battery"


@pytest.fixture
def console(fake: FakeServer, open_page: OpenPage) -> OperatorPage:
    return logged_in(fake, open_page)


def logged_in(fake: FakeServer, open_page: OpenPage, locale: str = "zh-CN") -> OperatorPage:
    console = OperatorPage(open_page(fake.url + OperatorPage.path, locale=locale, expect={401, 409}))
    console.log_in("wangfang", PASSWORD)
    console.expect_live()
    return console


def test_a_wrong_password_is_said_in_words_and_the_right_one_lets_in(fake: FakeServer, open_page: OpenPage) -> None:
    console = OperatorPage(open_page(fake.url + OperatorPage.path, expect={401}))
    console.log_in("wangfang", "wrong")
    expect(console.page.get_by_role("alert")).to_have_text("用户名或密码不正确")
    console.log_in("wangfang", PASSWORD)
    console.expect_live()
    console.page.get_by_role("button", name="退出").click()
    expect(console.page.get_by_label("密码")).to_be_visible()


def test_a_reload_keeps_the_session_and_an_ended_session_asks_again(fake: FakeServer, console: OperatorPage) -> None:
    console.page.reload()
    console.expect_live()
    fake.sessions.clear()
    fake.stop()
    console.expect_lost()
    fake.start()
    expect(console.page.get_by_label("密码")).to_be_visible()
    expect(console.page.locator("[data-lane]")).to_have_count(0)


@pytest.mark.req("GUIDE-1")
def test_counts_move_by_themselves_and_an_uncertain_count_is_four_bars(fake: FakeServer, console: OperatorPage) -> None:
    expect(console.free("B1")).to_have_text("128")
    fake.zone("B1", free=127)
    expect(console.free("B1")).to_have_text("127")
    fake.zone("B1", free=127, known=False)
    expect(console.free("B1")).to_have_text("----")
    expect(console.level("B1")).to_contain_text("待核实")
    fake.zone("B1", free=0, known=True)
    expect(console.level("B1")).to_contain_text("已满")


def test_a_lane_tells_its_vehicle_the_decision_and_the_reason(fake: FakeServer, console: OperatorPage) -> None:
    lane = console.lane("exit-1")
    expect(lane).to_contain_text("空闲")
    held = {"plate": "苏E***2K", "rule": "nothing_is_due", "reason": "payment_due", "due": yuan(1800)}
    fake.lane("exit-1", state="refused", **held)
    expect(lane).to_contain_text("未放行")
    expect(lane).to_contain_text("苏E ***2K")
    expect(lane).to_contain_text("尚未缴费")
    expect(lane).to_contain_text("¥18.00")
    fake.lane("exit-1", state="allowed", rule="paid", reason="", due=None)
    expect(lane).to_contain_text("依据 已缴费")
    fake.lane("exit-1", state="refused", rule="a_rule_of_tomorrow", reason="tyres_too.flat")
    expect(lane).to_contain_text("tyres too flat")
    fake.lane("exit-1", state="fault", fault="relay_gone")
    expect(lane).to_contain_text("道闸继电器无应答")


def test_events_arrive_in_words_newest_first_and_unknown_ones_stay_readable(
    fake: FakeServer, console: OperatorPage
) -> None:
    fake.event("VehiclePassed", lane_id="entry-1", plate="沪A***88", direction="in")
    expect(console.events().first).to_contain_text("东入口 1：沪A ***88 已驶入")
    fake.event("PaymentCaptured", amount=yuan(1250))
    expect(console.events().first).to_contain_text("收到付款 ¥12.50")
    fake.event("LaneFaulted", lane_id="entry-1", reason="wrong_way")
    expect(console.events().first).to_contain_text("车道故障（逆行）")
    fake.event("LaneDecided", lane_id="exit-1", plate="沪A***88", allowed=True, at="2026-05-16T06:20:00Z")
    fake.event("BarrierPulsed", lane_id="exit-1", at="2026-05-16T06:20:00Z")
    expect(console.events().first).to_contain_text("道闸已抬起")  # at the same moment, but after it
    expect(console.events().nth(1)).to_contain_text("放行")
    fake.event("DroneLanded", at="2026-05-16T06:20:01Z", reason="low_battery")
    expect(console.events().first).to_contain_text("drone landed · low battery")


def test_signs_and_devices_show_their_health(fake: FakeServer, console: OperatorPage) -> None:
    expect(console.sign("sign-b1")).to_contain_text("128")
    fake.sign("sign-b1", zone_id="B1", text="----", health="silent")
    expect(console.sign("sign-b1")).to_contain_text("----")
    expect(console.sign("sign-b1")).to_contain_text("无应答")
    fake.device("camera-1", "faulty", "the picture is frozen")
    expect(console.device("camera-1")).to_contain_text("故障")


def test_a_box_that_is_cut_off_is_told_with_the_moment_since_when_by_the_site_s_clock(
    fake: FakeServer, console: OperatorPage
) -> None:
    fake.device("edge-1", "silent", "silent since 2026-05-16T06:02:11Z")
    expect(console.device("edge-1")).to_contain_text("14:02 起无应答")
    fake.device("edge-1", "silent", "silent since 2026-05-14T06:02:11Z")
    expect(console.device("edge-1")).to_contain_text(re.compile("5月14日 14:02 起无应答"))


@pytest.mark.req("A11Y-1")
def test_a_gate_is_opened_with_the_keyboard_alone_and_the_focus_comes_back(
    fake: FakeServer, console: OperatorPage
) -> None:
    page = console.page
    opener = console.lane("exit-1").get_by_role("button")
    for _ in range(40):
        page.keyboard.press("Tab")
        if opener.evaluate("e => e === document.activeElement"):
            break
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(opener).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("radio").first).to_be_focused()
    page.keyboard.press("ArrowDown")  # the second reason
    page.keyboard.press("Enter")
    expect(page.get_by_text("西出口 1：开闸指令已发出")).to_be_visible()
    expect(opener).to_be_focused()
    assert [(o.lane_id, o.reason) for o in fake.opened] == [("exit-1", "车牌识别失败，已人工核对")]


def test_an_order_whose_answer_was_lost_is_sent_again_under_the_same_key(
    fake: FakeServer, console: OperatorPage
) -> None:
    page = console.page
    keys: list[str] = []

    def lose_the_answer(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        route.fetch()
        route.abort()

    page.route("**/lanes/exit-1/open", lose_the_answer, times=1)
    console.lane("exit-1").get_by_role("button").click()
    send = page.get_by_role("button", name="确认开闸")
    send.click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("不会重复开闸")
    send.click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert [o.key for o in fake.opened] == keys


def test_an_own_reason_needs_a_few_signs(fake: FakeServer, console: OperatorPage) -> None:
    console.lane("entry-1").get_by_role("button").click()
    dialog = console.page.get_by_role("dialog")
    dialog.get_by_label("其他").check()
    dialog.get_by_role("button", name="确认开闸").click()
    expect(dialog.get_by_role("alert")).to_have_text("请至少填写 3 个字")
    dialog.get_by_role("button", name="取消").click()
    console.open_by_hand("entry-1", "救护车通行")
    expect(console.page.get_by_text("指令已发出")).to_be_visible()
    assert fake.opened[-1].reason == "救护车通行"


def test_cases_come_by_themselves_and_each_leads_to_the_desk(fake: FakeServer, console: OperatorPage) -> None:
    expect(console.page.get_by_text("没有待处理事项")).to_be_visible()
    fake.case("c7", "second_entry", lane_id="entry-1")
    expect(console.cases()).to_have_count(1)
    expect(console.cases().first).to_contain_text("同一车牌再次入场")
    console.cases().first.get_by_role("link").click()
    expect(console.page.locator("#case-title")).to_have_text("同一车牌再次入场")
    console.page.go_back()
    expect(console.level("B1")).to_be_visible()


@pytest.mark.req("GUIDE-1")
def test_a_lost_connection_is_said_with_the_age_of_the_data_and_heals_by_itself(
    fake: FakeServer, console: OperatorPage
) -> None:
    fake.stop()
    console.expect_lost()
    expect(console.page.get_by_test_id("lost")).to_contain_text("以下为")
    expect(console.free("B1")).to_have_text("128")  # kept, and marked as old
    expect(console.page.locator("main")).to_have_class(re.compile("is-old"))
    fake.zone("B1", free=55)
    fake.start()
    console.expect_live()
    expect(console.free("B1")).to_have_text("55")
    expect(console.page.get_by_test_id("lost")).to_have_count(0)


def test_a_cut_line_is_resumed_where_it_was(fake: FakeServer, open_page: OpenPage) -> None:
    lines: list[WebSocketRoute] = []

    def watch(line: WebSocketRoute) -> None:
        lines.append(line)
        line.connect_to_server()

    def before(page: Page) -> None:
        page.route_web_socket("**/api/v1/live**", watch)

    console = OperatorPage(open_page(fake.url + OperatorPage.path, expect={401}, before=before))
    console.log_in("wangfang", PASSWORD)
    expect(console.free("B1")).to_have_text("128")
    lines[0].close()
    fake.zone("B1", free=99)
    expect(console.free("B1")).to_have_text("99")
    assert "epoch=" in lines[1].url
    assert "since=" in lines[1].url


def test_english_is_complete_and_the_choice_is_remembered(busy: FakeServer, open_page: OpenPage) -> None:
    console = logged_in(busy, open_page)
    console.page.get_by_role("button", name="English").click()
    expect(console.page.locator("html")).to_have_attribute("lang", "en")
    console.page.reload()
    console.expect_live()
    expect(console.cases()).to_have_count(2)
    text = console.page.locator("body").inner_text()
    theirs = ("中文", "王芳", "李明", "沪", "苏")  # the way back, names of people, the signs of plates
    for own in theirs:
        text = text.replace(own, "")
    assert [c for c in text if "\u4e00" <= c <= "\u9fff"] == []
    assert "---" in text
    expect(console.lane("exit-1")).to_contain_text("payment is due")


def test_the_theme_can_be_chosen_and_is_remembered(console: OperatorPage) -> None:
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    before = console.page.evaluate(ground)
    console.page.get_by_role("button", name="深色").click()
    dark = console.page.evaluate(ground)
    assert dark != before
    console.page.reload()
    console.expect_live()
    assert console.page.evaluate(ground) == dark


def test_times_are_those_of_the_site_wherever_the_device_believes_to_be(
    fake: FakeServer, console: OperatorPage
) -> None:
    fake.event("PaymentCaptured", amount=yuan(100))
    expect(console.events().first.locator("time")).to_contain_text("14:1")
