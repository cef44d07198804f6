"""Events from the bridge: the list of the open folder loads again, and the person is not disturbed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.pages.driver import MailPages, named
from tests.support.pages.reporting import pages_that_hear
from tests.support.servers.proxies import NGINX
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server]

# Makes `list` with the rows of `messages`, and `events`, whose streams are `streams`.
PARTS = """async () => {
  const { MessageList } = await import("/source/webbridge/pages/views/message_list.js");
  const { MailEvents } = await import("/source/webbridge/pages/events.js");
  globalThis.messages = [];
  globalThis.uidValidity = 9;
  globalThis.asked = 0;
  globalThis.answers = null;
  const api = { messages: async () => {
    asked += 1;
    await answers;
    return { uidValidity, messages: messages.map((one) => ({ ...one })) };
  } };
  document.body.replaceChildren();
  const sentenceFor = () => "!";
  globalThis.list = new MessageList({ translate: (key) => key, api, keys: { unlocked: false }, sentenceFor });
  document.body.append(list.element);
  globalThis.row = (uid, given = {}) => ({
    uid, from: "bob@example.test", to: "alice@example.test", subject: `Number ${uid}`, date: null, size: 10, seen: true,
    protection: null, problem: null, ...given,
  });
  globalThis.shown = () => [...list.element.querySelectorAll("a")].map((link) => Number(link.dataset.uid));
  globalThis.link = (uid) => list.element.querySelector(`[data-uid="${uid}"]`);
  globalThis.streams = [];
  globalThis.EventSource = class extends EventTarget {
    static CLOSED = 2;
    readyState = 1;
    constructor(url, options) { super(); this.url = url; this.options = options; streams.push(this); }
    close() { this.readyState = 2; }
    say(name, members) { this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(members) })); }
  };
  globalThis.opened = async (count) => {
    while (streams.length < count) await new Promise((resolve) => { setTimeout(resolve, 5); });
  };
  globalThis.heard = [];
  globalThis.said = [];
  globalThis.checks = 0;
  globalThis.events = new MailEvents(() => "https://bridge.test/api/events", () => { checks += 1; });
  events.addEventListener("mail", ({ detail }) => heard.push(detail));
  for (const name of ["mail", "arrived", "back"]) events.addEventListener(name, ({ type }) => said.push(type));
}"""


@pytest.fixture
def page(browser: Browser, demo_stack: DemoStack) -> Iterator[Page]:
    """A page of the origin with a list and a stream whose bridge is the test's."""
    page = browser.open(demo_stack.pages_url)
    page.js(PARTS)
    yield page
    page.close()


def test_a_new_row_leaves_the_others_in_the_page_with_focus_and_scroll(page: Page) -> None:
    page.js("""async () => {
      messages = Array.from({ length: 49 }, (_, index) => row(100 - index));
      await list.load("f", {});
      globalThis.kept = link(70);
      kept.focus();
      kept.scrollIntoView();
      globalThis.top = kept.getBoundingClientRect().top;
      messages = [row(101), ...messages.filter(({ uid }) => uid !== 99)];
      await list.refresh();
    }""")
    assert page.js("() => [shown().slice(0, 3), link(70) === kept, document.activeElement === kept]") == [
        [101, 100, 98], True, True,
    ]  # fmt: skip
    assert page.js("() => list.element.querySelector('[aria-busy]').getAttribute('aria-busy')") == "false"


def test_a_row_that_changes_or_vanishes_passes_its_focus_on(page: Page) -> None:
    page.js("""async () => {
      messages = [row(3, { seen: false }), row(2), row(1)];
      await list.load("f", {});
      link(3).focus();
      messages = [row(3), row(2), row(1)];
      await list.refresh();
    }""")
    assert page.js("() => [document.activeElement.dataset.uid, link(3).classList.contains('row-unseen')]") == [
        "3",
        False,
    ]
    page.js("async () => { messages = [row(2), row(1)]; await list.refresh(); }")
    assert page.js("() => [shown(), document.activeElement.dataset.uid]") == [[2, 1], "2"]
    page.js("async () => { document.activeElement.blur(); messages = []; await list.refresh(); }")
    assert page.js("() => [shown(), document.activeElement === document.body]") == [[], True]


def test_a_change_during_a_load_is_not_lost_and_a_failure_is_not_shown(page: Page) -> None:
    page.js("""async () => {
      let answer;
      answers = new Promise((resolve) => { answer = resolve; });
      const loading = list.load("f", {});
      await list.refresh();
      messages = [row(5)];
      answer();
      await loading;
    }""")
    page.wait_for("() => asked === 2 && shown()[0] === 5")
    page.js("""async () => {
      const { ApiError } = await import("/source/webbridge/pages/api.js");
      answers = Promise.reject(new ApiError("unreachable", "gone"));
      await list.refresh();
    }""")
    assert page.js("() => [shown(), list.element.textContent.includes('!')]") == [[5], False]


def test_a_stream_of_another_account_is_left_and_the_session_is_checked(page: Page) -> None:
    page.js("""async () => {
      events.start("alice@example.test");
      await opened(1);
      streams[0].say("ready", { account: "bob@example.test", folders: ["f"] });
      streams[0].say("mail", { folder: "f" });
    }""")
    assert page.js("() => [heard, checks, streams[0].readyState, streams[0].options]") == [
        [], 1, 2, {"withCredentials": True},
    ]  # fmt: skip


def test_a_stream_that_comes_back_reports_its_folders_once(page: Page) -> None:
    page.js("""async () => {
      events.start("alice@example.test");
      events.start("alice@example.test");
      await opened(1);
      streams[0].say("ready", { account: "alice@example.test", folders: ["f"] });
      streams[0].say("mail", { folder: "f" });
      streams[0].say("ready", { account: "alice@example.test", folders: ["g"] });
      events.stop();
      streams[0].say("mail", { folder: "h" });
    }""")
    assert page.js("() => [heard, checks, streams.length, streams[0].readyState]") == [["f", "g"], 0, 1, 2]


def test_a_frozen_page_has_no_stream_and_asks_for_all_that_it_has_missed(page: Page) -> None:
    """Without a stream the bridge wakes the browser by a push message."""
    page.js("""async () => {
      events.start("alice@example.test");
      await opened(1);
      streams[0].say("ready", { account: "alice@example.test", folders: ["f"] });
      streams[0].say("arrived", { folder: "f" });
      document.dispatchEvent(new Event("freeze"));
    }""")
    assert page.js("() => streams.map(({ readyState }) => readyState)") == [2]
    page.js("""async () => {
      document.dispatchEvent(new Event("resume"));
      await opened(2);
      streams[1].say("ready", { account: "alice@example.test", folders: ["f"] });
    }""")
    assert page.js("() => [streams.length, said]") == [2, ["arrived", "back", "mail"]]
    page.js("() => { events.stop(); document.dispatchEvent(new Event('resume')); }")
    assert page.js("() => streams.length") == 2


def test_the_end_of_the_session_is_asked_of_the_bridge(page: Page) -> None:
    page.js("""async () => {
      events.start("alice@example.test");
      await opened(1);
      streams[0].say("session-ended", {});
    }""")
    assert page.js("() => [checks, streams[0].readyState]") == [1, 2]


def test_one_tab_holds_the_stream_and_tells_the_others_until_another_takes_over(page: Page) -> None:
    """A browser has six connections to a server over HTTP/1.1. A stream in each tab would leave none."""
    page.js("""async () => {
      const { MailEvents } = await import("/source/webbridge/pages/events.js");
      const another = () => new MailEvents(() => "https://bridge.test/api/events", () => { checks += 1; });
      globalThis.others = Array.from({ length: 6 }, another);
      globalThis.told = [];
      events.start("alice@example.test");
      await opened(1);
      for (const one of others) {
        for (const name of ["mail", "arrived", "back"]) one.addEventListener(name, ({ type }) => told.push(type));
        one.start("alice@example.test");
      }
      streams[0].say("ready", { account: "alice@example.test", folders: ["f"] });
      streams[0].say("mail", { folder: "f" });
    }""")
    page.wait_for("() => told.length === 6 && streams.length === 1")
    page.js("""async () => {
      told.length = 0;
      events.stop();
      await opened(2);
      streams[1].say("ready", { account: "alice@example.test", folders: ["f"] });
    }""")
    # Something may have come while one tab had left and the next had no stream yet.
    page.wait_for("() => told.filter((name) => name === 'back').length === 6")
    page.js("() => streams[1].say('session-ended', {})")
    page.wait_for("() => checks === 6 && streams.every(({ readyState }) => readyState === EventSource.CLOSED)")


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
def test_new_mail_appears_by_itself_in_the_open_inbox(
    browser: Browser, demo_stack: DemoStack, pages_with_sources: Path, tmp_path: Path
) -> None:
    """The bridge and the process of events behind one proxy, as an operator has them."""
    alice = demo_stack.accounts[0]
    server = demo_stack.mail_server.address
    with ExitStack() as stack:
        pages = stack.enter_context(pages_that_hear(server, pages_folder=pages_with_sources, folder=tmp_path))
        visit = MailPages(browser, pages, alice)
        stack.callback(visit.close)
        visit.sign_in()
        visit.page.wait_for("() => location.hash === '#/keys'")
        visit.page.js("() => { location.hash = '#/folder/inbox'; }")
        visit.page.wait_for_selector(f"{named('messages')}[aria-busy=false]")
        visit.page.wait_for_selector(named("message-row"))
        visit.page.js("""() => { document.querySelector('[data-test="message-row"]').focus(); }""")
        text = f"From: bob@example.test\r\nSubject: Written at {datetime.now(UTC)}\r\n\r\nHello\r\n"
        uid = demo_stack.mail_server.append(alice.address, text.encode())
        visit.page.wait_for_selector(f'{named("message-row")}[data-uid="{uid}"]')
        focused = visit.page.js("() => document.activeElement.dataset.uid")
        assert focused not in (None, str(uid))


def test_the_answer_to_a_request_from_before_a_sign_in_does_not_end_its_session(page: Page) -> None:
    """A draft that was on its way when the session ended would show the form for signing in once more."""
    ends = page.js("""async () => {
      const { BridgeApi } = await import("/source/webbridge/pages/api.js");
      let ends = 0;
      const api = new BridgeApi("https://bridge.test", () => { ends += 1; });
      const answered = {};
      const usual = fetch;
      globalThis.fetch = (url) => new Promise((resolve) => { answered[new URL(url).pathname] = resolve; });
      const headers = { "Content-Type": "application/json" };
      const answer = async (path, status, members) => {
        while (!answered[path]) await new Promise((resolve) => { setTimeout(resolve, 5); });
        answered[path](new Response(JSON.stringify(members), { status, headers }));
        delete answered[path];
      };
      const ended = { code: "session-ended", message: "over" };
      const early = api.sessions().catch(() => "early");
      const signing = api.signIn("alice@example.test", "password");
      await answer("/api/session", 200, { address: "alice@example.test" });
      await signing;
      await answer("/api/sessions", 401, ended);
      await early;
      const before = ends;
      const late = api.sessions().catch(() => "late");
      await answer("/api/sessions", 401, ended);
      await late;
      globalThis.fetch = usual;
      return [before, ends];
    }""")
    assert ends == [0, 1]
