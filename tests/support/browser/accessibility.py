"""Checks of a view by axe-core and by keyboard, and the setting of a browser's theme and language for them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from tests.support.browser.browsers import Browser, Chromium, Firefox
from tests.support.browser.page import TAB, Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.project import ROOT

IN_PAGE = page_scripts("support/browser/accessibility.js")

# The additional presses of Tab, which also stops at controls in frames. `_CONTROLS` does not count those.
MAX_STOPS_IN_FRAMES = 20
AXE = ROOT / "node_modules/axe-core/axe.min.js"

Theme = Literal["light", "dark"]

# The sandbox in which axe-core runs: the page's policy does not block it, and the page's scripts cannot see it.
_SANDBOX = "axe"
_RUN = IN_PAGE["runInPage"]

_PAGE_RULES = ["page-has-heading-one", "region", "landmark-one-main"]

# Identifies a control by a name and not by its element: a view may redraw the control while it has the focus.
_NAMING = """
const nameOf = (element) => {
  const labelOf = ({ id, dataset, ariaLabel, textContent }) =>
    id || dataset.test || ariaLabel || textContent.trim().slice(0, 30);
  const alike = [...document.getElementsByTagName(element.tagName)].filter((it) => labelOf(it) === labelOf(element));
  return `${element.tagName} ${labelOf(element)} #${alike.indexOf(element) + 1}`;
};
"""
# Returns all controls that a person can reach now. The radio buttons of a group count as one.
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
# Puts the focus at the top. Without this, Tab would go on from the last click, and past the end out of the page; after
# that Firefox draws no focus rings.
_BEGIN_AT_THE_TOP = IN_PAGE["beginAtTheTop"]
_FOCUSED = (
    "() => {"
    + _NAMING
    + """
  const element = document.activeElement;
  if (!element || element === document.body || element === document.documentElement) return null;
  const looks = [element, element.parentElement].map((it) => it && getComputedStyle(it));
  // An element with the focus inside a frame shows the focus there.
  const isRinged = element.tagName === "IFRAME" || looks.some((style) => style
    && ((style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1) || style.boxShadow !== "none"));
  return { name: nameOf(element), isRinged };
}"""
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """The controls of one view, those that Tab reached, and those that showed no focus ring."""

    controls: list[str]
    reached: list[str]
    without_ring: list[str]

    @property
    def missed(self) -> list[str]:
        return [name for name in self.controls if name not in self.reached]


def find_violations(page: Page, *, is_part: bool = False) -> list[str]:
    """The violations that axe-core finds in the document, without its frames.

    `is_part`: the document is a frame in a page that has the headings and landmarks, so these rules are left out.
    """
    if not page.js("() => 'axe' in globalThis", sandbox=_SANDBOX):
        page.js("() => { " + AXE.read_text() + " }", sandbox=_SANDBOX)
    violations: list[str] = page.js(_RUN, _PAGE_RULES if is_part else [], sandbox=_SANDBOX)
    return violations


def walk_by_keyboard(page: Page) -> Walk:
    """Press Tab from the top of a view until every control had the focus, or Tab has gone round twice."""
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
    """Show a tab or window in a theme during the block, as if the settings of the person's system required it."""
    browser = page.browser
    if isinstance(browser, Firefox):
        preferences = {
            "layout.css.prefers-color-scheme.content-override": 0 if theme == "dark" else 1,
            # Pages of extensions follow the system's theme, and ignore the preference for sites above.
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
    """Set Firefox's language without a language pack, for extensions that are installed meanwhile.

    Not for Chromium, whose language can only be set when it starts.
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
    listed = [{"name": name, "value": value} for name, value in features.items()]
    browser.page_cdp(page, "Emulation.setEmulatedMedia", features=listed)


def _set_preferences(browser: Firefox, values: dict[str, int]) -> None:
    browser.chrome_js(
        "(values) => { for (const [name, value] of Object.entries(values)) Services.prefs.setIntPref(name, value); }",
        values,
    )


def _clear_preferences(browser: Firefox, names: list[str]) -> None:
    browser.chrome_js("(names) => { for (const name of names) Services.prefs.clearUserPref(name); }", names)
