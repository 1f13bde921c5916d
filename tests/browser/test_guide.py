"""Free bays on the phone: how many, for how long, where to drive, and where else; the same story as the API's."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import look
from tests.browser.fake_guide import flow, outlook
from tests.browser.fake_server import FakeServer
from tests.fixtures.browser import OpenPage

PHONE = {"width": 390, "height": 844}
LOCALES = ("zh-CN", "en-GB")


@pytest.fixture
def mall(fake: FakeServer) -> FakeServer:
    guide = fake.guide
    guide.zone(
        "B1",
        ("地下一层", "Level B1"),
        128,
        outlook=outlook(4.2, 41, 7.0),
        usable_by_kind={"ordinary": 120, "accessible": 3, "ev": 5},
    )
    guide.zone("B2", ("地下二层", "Level B2"), 9, outlook=outlook(3.0, None, None, soon=12))
    guide.zone("B3", ("地下三层", "Level B3"), 0)
    guide.zone("B4", ("地下四层（充电区）", "Level B4 (charging)"), None)
    guide.next_door(riverside=40, opera=120, harbour=260)
    return fake


def guide(fake: FakeServer, open_page: OpenPage, **how: object) -> Page:
    page = open_page(f"{fake.url}/guide/", **{**PHONE, **how})
    expect(page.get_by_test_id("answer").locator(".hero-sum")).to_have_text("137")
    return page


@pytest.mark.req("GUIDE-2")
def test_the_page_says_how_many_are_free_until_when_and_how_far_such_words_were_off(
    mall: FakeServer, open_page: OpenPage
) -> None:
    page = guide(mall, open_page)
    first = page.locator("[data-zone=B1]")
    expect(first).to_contain_text("约 41 分钟后满位（近期误差 ±7 分钟）")
    expect(first).to_contain_text("无障碍 3 · 充电 5")
    expect(page.locator("[data-zone=B2]")).to_contain_text("15 分钟后约 12 位（±3）")
    expect(page.locator("[data-zone=B3] b")).to_have_text("已满")
    expect(page.locator("[data-zone=B4] b")).to_have_text("----")
    expect(page.locator("[data-flow=into]")).to_contain_text("排队")
    expect(page.locator("[data-flow=out]")).to_contain_text("每小时 84 辆")


@pytest.mark.req("GUIDE-2")
def test_a_driver_is_led_to_a_bay_with_the_turns_and_a_map_and_another_driver_to_another(
    mall: FakeServer, open_page: OpenPage
) -> None:
    page = guide(mall, open_page)
    page.get_by_role("button", name="查找车位").click()
    found = page.get_by_test_id("bay-way")
    expect(found.locator(".bay-name")).to_have_text(re.compile("车位 .+"))
    expect(found.locator("ol.how li").last).to_have_text("到达车位")
    expect(page.get_by_test_id("map").locator("polyline.route").first).to_be_attached()
    mine = found.locator(".bay-name").inner_text()
    other = guide(mall, open_page)
    other.get_by_role("button", name="查找车位").click()
    expect(other.get_by_test_id("bay-way").locator(".bay-name")).not_to_have_text(mine)
    mall.guide.free = set()
    page.get_by_role("button", name="换一个车位").click()
    expect(found).to_contain_text("暂时")


@pytest.mark.req("OVER-1")
def test_next_door_is_told_with_bays_on_arrival_price_and_way_and_who_goes_there_is_counted(
    mall: FakeServer, open_page: OpenPage
) -> None:
    mall.guide.short = True
    page = guide(mall, open_page)
    card = page.get_by_test_id("next-door")
    expect(card).to_contain_text("本场车位紧张")
    near = card.locator("[data-lot=riverside]")
    expect(near).to_contain_text("推荐")
    expect(near).to_contain_text("到达时约 40 位")
    expect(near).to_contain_text("开车 2 分钟 · 步行到商场 3 分钟")
    expect(near).to_contain_text("¥8.00/小时")
    expect(card.locator("[data-lot=harbour]")).to_contain_text("价格以现场为准")
    near.get_by_role("button", name="去这里").click()
    expect(page.get_by_test_id("trip")).to_contain_text("滨江停车场")
    expect(near).to_contain_text("到达时约 39 位")
    page.reload()
    expect(page.get_by_test_id("trip")).to_contain_text("滨江路 12 号")
    page.get_by_role("button", name="到了发现已满").click()
    expect(page.get_by_test_id("trip")).to_contain_text("大剧院停车场")
    page.get_by_role("button", name="到了发现已满").click()
    expect(page.get_by_test_id("trip")).to_contain_text("港口停车场")
    page.get_by_role("button", name="到了发现已满").click()
    expect(page.get_by_test_id("trip")).to_contain_text("暂时也没有可保证的车位")
    look.picture(page, "guide-nowhere-zh")
    assert look.wrong_with(page, smallest_px=44) == []


@pytest.mark.req("GUIDE-2")
def test_what_is_old_is_shown_as_old(mall: FakeServer, open_page: OpenPage) -> None:
    page = guide(mall, open_page)
    page.context.set_offline(True)
    page.evaluate("dispatchEvent(new Event('offline'))")
    expect(page.get_by_test_id("lost")).to_contain_text("网络中断")
    look.picture(page, "guide-offline-zh")
    assert look.wrong_with(page, smallest_px=44) == []
    page.context.set_offline(False)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_test_id("lost")).to_have_count(0)


@pytest.mark.req("A11Y-1")
@pytest.mark.parametrize("locale", LOCALES)
def test_nothing_is_cut_off_unnamed_faint_too_small_or_wrong_to_axe(
    mall: FakeServer, open_page: OpenPage, locale: str
) -> None:
    mall.guide.short = True
    mall.guide.traffic["out"] = flow("slow", 60)
    page = guide(mall, open_page, locale=locale)
    page.locator("[data-lot=riverside] button").click()
    expect(page.get_by_test_id("trip")).to_be_visible()
    page.get_by_test_id("to-bay").locator("button.main").click()
    expect(page.get_by_test_id("map")).to_be_visible()
    assert look.wrong_with(page, smallest_px=44) == []
