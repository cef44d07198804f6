"""A person's decisions about trust in the pages, and the encrypted records that the browser stores of them."""

from __future__ import annotations

from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.strangers import open_why, wait_for_state
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("support/pages/kept_trust.js")

# Returns each record with its bytes as text, so that a test can search it for words that must not be readable.
RECORDS = IN_PAGE["recordsInPage"]

# Fails each request that stores something at the URL, as without a network.
_STORE_NOTHING = IN_PAGE["storeNothing"]


def store_nothing_at_keys(pages: MailPages, stack: DemoStack) -> None:
    """Let this tab store nothing more in the account at the key server, from where it would come back."""
    pages.page.js(_STORE_NOTHING, stack.keys_url)


def accept(pages: MailPages, letter: int) -> None:
    """Accept the stranger who signed the letter."""
    pages.open_message(letter)
    assert pages.state == "signed-unverified"
    open_why(pages)
    pages.page.click(named("accept-exact"))
    pages.page.wait_for_selector(named("accept-dialog"))
    pages.page.click(named("accept-compared"))
    pages.page.click(named("accept-go"))
    wait_for_state(pages, "verified")


def show_contacts(pages: MailPages) -> None:
    """Go to the view of people and groups."""
    pages.page.js("() => { location.hash = '#/people'; }")
    pages.page.wait_for_selector(named("person-add"), timeout_seconds=OPERATION_SECONDS)


def show_people(pages: MailPages) -> str:
    """Go to the settings of people and trust. Returns their statement on whether decisions are stored."""
    pages.page.js("() => { location.hash = '#/settings/people'; }")
    pages.page.wait_for_selector(named("operator"), timeout_seconds=OPERATION_SECONDS)
    statement: str = pages.page.js(f"() => document.querySelector('{named('keeping')}').dataset.keeping")
    return statement


def wait_until_kept(pages: MailPages, counter: int) -> list[list[object]]:
    """Wait for a record with this counter or a later one. Returns all records."""
    look = f"""async (least) => {{
      const records = await ({RECORDS})();
      return records.some(([, number]) => number >= least) && records;
    }}"""
    records: list[list[object]] = pages.page.wait_for(look, counter, timeout_seconds=OPERATION_SECONDS)
    return records
