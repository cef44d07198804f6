"""A person without keys opens a parcel: by six words or by a link that has them, and reads who has sent it first."""

from __future__ import annotations

import threading

import pytest
from werkzeug.wrappers import Request, Response

from tests.support.browser.browsers import Browser
from tests.support.browser.webkit import WebKit
from tests.support.pages.driver import OPERATION_SECONDS, named
from tests.support.pages.parcels import MESSAGE, READER, ParcelPage, ParcelRig, Sent, letter
from tests.support.parcel_secret import shows_secret

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

SUBJECT = "The plans for Thursday"
TEXT = "The gate opens at one, and the key is under the third step."
ADDRESS = "() => [location.href, history.length]"


def send_letter(rig: ParcelRig) -> Sent:
    bob = rig.stack.accounts[1].identity
    message = letter(SUBJECT, TEXT, attached=[("note.txt", b"Bring wax.")])
    return rig.send({MESSAGE: message, "plan.pdf": b"%PDF-1.7 the plan"}, kind="message", signer=bob)


@pytest.mark.thorough(False)
def test_six_words_open_a_signed_parcel(browser: Browser, parcel_rig: ParcelRig) -> None:
    bob = parcel_rig.stack.accounts[1]
    sent = send_letter(parcel_rig)
    reader = ParcelPage(browser, sent.link(parcel_rig.stack.pages_url))
    page = reader.page
    # The link is out of the address before anything is pressed, and the bridge was asked nothing.
    address, entries = page.js(ADDRESS)
    assert address == f"{parcel_rig.stack.pages_url}/parcel.html"
    assert parcel_rig.asked == []
    # People type words as they hear them.
    reader.type_words(sent.words.upper().replace(" ", ", "))
    page.wait_for("(selector) => document.querySelector(selector).textContent === ''", named("words-problem"))
    assert [path for _, path in parcel_rig.asked if path.startswith("/api/")] == []
    reader.press_open()
    reader.wait_until_opened()
    assert reader.state == "verified"
    assert page.text(named("parcel-from")) == f"{bob.name} <{bob.address}>"
    assert page.text(named("parcel-to")) == READER
    assert page.text(named("parcel-heading")) == SUBJECT
    assert TEXT in page.text(named("body"))
    assert "note.txt" in page.text(named("attachments"))
    assert reader.file_names() == ["plan.pdf"]
    # The reference is the same at the sender.
    assert page.text(named("parcel-reference"))
    assert {"received", "opened"} <= set(parcel_rig.states_of(sent))
    assert page.js(ADDRESS) == [address, entries]
    reader.close()


@pytest.mark.thorough(False)
def test_the_verdict_is_shown_before_the_message_has_come(browser: Browser, parcel_rig: ParcelRig) -> None:
    sent = send_letter(parcel_rig)
    reader = ParcelPage(browser, sent.link(parcel_rig.stack.pages_url))
    going_on = threading.Event()

    def hold(_: Request, answer: Response) -> Response:
        going_on.wait(60)
        return answer

    parcel_rig.meddle("GET", "/api/open/objects/0", hold)
    reader.type_words(sent.words)
    reader.press_open()
    reader.page.wait_for_selector(named("state"), timeout_seconds=OPERATION_SECONDS)
    assert TEXT not in reader.page.text()
    going_on.set()
    reader.wait_until_opened()
    assert TEXT in reader.page.text(named("body"))
    reader.close()


def test_a_link_with_the_words_needs_only_a_press(browser: Browser, parcel_rig: ParcelRig) -> None:
    sent = send_letter(parcel_rig)
    reader = ParcelPage(browser, sent.link(parcel_rig.stack.pages_url, words=True))
    page = reader.page
    assert page.url == f"{parcel_rig.stack.pages_url}/parcel.html"
    assert not shows_secret(page.js("() => document.documentElement.outerHTML"), sent.words)
    assert "part of your link" in page.text(named("words-in-link"))
    assert parcel_rig.asked == []
    reader.press_open()
    reader.wait_until_opened()
    assert reader.state == "verified"
    reader.close()


def test_a_parcel_that_nobody_signed_says_that_its_sender_is_unproven(browser: Browser, parcel_rig: ParcelRig) -> None:
    sent = parcel_rig.send({"a.txt": b"A"})
    reader = ParcelPage(browser, sent.link(parcel_rig.stack.pages_url))
    reader.open(sent.words)
    assert reader.state == "encrypted-only"
    assert "did not sign this message" in reader.page.text(named("unsigned"))
    reader.close()


def test_another_link_in_the_same_tab_closes_the_parcel(browser: Browser, parcel_rig: ParcelRig) -> None:
    sent = send_letter(parcel_rig)
    other = parcel_rig.send({"b.txt": b"B"})
    reader = ParcelPage(browser, sent.link(parcel_rig.stack.pages_url))
    reader.open(sent.words)
    reader.page.js("(id) => { location.hash = id; }", other.draft.id)
    reader.page.wait_for_selector(named("words"))
    assert TEXT not in reader.page.text()
    assert reader.page.url.endswith("/parcel.html")
    reader.open(other.words)
    assert reader.file_names() == ["b.txt"]
    reader.close()


@pytest.mark.thorough(False)
def test_closing_the_parcel_deletes_what_was_shown(browser: Browser, parcel_rig: ParcelRig) -> None:
    sent = send_letter(parcel_rig)
    reader = ParcelPage(browser, sent.link(parcel_rig.stack.pages_url))
    reader.open(sent.words)
    page = reader.page
    page.click(named("close-parcel"))
    page.wait_for_selector(named("closed-note"))
    everything = page.js("() => document.documentElement.outerHTML")
    assert [secret for secret in (SUBJECT, TEXT, "plan.pdf") if secret in everything] == []
    assert not shows_secret(everything, sent.words)
    # The same words open it again.
    reader.open(sent.words)
    assert page.text(named("parcel-heading")) == SUBJECT
    reader.close()


def test_a_page_without_a_link_and_one_with_a_part_of_it_say_so(browser: Browser, parcel_rig: ParcelRig) -> None:
    url = f"{parcel_rig.stack.pages_url}/parcel.html"
    for link, test in ((url, "linkless"), (f"{url}#AAAA", "link-broken")):
        reader = ParcelPage(browser, link)
        assert "Open it in your mail again" in reader.page.text(named(test)) or test == "linkless"
        assert reader.page.url == url
        reader.close()
    assert parcel_rig.asked == []


def test_a_report_reaches_the_server_without_anything_of_the_content(browser: Browser, parcel_rig: ParcelRig) -> None:
    sent = parcel_rig.send({"a.txt": b"A"})
    reported = []

    def take(request: Request, answer: Response) -> Response:
        reported.append(request.get_json())
        return answer

    parcel_rig.meddle("POST", "/api/open/complaints", take)
    reader = ParcelPage(browser, sent.link(parcel_rig.stack.pages_url))
    reader.open(sent.words)
    reader.page.click(named("complain"))
    reader.page.wait_until_calm()
    reader.page.click(named("send-complaint"))
    reader.page.wait_for_selector(named("complained"))
    assert reported == [{"id": sent.draft.id, "reason": "unwanted"}]
    reader.close()


def test_webkit_opens_a_parcel(webkit: WebKit, parcel_rig: ParcelRig) -> None:
    sent = send_letter(parcel_rig)
    reader = ParcelPage(webkit, sent.link(parcel_rig.stack.pages_url))
    reader.open(sent.words)
    assert reader.state == "verified"
    assert TEXT in reader.page.text(named("body"))
    reader.close()
