"""The extension in real browsers: a field is encrypted in a page and opened again, and the page learns nothing."""

from __future__ import annotations

import re

import pytest

from sealwax.words import ENGLISH, WORDS
from smime_core.blocking import run
from smime_core.identity.identity import load_identity
from smime_core.report.report import State
from tests.support.browser.page import ENTER, Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Extension, Site, textarea
from tests.support.extension.field_pages import (
    BROKEN_CMS,
    ENCRYPT_FIELD,
    INSECURE_HOST,
    NATIVE,
    PASSPHRASE,
    TEXT,
    People,
    open_and_agree,
)
from tests.support.project import ROOT

IN_PAGE = page_scripts("extension/in_pages/encrypted_field.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

EXTENSION = ROOT / "browser_ext"


def test_every_text_that_the_scripts_name_is_in_the_catalogue() -> None:
    source = "".join(path.read_text() for kind in ("*.js", "*.html") for path in EXTENSION.rglob(kind))
    named = set(re.findall(r'\btranslate\("([a-z]\w*)"|data-text="(\w+)"', source))
    texts = WORDS.of_part(ENGLISH, "shared", "extension")
    assert len(named) > 300
    assert {name for pair in named for name in pair if name} <= set(texts)


@pytest.mark.main_way
def test_a_field_is_encrypted_for_the_chosen_people_and_its_writer(
    unlocked: Extension, page: Page, site: Site, people: People
) -> None:
    page.goto(site.page_with(ENCRYPT_FIELD))
    frame = unlocked.write(page, "#answer", TEXT)
    frame.around.click("[data-test=encrypt]")
    unlocked.answer()
    assert "bob@example.test and you" in frame.around.wait_for_text("Encrypted for", timeout_seconds=30)
    armored = page.wait_for("() => document.getElementById('answer').value")
    for reader in (people.alice, people.bob):
        report = people.open(armored, origin=site.origin, identity=reader)
        assert report.content.decode() == TEXT
        assert report.state is State.VERIFIED


def test_the_window_shows_site_text_and_readers(unlocked: Extension, page: Page, site: Site) -> None:
    page.goto(
        site.page_with(textarea("answer", data_smime="sign encrypt", data_smime_to="bob@example.test eve@x.test"))
    )
    frame = unlocked.write(page, "#answer", TEXT)
    frame.around.click("[data-test=encrypt]")
    window = unlocked.window()
    shown = window.text()
    assert site.origin in shown
    assert window.text("[data-test=covered]") == TEXT
    assert "bob@example.test" in window.text("[data-test=readers]")
    assert "eve@x.test\nCannot receive encrypted mail yet" in window.text("[data-test=readers]")


def test_a_refusal_keeps_the_text(unlocked: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with(ENCRYPT_FIELD))
    frame = unlocked.write(page, "#answer", TEXT)
    frame.around.click("[data-test=encrypt]")
    window = unlocked.window()
    with window.closing():
        window.click("[data-test=refuse]")
    frame.around.wait_for_text("Nothing was signed or encrypted")
    assert frame.text.text(".text") == TEXT
    assert page.value("#answer") == ""


def test_a_closed_window_is_a_refusal(unlocked: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with(ENCRYPT_FIELD))
    frame = unlocked.write(page, "#answer", TEXT)
    frame.around.click("[data-test=encrypt]")
    unlocked.window().close()
    frame.around.wait_for_text("Nothing was signed or encrypted")
    assert frame.text.text(".text") == TEXT


def test_the_page_sees_nothing_of_the_text(unlocked: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with(ENCRYPT_FIELD))
    page.js(IN_PAGE["thePageSeesNothingOfTheText"])
    frame = unlocked.write(page, "#answer", TEXT)
    assert frame.text.text(".text") == TEXT
    assert page.js("() => [window.length, document.querySelectorAll('iframe').length]") == [0, 0]
    assert page.js("() => document.getElementById('answer').nextElementSibling.shadowRoot") is None
    assert [line for line in page.js("() => window.seen") if not line.startswith("focusin")] == []
    assert "Grüße" not in page.js("() => document.documentElement.outerHTML")


def test_a_click_that_a_script_makes_opens_nothing(unlocked: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with(ENCRYPT_FIELD))
    page.wait_for("() => document.getElementById('answer').nextElementSibling?.getBoundingClientRect().height >= 44")
    page.js(IN_PAGE["aClickThatAScriptMakesOpensNothing"])
    page.js("() => new Promise((done) => setTimeout(done, 500))")
    assert page.frames() == []


@pytest.mark.main_way
def test_decrypts_a_field_and_says_who_signed(unlocked: Extension, page: Page, site: Site, people: People) -> None:
    armored = people.encrypt(TEXT, origin=site.origin, to=people.alice)
    page.goto(site.page_with(f'<div id="letter" data-smime="decrypt verify">{armored}</div>'))
    around = open_and_agree(unlocked, page)
    assert "Verified Signed by bob@example.test, unchanged." in around.text()
    assert "Encrypted for you" in around.text()
    assert page.wait_for_frame("view.html").text(".text") == TEXT


def test_a_known_site_is_not_asked_about_again(unlocked: Extension, page: Page, site: Site, people: People) -> None:
    armored = people.encrypt(TEXT, origin=site.origin, to=people.alice)
    page.goto(site.page_with(textarea("letter", text=armored)))
    open_and_agree(unlocked, page)
    page.reload()
    unlocked.click_button(page, "#letter")
    page.wait_for_frame("broker.html").wait_for_text("Verified", timeout_seconds=30)
    assert not unlocked.has_window()


@pytest.mark.thorough(False)
def test_an_altered_field_is_refused_in_its_place(unlocked: Extension, page: Page, site: Site, people: People) -> None:
    armored = people.encrypt(TEXT, origin=site.origin, to=people.alice)
    middle = len(armored) // 2
    other = "A" if armored[middle] != "A" else "B"
    page.goto(site.page_with(textarea("letter", text=armored[:middle] + other + armored[middle + 1 :])))
    around = open_and_agree(unlocked, page)
    assert "changed in transit" in around.text("[data-test=problem]")


@pytest.mark.thorough(False)
def test_a_field_of_another_origin_is_refused(unlocked: Extension, page: Page, site: Site, people: People) -> None:
    armored = people.encrypt(TEXT, origin=site.other_origin, to=people.alice)
    page.goto(site.page_with(textarea("letter", text=armored)))
    around = open_and_agree(unlocked, page)
    assert "another place" in around.text("[data-test=problem]")
    assert TEXT not in page.wait_for_frame("view.html").text()


def test_a_field_for_somebody_else_is_said_to_be_so(
    unlocked: Extension, page: Page, site: Site, people: People
) -> None:
    armored = people.encrypt(TEXT, origin=site.origin, to=people.carol)
    page.goto(site.page_with(textarea("letter", text=armored)))
    around = open_and_agree(unlocked, page)
    assert "encrypted for someone else" in around.text("[data-test=problem]")


def test_after_locking_a_wrong_passphrase_keeps_the_focus_and_the_right_one_encrypts(
    unlocked: Extension, page: Page, site: Site
) -> None:
    unlocked.lock()
    page.goto(site.page_with(ENCRYPT_FIELD))
    frame = unlocked.write(page, "#answer", TEXT)
    frame.around.click("[data-test=encrypt]")
    window = unlocked.window()
    window.click("[data-test=passphrase]")
    window.type("not this one")
    window.press(ENTER)
    window.wait_for_text("Wrong passphrase.", timeout_seconds=30)
    assert window.js("() => document.activeElement.dataset.test") == "passphrase"
    window.type(PASSPHRASE)
    window.press(ENTER)
    unlocked.wait_until_window_is_gone()
    frame.around.wait_for_text("Encrypted for", timeout_seconds=30)


def test_a_wrong_passphrase_imports_nothing(extension: Extension, people: People) -> None:
    extension.import_keys(people.folder / "alice.p12", "not this one", expect="Wrong passphrase.")


def test_a_damaged_key_file_is_said_to_be_damaged(extension: Extension, people: People) -> None:
    extension.import_keys(people.folder / "damaged.p12", PASSPHRASE, expect="cut off")


def test_a_file_without_a_passphrase_wants_one_before_it_is_kept(extension: Extension, people: People) -> None:
    extension.import_keys(people.folder / "alice.pem", "", expect="Wrong passphrase.")


def test_a_key_in_clear_is_kept_under_the_passphrase_that_was_typed(extension: Extension, people: People) -> None:
    extension.import_keys(people.folder / "alice.pem", PASSPHRASE, expect="are ready")
    page = extension.open_options()
    key_files = page.js(IN_PAGE["aKeyInClearIsKeptUnderThePassphraseThatWasTyped"])
    page.close()
    assert len(key_files) == 1
    p12 = bytes.fromhex(key_files[0])
    assert p12[:1] == b"\x30"
    assert people.alice.private_key.pkcs8_der[-64:] not in p12
    assert run(load_identity(p12, PASSPHRASE.encode(), provider=NATIVE)).certificate == people.alice.certificate


def test_the_toolbar_button_opens_the_focused_field(unlocked: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with(textarea("first") + textarea("plain", text="Already typed.")))
    page.click("#plain")
    unlocked.browser.click_toolbar_button(unlocked.id, page)
    frame = unlocked.frame_in(page)
    frame.around.wait_for_text("The page has already seen the text")
    assert frame.text.text(".text") == "Already typed."
    assert page.js("() => [getComputedStyle(plain).display, getComputedStyle(first).display !== 'none']") == [
        "none",
        True,
    ]


@pytest.mark.thorough(False)
def test_a_page_that_hides_its_origin_gets_nothing(unlocked: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with(ENCRYPT_FIELD, policy="sandbox allow-scripts"))
    unlocked.click_button(page, "#answer")
    page.js("() => new Promise((done) => setTimeout(done, 500))")
    assert page.frames() == []


@pytest.mark.thorough(False)
def test_locking_leaves_neither_the_seal_key_nor_what_it_sealed(unlocked: Extension) -> None:
    page = unlocked.open_options()
    look = IN_PAGE["look"]
    assert page.js(look) == [1, 32]
    unlocked.lock()
    assert page.js(look) == [0, 0]
    page.close()


def test_no_more_than_twenty_texts_a_minute_are_opened_for_a_site(unlocked: Extension, page: Page, site: Site) -> None:
    options = unlocked.open_options()
    spend = """(origin) => (globalThis.browser ?? chrome).storage.session.set({
      [`budget:${origin}`]: Array.from({ length: 19 }, (_, second) => Date.now() - second * 1000),
    })"""
    options.js(spend, site.other_origin)
    options.close()
    page.goto(site.page_with(textarea("letter", text=BROKEN_CMS), origin=site.other_origin))
    around = open_and_agree(unlocked, page)
    assert "not a complete" in around.text("[data-test=problem]")
    around.click("[data-test=again]")
    around.wait_for_text("20 texts")


def test_a_page_without_a_secure_connection_gets_a_window(insecure: Extension, site: Site) -> None:
    origin = site.origin.replace("127.0.0.1", INSECURE_HOST)
    page = insecure.browser.open(site.page_with(textarea("answer", text="Already typed. "), origin=origin))
    # A click in the toolbar acts on the tab in front.
    page.activate()
    page.click("#answer")
    page.wait_for("() => document.hasFocus() && document.activeElement.id === 'answer'")
    insecure.browser.click_toolbar_button(insecure.id, page)
    around = insecure.browser.wait_for_page("broker.html")
    around.wait_for_selector("[data-test=encrypt]")
    assert around.wait_for_frame("view.html").text(".text") == "Already typed. "
    around.click("[data-test=encrypt]")
    insecure.answer()
    around.wait_for_text("Encrypted for", timeout_seconds=30)
    assert "BEGIN CMS" in page.value("#answer")
    around.close()
    page.close()
