"""Whether a tab keeps anything: the latest answer of its own account decides, in each tab and after each reload."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/own_computer.js")

pytestmark = pytest.mark.browser

# `signIn` and `load` act in a tab of the test: each has its own sessionStorage, and all share the rest of the browser.
TABS = IN_PAGE["tabsInPage"]


@pytest.fixture
def page(browser: Browser, demo_stack: DemoStack) -> Iterator[Page]:
    """A page of the origin with tabs of the test."""
    page = browser.open(demo_stack.pages_url)
    page.js(TABS)
    yield page
    page.js("""async () => {
      for (const storage of [sessionStorage, localStorage]) storage.clear();
      indexedDB.deleteDatabase("sealwax");
    }""")
    page.close()


def test_a_new_tab_of_a_visitor_keeps_nothing_where_somebody_else_is_at_home(page: Page) -> None:
    outcome = page.js(IN_PAGE["aNewTabOfAVisitorKeepsNothingWhereSomebodyElseIsAtHome"])
    assert outcome == [False, False, False, False, True]


def test_a_tab_of_the_owner_that_a_visitor_signs_in_elsewhere_keeps_nothing(page: Page) -> None:
    outcome = page.js(IN_PAGE["aTabOfTheOwnerThatAVisitorSignsInElsewhereKeepsNothing"])
    assert outcome == [True, False]


def test_no_story_of_sign_ins_keeps_anything_of_an_account_whose_latest_answer_was_no(page: Page) -> None:
    """Sign-ins and reloads of three accounts in three tabs, drawn."""
    outcome = page.js(IN_PAGE["noStoryOfSignInsKeepsAnythingOfAnAccountWhoseLatestAnswerWasNo"])
    assert outcome == []
