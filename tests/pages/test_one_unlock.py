"""One unlocked state for all tabs of a browser that are signed in to one account."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

# Several tabs in one page, each with a channel of its own. A test moves the clock that all of them read.
TABS = """
  const { KeyRing } = await import("/source/webbridge/pages/keys/keys.js");
  const { openWithPasskey } = await import("/source/webbridge/pages/keys/device_bundles.js");
  const { SharedUnlock } = await import("/source/webbridge/pages/keys/shared_unlock.js");
  const { hexFromBytes } = await import("/source/wasm_build/vault/values/hexadecimal.js");
  const MINUTE = 60000, HOUR = 60 * MINUTE;
  const wall = Date.now.bind(Date);
  let shift = 0;
  Date.now = () => wall() + shift;
  const openTab = async (options = {}) => {
    const { address = "a@example.test", isOwn = true, session = "s", findSession = async () => session } = options;
    const identity = () => ({
      sealed: new ArrayBuffer(3), certificate: new ArrayBuffer(4), addresses: [address],
      fingerprint: globalThis.adds ?? "f",
    });
    const ring = new KeyRing(async () => ({ call: async () => ({ identities: [identity()] }) }));
    const shared = new SharedUnlock(ring, { mayShare: () => isOwn, findSession });
    const reasons = [];
    ring.addEventListener("locked", ({ reason }) => reasons.push(reason));
    await shared.begin(address);
    return {
      ring, shared, reasons,
      unlock: () => openWithPasskey(ring, address, new ArrayBuffer(8), { buffer: new ArrayBuffer(4096), length: 0 }),
      key: () => hexFromBytes(ring.share()?.sealKey.buffer.slice(0, 32) ?? new ArrayBuffer(0)),
    };
  };
  const heard = [];
  const spy = new BroadcastChannel("sealwax-unlocked 1");
  spy.addEventListener("message", ({ data }) => heard.push(data));
  const soon = () => new Promise((resolve) => setTimeout(resolve, 150));
  const told = async () => {
    await until(() => heard.length > 0);
    return heard.find(({ kind }) => kind === "opened");
  };
  const until = async (isSo) => {
    for (let tries = 0; tries < 100 && !isSo(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 20));
    return isSo();
  };
"""


@pytest.fixture
def empty(browser: Browser, demo_stack: DemoStack) -> Iterator[Page]:
    """A page of the origin that serves the modules. Its own tab is not signed in."""
    page = browser.open_private(demo_stack.pages_url)
    yield page
    page.close()


@pytest.mark.thorough(False)
def test_a_new_tab_gets_the_key_and_a_lock_in_one_locks_all(empty: Page) -> None:
    seen = empty.js(f"""async () => {{ {TABS}
      const first = await openTab();
      await first.unlock();
      const second = await openTab();
      const isUnlocked = await second.shared.ask();
      const same = [second.key() === first.key(), second.key().length, second.ring.identities.length, second.ring.way];
      const {{ wrapped }} = heard.find(({{ kind }}) => kind === "answer");
      const isWrapped = hexFromBytes(wrapped) !== first.key();
      const third = await openTab();
      await third.shared.ask();
      second.ring.lock("hand");
      await until(() => !first.ring.unlocked && !third.ring.unlocked);
      return {{
        isUnlocked, same, isWrapped, open: [first, second, third].map(({{ ring }}) => ring.unlocked),
        reasons: [first, second, third].map(({{ reasons }}) => reasons),
        again: await (await openTab()).shared.ask(),
      }};
    }}""")
    assert seen == {
        "isUnlocked": True,
        "same": [True, 64, 1, "tab"],
        "isWrapped": True,
        "open": [False, False, False],
        "reasons": [["elsewhere"], ["hand"], ["elsewhere"]],
        "again": False,
    }


@pytest.mark.thorough(False)
def test_keys_that_are_added_in_one_tab_reach_all_tabs_with_its_key(empty: Page) -> None:
    seen = empty.js(f"""async () => {{ {TABS}
      const first = await openTab(), other = await openTab({{ address: "b@example.test" }});
      await first.unlock();
      await other.unlock();
      const second = await openTab();
      await second.shared.ask();
      // Unlocked by itself, under a key of its own.
      const apart = await openTab();
      await apart.unlock();
      const count = (tab) => tab.ring.identities.length;
      globalThis.adds = "g";
      await first.unlock();
      await until(() => count(second) === 2);
      // The identity that the second tab adds at the same time as the first stays.
      globalThis.adds = "h";
      await second.unlock();
      globalThis.adds = "i";
      await first.unlock();
      await until(() => count(first) === 4 && count(second) === 4);
      await soon();
      delete globalThis.adds;
      const names = (tab) => tab.ring.identities.map(({{ fingerprint }}) => fingerprint).sort().join("");
      const sent = heard.filter(({{ kind }}) => kind === "added").length;
      return {{ names: [first, second, apart, other].map(names), same: first.key() === second.key(), sent }};
    }}""")
    assert seen["names"] == ["fghi", "fghi", "f", "f"]
    assert seen["same"] is True
    assert seen["sent"] <= 6


@pytest.mark.parametrize("reason", ["idle", "too-long", "clock", "signed-out", "strict", "left", "asleep"])
def test_only_a_closed_or_frozen_tab_locks_by_itself(empty: Page, reason: str) -> None:
    seen = empty.js(
        f"""async (reason) => {{ {TABS}
      const first = await openTab(), second = await openTab();
      await first.unlock();
      await until(() => second.ring.unlocked);
      second.ring.lock(reason);
      await soon();
      const left = [first.ring.unlocked, second.ring.unlocked];
      // When the tab is shown again, it asks.
      return [...left, await second.shared.ask()];
    }}""",
        reason,
    )
    is_of_one_tab = reason in {"left", "asleep"}
    assert seen == [is_of_one_tab, False, is_of_one_tab]


@pytest.mark.parametrize(
    ("giver", "taker"),
    [
        pytest.param({}, {"address": "b@example.test"}, id="other account"),
        pytest.param({}, {"session": "another"}, id="other session"),
        pytest.param({"isOwn": False}, {}, id="public computer gives"),
        pytest.param({}, {"isOwn": False}, id="public computer takes"),
    ],
)
def test_a_tab_that_may_not_have_them_gets_no_keys(
    empty: Page, giver: dict[str, str | bool], taker: dict[str, str | bool]
) -> None:
    seen = empty.js(
        f"""async (giver, taker) => {{ {TABS}
      const other = await openTab(taker);
      const owner = await openTab(giver);
      await owner.unlock();
      await soon();
      const late = await openTab(taker);
      const asked = await Promise.race([late.shared.ask(), soon().then(() => "no answer")]);
      return [other.ring.unlocked, late.ring.unlocked, asked === true, heard.some(({{ kind }}) => kind === "answer")];
    }}""",
        dict(giver),
        dict(taker),
    )
    assert seen == [False, False, False, False]


def test_a_tab_whose_session_has_ended_gives_no_keys(empty: Page) -> None:
    seen = empty.js(f"""async () => {{ {TABS}
      const owner = await openTab({{ findSession: async () => {{ throw new Error("session-ended"); }} }});
      await owner.unlock();
      const late = await openTab();
      void late.shared.ask();
      await soon();
      return [late.ring.unlocked, heard.filter(({{ kind }}) => kind === "answer").length];
    }}""")
    assert seen == [False, 0]


@pytest.mark.thorough(False)
def test_a_lock_while_a_tab_asks_leaves_it_locked(empty: Page) -> None:
    """The keys are already on their way, or still with the tab that gives them."""
    seen = empty.js(f"""async () => {{ {TABS}
      const ends = [];
      for (const isGiven of [false, true]) {{
        let release = () => undefined;
        const held = new Promise((resolve) => {{ release = resolve; }});
        const giver = await openTab(isGiven ? {{}} : {{ findSession: () => held.then(() => "s") }});
        await giver.unlock();
        const asking = await openTab();
        const answer = asking.shared.ask();
        await until(() => heard.some(({{ kind }}) => kind === "ask"));
        giver.ring.lock("hand");
        release();
        ends.push([await answer, asking.ring.unlocked, giver.ring.unlocked]);
        await soon();
        ends.push(asking.ring.unlocked);
        heard.length = 0;
        [giver, asking].forEach(({{ shared }}) => shared.end());
      }}
      return ends;
    }}""")
    assert seen[1::2] == [False, False]
    assert seen[0] == [False, False, False]


def test_a_tab_that_another_has_locked_says_so_too(empty: Page) -> None:
    """A tab that got keys from it in the meantime, and did not hear the first lock, is locked by this."""
    seen = empty.js(f"""async () => {{ {TABS}
      const giver = await openTab();
      await giver.unlock();
      const {{ account, ids }} = await told();
      spy.postMessage({{ kind: "locked", account, ids, reason: "hand" }});
      await until(() => heard.some(({{ kind }}) => kind === "locked"));
      return heard.filter(({{ kind }}) => kind === "locked").map((one) => [one.ids.join() === ids.join(), one.reason]);
    }}""")
    assert seen == [[True, "elsewhere"]]


def test_two_tabs_that_unlock_at_once_lock_together(empty: Page) -> None:
    seen = empty.js(f"""async () => {{ {TABS}
      const [first, second] = [await openTab(), await openTab()];
      await Promise.all([first.unlock(), second.unlock()]);
      await soon();
      const before = [first.ring.unlocked, second.ring.unlocked];
      second.ring.lock("hand");
      await until(() => !first.ring.unlocked);
      return [before, first.ring.unlocked];
    }}""")
    assert seen == [[True, True], False]


def test_a_lock_of_an_earlier_unlocking_does_not_lock_a_later_one(empty: Page) -> None:
    seen = empty.js(f"""async () => {{ {TABS}
      const tab = await openTab();
      await tab.unlock();
      const {{ account, ids }} = await told();
      tab.ring.lock("hand");
      await tab.unlock();
      spy.postMessage({{ kind: "locked", account, ids, reason: "hand" }});
      await soon();
      return tab.ring.unlocked;
    }}""")
    assert seen is True


@pytest.mark.thorough(False)
def test_a_chain_of_tabs_does_not_prolong_the_deadline(empty: Page) -> None:
    seen = empty.js(f"""async () => {{ {TABS}
      let last = await openTab();
      await last.unlock();
      const opened = [];
      for (let hour = 1; hour <= 13; hour += 1) {{
        // Somebody is active all the time.
        for (let quarter = 0; quarter < 6; quarter += 1) {{
          shift += 10 * MINUTE;
          last.ring.touch();
        }}
        const next = await openTab();
        opened.push(await next.shared.ask());
        if (!opened.at(-1)) break;
        last.ring.lock("left");
        last.shared.end();
        last = next;
      }}
      return [opened, last.reasons];
    }}""")
    assert seen == [[True] * 11 + [False], ["too-long"]]


def test_activity_in_one_tab_keeps_the_others_unlocked(empty: Page) -> None:
    seen = empty.js(f"""async () => {{ {TABS}
      const [first, second] = [await openTab(), await openTab()];
      await first.unlock();
      await until(() => second.ring.unlocked);
      shift += 14 * MINUTE;
      second.ring.touch();
      await until(() => first.ring.ages.used < MINUTE);
      shift += 14 * MINUTE;
      first.ring.check();
      const active = first.ring.unlocked;
      shift += 2 * MINUTE;
      first.ring.check();
      await until(() => second.reasons.length > 0);
      return [active, first.reasons, second.reasons];
    }}""")
    assert seen == [True, ["idle"], ["idle"]]


def test_activity_that_is_told_late_counts_from_when_it_was(empty: Page) -> None:
    """A tab that slept hears of it when the computer wakes up."""
    seen = empty.js(f"""async () => {{ {TABS}
      const tab = await openTab();
      await tab.unlock();
      const {{ account }} = await told();
      shift += 10 * MINUTE;
      for (const wall of [Date.now() - 4 * MINUTE, "no time", undefined])
        spy.postMessage({{ kind: "used", account, wall }});
      await until(() => tab.ring.ages.used < 5 * MINUTE);
      return Math.round(tab.ring.ages.used / MINUTE);
    }}""")
    assert seen == 4


def test_a_clock_that_is_set_back_locks_all_tabs(empty: Page) -> None:
    seen = empty.js(f"""async () => {{ {TABS}
      const [first, second] = [await openTab(), await openTab()];
      await first.unlock();
      await until(() => second.ring.unlocked);
      shift -= HOUR;
      first.ring.check();
      await until(() => second.reasons.length > 0);
      return [first.reasons, second.reasons];
    }}""")
    assert seen == [["clock"], ["clock"]]


def test_messages_of_another_version_and_shape_are_ignored(empty: Page) -> None:
    seen = empty.js(f"""async () => {{ {TABS}
      const tab = await openTab();
      await tab.unlock();
      const {{ account, ids }} = await told();
      const older = new BroadcastChannel("sealwax-unlocked 0");
      older.postMessage({{ kind: "locked", account, ids, reason: "hand" }});
      const odd = [null, 1, {{}}, {{ account }}, {{ account, kind: "ask" }}, {{ account, kind: "answer" }}];
      for (const one of odd) spy.postMessage(one);
      await soon();
      return tab.ring.unlocked;
    }}""")
    assert seen is True


@pytest.fixture
def first(browser: Browser, demo_stack: DemoStack, alice: Account) -> Iterator[MailPages]:
    """A tab with unlocked keys."""
    pages = MailPages(browser, demo_stack.pages_url, alice)
    pages.enter()
    yield pages
    pages.close()


@pytest.fixture
def second(first: MailPages, demo_stack: DemoStack, alice: Account) -> Iterator[MailPages]:
    """A tab that is opened beside the first."""
    pages = MailPages(first.page.browser, demo_stack.pages_url, alice, beside=first.page)
    pages.page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)
    yield pages
    pages.close()


def wait_until(pages: MailPages, *, unlocked: bool) -> None:
    look = "(bar, state) => document.querySelector(bar)?.dataset.unlocked === state"
    pages.page.wait_for(look, named("lock"), str(unlocked).lower(), timeout_seconds=OPERATION_SECONDS)


@pytest.mark.thorough(False)
def test_a_second_tab_reads_without_a_passphrase_and_all_lock_and_unlock_together(
    first: MailPages, second: MailPages, demo_stack: DemoStack
) -> None:
    assert second.is_unlocked()
    second.open_message(demo_stack.mail_server.messages(second.account.address)[0].uid)
    assert second.state == "verified"
    second.page.click(named("lock"))
    wait_until(first, unlocked=False)
    first.page.activate()
    first.page.wait_for_text("in another tab", selector=named("locked-note"))
    first.unlock()
    wait_until(first, unlocked=True)
    wait_until(second, unlocked=True)
    first.page.click(named("sign-out"))
    second.page.wait_for_selector(named("sign-in-form"), timeout_seconds=OPERATION_SECONDS)


def test_a_tab_that_was_put_aside_gets_the_keys_back(first: MailPages, second: MailPages) -> None:
    second.page.js("() => { dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })); }")
    wait_until(second, unlocked=False)
    assert first.is_unlocked()
    second.page.js("() => { dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })); }")
    wait_until(second, unlocked=True)
    second.page.js("() => { document.dispatchEvent(new Event('freeze')); }")
    wait_until(second, unlocked=False)
    second.page.js("() => { document.dispatchEvent(new Event('visibilitychange')); }")
    wait_until(second, unlocked=True)
