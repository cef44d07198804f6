"""Whole pages that are opened by the menu, and the viewer's verdict after authorities were asked."""

from __future__ import annotations

import pytest

from smime_core.blocking import run
from smime_core.ca.demo import Details, issue_identity
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.signing import Signing
from smime_core.own_content.pages import protect_page
from tests.support.browser.page import Page
from tests.support.browser.web_site import HTML, WebSite, now
from tests.support.extension import mail_letters
from tests.support.extension.driver import Extension
from tests.support.extension.mail_letters import NATIVE, Letters
from tests.support.extension.page_viewer import VERDICT, shown_in, state_of

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

PASSWORD = "lamp oak river"


def test_the_menu_verifies_the_page(extension: Extension, tab: Page, site: WebSite, letters: Letters) -> None:
    tab.goto(site.publish("<p>Montag", letters.bob))
    extension.choose_from_menu(tab, "verify page")
    viewer = extension.browser.wait_for_page("page_viewer.html")
    viewer.wait_for_selector(VERDICT, timeout_seconds=60)
    assert state_of(viewer) == "verified"
    viewer.close()


def test_the_menu_says_that_a_page_without_a_signature_has_none(extension: Extension, tab: Page, site: WebSite) -> None:
    tab.goto(site.serve("/plain.html", b"<p>Words", HTML))
    extension.choose_from_menu(tab, "verify page")
    viewer = extension.browser.wait_for_page("page_viewer.html")
    viewer.wait_for_text("names no signature", timeout_seconds=60)
    viewer.close()


def test_the_menu_saves_the_page(extension: Extension, tab: Page, site: WebSite) -> None:
    url = site.serve("/order.html", b"<title>Order</title><p>One lamp", HTML)
    tab.goto(url)
    extension.choose_from_menu(tab, "save page")
    window = extension.browser.wait_for_page("page_save.html")
    window.wait_for_selector("[data-test=save]", timeout_seconds=60)
    assert window.text("[data-test=address]") == url
    assert shown_in(window).text() == "One lamp"
    window.close()


def test_a_link_to_an_encrypted_page_or_a_mail_opens_what_it_is(
    extension: Extension, tab: Page, site: WebSite, letters: Letters
) -> None:
    page = protect_page(
        b"<h1>Salaries</h1>",
        address="",
        media_type=HTML,
        provider=NATIVE,
        signing=Signing(identities=[letters.bob], signing_time=now()),
        encrypting=Encrypting(recipients=[letters.alice.certificate]),
    )
    # A web server sends the message with its own header fields in the place of those of the mail.
    signed = letters.signed_entity(mail_letters.text("Greetings"))
    head, _, body = signed.partition(b"\r\n\r\n")
    media_type = head.split(b":", 1)[1].replace(b"\r\n", b"").decode().strip()
    tab.goto(site.serve("/links.html", b"<p>Links", HTML))
    served = {
        "page_viewer.html": site.serve("/page.p7m", run(page), "application/pkcs7-mime"),
        "/viewer.html": site.serve("/letter", body, media_type.split("\r\n")[0]),
    }
    for where, url in served.items():
        extension.choose_from_menu(tab, "open link", linkUrl=url)
        viewer = extension.browser.wait_for_page(where)
        viewer.wait_for_selector(".state-statement", timeout_seconds=60)
        viewer.close()
    far = site.other_origin + "/page.p7m"
    for unreachable in (site.origin + "/nowhere.p7m", far):
        extension.browser.expect_error("404|CORS|Cross-Origin|byte stream|Failed to load")
        extension.choose_from_menu(tab, "open link", linkUrl=unreachable)
        viewer = extension.browser.wait_for_page("page_viewer.html?problem")
        viewer.wait_for_text("could not be fetched")
        viewer.close()


def test_a_page_that_was_opened_by_a_password_stays_open_when_authorities_were_asked(
    extension: Extension, tab: Page, letters: Letters
) -> None:
    pointers = Details(crl_urls=("http://crl.example.test/ca.crl",))
    bob = run(issue_identity(letters.authority, "bob@example.test", provider=NATIVE, at=now(), details=pointers))
    encrypting = protect_page(
        b"Only words.",
        address="",
        media_type="text/plain; charset=utf-8",
        provider=NATIVE,
        signing=Signing(identities=[bob], signing_time=now()),
        encrypting=Encrypting(passwords=[PASSWORD.encode()]),
    )
    viewer = extension.browser.open(extension.base + "viewer/viewer.html")
    viewer.wait_for_selector("[data-test=pick]")
    viewer.choose_files("#file", [letters.write("signed_password.p7m", run(encrypting))])
    opened = extension.browser.wait_for_page("page_viewer.html")
    opened.wait_for_selector("[data-test=passphrase]", timeout_seconds=60)
    opened.click("[data-test=passphrase]")
    opened.type(PASSWORD)
    opened.click("[data-test=unlock]")
    opened.wait_for_selector(".state-statement", timeout_seconds=60)
    settled = "() => Boolean(document.querySelector('main .state-statement').dataset.state)"
    opened.wait_for(settled, timeout_seconds=60)
    assert state_of(opened) in {"verified", "signed-unverified"}
    assert "bob@example.test" in opened.text()
    assert shown_in(opened).text() == "Only words."
    opened.close()
