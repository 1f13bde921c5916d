"""axe-core (Deque) in a page: what a machine can tell of WCAG 2.2 A and AA, beside our own checks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

import kiosk_ui

SCRIPT = Path(kiosk_ui.__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_RUN = """async ([tags, within]) => {
  const where = within ? document.querySelector(within) : document;
  const report = await axe.run(where, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] });
  return report.violations.map((v) => ({ rule: v.id, help: v.help, at: v.nodes.map((n) => n.target.join(' ')) }));
}"""


def violations(page: Page, within: str | None = None) -> list[str]:
    """Each broken rule with the elements that break it, in the whole page or `within` the first element of a selector.

    The page's policy stands, since the script comes by the debugger.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(SCRIPT.read_text())
    found: list[dict[str, Any]] = page.evaluate(_RUN, [RULES, within])
    return [f"{one['rule']}: {one['help']}: {', '.join(one['at'])}" for one in found]
