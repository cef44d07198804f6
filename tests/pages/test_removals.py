"""A removed person or decision stays removed, whatever else changes them while the vault works."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/removals.js")

pytestmark = pytest.mark.browser

# A vault of the test whose contacts and decisions are lists of names, and which answers when `turn` of the test comes.
PARTS = IN_PAGE["parts"]


@pytest.fixture
def page(browser: Browser, demo_stack: DemoStack) -> Iterator[Page]:
    """A page of the origin with the trust of a person, before a vault of the test."""
    page = browser.open(demo_stack.pages_url)
    page.js(PARTS)
    yield page
    page.close()


def test_two_quick_presses_remove_both(page: Page) -> None:
    outcome = page.js(IN_PAGE["twoQuickPressesRemoveBoth"])
    assert outcome == [[], []]


def test_what_another_tab_removes_during_a_removal_does_not_come_back(page: Page) -> None:
    outcome = page.js(IN_PAGE["whatAnotherTabRemovesDuringARemovalDoesNotComeBack"])
    assert outcome == [["c"], ["c@x"]]


def test_no_order_of_answers_brings_back_what_was_removed_or_loses_what_was_accepted(page: Page) -> None:
    """Decisions are accepted and removed here, removed by another tab, and the vault answers after drawn pauses."""
    outcome = page.js(IN_PAGE["noOrderOfAnswersBringsBackWhatWasRemovedOrLosesWhatWasAccepted"])
    assert outcome == []
