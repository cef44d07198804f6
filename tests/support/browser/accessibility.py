"""What axe-core finds in a view, and how far the keyboard reaches; and a browser's theme, size and language for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from tests.browser.browsers import Browser, Chromium, Firefox
from tests.browser.page import TAB, Page

# Tab goes through the controls of frames too, which are not counted.
MAX_STOPS_IN_FRAMES = 20
AXE = Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js"

Theme = Literal["light", "dark"]

# A realm of its own: no policy of the page forbids it, and the page's scripts see nothing of it.
_SANDBOX = "axe"
_RUN = """async (ignored) => {
  const rules = Object.fromEntries(ignored.map((rule) => [rule, { enabled: false }]));
  const options = { resultTypes: ["violations"], iframes: false, preload: false, rules };
  const { violations } = await axe.run(document, options);
  return violations.map(({ id, help, nodes }) => `${id} (${help}): ` + nodes.map(({ target, any, all, none }) =>
    `${target.join(" ")} [${[...any, ...all, ...none].map(({ message }) => message).join("; ")}]`).join(" | "));
}"""

_PAGE_RULES = ["page-has-heading-one", "region", "landmark-one-main"]

# What a control is called among those of its kind: a view may draw one anew while it has the focus.
_NAMING = """
const nameOf = (element) => {
  const labelOf = ({ id, dataset, ariaLabel, textContent }) =>
    id || dataset.test || ariaLabel || textContent.trim().slice(0, 30);
  const alike = [...document.getElementsByTagName(element.tagName)].filter((it) => labelOf(it) === labelOf(element));
  return `${element.tagName} ${labelOf(element)} #${alike.indexOf(element) + 1}`;
};
"""
# Every control that a person can reach now; radio buttons of a group are one stop.
_CONTROLS = (
    "() => {"
    + _NAMING
    + """
  const shown = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest("[inert]");
  const inDialog = document.querySelector("dialog:modal") ?? document;
  const all = [...inDialog.querySelectorAll(
    "a[href], button, input, select, textarea, summary, [tabindex], [contenteditable=true], audio[controls]")];
  const reachable = all.filter((element) => !element.disabled && element.tabIndex >= 0 && shown(element));
  return reachable.filter((element) => element.type !== "radio" || element.checked
    || (!reachable.some(({ name, checked }) => name === element.name && checked)
      && reachable.find(({ name }) => name === element.name) === element)).map(nameOf);
}"""
)
# Tab goes on from the last click, and past the end out of the page, where Firefox draws no rings.
_BEGIN_AT_THE_TOP = """() => {
  const begin = document.createElement("span");
  begin.id = "begin";
  begin.tabIndex = -1;
  (document.querySelector("dialog:modal") ?? document.body).prepend(begin);
  begin.focus();
}"""
_FOCUSED = (
    "() => {"
    + _NAMING
    + """
  const element = document.activeElement;
  if (!element || element === document.body || element === document.documentElement) return null;
  const looks = [element, element.parentElement].map((it) => it && getComputedStyle(it));
  // What has the focus in a frame shows it there.
  const isRinged = element.tagName === "IFRAME" || looks.some((style) => style
    && ((style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1) || style.boxShadow !== "none"));
  return { name: nameOf(element), isRinged };
}"""
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """What Tab reached in one view."""

    controls: list[str]
    reached: list[str]
    without_ring: list[str]

    @property
    def missed(self) -> list[str]:
        return [name for name in self.controls if name not in self.reached]


def find_violations(page: Page, *, is_part: bool = False) -> list[str]:
    """What axe-core has against the document as it stands; its frames are documents of their own.

    A frame that is a part of somebody's page has its headings and landmarks there (`is_part`).
    """
    if not page.js("() => 'axe' in globalThis", sandbox=_SANDBOX):
        page.js("() => { " + AXE.read_text() + " }", sandbox=_SANDBOX)
    found: list[str] = page.js(_RUN, _PAGE_RULES if is_part else [], sandbox=_SANDBOX)
    return found


def walk_by_keyboard(page: Page) -> Walk:
    """Press Tab from the top of a view until it has met every control, or has gone round twice."""
    controls: list[str] = page.js(_CONTROLS)
    page.js(_BEGIN_AT_THE_TOP)
    reached: list[str] = []
    without_ring: list[str] = []
    for _ in range(2 * len(controls) + MAX_STOPS_IN_FRAMES):
        page.press(TAB)
        focused = page.js(_FOCUSED)
        if focused is None:
            continue
        if focused["name"] not in reached:
            reached.append(focused["name"])
        if not focused["isRinged"] and focused["name"] not in without_ring:
            without_ring.append(focused["name"])
        if set(controls) <= set(reached):
            break
    page.js("() => document.getElementById('begin').remove()")
    return Walk(controls=controls, reached=reached, without_ring=without_ring)


@contextmanager
def shown_in(page: Page, theme: Theme, *, forced_colors: bool = False, reduced_motion: bool = False) -> Iterator[None]:
    """Show a tab or window in a theme, as the person's system would ask for it."""
    browser = page.browser
    if isinstance(browser, Firefox):
        preferences = {
            "layout.css.prefers-color-scheme.content-override": 0 if theme == "dark" else 1,
            # Pages of extensions follow the system and not what is set for sites.
            "ui.systemUsesDarkTheme": 1 if theme == "dark" else 0,
            **({"browser.display.document_color_use": 2} if forced_colors else {}),
            **({"ui.prefersReducedMotion": 1} if reduced_motion else {}),
        }
        _set_preferences(browser, preferences)
        # Preferences reach the process of the page some time later.
        page.wait_for(
            """([theme, forced, reduced]) => matchMedia(`(prefers-color-scheme: ${theme})`).matches
              && matchMedia("(forced-colors: active)").matches === forced
              && matchMedia("(prefers-reduced-motion: reduce)").matches === reduced""",
            [theme, forced_colors, reduced_motion],
        )
        try:
            yield
        finally:
            _clear_preferences(browser, list(preferences))
        return
    assert isinstance(browser, Chromium)
    features = {
        "prefers-color-scheme": theme,
        "forced-colors": "active" if forced_colors else "none",
        "prefers-reduced-motion": "reduce" if reduced_motion else "no-preference",
    }
    _emulate_media(browser, page, features)
    try:
        yield
    finally:
        _emulate_media(browser, page, {})


@contextmanager
def speaking(browser: Browser, language: str) -> Iterator[None]:
    """Have Firefox speak a language without its language pack: extensions installed meanwhile take it for its own.

    Chromium takes its language at its start alone.
    """
    assert isinstance(browser, Firefox)
    known: list[str] = browser.chrome_js("() => Services.locale.availableLocales")
    browser.chrome_js(
        "(locales) => { Services.locale.availableLocales = locales; Services.locale.requestedLocales = locales; }",
        [language, *known],
    )
    try:
        yield
    finally:
        browser.chrome_js(
            "(known) => { Services.locale.availableLocales = known; Services.locale.requestedLocales = known; }", known
        )


def _emulate_media(browser: Chromium, page: Page, features: dict[str, str]) -> None:
    session = browser.bidi.command("goog:cdp.getSession", context=page.context)["session"]
    params = {"features": [{"name": name, "value": value} for name, value in features.items()]}
    browser.bidi.command("goog:cdp.sendCommand", method="Emulation.setEmulatedMedia", params=params, session=session)


def _set_preferences(browser: Firefox, values: dict[str, int]) -> None:
    browser.chrome_js(
        "(values) => { for (const [name, value] of Object.entries(values)) Services.prefs.setIntPref(name, value); }",
        values,
    )


def _clear_preferences(browser: Firefox, names: list[str]) -> None:
    browser.chrome_js("(names) => { for (const name of names) Services.prefs.clearUserPref(name); }", names)
