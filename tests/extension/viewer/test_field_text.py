"""The text of a field of a web page in a file or a mail: shown with its site, and never as a mail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import pytest

from smime_core.cms.content_info import unarmor
from smime_core.mime import build_pkcs7_mime
from tests.support.browser.page import Page
from tests.support.browser.web_site import WebSite, site as site
from tests.support.extension.driver import Extension
from tests.support.extension.field_pages import agree_if_asked
from tests.support.extension.mail_letters import Letters
from tests.support.extension.page_viewer import extension as extension, letters as letters, tab as tab
from tests.support.extension.shown_mail import ATTACHMENT, PART, RAW, SOURCE, show
from tests.support.extension.viewer import open_file

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

ORIGIN: Final = "https://clinic.example"
WORDS: Final = "Blood pressure 120/80\nFrom: boss@example.test"
HEADER: Final = (
    b"From: Bob <bob@example.test>\r\nTo: alice@example.test\r\nSubject: [...]\r\n"
    b"Date: Fri, 20 Nov 2026 10:00:00 +0000\r\n"
)
PROTECTIONS: Final = {
    "signed": ({"is_encrypted": False}, "verified", "Signed by bob@example.test, unchanged."),
    "encrypted": ({"is_signed": False}, "encrypted-only", "Anyone could have written it."),
    "signed and encrypted": ({}, "verified", "Signed by bob@example.test, unchanged."),
}


def mail_of(armored: bytes) -> bytes:
    return build_pkcs7_mime(HEADER, unarmor(armored), "enveloped-data")


FORMS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "field.txt": lambda armored: armored,
    "field.p7m": lambda armored: bytes(unarmor(armored)),
    "mail.eml": mail_of,
}


@pytest.fixture
def viewer(extension: Extension) -> Iterator[Page]:
    page = extension.browser.open(extension.base + "viewer/viewer.html")
    # The viewer shows this text when its listeners are there.
    page.wait_for_text("Choose a file")
    yield page
    page.close()


def assert_field_text(around: Page, sentence: str) -> None:
    """The document shows the text with its site and its signer, and nothing of a mail."""
    view = around.wait_for_frame("mail_view.html")
    assert view.wait_for_text("Blood pressure", selector="[data-test=body]") == WORDS
    assert view.text("[data-test=field-text]") == f"Field text for {ORIGIN}"
    assert view.js("() => document.querySelectorAll('dt, dd, [data-test=subject]').length") == 0
    assert sentence in around.text(".state-statement")
    assert (
        around.js(
            "() => document.querySelectorAll('[data-test=reply], [data-test=replyAll], [data-test=forward]').length"
        )
        == 0
    )
    assert not any(word in around.text() + view.text() for word in ("alice@", "[...]", "Nov"))


@pytest.mark.parametrize("protection", PROTECTIONS)
@pytest.mark.parametrize("form", FORMS)
def test_the_viewer_shows_the_text_of_a_field_with_its_site(
    viewer: Page, letters: Letters, form: str, protection: str
) -> None:
    options, state, sentence = PROTECTIONS[protection]
    armored = letters.field_text(WORDS, origin=ORIGIN, **options)
    open_file(viewer, letters.write(form, FORMS[form](armored)))
    assert viewer.js("() => document.querySelector('main .state-statement').dataset.state") == state
    assert_field_text(viewer, sentence)


def test_a_mail_after_the_text_of_a_field_has_its_answers_again(viewer: Page, letters: Letters) -> None:
    open_file(viewer, letters.write("field.txt", letters.field_text(WORDS, origin=ORIGIN)))
    open_file(viewer, letters.write("mail.eml", letters.signed(HEADER + b"\r\nHello.\r\n")))
    viewer.wait_for_selector("[data-test=reply]")


@pytest.mark.parametrize("protection", PROTECTIONS)
def test_a_webmail_shows_the_text_of_a_field_as_such(
    extension: Extension, site: WebSite, tab: Page, letters: Letters, protection: str
) -> None:
    options, _, sentence = PROTECTIONS[protection]
    site.serve("/mail/7/source", mail_of(letters.field_text(WORDS, origin=ORIGIN, **options)), RAW)
    show(site, tab, ATTACHMENT, bar=SOURCE)
    extension.click_button_above(tab, PART)
    view = agree_if_asked(extension, tab)
    view.around.wait_for_selector(".state-statement", timeout_seconds=30)
    assert_field_text(view.around, sentence)


@pytest.mark.parametrize(
    "origin",
    [
        "Verified: https://clinic.example",
        "https://\u202eelpmaxe.cinilc",
        "https://" + "a" * 10_000 + ".example",
        "javascript:alert(1)",
    ],
    ids=["words", "right to left", "long", "script"],
)
def test_a_text_whose_site_is_no_web_site_stays_closed(viewer: Page, letters: Letters, origin: str) -> None:
    open_file(viewer, letters.write("field.txt", letters.field_text(WORDS, origin=origin)))
    assert "another purpose or another place" in viewer.text("[data-test=problem]")
    assert "Blood" not in viewer.text()


def test_the_text_of_a_field_deeper_in_a_mail_is_refused(viewer: Page, letters: Letters) -> None:
    inner = build_pkcs7_mime(b"", unarmor(letters.field_text(WORDS, origin=ORIGIN)), "enveloped-data")
    open_file(viewer, letters.write("mail.eml", HEADER + letters.signed_entity(inner)))
    assert "another purpose or another place" in viewer.text("[data-test=problem]")
