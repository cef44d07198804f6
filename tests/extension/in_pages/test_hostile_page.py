"""A hostile page tries to read, steal, fake and exhaust; each attack first works on something that is not protected."""

from __future__ import annotations

import datetime
import time

import pytest

from smime_core.blocking import run
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.errors import NoMatchingRecipient
from smime_core.providers.native import NativeProvider
from smime_core.report.report import State
from tests.support.browser.browsers import Firefox
from tests.support.browser.page import NEXT_FRAMES, Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Extension, Site, textarea
from tests.support.extension.field_pages import BROKEN_CMS, ENCRYPT_FIELD, TEXT, People, open_and_agree
from tests.support.extension.keys_page import show_section
from webbridge.demo.accounts import certificate_pem

IN_PAGE = page_scripts("extension/in_pages/hostile_page.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

NATIVE = NativeProvider()
# Runs before any content script: any object of the page's world that the extension touched would show in `caught`.
PATCHES = """<script>
  window.caught = [];
  const { attachShadow } = Element.prototype;
  Element.prototype.attachShadow = function (options) {
    const root = attachShadow.call(this, { ...options, mode: "open" });
    caught.push(["shadow", root]);
    return root;
  };
  const { createElement } = Document.prototype;
  Document.prototype.createElement = function (...names) {
    const element = createElement.apply(this, names);
    caught.push(["element", element]);
    return element;
  };
  const { postMessage } = MessagePort.prototype;
  MessagePort.prototype.postMessage = function (...all) {
    caught.push(["port"]);
    postMessage.apply(this, all);
  };
  for (const name of ["token", "text", "frame", "job", "armored"]) {
    Object.defineProperty(Object.prototype, name, { set(value) { caught.push([name, value]); }, configurable: true });
  }
  const dataset = { get() { caught.push(["dataset"]); return { smime: "" }; } };
  Object.defineProperty(HTMLElement.prototype, "dataset", dataset);
  addEventListener("message", ({ data }) => caught.push(["message", data]), true);
</script>"""
# The box of the extension's button or frame, as the page can measure it.
BOX = """(selector) => {
  const { width, height } = document.querySelector(selector).nextElementSibling.getBoundingClientRect();
  return [Math.round(width), Math.round(height)];
}"""


@pytest.mark.thorough(False)
def test_patched_globals_and_prototypes_catch_nothing(unlocked: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with(PATCHES + ENCRYPT_FIELD))
    assert page.js(IN_PAGE["patchedGlobalsAndPrototypesCatchNothing"]) == ["element", "shadow", "token"]
    frame = unlocked.write(page, "#answer", TEXT)
    assert frame.text.text(".text") == TEXT
    assert page.js("() => caught.map(([kind]) => kind)") == []


def test_neither_timing_entries_nor_names_nor_computed_styles_show_the_frame(
    unlocked: Extension, page: Page, site: Site
) -> None:
    page.goto(site.page_with(ENCRYPT_FIELD + '<iframe name="own" src="data:text/html,own"></iframe>'))
    look = IN_PAGE["look"]
    before = page.js(look)
    assert before["windows"] == before["frames"] == 1, "the page's own frame is seen by the same means"
    unlocked.write(page, "#answer", TEXT)
    assert page.js(look) == before
    seen = page.js("() => getComputedStyle(document.querySelector('#answer').nextElementSibling).cssText")
    assert "extension" not in seen


def test_the_frame_has_one_size_whatever_is_opened_in_it(
    unlocked: Extension, page: Page, site: Site, people: People
) -> None:
    sizes = []
    for text in ("No.", "Yes, " * 400):
        armored = people.encrypt(text, origin=site.origin, to=people.alice)
        page.goto(site.page_with(f'<p id="clear">{text}</p>' + textarea("letter", text=armored)))
        open_and_agree(unlocked, page)
        clear = page.js("() => Math.round(document.getElementById('clear').getBoundingClientRect().height)")
        sizes.append((clear, page.js(BOX, "#letter")[1]))
    (short, first), (long, second) = sizes
    assert short < long, "text in the page itself is measured by its size"
    assert first == second


def test_a_cover_over_the_button_gets_the_click_and_nothing_opens(unlocked: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with(ENCRYPT_FIELD))
    page.wait_for("() => answer.nextElementSibling?.getBoundingClientRect().height >= 44")
    page.js(IN_PAGE["aCoverOverTheButtonGetsTheClickAndNothingOpens"])
    unlocked.click_button(page, "#answer")
    page.wait_for("() => window.clicked === true")
    page.js(NEXT_FRAMES)
    assert page.frames() == []


@pytest.mark.parametrize(
    "style",
    [
        "opacity: 0.2",
        "zoom: 0.1",
        "mask-image: linear-gradient(transparent, transparent)",
        "filter: blur(9px)",
        "clip-path: inset(0 0 90% 0)",
        "transform: scale(0.1)",
    ],
)
@pytest.mark.parametrize("place", ["answer.nextElementSibling", "document.body"])
def test_the_editor_greys_while_the_page_alters_how_it_looks(
    unlocked: Extension, page: Page, site: Site, style: str, place: str
) -> None:
    page.goto(site.page_with(ENCRYPT_FIELD))
    frame = unlocked.write(page, "#answer", "seen ")
    grey = "() => document.querySelector('.text').classList.contains('unsure')"
    frame.text.wait_for(f"() => !({grey})()")
    name, value = style.split(": ")
    page.js(f"(name, value) => {{ {place}.style.setProperty(name, value, 'important'); }}", name, value)
    frame.text.wait_for(grey)
    page.js(f"(name) => {{ {place}.style.removeProperty(name); }}", name)
    frame.text.wait_for(f"() => !({grey})()")


def test_scrolling_inside_the_frame_moves_nothing_of_the_page(unlocked: Extension, page: Page, site: Site) -> None:
    if isinstance(unlocked.browser, Firefox):
        pytest.skip(
            "Firefox lets the wheel go on to the page at the end of the text, whatever overscroll-behavior says"
        )
    page.goto(site.page_with(f"{ENCRYPT_FIELD}<p style='block-size:3000px'>Below</p>"))
    frame = unlocked.write(page, "#answer", "a\n" * 30)
    scrolled = "() => document.documentElement.scrollTop"
    page.js("() => scrollTo(0, 0)")
    for _ in range(2):
        frame.text.scroll(20, 20, by=3000)
        frame.text.js("() => new Promise((resolve) => setTimeout(resolve, 700))")
    assert frame.text.js(scrolled) > 0
    assert page.js(scrolled) == 0
    page.scroll(20, 20, by=100)
    page.wait_for(scrolled)


def test_made_up_events_press_nothing(unlocked: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with(ENCRYPT_FIELD + "<button id=own>Own</button>"))
    page.wait_for("() => answer.nextElementSibling?.getBoundingClientRect().height >= 44")
    pressed = page.js(IN_PAGE["madeUpEventsPressNothing"])
    assert pressed >= 1, "the page's own button is pressed by the same events"
    page.js(NEXT_FRAMES)
    assert page.frames() == []


def test_ten_thousand_encrypted_texts_open_nothing_and_leave_the_page_usable(
    unlocked: Extension, page: Page, site: Site
) -> None:
    page.goto(site.page_with("<button id=own>Own</button><div id=heap></div>"))
    page.js(
        IN_PAGE["tenThousandEncryptedTextsOpenNothingAndLeaveThePageUsable"],
        BROKEN_CMS,
    )
    boxes = "() => heap.children.length - 10_000"
    page.wait_for("() => heap.children.length > 10_000", timeout_seconds=30)
    page.click("#own")
    page.wait_for("() => pressed === 1", timeout_seconds=30)
    assert page.frames() == []
    assert not unlocked.has_window()
    assert 0 < page.js(boxes) <= 1000


def test_names_that_hide_the_methods_of_forms_and_documents_stop_nothing(
    unlocked: Extension, page: Page, site: Site
) -> None:
    names = ("closest", "matches", "querySelectorAll", "isConnected", "dataset", "hostname")
    inputs = "".join(f"<input name={name}><img name={name} src=data:,>" for name in names)
    page.goto(site.page_with(f"<div id=place></div>{inputs}"))
    page.js("(markup) => { place.innerHTML = markup; }", f"<form data-smime=none>{inputs}{ENCRYPT_FIELD}</form>")
    assert page.js("() => document.forms[0].closest instanceof HTMLElement")
    unlocked.write(page, "#answer", TEXT)


def test_a_page_cannot_name_its_own_certificate_for_somebody(
    unlocked: Extension, page: Page, site: Site, people: People
) -> None:
    now = datetime.datetime.now(datetime.UTC)
    forger = run(create_authority("Forgers", provider=NATIVE, at=now))
    forged = run(issue_identity(forger, "bob@example.test", provider=NATIVE, at=now))
    pem = certificate_pem(forged.certificate)
    page.goto(
        site.page_with(
            textarea("answer", data_smime="sign encrypt", data_smime_to="bob@example.test", data_smime_certificate=pem)
            + f'<link rel="smime-certificate" href="data:application/x-pem-file,{pem.replace(chr(10), "%0A")}">'
        )
    )
    frame = unlocked.write(page, "#answer", TEXT)
    frame.around.click("[data-test=encrypt]")
    assert unlocked.window().js("() => document.querySelectorAll('[data-test=readers] input').length") == 1
    unlocked.answer()
    armored = page.wait_for("() => document.getElementById('answer').value", timeout_seconds=30)
    assert people.open(armored, origin=site.origin, identity=people.bob).state is State.VERIFIED
    with pytest.raises(NoMatchingRecipient):
        people.open(armored, origin=site.origin, identity=forged)


def test_stolen_focus_greys_the_editor_and_no_frame_ever_asks_for_a_passphrase(
    unlocked: Extension, page: Page, site: Site
) -> None:
    page.goto(site.page_with(ENCRYPT_FIELD + "<input id=trap>"))
    unlocked.lock()
    frame = unlocked.write(page, "#answer", "typed ")
    page.js("() => trap.focus()")
    page.wait_for("() => document.activeElement.id === 'trap'")
    frame.text.wait_for("() => document.querySelector('.text').classList.contains('unsure')")
    frame.around.click("[data-test=encrypt]")
    window = unlocked.window()
    assert window.js("() => document.querySelectorAll('[data-test=passphrase]').length") == 1
    for inside in (frame.around, frame.text):
        assert inside.js("() => document.querySelectorAll('input, [data-test=passphrase]').length") == 0


def test_stolen_focus_gets_what_is_typed_after_it_and_cannot_be_given_back_unseen(
    unlocked: Extension, page: Page, site: Site
) -> None:
    page.goto(site.page_with("<input id=trap>" + ENCRYPT_FIELD))
    frame = unlocked.write(page, "#answer", "before ")
    page.js("() => { trap.focus(); }")
    frame.text.wait_for("() => document.querySelector('.text').classList.contains('unsure')")
    page.type("after")
    assert page.value("#trap") == "after"
    assert frame.text.text(".text").strip() == "before"
    # A page that could return the focus could steal single keys unnoticed.
    page.js(IN_PAGE["stolenFocusGetsWhatIsTypedAfterItAndCannotBeGivenBackUnseen"])
    page.type("more")
    assert frame.text.text(".text").strip() == "before"
    assert frame.text.js("() => document.querySelector('.text').classList.contains('unsure')")


def remove_the_host(page: Page) -> None:
    page.js("() => answer.nextElementSibling.remove()")


def write_over_the_document(page: Page) -> None:
    page.js("() => { document.body.innerHTML = '<p>Nothing was here</p>'; }")


QUIET = IN_PAGE["quiet"]


@pytest.mark.parametrize("attack", [remove_the_host, write_over_the_document])
def test_text_stays_when_the_page_takes_the_frame_away(
    unlocked: Extension, page: Page, site: Site, attack: object
) -> None:
    page.goto(site.page_with(ENCRYPT_FIELD))
    frame = unlocked.write(page, "#answer", TEXT)
    options = unlocked.open_options()
    is_kept = """async () => Object.values(await (globalThis.browser ?? chrome).storage.session.get(null))
      .some(({ kept }) => kept)"""
    options.wait_for(is_kept)
    # Slow typing is kept in several steps, so the last one is over when nothing more is stored.
    options.js(QUIET)
    options.close()
    assert frame.text.text(".text") == TEXT
    attack(page)  # type: ignore[operator]
    around = unlocked.browser.wait_for_page("broker.html?frame=")
    around.wait_for_selector("[data-test=encrypt]")
    around.wait_for_frame("view.html").wait_for_text(TEXT, selector=".text")
    around.close()


def test_a_window_marks_itself_with_a_pattern_that_no_page_knows(unlocked: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with(ENCRYPT_FIELD))
    frame = unlocked.write(page, "#answer", TEXT)
    frame.around.click("[data-test=encrypt]")
    window = unlocked.window()
    look = """() => {
      const { style, ariaLabel } = document.querySelector(".own-pattern");
      return [style.backgroundImage, ariaLabel];
    }"""
    mine = window.js(look)
    assert mine == frame.around.js(look)
    assert "gradient" in mine[0]
    assert mine[1].startswith("Your pattern: ")
    assert not page.js("() => document.documentElement.outerHTML.includes('gradient')")
    options = unlocked.open_options()
    change = IN_PAGE["changeInPage"]
    before, after, stored_pattern = options.js(change)
    options.close()
    assert before != after == stored_pattern


def encrypt_and_count_new_readers(extension: Extension, page: Page) -> int:
    """Encrypt the field `#answer`, and return how many of its readers the window marked as new on the site."""
    frame = extension.write(page, "#answer", TEXT)
    frame.around.click("[data-test=encrypt]")
    count: int = extension.window().js("() => document.querySelectorAll('[data-test=new-here]').length")
    extension.answer()
    frame.around.wait_for_text("Encrypted for", timeout_seconds=30)
    return count


def test_a_reader_is_new_on_a_site_until_the_person_has_agreed(unlocked: Extension, page: Page, site: Site) -> None:
    for notes in (1, 0):
        page.goto(site.page_with(ENCRYPT_FIELD, origin=site.other_origin))
        assert encrypt_and_count_new_readers(unlocked, page) == notes


def test_a_site_that_is_removed_is_asked_about_again_and_its_readers_are_new(
    unlocked: Extension, page: Page, site: Site, people: People
) -> None:
    armored = people.encrypt(TEXT, origin=site.other_origin, to=people.alice)
    reading = site.page_with(textarea("letter", text=armored), origin=site.other_origin)
    writing = site.page_with(ENCRYPT_FIELD, origin=site.other_origin)
    page.goto(writing)
    encrypt_and_count_new_readers(unlocked, page)
    page.goto(reading)
    open_and_agree(unlocked, page)
    page.goto(writing)
    assert encrypt_and_count_new_readers(unlocked, page) == 0
    options = unlocked.open_options()
    show_section(options, "sites")
    removal = f"[data-removal='sites.remove {site.other_origin}']"
    options.click(removal)
    options.click(f"{removal}[data-asked=yes]")
    options.wait_for("(removal) => document.querySelector(removal) === null", removal)
    options.close()
    page.goto(writing)
    assert encrypt_and_count_new_readers(unlocked, page) == 1
    page.goto(reading)
    unlocked.click_button(page, "#letter")
    assert site.other_origin in unlocked.window().text("[data-test=origin]")


def test_a_page_in_a_page_is_named_by_its_own_origin(
    unlocked: Extension, page: Page, site: Site, people: People
) -> None:
    armored = people.encrypt(TEXT, origin=site.other_origin, to=people.alice)
    inner = site.page_with(textarea("letter", text=armored), origin=site.other_origin)
    page.goto(site.page_with(f'<iframe id=inner style="inline-size:600px;block-size:500px" src="{inner}"></iframe>'))
    around = page.wait_for_frame("localhost")
    unlocked.click_button(around, "#letter")
    for _ in range(400):
        if unlocked.has_window():
            assert site.other_origin in unlocked.window().text("[data-test=origin]")
            unlocked.answer()
            break
        if [frame for frame in page.frames() if "broker" in frame.url]:
            time.sleep(0.05)
    page.wait_for_frame("view.html").wait_for_text(TEXT, selector=".text", timeout_seconds=30)
