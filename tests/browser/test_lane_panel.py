"""A lane's panel: what was read and how surely, the ruling in words, the picture on request, who calls, and everything by keys."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from parking.kernel.principal import Scope
from tests.browser import look
from tests.browser.fake_server import FakeServer
from tests.browser.lane_scene import a_held_car, two_it_may_be
from tests.browser.pages import OperatorPage
from tests.browser.script import SCOPES
from tests.builders.plumbing import eventually
from tests.fixtures.browser import OpenPage

Panel = Callable[..., Page]
SMALLEST_PX = 24


@pytest.fixture
def panel(busy: FakeServer, open_page: OpenPage) -> Panel:
    """A lane's panel, its operator logged in."""

    def opened(lane: str = "exit-1", **how: object) -> Page:
        page = open_page(f"{busy.url}/operator/#/lane/{lane}", expect={401, 404, 409}, **how)
        OperatorPage(page).log_in("wangfang", "correct horse battery")
        OperatorPage(page).expect_live()
        return page

    return opened


def part(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name)


@pytest.mark.req("SOS-1", "A11Y-1")
def test_a_held_car_is_judged_and_let_out_by_keys_alone(busy: FakeServer, panel: Panel) -> None:
    a_held_car(busy)
    page = panel()
    reads, ruling = part(page, "识别"), part(page, "判定")
    expect(reads.get_by_role("row")).to_have_count(3)
    expect(reads.get_by_role("row").nth(1)).to_contain_text("21.4 %")
    expect(reads).to_contain_text("沪B ***07")
    expect(reads).not_to_contain_text("沪B 12307")
    expect(reads).to_contain_text(re.compile("78\\s*%|78.0 %"))
    expect(reads.get_by_role("row").nth(2)).to_contain_text("第 3 位不同")
    expect(ruling).to_contain_text(re.compile("未通过\\s*缴费检查"))
    expect(ruling).to_contain_text("尚未缴费")
    expect(part(page, "此刻")).to_contain_text("¥18.00")
    expect(page.locator("#main img")).to_have_count(0)  # a look is on record: nobody looks by opening the page
    assert look.wrong_with(page, smallest_px=SMALLEST_PX, widths=((1024, 768), (1440, 900))) == []
    page.keyboard.press("a")  # the longest call first
    call = page.locator("[data-call='call-1']")
    expect(call).to_contain_text("由您处理")
    expect(call).to_contain_text("没有屏幕")
    page.keyboard.press("a")
    mine = page.locator("[data-call='call-4']")
    expect(mine).to_contain_text("由您处理")
    expect(reads).to_contain_text("沪B 12307")  # whoever has taken its call sees it
    expect(page.locator(".case-shot-there")).to_have_count(1)
    mine.get_by_role("button", name="告知呼叫人：西出口 1").press("Enter")
    page.get_by_role("dialog").get_by_label("请先在此页面缴费").check()
    look.sound_question(page)
    page.keyboard.press("Enter")
    expect(mine).to_contain_text("已告知：请先在此页面缴费，之后道闸自动抬起")
    page.keyboard.press("o")
    expect(page.get_by_role("dialog")).to_be_visible()
    look.sound_question(page)
    OperatorPage(page).give_reason("已收现金", "确认开闸")
    assert [(one.lane_id, one.reason) for one in busy.opened] == [("exit-1", "已收现金")]
    busy.lane_visits.pulse("exit-1", "王芳", "已收现金", person=True)
    expect(ruling).to_contain_text("王芳 人工抬起")
    expect(ruling).to_contain_text("已确认")
    page.keyboard.press("ArrowDown")
    expect(page.locator("[data-passage='w1']")).to_have_class("is-picked")
    expect(ruling).to_contain_text("免费时段")
    expect(page.locator(".case-shot-there")).to_have_count(0)
    page.keyboard.press("p")
    expect(page.locator(".case-shot-there")).to_have_count(1)


@pytest.mark.req("LPR-1")
def test_a_new_vehicle_comes_by_itself_and_the_one_that_is_looked_at_stays(busy: FakeServer, panel: Panel) -> None:
    page = panel("entry-2")
    expect(page.get_by_text("还没有车辆")).to_be_visible()
    expect(page.get_by_text("有车到来后显示照片")).to_be_visible()
    busy.lane_visits.visit("entry-2", "n1", "沪A11111", rule="site_has_room")
    expect(page.locator("[data-visit='n1']")).to_be_visible()
    busy.lane_visits.visit("entry-2", "n2", "沪A22222", rule="site_has_room")
    expect(page.locator("[data-visit='n2']")).to_be_visible()  # the newest is looked at
    page.get_by_role("button", name=re.compile("查看 .* 的车辆")).nth(1).click()
    busy.lane_visits.visit("entry-2", "n3", "沪A33333", rule="site_has_room")
    expect(page.locator("[data-passage='n3']")).to_be_visible()
    expect(page.locator("[data-visit='n1']")).to_be_visible()


@pytest.mark.req("PRIV-1")
def test_plates_in_clear_and_pictures_are_for_whoever_may(busy: FakeServer, panel: Panel) -> None:
    a_held_car(busy)
    busy.scopes = SCOPES | {Scope.PLATES_READ}
    page = panel()
    reads = part(page, "识别")
    expect(reads).to_contain_text("沪B ***07")
    page.keyboard.press("c")
    expect(reads).to_contain_text("沪B 12307")
    page.get_by_role("button", name=re.compile("隐藏车牌")).click()
    expect(reads).not_to_contain_text("沪B 12307")
    assert [clear for _, clear in busy.lane_visits.asked if clear] != []
    busy.scopes = SCOPES - {Scope.LANES_OPEN}
    page.reload()
    expect(page.get_by_text("照片仅限可开闸的角色查看")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("开闸|查看照片"))).to_have_count(0)


@pytest.mark.req("A11Y-1")
def test_troubles_are_said_and_heal(busy: FakeServer, panel: Panel) -> None:
    a_held_car(busy)
    page = panel("exit-3")
    expect(part(page, "此刻")).to_contain_text("降级运行 · 摄像机, 网络")
    page.evaluate("location.hash = '#/lane/none'")
    expect(page.get_by_text("没有这条车道")).to_be_visible()
    busy.lane_visits.away = True
    page.evaluate("location.hash = '#/lane/exit-1'")
    expect(page.get_by_text("暂时读不到车辆记录")).to_be_visible()
    assert look.wrong_with(page, smallest_px=SMALLEST_PX, widths=()) == []
    busy.lane_visits.away = False
    page.get_by_role("button", name="重试").click()
    expect(page.locator("[data-visit='w0']")).to_be_visible()
    page.context.set_offline(True)
    OperatorPage(page).expect_lost()
    expect(page.locator("#main")).to_have_class(re.compile("is-old"))
    expect(page.locator("[data-visit='w0']")).to_be_visible()  # old, and marked so
    page.context.set_offline(False)
    OperatorPage(page).expect_live()
    page.get_by_role("navigation", name="其他车道").get_by_role("link", name="B1–B2 坡道").click()
    expect(page.get_by_text("坡道只计数")).to_be_visible()
    page.get_by_role("link", name="全部车道").click()
    page.get_by_role("link", name="西出口 1", exact=True).first.click()
    expect(page.get_by_role("heading", name="西出口 1")).to_be_visible()


TOP = "e => e.getBoundingClientRect().top"


@pytest.mark.req("SOS-1", "A11Y-1")
def test_on_a_phone_what_the_lane_says_now_and_who_calls_come_before_pictures(busy: FakeServer, panel: Panel) -> None:
    a_held_car(busy)
    page = panel(width=390, height=844)
    expect(page.locator("[data-call]")).to_have_count(2)
    parts = [part(page, name) for name in ("此刻", "求助", "照片", "识别", "判定")]
    tops = [one.evaluate(TOP) for one in parts]
    assert tops == sorted(tops)
    named = page.locator("main :is(section, .lane-calls section)[aria-labelledby]")
    order = named.evaluate_all("all => all.map((e) => e.getAttribute('aria-labelledby'))")
    assert order[:3] == ["lane-now", "calls-title", "lane-picture"]  # so it is by keys


@pytest.mark.req("A11Y-1")
def test_on_a_phone_what_needs_a_person_comes_before_levels_lanes_and_devices(
    busy: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(busy.url + OperatorPage.path, expect={401}, width=390, height=844)
    OperatorPage(page).log_in("wangfang", "correct horse battery")
    expect(page.locator("[data-case]")).to_have_count(2)
    parts = [page.locator(one).first for one in ("[data-call]", ".cases", "[data-zone]", "[data-lane]", ".stream")]
    tops = [one.evaluate(TOP) for one in parts]
    assert tops == sorted(tops)
    first_case, first_lane = page.locator(".cases a").first, page.locator("[data-lane] a").first
    follows = first_case.evaluate("(e, other) => e.compareDocumentPosition(other)", first_lane.element_handle())
    assert follows & 4  # so it is by keys


@pytest.mark.req("ID-1", "A11Y-1")
def test_whoever_sees_whose_car_waits_says_so_by_keys(busy: FakeServer, panel: Panel) -> None:
    two_it_may_be(busy)
    page = panel()
    whose = part(page, "这是哪辆车？")
    expect(whose).to_contain_text("付清后道闸自动抬起")
    expect(whose.locator("li.candidate")).to_have_count(0)  # a look is on record: nobody looks by opening the page
    page.keyboard.press("n")
    expect(whose.locator("li.candidate")).to_have_count(2)
    expect(whose.locator("li.candidate").first).to_contain_text("沪B 888B1")
    assert look.wrong_with(page, smallest_px=SMALLEST_PX, widths=((390, 844), (1024, 768), (1440, 900))) == []
    whose.get_by_label("照片上的车牌").fill("沪b8b881")
    page.keyboard.press("Enter")
    expect(whose.locator("li.candidate").first).to_contain_text("沪B 8B881")
    assert busy.lane_visits.typed == [None, "沪B8B881"]
    name = whose.get_by_role("button", name="是这辆车")
    name.nth(1).press("Enter")  # what was read is the other one's plate
    expect(whose.get_by_role("alert")).to_contain_text("您读到的 沪B 8B881 是另一条记录的车牌")
    assert busy.lane_visits.named == []
    name.first.press("Enter")
    expect(page.get_by_text("已发给车道：付清后道闸自动抬起")).to_be_visible()
    assert busy.lane_visits.named == [("exit-1", "w9", "s1")]
    name.nth(1).press("Enter")  # all the same
    expect(whose.get_by_role("alert")).to_be_visible()
    eventually(lambda: busy.lane_visits.named[-1] == ("exit-1", "w9", "s0"))


@pytest.mark.req("ID-1")
def test_nobody_is_named_who_is_let_go_or_has_gone_and_a_refusal_is_told(busy: FakeServer, panel: Panel) -> None:
    two_it_may_be(busy)
    page = panel()
    whose = part(page, "这是哪辆车？")
    page.keyboard.press("n")
    busy.lane_visits.away = True
    whose.get_by_role("button", name="是这辆车").first.click()
    expect(page.get_by_text(re.compile("这辆车已不在该出口等候"))).to_be_visible()
    busy.lane_visits.away = False
    busy.lane_visits.visit("exit-1", "w10", "沪B71J88", rule="paid")
    expect(page.locator("[data-visit='w10']")).to_be_visible()
    expect(whose).to_have_count(0)
