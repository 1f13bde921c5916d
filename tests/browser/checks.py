"""Our own eyes for what a page must keep: nothing cut off, everything named, enough contrast, targets large enough."""

from __future__ import annotations

from typing import cast

from playwright.sync_api import Page

_COMMON = """
const visible = (e) => {
  const box = e.getBoundingClientRect();
  const style = getComputedStyle(e);
  return box.width > 1 && box.height > 1 && style.visibility !== 'hidden' && style.display !== 'none'
    && !e.closest('.hidden-visually') && !e.closest('.skip');
};
const label = (e) => `${e.tagName.toLowerCase()}.${e.className?.baseVal ?? e.className} “${(e.textContent ?? '').trim().slice(0, 40)}”`;
const withText = () => [...document.body.querySelectorAll('*')].filter(
  (e) => visible(e) && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()));
"""

_CUT_OFF = """() => {
%s
const wrong = [];
const root = document.scrollingElement;
if (root.scrollWidth > innerWidth) wrong.push(`the page is ${root.scrollWidth} wide on a screen of ${innerWidth}`);
for (const e of withText()) {
  if (e.closest('.table-scroll, .map-ground')) continue; // a wide table scrolls in a frame of its own, a plan is moved in one
  const range = document.createRange();
  for (const node of e.childNodes) {
    if (node.nodeType !== 3 || !node.textContent.trim()) continue;
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.left < -0.5 || box.right > innerWidth + 0.5) { wrong.push('off the screen: ' + label(e)); break; }
      for (let up = e; up !== document.body; up = up.parentElement) {
        if (['inline', 'contents'].includes(getComputedStyle(up).display)) continue;
        const inside = up.getBoundingClientRect();
        if (box.left < inside.left - 1 || box.right > inside.right + 1) { wrong.push(`wider than ${label(up)}: ` + label(e)); break; }
        if (up.matches('dialog')) break;
      }
    }
  }
}
return [...new Set(wrong)];
}"""

_NAMES = """() => {
%s
const wrong = [];
const nameOf = (e) => {
  const by = e.getAttribute('aria-labelledby');
  if (by) return by.split(/\\s+/).map((id) => document.getElementById(id)?.textContent ?? '').join(' ').trim();
  return (e.getAttribute('aria-label') ?? e.labels?.[0]?.textContent ?? (e.matches('input,textarea') ? '' : e.textContent) ?? '').trim();
};
const controls = 'button, a[href], input, textarea, select, [role=img], [role=alertdialog], dialog, section, [role=group]';
for (const e of document.querySelectorAll(controls))
  if (visible(e) && !nameOf(e) && !(e.matches('a') && e.querySelector('[role=img]'))
      && !(e.matches('section') && !e.hasAttribute('aria-labelledby'))) wrong.push('no name: ' + label(e));
for (const e of document.querySelectorAll('[aria-labelledby], [aria-describedby]'))
  for (const id of (e.getAttribute('aria-labelledby') ?? e.getAttribute('aria-describedby')).split(/\\s+/))
    if (!document.getElementById(id)) wrong.push(`points at no #${id}: ` + label(e));
const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) wrong.push('twice: #' + id);
for (const e of document.querySelectorAll('svg'))
  if (e.getAttribute('aria-hidden') !== 'true' && e.getAttribute('role') !== 'img') wrong.push('a bare picture: ' + label(e));
if (document.querySelectorAll('h1').length !== 1) wrong.push(`${document.querySelectorAll('h1').length} h1`);
if (document.querySelectorAll('main').length !== 1) wrong.push('not one main');
let depth = 1;
for (const e of document.querySelectorAll('h1,h2,h3,h4')) {
  const level = Number(e.tagName[1]);
  if (level > depth + 1) wrong.push('skips a level: ' + label(e));
  depth = level;
}
if (!['zh-CN', 'en'].includes(document.documentElement.lang)) wrong.push('lang: ' + document.documentElement.lang);
if (!document.title.trim()) wrong.push('no title');
for (const e of document.querySelectorAll('[tabindex]')) if (e.tabIndex > 0) wrong.push('tab order forced: ' + label(e));
return [...new Set(wrong)];
}"""

_CONTRAST = """() => {
%s
const parse = (text) => { const n = text.match(/[\\d.]+/g)?.map(Number) ?? [0, 0, 0, 0]; return [n[0], n[1], n[2], n[3] ?? 1]; };
const over = (top, under) => top.slice(0, 3).map((c, i) => c * top[3] + under[i] * (1 - top[3])).concat(1);
const light = ([r, g, b]) => { const f = (c) => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
const ground = (e) => {
  const layers = [];
  for (let up = e; up; up = up.parentElement) {
    const style = getComputedStyle(up);
    if (style.backgroundImage !== 'none') return null;
    layers.push(parse(style.backgroundColor));
    if (layers.at(-1)[3] === 1) break;
  }
  return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
};
const wrong = [];
for (const e of withText()) {
  if (e.closest(':disabled') || e.closest('[aria-hidden=true]')?.closest('.box-extra')) continue;
  const style = getComputedStyle(e);
  const under = ground(e);
  if (!under) continue;
  const ink = over(parse(style.color), under);
  const [a, b] = [light(ink), light(under)].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  const size = parseFloat(style.fontSize);
  const wanted = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
  if (ratio < wanted) wrong.push(`${ratio.toFixed(2)}: ` + label(e));
}
return [...new Set(wrong)];
}"""

_TARGETS = """(smallest) => {
%s
return [...document.querySelectorAll('button, a[href]')].filter(visible).map((e) => [e, e.getBoundingClientRect()])
  .filter(([, box]) => box.width < smallest - 0.5 || box.height < smallest - 0.5)
  .map(([e, box]) => `${Math.round(box.width)} x ${Math.round(box.height)}: ` + label(e));
}"""


def cut_off(page: Page) -> list[str]:
    """Text that leaves the screen or its box sideways, and sideways scrolling."""
    return cast(list[str], page.evaluate(_CUT_OFF % _COMMON))


def unnamed(page: Page) -> list[str]:
    """Controls and pictures without a name, broken references, headings out of order, a missing language or title."""
    return cast(list[str], page.evaluate(_NAMES % _COMMON))


def too_faint(page: Page) -> list[str]:
    """Text whose contrast with the ground behind it is below WCAG AA; plain grounds only."""
    return cast(list[str], page.evaluate(_CONTRAST % _COMMON))


def too_small(page: Page, smallest_px: float) -> list[str]:
    """Buttons and links smaller than `smallest_px` either way."""
    return cast(list[str], page.evaluate(_TARGETS % _COMMON, smallest_px))
