"""The view of sent parcels: what the person sees of a parcel and does with it, and the tokens of their programs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sealwax.service import ServiceError
from tests.support.browser.accessibility import find_violations, shown_in, walk_by_keyboard
from tests.support.browser.browsers import Browser
from tests.support.browser.page import ENTER, Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.sent_parcels import SendingRig
from tests.support.servers.parcels import Draft
from webbridge.delivery.states import SaidBy, Stage, State

IN_PAGE = page_scripts("pages/sent_parcels.js")

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

PHONES = (320, 390)
SCRIPTS = "() => [...document.scripts].map(({ src }) => src.split('/').at(-1))"
REFERENCES = (
    """() => [...document.querySelectorAll('[data-test="sent-parcel"]')].map(({ dataset }) => dataset.reference)"""
)
ROWS = """(card) => [...document.querySelectorAll(`${card} [data-test="sent-parcel-row"]`)]
  .map(({ dataset, innerText }) => [dataset.state, dataset.by, innerText])
  .map(([state, by, text]) => [state, by, text.replace(/[\\u2066-\\u2069]/gu, "").replace(/\\s+/gu, " ")])"""
GONE = "(token) => !document.documentElement.outerHTML.includes(token)"
STORED = IN_PAGE["stored"]


@pytest.fixture
def sender(browser: Browser, sending_rig: SendingRig) -> Iterator[MailPages]:
    """Alice, signed in, with locked keys: the view needs none."""
    pages = MailPages(browser, sending_rig.stack.pages_url, sending_rig.stack.accounts[0])
    pages.sign_in()
    pages.page.wait_for_selector(named("unlock-form"))
    yield pages
    pages.close()


def show(page: Page) -> None:
    """Go to the view, and wait until parcels and tokens are loaded."""
    page.js("() => { location.hash = '#/parcels'; }")
    page.wait_for_selector(f"{named('sent-parcels')}[aria-busy=false]", timeout_seconds=OPERATION_SECONDS)
    page.wait_for("(list) => !document.querySelector(list)", f"{named('parcel-tokens')} [aria-busy=true]")


def card_of(reference: str) -> str:
    return f'{named("sent-parcel")}[data-reference="{reference}"]'


def open_card(page: Page, reference: str) -> str:
    """Open the details of a parcel. Returns the selector of its card."""
    card = card_of(reference)
    page.wait_for_selector(card)
    page.click(f"{card} {named('sent-parcel-open')}")
    page.wait_for_selector(f"{card} {named('sent-parcel-details')}[aria-busy=false]")
    return card


def assert_fits(page: Page) -> None:
    for width in PHONES:
        page.set_viewport(width, 844)
        assert not page.overflows_sideways(), width
    page.set_viewport(1280, 844)


@pytest.mark.thorough(False)
def test_a_claim_is_named_as_one_and_a_withdrawn_parcel_is_opened_by_nobody(
    sender: MailPages, sending_rig: SendingRig
) -> None:
    page, draft, bob = sender.page, Draft(), sending_rig.stack.accounts[1].address
    page.activate()
    reference = sending_rig.send(draft)
    sending_rig.note(draft, State.RECEIVED, SaidBy.RECIPIENT_CLAIMS)
    assert "parcels_sent.js" not in page.js(SCRIPTS), "it is loaded with the view"
    show(page)
    assert "parcels_sent.js" in page.js(SCRIPTS)
    card = card_of(reference)
    assert page.text(f"{card} {named('sent-parcel-state')}") == "Received, says a program of the recipient"
    assert f"Reference number {reference}" in page.text(card)
    # The details show what has come since the list was loaded.
    sending_rig.note(draft, State.OPENED, SaidBy.RECIPIENT_SIGNED, recipient=bob)
    open_card(page, reference)
    page.wait_for_text("Opened, by a signed receipt", selector=card)
    rows = {(state, by): text for state, by, text in page.js(ROWS, card)}
    assert "A program of the recipient says so. Nothing proves it." in rows["received", "recipient-claims"]
    assert f"For {bob}. The recipient signed a receipt." in rows["opened", "recipient-signed"]
    assert "this page did not" in rows["opened", "recipient-signed"]
    assert rows["submitted", "service"].endswith("Your mail service says so.")
    assert find_violations(page) == []
    assert_fits(page)
    page.click(f"{card} {named('sent-parcel-withdraw')}")
    assert "danger" in page.js("(go) => document.querySelector(go).className", named("sent-parcel-withdraw-go"))
    page.click(named("sent-parcel-withdraw-go"))
    page.wait_for_selector(f"{card}[data-state=withdrawn]")
    assert page.text("#announcer") == "The secure message is withdrawn."
    assert page.js("() => document.activeElement.tagName") == "H2"
    stored = sending_rig.delivery.parcels.find(draft.id)
    assert stored is not None
    assert stored.stage is Stage.WITHDRAWN
    assert not page.js("(card) => Boolean(document.querySelector(`${card} form, ${card} button`))", card), (
        "nothing is left to do with it"
    )


def test_a_parcel_is_kept_longer_opened_seldom_and_tried_again(sender: MailPages, sending_rig: SendingRig) -> None:
    page, draft = sender.page, Draft(days=3)
    page.activate()
    reference = sending_rig.send(draft)
    sending_rig.guess(draft, 5)
    show(page)
    card = open_card(page, reference)
    assert "Nobody can open the message until you allow more tries." in page.text(card)
    page.click(f"{card} {named('sent-parcel-tries')}")
    page.wait_for_text("First ask the recipient")
    page.click(named("sent-parcel-tries-go"))
    page.wait_for_text("Five more tries are allowed.", selector="#announcer")
    stored = sending_rig.delivery.parcels.find(draft.id)
    assert stored is not None
    assert stored.tries_left == 5
    page.fill(f"{card} {named('sent-parcel-days')}", "91")
    page.press(ENTER)
    page.wait_for_text("Type a whole number from 1 to 90.", selector=card)
    page.fill(f"{card} {named('sent-parcel-days')}", "2")
    page.press(ENTER)
    page.wait_for_text("Nothing has changed", selector="#announcer")
    page.fill(f"{card} {named('sent-parcel-days')}", "30")
    page.press(ENTER)
    page.wait_for_text("The message is kept until", selector="#announcer")
    page.fill(f"{card} {named('sent-parcel-limit')}", "2")
    page.press(ENTER)
    page.wait_for_text("The limit is saved. Times in all: 2.", selector="#announcer")
    stored = sending_rig.delivery.parcels.find(draft.id)
    assert stored is not None
    assert (round((stored.ends_at - stored.created_at) / 86_400), stored.most_openings) == (30, 2)
    page.fill(f"{card} {named('sent-parcel-limit')}", "")
    page.press(ENTER)
    page.wait_for_text("without a limit", selector="#announcer")
    stored = sending_rig.delivery.parcels.find(draft.id)
    assert stored is not None
    assert stored.most_openings is None


def test_a_parcel_that_was_withdrawn_elsewhere_says_so(sender: MailPages, sending_rig: SendingRig) -> None:
    page, draft = sender.page, Draft()
    page.browser.expect_error("410")
    page.activate()
    reference = sending_rig.send(draft)
    show(page)
    card = open_card(page, reference)
    sending_rig.delivery.withdraw(sending_rig.stack.accounts[0].address, draft.id)
    page.click(f"{card} {named('sent-parcel-extend')}")
    page.wait_for_text("This message is withdrawn", selector=f"{card} {named('sent-parcel-error')}")


def test_older_parcels_come_when_they_are_wanted(sender: MailPages, sending_rig: SendingRig) -> None:
    page = sender.page
    page.activate()
    for _ in range(51):
        sending_rig.send(Draft())
    show(page)
    assert len(page.js(REFERENCES)) == 50
    page.click(named("sent-parcels-more"))
    page.wait_for(f"() => ({REFERENCES})().length > 50")
    assert page.text("#announcer").startswith("More secure messages are shown: ")
    references = page.js(REFERENCES)
    assert len(set(references)) == len(references)
    focused = "(card) => document.activeElement.closest(card)?.dataset.reference"
    assert page.js(focused, named("sent-parcel")) == references[50]


def test_without_an_answer_the_list_says_so_and_comes_by_another_try(
    sender: MailPages, sending_rig: SendingRig
) -> None:
    page = sender.page
    page.activate()
    reference = sending_rig.send(Draft())
    page.js(IN_PAGE["withoutAnAnswerTheListSaysSoAndComesByAnotherTry"])
    page.js("() => { location.hash = '#/parcels'; }")
    page.wait_for_text("does not answer", selector=named("sent-parcels-error"))
    page.js("() => { globalThis.fetch = usual; }")
    page.click(named("sent-parcels-again"))
    page.wait_for_selector(card_of(reference))
    assert page.text(named("sent-parcels-error")) == ""


def make_token(page: Page, name: str, days: str = "90") -> str:
    page.fill(named("parcel-token-name"), name)
    page.fill(named("parcel-token-days"), days)
    page.click(named("parcel-token-make"))
    page.wait_for_selector(named("parcel-token-dialog"))
    return page.text(named("parcel-token-value"))


def test_a_token_is_shown_once_sends_and_is_revoked(
    browser: Browser, sender: MailPages, sending_rig: SendingRig
) -> None:
    page, tokens = sender.page, sending_rig.delivery.tokens
    alice = sending_rig.stack.accounts[0].address
    page.browser.expect_error("409")
    page.activate()
    show(page)
    page.click(named("parcel-token-make"))
    page.wait_for_text("A token cannot have this name.", selector=named("parcel-tokens-error"))
    name = f"Laptop in {browser.name}"
    token = make_token(page, name)
    assert tokens.address_of(token) == alice
    command = page.text(named("parcel-token-command"))
    assert command == f"sealwax deliver token --server {sending_rig.stack.pages_url} --address {alice}"
    assert find_violations(page) == []
    assert_fits(page)
    page.js(IN_PAGE["aTokenIsShownOnceSendsAndIsRevoked"])
    page.click(named("parcel-token-copy"))
    page.wait_for_text("Copied.", selector=named("parcel-token-copied"))
    page.click(named("parcel-token-copy-command"))
    assert page.wait_for("() => copied.length === 2 && copied") == [token, command]
    page.click(named("parcel-token-done"))
    page.wait_for(GONE, token)
    assert token not in page.js(STORED)
    page.fill(named("parcel-token-name"), name)
    page.click(named("parcel-token-make"))
    page.wait_for_text("You have a token of this name.", selector=named("parcel-tokens-error"))
    page.click(named("parcel-token-revoke"))
    assert "danger" in page.js("(go) => document.querySelector(go).className", named("parcel-token-revoke-go"))
    page.click(named("parcel-token-revoke-go"))
    page.wait_for_text("You have no tokens.", selector=named("parcel-tokens"))
    with pytest.raises(ServiceError):
        tokens.address_of(token)


def test_a_token_leaves_the_page_with_its_view(sender: MailPages, sending_rig: SendingRig) -> None:
    page = sender.page
    page.activate()
    show(page)
    token = make_token(page, "Left")
    page.js("() => { location.hash = '#/settings'; }")
    page.wait_for_selector(named("settings-view"))
    page.wait_for(GONE, token)
    sending_rig.delivery.tokens.revoke(sending_rig.stack.accounts[0].address, "Left")


def test_a_person_without_parcels_learns_how_one_is_sent(browser: Browser, sending_rig: SendingRig) -> None:
    bob = MailPages(browser, sending_rig.stack.pages_url, sending_rig.stack.accounts[1])
    bob.enter()
    bob.page.click(named("parcels-link"))
    page = bob.page
    page.wait_for_selector(named("sent-parcels-empty"), timeout_seconds=OPERATION_SECONDS)
    assert "sealwax deliver send" in page.text(named("sent-parcels-empty"))
    assert "You have no tokens." in page.wait_for_text("You have no tokens.")
    bob.close()


def test_the_view_is_sound_in_the_dark_by_keyboard_and_from_right_to_left(
    sender: MailPages, sending_rig: SendingRig
) -> None:
    page, draft = sender.page, Draft(to=("a-long-name-of-somebody@department-of-a-large.organisation.example",))
    page.activate()
    reference = sending_rig.send(draft)
    sending_rig.note(draft, State.FAILED, SaidBy.RECIPIENT_CLAIMS, code="parcel-damaged")
    show(page)
    card = open_card(page, reference)
    assert "Error code: parcel-damaged." in page.text(card)
    walk = walk_by_keyboard(page)
    assert walk.missed == []
    with shown_in(page, "dark"):
        assert find_violations(page) == []
    page.js("""() => {
      localStorage.setItem("sealwax-language", "ar");
      location.reload();
    }""")
    page.wait_for("() => document.documentElement.dir === 'rtl'", timeout_seconds=OPERATION_SECONDS)
    page.wait_for_selector(f"{named('sent-parcels')}[aria-busy=false]", timeout_seconds=OPERATION_SECONDS)
    open_card(page, reference)
    assert "parcel-damaged" in page.text(card)
    assert find_violations(page) == []
    assert_fits(page)
