"""The member's page in a real browser against the real server: coupons, points, vehicles, stays, debts, invoices, consents, the end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from parking.kernel.events import Direction
from parking.members import points
from parking.members import store as members
from tests.browser import look
from tests.browser.keys import Keys
from tests.browser.member_scene import Mall, Member, a_full_membership
from tests.browser.pages import DriverPage
from tests.builders.journeys import PLATE
from tests.builders.plumbing import eventually
from tests.fixtures.browser import OpenPage

pytestmark = pytest.mark.req("MEM-1")
PATIENT = 30_000
PHONE = {"width": 390, "height": 844}
NARROW = ((360, 740),)


@dataclass
class World:
    """One mall for all that is shown here: setting it up costs more than looking at it."""

    mall: Mall
    member: Member
    inside: str

    def open(self, open_page: OpenPage, *, locale: str = "zh-CN", expect: frozenset[int] = frozenset()) -> Page:
        """The page as the app opens it, at the mall's own time."""
        now = self.mall.clock.now()
        page = open_page(
            self.member.page, locale=locale, expect=expect, before=lambda page: page.clock.set_fixed_time(now), **PHONE
        )
        page.set_default_timeout(PATIENT)
        return page


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, built_pages: Path) -> Iterator[World]:
    assert built_pages.is_dir()
    mall = Mall(tmp_path_factory.mktemp("member"))
    yield World(mall, *a_full_membership(mall))
    assert mall.application.database.read(points.faults) == []
    mall.close()


def go(page: Page, name: str) -> None:
    page.get_by_role("navigation").get_by_role("link", name=name, exact=True).click()


def views(page: Page, *, zh: bool) -> Iterator[str]:
    """Each part of the page, with what can be opened open."""

    def press(chinese: str, english: str) -> None:
        page.get_by_role("button", name=re.compile(f"^{chinese if zh else english}")).first.click()

    expect(page.locator(".inside-due")).to_be_visible()
    press("出示会员码", "Show my code")
    expect(page.locator(".qr svg")).to_be_visible()
    yield "home"
    go(page, "停车券" if zh else "Coupons")
    expect(page.locator(".coupon").first).to_be_visible()
    press("兑换", "Exchange")
    yield "coupons"
    go(page, "停车" if zh else "Stays")
    expect(page.locator(".row")).to_have_count(3)
    page.locator(".picks input").first.check()
    press("我有异议", "I do not owe this")
    press("解除", "End it")
    yield "stays"
    page.locator(".row").last.click()
    press("付款凭证", "Receipt")
    expect(page.locator(".receipt")).to_be_visible()
    yield "one stay"
    go(page, "首页" if zh else "Home")
    page.get_by_role("link", name="积分明细" if zh else "Points history").click()
    expect(page.locator(".lines li").first).to_be_visible()
    yield "points"
    go(page, "我的" if zh else "Me")
    expect(page.locator(".vehicle")).to_be_visible()
    press("绑定车辆", "Bind a vehicle")
    press("解绑", "Remove")
    press("删除我的一切", "Delete everything")
    yield "me"


@pytest.mark.req("A11Y-1")
def test_every_view_is_readable_by_day_and_night_and_at_twice_the_size_in_both_languages(
    world: World, open_page: OpenPage
) -> None:
    wrong: dict[str, list[str]] = {}
    for locale in ("zh-CN", "en-GB"):
        zh = locale == "zh-CN"
        page = world.open(open_page, locale=locale)
        assert "#t=" not in page.url, "the token is out of the address at once"
        for name in views(page, zh=zh):
            found = (
                look.wrong_with(page, smallest_px=44, widths=NARROW)
                if zh
                else look.text_wrong_with(page, widths=NARROW)
            )
            wrong |= {f"{locale} {name}": found} if found else {}
    assert wrong == {}


@pytest.mark.req("A11Y-1")
def test_a_member_redeems_a_coupon_and_exchanges_points_with_a_keyboard_alone(
    world: World, open_page: OpenPage, request: pytest.FixtureRequest
) -> None:
    folder = request.config.getoption("--pictures")

    def take(page: Page, name: str) -> None:
        if folder:
            page.screenshot(path=f"{folder}/{name}.png")

    page = world.open(open_page)
    keys = Keys(page)
    expect(page.get_by_test_id("points")).to_have_text("321")
    expect(page.locator(".inside-due b")).to_have_text("¥1.00")
    expect(page.get_by_text("券和等级已抵 ¥9.00")).to_be_visible()
    take(page, "member-1-home-zh")
    keys.press("停车券")
    expect(page.locator("[data-coupon='free']", has_text="入会停车券")).to_contain_text("本次停车会用")
    expect(page.locator(".coupon", has_text="满 50 减 10")).to_contain_text("本次不用：停车费未达到使用门槛")
    keys.press("首页")
    keys.press("去支付 ¥1.00")
    expect(DriverPage(page).due()).to_have_text("¥1.00")
    keys.press("支付 ¥1.00")
    expect(page).to_have_url(
        re.compile(r"/driver/\?PA"), timeout=PATIENT
    )  # the payer was at the company's page, and is back
    world.mall.approve(world.inside)
    expect(DriverPage(page).answer()).to_have_text(re.compile("前离场"), timeout=PATIENT)
    keys.press("返回会员页")
    expect(page.get_by_test_id("points")).to_be_visible()
    expect(page.get_by_text(re.compile("已结清，请在 .* 前离场"))).to_be_visible()
    expect(page.get_by_test_id("points")).to_have_text("322")  # what was paid has earned one
    keys.press("停车券")
    keys.press("用过和过期的（2）")
    expect(page.locator("[data-coupon='redeemed']")).to_have_count(2)
    offer = page.locator("[data-offer='points-80']")
    keys.press("兑换", within="[data-offer='points-80']")
    expect(offer).to_contain_text("用 80 积分兑换？还剩 242 积分。")
    keys.press("确认兑换")
    expect(page.get_by_text("已兑换，券在上面的券包里。")).to_be_visible()
    expect(page.locator("[data-coupon='free']", has_text="两小时停车券")).to_have_count(1)
    take(page, "member-2-coupons-zh")
    assert world.member.ask("GET", "/me/points")["balance"] == 242


def test_what_a_member_does_not_agree_to_is_not_shown_until_he_does(world: World, open_page: OpenPage) -> None:
    page = world.open(open_page, expect=frozenset({409}))
    go(page, "我的")
    history = page.get_by_role("checkbox", name=re.compile("显示停车记录"))
    history.uncheck()
    eventually(lambda: not world.member.ask("GET", "/me")["consents"]["history"])
    go(page, "停车")
    expect(page.get_by_text("未开启“显示停车记录”")).to_be_visible()
    expect(page.locator(".row")).to_have_count(0)
    page.get_by_role("button", name="开启").click()
    expect(page.locator(".row").first).to_be_visible()
    page.context.set_offline(True)
    go(page, "首页")
    expect(page.get_by_test_id("lost")).to_contain_text("网络中断，显示的是")
    expect(page.get_by_test_id("points")).to_have_text("242")
    page.context.set_offline(False)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_test_id("lost")).to_have_count(0)


def test_a_debt_is_objected_to_and_a_claim_on_ones_car_as_well(world: World, open_page: OpenPage) -> None:
    rival = Member(world.mall, "rival")
    claimed = {"proof": "lane_qr", "stay_token": world.mall.ticket(world.inside)}
    rival.ask("POST", "/me/vehicles", json=claimed)
    page = world.open(open_page)
    page.get_by_role("button", name="这是我的车，我反对").click()
    expect(page.locator(".claimed")).to_have_count(0)
    (theirs,) = rival.ask("GET", "/me")["vehicles"]
    assert theirs["state"] == "review"
    page.get_by_role("link", name=re.compile("有 1 笔停车费未付")).click()
    page.get_by_role("button", name="我有异议").click()
    page.get_by_role("button", name="提交异议").click()
    expect(page.get_by_text("已收到异议，暂停催收")).to_be_visible()


@pytest.mark.req("PRIV-1")
def test_a_member_deletes_everything_and_the_page_knows_nobody_any_more(world: World, open_page: OpenPage) -> None:
    page = world.open(open_page)
    go(page, "我的")
    page.get_by_role("button", name="删除我的一切").click()
    last = page.get_by_role("button", name="永久删除")
    expect(last).to_be_disabled()
    page.get_by_role("checkbox", name="我明白，并且要删除").check()
    last.click()
    expect(page.locator(".hero-word")).to_have_text("已全部删除")
    page.reload()
    expect(page.locator(".hero-word")).to_have_text("请从商场的应用打开")
    database = world.mall.application.database
    assert database.read(lambda conn: members.member(conn, world.member.id)) is None
    assert PLATE not in page.content()


def test_who_has_a_coupon_for_the_whole_fee_settles_with_it_from_home(world: World, open_page: OpenPage) -> None:
    mall, plate = world.mall, "沪B12307"
    member = Member(mall, "customer-2")
    member.owns(plate)
    mall.give(member.id, "whole", "sorry")
    stay_id = mall.passes(Direction.IN, plate)
    mall.later(minutes=100)
    page = World(mall, member, stay_id).open(open_page)
    page.get_by_role("button", name="用券离场").click()
    driver = DriverPage(page)
    expect(driver.answer()).to_have_text("优惠已抵扣全部停车费", timeout=PATIENT)
    page.get_by_role("button", name="用券离场").click()
    expect(driver.answer()).to_have_text(re.compile("前离场"), timeout=PATIENT)
    stays = member.ask("GET", "/me/stays")
    assert next(one["state"] for one in stays if one["stay_id"] == stay_id) == "settled"
