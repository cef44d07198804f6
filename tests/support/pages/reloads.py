"""Drives the choice to unlock again after a reload, and reads what the browser keeps for it."""

from __future__ import annotations

from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named

IN_PAGE = page_scripts("support/pages/reloads.js")

# The records, with bytes as lists of numbers.
RECORDS = IN_PAGE["recordsInPage"]

# Takes the bridge's half as the pages do.
TAKE = IN_PAGE["takeInPage"]


def choose_minutes(pages: MailPages, minutes: int) -> None:
    """Choose how long a reload needs no passphrase, and wait until the keys are kept."""
    pages.page.js("() => { location.hash = '#/keys'; }")
    pages.page.wait_for_selector(named("reload-minutes"), timeout_seconds=OPERATION_SECONDS)
    choose = IN_PAGE["choose"]
    pages.page.js(choose, named("reload-minutes"), minutes)
    wait_for_records(pages, 1)


def wait_for_records(pages: MailPages, number: int) -> None:
    look = f"async (number) => (await ({RECORDS})()).length === number"
    pages.page.wait_for(look, number, timeout_seconds=OPERATION_SECONDS)


def wait_until_unlocked(pages: MailPages) -> None:
    look = "(bar) => document.querySelector(bar)?.dataset.unlocked === 'true'"
    pages.page.wait_for(look, named("lock"), timeout_seconds=OPERATION_SECONDS)
