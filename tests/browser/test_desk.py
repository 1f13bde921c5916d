"""The exception desk on the scripted server: by keys alone, one decision per press, and no surprise when a colleague was faster."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from parking.kernel.principal import Scope
from parking.sessions.desk.model import Choice
from tests.browser import look
from tests.browser.desk_scene import a_busy_desk
from tests.browser.fake_desk import OTHER
from tests.browser.fake_server import FakeServer
from tests.browser.look import picture
from tests.browser.pages import OperatorPage
from tests.browser.script import SCOPES
from tests.fixtures.browser import OpenPage

AFTERNOON = datetime(2026, 5, 16, 6, 17, 30, tzinfo=UTC)
PATIENT = 20_000


@pytest.fixture
def desk(fake: FakeServer) -> FakeServer:
    """The mall of `conftest`, with an afternoon's cases."""
    a_busy_desk(fake)
    return fake


def at_desk(fake: FakeServer, open_page: OpenPage, place: str = "#/desk", **how: object) -> Page:
    page = open_page(f"{fake.url}/operator/{place}", expect={401, 404, 409}, **how)
    page.set_default_timeout(PATIENT)
    console = OperatorPage(page)
    console.log_in("wangfang", "correct horse battery")
    expect(page.get_by_test_id("line")).to_have_text(
        "实时" if how.get("locale", "zh-CN") == "zh-CN" else "Live", timeout=PATIENT
    )
    return page


def rows(page: Page) -> Locator:
    return page.locator("[data-case]")


def take(page: Page) -> None:
    page.keyboard.press("Enter")
    expect(page.get_by_text("由您处理").first).to_be_visible(timeout=PATIENT)


@pytest.mark.req("DATA-2")
def test_the_queue_stands_in_the_order_of_its_deadlines_and_new_cases_come_by_themselves(
    desk: FakeServer, open_page: OpenPage
) -> None:
    page = at_desk(desk, open_page)
    expect(rows(page)).to_have_count(6, timeout=PATIENT)
    assert [row.get_attribute("data-case") for row in rows(page).all()] == ["c2", "c3", "c1", "c5", "c6", "c4"]
    expect(rows(page).first.locator("[data-overdue=true]")).to_contain_text("超时")
    expect(rows(page).first).to_contain_text("李明 处理中")
    expect(page.locator("body")).not_to_contain_text("88588")  # nobody has taken it: plates are masked
    desk.case("c9", "call_unanswered", lane_id="exit-1", ago_s=1200)
    expect(rows(page).first).to_have_attribute("data-case", "c9", timeout=PATIENT)


@pytest.mark.req("ID-1", "A11Y-1")
def test_a_case_is_taken_decided_and_taken_back_with_the_keyboard_alone(desk: FakeServer, open_page: OpenPage) -> None:
    page = at_desk(desk, open_page)
    expect(rows(page)).to_have_count(6, timeout=PATIENT)
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    expect(page.locator("#case-title")).to_have_text("出场无入场记录", timeout=PATIENT)
    page.keyboard.press("1")  # not taken yet: no key decides
    take(page)
    page.keyboard.press("3")  # a slip: the first fits far better, so this is asked about
    expect(page.get_by_role("dialog")).to_contain_text("第 1 个候选要像得多", timeout=PATIENT)
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0, timeout=PATIENT)
    assert desk.desk.decided == []
    expect(page.locator("[data-candidate='stay-1'] mark")).to_have_text(["8", "8"])
    page.keyboard.press("1")
    expect(page.get_by_text("已处理：是这辆车")).to_be_visible(timeout=PATIENT)
    ((case, body, key),) = desk.desk.decided
    assert (case, body.choice, body.stay_id, body.reason) == ("c1", Choice.MATCH, "stay-1", "plate_misread")
    assert len(key) >= 16
    page.keyboard.press("u")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("撤销：是这辆车")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0, timeout=PATIENT)
    assert desk.desk.undone == [("d1", "按错了")]
    expect(rows(page)).to_have_count(6, timeout=PATIENT)


@pytest.mark.req("ID-1")
def test_the_second_operator_sees_who_has_it_and_is_told_when_a_colleague_was_faster(
    desk: FakeServer, open_page: OpenPage
) -> None:
    page = at_desk(desk, open_page, "#/desk/c2")
    expect(page.locator(".case-theirs")).to_contain_text("李明 正在处理这件", timeout=PATIENT)
    assert page.locator(".decide button:enabled").count() == 0
    page.keyboard.press("Enter")  # nothing to take here
    page.locator("[data-case='c1']").click()
    expect(page.get_by_role("button", name="领取")).to_be_visible(timeout=PATIENT)

    def faster(route: Route) -> None:
        desk.desk.taken_by("c1", OTHER)
        route.continue_()

    page.route("**/desk/cases/c1/take", faster, times=1)
    page.get_by_role("button", name="领取").click()
    expect(page.locator(".toast")).to_contain_text("其他人正在处理这件", timeout=PATIENT)
    expect(page.locator(".case-theirs")).to_contain_text("李明", timeout=PATIENT)
    desk.desk.taken_by("c1", "")
    take_button = page.get_by_role("button", name="领取")
    expect(take_button).to_be_visible(timeout=PATIENT)
    take_button.click()
    expect(page.get_by_text("由您处理").first).to_be_visible(timeout=PATIENT)

    def gone(route: Route) -> None:  # the lease ran out and a colleague took it over
        desk.desk.taken_by("c1", OTHER)
        route.continue_()

    page.route("**/desk/cases/c1/decide", gone, times=1)
    page.keyboard.press("n")
    expect(page.locator(".toast")).to_contain_text("没有保存：其他人正在处理这件", timeout=PATIENT)
    assert desk.desk.decided == []


def test_what_needs_a_word_or_a_time_asks_and_giving_money_up_needs_a_manager(
    desk: FakeServer, open_page: OpenPage
) -> None:
    page = at_desk(desk, open_page, "#/desk/c3")
    expect(page.get_by_role("button", name="领取")).to_be_visible(timeout=PATIENT)
    take(page)
    expect(page.locator("[data-choice='waive']")).to_be_disabled()
    expect(page.locator("[data-choice='waive']")).to_contain_text("需要管理员")
    page.keyboard.press("w")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Shift+D")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("其他").check()
    dialog.get_by_role("button", name="确定").click()
    expect(dialog.get_by_role("alert")).to_have_text("请至少填写 3 个字")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)  # gone, not only closed
    page.keyboard.press("h")
    dialog.get_by_role("combobox").select_option(label="1小时")
    dialog.get_by_role("button", name="确定").click()
    expect(dialog).to_have_count(0, timeout=PATIENT)
    ((_, body, _),) = desk.desk.decided
    assert (body.choice, body.wait_minutes, body.reason) == (Choice.HOLD, 60, "video_awaited")
    expect(rows(page).last).to_contain_text("等至", timeout=PATIENT)


@pytest.mark.req("ID-1")
def test_of_two_cars_by_one_plate_the_operator_says_whose_was_misread(fake: FakeServer, open_page: OpenPage) -> None:
    fake.case("c1", "second_entry", lane_id="entry-1", stay_id="stay-1")
    fake.desk.question("c1", read="沪B12307", visit="stay-2")
    page = at_desk(fake, open_page, "#/desk/c1")
    take(page)
    page.keyboard.press("p")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("实际车牌").fill("沪B12B07")
    dialog.get_by_role("button", name="确定").click()
    expect(dialog.get_by_role("alert")).to_have_text("请选择是哪辆车")
    dialog.get_by_label("后来的车").check()
    dialog.get_by_role("button", name="确定").click()
    expect(dialog).to_have_count(0, timeout=PATIENT)
    ((_, body, _),) = fake.desk.decided
    assert (body.choice, body.stay_id, body.plate) == (Choice.PLATE, "stay-2", "沪B12B07")


@pytest.mark.req("ID-1", "PRIV-1")
def test_a_stays_story_shows_pictures_on_demand_and_plates_in_clear_by_right(
    desk: FakeServer, open_page: OpenPage
) -> None:
    page = at_desk(desk, open_page, "#/stay/stay-1")
    lines = page.locator(".story-line")
    expect(page.locator("[data-code='opened']").first).to_contain_text("系统按规则 · 有空位", timeout=PATIENT)
    expect(lines).to_have_count(14, timeout=PATIENT)
    expect(lines.nth(9)).to_contain_text("是这辆车")
    lines.nth(9).get_by_text("依据").click()
    expect(lines.nth(9)).to_contain_text("状态: 在场")
    expect(lines.nth(10)).to_contain_text("人工对应离场")
    lines.nth(10).get_by_text("依据").click()
    expect(lines.nth(10)).to_contain_text("状态: 已离场")
    expect(lines.nth(10).get_by_role("link", name="stay-2")).to_have_attribute("href", "#/stay/stay-2")
    assert page.locator(".story img").count() == 0  # each look is on record: none without a press
    page.get_by_role("button", name="查看照片").first.click()
    expect(page.locator(".case-shot-there")).to_have_count(1, timeout=PATIENT)
    page.get_by_role("button", name="显示完整车牌").click()
    expect(page.get_by_role("button", name="遮盖车牌")).to_be_visible(timeout=PATIENT)
    assert desk.desk.looks == [False, True]
    page.goto(f"{desk.url}/operator/#/stay/nobody")
    expect(page.get_by_role("status").first).to_be_attached()


@pytest.mark.req("ID-1")
def test_an_operator_types_the_plate_on_the_picture_and_parts_a_stay_that_nobody_doubted(
    desk: FakeServer, open_page: OpenPage
) -> None:
    page = at_desk(desk, open_page, "#/desk/c1")
    expect(page.get_by_role("button", name="领取")).to_be_visible(timeout=PATIENT)
    take(page)
    page.keyboard.press("r")
    page.keyboard.type("皖a8b5b8")
    page.keyboard.press("Enter")
    first = page.locator("[data-candidate]").first
    expect(first).to_have_attribute("data-candidate", "stay-3", timeout=PATIENT)
    assert desk.desk.typed == [("c1", "皖A8B5B8")]
    page.keyboard.press("1")
    expect(page.get_by_text("已处理：是这辆车")).to_be_visible(timeout=PATIENT)
    ((_, body, _),) = desk.desk.decided
    assert (body.stay_id, body.typed) == ("stay-3", "皖A8B5B8")
    page.get_by_label("车牌", exact=True).fill("沪AD88588")
    page.get_by_role("button", name="查找").click()
    page.locator("[data-found='stay-1'] a").click()
    page.get_by_role("button", name="提交核查").click()
    expect(page.locator("#case-title")).to_have_text("人工提出核查", timeout=PATIENT)
    assert desk.desk.asked == ["stay-1"]
    page.keyboard.press("t")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="确定").click()
    expect(dialog.get_by_role("alert")).to_have_text("请填写两个时间")
    look.sound_question(page)
    dialog.get_by_label("第一次离场时间").fill("2026-05-16T12:00")
    dialog.get_by_label("再次入场时间").fill("2026-05-16T13:30")
    dialog.get_by_role("button", name="确定").click()
    expect(dialog).to_have_count(0, timeout=PATIENT)
    (_, parted, _) = desk.desk.decided[-1]
    assert parted.choice is Choice.PART
    assert (parted.left_at, parted.came_at) == (
        datetime(2026, 5, 16, 4, 0, tzinfo=UTC), datetime(2026, 5, 16, 5, 30, tzinfo=UTC),
    ), "the site's wall clock, wherever the browser stands"  # fmt: skip


def test_a_manager_switches_a_lesson_off_with_a_reason(desk: FakeServer, open_page: OpenPage) -> None:
    desk.scopes = SCOPES | {Scope.LESSONS_SWITCH}
    desk.desk.lessons_at_once = 1
    page = at_desk(desk, open_page, "#/lessons")
    expect(page.get_by_text("生效的学习记录：1 条")).to_be_visible(timeout=PATIENT)
    expect(page.get_by_text("最近 1 条，共 2 条")).to_be_visible()
    page.get_by_role("button", name="更多").click()
    expect(page.locator(".lesson")).to_have_count(2, timeout=PATIENT)
    expect(page.get_by_role("button", name="更多")).to_have_count(0)
    lesson = page.locator("[data-lesson='l2']")
    expect(lesson).to_contain_text("B → 8")
    lesson.get_by_role("button").click()
    look.sound_question(page)
    page.get_by_role("dialog").get_by_role("button", name="停用", exact=True).click()
    expect(lesson).to_have_attribute("data-active", "false", timeout=PATIENT)
    expect(page.locator(".lesson")).to_have_count(2)
    expect(page.get_by_text("没有学习记录，按实测误读率排序")).to_be_visible()


def test_what_may_be_old_is_said_and_nothing_waiting_is_said_too(fake: FakeServer, open_page: OpenPage) -> None:
    page = at_desk(fake, open_page)
    expect(page.get_by_text("新的异常会自动出现在这里")).to_be_visible(timeout=PATIENT)
    page.route("**/api/v1/desk/cases?*", lambda route: route.abort())
    fake.case("c1", "second_entry", lane_id="entry-1")
    expect(page.get_by_text("暂时读不到，以下可能已过时")).to_be_visible(timeout=PATIENT)
    page.unroute("**/api/v1/desk/cases?*")
    page.get_by_role("button", name="重试").click()
    expect(rows(page)).to_have_count(1, timeout=PATIENT)
    expect(page.get_by_text("暂时读不到，以下可能已过时")).to_have_count(0)


@pytest.mark.req("A11Y-1")
@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
def test_nothing_is_cut_off_unnamed_faint_too_small_or_wrong_to_axe(
    desk: FakeServer, open_page: OpenPage, locale: str
) -> None:
    page = at_desk(desk, open_page, "#/desk/c1", width=1280, height=1000, locale=locale)
    page.get_by_role("button", name="领取" if locale == "zh-CN" else "Take it").click()
    expect(page.locator(".case-shot-there")).to_have_count(2, timeout=2 * PATIENT)
    wrong = {}
    for place, ready in (("#/desk/c1", "#case-title"), ("#/stay/stay-1", ".story-line"), ("#/lessons", ".lesson")):
        page.evaluate("place => (location.hash = place)", place)
        page.locator(ready).first.wait_for()
        wrong[place] = look.wrong_with(page, smallest_px=40, widths=((390, 800), (1280, 1000), (1920, 1000)))
    assert {place: found for place, found in wrong.items() if found} == {}


def is_in_sight(of: Locator) -> bool:
    """Whether it stands within what the window shows, without being scrolled to."""
    return bool(
        of.evaluate("e => e.getBoundingClientRect().top >= 0 && e.getBoundingClientRect().bottom <= innerHeight")
    )


@pytest.mark.req("A11Y-1")
def test_on_a_phone_a_case_comes_into_sight_when_it_is_opened_and_the_queue_is_one_press_away(
    desk: FakeServer, open_page: OpenPage
) -> None:
    for n in range(20):
        desk.case(f"more-{n}", "call_unanswered", lane_id="exit-1", ago_s=3000 + n)
    page = at_desk(desk, open_page, width=390, height=844)
    expect(rows(page)).to_have_count(26, timeout=PATIENT)
    expect(page.get_by_text("请从左侧选择一件")).to_be_hidden()  # what waits stands above
    page.locator("[data-case='c1']").click()
    title = page.locator("#case-title")
    expect(title).to_be_focused(timeout=PATIENT)
    assert is_in_sight(title)
    page.get_by_role("button", name="领取").click()
    show = page.locator("[data-candidate='stay-3']").get_by_role("button", name="查看照片")
    show.click()
    beside = page.get_by_role("figure").filter(has_text="候选 3 入场时")
    expect(page.locator("#pictures-title")).to_be_focused()
    expect(beside).to_be_visible()
    assert is_in_sight(page.locator("#pictures-title"))
    page.get_by_role("button", name="返回候选 3").click()
    expect(show).to_be_focused()
    assert is_in_sight(show)
    page.get_by_role("button", name="返回队列").click()
    expect(page.locator("[data-case='c1']")).to_be_focused()
    assert is_in_sight(page.locator("[data-case='c1']"))
    page.keyboard.press("Enter")  # the same one again: it has not gone
    expect(title).to_be_focused()
    assert is_in_sight(title)


def test_on_a_phone_a_case_that_is_opened_by_its_address_is_in_sight(desk: FakeServer, open_page: OpenPage) -> None:
    for n in range(20):
        desk.case(f"more-{n}", "call_unanswered", lane_id="exit-1", ago_s=3000 + n)
    page = at_desk(desk, open_page, "#/desk/c1", width=390, height=844)
    expect(rows(page)).to_have_count(26, timeout=PATIENT)
    expect(page.locator("#case-title")).to_be_focused(timeout=PATIENT)
    page.wait_for_function("document.getElementById('case-title').getBoundingClientRect().top >= 0")
    assert is_in_sight(page.locator("#case-title"))


@pytest.mark.req("A11Y-1")
def test_beside_the_queue_nothing_moves_when_a_case_is_opened(desk: FakeServer, open_page: OpenPage) -> None:
    page = at_desk(desk, open_page)
    row = page.locator("[data-case='c1']")
    row.click()
    expect(page.locator("#case-title")).to_have_text("出场无入场记录", timeout=PATIENT)
    expect(row).to_be_focused()
    expect(page.get_by_role("button", name="返回队列")).to_be_hidden()


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
def test_a_candidate_without_a_plate_says_so_beside_its_cost_and_not_over_it(
    desk: FakeServer, open_page: OpenPage, locale: str
) -> None:
    desk.desk.question("c1", read="沪AD8B5B8", candidates=[("stay-1", None, 11.4, [("read_differently", 7.8)], 2.5)])
    page = at_desk(desk, open_page, "#/desk/c1", locale=locale, width=390, height=844)
    row = page.locator("[data-candidate='stay-1']")
    expect(row).to_be_visible(timeout=PATIENT)
    picture(page, f"desk-no-plate-{locale[:2]}")
    box, cost = row.locator(".plate").bounding_box(), row.locator(".candidate-cost").bounding_box()
    assert box is not None
    assert cost is not None
    assert box["x"] + box["width"] <= cost["x"]


def test_a_stay_that_a_person_ended_names_no_raw_lane(desk: FakeServer, open_page: OpenPage) -> None:
    desk.case("c7", "asked_by_person", lane_id="by-hand", ago_s=100)
    page = at_desk(desk, open_page)
    expect(page.locator("[data-case='c7']")).to_contain_text("人工结束（无车道）", timeout=PATIENT)
