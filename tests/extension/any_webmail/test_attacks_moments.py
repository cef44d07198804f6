"""Pages that change at the wrong moment, that listen, and that hold more than the extension expects."""

from __future__ import annotations

import pytest

from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.browser.web_site import WebSite
from tests.support.extension.driver import Extension
from tests.support.extension.mail_letters import Letters, mail, text
from tests.support.extension.shown_mail import (
    ATTACHMENT,
    HEAD,
    PAPERCLIP,
    PART,
    RAW,
    SIGNATURE,
    SOURCE,
    WORDS,
    open_mail,
    opened_text,
    refusal,
    said,
    show,
)
from tests.support.extension.toolbar import choose
from tests.support.extension.webmail import Adaptor

IN_PAGE = page_scripts("extension/any_webmail/attacks_moments.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

TEACH = "Teach Sealwax this webmail"
LISTEN = IN_PAGE["listen"]
ASK_EARLIER = """() => {
  void fetch("/earlier").then((answer) => answer.text()).then(() => { globalThis.isAnswered = true; });
  document.querySelector("#way").addEventListener("click", () => void fetch("/box/7"));
}"""


def test_a_request_from_before_the_click_teaches_nothing(
    untaught: Adaptor, site: WebSite, tab: Page, letters: Letters
) -> None:
    """The answer comes after the click. The extension asks for the later address only, whose sender turns letters."""
    site.serve("/earlier", b"x", RAW)
    turning = letters.signed(mail(text(WORDS))).replace(b"From: Bob", "From: \u2069\u202eBob".encode())
    site.serve("/box/7", turning, RAW)
    show(site, tab, SIGNATURE + "<button id=way>⋯</button>", head=HEAD.replace("[...]", "Thursday"))
    refusal(untaught, tab)
    end = site.keep_open("/earlier")
    tab.js(ASK_EARLIER)
    untaught.click(tab, TEACH)
    tab.click("#way")
    end.set()
    tab.wait_for("() => globalThis.isAnswered")
    untaught.wait_for_note(tab, "“\u2068From: Bob <")
    assert site.asked.count("/earlier") == 1


def point_at_attachment(adaptor: Adaptor, tab: Page) -> None:
    """Press the offer, and click the attachment, whose answer is late."""
    adaptor.extension.click_button_above(tab, PART)
    adaptor.wait_for_note(tab, "Click the attachment itself")
    tab.click("#part a")
    adaptor.wait_for_note(tab, "Looking")


def test_the_part_of_an_earlier_mail_is_not_opened(adaptor: Adaptor, site: WebSite, tab: Page, letter: bytes) -> None:
    site.serve("/part/7/2", letter.partition(b"\r\n\r\n")[2], "application/pkcs7-mime")
    show(site, tab, ATTACHMENT)
    end = site.keep_open("/part/7/2")
    point_at_attachment(adaptor, tab)
    tab.js("() => { document.querySelector('#part a').href = '/part/8/2'; }")
    end.set()
    assert "a different message" in said(adaptor, tab)


def test_a_part_is_not_opened_when_the_page_has_another_address(
    adaptor: Adaptor, site: WebSite, tab: Page, letter: bytes
) -> None:
    """The page goes on to another mail without a load, and links the part of every mail by the same address."""
    site.serve("/part/open", letter.partition(b"\r\n\r\n")[2], "application/pkcs7-mime")
    show(site, tab, ATTACHMENT.replace("/part/7/2", "/part/open"))
    end = site.keep_open("/part/open")
    point_at_attachment(adaptor, tab)
    tab.js("() => history.pushState(null, '', '/mail/8')")
    end.set()
    assert "a different message" in said(adaptor, tab)


# The page is drawn anew: with other elements, or with another mail.
DRAWN_ANEW = {
    "another layout": "() => { document.body.innerHTML = document.body.innerHTML.replaceAll('div', 'section'); }",
    "another mail": "() => { document.body.innerHTML = '<p>From: Carol, 12:34</p>'; }",
}


@pytest.mark.parametrize("case", DRAWN_ANEW)
def test_a_page_that_is_drawn_anew_during_a_search_is_answered_in_words(
    adaptor: Adaptor, site: WebSite, tab: Page, letter: bytes, case: str
) -> None:
    site.serve("/mail/7/source", letter, RAW)
    end = site.keep_open("/mail/7/source")
    show(site, tab, ATTACHMENT, bar=SOURCE)
    adaptor.extension.click_button_above(tab, PART)
    adaptor.wait_for_note(tab, "Looking")
    tab.js(DRAWN_ANEW[case])
    end.set()
    adaptor.wait_for_note(tab, "took away")
    assert not tab.frames()


def test_an_opened_mail_goes_when_the_page_has_another_address(
    adaptor: Adaptor, site: WebSite, tab: Page, letter: bytes
) -> None:
    site.serve("/mail/7/source", letter, RAW)
    show(site, tab, ATTACHMENT, bar=SOURCE)
    open_mail(adaptor.extension, tab)
    tab.point_at(1, 1)
    tab.js(
        "() => { history.pushState(null, '', '/mail/8'); document.querySelectorAll('td')[1].textContent = 'Friday'; }"
    )
    tab.wait_for("() => document.querySelector('#part').getBoundingClientRect().height > 0")
    assert not tab.frames()


def test_an_element_that_goes_when_it_is_chosen_is_answered_in_words(
    adaptor: Adaptor, site: WebSite, tab: Page, letter: bytes
) -> None:
    site.serve("/mail/7/x", letter, RAW)
    show(site, tab, PAPERCLIP)
    choose(adaptor.extension, tab, "mail")
    tab.js("""() => {
      const remove = () => document.querySelector("#letter")?.remove();
      new MutationObserver(remove).observe(document.documentElement, { childList: true });
    }""")
    tab.click("#letter a")
    adaptor.wait_for_note(tab, "took away")


def test_a_page_that_listens_before_gets_no_press(
    extension: Extension, site: WebSite, tab: Page, letter: bytes
) -> None:
    """On sites that the person has granted."""
    site.serve("/mail/7/x", letter, RAW)
    show(site, tab, PAPERCLIP)
    tab.js(LISTEN)
    choose(extension, tab, "mail")
    tab.click("#letter a")
    assert WORDS in opened_text(extension, tab)
    assert tab.js("() => got") == []


def test_pointing_works_by_touch(extension: Extension, site: WebSite, tab: Page, letter: bytes) -> None:
    site.serve("/mail/7/x", letter, RAW)
    show(site, tab, PAPERCLIP)
    choose(extension, tab, "mail")
    tab.tap("#letter a")
    assert WORDS in opened_text(extension, tab)
