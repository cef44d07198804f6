"""Two accounts side by side in one browser: each tab shows one of them, and uses the session of no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import ESCAPE, Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.mail_letters import file, mail, multipart, text
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.kept_trust import RECORDS
from tests.support.pages.pdf_files import pdf
from tests.support.pages.received import encrypted
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/several_accounts.js")

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

# Notes the account that each request to the API names, by its id in the address or by the header.
NOTE_REQUESTS = IN_PAGE["noteRequests"]
TAB_ACCOUNT = "() => sessionStorage.getItem('sealwax-account')?.split(' ')[0] ?? null"


@dataclass(frozen=True, slots=True, kw_only=True)
class Two:
    """Two tabs of one browser, with unlocked keys. That of Bob is in front."""

    alice: MailPages
    bob: MailPages
    stack: DemoStack

    def open_tab(self, account: Account, place: str = "") -> MailPages:
        """A further tab of the browser."""
        return MailPages(self.alice.page.browser, f"{self.stack.pages_url}/{place}", account, beside=self.alice.page)


@pytest.fixture
def two(browser: Browser, demo_stack: DemoStack, alice: Account, bob: Account) -> Iterator[Two]:
    first = MailPages(browser, demo_stack.pages_url, alice)
    first.enter()
    second = MailPages(browser, f"{demo_stack.pages_url}/#/as/new", bob, beside=first.page)
    second.enter()
    yield Two(alice=first, bob=second, stack=demo_stack)
    first.page.js("""async () => { localStorage.clear(); indexedDB.deleteDatabase("sealwax"); }""")
    second.close()
    first.close()


def shown_account(pages: MailPages) -> str:
    return pages.page.text(named("account"))


def show_accounts(pages: MailPages) -> None:
    pages.page.activate()
    pages.page.click(named("accounts"))
    pages.page.wait_for_selector(named("accounts-view"))


def change_to(page: Page, account: Account) -> None:
    """Press the button of another account, and wait until the tab shows it."""
    page.click(f'{named("account-show")}[aria-label*="{account.address}"]')
    page.wait_for_text(account.address, selector=named("account"), timeout_seconds=OPERATION_SECONDS)


@pytest.mark.thorough(False)
def test_each_tab_reads_and_sends_for_its_own_account(two: Two, alice: Account, bob: Account) -> None:
    before = {account: len(two.stack.mail_server.messages(account.address, "Sent")) for account in (alice, bob)}
    for pages, other in ((two.alice, bob), (two.bob, alice)):
        pages.page.activate()
        assert shown_account(pages) == pages.account.address
        pages.page.js(NOTE_REQUESTS, two.stack.api_url)
        pages.show_inbox()
        pages.write(to=other.address, subject=f"From {pages.account.address}", text="Mine.")
        pages.send()
        requests = pages.page.js("() => asked.filter(([, path]) => !['/api/config', '/api/accounts'].includes(path))")
        assert {request[2] for request in requests} == {pages.page.js(TAB_ACCOUNT), pages.account.address}
        assert {request[0] for request in requests} >= {"GET", "POST"}
    for account in (alice, bob):
        sent = two.stack.mail_server.messages(account.address, "Sent")
        assert len(sent) == before[account] + 1
        assert f"From: {account.address}".encode() in sent[-1].raw or f"<{account.address}>".encode() in sent[-1].raw


def test_each_tab_previews_the_pdf_of_its_own_account(two: Two) -> None:
    for pages in (two.alice, two.bob):
        address, words = pages.account.address, f"For {pages.account.address}"
        plan = mail(multipart("mixed", text("Plan"), file("plan.pdf", "application/pdf", pdf(words))))
        two.stack.mail_server.append(address, encrypted(pages.account, plan))
        pages.page.activate()
        pages.open_message(two.stack.mail_server.messages(address)[-1].uid)
        pages.page.click(named("preview-attachment"))
        pages.page.wait_for_text(words, selector=named("pdf-pages"), timeout_seconds=OPERATION_SECONDS)
    # The end of the one leaves the other.
    two.bob.page.press(ESCAPE)
    two.bob.page.wait_for("() => document.querySelector('iframe') === null")
    assert f"For {two.alice.account.address}" in two.alice.page.js(
        "(name) => document.querySelector(name).textContent", named("pdf-pages")
    )


def test_a_tab_changes_to_the_other_account_and_gets_the_keys_of_its_tab(
    two: Two, alice: Account, bob: Account
) -> None:
    show_accounts(two.alice)
    change_to(two.alice.page, bob)
    two.alice.page.wait_for_selector(f"{named('lock')}[data-unlocked=true]", timeout_seconds=OPERATION_SECONDS)
    two.alice.page.wait_for_selector(named("message-row"), timeout_seconds=OPERATION_SECONDS)
    assert two.alice.page.js(TAB_ACCOUNT) == two.bob.page.js(TAB_ACCOUNT)
    # The tab of Alice has forgotten her keys, and no other tab had them.
    show_accounts(two.alice)
    change_to(two.alice.page, alice)
    two.alice.page.wait_for_selector(named("lock"))
    assert not two.alice.is_unlocked()
    assert two.bob.is_unlocked()


def test_a_new_tab_lets_the_person_choose_and_shows_nothing_of_either(two: Two, alice: Account, bob: Account) -> None:
    tab = two.open_tab(bob)
    tab.page.wait_for_selector(named("account-show"), timeout_seconds=OPERATION_SECONDS)
    assert "Choose an account" in tab.page.text()
    assert tab.page.js(f"() => document.querySelectorAll('{named('account-here')}').length") == 2
    assert tab.page.js(f"() => document.querySelector('{named('messages')}')") is None
    change_to(tab.page, alice)
    tab.page.reload()
    tab.page.wait_for_text(alice.address, selector=named("account"), timeout_seconds=OPERATION_SECONDS)
    tab.close()


def test_a_lock_is_for_the_tabs_of_one_account(two: Two) -> None:
    two.bob.page.click(named("lock"))
    two.bob.page.wait_for_selector(f"{named('lock')}[data-unlocked=false]")
    assert two.alice.is_unlocked()


def test_a_sign_out_is_for_one_account(two: Two, alice: Account) -> None:
    two.alice.page.browser.expect_error("401")
    two.bob.page.click(named("sign-out"))
    two.bob.page.wait_for_selector(named("account-show"), timeout_seconds=OPERATION_SECONDS)
    assert two.bob.page.js(f"() => document.querySelectorAll('{named('account-here')}').length") == 1
    two.alice.page.activate()
    two.alice.show_inbox()
    assert two.alice.is_unlocked()
    assert shown_account(two.alice) == alice.address


def test_a_sign_out_of_all_accounts_locks_and_ends_the_other_tabs(two: Two) -> None:
    two.alice.page.browser.expect_error("401")
    show_accounts(two.alice)
    two.alice.page.click(named("sign-out-all"))
    two.alice.page.wait_for_selector(named("sign-in-form"), timeout_seconds=OPERATION_SECONDS)
    two.bob.page.activate()
    two.bob.page.wait_for_selector(named("sign-in-form"), timeout_seconds=OPERATION_SECONDS)
    locked = f"() => document.querySelector('{named('lock')}')?.dataset.unlocked !== 'true'"
    two.bob.page.wait_for(locked, timeout_seconds=OPERATION_SECONDS)


def test_another_account_is_signed_out_from_the_list(two: Two, bob: Account) -> None:
    two.alice.page.browser.expect_error("401")
    show_accounts(two.alice)
    two.alice.page.click(f"{named('account-here')}:has({named('account-show')}) {named('account-sign-out')}")
    two.alice.page.wait_for(f"() => document.querySelectorAll('{named('account-here')}').length === 1")
    assert two.alice.is_unlocked()
    two.bob.page.activate()
    two.bob.page.wait_for_selector(named("sign-in-form"), timeout_seconds=OPERATION_SECONDS)
    two.bob.sign_in()
    two.bob.page.wait_for_text(bob.address, selector=named("account"), timeout_seconds=OPERATION_SECONDS)


def test_a_computer_can_be_the_persons_own_for_one_account_only(
    browser: Browser, demo_stack: DemoStack, alice: Account, bob: Account
) -> None:
    """A new tab of the account that keeps nothing takes no keys from another tab, and stores nothing."""
    first = MailPages(browser, demo_stack.pages_url, alice)
    first.enter()
    second = MailPages(browser, f"{demo_stack.pages_url}/#/as/new", bob, beside=first.page)
    second.page.click(named("foreign-computer"))
    second.enter()
    chosen = second.page.js(TAB_ACCOUNT)
    third = MailPages(browser, f"{demo_stack.pages_url}/#/as/{chosen}", bob, beside=first.page)
    third.page.wait_for_text(bob.address, selector=named("account"), timeout_seconds=OPERATION_SECONDS)
    third.page.click(named("lock"))
    third.unlock()
    third.page.wait_for_selector(named("message-row"), timeout_seconds=OPERATION_SECONDS)
    own = first.page.js(
        "() => Object.keys(localStorage).filter((name) => name.startsWith('sealwax-own-computer')).length"
    )
    assert own == 1
    first.page.activate()
    records = first.page.wait_for(f"async () => {{ const all = await ({RECORDS})(); return all.length > 0 && all; }}")
    assert len(records) == 1
    for pages in (third, second, first):
        pages.close()


def test_a_further_account_is_added_by_its_button(
    browser: Browser, demo_stack: DemoStack, alice: Account, bob: Account
) -> None:
    first = MailPages(browser, demo_stack.pages_url, alice)
    first.enter()
    show_accounts(first)
    first.page.click(named("account-add"))
    second = MailPages.__new__(MailPages)
    second.account, second.page = bob, first.page
    second.page.wait_for_selector(named("sign-in-others"), timeout_seconds=OPERATION_SECONDS)
    second.enter()
    assert shown_account(second) == bob.address
    show_accounts(second)
    second.page.wait_for(f"() => document.querySelectorAll('{named('account-here')}').length === 2")
    first.close()


def test_a_letter_that_is_kept_nowhere_stays_in_its_tab(two: Two) -> None:
    two.bob.write(to="", subject="Mine", text="Words.")
    two.bob.page.js("() => { location.hash = '#/accounts'; }")
    two.bob.page.wait_for_selector(named("account-show"))
    # Neither the mailbox nor the browser takes the draft.
    two.bob.page.js("""() => {
      globalThis.fetch = async () => { throw new TypeError("no connection"); };
      IDBFactory.prototype.open = () => { throw new DOMException("no", "QuotaExceededError"); };
    }""")
    two.bob.page.click(named("account-show"))
    two.bob.page.wait_for_text("is not saved", selector=named("accounts-error"), timeout_seconds=OPERATION_SECONDS)
    two.bob.page.js("() => { location.hash = '#/write'; }")
    two.bob.page.wait_for_selector(named("compose-text"))
    assert two.bob.page.value(named("compose-text")) == "Words."
