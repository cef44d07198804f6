"""A webmail that the person has taught the extension: where its mails have their source."""

from __future__ import annotations

import pytest

from tests.support.browser.page import Page
from tests.support.browser.web_site import WebSite
from tests.support.extension.mail_letters import Letters, mail, text
from tests.support.extension.shown_mail import HEAD, PART, RAW, WORDS, open_mail, opened_text, refusal, said
from tests.support.extension.taught import kept
from tests.support.extension.webmail import Adaptor

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

TEACH = "Teach Sealwax this webmail"
LINKED = '<a id=way class="papers" href="{address}">⋯</a>'


def scripted(address: str) -> str:
    """A button without words, whose address only a script uses."""
    return f'<button id=way data-address="{address}">⋯</button>'


def show_mail(site: WebSite, tab: Page, number: int, way: str) -> None:
    """Go to the page of a mail. `way` leads to its source."""
    part = f'<hr><div id=part><a href="/part/{number}/2">smime.p7s</a> 4 kB</div>'
    head = HEAD.replace("[...]", "Thursday")
    tab.goto(site.serve(f"/mail/{number}", (head + part + f"<p>{way}</p>").encode()))
    tab.js("""() => document.querySelector("[data-address]")?.addEventListener("click", ({ target }) => {
      void fetch(target.dataset.address);
    })""")
    tab.activate()
    site.asked.clear()


def teach(adaptor: Adaptor, tab: Page) -> None:
    """Open the shown mail in vain, and show the extension the way to its source."""
    assert refusal(adaptor, tab) != ""
    adaptor.click(tab, TEACH)
    tab.click("#way")


@pytest.fixture
def signed(letters: Letters) -> bytes:
    """A mail signed by Bob."""
    return letters.signed(mail(text(WORDS)))


def test_an_address_that_only_a_script_knows_becomes_a_template(
    untaught: Adaptor, site: WebSite, tab: Page, signed: bytes
) -> None:
    for number in (7, 8):
        site.serve(f"/box/{number}", signed, RAW)
    show_mail(site, tab, 7, scripted("/box/7"))
    teach(untaught, tab)
    untaught.click(tab, "Keep")
    assert WORDS in opened_text(untaught.extension, tab)
    (recipe,) = kept(untaught.extension)
    assert recipe["origin"] == site.origin
    assert recipe["source"] == {"selector": "", "template": "/box/{page.path.1.0}"}
    show_mail(site, tab, 8, scripted("/box/8"))
    assert WORDS in open_mail(untaught.extension, tab)
    assert site.asked == ["/box/8"]


@pytest.mark.thorough(False)
def test_a_link_without_words_becomes_a_selector_and_is_not_followed(
    untaught: Adaptor, site: WebSite, tab: Page, signed: bytes
) -> None:
    for name in ("seventh", "eighth"):
        site.serve(f"/box/{name}", signed, RAW)
    show_mail(site, tab, 7, LINKED.format(address="/box/seventh"))
    url = tab.url
    teach(untaught, tab)
    untaught.click(tab, "Keep")
    assert WORDS in opened_text(untaught.extension, tab)
    assert tab.url == url
    show_mail(site, tab, 8, LINKED.format(address="/box/eighth"))
    assert WORDS in open_mail(untaught.extension, tab)
    assert site.asked == ["/box/eighth"]


def test_an_address_of_one_mail_only_is_not_kept(untaught: Adaptor, site: WebSite, tab: Page, signed: bytes) -> None:
    site.serve("/box/seventh", signed, RAW)
    show_mail(site, tab, 7, scripted("/box/seventh"))
    teach(untaught, tab)
    untaught.click(tab, "Stop")
    assert kept(untaught.extension) == []


def test_nothing_is_kept_without_the_answer(untaught: Adaptor, site: WebSite, tab: Page, signed: bytes) -> None:
    site.serve("/box/7", signed, RAW)
    show_mail(site, tab, 7, scripted("/box/7"))
    teach(untaught, tab)
    untaught.click(tab, "Stop")
    assert kept(untaught.extension) == []


@pytest.mark.parametrize("way", ["/box/7/delete", "/other/7"])
def test_what_is_no_source_of_the_shown_mail_teaches_nothing(
    untaught: Adaptor, site: WebSite, tab: Page, signed: bytes, way: str
) -> None:
    """The first address changes the mailbox. Its answer is too small for a mail, so only the page asks it."""
    site.serve("/box/7/delete", b"{}", RAW)
    site.serve("/other/7", signed.replace(b"Thursday", b"Saturday"), RAW)
    site.serve("/box/7", signed, RAW)
    show_mail(site, tab, 7, scripted(way))
    teach(untaught, tab)
    tab.js("(address) => { document.querySelector('#way').dataset.address = address; }", "/box/7")
    tab.click("#way")
    untaught.click(tab, "Keep")
    opened_text(untaught.extension, tab)
    assert site.asked.count("/box/7/delete") == (way == "/box/7/delete")
    (recipe,) = kept(untaught.extension)
    assert recipe["source"] == {"selector": "", "template": "/box/{page.path.1.0}"}


def test_a_link_in_the_text_of_a_mail_teaches_nothing(
    untaught: Adaptor, site: WebSite, tab: Page, signed: bytes
) -> None:
    site.serve("/box/7", signed, RAW)
    show_mail(site, tab, 7, "Here are the words that you have waited for. " + LINKED.format(address="/box/7"))
    teach(untaught, tab)
    untaught.wait_for_note(tab, "in the text of the message")
    assert site.asked == []


def test_a_taught_link_that_a_mail_imitates_is_not_asked(
    untaught: Adaptor, site: WebSite, tab: Page, signed: bytes
) -> None:
    for name in ("seventh", "eighth", "evil"):
        site.serve(f"/box/{name}", signed, RAW)
    show_mail(site, tab, 7, LINKED.format(address="/box/seventh"))
    teach(untaught, tab)
    untaught.click(tab, "Keep")
    opened_text(untaught.extension, tab)
    imitation = LINKED.format(address="/box/evil")
    show_mail(site, tab, 8, LINKED.format(address="/box/eighth") + f"</p><p>{imitation}")
    assert refusal(untaught, tab).startswith("What you taught Sealwax")
    assert site.asked == []


def test_a_webmail_that_has_changed_is_said_to_have_changed(
    untaught: Adaptor, site: WebSite, tab: Page, signed: bytes
) -> None:
    site.serve("/box/7", signed, RAW)
    show_mail(site, tab, 7, scripted("/box/7"))
    teach(untaught, tab)
    untaught.click(tab, "Keep")
    assert WORDS in opened_text(untaught.extension, tab)
    show_mail(site, tab, 9, "")
    untaught.extension.click_button_above(tab, PART)
    assert said(untaught, tab).startswith("What you taught Sealwax")
    untaught.click(tab, TEACH)
