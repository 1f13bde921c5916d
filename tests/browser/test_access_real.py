"""Access rights in a real browser against the real server: kept, searched, taken from a file whole or not at all, masked by role."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, expect

from parking.access import service, store
from parking.access.rows import ListedAs, ListRow
from parking.kernel.plate import Plate
from tests.browser.look import picture, sound, sound_question
from tests.browser.office import Office
from tests.browser.pages import OperatorPage
from tests.builders.security import PASSWORD
from tests.fixtures.browser import OpenPage

PATIENT = 30_000
HEADING = "plate,listed_as,note\r\n"


def csv_file(text: str, encoding: str = "utf-8") -> FilePayload:
    return {"name": "list.csv", "mimeType": "text/csv", "buffer": (HEADING + text).encode(encoding)}


@pytest.mark.req("GATE-5")
def test_rights_are_kept_searched_and_taken_from_a_file(office: Office, open_page: OpenPage) -> None:
    page = open_page(office.url + OperatorPage.path, locale="en-GB", expect={401, 422})
    console = OperatorPage(page)
    console.log_in("manager", PASSWORD)
    console.expect_live()
    page.get_by_role("link", name="Access", exact=True).click()
    expect(page.get_by_text("There is nothing here yet")).to_be_visible(timeout=PATIENT)

    page.get_by_role("button", name="Add a plate…").press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Plate").fill("苏A-12345")
    dialog.get_by_label("List").select_option("block")
    dialog.get_by_label("Note").fill("left without paying")
    sound_question(page)
    dialog.get_by_role("button", name="Add a plate", exact=True).click()
    row = page.locator("[data-listed='苏A12345']")
    expect(row).to_contain_text("Blocked", timeout=PATIENT)

    page.get_by_role("button", name="Import CSV…").click()
    chooser = dialog.get_by_label("CSV file")
    chooser.set_input_files(csv_file("粤B23456,vip,\r\n??,vip,\r\n浙A13579,friend,\r\n"))
    wrong = dialog.locator(".access-wrong tbody tr")
    expect(wrong).to_have_count(2, timeout=PATIENT)
    expect(wrong.nth(0)).to_have_text(re.compile("3.*plate.*not a plate number"))
    expect(wrong.nth(1)).to_have_text(re.compile("4.*listed_as.*allowed values"))
    expect(dialog.get_by_role("button", name="Import", exact=True)).to_be_disabled()
    sound_question(page)
    picture(page, "access-import-en")
    chooser.set_input_files(csv_file("粤B23456,vip,贵宾\r\n苏A12345,block,left without paying\r\n", "gb18030"))
    expect(dialog.get_by_role("status")).to_contain_text("2 rows; 1 new, 0 changed, 1 as they are", timeout=PATIENT)
    assert office.application.database.read(lambda conn: store.listed(conn, Plate("粤B23456"))) is None
    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(page.locator("[data-listed='粤B23456']")).to_contain_text("贵宾", timeout=PATIENT)
    with page.expect_download() as told:
        page.get_by_role("link", name="Export CSV").click()
    assert "粤B23456,vip,贵宾," in Path(told.value.path()).read_text(encoding="utf-8-sig")
    sound(page)
    picture(page, "access-lists-en")

    page.get_by_role("link", name="Holders").click()
    page.get_by_role("button", name="New holder…").click()
    dialog.get_by_label("Id (").fill("h1")
    dialog.get_by_label("Name").fill("Wang Fang")
    dialog.get_by_label("Plates").fill("苏A54321")
    sound_question(page)
    dialog.get_by_role("button", name="New holder", exact=True).click()
    expect(page.locator("[data-holder=h1]")).to_contain_text("Wang Fang", timeout=PATIENT)
    page.get_by_role("link", name="Visitors").click()
    page.get_by_role("button", name="Invite a visitor…").click()
    dialog.get_by_label("Host").fill("h1")
    dialog.get_by_label("Visitor's name").fill("Zhao Lei")
    dialog.get_by_label("Valid from").fill("2026-03-07T09:00")
    dialog.get_by_label("Valid until").fill("2026-03-08T18:30")
    dialog.get_by_role("button", name="Invite a visitor", exact=True).click()
    expect(dialog.get_by_role("img", name="Code for Zhao Lei")).to_be_visible(timeout=PATIENT)
    sound_question(page)
    dialog.get_by_role("button", name="Close").click()
    expect(page.locator("[data-visitor]")).to_contain_text("18:30")

    expect(page.locator("dialog")).to_have_count(0)
    page.keyboard.press("/")
    page.keyboard.type("wang")
    page.keyboard.press("Enter")
    expect(page.locator("[data-holder=h1]")).to_be_visible(timeout=PATIENT)
    sound(page)
    page.get_by_role("button", name=re.compile("中文")).click()
    page.get_by_role("button", name=re.compile("深色")).click()
    page.get_by_role("button", name="返回名单").click()
    page.get_by_role("link", name="车牌名单").click()
    expect(page.locator("[data-listed]")).to_have_count(2, timeout=PATIENT)
    page.set_viewport_size({"width": 360, "height": 740})
    sound(page)
    picture(page, "access-lists-zh-dark-narrow")
    page.get_by_role("button", name="删除 苏A12345").click()
    sound_question(page)
    dialog.get_by_role("button", name="删除 苏A12345").click()
    expect(page.locator("[data-listed]")).to_have_count(1, timeout=PATIENT)


@pytest.mark.req("PRIV-1")
def test_an_attendant_sees_the_list_masked_and_changes_nothing(office: Office, open_page: OpenPage) -> None:
    entry = ListRow(Plate("苏A12345"), ListedAs.STAFF, "till 9", None, None)
    office.application.database.write(lambda uow: service.put_on_list(uow, entry))
    page = open_page(office.url + OperatorPage.path, expect={401})
    console = OperatorPage(page)
    console.log_in("attendant", PASSWORD)
    console.expect_live()
    page.get_by_role("link", name="名单", exact=True).click()
    expect(page.locator("[data-listed='苏A***45']")).to_contain_text("till 9", timeout=PATIENT)
    assert "12345" not in page.content()
    expect(page.get_by_role("button", name=re.compile("添加|修改|删除|导入"))).to_have_count(0)
    page.get_by_label(re.compile("^查找")).fill("苏A·12345")
    page.keyboard.press("Enter")
    expect(page.locator("[data-listed]")).to_have_count(1, timeout=PATIENT)
    page.get_by_label(re.compile("^查找")).fill("123")
    page.keyboard.press("Enter")
    expect(page.get_by_text("没有匹配的记录")).to_be_visible(timeout=PATIENT)
    sound(page)
    picture(page, "access-masked-zh")
