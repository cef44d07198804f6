"""The passphrase field: text entered in any way comes out as the same bytes, and the document never contains it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.browsers import Browser, Chromium, Firefox
from tests.support.browser.page import BACKSPACE, CONTROL, ENTER, SHIFT, Page
from tests.support.browser.page_scripts import page_scripts
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/secret_field.js")

pytestmark = [pytest.mark.browser, pytest.mark.server]

HOME, END, LEFT, RIGHT, DELETE = "\ue011", "\ue010", "\ue012", "\ue014", "\ue017"
EDITOR = "[data-test=passphrase]"
REMARK = "[data-test=passphrase-remark]"

# Collects every buffer that the page makes, so that a test can look into the field's private buffers too.
BEFORE_THE_PAGE = IN_PAGE["beforeThePage"]
SHOW_FIELD = IN_PAGE["showField"]
# Takes the text from the field, and returns it with all that is left of it in the document and in other buffers.
TAKE = IN_PAGE["takeInPage"]
SHOWN = f"() => document.querySelector('{EDITOR}').textContent"
# Composes text as an input method does, by the interface that Firefox's own tests use.
COMPOSE_IN_FIREFOX = IN_PAGE["composeInFirefox"]
# Begins a composition by synthetic events and leaves it open. If a real composition stayed open, Firefox would not pass
# later key presses to the page.
BEGIN_COMPOSITION = IN_PAGE["beginComposition"]


@pytest.fixture(scope="module")
def origin(browser: Browser, demo_stack: DemoStack) -> Iterator[Page]:
    """A page of the origin that serves the modules of the field."""
    page = browser.open("about:blank")
    script = browser.bidi.command(
        "script.addPreloadScript", functionDeclaration=BEFORE_THE_PAGE, contexts=[page.context]
    )["script"]
    page.goto(demo_stack.pages_url)
    yield page
    browser.bidi.command("script.removePreloadScript", script=script)
    page.close()


@pytest.fixture
def page(origin: Page) -> Page:
    """A page with an empty, focused passphrase field, one text area and one button."""
    origin.activate()
    origin.js(SHOW_FIELD, "ltr")
    origin.click(EDITOR)
    return origin


def compose(page: Page, *steps: str, end: str | None) -> None:
    """Compose as an input method does, step by step, and commit `end`. If `end` is None, leave the composition open.

    Only Chromium supports None.
    """
    browser = page.browser
    if isinstance(browser, Firefox):
        browser.chrome_js(COMPOSE_IN_FIREFOX, list(steps), end)
        return
    assert isinstance(browser, Chromium)
    url = page.url
    (target,) = [
        info
        for info in browser.browser_cdp("Target.getTargets", filter=[{"type": "page"}])["targetInfos"]
        if info["url"] == url and info["targetId"] == page.context
    ]
    session = browser.browser_cdp("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]

    def send(method: str, **params: object) -> None:
        browser.bidi.command("goog:cdp.sendCommand", method=method, params=params, session=session)

    for step in steps:
        send("Input.imeSetComposition", text=step, selectionStart=len(step), selectionEnd=len(step))
    if end is not None:
        send("Input.insertText", text=end)
    browser.browser_cdp("Target.detachFromTarget", sessionId=session)


def take(page: Page) -> str:
    """Take the typed text from the field, and check that nothing of it is left."""
    taken = page.js(TAKE)
    # Before the taking, the search must find the field's own buffer. This shows that the search works.
    assert taken["before"] == bool(taken["text"])
    assert taken["left"] == 0
    assert taken["length"] == 0
    assert taken["shown"] == ""
    assert taken["pixels"] == 0
    assert taken["size"] == 4096
    text: str = taken["text"]
    return text


def put_on_clipboard(page: Page, text: str) -> None:
    page.js("(text) => { document.querySelector('#other').value = text; }", text)
    page.click("#other")
    page.press(CONTROL, "a")
    page.press(CONTROL, "c")
    page.click(EDITOR)


@pytest.mark.parametrize(
    "text",
    [
        "correct horse",
        "Grüße, Žluťoučký",
        "  two  blanks  ",
        "日本語",
        "😀a👩‍👧",
        "e\u0301 \u00e9",
        "\u00a0\u202f•",
        "passé•••",
    ],
)
def test_typed_text_comes_out_octet_by_octet(page: Page, text: str) -> None:
    page.type(text)
    shown = page.js(SHOWN)
    assert shown == "•" * len(text)
    assert take(page) == text


def test_the_document_never_holds_what_was_typed(page: Page) -> None:
    page.js(IN_PAGE["theDocumentNeverHoldsWhatWasTyped"])
    page.type("Xylophon")
    seen = page.js("() => seen")
    assert len(seen) >= 16
    assert not any(seen)
    assert take(page) == "Xylophon"


def test_the_caret_the_selection_and_deleting_work_as_in_any_field(page: Page) -> None:
    page.type("abcdef")
    page.press(HOME)
    page.type("1")
    page.press(RIGHT)
    page.press(RIGHT)
    page.type("😀")
    page.press(DELETE)
    page.press(BACKSPACE)
    page.type("ü")
    page.press(END)
    page.press(SHIFT, LEFT)
    page.type("Z")
    assert take(page) == "1abüdeZ"
    page.type("all of it")
    page.press(CONTROL, "a")
    page.type("x")
    assert take(page) == "x"
    page.type("gone at once")
    page.press(SHIFT, HOME)
    page.press(BACKSPACE)
    assert take(page) == ""


def test_deleting_a_word_or_a_line_never_leaves_another_text_than_is_shown(page: Page) -> None:
    page.type("one two three")
    page.press(CONTROL, BACKSPACE)
    shown = len(page.js(SHOWN))
    text = take(page)
    assert len(text) == shown
    assert "one two three".startswith(text)
    assert text != "one two three"


def test_undo_brings_nothing_back(page: Page) -> None:
    page.type("first")
    compose(page, "´", "é", end="é")
    page.press(CONTROL, "a")
    page.press(BACKSPACE)
    page.type("2")
    for _ in range(5):
        page.press(CONTROL, "z")
    assert page.js(SHOWN) == "•"
    page.press(CONTROL, SHIFT, "z")
    assert take(page) == "2"


def test_pasted_text_comes_whole_and_without_line_ends(page: Page) -> None:
    page.type("[]")
    page.press(LEFT)
    put_on_clipboard(page, "from a\nmanager 😀\n")
    page.press(HOME)
    page.press(RIGHT)
    page.press(CONTROL, "v")
    assert page.js("() => submitted") == 0
    assert take(page) == "[from amanager 😀]"


def test_more_than_fits_is_refused_whole_and_said(page: Page) -> None:
    page.type("ab")
    put_on_clipboard(page, "x" * 1364)
    page.press(CONTROL, "v")
    page.wait_for_text("longer than a passphrase can be", selector=REMARK)
    put_on_clipboard(page, "x" * 1363)
    page.press(END)
    page.press(CONTROL, "v")
    assert page.text(REMARK) == ""
    assert take(page) == "ab" + "x" * 1363


def test_dropped_text_is_taken(page: Page) -> None:
    page.type("a")
    page.js(IN_PAGE["droppedTextIsTaken"])
    assert take(page) == "adropped"


@pytest.mark.parametrize(
    ("steps", "end"),
    [
        pytest.param(("n", "に", "にほ", "にほんご", "日本語"), "日本語", id="Japanese"),
        pytest.param(("n", "ni", "ni'hao", "你好"), "你好", id="Chinese"),
        pytest.param(("ㅎ", "하", "한"), "한", id="Korean"),
        pytest.param(("´",), "é", id="dead key"),
        pytest.param(("h", "he", "hel", "hell", "hello"), "hello ", id="phone keyboard"),
        pytest.param(("swiped",), "swiped", id="swipe"),
    ],
)
def test_composed_text_comes_out_and_leaves_the_document_at_once(page: Page, steps: tuple[str, ...], end: str) -> None:
    page.type("ab")
    page.press(LEFT)
    compose(page, *steps, end=end)
    page.wait_for(f"(length) => document.querySelector('{EDITOR}').textContent === '•'.repeat(length)", len(end) + 2)
    page.type("c")
    assert take(page) == f"a{end}cb"


def test_a_composition_over_a_selection_replaces_it_and_its_end_without_text_deletes(page: Page) -> None:
    page.type("abcde")
    page.press(LEFT)
    page.press(SHIFT, LEFT)
    page.press(SHIFT, LEFT)
    compose(page, "か", "かな", end="仮名")
    page.wait_for(f"() => document.querySelector('{EDITOR}').textContent === '•••••'")
    assert take(page) == "ab仮名e"
    page.type("abcde")
    page.press(LEFT)
    page.press(SHIFT, LEFT)
    page.press(SHIFT, LEFT)
    compose(page, "か", "", end="")
    page.wait_for(f"() => document.querySelector('{EDITOR}').textContent === '•••'")
    assert take(page) == "abe"


def test_an_unfinished_composition_is_taken_too(page: Page) -> None:
    page.type("a")
    if isinstance(page.browser, Chromium):
        compose(page, "w", "wo", "word", end=None)
    else:
        page.js(BEGIN_COMPOSITION, "word")
    assert page.js("() => field.length") == 5
    assert take(page) == "aword"
    page.click("#other")
    assert page.js(SHOWN) == ""
    assert page.js("() => field.length") == 0
    page.click(EDITOR)
    page.type("b")
    assert take(page) == "b"


def test_a_manager_that_writes_into_the_document_is_understood(page: Page) -> None:
    page.type("x")
    page.press(CONTROL, "a")
    page.js(
        IN_PAGE["aManagerThatWritesIntoTheDocumentIsUnderstood"],
        "filled by another",
    )
    assert page.js(SHOWN) == "•" * 17
    assert take(page) == "filled by another"


def test_half_a_character_becomes_the_replacement_character(page: Page) -> None:
    # The input contains half a character (a lone surrogate), which has no form in UTF-8.
    page.js(IN_PAGE["halfACharacterBecomesTheReplacementCharacter"])
    assert take(page) == "a\ufffdz"


def test_enter_submits_once_and_adds_nothing(page: Page) -> None:
    page.type("a" + ENTER)
    assert page.js("() => submitted") == 1
    assert take(page) == "a"


def test_the_field_says_what_it_is_and_what_it_holds(page: Page) -> None:
    named = page.js(IN_PAGE["theFieldSaysWhatItIsAndWhatItHolds"])
    assert named == ["textbox", "Passphrase", "Of your keys. This is not it.", "true", False]
    page.type("abc")
    page.wait_for_text("3 characters", selector="[data-test=passphrase-count]")
    page.js("""() => {
      const editor = document.querySelector("[data-test=passphrase]");
      editor.dispatchEvent(new KeyboardEvent("keydown", { key: "A", modifierCapsLock: true }));
    }""")
    assert page.text(REMARK) == "Caps Lock is on."
    page.type("d")
    assert page.text(REMARK) == ""
    assert take(page) == "abcd"


def test_showing_draws_a_picture_and_keeps_no_text(page: Page) -> None:
    page.type("Gü 😀")
    page.click("[data-test=passphrase-show]")
    drawn = IN_PAGE["drawn"]
    before = page.js(drawn)
    assert before["ink"]
    assert not before["html"]
    # The click has moved the focus to the button, so it is moved back. The text that is typed now is drawn too.
    page.js("() => field.focus()")
    page.type("xyz")
    assert page.js(drawn)["width"] > before["width"]
    page.click("#other")
    assert page.js(drawn) is None
    page.click("[data-test=passphrase-show]")
    assert page.js(drawn)["ink"]
    assert take(page) == "Gü 😀xyz"
    assert page.js("() => document.querySelector('[data-test=passphrase-show]').ariaPressed") == "false"


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_it_fits_a_small_phone_in_both_directions(origin: Page, direction: str) -> None:
    origin.activate()
    origin.set_viewport(320, 568)
    origin.js(SHOW_FIELD, direction)
    origin.click(EDITOR)
    origin.type("sehr lange Passphrase, die nicht in eine Zeile passt")
    origin.click("[data-test=passphrase-show]")
    assert not origin.overflows_sideways()
    button = origin.js("""() => {
      const { width, height } = document.querySelector("[data-test=passphrase-show]").getBoundingClientRect();
      return Math.min(width, height);
    }""")
    assert button >= 44
    assert take(origin) == "sehr lange Passphrase, die nicht in eine Zeile passt"
    origin.set_viewport(1000, 700)
