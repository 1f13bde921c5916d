"""Everything that must hold for whatever a page shows now, in one walk: names, contrast, targets, axe-core, stillness, and each size."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from typing import cast

from playwright.sync_api import Page

from tests.browser import axe, checks

WIDTHS = ((360, 740), (768, 1024), (1440, 900))
NARROWEST = (320, 640)
_LARGER = "document.documentElement.style.fontSize = '200%'"
_AS_BEFORE = "document.documentElement.style.fontSize = ''"
_MOVES = """() => document.getAnimations().filter((a) => a.playState === 'running')
  .map((a) => `moves: ${a.animationName ?? a.transitionProperty} of ${a.effect?.target?.className}`)"""

Look = Callable[[Page], list[str]]


def picture(page: Page, name: str) -> None:
    """Kept for people to look at, where a folder is given."""
    if folder := os.environ.get("PARKING_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def sound(page: Page) -> None:
    """What a page must keep as it stands, at its own size and in its own light, without axe-core's slow look."""
    assert [*checks.unnamed(page), *checks.cut_off(page), *checks.too_faint(page)] == []


def question_wrong(page: Page, lights: Collection[str] = ("dark", "light")) -> list[str]:
    """What is wrong with the dialog that is or comes open, by day and by night, at its size and with letters of twice the size."""
    page.locator("dialog[open]").first.wait_for()
    wrong = checks.unnamed(page)
    for light in lights:
        _shine(page, light)
        found = [*checks.too_faint(page), *axe.violations(page, "dialog[open]")]
        wrong += [f"{light}: {what}" for what in found]
    wrong += cast(list[str], page.evaluate(_MOVES))
    return wrong + _at_every_size(page, (), twice=True)


def sound_question(page: Page) -> None:
    assert question_wrong(page) == []


def wrong_with(
    page: Page,
    *,
    smallest_px: float,
    widths: Collection[tuple[int, int]] = WIDTHS,
    twice: bool = True,
    lights: Collection[str] = ("dark", "light"),
) -> list[str]:
    """All that is wrong with the page as it stands, by day and by night, at its own size, at each of `widths`, and twice as large.

    `twice` is for pages on the reader's own screen; a kiosk's letters grow with its panel, and nobody sets its browser;
    it is also as bright by night.
    """
    wrong = [*checks.unnamed(page), *checks.too_small(page, smallest_px), *_in_each_light(page, lights)]
    wrong += cast(list[str], page.evaluate(_MOVES))
    return wrong + _at_every_size(page, widths, twice=twice)


def text_wrong_with(page: Page, *, widths: Collection[tuple[int, int]] = WIDTHS, twice: bool = True) -> list[str]:
    """What another language alone can spoil: words that do not fit."""
    return _at_every_size(page, widths, twice=twice)


def _shine(page: Page, light: str) -> None:
    page.emulate_media(color_scheme="dark" if light == "dark" else "light", reduced_motion="reduce")


def _in_each_light(page: Page, lights: Collection[str]) -> list[str]:
    wrong = []
    for light in lights:
        _shine(page, light)
        found = [*checks.too_faint(page), *axe.violations(page)]
        wrong += [f"{light}: {what}" for what in found]
    return wrong


def _at_every_size(page: Page, widths: Collection[tuple[int, int]], *, twice: bool) -> list[str]:
    before, wrong = page.viewport_size, []
    for width, height in widths:
        page.set_viewport_size({"width": width, "height": height})
        wrong += [f"{width}: {what}" for what in checks.cut_off(page)]
    if twice:
        page.set_viewport_size({"width": NARROWEST[0], "height": NARROWEST[1]})
        page.evaluate(_LARGER)
        wrong += [f"text of 200 %: {what}" for what in checks.cut_off(page)]  # WCAG 1.4.4 and 1.4.10
        page.evaluate(_AS_BEFORE)
    if before:
        page.set_viewport_size(before)
    return wrong
