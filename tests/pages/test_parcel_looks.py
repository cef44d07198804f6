"""The page of a parcel, wide and narrow, light and dark, from right to left: axe-core finds no fault, keys suffice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import ENTER
from tests.support.pages.driver import OPERATION_SECONDS, named
from tests.support.pages.key_files import choose_key_file, make_key_file, open_by_key_file, wait_for_refusal
from tests.support.pages.parcel_looks import HEIGHT, WIDTHS, choose_language, look
from tests.support.pages.parcels import MESSAGE, ParcelPage, ParcelRig, letter

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

TEXT = "The key is under the third step."


@pytest.mark.thorough(False)
def test_every_view_is_sound_in_every_size_and_theme(browser: Browser, parcel_rig: ParcelRig) -> None:
    signer = parcel_rig.stack.accounts[1].identity
    files = {
        MESSAGE: letter("The plans for Thursday", TEXT, "https://example.test/a"),
        f"{'long-name-' * 15}.pdf": b"1" * 90,
    }
    sent = parcel_rig.send(files, kind="message", signer=signer)
    reader = ParcelPage(browser, sent.link(parcel_rig.stack.pages_url))
    page = reader.page
    wrong = look(page, "start")
    # Words and Enter suffice.
    page.click(named("words"))
    page.type(sent.words + ENTER)
    reader.wait_until_opened()
    wrong += look(page, "opened")
    page.click(named("complain"))
    wrong += look(page, "report")
    reader.close()
    linkless = ParcelPage(browser, f"{parcel_rig.stack.pages_url}/parcel.html")
    wrong += look(linkless.page, "without a link")
    linkless.close()
    assert not wrong, "\n".join(wrong)


@pytest.mark.thorough(False)
def test_the_views_for_the_owner_of_a_certificate_are_sound(
    browser: Browser, parcel_rig: ParcelRig, tmp_path: Path
) -> None:
    key_file = make_key_file(tmp_path)
    signer = parcel_rig.stack.accounts[1].identity
    sent = parcel_rig.send({"a.txt": b"A"}, signer=signer, certificates=[key_file.certificate])
    reader = ParcelPage(browser, sent.link(parcel_rig.stack.pages_url))
    page = reader.page
    page.click(named("use-certificate"))
    page.wait_for_selector(named("certificate-form"))
    wrong = look(page, "key file")
    choose_key_file(reader, key_file.path, "another passphrase")
    wait_for_refusal(reader, "passphrase-error")
    wrong += look(page, "refused key file")
    open_by_key_file(reader, key_file.path)
    wrong += look(page, "offered receipt")
    page.click(named("confirm-parcel"))
    page.wait_for_selector(named("confirmed"), timeout_seconds=OPERATION_SECONDS)
    wrong += look(page, "given receipt")
    reader.close()
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("language", "direction"), [("de", "ltr"), ("ar", "rtl")])
def test_the_parcel_speaks_the_chosen_language(
    browser: Browser, parcel_rig: ParcelRig, language: str, direction: str
) -> None:
    signer = parcel_rig.stack.accounts[1].identity
    sent = parcel_rig.send({MESSAGE: letter("Plans", TEXT)}, kind="message", signer=signer)
    reader = ParcelPage(browser, sent.link(parcel_rig.stack.pages_url))
    page = reader.page
    reader.type_words(sent.words)
    choose_language(page, language)
    assert page.js("() => document.documentElement.dir") == direction
    # The typed words are still in the field.
    assert page.value(named("words")) == sent.words
    for width in WIDTHS:
        page.set_viewport(width, HEIGHT)
        assert not page.overflows_sideways()
    reader.press_open()
    reader.wait_until_opened()
    assert (reader.state, TEXT in page.text(named("body"))) == ("verified", True)
    assert not page.overflows_sideways()
    reader.close()


@pytest.mark.thorough(False)
def test_a_screen_reader_hears_the_verdict_and_errors(browser: Browser, parcel_rig: ParcelRig) -> None:
    signer = parcel_rig.stack.accounts[1].identity
    sent = parcel_rig.send({"a.txt": b"A"}, signer=signer)
    reader = ParcelPage(browser, sent.link(parcel_rig.stack.pages_url))
    page = reader.page
    reader.type_words("one two")
    reader.press_open()
    reader.wait_for_words_problem()
    alert = "(selector) => [document.querySelector(selector).getAttribute('role'), document.activeElement.dataset.test]"
    assert page.js(alert, named("words-problem")) == ["alert", "words"]
    reader.open(sent.words)
    page.wait_for_text("Verified", selector="#announcer")
    assert page.js("() => document.activeElement.dataset.test") == "parcel-heading"
    reader.close()
