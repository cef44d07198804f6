"""Whether a tab keeps anything: the latest answer of its own account decides, in each tab and after each reload."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from webbridge.demo.stack import DemoStack

pytestmark = pytest.mark.browser

# `signIn` and `load` act in a tab of the test: each has its own sessionStorage, and all share the rest of the browser.
TABS = """async () => {
  const { KeptTrust } = await import("/source/webbridge/pages/kept_trust.js");
  const { openStates } = await import("/source/webbridge/pages/state_database.js");
  const tabs = new Map();
  const inTab = async (tab, act) => {
    sessionStorage.clear();
    for (const [name, text] of tabs.get(tab) ?? []) sessionStorage.setItem(name, text);
    const found = await act();
    tabs.set(tab, Object.entries(sessionStorage));
    return found;
  };
  const keys = Object.assign(new EventTarget(), { unlocked: false });
  const begin = async (account, answer) => {
    const kept = new KeptTrust(async () => null, keys, new EventTarget());
    await kept.begin(account, answer);
    return kept.keeping !== "off";
  };
  globalThis.signIn = (tab, account, isOwnComputer) => inTab(tab, () => begin(account, { isOwnComputer }));
  globalThis.load = (tab, account) => inTab(tab, () => begin(account));
  const state = { state: new ArrayBuffer(9), merged: null, sent: null };
  globalThis.keepState = (account) => openStates.write(account, 1, state);
}"""


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
    found = page.js("""async () => {
      await signIn("first", "owner@example.test", true);
      await keepState("owner@example.test");
      const visitor = await signIn("first", "visitor@example.test", false);
      return [visitor, await load("second", "visitor@example.test"), await load("first", "visitor@example.test"),
        JSON.stringify(localStorage).includes("visitor"), await load("third", "owner@example.test")];
    }""")
    assert found == [False, False, False, False, True]


def test_a_tab_of_the_owner_that_a_visitor_signs_in_elsewhere_keeps_nothing(page: Page) -> None:
    found = page.js("""async () => {
      await signIn("first", "owner@example.test", true);
      await keepState("owner@example.test");
      const owner = await load("second", "OWNER@example.test");
      await signIn("first", "visitor@example.test", false);
      return [owner, await load("second", "visitor@example.test")];
    }""")
    assert found == [True, False]


def test_no_story_of_sign_ins_keeps_anything_of_an_account_whose_latest_answer_was_no(page: Page) -> None:
    """Sign-ins and reloads of three accounts in three tabs, drawn."""
    found = page.js("""async () => {
      let state = 11;
      const draw = (from) => { state = (state * 48271) % 2147483647; return from[state % from.length]; };
      const answers = new Map();
      const wrong = [];
      for (let step = 0; step < 200; step += 1) {
        const [tab, account] = [draw(["one", "two", "three"]), `${draw(["a", "b", "c"])}@example.test`];
        const answer = draw([true, false, null, null]);
        if (answer !== null) answers.set(account, answer);
        const keeps = answer === null ? await load(tab, account) : await signIn(tab, account, answer);
        const isWrong = answer === null ? keeps && !answers.get(account) : keeps !== answer;
        if (isWrong) wrong.push([step, tab, account, answer]);
      }
      return wrong;
    }""")
    assert found == []
