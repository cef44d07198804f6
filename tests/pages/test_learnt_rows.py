"""Verdicts and subjects in rows, learnt by opening: kept encrypted, and shown for one message only."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from smime_core.mail import ProtectionMode
from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.mail_letters import mail, text
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.kept_trust import accept, show_people
from tests.support.pages.received import deliver, signed, signed_and_encrypted, signed_entity, stack as stack
from tests.support.pages.strangers import deliver as deliver_of_stranger, stranger
from webbridge.blueprints.mail_calls import render_row
from webbridge.demo.stack import DemoStack
from webbridge.gateway.summary import summary_from_header

IN_PAGE = page_scripts("pages/learnt_rows.js")


pytestmark = [pytest.mark.browser, pytest.mark.thorough]

# Returns what is stored of rows, with its bytes as text.
STORED = IN_PAGE["stored"]
SHOWN = IN_PAGE["shown"]
# Makes `learnt` with a vault that seals nothing, and `list`, which shows the rows of `messages`.
LIST = IN_PAGE["listInPage"]
LEARN = IN_PAGE["learnInPage"]
WAIT = "() => new Promise((resolve) => setTimeout(resolve, 2500))"
RELOAD = "async (given) => { messages = [row(given)]; await list.load('folder-id', {}); return states(); }"


@pytest.fixture
def page(browser: Browser, stack: DemoStack) -> Iterator[Page]:
    """A page of the origin with a list whose bridge and vault are the test's."""
    page = browser.open(stack.pages_url)
    page.js(LIST)
    yield page
    page.close()


def reader(browser: Browser, stack: DemoStack) -> MailPages:
    return MailPages(browser, stack.pages_url, stack.accounts[0])


def shown(pages: MailPages, uid: int) -> list[object]:
    row: list[object] = pages.page.js(SHOWN, uid)
    return row


def wait_for_state(pages: MailPages, uid: int, state: str) -> None:
    done = f"(uid, state) => ({SHOWN})(uid)[0] === state"
    pages.page.wait_for(done, uid, state, timeout_seconds=OPERATION_SECONDS)


@pytest.mark.thorough(False)
def test_a_row_shows_the_verdict_that_was_learnt_also_after_lock_and_unlock(browser: Browser, stack: DemoStack) -> None:
    alice, bob = stack.accounts
    uid = deliver(stack, signed_and_encrypted(bob, alice, mail(text("Words."), subject="The lighthouse at dusk")))
    pages = reader(browser, stack)
    pages.enter()
    pages.open_message(uid)
    wait_for_state(pages, uid, "verified")
    assert shown(pages, uid) == ["verified", True, "Bob <bob@example.test>", "The lighthouse at dusk"]
    # Entries are kept a second after the last one was learnt.
    pages.page.js(WAIT)
    stored = pages.page.js(STORED)
    assert len(stored) == 1
    for word in ("lighthouse", "bob", "verified", "alice"):
        assert all(word not in record for record in stored)
    pages.page.click(named("lock"))
    pages.page.wait_for_selector(named("unlock-form"))
    assert "lighthouse" not in pages.page.js("() => document.documentElement.outerHTML")
    pages.unlock()
    pages.show_inbox()
    wait_for_state(pages, uid, "verified")
    assert shown(pages, uid)[3] == "The lighthouse at dusk"
    pages.close()


def test_a_learnt_verdict_goes_when_a_decision_is_withdrawn(browser: Browser, stack: DemoStack) -> None:
    pages = reader(browser, stack)
    pages.enter()
    uid = deliver_of_stranger(stack, pages.account, stranger(), "A stranger", ProtectionMode.CLEAR)
    accept(pages, uid)
    wait_for_state(pages, uid, "verified")
    show_people(pages)
    pages.page.wait_for_selector(named("decision-remove"), timeout_seconds=OPERATION_SECONDS)
    pages.page.click(named("decision-remove"))
    pages.page.wait_for_text("Nothing", selector=named("decisions"), timeout_seconds=OPERATION_SECONDS)
    pages.show_inbox()
    assert shown(pages, uid)[0] is None
    pages.close()


def test_on_another_persons_computer_nothing_learnt_is_kept(browser: Browser, stack: DemoStack) -> None:
    alice, bob = stack.accounts
    uid = deliver(stack, signed_and_encrypted(bob, alice, mail(text("Words."), subject="Kept nowhere")))
    pages = reader(browser, stack)
    pages.page.wait_for_selector(named("foreign-computer"))
    pages.page.click(named("foreign-computer"))
    pages.enter()
    pages.open_message(uid)
    wait_for_state(pages, uid, "verified")
    pages.page.js(WAIT)
    assert pages.page.js(STORED) is None
    pages.close()


def test_a_verdict_is_not_moved_to_another_message(page: Page) -> None:
    """A lying server gives another message the number of a verified one."""
    assert page.js(LEARN, {}, "bob@example.test", "d1") == ["verified"]
    assert page.js(RELOAD, {}) == ["verified"]
    for other in ({"size": 11}, {"date": "2026-11-21T10:00:00Z"}, {"from": "eve@example.test"}, {"uid": 8}):
        assert page.js(RELOAD, other) == [None], other
    page.js("() => { uidValidity = 10; }")
    assert page.js(RELOAD, {}) == [None]


@pytest.mark.thorough(False)
def test_a_row_that_names_another_sender_than_the_message_learns_no_verdict(page: Page) -> None:
    assert page.js(LEARN, {"from": "Boss <boss@bank.example>"}, "eve@example.test", "d1") == [None]


def test_a_verified_row_names_the_proved_sender_and_not_the_claimed_name(page: Page) -> None:
    page.js(LEARN, {"from": '"boss@bank.example" <bob@example.test>'}, "bob@example.test", "d1")
    assert page.js("() => list.element.querySelector('.row-from').textContent") == "bob@example.test"


@pytest.mark.thorough(False)
def test_other_bytes_under_the_same_number_have_no_verdict(page: Page) -> None:
    page.js(LEARN, {}, "bob@example.test", "d1")
    outcome = page.js(IN_PAGE["otherBytesUnderTheSameNumberHaveNoVerdict"])
    assert outcome is None


def test_a_lock_forgets_what_was_learnt(page: Page) -> None:
    page.js(LEARN, {}, "bob@example.test", "d1")
    page.js("() => { keys.unlocked = false; keys.dispatchEvent(new Event('change')); }")
    assert page.js("() => states()") == [None]


def test_no_tab_keeps_or_writes_again_what_another_has_forgotten_for_good(page: Page) -> None:
    """The second tab heard of it; the third one slept, and has learnt more before it hears."""
    outcome = page.js(IN_PAGE["noTabKeepsOrWritesAgainWhatAnotherHasForgottenForGood"])
    assert outcome == [[True, True], 0, False, True]


# The record of a folder as an earlier version has stored it, for one message that would be verified.
STORED_BEFORE = IN_PAGE["storedBefore"]


def test_entries_without_texts_of_their_own_are_dropped(page: Page) -> None:
    assert page.js(STORED_BEFORE, 1) is None
    assert page.js(STORED_BEFORE, 2) == "verified"


# Fields of a row as the server gives them, each with a text of its own.
FORGED = {
    "from": "FORGED <bob@example.test>",
    "to": "FORGED <eve@example.test>",
    "subject": "FORGED: pay today",
    "date": "2026-03-03T10:00:00Z",
    "size": 4711,
    "protection": "sealed",
    "problem": "header-too-long",
}
# Returns all that people read or hear of a row, and of the heading above it.
READ = IN_PAGE["read"]
HONEST = {"subject": "Within", "date": "2026-11-20T10:00:00Z"}


def differences() -> list[dict[str, object]]:
    """Every combination of forged texts in a row whose sender has the proved address."""
    names = ("from", "to", "subject", "date", "problem")
    chosen = (combination for count in range(6) for combination in itertools.combinations(names, count))
    return [HONEST | {name: FORGED[name] for name in forgeries} for forgeries in chosen]


@pytest.mark.parametrize("outgoing", [False, True])
def test_no_text_of_the_server_stands_beside_a_verified_seal(page: Page, outgoing: bool) -> None:
    """The server differs from the message when it is opened: the row says what the signature covers."""
    sender = "alice@example.test" if outgoing else "bob@example.test"
    for difference in differences():
        row = {**difference, "from": str(difference.get("from", sender)).replace("bob@example.test", sender)}
        assert page.js(LEARN, row, sender, str(difference), {}, {"outgoing": outgoing}) == ["verified"], difference
        who = "To \u2068alice@example.test\u2069" if outgoing else sender
        assert page.js("() => shown()")[:2] == [who, "Within"], difference
        read = page.js(READ)
        assert "FORGED" not in read, difference
        assert "Mar" not in read, difference
        assert "2026-11-20" in read, difference
        assert page.js(RELOAD, row) == ["verified"], difference
        assert "FORGED" not in page.js(READ), difference


@pytest.mark.thorough(False)
@pytest.mark.parametrize("state", ["verified", "signed-unverified", "encrypted-only", "invalid", "plain"])
def test_a_state_is_gone_when_the_server_changes_any_field_of_the_row(page: Page, state: str) -> None:
    learnt = [state]
    for name, forged in FORGED.items():
        assert page.js(LEARN, HONEST, "bob@example.test", f"d {name}", {"state": state}) == learnt
        assert page.js(RELOAD, HONEST) == learnt
        assert page.js(RELOAD, {**HONEST, name: forged}) == [None], name
        assert page.js(RELOAD, {**HONEST, "of a later bridge": {"name": "FORGED"}}) == [None]
    for mark in ({"seen": False}, {"flags": ["\\Answered", "\\Flagged"]}):
        assert page.js(RELOAD, {**HONEST, **mark}) == learnt


@pytest.mark.parametrize("state", ["signed-unverified", "encrypted-only"])
def test_a_state_of_doubt_is_beside_the_texts_of_the_message_too(page: Page, state: str) -> None:
    page.js(LEARN, {"subject": FORGED["subject"], "date": FORGED["date"]}, "bob@example.test", "d", {"state": state})
    assert page.js("() => shown()")[1] == "Within"
    assert "Mar" not in page.js(READ)


UNCOVERED = [
    {"protection": "unprotected"},
    {"protection": "unprotected", "fields": {}},
    {"protection": "encrypted-only"},
]


@pytest.mark.thorough(False)
@pytest.mark.parametrize("made", UNCOVERED)
def test_a_signature_that_does_not_cover_subject_and_date_gives_no_seal(page: Page, made: dict[str, object]) -> None:
    assert page.js(LEARN, HONEST, "bob@example.test", "d", made) == [None]
    assert page.js("() => list.element.querySelector('.row-marks').title") == "learnt_uncovered"
    assert page.js("() => list.element.querySelector('.mark-verified')") is None


def test_a_message_without_a_subject_shows_none_that_was_added_outside(page: Page) -> None:
    fields = {"Date": "Fri, 20 Nov 2026 10:00:00 +0000"}
    assert page.js(LEARN, FORGED, "bob@example.test", "d", {"fields": fields}) == ["verified"]
    assert page.js("() => shown()")[1] == "no_subject"


def test_a_message_of_somebody_else_names_its_sender_in_the_sent_folder(page: Page) -> None:
    """A server puts a verified message of Bob among those that Alice has sent."""
    page.js(LEARN, {**HONEST, "to": "carol@example.test"}, "bob@example.test", "d", {}, {"outgoing": True})
    assert page.js("() => shown()")[0] == "bob@example.test"


@pytest.mark.thorough(False)
def test_a_false_own_address_hides_no_sender_in_the_sent_folder(page: Page) -> None:
    """The bridge calls the person Bob, and puts a verified message of Bob among those that the person has sent."""
    page.js("() => { app.address = 'bob@example.test'; }")
    page.js(LEARN, {**HONEST, "to": "carol@example.test"}, "bob@example.test", "d", {}, {"outgoing": True})
    assert page.js("() => shown()")[0] == "bob@example.test"


def test_a_forged_date_gives_a_verified_row_no_heading(page: Page) -> None:
    """The row stays at its place in the list, names its own day, and no other row comes under a heading of it."""
    outcome = page.js(IN_PAGE["aForgedDateGivesAVerifiedRowNoHeading"])
    before, after, locked, _ = outcome
    assert [entry == "row" for entry in before] == [False, True] * 3
    assert after == ["row", *before[2:]]
    assert locked == before


NAMES = {
    "Bob <bob@example.test>": "Bob",
    "\u202eknaB <bob@example.test>": "knaB",
    '"boss@bank.example" <bob@example.test>': "bob@example.test",
    "boss\uff20bank.example <bob@example.test>": "bob@example.test",
    "boss\ufe6bbank <bob@example.test>": "bob@example.test",
    "Bank \u2039boss\u203a <bob@example.test>": "bob@example.test",
    "\u200f \u202e<bob@example.test>": "bob@example.test",
    "bob\u202e@example.test": "?",
    "": "no_sender",
}


@pytest.mark.parametrize(("sender", "who"), NAMES.items())
def test_a_row_that_was_not_opened_shows_no_misleading_name(page: Page, sender: str, who: str) -> None:
    row = render_row(summary_from_header(7, f"From: {sender}\r\nTo: {sender}\r\n".encode(), size_bytes=10))
    page.js(RELOAD, {name: row[name] for name in ("from", "sender")})
    assert page.js("() => shown()")[0] == who
    box = page.js("() => list.element.querySelector('[data-test=row-select]').ariaLabel")
    assert box == "select_message"
    page.js(
        "async (given) => { messages = [row(given)]; await list.load('sent', { outgoing: true }); }",
        {"to": row["to"]},
    )
    shown = who if "@" in who or who == "?" else f"{who} <bob@example.test>"
    assert page.js("() => shown()")[0] == (f"To {shown}" if sender else "To ")


@pytest.mark.thorough(False)
def test_a_verified_row_shows_the_signed_subject_and_date(browser: Browser, stack: DemoStack) -> None:
    """The outer subject was changed on the way."""
    _, bob = stack.accounts
    message = mail(text("Soup."), subject="Lunch")
    outer, rest = signed(bob, message).split(b"\r\n\r\n", 1)
    changed = outer.replace(b"Subject: Lunch", b"Subject: URGENT: pay 9,000 EUR today")
    assert changed != outer
    uid = deliver(stack, changed + b"\r\n\r\n" + rest)
    pages = reader(browser, stack)
    pages.enter()
    pages.open_message(uid)
    wait_for_state(pages, uid, "verified")
    assert shown(pages, uid)[3] == "Lunch"
    # Entries are kept a second after the last one was learnt.
    pages.page.js(WAIT)
    pages.page.click(named("lock"))
    pages.unlock()
    pages.show_inbox()
    wait_for_state(pages, uid, "verified")
    row = pages.page.js("(uid) => document.querySelector(`li:has([data-uid='${uid}'])`).outerHTML", uid)
    assert "Lunch" in row
    assert "URGENT" not in row
    pages.close()


def test_a_signed_message_with_an_unprotected_subject_has_no_seal_in_its_row(
    browser: Browser, stack: DemoStack
) -> None:
    _, bob = stack.accounts
    body = text("Soup.")
    head = f"From: {bob.address}\r\nTo: {stack.accounts[0].address}\r\nSubject: URGENT\r\n".encode()
    uid = deliver(stack, head + signed_entity(bob, body))
    pages = reader(browser, stack)
    pages.enter()
    pages.open_message(uid)
    uncovered = f"[data-uid='{uid}'] [data-test=learnt-uncovered]"
    is_there = "(selector) => document.querySelector(selector) !== null"
    pages.page.wait_for(is_there, uncovered, timeout_seconds=OPERATION_SECONDS)
    title = pages.page.js("(selector) => document.querySelector(selector).title", uncovered)
    assert title.startswith("The signature is valid, but it does not cover the subject")
    assert (pages.state, shown(pages, uid)[0]) == ("verified", None)
    pages.close()
