"""The search in encrypted mail: what its index finds, what it keeps, and how it is filled."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import ENTER, Page
from tests.support.extension.mail_letters import mail, text
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.mail_house import wait_for_subjects
from tests.support.pages.received import deliver, signed_and_encrypted, stack
from webbridge.demo.stack import DemoStack

__all__ = ["stack"]

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

# Returns all that is stored for searches, with its bytes as text; null without a database.
STORED = """async () => {
  const present = await indexedDB.databases();
  if (!present.some(({ name }) => name === "sealwax-search")) return null;
  const database = await new Promise((resolve) => {
    const request = indexedDB.open("sealwax-search");
    request.onsuccess = () => resolve(request.result);
  });
  const all = (name) => new Promise((resolve) => {
    const request = database.transaction(name).objectStore(name).getAll();
    request.onsuccess = () => resolve(request.result);
  });
  const records = [...await all("indexes"), ...await all("segments")];
  database.close();
  const asText = (value) => (value instanceof ArrayBuffer
    ? Array.from(new Uint8Array(value), (octet) => String.fromCharCode(octet)).join("") : String(value));
  return records.map((record) => Object.values(record).map(asText).join(" "));
}"""
# Makes `index` and `filler` before a bridge and a vault of the test, whose "sealing" adds a letter.
PARTS = """async () => {
  const { MailIndex } = await import("/source/webbridge/pages/mail_index.js");
  const { IndexFiller } = await import("/source/webbridge/pages/index_filler.js");
  const { ApiError } = await import("/source/webbridge/pages/api.js");
  const { VaultError } = await import("/source/wasm_build/vault/vault_error.js");
  localStorage.clear();
  globalThis.asked = [];
  const joined = (letter, octets) => new Uint8Array([...letter, ...new Uint8Array(octets)]).buffer;
  const taken = (buffer) => structuredClone(buffer, { transfer: [buffer] });
  const seal = (draft, place) => joined(new TextEncoder().encode(place), taken(draft));
  const vault = { call: async (verb, { draft, sealed, place }) => (verb === "draft.seal"
    ? { sealed: seal(draft, place) } : { draft: taken(sealed).slice(place.length) }) };
  globalThis.keys = Object.assign(new EventTarget(), {
    unlocked: true, identities: [{ fingerprint: "f".repeat(64) }], copies: () => ({ identities: [], sealKey: null }),
  });
  globalThis.account = `${crypto.randomUUID()}@example.test`;
  const make = () => new MailIndex(async () => vault, keys, () => account);
  globalThis.make = make;
  globalThis.index = make();
  globalThis.row = (uid, given) => ({
    uid, from: "Bob <bob@example.test>", to: "alice@example.test", subject: "[...]", size: 900, seen: false,
    date: new Date(Date.UTC(2026, 10, 1) + uid * 60000).toISOString(), protection: "sealed", problem: null, ...given,
  });
  const encode = (text) => new TextEncoder().encode(text).buffer;
  globalThis.item = (uid, text, { subject = `Letter ${uid}`, folder = "one", uidValidity = 9, ...given } = {}) => ({
    folder, uidValidity, row: row(uid, given),
    texts: text === null ? null : { subject, people: "Bob <bob@example.test>", text: encode(text) },
  });
  globalThis.find = async (text, place = "text", folder = "one") =>
    (await index.search(folder, place, text)).map((found) => found.row.uid);
  // A bridge with folders of messages: {id: {uidValidity, rows, changes}}, and the texts of messages by UID.
  globalThis.house = { one: { uidValidity: 9, rows: [], changes: null } };
  globalThis.words = {};
  const page = ({ uidValidity, rows }, before) => {
    const older = rows.filter(({ uid }) => !before || uid < before.uid);
    return { uidValidity, token: "t1", messages: older.sort((a, b) => b.uid - a.uid).slice(0, 50) };
  };
  const api = {
    folders: async () => Object.keys(house).map((id) => ({ id, role: house[id].role ?? null })),
    arrivals: async (folder, { before } = {}) => (house[folder].page ?? page)(house[folder], before),
    changes: { since: async (folder, { token }) => {
      asked.push(`since ${token}`);
      return house[folder].changes ?? { whole: false };
    } },
    rawMessage: async ({ uid }) => {
      asked.push(uid);
      if (words[uid] === "gone") throw new ApiError("no-such-message", "gone");
      return encode(String(uid));
    },
  };
  const texts = async (messages) => messages.map((message) => {
    const uid = Number(new TextDecoder().decode(message));
    if (words[uid] === "crash") throw new VaultError("vault-crashed", "crashed");
    return words[uid] === undefined ? null : { subject: "", people: "", text: encode(words[uid]) };
  });
  globalThis.app = { keys, events: new EventTarget(), api, mailVault: { texts } };
  globalThis.fill = async () => {
    globalThis.filler = new IndexFiller(app, index);
    await index.begin();
    await round();
  };
  globalThis.round = () => new Promise((resolve) => {
    const ended = () => {
      if (!["done", "failed", "full"].includes(filler.progress)) return;
      filler.removeEventListener("change", ended);
      resolve(filler.progress);
    };
    filler.progress = "off";
    filler.addEventListener("change", ended);
    filler.resume();
  });
}"""


@pytest.fixture
def page(browser: Browser, stack: DemoStack) -> Iterator[Page]:
    """A page of the origin with an index whose bridge and vault are the test's."""
    page = browser.open(stack.pages_url)
    page.js(PARTS)
    yield page
    page.js("async () => { await index.end(); localStorage.clear(); }")
    page.close()


def test_words_are_found_without_regard_to_case_and_accents_and_inside_longer_ones(page: Page) -> None:
    found = page.js("""async () => {
      await index.begin();
      const letters = ["Die Monatsrechnung für Köln, STRASSE 5", "Straße ohne Zahl", "حِسابات ΟΔΟΣ 東京都"];
      await index.add(letters.map((text, at) => item(at + 1, text)), null);
      const texts = [
        "rechnung", "KOLN", "straße", "strasse 5", "rechnung koln", "حساب", "οδος", "京", "bob@example", "nowhere",
        "!", "",
      ];
      return Promise.all(texts.map((text) => find(text)));
    }""")
    assert found == [[1], [1], [2, 1], [1], [1], [3], [3], [3], [3, 2, 1], [], [], []]


def test_a_search_looks_where_the_person_says(page: Page) -> None:
    found = page.js("""async () => {
      await index.begin();
      await index.add([
        item(1, "apples", { subject: "Pears" }),
        item(2, "pears", { subject: "Plums", from: "Apples <x@example.test>" }),
        item(3, "apples", { folder: "two" }),
      ], null);
      return [await find("apples"), await find("pears"), await find("pears", "subject"), await find("pears", "body"),
        await find("apples", "from"), await find("apples", "text", "two")];
    }""")
    assert found == [[1], [2, 1], [1], [2], [2], [3]]


@pytest.mark.thorough(False)
def test_a_lock_closes_the_index_and_an_unlock_opens_it_again(page: Page) -> None:
    found = page.js("""async () => {
      await index.begin();
      await index.add([item(1, "lighthouse")], null);
      keys.unlocked = false;
      keys.dispatchEvent(new Event("change"));
      const locked = [await find("lighthouse"), index.state, index.size];
      keys.unlocked = true;
      return [locked, await find("lighthouse"), index.state, index.size];
    }""")
    assert found == [[[], "locked", None], [1], "open", 1]


@pytest.mark.thorough(False)
def test_nothing_is_stored_in_clear_and_no_record_opens_in_the_place_of_another(page: Page) -> None:
    page.js("""async () => {
      await index.begin();
      const letter = (uid) => item(uid, `lighthouse number${uid}`, { subject: "Harbour" });
      const many = Array.from({ length: 260 }, (_, at) => letter(at + 1));
      await index.add(many.slice(0, 150), null);
      await index.add(many.slice(150), null);
    }""")
    stored = page.js(STORED)
    assert len(stored) == 3
    # Shorter words are by chance among encrypted bytes.
    for word in ("lighthouse", "Harbour", "harbour", "bob@", "example", "[...]"):
        assert all(word not in record for record in stored), word
    refused = page.js("""async () => {
      const store = await import("/source/webbridge/pages/search_store.js");
      const { accountDigest } = await import("/source/webbridge/pages/state_database.js");
      const digest = await accountDigest(account);
      const [first, second] = await store.readSegments(digest);
      const kept = await store.readIndex(digest);
      const swapped = { ...second, heads: first.heads, words: first.words };
      await store.writeIndex({ ...kept, counter: 99 }, { written: [swapped] });
      filler = new (await import("/source/webbridge/pages/index_filler.js")).IndexFiller(app, index);
      const ended = new Promise((resolve) => filler.addEventListener("change", () => resolve(filler.progress)));
      filler.resume();
      return [await find("lighthouse").then(() => "found", (error) => error.name), await ended];
    }""")
    assert refused == ["OperationError", "broken"]


def test_tabs_add_to_one_index(page: Page) -> None:
    found = page.js("""async () => {
      await index.begin();
      const other = make();
      await index.add([item(1, "first")], null);
      await other.add([item(2, "second")], null);
      await index.add([item(3, "third")], null);
      return [await find("first"), await find("second"), await find("third"), index.size];
    }""")
    assert found == [[1], [2], [3], 3]


def test_an_index_that_another_tab_has_begun_anew_takes_the_place_of_the_old_one(page: Page) -> None:
    found = page.js("""async () => {
      await index.begin();
      const other = make();
      await other.open();
      await index.end();
      const ended = [await other.open(), other.state];
      await index.begin();
      const third = make();
      await third.open();
      await index.end();
      await index.begin();
      // Both indexes were written once.
      await third.add([item(1, "pear")], null);
      return [ended, await find("pear"), await make().search("one", "text", "pear").then((rows) => rows.length)];
    }""")
    assert found == [[False, "none"], [1], 1]


def test_a_folder_is_read_once_and_then_only_its_changes(page: Page) -> None:
    found = page.js("""async () => {
      house.one.rows = [row(1), row(2, { protection: null }), row(3), row(4, { size: 5_000_000 })];
      Object.assign(words, { 1: "one", 2: "two", 3: "three", 4: "four", 5: "five" });
      await fill();
      const first = [asked.splice(0), await find("one"), await find("two"), index.size];
      house.one.changes = { whole: true, uidValidity: 9, token: "t2", flags: [], vanished: "1", messages: [row(5)] };
      const second = [await round(), asked.splice(0), await find("one"), await find("five"), index.size];
      house.one.changes = { ...house.one.changes, vanished: "", messages: [] };
      return [first, second, [await round(), asked]];
    }""")
    assert found == [
        [[3, 1], [1], [], 2],
        ["done", ["since t1", 5], [], [5], 2],
        ["done", ["since t2"]],
    ]


@pytest.mark.thorough(False)
def test_one_message_takes_nothing_from_the_others(page: Page) -> None:
    """One is gone, one is too much for the vault, and one is for somebody else."""
    found = page.js("""async () => {
      house.one.rows = [1, 2, 3, 4, 5, 6].map((uid) => row(uid));
      Object.assign(words, { 1: "pear", 2: "gone", 3: "crash", 5: "pear", 6: "pear" });
      await fill();
      const first = [filler.progress, await find("pear"), index.size];
      asked.splice(0);
      house.one.uidValidity = 9;
      await round();
      // The message for somebody else is read again when there is another key.
      const again = asked.splice(0);
      keys.identities = [{ fingerprint: "a".repeat(64) }];
      words[4] = "pear";
      await round();
      return [first, again, asked.includes(4), await find("pear")];
    }""")
    assert found == [["done", [6, 5, 1], 3], ["since t1", 2], True, [6, 5, 4, 1]]


def test_folders_that_are_numbered_anew_or_gone_are_forgotten(page: Page) -> None:
    found = page.js("""async () => {
      house.one.rows = [row(1)];
      house.two = { uidValidity: 3, rows: [row(1)] };
      house.bin = { uidValidity: 4, rows: [row(1)], role: "trash" };
      words[1] = "pear";
      await fill();
      const inFolders = (...folders) => Promise.all(folders.map((folder) => find("pear", "text", folder)));
      const first = [...await inFolders("one", "two", "bin"), index.size];
      delete house.two;
      Object.assign(house.one, { uidValidity: 10, rows: [] });
      await round();
      return [first, ...await inFolders("one", "two"), index.size];
    }""")
    assert found == [[[1], [1], [], 2], [], [], 0]


def test_a_server_that_repeats_itself_ends_the_round(page: Page) -> None:
    found = page.js("""async () => {
      house.one.page = () => ({ uidValidity: 9, token: null, messages: [row(1), row(2)] });
      Object.assign(words, { 1: "pear", 2: "pear" });
      await fill();
      return [filler.progress, asked];
    }""")
    assert found == ["done", [1, 2]]


def test_a_failure_is_told_and_a_pause_lasts(page: Page) -> None:
    found = page.js("""async () => {
      const { ApiError } = await import("/source/webbridge/pages/api.js");
      const { folders } = app.api;
      app.api.folders = async () => { throw new ApiError("unreachable", "no network"); };
      await fill();
      const failed = filler.progress;
      app.api.folders = folders;
      filler.pause();
      const { IndexFiller } = await import("/source/webbridge/pages/index_filler.js");
      return [failed, filler.progress, new IndexFiller(app, index).isPaused];
    }""")
    assert found == ["failed", "paused", True]


def switch_on(pages: MailPages, count: int) -> None:
    """Switch the search in encrypted messages on, and wait until so many can be searched."""
    pages.page.js("() => { location.hash = '#/account'; }")
    pages.page.wait_for_selector(f"{named('index-switch')}:not(:disabled)", timeout_seconds=OPERATION_SECONDS)
    pages.page.click(named("index-switch"))
    pages.page.wait_for(
        f"(count) => document.querySelector('{named('index-note')}').textContent.startsWith(`${{count}} encrypted`)",
        count,
        timeout_seconds=OPERATION_SECONDS,
    )


def search(pages: MailPages, words: str, place: str = "text") -> None:
    pages.show_inbox()
    pages.page.js(
        """(selector, place) => {
          const choice = document.querySelector(selector);
          choice.value = place;
          choice.dispatchEvent(new Event("change"));
        }""",
        named("search-where"),
        place,
    )
    pages.page.fill(named("search"), words + ENTER)


@pytest.mark.thorough(False)
def test_a_person_finds_a_word_of_an_encrypted_message(browser: Browser, stack: DemoStack) -> None:
    alice, bob = stack.accounts
    for subject, words in [("The harbour", "We meet at the lighthouse."), ("The station", "We meet at the clock.")]:
        deliver(stack, signed_and_encrypted(bob, alice, mail(text(words), subject=subject)))
    count = len(stack.mail_server.messages(alice.address))
    pages = MailPages(browser, stack.pages_url, alice)
    pages.enter()
    search(pages, "lighthouse")
    pages.page.wait_for_text("cannot read what is encrypted", selector=named("search-note"))
    switch_on(pages, count)
    search(pages, "LIGHTHOUSE meet")
    wait_for_subjects(pages.page, "The harbour")
    pages.page.wait_for_text("This device has searched the encrypted messages", selector=named("search-note"))
    search(pages, "clock", "here")
    wait_for_subjects(pages.page, "The station")
    pages.page.wait_for_text("the mail server has learnt nothing", selector=named("search-note"))
    pages.page.click(named("message-row"))
    pages.page.wait_for_text("We meet at the clock.", timeout_seconds=OPERATION_SECONDS)
    stored = pages.page.js(STORED)
    assert stored
    for word in ("lighthouse", "clock", "harbour", "station", "bob", "alice"):
        assert all(word not in record.lower() for record in stored), word
    pages.page.click(named("lock"))
    pages.page.wait_for_selector(named("unlock-form"))
    assert "station" not in pages.page.js("() => document.documentElement.outerHTML")
    search(pages, "clock")
    pages.page.wait_for_text("unlock your keys", selector=named("search-note"))
    pages.page.js("() => { location.hash = '#/account'; }")
    pages.page.wait_for_text("While your keys are locked, nothing is searched", selector=named("index-note"))
    pages.close()


def test_on_another_persons_computer_there_is_no_index(browser: Browser, stack: DemoStack) -> None:
    pages = MailPages(browser, stack.pages_url, stack.accounts[0])
    pages.page.wait_for_selector(named("foreign-computer"))
    pages.page.click(named("foreign-computer"))
    pages.enter()
    pages.page.js("() => { location.hash = '#/account'; }")
    pages.page.wait_for_text("this browser keeps nothing", selector=named("index-note"))
    assert pages.page.js("(selector) => document.querySelector(selector).disabled", named("index-switch"))
    assert pages.page.js(STORED) is None
    pages.close()
