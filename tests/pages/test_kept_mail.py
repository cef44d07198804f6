"""Mail kept for reading without a connection: what opens it, what is dropped first, and what others do to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.pages.kept_mail import PARTS
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.thorough]


@pytest.fixture
def page(browser: Browser, demo_stack: DemoStack) -> Iterator[Page]:
    """A page of the origin with the store, before a vault of the test."""
    page = browser.open(demo_stack.pages_url)
    page.js(PARTS)
    page.js("async () => { await begin(); }")
    yield page
    page.js("async () => { lock(true); globalThis.account = address; await kept.end(); }")
    page.close()


def test_what_is_kept_is_read_while_the_keys_are_unlocked_only(page: Page) -> None:
    found = page.js("""async () => {
      await kept.keepMessage(at(1), bytes("one"));
      const open = await read(1);
      lock(false);
      const locked = [kept.state, await read(1)];
      lock(true);
      return [open, locked, await read(1), await read(2), await read(1, "two"), (await kept.count()).count];
    }""")
    assert found == ["one", ["locked", None], "one", None, None, 1]


@pytest.mark.thorough(False)
def test_what_was_altered_or_put_elsewhere_on_the_disk_does_not_open(page: Page) -> None:
    found = page.js("""async () => {
      await kept.keepMessage(at(1), bytes("one"));
      await kept.keepMessage(at(2), bytes("two"));
      await stored("messages", "readwrite", async (store, done) => {
        const [first, second] = await done(store.getAll());
        store.put({ place: first.place, sealed: second.sealed });
        const sealed = second.sealed.slice(0);
        new Uint8Array(sealed)[20] ^= 1;
        await done(store.put({ place: second.place, sealed }));
      });
      return [await read(1), await read(2)];
    }""")
    assert found == [None, None]


def test_the_messages_opened_first_go_first_whatever_the_clock_says(page: Page) -> None:
    found = page.js("""async () => {
      await begin({ maxBytes: 3_000 });
      Date.now = () => 0;
      for (const uid of [1, 2]) await kept.keepMessage(at(uid), bytes("a".repeat(900)));
      Date.now = () => 4e12;
      await kept.keepMessage(at(3), bytes("a".repeat(900)));
      await kept.keepMessage(at(1), bytes("a".repeat(900)));
      await kept.keepMessage(at(4), bytes("a".repeat(900)));
      return Promise.all([1, 2, 3, 4].map((uid) => read(uid).then(Boolean)));
    }""")
    assert found == [True, False, True, True]


def test_a_full_disk_makes_room_and_is_told_if_there_is_none(page: Page) -> None:
    found = page.js("""async () => {
      for (const uid of [1, 2, 3]) await kept.keepMessage(at(uid), bytes("a".repeat(900)));
      const put = IDBObjectStore.prototype.put;
      let refusals = 1;
      IDBObjectStore.prototype.put = function (...all) {
        const request = put.apply(this, all);
        if (this.name !== "messages" || refusals-- <= 0) return request;
        // As a browser does it: the request comes back, and its transaction ends.
        const error = new DOMException("no room", "QuotaExceededError");
        Object.defineProperty(this.transaction, "error", { value: error });
        queueMicrotask(() => this.transaction.abort());
        return request;
      };
      await kept.keepMessage(at(4), bytes("four"));
      const first = [kept.trouble, await read(4), (await kept.count()).count];
      refusals = 9;
      await kept.keepMessage(at(5), bytes("five"));
      const second = [kept.trouble, await read(5), await read(4)];
      IDBObjectStore.prototype.put = put;
      await kept.keepMessage(at(5), bytes("five"));
      return [first, second, [kept.trouble, await read(5)]];
    }""")
    assert found == [["", "four", 2], ["storage-full", None, "four"], ["", "five"]]


@pytest.mark.thorough(False)
def test_a_tab_keeps_nothing_of_what_another_tab_has_ended_or_begun_anew(page: Page) -> None:
    found = page.js("""async () => {
      const [other, late] = [make(), make()];
      await other.open();
      await late.open();
      await kept.end();
      await other.keepMessage(at(1), bytes("one"));
      const ended = await stored("messages", "readonly", (store, done) => done(store.count()));
      await begin();
      await late.keepMessage(at(1), bytes("one"));
      return [ended, await stored("messages", "readonly", (store, done) => done(store.count())), await read(1)];
    }""")
    assert found == [0, 0, None]


@pytest.mark.thorough(False)
def test_another_account_reads_nothing_and_another_persons_computer_keeps_nothing(page: Page) -> None:
    found = page.js("""async () => {
      await kept.keepMessage(at(1), bytes("one"));
      lock(false);
      globalThis.account = `other ${address}`;
      lock(true);
      const other = [await read(1), kept.state];
      globalThis.account = null;
      lock(false);
      lock(true);
      await kept.begin({ address, config: {} }, secret());
      await kept.keepMessage(at(2), bytes("two"));
      const count = await stored("messages", "readonly", (store, done) => done(store.count()));
      return [other, kept.isAllowed, kept.state, count];
    }""")
    assert found == [[None, "none"], False, "none", 1]


@pytest.mark.thorough(False)
def test_a_passphrase_finds_each_account_that_was_kept_under_it(page: Page) -> None:
    found = page.js("""async () => {
      const first = address;
      globalThis.account = globalThis.address = `other ${first}`;
      await begin();
      const addresses = async (only) =>
        (await kept.findOpenings(secret(), only)).map((one) => one.address).filter((one) => one.endsWith(first)).sort();
      const found = [await addresses(null), await addresses(first), await addresses(address)].map((all) =>
        all.map((one) => (one === first ? "first" : "second")));
      const missing = await kept.findOpenings(secret(), "nobody@example.test").catch((error) => error.message);
      await kept.end();
      globalThis.account = globalThis.address = first;
      return [...found, missing];
    }""")
    assert [sorted(found[0]), *found[1:]] == [["first", "second"], ["first"], ["second"], "nothing is kept"]


def test_a_list_has_its_latest_rows_and_those_of_opened_messages(page: Page) -> None:
    found = page.js("""async () => {
      const row = (uid) => ({ uid, date: new Date(uid * 1000).toISOString() });
      const files = source();
      const page = (uids, uidValidity = 7) => async () => ({ uidValidity, messages: uids.map(row) });
      await files.firstPage("one", page([9, 8]), false);
      while ((await kept.readList("one")) === null);
      await kept.keepRow(at(3), row(3));
      await kept.keepRow(at(9), row(9));
      const { ApiError } = await import("/source/webbridge/pages/api.js");
      const fail = async () => { throw new ApiError("unreachable", "away"); };
      const away = () => source().firstPage("one", fail, true);
      const first = await away();
      // Numbered anew: rows of before are those of other messages.
      await kept.keepList("one", { uidValidity: 8, messages: [row(1)] });
      const second = await away();
      return [first.messages.map(({ uid }) => uid), first.isThreaded, second.messages.map(({ uid }) => uid)];
    }""")
    assert found == [[9, 8, 3], True, [1]]


def test_the_bridge_is_asked_first_and_its_return_is_noticed(page: Page) -> None:
    found = page.js("""async () => {
      const mail = source();
      const told = [];
      for (const name of ["away", "back"]) mail.addEventListener(name, () => told.push(name));
      await kept.keepMessage(at(1), bytes("kept"));
      const decode = (found) => new TextDecoder().decode(found);
      const text = async (uid) => mail.rawMessage(at(uid)).then(decode, ({ code }) => code);
      const online = await text(1);
      reach = false;
      const away = [await text(1), await text(2), mail.isAway];
      reach = true;
      dispatchEvent(new Event("online"));
      while (mail.isAway) await new Promise((resolve) => setTimeout(resolve, 10));
      return [online, away, told, await text(1)];
    }""")
    assert found == ["from the bridge", ["kept", "not-kept-here", True], ["away", "back"], "from the bridge"]
