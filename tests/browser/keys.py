"""Hands that have a keyboard and nothing else: Tab to get there, a key to press it, and the focus must be seen on the way."""

from __future__ import annotations

from playwright.sync_api import Page

MOST = 80  # controls between any two on one page
_FOCUSED = """() => {
  const e = document.activeElement;
  const shown = [e, e.closest('label')].some((one) => {
    const style = one && getComputedStyle(one);
    return style && (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0);
  });
  const by = e.getAttribute('aria-labelledby');
  const name = by ? document.getElementById(by).textContent : e.getAttribute('aria-label') || e.labels?.[0]?.innerText || e.innerText;
  return { name: (name || '').replace(/\\s+/g, ' ').trim(), shown, nowhere: e === document.body || e.tabIndex < 0 };
}"""


class Keys:
    """A page by keyboard alone."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def reach(self, name: str, *, within: str = "") -> None:
        """Press Tab until the control whose name begins so has the focus (inside the part that `within` selects, where one is said)."""
        passed: list[str] = []
        while len(passed) < MOST:
            self.page.keyboard.press("Tab")
            now = self.page.evaluate(_FOCUSED)
            assert now["shown"] or now["nowhere"], f"the focus does not show on {now['name']}"
            passed.append(now["name"])
            if now["name"].startswith(name) and (not within or self._inside(within)):
                return
        raise AssertionError(f"no Tab leads to {name}: {passed}")

    def press(self, name: str, key: str = "Enter", *, within: str = "") -> None:
        """Go there and press it."""
        self.reach(name, within=within)
        self.page.keyboard.press(key)

    def _inside(self, selector: str) -> bool:
        return bool(self.page.evaluate("(s) => document.activeElement.closest(s) !== null", selector))
