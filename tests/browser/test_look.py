"""What must hold for every page in every size, language and light: nothing cut off, everything named, readable, small and our own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe, driver_views, kiosk_views, look
from tests.browser.conftest import AFTERNOON
from tests.browser.fake_server import FakeServer
from tests.browser.look import Look
from tests.browser.pages import DriverPage, OperatorPage
from tests.fixtures.browser import OpenPage

SIZES = {"kiosk": (1080, 1920, 80), "driver": (390, 844, 44), "operator": (1440, 900, 40)}  # and the smallest target
# What is asked of phones and desks, less where it says the same again: a kiosk is a panel whose browser nobody sets.
PANEL: dict[str, Any] = {"widths": ((1080, 1920), (720, 1280)), "twice": False}
SIZED: dict[str, dict[str, Any]] = {"kiosk": PANEL, "driver": {"widths": ((360, 740),)}, "operator": {}}
# Below the middle of an upright panel, so that somebody in a wheelchair reaches them; no text under 25 px.
_REACH = """() => {
  const wrong = [];
  for (const e of document.querySelectorAll('button'))
    if (e.getBoundingClientRect().top < innerHeight * 0.45) wrong.push('too high: ' + e.textContent);
  for (const e of document.querySelectorAll('button'))
    if (e.getBoundingClientRect().bottom > innerHeight) wrong.push('below the edge: ' + e.textContent);
  for (const e of document.querySelectorAll('body *:not(svg *)'))  // a map's marks are said in words beside it
    if (
      [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())
      && parseFloat(getComputedStyle(e).fontSize) < 25
    )
      wrong.push('too small: ' + e.textContent);
  return wrong;
}"""


def operator_views(fake: FakeServer, page: Page) -> Iterator[str]:
    console = OperatorPage(page)
    page.goto(fake.url + OperatorPage.path)
    expect(page.locator("form")).to_be_visible()
    yield "log-in"
    console.log_in("wangfang", "correct horse battery")
    expect(console.cases()).to_have_count(2)
    expect(console.calls()).to_have_count(3)
    yield "overview"
    console.call("call-2").get_by_role("button", name=re.compile("接听|Answer")).click()
    console.call("call-2").get_by_role("button", name=re.compile("办结|Finish")).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    yield "finish a call"
    page.keyboard.press("Escape")
    page.get_by_role("button", name=re.compile("紧急放行|Emergency…")).click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("立即打开|Open every exit now")).click()
    expect(console.emergency()).to_be_visible()
    yield "emergency"
    console.emergency().get_by_role("button").click()
    yield "end the emergency"
    page.get_by_role("dialog").get_by_role("button", name=re.compile("确认解除|End the emergency")).click()
    expect(console.emergency()).to_have_count(0)
    console.lane("exit-1").get_by_role("button").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    yield "open by hand"
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(console.cases().first.get_by_role("link")).to_have_attribute("href", re.compile("#/desk"))


VIEWS = {"operator": operator_views, "kiosk": kiosk_views.views, "driver": driver_views.views}


def every_view(fake: FakeServer, open_page: OpenPage, name: str, wrong_with: Look, *, zh: bool = True) -> None:
    width, height, _ = SIZES[name]
    page = open_page(
        fake.url + f"/{name}/",
        expect={401},
        width=width,
        height=height,
        locale="zh-CN" if zh else "en-GB",
        before=lambda one: one.clock.install(time=AFTERNOON),
    )
    found = {view: wrong for view in VIEWS[name](fake, page) if (wrong := wrong_with(page))}
    assert found == {}


def in_english(page: Page, **how: Any) -> list[str]:
    """What is wrong with the same view's English words; the page speaks Chinese again afterwards."""
    switch = page.locator("button.language")
    wrong = []
    for lang in ("en", "zh-CN"):
        switch.dispatch_event("click")  # a question may stand before it
        expect(page.locator("html")).to_have_attribute("lang", lang)
        wrong += [f"en: {what}" for what in look.text_wrong_with(page, **how)] if lang == "en" else []
    return wrong


@pytest.mark.req("A11Y-1")
@pytest.mark.parametrize("name", VIEWS)
def test_every_view_is_named_readable_large_enough_still_whole_at_every_size_and_faultless_to_axe(
    busy: FakeServer, open_page: OpenPage, name: str
) -> None:
    lights: dict[str, Any] = {"lights": ["light"]} if name == "kiosk" else {}

    def seen(page: Page) -> list[str]:
        out_of_reach = list(page.evaluate(_REACH)) if name == "kiosk" else []
        english = in_english(page, **SIZED[name]) if name != "operator" else []
        return out_of_reach + look.wrong_with(page, smallest_px=SIZES[name][2], **SIZED[name], **lights) + english

    every_view(busy, open_page, name, seen)


@pytest.mark.req("A11Y-1")
def test_no_english_text_of_the_console_is_cut_off_at_any_size_nor_at_twice_the_size(
    busy: FakeServer, open_page: OpenPage
) -> None:
    every_view(busy, open_page, "operator", look.text_wrong_with, zh=False)


@pytest.mark.req("A11Y-1")
def test_axe_would_find_a_picture_without_words_and_a_faint_text(fake: FakeServer, open_page: OpenPage) -> None:
    page = open_page(fake.url + "/driver/")
    page.locator("h1").wait_for()
    page.evaluate("""() => {
      const faint = document.createElement('p');
      faint.textContent = 'faint'; faint.style.color = '#ccc'; faint.style.background = '#fff';
      document.querySelector('main').append(document.createElement('img'), faint);
    }""")
    assert {one.partition(":")[0] for one in axe.violations(page)} >= {"image-alt", "color-contrast"}


@pytest.mark.req("A11Y-1")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_design_tokens_themselves_have_enough_contrast(fake: FakeServer, open_page: OpenPage, theme: str) -> None:
    """Every ink on every ground that it may stand on: 4.5 for text, 3 for fills and the borders of controls."""
    page = open_page(fake.url + OperatorPage.path, expect={401}, dark=theme == "dark")
    expect(page.locator("form")).to_be_visible()
    text = [(ink, ground) for ink in ("ink", "ink-soft") for ground in ("ground", "surface", "sunken")]
    text += [(tone, f"{tone}-ground") for tone in ("accent", "ok", "warn", "bad")]
    text += [("accent", "surface"), ("bad", "surface"), ("surface", "ok"), ("surface", "ink")]
    text += [("accent-ink", "accent"), ("brand-ink", "brand"), ("brand-ink", "brand-deep")]
    marks = [("line-strong", "surface"), ("ok-fill", "surface"), ("warn-fill", "surface"), ("bad-fill", "surface")]
    measure = """([ink, ground]) => {
      const probe = document.body.appendChild(document.createElement('p'));
      probe.style.color = `var(--${ink})`; probe.style.backgroundColor = `var(--${ground})`;
      const style = getComputedStyle(probe);
      const light = (text) => { const [r, g, b] = text.match(/[\\d.]+/g).map(Number).map((c) => c / 255)
        .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
      const [a, b] = [light(style.color), light(style.backgroundColor)].sort((x, y) => y - x);
      probe.remove();
      return (a + 0.05) / (b + 0.05);
    }"""
    faint = {pair: ratio for pair in text if (ratio := page.evaluate(measure, list(pair))) < 4.5}
    faint |= {pair: ratio for pair in marks if (ratio := page.evaluate(measure, list(pair))) < 3}
    assert faint == {}


@pytest.mark.parametrize(
    ("path", "most_bytes"), [(DriverPage.path("stay-token.1"), 57_000), ("/guide/", 60_000), ("/operator/", 250_000)]
)
def test_the_first_view_is_small_on_the_line(fake: FakeServer, open_page: OpenPage, path: str, most_bytes: int) -> None:
    """All that goes over the line, the answers of the API and the live feed's first words included, until the view stands."""
    fake.guide.zone("B1", ("地下一层", "Level B1"), 128)
    weights: dict[str, int] = {}

    def weigh(page: Page) -> None:
        line = page.context.new_cdp_session(page)
        line.send("Network.enable")
        line.on("Network.loadingFinished", lambda e: weights.__setitem__(e["requestId"], int(e["encodedDataLength"])))
        line.on(
            "Network.webSocketFrameReceived",
            lambda e: weights.__setitem__(f"frame {len(weights)}", len(e["response"]["payloadData"].encode())),
        )

    page = open_page(fake.url + path, width=390, height=844, before=weigh, expect={401})
    if path == "/operator/":
        console = OperatorPage(page)
        console.log_in("wangfang", "correct horse battery")
        console.expect_live()
    expect(page.locator("[data-zone]").first).to_be_visible()
    assert len(weights) >= 5
    assert sum(weights.values()) <= most_bytes, weights


def test_the_built_pages_need_no_inline_script_no_inline_style_and_no_other_host(built_pages: Path) -> None:
    for page in built_pages.glob("*/index.html"):
        text = page.read_text()
        assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", text) == []
        assert re.findall(r"<style|\bstyle=|\bon\w+=", text) == []
        assert re.findall(r"(?:src|href)=\"(?:https?:)?//", text) == []


def test_the_basic_looks_come_before_a_pages_own_and_those_of_phones_are_on_phones_only(built_pages: Path) -> None:
    for page in built_pages.glob("*/index.html"):
        sheets = re.findall(r'href="\.\./(assets/[^"]+\.css)"', page.read_text())
        texts = [(built_pages / sheet).read_text() for sheet in sheets]
        assert "--ground:" in texts[0], (page, sheets)
        assert not any("--ground:" in text for text in texts[1:]), (page, sheets)
        of_phones = any(".hero-sum" in text for text in texts)
        assert of_phones is (page.parent.name in ("driver", "guide", "member")), (page, sheets)


def test_the_lock_file_names_no_host(built_pages: Path) -> None:
    lock = (built_pages.parent / "package-lock.json").read_text()
    hosts = [
        line for line in lock.splitlines() if "://" in line and '"url":' not in line
    ]  # a sponsors' page downloads nothing
    assert hosts == []
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') >= 20
