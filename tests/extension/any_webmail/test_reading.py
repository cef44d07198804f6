"""The generic reader: in a webmail without an adaptor it finds a protected mail and its source by itself."""

from __future__ import annotations

import time

import pytest

from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.browser.web_site import WebSite
from tests.support.extension.driver import Extension
from tests.support.extension.field_pages import agree_if_asked
from tests.support.extension.mail_letters import Letters, mail, text
from tests.support.extension.shown_mail import (
    ATTACHMENT,
    BAR,
    HEAD,
    PART,
    RAW,
    SIGNATURE,
    SOURCE,
    WORDS,
    open_mail,
    opened_text,
    refusal,
    show,
)
from tests.support.extension.webmail import Adaptor

IN_PAGE = page_scripts("extension/any_webmail/reading.js")

pytestmark = pytest.mark.browser

SIGN_IN = "<!doctype html><form><input name=user><input name=password type=password><button>Sign in</button></form>"
OFFERED = "(part) => document.querySelector(part)?.previousElementSibling?.getBoundingClientRect().height >= 44"
# Waits longer than the watcher takes to look at a page.
SETTLED = "() => new Promise((done) => setTimeout(() => requestIdleCallback(() => done()), 1500))"
UNTOUCHED = "() => document.querySelectorAll('body > *').length"


@pytest.mark.main_way
def test_a_linked_source_is_fetched_at_the_click_and_not_before(
    extension: Extension, site: WebSite, tab: Page, letter: bytes
) -> None:
    site.serve("/mail/7/source", letter, RAW)
    show(site, tab, ATTACHMENT, bar='<a href="/mail/7/delete">Delete</a> ' + SOURCE)
    tab.wait_for(OFFERED, PART)
    assert site.asked == []
    assert WORDS in open_mail(extension, tab)
    assert site.asked == ["/mail/7/source"]


def test_the_attachment_is_opened_by_a_click_where_the_page_links_no_source(
    adaptor: Adaptor, site: WebSite, tab: Page, letter: bytes
) -> None:
    """A mail's text can imitate an attachment, so nothing is asked for before the person has pointed at it."""
    body = letter.partition(b"\r\n\r\n")[2]
    site.serve("/part/7/2", body, "application/pkcs7-mime")
    show(site, tab, ATTACHMENT)
    adaptor.extension.click_button_above(tab, PART)
    adaptor.wait_for_note(tab, "Click the attachment itself")
    assert site.asked == []
    tab.click("#part a")
    assert WORDS in opened_text(adaptor.extension, tab)
    assert site.asked == ["/part/7/2"]


@pytest.mark.thorough
def test_the_toolbar_opens_the_only_protected_mail(
    extension: Extension, site: WebSite, tab: Page, letter: bytes
) -> None:
    site.serve("/mail/7/source", letter, RAW)
    show(site, tab, ATTACHMENT, bar=SOURCE)
    tab.wait_for(OFFERED, PART)
    extension.browser.click_toolbar_button(extension.id, tab)
    assert WORDS in opened_text(extension, tab)


WAYS = {
    "german": '<a href="/mail/7/source">Quelltext</a>',
    "french button": "<button onclick=\"window.open('/mail/7/source')\">Afficher l’original</button>",
    "spanish script": "<a href=\"javascript:void(location.href='/mail/7/source')\">Ver código fuente</a>",
    "arabic icon": '<a href="/mail/7/source"><img alt="عرض المصدر" src="data:,"></a>',
    "form": "<form action=/mail/7/source><input type=hidden name=a><input type=submit value='Show original'></form>",
    "shape of the address": '<a href="/mail/7/source?raw=1"><img alt="" src="data:,"></a>',
}


@pytest.mark.thorough
@pytest.mark.parametrize("way", WAYS)
def test_each_way_to_the_source_is_found(
    extension: Extension, site: WebSite, tab: Page, letters: Letters, way: str
) -> None:
    site.serve("/mail/7/source", letters.signed(mail(text(WORDS))), RAW)
    show(site, tab, SIGNATURE, head=HEAD.replace("[...]", "Thursday"), bar=WAYS[way])
    assert WORDS in open_mail(extension, tab)


def test_a_page_that_shows_the_source_is_read_and_its_links_are_not_followed(
    adaptor: Adaptor, site: WebSite, tab: Page, letter: bytes
) -> None:
    """The answer can be a mail's text with links of its sender."""
    site.serve("/mail/7/source", b'<!doctype html><a href="raw">Save as file</a><pre>Nothing</pre>')
    show(site, tab, SIGNATURE, bar=SOURCE)
    assert "did not hand over" in refusal(adaptor, tab)
    assert site.asked == ["/mail/7/source"]
    site.serve("/mail/7/source", b"<!doctype html><pre>" + letter + b"</pre>")
    show(site, tab, ATTACHMENT, bar=SOURCE)
    assert WORDS in open_mail(adaptor.extension, tab)
    assert site.asked == ["/mail/7/source"]


OTHER_CONTROLS = """<a href="/mail/7/delete?raw=1">Delete</a> <a href="/mail/7/raw">Delete original</a>
<a href="/compose?original=7">Forward original</a> <a href="/mail/7/raw?move=1">Move source</a>
<a href="https://other.example.test/mail.eml">Download message</a>
<form method=post action="/mail/7/post"><button>View source</button></form>
<form action="/search"><input name=words><button>Raw</button></form>"""


def test_no_other_control_of_the_webmail_is_taken_for_the_source(adaptor: Adaptor, site: WebSite, tab: Page) -> None:
    show(site, tab, SIGNATURE, bar=OTHER_CONTROLS)
    assert "did not hand over" in refusal(adaptor, tab)
    assert site.asked == []


IN_TEXT = {
    "a link in prose": '<p>Words for you. <a href="/mail/7/source">View source</a></p>',
    "a bar": '<p>Words.</p><div><a href="/reply">Reply</a> <a href="/mail/7/source">View source</a></div>',
    "only a bar": '<div><a href="/reply">Reply</a> <a href="/mail/7/source">View source</a></div>',
    "a whole webmail": HEAD + '<a href="/mail/7/source.eml">smime.p7m</a>',
    "a frame": "<iframe srcdoc='<div><a href=/reply>Reply</a> <a href=/mail/7/source>View source</a></div>'></iframe>",
}


@pytest.mark.thorough
@pytest.mark.parametrize("case", IN_TEXT)
def test_no_link_in_the_text_of_a_mail_is_asked(
    adaptor: Adaptor, site: WebSite, tab: Page, letter: bytes, case: str
) -> None:
    site.serve("/mail/7/source", letter, RAW)
    show(site, tab, f"<div>{IN_TEXT[case].replace(BAR, SOURCE)}</div>" + SIGNATURE)
    assert "did not hand over" in refusal(adaptor, tab)
    assert site.asked == []


OTHER_MAILS = {
    "another subject": b"Subject: Friday\r\n",
    "another sender": b"From: Carol <carol@example.test>\r\nTo: dora@example.test\r\n",
    "another time": b"Date: Fri, 20 Nov 2026 10:07:00 +0000\r\n",
}


@pytest.mark.parametrize("change", OTHER_MAILS)
def test_the_source_of_another_mail_is_refused(
    adaptor: Adaptor, site: WebSite, tab: Page, letters: Letters, change: str
) -> None:
    source = letters.signed(mail(text(WORDS)))
    names = [line.partition(b":")[0] for line in OTHER_MAILS[change].splitlines()]
    head, _, body = source.partition(b"\r\n\r\n")
    fields = [line for line in head.split(b"\r\n") if line.partition(b":")[0] not in names]
    site.serve("/mail/7/source", OTHER_MAILS[change] + b"\r\n".join(fields) + b"\r\n\r\n" + body, RAW)
    show(site, tab, SIGNATURE, bar=SOURCE, head=HEAD.replace("[...]", "Thursday"))
    assert "a different message" in refusal(adaptor, tab)


MOVE = """() => {
  const part = document.querySelector("#part");
  document.body.append(part.previousElementSibling, part);
}"""

# The properties of a frame that a page can see.
SEEN = """() => [
  document.documentElement.scrollHeight, window.length, history.length, document.activeElement.localName,
  performance.getEntries().filter(({ name }) => name.includes("extension:")).length,
]"""


def prepared(tab: Page) -> int:
    """The number of the extension's frames for mail in all pages."""
    return sum("mail_frame.html" in context["url"] for context in tab.browser.contexts())


@pytest.mark.thorough(after=1)
@pytest.mark.parametrize("is_moved", [False, True])
def test_the_pointer_on_the_button_loads_an_empty_frame_and_fetches_nothing(
    extension: Extension, site: WebSite, tab: Page, letter: bytes, is_moved: bool
) -> None:
    site.serve("/mail/7/source", letter, RAW)
    show(site, tab, ATTACHMENT, bar=SOURCE)
    place = extension.wait_for_button_above(tab, PART)
    before = tab.js(SEEN)
    assert prepared(tab) == 0
    tab.point_at(place["x"], place["y"])
    tab.wait_for_frame("mail_view.html")
    assert (site.asked, tab.js(SEEN)) == ([], before)
    if is_moved:
        tab.point_at(1, 1)
        tab.js(MOVE)
        # The extension looks at a page that changes after a pause.
        time.sleep(1)
    assert WORDS in open_mail(extension, tab)
    assert prepared(tab) == 1


@pytest.mark.thorough
def test_back_to_a_page_with_a_prepared_frame_opens_the_mail(
    extension: Extension, site: WebSite, tab: Page, letter: bytes
) -> None:
    """Firefox shows the same document again. While it is driven, Chromium loads the page again."""
    site.serve("/mail/7/source", letter, RAW)
    elsewhere = site.serve("/elsewhere", b"<!doctype html><title>Elsewhere</title><link rel=icon href=data:,>")
    show(site, tab, ATTACHMENT, bar=SOURCE)
    place = extension.wait_for_button_above(tab, PART)
    tab.point_at(place["x"], place["y"])
    tab.wait_for_frame("mail_view.html")
    tab.goto(elsewhere)
    tab.activate()
    tab.js("() => { setTimeout(() => history.back()); }")
    tab.wait_for("() => document.readyState === 'complete' && document.title === 'Mail'")
    assert WORDS in open_mail(extension, tab)


@pytest.mark.thorough
@pytest.mark.parametrize("subject", ["", " \u200b"])
def test_a_mail_without_a_subject_is_known_by_its_time(
    adaptor: Adaptor, site: WebSite, tab: Page, letters: Letters, subject: str
) -> None:
    site.serve("/mail/7/source", letters.signed(mail(text(WORDS), subject=subject)), RAW)
    show(site, tab, SIGNATURE, bar=SOURCE, head=HEAD.replace("<th>Date:<td>2026-11-20 11:00", ""))
    assert "a different message" in refusal(adaptor, tab)
    show(site, tab, SIGNATURE, bar=SOURCE)
    assert WORDS in open_mail(adaptor.extension, tab)


def test_the_source_of_another_mail_in_the_list_is_refused(
    adaptor: Adaptor, site: WebSite, tab: Page, letters: Letters
) -> None:
    site.serve("/mail/7/source", letters.signed(mail(text(WORDS), subject="Friday")), RAW)
    rows = "".join(
        f"<tr><td>Bob<td>bob@example.test<td>{subject}<td>2026-11-20 11:00" for subject in ("Friday", "Thursday")
    )
    show(site, tab, f"<table>{rows}</table>" + SIGNATURE, bar=SOURCE, head=HEAD.replace("[...]", "Thursday"))
    assert "a different message" in refusal(adaptor, tab)


@pytest.mark.thorough(after=1)
@pytest.mark.parametrize(
    ("source", "media_type", "sentence"),
    [
        (SIGN_IN.encode(), "text/html", "asks you to sign in again"),
        (mail(text(WORDS)), RAW, "neither signed nor encrypted"),
        (b"<!doctype html><p>Gone", "text/html", "did not hand over"),
        (b"\x89PNG" * 1000, "image/png", "did not hand over"),
        (b"", RAW, "did not hand over"),
    ],
)
def test_an_answer_that_is_no_protected_mail_is_refused_in_words(
    adaptor: Adaptor, site: WebSite, tab: Page, source: bytes, media_type: str, sentence: str
) -> None:
    site.serve("/mail/7/source", source, media_type)
    show(site, tab, SIGNATURE, bar=SOURCE)
    assert sentence in refusal(adaptor, tab)


@pytest.mark.thorough
def test_an_endless_source_is_given_up(adaptor: Adaptor, site: WebSite, tab: Page) -> None:
    head = mail(b"Content-Type: multipart/signed; protocol=x\r\n\r\n")
    site.serve("/mail/7/source", head + bytes(128 * 2**20), RAW)
    show(site, tab, SIGNATURE, bar=SOURCE)
    assert "larger than 128 MB" in refusal(adaptor, tab)


NO_MAIL = {
    "a text about it": "<p>Attach the file <code>smime.p7m</code> to your message.</p>" * 5,
    "a letter being written": "<form><input name=subject><textarea></textarea><p>smime.p7m <button>x</button></form>",
    "a list": "".join(f"<p><a href=/mail/{number}>smime.p7m</a></p>" for number in range(40)),
    "a hidden part": '<div hidden><a href="/part/7/2">smime.p7m</a></div>',
}


@pytest.mark.thorough(after=1)
@pytest.mark.parametrize("page", NO_MAIL)
def test_nothing_is_offered_where_no_mail_is_shown(extension: Extension, site: WebSite, tab: Page, page: str) -> None:
    show(site, tab, NO_MAIL[page])
    before = tab.js(UNTOUCHED)
    tab.js(SETTLED)
    assert tab.js(UNTOUCHED) == before
    assert site.asked == []


def test_each_mail_of_a_conversation_has_its_own_offer(
    extension: Extension, site: WebSite, tab: Page, letters: Letters
) -> None:
    site.serve("/mail/7/source", letters.signed(mail(text(WORDS), subject="Friday")), RAW)
    site.serve("/mail/8/original", letters.signed(mail(text("Of the eighth."))), RAW)
    start, _, lines = HEAD.partition("</div>\n")
    parts = "".join(
        f"<section>{lines.replace('[...]', subject)}<hr>"
        f"<div id=part{number}><a href=/part/{number}/2>smime.p7s</a></div></section>"
        for number, subject in ((7, "Friday"), (8, "Thursday"))
    )
    sources = "".join(f"<a href={address}>View source</a> " for address in ("/mail/7/source", "/mail/8/original"))
    show(site, tab, parts, head=f"{start}</div>", bar=sources)
    extension.click_button_above(tab, "#part8")
    view = agree_if_asked(extension, tab)
    assert view.around.wait_for_frame("mail_view.html").wait_for_text("Of the eighth.", timeout_seconds=30)
    tab.wait_for(OFFERED, "#part7")


@pytest.mark.thorough
def test_controls_named_as_the_properties_of_a_form_hide_no_mail(
    adaptor: Adaptor, site: WebSite, tab: Page, letter: bytes
) -> None:
    """Many webmails put a mail into one form, whose controls can have any name."""
    site.serve("/mail/7/source", letter, RAW)
    show(site, tab, "")
    tab.js(
        IN_PAGE["controlsNamedAsThePropertiesOfAFormHideNoMail"],
        HEAD.partition("</script>")[2].replace(BAR, SOURCE),
        ATTACHMENT,
    )
    assert tab.js("() => document.forms[0].matches instanceof HTMLElement")
    assert WORDS in open_mail(adaptor.extension, tab)
