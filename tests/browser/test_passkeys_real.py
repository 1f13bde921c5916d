"""Passkeys in a real browser with its virtual authenticator against the real server: made, used, named, and gone; and log-ins ended."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser import look
from tests.browser.look import picture
from tests.browser.office import Office
from tests.browser.pages import OperatorPage
from tests.builders.security import PASSWORD
from tests.fixtures.browser import OpenPage

PATIENT = 30_000
SMALLEST_PX = 24
NEW_PASSWORD = "a better one than before"


def with_authenticator(page: Page) -> None:
    """The browser has a platform authenticator whose owner always confirms (WebDriver extension of WebAuthn, by the debugger)."""
    debugger = page.context.new_cdp_session(page)
    debugger.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    debugger.send("WebAuthn.addVirtualAuthenticator", {"options": options})


@pytest.fixture
def elsewhere() -> Iterator[Callable[..., httpx.Client]]:
    """Another browser of somebody who is logged in."""
    with ExitStack() as opened:

        def log_in(office: Office, username: str, password: str = PASSWORD) -> httpx.Client:
            headers = {"Origin": office.url, "User-Agent": "Firefox/142.0 (Android)"}
            client = opened.enter_context(httpx.Client(base_url=office.url, headers=headers))
            client.post("/api/v1/auth/login", json={"username": username, "password": password}).raise_for_status()
            return client

        yield log_in


def change_the_password(page: Page) -> None:
    """A slip first: it is said in the dialog, and nothing has changed."""
    page.get_by_role("button", name="修改密码…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("当前密码").fill(PASSWORD)
    dialog.get_by_label("新密码（至少 10 个字符）").fill(NEW_PASSWORD)
    dialog.get_by_label("再次输入新密码").fill(NEW_PASSWORD + "!")
    dialog.get_by_role("button", name="修改").click()
    expect(dialog.get_by_role("alert")).to_have_text("两次输入的新密码不一致")
    look.sound_question(page)
    dialog.get_by_label("再次输入新密码").fill(NEW_PASSWORD)
    dialog.get_by_role("button", name="修改").click()
    expect(page.get_by_text("密码已修改")).to_be_visible(timeout=PATIENT)


@pytest.mark.req("A11Y-1")
def test_a_passkey_is_made_logs_in_and_is_removed_and_log_ins_are_ended(
    office: Office, open_page: OpenPage, elsewhere: Callable[..., httpx.Client]
) -> None:
    phone, technician = (elsewhere(office, who) for who in ("manager", "technician"))
    page = open_page(office.named_url + OperatorPage.path, locale="en-GB", expect={401, 422}, before=with_authenticator)
    console = OperatorPage(page)
    console.log_in("manager", PASSWORD)
    console.expect_live()
    page.get_by_role("link", name="Manager: log-ins and passkeys").click()
    page.get_by_role("button", name="Add a passkey…").click(timeout=PATIENT)
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Front desk")
    dialog.get_by_label("Your password").fill("not this one")
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog.get_by_role("alert")).to_contain_text("the password is not right", timeout=PATIENT)
    look.sound_question(page)
    dialog.get_by_label("Your password").fill(PASSWORD)
    dialog.get_by_role("button", name="Continue").click()
    expect(page.locator("[data-passkey]")).to_contain_text("Front desk", timeout=PATIENT)
    expect(page.locator("[data-passkey]")).to_contain_text("not used yet")
    expect(page.locator("[data-session='other']")).to_contain_text("Firefox, Android")
    picture(page, "account-en")

    page.get_by_role("button", name="End all others").click()
    expect(page.locator("[data-session='other']")).to_have_count(0, timeout=PATIENT)
    assert phone.get("/api/v1/auth/me").status_code == 401
    page.get_by_role("button", name="End the log-in: Technician").click()
    page.get_by_role("dialog").get_by_role("button", name="End it").click()
    expect(page.locator("[data-session-of='Technician']")).to_have_count(0, timeout=PATIENT)
    assert technician.get("/api/v1/auth/me").status_code == 401

    page.get_by_role("button", name="Log out").click()
    with_passkey = page.get_by_role("button", name="Log in with a passkey")
    expect(with_passkey).to_be_visible(timeout=PATIENT)
    picture(page, "login-passkey-en")
    with_passkey.click()
    console.expect_live()
    expect(page.locator("[data-passkey]")).to_contain_text("last used", timeout=PATIENT)
    expect(page.locator("[data-session='this']")).to_contain_text("by passkey")
    assert look.wrong_with(page, smallest_px=SMALLEST_PX) == []
    page.get_by_role("button", name=re.compile("中文")).click()
    page.get_by_role("button", name=re.compile("深色")).click()
    assert look.text_wrong_with(page) == []
    picture(page, "account-zh-dark")

    page.get_by_role("button", name="移除：Front desk").click()
    page.get_by_role("dialog").get_by_role("button", name="移除").click()
    expect(page.get_by_text("还没有通行密钥")).to_be_visible(timeout=PATIENT)
    change_the_password(page)
    office.work(seconds=301)  # wrong and right tries count for five minutes, whatever they are for
    other = elsewhere(office, "manager", NEW_PASSWORD)
    (mine,) = [one for one in other.get("/api/v1/auth/sessions").json()["sessions"] if not one["this"]]
    other.delete(f"/api/v1/auth/sessions/{mine['session_id']}").raise_for_status()
    page.get_by_role("button", name="使用通行密钥登录").click(timeout=PATIENT)  # this page left at once
    expect(page.get_by_role("alert")).to_have_text("这个通行密钥不能登录，请用密码", timeout=PATIENT)
    picture(page, "login-passkey-zh-dark")
    page.get_by_label("用户名").fill("technician")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    notice = page.get_by_role("region", name="关于您的登录")  # what the manager did above
    expect(notice).to_contain_text("Manager 结束了您的一处登录", timeout=PATIENT)
    assert look.wrong_with(page, smallest_px=SMALLEST_PX, widths=((1024, 768),)) == []
    notice.get_by_role("button", name="知道了").click()
    expect(notice).to_have_count(0)
    page.reload()
    console.expect_live()
    expect(notice).to_have_count(0)
