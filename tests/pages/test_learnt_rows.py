"""Verdicts and subjects in rows, learnt by opening: kept encrypted, and shown for one message only."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.extension.mail_letters import mail, text
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.kept_trust import accept, show_people
from tests.support.pages.received import deliver, signed_and_encrypted, stack
from tests.support.pages.strangers import deliver as deliver_of_stranger
from tests.support.pages.strangers import stranger
from webbridge.demo.stack import DemoStack

__all__ = ["stack"]

pytestmark = [pytest.mark.browser, pytest.mark.in_turn, pytest.mark.thorough]

# Returns what is stored of rows, with its bytes as text.
STORED = """async () => {
  const present = await indexedDB.databases();
  if (!present.some(({ name }) => name === "sealwax")) return null;
  const database = await new Promise((resolve) => {
    const request = indexedDB.open("sealwax");
    request.onsuccess = () => resolve(request.result);
  });
  const records = await new Promise((resolve) => {
    const request = database.transaction("learnt").objectStore("learnt").getAll();
    request.onsuccess = () => resolve(request.result);
  });
  database.close();
  return records.map(({ place, sealed }) =>
    place + Array.from(new Uint8Array(sealed), (octet) => String.fromCharCode(octet)).join(""));
}"""
SHOWN = """(uid) => {
  const row = document.querySelector(`[data-uid="${uid}"]`);
  return [row.querySelector(".row-marks").dataset.state ?? null, row.querySelector(".mark-lock") !== null,
    row.querySelector(".row-from").textContent, row.querySelector(".row-subject").textContent];
}"""
# Makes `learnt` with a vault that seals nothing, and `list`, which shows the rows of `messages`.
LIST = """async () => {
  const { MessageList } = await import("/source/webbridge/pages/views/message_list.js");
  const { LearntRows } = await import("/source/webbridge/pages/learnt_rows.js");
  const copies = () => ({ identities: [], sealKey: null });
  globalThis.keys = Object.assign(new EventTarget(), { unlocked: true, copies });
  globalThis.learnt = new LearntRows(async () => ({}), keys, () => null);
  globalThis.messages = [];
  globalThis.uidValidity = 9;
  const api = { messages: async () => ({ uidValidity, messages }) };
  globalThis.list = new MessageList({ translate: (key) => key, api, mailVault: {}, keys }, learnt);
  document.body.append(list.element);
  globalThis.row = (given) => ({
    uid: 7, from: "Bob <bob@example.test>", to: "alice@example.test", subject: "Plain", date: "2026-11-20T10:00:00Z",
    size: 10, seen: true, protection: "signed", problem: null, ...given,
  });
  globalThis.verified = (from) => ({
    headers: [["From", from], ["Subject", "Within"]],
    report: {
      state: "verified", sender: from, reasons: [], layers: [{ kind: "signed", coversWhole: true }], recipients: [],
      signers: [{ layer: 0, addresses: [from], certificate: null, state: "verified" }], certificates: [],
    },
  });
  const marks = () => [...list.element.querySelectorAll(".row-marks")];
  globalThis.states = () => marks().map(({ dataset }) => dataset.state ?? null);
  globalThis.at = (folder) => ({ folder, uidValidity, uid: 7 });
}"""
LEARN = """async (given, from, digest) => {
  messages = [row(given)];
  await list.load("folder-id", {});
  list.learn(at("folder-id"), verified(from), digest);
  return states();
}"""
WAIT = "() => new Promise((resolve) => setTimeout(resolve, 2500))"
RELOAD = "async (given) => { messages = [row(given)]; await list.load('folder-id', {}); return states(); }"


@pytest.fixture
def page(browser: Browser, stack: DemoStack) -> Iterator[Page]:
    """A page of the origin with a list whose bridge and vault are the test's."""
    page = browser.open(stack.pages_url)
    page.js(LIST)
    yield page
    page.close()


def reader(browser: Browser, stack: DemoStack) -> MailPages:
    return MailPages(browser, stack.pages_url, stack.accounts[0])


def shown(pages: MailPages, uid: int) -> list[object]:
    found: list[object] = pages.page.js(SHOWN, uid)
    return found


def wait_for_state(pages: MailPages, uid: int, state: str) -> None:
    done = f"(uid, state) => ({SHOWN})(uid)[0] === state"
    pages.page.wait_for(done, uid, state, timeout_seconds=OPERATION_SECONDS)


@pytest.mark.heart
def test_a_row_shows_the_verdict_that_was_learnt_also_after_lock_and_unlock(browser: Browser, stack: DemoStack) -> None:
    alice, bob = stack.accounts
    uid = deliver(stack, signed_and_encrypted(bob, alice, mail(text("Words."), subject="The lighthouse at dusk")))
    pages = reader(browser, stack)
    pages.enter()
    pages.open_message(uid)
    wait_for_state(pages, uid, "verified")
    assert shown(pages, uid) == ["verified", True, "Bob <bob@example.test>", "The lighthouse at dusk"]
    # Entries are kept a second after the last one was learnt.
    pages.page.js(WAIT)
    stored = pages.page.js(STORED)
    assert len(stored) == 1
    for word in ("lighthouse", "bob", "verified", "alice"):
        assert all(word not in record for record in stored)
    pages.page.click(named("lock"))
    pages.page.wait_for_selector(named("unlock-form"))
    assert "lighthouse" not in pages.page.js("() => document.documentElement.outerHTML")
    pages.unlock()
    pages.show_inbox()
    wait_for_state(pages, uid, "verified")
    assert shown(pages, uid)[3] == "The lighthouse at dusk"
    pages.close()


def test_a_learnt_verdict_goes_when_a_decision_is_withdrawn(browser: Browser, stack: DemoStack) -> None:
    pages = reader(browser, stack)
    pages.enter()
    uid = deliver_of_stranger(stack, pages.account, stranger(), "A stranger")
    accept(pages, uid)
    wait_for_state(pages, uid, "verified")
    show_people(pages)
    pages.page.wait_for_selector(named("decision-remove"), timeout_seconds=OPERATION_SECONDS)
    pages.page.click(named("decision-remove"))
    pages.page.wait_for_text("Nothing", selector=named("decisions"), timeout_seconds=OPERATION_SECONDS)
    pages.show_inbox()
    assert shown(pages, uid)[0] is None
    pages.close()


def test_on_another_persons_computer_nothing_learnt_is_kept(browser: Browser, stack: DemoStack) -> None:
    alice, bob = stack.accounts
    uid = deliver(stack, signed_and_encrypted(bob, alice, mail(text("Words."), subject="Kept nowhere")))
    pages = reader(browser, stack)
    pages.page.wait_for_selector(named("foreign-computer"))
    pages.page.click(named("foreign-computer"))
    pages.enter()
    pages.open_message(uid)
    wait_for_state(pages, uid, "verified")
    pages.page.js(WAIT)
    assert pages.page.js(STORED) is None
    pages.close()


def test_a_verdict_is_not_moved_to_another_message(page: Page) -> None:
    """A lying server gives another message the number of a verified one."""
    assert page.js(LEARN, {}, "bob@example.test", "d1") == ["verified"]
    assert page.js(RELOAD, {}) == ["verified"]
    for other in ({"size": 11}, {"date": "2026-11-21T10:00:00Z"}, {"from": "eve@example.test"}, {"uid": 8}):
        assert page.js(RELOAD, other) == [None], other
    page.js("() => { uidValidity = 10; }")
    assert page.js(RELOAD, {}) == [None]


@pytest.mark.heart
def test_a_row_that_names_another_sender_than_the_message_learns_no_verdict(page: Page) -> None:
    assert page.js(LEARN, {"from": "Boss <boss@bank.example>"}, "eve@example.test", "d1") == [None]


def test_a_verified_row_names_the_proved_sender_and_not_the_claimed_name(page: Page) -> None:
    page.js(LEARN, {"from": '"boss@bank.example" <bob@example.test>'}, "bob@example.test", "d1")
    assert page.js("() => list.element.querySelector('.row-from').textContent") == "bob@example.test"


@pytest.mark.heart
def test_other_bytes_under_the_same_number_have_no_verdict(page: Page) -> None:
    page.js(LEARN, {}, "bob@example.test", "d1")
    found = page.js("""() => {
      const seen = JSON.stringify([7, messages[0].from, messages[0].to, messages[0].date, messages[0].size]);
      learnt.learn(at("folder-id"), seen, "d2", { state: null, sender: null, subject: "Other", isEncrypted: true });
      return learnt.find(at("folder-id"), seen).state;
    }""")
    assert found is None


def test_a_lock_forgets_what_was_learnt(page: Page) -> None:
    page.js(LEARN, {}, "bob@example.test", "d1")
    page.js("() => { keys.unlocked = false; keys.dispatchEvent(new Event('change')); }")
    assert page.js("() => states()") == [None]


def test_no_tab_keeps_or_writes_again_what_another_has_forgotten_for_good(page: Page) -> None:
    """The second tab heard of it; the third one slept, and has learnt more before it hears."""
    found = page.js("""async () => {
      const { LearntRows } = await import("/source/webbridge/pages/learnt_rows.js");
      const { openLearnt } = await import("/source/webbridge/pages/state_database.js");
      const address = `${crypto.randomUUID()}@example.test`;
      const taken = (buffer) => structuredClone(buffer, { transfer: [buffer] });
      const vault = { call: async (verb, { draft, sealed }) => (
        verb === "draft.seal" ? { sealed: taken(draft) } : { draft: taken(sealed) }) };
      const make = () => new LearntRows(async () => vault, keys, () => address);
      const [first, second] = [make(), make()];
      const listen = BroadcastChannel.prototype.addEventListener;
      BroadcastChannel.prototype.addEventListener = () => {};
      const third = make();
      BroadcastChannel.prototype.addEventListener = listen;
      const lesson = { state: "verified", sender: "bob@example.test", subject: null, isEncrypted: false };
      const pause = () => new Promise((resolve) => { setTimeout(resolve, 20); });
      const until = async (test) => { while (!(await test())) await pause(); };
      const stored = async () => (await openLearnt.read(address, "folder"))?.counter ?? 0;
      third.learn(at("folder"), "row", "digest", lesson);
      await until(async () => (await stored()) === 1);
      await second.load("folder");
      await third.load("folder");
      const before = [second.find(at("folder"), "row") !== null, third.find(at("folder"), "row") !== null];
      await first.forgetForGood();
      await until(() => second.find(at("folder"), "row") === null);
      third.learn({ ...at("folder"), uid: 8 }, "other row", "digest", lesson);
      await until(() => third.find(at("folder"), "row") === null);
      const forgotten = await stored();
      first.learn({ ...at("folder"), uid: 9 }, "new row", "digest", lesson);
      await until(async () => (await stored()) === 1);
      await second.load("folder");
      await openLearnt.removeAll(address);
      const after = [[7, "row"], [9, "new row"]].map(([uid, row]) => second.find({ ...at("folder"), uid }, row));
      return [before, forgotten, ...after.map((one) => one !== null)];
    }""")
    assert found == [[True, True], 0, False, True]
