"""Every operators' page walked by Tab alone: each stop is seen, nothing holds the focus fast, a dialog keeps it, Esc gives it back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from parking.access import service
from parking.access.rows import ListedAs, ListRow
from parking.kernel.events import Direction
from parking.kernel.plate import Plate
from tests.browser.office import Office
from tests.browser.pages import OperatorPage
from tests.builders.journeys import PLATE, answer
from tests.builders.security import PASSWORD
from tests.fixtures.browser import OpenPage

PATIENT = 30_000
LEAST_STOPS, MOST_STOPS = 17, 200
"""The header alone has the least."""
PAGES = {
    "#/": "[data-lane]",
    "#/lane/exit-1": "[data-passage]",
    "#/map": "#main h2",
    "#/desk": ".desk-nothing, [data-case]",
    "#/lessons": "#main h2",
    "#/bills": "#main h2",
    "#/cash": "#main h2",
    "#/debts": "#main h2",
    "#/books": "#main h2",
    "#/access": "[data-listed]",
    "#/access/passes": "nav.tabs [aria-current]",
    "#/access/visitors": "nav.tabs [aria-current]",
    "#/tariffs": "[data-tariff]",
    "#/figures": "#main h2",
    "#/audit": "[data-action]",
    "#/account": "[data-session]",
}
"""Each page, and what shows that it is there."""
DIALOGS: dict[str, tuple[str, ...]] = {
    "#/": ("紧急放行…",),
    "#/lane/exit-1": ("开闸…",),
    "#/account": ("修改密码…", "添加通行密钥…"),
    "#/access": ("添加车牌…", "导入 CSV…", "删除 苏A12345"),
    "#/access/passes": ("新建通行证…",),
    "#/access/visitors": ("邀请访客…",),
    "#/tariffs": ("结束有效期：",),
}
"""The dialogs of a page, each by the button that opens it."""

# Where the focus is now: which element (as a number of its own), whether it can be seen, and whether it is marked.
_STOP = """() => {
  const e = document.activeElement;
  if (!e || e === document.body || e === document.documentElement) return null;
  window.stops ??= new Map();
  if (!window.stops.has(e)) window.stops.set(e, window.stops.size);
  const box = e.getBoundingClientRect(), style = getComputedStyle(e);
  const hidden = box.width === 0 || box.height === 0 || style.visibility === 'hidden';
  const away = box.bottom < 0 || box.top > innerHeight || box.right < 0 || box.left > innerWidth;
  const marked = (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== 'none';
  const name = (e.getAttribute('aria-label') || e.textContent || e.id || e.tagName).trim().slice(0, 40);
  return { number: window.stops.get(e), hidden, away, marked, name, inDialog: !!e.closest('dialog'), dated: /date/.test(e.type || '') };
}"""
_AGAIN = "() => { window.stops = new Map(); document.querySelector('a.skip').focus(); }"
_PARTS = 8
"""A field for a date has a stop for each of its parts."""


def walk(page: Page) -> tuple[int, list[str]]:
    """From the page's first stop press Tab until it has let the focus go, or is round; how many stops, and what is wrong."""
    page.evaluate(_AGAIN)
    before = first = page.evaluate(_STOP)["number"]
    same, stops = 0, 1
    wrong: list[str] = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(_STOP)
        if stop is None or stop["number"] == first:
            return stops, wrong
        same = same + 1 if stop["number"] == before else 0
        if same > (_PARTS if stop["dated"] else 0):
            return stops, [*wrong, f"held fast at {stop['name']}"]
        if not same:
            stops += 1
            wrong += [f"{what}: {stop['name']}" for what in ("hidden", "away") if stop[what]]
            wrong += [] if stop["marked"] else [f"no visible focus: {stop['name']}"]
        before = stop["number"]
    return stops, [*wrong, f"not round after {MOST_STOPS} stops"]


def dialog_wrong(page: Page, opener: str) -> list[str]:
    """What is wrong with a dialog that is opened, walked and left by keys."""
    button = page.get_by_role("button", name=opener).first
    button.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible(timeout=PATIENT)
    inside = [bool(page.evaluate(_STOP)["inDialog"])]
    for _ in range(14):
        page.keyboard.press("Tab")
        stop = page.evaluate(_STOP)
        inside.append(stop is None or stop["inDialog"])  # a browser's own bar may have a turn
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    wrong = [] if all(inside) else [f"{opener}: the focus is not in the dialog, or leaves it"]
    back = button.evaluate("(e) => document.activeElement === e")
    return wrong if back else [*wrong, f"{opener}: the focus does not come back"]


@pytest.fixture
def busy_office(office: Office) -> Office:
    """A car inside, one that is held at the exit, one on the staff's list."""
    office.passes(Direction.IN, PLATE)
    office.hear(answer(Direction.OUT, "held", PLATE, allowed=False, due=600))
    entry = ListRow(Plate("苏A12345"), ListedAs.STAFF, "till 9", None, None)
    office.application.database.write(lambda uow: service.put_on_list(uow, entry))
    return office


@pytest.mark.req("A11Y-1")
def test_every_operators_page_is_walked_by_keys_alone(busy_office: Office, open_page: OpenPage) -> None:
    page = open_page(busy_office.named_url + OperatorPage.path, expect={401})  # passkeys are for a place with a name
    console = OperatorPage(page)
    console.log_in("manager", PASSWORD)
    console.expect_live()
    wrong: dict[str, list[str]] = {}
    for at, shown in PAGES.items():
        page.evaluate("(at) => { location.hash = at; }", at)
        expect(page.locator(shown).first).to_be_visible(timeout=PATIENT)
        stops, found = walk(page)
        wrong[at] = found if stops >= LEAST_STOPS else [*found, f"only {stops} stops"]
        for opener in DIALOGS.get(at, ()):
            wrong[at] += dialog_wrong(page, opener)
    assert [f"{at}: {one}" for at, what in wrong.items() for one in what] == []
