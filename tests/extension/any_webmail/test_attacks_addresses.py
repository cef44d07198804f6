"""Addresses that lure the search for a mail's source: they change the mailbox, leave the site, or never end."""

from __future__ import annotations

import pytest

from tests.support.browser.page import Page
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

pytestmark = [pytest.mark.browser, pytest.mark.in_turn, pytest.mark.thorough]

VIEW = '<p><a href="{}">View source</a></p>'
HIDDEN_WORDS = {
    "encoded": "/mail/7/%64elete?raw=1",
    "encoded twice": "/mail/7?raw=1&do=%2564elete",
    "capitals": "/mail/7/dEleTe?raw=1",
    "run together": "/mail/7?raw=1&do=deletemessage",
    "run together behind": "/mail/7?raw=1&do=domailtrash",
    "german": "/mail/7/loeschen?raw=1",
    "german umlaut": "/mail/7/l%C3%B6schen?raw=1",
    "french": "/mail/7/supprimer?raw=1",
    "french accent": "/mail/7/d%C3%A9placer?raw=1",
    "spanish": "/mail/7/borrar?raw=1",
    "arabic": "/mail/7/%D8%AD%D8%B0%D9%81?raw=1",
    "full width": "/mail/7/%EF%BD%84elete?raw=1",
    "matrix": "/mail/7;do=delete?raw=1",
    "end of the session": "/disconnect?raw=1",
    "an answer": "/invitation/7/confirm?raw=1",
    "nested address": "/go?raw=1&to=%2Fmail%3Fdo%3Ddelete",
}


@pytest.mark.parametrize("case", HIDDEN_WORDS)
def test_no_spelling_hides_a_word_that_changes_something(adaptor: Adaptor, site: WebSite, tab: Page, case: str) -> None:
    show(site, tab, SIGNATURE + VIEW.format(HIDDEN_WORDS[case]))
    refusal(adaptor, tab)
    assert site.asked == []


OWN_LINKS = {
    "an icon before the name": '<a href="/part/7/2/remove">x</a> smime.p7m <button>Open</button>',
    "the name itself": '<a href="/part/7/2/delete">smime.p7m</a>',
    "words of the own address": '<a href="/delete/mail/2">smime.p7m</a><a href="/raw/mail/delete">View source</a>',
}


@pytest.mark.parametrize("case", OWN_LINKS)
def test_a_link_beside_the_name_of_the_attachment_changes_nothing(
    adaptor: Adaptor, site: WebSite, tab: Page, case: str
) -> None:
    show(site, tab, f"<hr><div id=part>{OWN_LINKS[case]}</div>")
    refusal(adaptor, tab)
    assert site.asked == []


@pytest.mark.parametrize("way", [SIGNATURE, bar=SOURCE, ATTACHMENT.replace("/part/7/2", "/mail/7/source")])
def test_no_redirection_leads_to_another_site(
    adaptor: Adaptor, site: WebSite, tab: Page, letter: bytes, way: str
) -> None:
    tab.browser.expect_error("Security Error")
    site.serve("/elsewhere", letter, RAW, **{"Access-Control-Allow-Origin": "*"})
    site.serve("/mail/7/source", b"", Location=site.other_origin + "/elsewhere")
    show(site, tab, way)
    refusal(adaptor, tab)
    assert site.asked == ["/mail/7/source"]


@pytest.mark.heart
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
    site.keep_open("/mail/7/source")
    site.serve("/mail/7/raw", letter, RAW)
    show(site, tab, ATTACHMENT, bar=SOURCE + '<a href="/mail/7/raw">raw</a>')
    assert WORDS in open_mail(extension, tab)


@pytest.mark.thorough
def test_a_search_ends_although_no_answer_does(adaptor: Adaptor, site: WebSite, tab: Page) -> None:
    paths = [f"/mail/7/source/{number}" for number in range(10)]
    for path in paths:
        site.serve(path, b"", RAW)
        site.keep_open(path)
    show(site, tab, SIGNATURE + "".join(VIEW.format(path) for path in paths))
    adaptor.extension.click_button_above(tab, PART)
    assert said(adaptor, tab, timeout_seconds=120) not in ("", SEARCHING)
    assert 0 < len(site.asked) < len(paths)


def test_the_folder_of_the_page_changes_nothing(extension: Extension, site: WebSite, tab: Page, letter: bytes) -> None:
    site.serve("/Trash/7/source", letter, RAW)
    tab.goto(site.serve("/Trash/7", (HEAD + (ATTACHMENT, bar=SOURCE).replace("/mail/", "/Trash/")).encode()))
    tab.activate()
    assert WORDS in open_mail(extension, tab)


@pytest.mark.parametrize("base", ["//localhost:{port}/", "/folder/"], ids=["another site", "another folder"])
def test_addresses_count_as_the_base_of_the_page_makes_them(
    adaptor: Adaptor, site: WebSite, tab: Page, letter: bytes, base: str
) -> None:
    site.serve("/folder/source", letter, RAW)
    show(site, tab, f"<base href={base.format(port=site.port)}>" + ATTACHMENT + VIEW.format("source"))
    if base == "/folder/":
        assert WORDS in open_mail(adaptor.extension, tab)
    else:
        refusal(adaptor, tab)
    assert site.asked == (["/folder/source"] if base == "/folder/" else [])


WORKER = b"""
oninstall = () => skipWaiting();
onactivate = (event) => event.waitUntil(clients.claim());
onfetch = (event) => { if (event.request.url.endsWith("/source")) event.respondWith(fetch("/mail/other")); };
"""
REGISTER = """async () => {
  const { serviceWorker } = navigator;
  const controlled = new Promise((done) => { serviceWorker.oncontrollerchange = done; });
  globalThis.worker = await serviceWorker.register("/mail/worker.js");
  await controlled;
}"""


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
        assert "another mail" in refusal(adaptor, tab)
    tab.js("() => worker.unregister()")
