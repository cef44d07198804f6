"""The sealed session: how long keys stay unlocked, what locks them, and what is left after a lock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.databases import WALK
from tests.support.browser.page import Page
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server]

MINUTE = 60_000
HOUR = 60 * MINUTE

# Lets a test move the page's clocks, and collects every random value of 32 bytes that the page makes. The
# device's token for the key server is drawn as eight words, and is not among them.
BEFORE_THE_PAGE = """() => {
  globalThis.shift = { wall: 0, steady: 0 };
  globalThis.drawn = [];
  const wall = Date.now.bind(Date), steady = performance.now.bind(performance);
  Date.now = () => wall() + shift.wall;
  performance.now = () => steady() + shift.steady;
  const draw = crypto.getRandomValues.bind(crypto);
  crypto.getRandomValues = (view) => {
    const filled = draw(view);
    if (filled.length === 32) drawn.push({ view: filled, octets: Array.from(filled) });
    return filled;
  };
}"""

# Returns the reason why a session is over, or null. Each time is [wall, steady, life]: two clocks in minutes, and the
# number of the process to which the steady clock belongs.
JUDGE = """async (begun, used, now) => {
  const { whyOver } = await import("/source/wasm_build/vault/session.js");
  const moment = ([wall, steady, life]) => ({ wall: wall * 60000, steady: steady * 60000, life });
  return whyOver({ begun: moment(begun), used: moment(used) }, moment(now));
}"""


@pytest.fixture
def visitor(browser: Browser, demo_stack: DemoStack, alice: Account) -> Iterator[MailPages]:
    """Alice at the sign-in page. The test can move the clocks of the page."""
    pages = MailPages(browser, "about:blank", alice)
    script = browser.bidi.command(
        "script.addPreloadScript", functionDeclaration=BEFORE_THE_PAGE, contexts=[pages.page.context]
    )["script"]
    pages.page.goto(demo_stack.pages_url)
    yield pages
    browser.bidi.command("script.removePreloadScript", script=script)
    pages.page.js("async () => indexedDB.deleteDatabase('sealwax')")
    pages.close()


@pytest.fixture
def empty(browser: Browser, demo_stack: DemoStack) -> Iterator[Page]:
    """A page of the origin that serves the session's module."""
    page = browser.open(demo_stack.pages_url)
    yield page
    page.close()


def move_clock(page: Page, *, wall: int = 0, steady: int = 0) -> None:
    """Move the page's clocks by these milliseconds. No timer fires because of it."""
    page.js("(wall, steady) => { shift.wall += wall; shift.steady += steady; }", wall, steady)


def wait_until_locked(pages: MailPages, because: str) -> None:
    pages.page.wait_for_text(because, selector=named("locked-note"))
    assert not pages.is_unlocked()


@pytest.mark.thorough(after=2)
@pytest.mark.parametrize(
    ("begun", "used", "now", "reason"),
    [
        ((0, 0, 1), (0, 0, 1), (14.9, 14.9, 1), None),
        ((0, 0, 1), (0, 0, 1), (15, 15, 1), "idle"),
        ((0, 0, 1), (719, 719, 1), (719.9, 719.9, 1), None),
        ((0, 0, 1), (719, 719, 1), (720, 720, 1), "too-long"),
        # The computer slept, and the steady clock did not run meanwhile.
        ((0, 0, 1), (0, 0, 1), (16, 1, 1), "idle"),
        # The wall clock was set back by 15 minutes, so only the steady clock shows that time has passed.
        ((0, 0, 1), (0, 0, 1), (0, 15, 1), "idle"),
        ((0, 0, 1), (10, 10, 1), (9, 11, 1), "clock"),
        # The service worker has started again, so its steady clock cannot be compared with the earlier one.
        ((0, 0, 1), (10, 10, 1), (11, 900, 2), None),
        ((0, 0, 1), (10, 10, 1), (9, 0, 2), "clock"),
        ((0, 0, 1), (10, 10, 1), (25, 0, 2), "idle"),
    ],
)
def test_a_session_ends_by_whichever_clock_went_further(
    empty: Page, begun: tuple[float, ...], used: tuple[float, ...], now: tuple[float, ...], reason: str | None
) -> None:
    assert empty.js(JUDGE, list(begun), list(used), list(now)) == reason


def test_setting_the_clock_back_in_small_steps_gains_nothing(empty: Page) -> None:
    steps = empty.js("""async () => {
      const { beginAt, useAt, whyOver } = await import("/source/wasm_build/vault/session.js");
      let times = beginAt({ wall: 0, steady: 0, life: 1 });
      for (let step = 1; step < 100; step += 1) {
        const moment = { wall: -4000 * step, steady: 0, life: step + 1 };
        if (whyOver(times, moment)) return step;
        times = useAt(times, moment);
      }
      return null;
    }""")
    assert steps == 2


def test_locking_overwrites_the_key_and_stops_what_runs_with_it(empty: Page) -> None:
    seen = empty.js("""async () => {
      const { SealedSession } = await import("/source/wasm_build/vault/session.js");
      const kept = [];
      const draw = crypto.getRandomValues.bind(crypto);
      crypto.getRandomValues = (view) => { kept.push(view); return draw(view); };
      const session = new SealedSession();
      const reasons = [];
      session.addEventListener("locked", ({ reason }) => reasons.push(reason));
      const stopped = [], late = new Uint8Array([1, 2, 3]).buffer;
      const vault = session.guard({ call: (verb, args, { signal } = {}) => new Promise((resolve, reject) => {
        if (verb === "late") signal.addEventListener("abort", () => resolve({ text: late }));
        else signal?.addEventListener("abort", () => { stopped.push(verb); reject(new Error("aborted")); });
        if (!signal) resolve("free");
      }) });
      const outcome = (reply) => reply.catch(({ code }) => code);
      const { ended } = session;
      const sealKey = session.keyForUnlock();
      session.begin(ended);
      const [key] = kept;
      const running = [outcome(vault.call("slow", { sealKey })), outcome(vault.call("late", { sealKey }))];
      const before = { open: session.isOpen, key: key.some((octet) => octet), copy: session.useKey() !== null };
      session.lock("hand");
      session.lock("hand");
      const outcomes = await Promise.all(running);
      let reopened = "no";
      try { session.begin(ended); reopened = "yes"; } catch (error) { reopened = error.code; }
      return {
        before, outcomes, stopped, reasons, reopened, late: Array.from(new Uint8Array(late)),
        key: key.some((octet) => octet), buffer: key.buffer.byteLength, open: session.isOpen, copy: session.useKey(),
        free: await vault.call("free", {}),
      };
    }""")
    assert seen["before"] == {"open": True, "key": True, "copy": True}
    assert seen["outcomes"] == ["locked", "locked"]
    assert seen["stopped"] == ["slow"]
    assert seen["late"] == [0, 0, 0]
    assert seen["reasons"] == ["hand"]
    assert (seen["key"], seen["buffer"]) == (False, 4096)
    assert (seen["open"], seen["copy"], seen["reopened"]) == (False, None, "locked")
    assert seen["free"] == "free"


@pytest.mark.thorough
def test_nothing_done_for_a_while_locks_by_a_timer_too(empty: Page) -> None:
    reason = empty.js("""async () => {
      const { SealedSession } = await import("/source/wasm_build/vault/session.js");
      const session = new SealedSession({ limits: { idleMilliseconds: 30, wholeMilliseconds: 10000 } });
      const locked = new Promise((resolve) => session.addEventListener("locked", ({ reason }) => resolve(reason)));
      session.keyForUnlock();
      session.begin(session.ended);
      return locked;
    }""")
    assert reason == "idle"


@pytest.mark.thorough
def test_keys_that_nobody_used_are_locked_and_the_page_says_why(visitor: MailPages) -> None:
    visitor.enter()
    move_clock(visitor.page, wall=14 * MINUTE)
    visitor.page.press("x")
    move_clock(visitor.page, wall=14 * MINUTE)
    visitor.page.press("x")
    assert visitor.is_unlocked()
    # The computer slept, so no timer has run. The next key press checks the deadlines.
    move_clock(visitor.page, wall=16 * MINUTE)
    visitor.page.press("x")
    wait_until_locked(visitor, "nothing was done for 15 minutes")
    visitor.unlock()
    visitor.page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("wall", "steady", "because"),
    [
        pytest.param(13 * HOUR, 0, "12 hours have passed", id="whole"),
        pytest.param(-HOUR, 0, "clock was set back", id="clock"),
    ],
)
def test_other_ends_have_words_too(visitor: MailPages, wall: int, steady: int, because: str) -> None:
    visitor.enter()
    move_clock(visitor.page, wall=wall, steady=steady)
    # No key is pressed and no timer fires. The page checks the deadlines when it is shown again.
    visitor.page.js("() => document.dispatchEvent(new Event('visibilitychange'))")
    wait_until_locked(visitor, because)


def test_the_deadline_is_judged_when_keys_are_used(visitor: MailPages, demo_stack: DemoStack, alice: Account) -> None:
    welcome = demo_stack.mail_server.messages(alice.address)[0].uid
    visitor.enter()
    # The message is opened by its address, as from the browser's history, without a click or a key press. The clock
    # moves in the same step, because a list that still decrypts subjects judges the deadline too, and is then gone.
    row = f'{named("message-row")}[data-uid="{welcome}"]'
    address = visitor.page.wait_for("(row) => document.querySelector(row)?.hash", row)
    visitor.page.js("(address, wall) => { shift.wall += wall; location.hash = address; }", address, 16 * MINUTE)
    visitor.page.wait_for_text("nothing was done for 15 minutes")
    assert not visitor.is_unlocked()
    assert not visitor.shows_a_state()


def test_subjects_that_the_list_decrypts_by_itself_do_not_keep_keys_unlocked(empty: Page) -> None:
    """A slow bridge decides when the list decrypts the next subjects."""
    seen = empty.js("""async () => {
      const { SealedSession } = await import("/source/wasm_build/vault/session.js");
      const { KeyRing } = await import("/source/webbridge/pages/keys.js");
      const { MailVault } = await import("/source/webbridge/pages/mail_vault.js");
      const identity = { sealed: new ArrayBuffer(8), fingerprint: "f", addresses: [] };
      const after14Minutes = async (use) => {
        let wall = 0;
        const session = new SealedSession({ readClock: () => ({ wall, steady: wall, life: 1 }) });
        const vault = { call: async () => ({ identities: [identity], subjects: [] }) };
        const ring = new KeyRing(async () => vault, { session });
        await ring.openWithPasskey("a@example.test", new ArrayBuffer(8), { buffer: new ArrayBuffer(4096), length: 0 });
        wall = 14 * 60000;
        await use(ring);
        wall = 16 * 60000;
        return ring.unlocked;
      };
      const list = (ring) => new MailVault(ring.vault, ring, {}, () => undefined).subjects([new ArrayBuffer(8)]);
      return [await after14Minutes((ring) => ring.copies()), await after14Minutes(list)];
    }""")
    assert seen == [True, False]


def test_leaving_the_page_locks(visitor: MailPages) -> None:
    visitor.enter()
    keys = visitor.page.js("""() => {
      dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }));
      return drawn.map(({ view }) => view.some((octet) => octet));
    }""")
    assert keys
    assert not any(keys)
    visitor.page.js("() => { location.hash = '#/keys'; }")
    wait_until_locked(visitor, "when you left the page")


@pytest.mark.thorough
def test_signing_out_while_keys_are_being_unlocked_leaves_them_locked(empty: Page) -> None:
    seen = empty.js("""async () => {
      const { KeyRing } = await import("/source/webbridge/pages/keys.js");
      const identity = { sealed: new ArrayBuffer(8), fingerprint: "f", addresses: [] };
      const empty = () => new ArrayBuffer(8);
      const known = () => new TextEncoder().encode("{}").buffer;
      const login = () => ({ request: empty(), login: empty() });
      const ring = new KeyRing(async () => ({
        call: async (verb) =>
          verb === "roaming.login" ? login() : { identities: [identity], known: known(), session: empty() },
      }));
      const passphrase = () => ({ buffer: new ArrayBuffer(4096), length: 0 });
      const attempt = async (during) => {
        const login = async () => during();
        const server = { origin: "http://127.0.0.1:1", parameters: async () => ({}), logIn: login };
        const opening = ring.openFromServer(server, "a@example.test", passphrase());
        const outcome = await opening.then(() => "open", ({ code }) => code);
        return [outcome, ring.unlocked];
      };
      const leave = () => {
        ring.lock("signed-out");
        return {};
      };
      return [await attempt(leave), await attempt(() => ({}))];
    }""")
    assert seen == [["locked", False], ["open", True]]


def test_a_sign_out_that_the_bridge_does_not_confirm_is_said(visitor: MailPages) -> None:
    """The cookie is still there, and a reload shows the mail without a password."""
    visitor.sign_in()
    visitor.page.wait_for_selector(named("unlock-form"), timeout_seconds=OPERATION_SECONDS)
    visitor.page.js("""() => {
      const usual = fetch;
      globalThis.fetch = async (url, options) => {
        if (options?.method === "DELETE") throw new TypeError("no network");
        return usual(url, options);
      };
    }""")
    visitor.page.click(named("sign-out"))
    visitor.page.wait_for_text("may still be open", selector=named("session-left"))
    visitor.page.reload()
    visitor.page.wait_for_selector(named("sign-out"))
    visitor.page.js("() => { location.hash = '#/keys'; }")
    visitor.page.wait_for_selector(named("unlock-form"), timeout_seconds=OPERATION_SECONDS)
    visitor.page.click(named("sign-out"))
    visitor.page.wait_for_selector(named("sign-in-form"))
    assert not visitor.page.js(f"() => document.querySelector('{named('session-left')}')")


@pytest.mark.thorough
def test_no_key_stands_in_the_databases_of_the_pages(visitor: MailPages, demo_stack: DemoStack, alice: Account) -> None:
    visitor.enter()
    visitor.open_message(demo_stack.mail_server.messages(alice.address)[0].uid)
    visitor.page.wait_for(f"async () => (await ({WALK})([])).records", timeout_seconds=OPERATION_SECONDS)
    keys = visitor.page.js("() => drawn.map(({ octets }) => octets)")
    assert keys
    # The search must first find a key and these bytes in a database of the test. This shows that the search works.
    visitor.page.js(
        """async (octets) => {
      const request = indexedDB.open("control");
      request.onupgradeneeded = () => request.result.createObjectStore("store", { autoIncrement: true });
      const database = await new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
      const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt"]);
      const store = database.transaction("store", "readwrite").objectStore("store");
      store.put({ inside: [Uint8Array.from(octets)] });
      await new Promise((resolve) => { store.put({ key }).onsuccess = resolve; });
      database.close();
    }""",
        keys[0],
    )
    seen: dict[str, Any] = visitor.page.js(WALK, keys)
    assert (seen["keys"], seen["found"]) == (1, 1)
    visitor.page.js("() => { indexedDB.deleteDatabase('control'); }")
    visitor.page.wait_for("async () => (await indexedDB.databases()).every(({ name }) => name !== 'control')")
    seen = visitor.page.js(WALK, keys)
    assert seen["records"] >= 1
    assert (seen["keys"], seen["found"]) == (0, 0)
