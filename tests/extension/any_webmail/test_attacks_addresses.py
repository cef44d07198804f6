"""Addresses that lure the search for a mail's source: they leave the site, never end, or come back."""

from __future__ import annotations

import string
import time

import pytest

from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.browser.web_site import WebSite
from tests.support.extension.driver import Extension
from tests.support.extension.mail_letters import Letters, mail, text
from tests.support.extension.shown_mail import (
    ATTACHMENT,
    HEAD,
    PART,
    RAW,
    SEARCHING,
    SIGNATURE,
    SOURCE,
    WORDS,
    open_mail,
    refusal,
    said,
    show,
)
from tests.support.extension.webmail import Adaptor

IN_PAGE = page_scripts("extension/any_webmail/attacks_addresses.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

VIEW = '<a href="{}">View source</a> '


def test_no_redirection_leads_to_another_site(adaptor: Adaptor, site: WebSite, tab: Page, letter: bytes) -> None:
    tab.browser.expect_error("Security Error")
    site.serve("/elsewhere", letter, RAW, **{"Access-Control-Allow-Origin": "*"})
    site.serve("/mail/7/source", b"", Location=site.other_origin + "/elsewhere")
    show(site, tab, SIGNATURE, bar=SOURCE)
    refusal(adaptor, tab)
    assert site.asked == ["/mail/7/source"]


@pytest.mark.thorough(False)
def test_a_redirection_within_the_site_is_followed(
    extension: Extension, site: WebSite, tab: Page, letter: bytes
) -> None:
    site.serve("/elsewhere", letter, RAW)
    site.serve("/mail/7/source", b"", Location="/elsewhere")
    show(site, tab, ATTACHMENT, bar=SOURCE)
    assert WORDS in open_mail(extension, tab)


@pytest.mark.thorough
@pytest.mark.parametrize("beginning", [b"", b"<!doctype html>" + b" " * 3000, b"Subject: x\r\n" * 300])
def test_an_answer_that_never_ends_does_not_stop_the_search(
    extension: Extension, site: WebSite, tab: Page, letter: bytes, beginning: bytes
) -> None:
    site.serve("/mail/7/source", beginning, RAW)
    end = site.keep_open("/mail/7/source")
    site.serve("/mail/7/raw", letter, RAW)
    show(site, tab, ATTACHMENT, bar=SOURCE + ' <a href="/mail/7/raw">raw</a>')
    assert WORDS in open_mail(extension, tab)
    end.set()


@pytest.mark.thorough
def test_a_search_ends_although_no_answer_does(adaptor: Adaptor, site: WebSite, tab: Page) -> None:
    paths = [f"/mail/7/source/{letter}" for letter in string.ascii_lowercase[:10]]
    for path in paths:
        site.serve(path, b"", RAW)
        site.keep_open(path)
    show(site, tab, SIGNATURE, bar="".join(VIEW.format(path) for path in paths))
    adaptor.extension.click_button_above(tab, PART)
    assert said(adaptor, tab, timeout_seconds=120) not in ("", SEARCHING)
    assert 0 < len(site.asked) < len(paths)


@pytest.mark.parametrize("answer", ["a page", "nothing", "a page to sign in"])
def test_no_address_that_had_no_message_is_asked_twice(adaptor: Adaptor, site: WebSite, tab: Page, answer: str) -> None:
    pages = {"a page": b"<!doctype html><p>Gone", "a page to sign in": b"<!doctype html><input type=password>"}
    if answer in pages:
        site.serve("/mail/7/source", pages[answer])
    else:
        site.served.pop("/mail/7/source", None)
        tab.browser.expect_error("404")
    show(site, tab, SIGNATURE, bar=SOURCE)
    first = refusal(adaptor, tab)
    assert site.asked == ["/mail/7/source"]
    box = tab.js("(part) => document.querySelector(part).previousElementSibling.getBoundingClientRect().toJSON()", PART)
    tab.click_at(round(box["x"]) + 24, round(box["y"]) + 24)
    time.sleep(1)
    assert said(adaptor, tab) == first
    assert site.asked == ["/mail/7/source"]


@pytest.mark.parametrize("base", ["//localhost:{port}/", "/folder/"], ids=["another site", "another folder"])
def test_addresses_count_as_the_base_of_the_page_makes_them(
    adaptor: Adaptor, site: WebSite, tab: Page, letter: bytes, base: str
) -> None:
    site.serve("/folder/source", letter, RAW)
    head = HEAD.replace("<script>", f"<base href={base.format(port=site.port)}><script>")
    show(site, tab, ATTACHMENT, head=head, bar=VIEW.format("source"))
    if base == "/folder/":
        assert WORDS in open_mail(adaptor.extension, tab)
    else:
        refusal(adaptor, tab)
    assert site.asked == (["/folder/source"] if base == "/folder/" else [])


def test_a_base_in_the_text_of_a_mail_leads_nowhere(adaptor: Adaptor, site: WebSite, tab: Page, letter: bytes) -> None:
    site.serve("/evil/source", letter, RAW)
    show(site, tab, SIGNATURE + "<div><base href=/evil/></div>", bar=VIEW.format("source"))
    refusal(adaptor, tab)
    assert site.asked == []


WORKER = b"""
oninstall = () => skipWaiting();
onactivate = (event) => event.waitUntil(clients.claim());
onfetch = (event) => { if (event.request.url.endsWith("/source")) event.respondWith(fetch("/mail/other")); };
"""
REGISTER = IN_PAGE["registerInPage"]


def test_the_mail_of_a_service_worker_counts_as_that_of_the_server(
    adaptor: Adaptor, site: WebSite, tab: Page, letters: Letters
) -> None:
    """In Firefox the page's service worker answers the extension, in Chromium it does not."""
    site.serve("/mail/7/source", letters.signed(mail(text(WORDS))), RAW)
    site.serve("/mail/other", letters.signed(mail(text("Another."), subject="Friday")), RAW)
    site.serve("/mail/worker.js", WORKER, "text/javascript")
    show(site, tab, SIGNATURE, bar=SOURCE, head=HEAD.replace("[...]", "Thursday"))
    tab.js(REGISTER)
    if tab.browser.name == "chromium":
        assert WORDS in open_mail(adaptor.extension, tab)
    else:
        assert "a different message" in refusal(adaptor, tab)
    tab.js("() => worker.unregister()")
