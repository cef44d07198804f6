"""The list of messages before a hostile bridge or mail server: encrypted subjects, and the requests for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

# Makes `list`, which shows the rows of `messages`. The keys decrypt the subject `within` when `readable` resolves.
LIST = """async () => {
  const { MessageList } = await import("/source/webbridge/pages/views/message_list.js");
  globalThis.within = "";
  globalThis.readable = null;
  globalThis.messages = [];
  globalThis.uidValidity = 9;
  globalThis.at = (uid) => ({ folder: "folder-id", uidValidity, uid });
  const api = { messages: async () => ({ uidValidity, messages }), rawMessage: async () => new ArrayBuffer(1) };
  const mailVault = { subjects: async (found) => { await readable; return found.map(() => within); } };
  globalThis.list = new MessageList({ translate: (key) => key, api, mailVault, keys: { unlocked: true } });
  document.body.append(list.element);
  globalThis.row = (given) => ({
    uid: 7, from: "bob@example.test", to: "alice@example.test", subject: "[...]", date: null, size: 10, seen: true,
    protection: "sealed", problem: null, ...given,
  });
  globalThis.subjects = () => [...list.element.querySelectorAll(".row-subject")].map((each) => each.textContent);
}"""


@pytest.fixture
def page(browser: Browser, demo_stack: DemoStack) -> Iterator[Page]:
    """A page of the origin with a list whose bridge and vault are the test's."""
    page = browser.open(demo_stack.pages_url)
    page.js(LIST)
    yield page
    page.close()


def show(page: Page, within: str, rows: str) -> None:
    """Load the list anew with rows that the bridge gives now."""
    page.js(f"async (text) => {{ within = text; messages = {rows}; await list.load('folder-id', {{}}); }}", within)


@pytest.mark.thorough(False)
def test_a_decrypted_subject_never_stands_in_the_row_of_another_message(page: Page) -> None:
    """A server can give the UIDs of a folder anew, to messages of other people."""
    show(page, "For one row", "[row()]")
    page.wait_for("() => subjects()[0] === 'For one row'")
    show(page, "", "[row({ from: 'eve@example.test', subject: 'Plain', protection: null })]")
    assert page.js("() => subjects()") == ["Plain"]
    show(page, "Of another", "[row({ from: 'eve@example.test' })]")
    page.wait_for("() => subjects()[0] === 'Of another'")


def test_a_folder_that_is_numbered_anew_in_between_is_listed_from_its_beginning(page: Page) -> None:
    """The list shows 50 rows, and the page after them is requested."""
    page.js("""async () => {
      list.element.remove();
      const { MessageList } = await import("/source/webbridge/pages/views/message_list.js");
      const { ApiError } = await import("/source/webbridge/pages/api.js");
      globalThis.asked = [];
      const messages = async (_folder, { before }) => {
        asked.push(before?.uidValidity ?? null);
        if (before && before.uidValidity !== uidValidity) throw new ApiError("folder-changed", "numbered anew");
        const rows = Array.from({ length: 50 }, (_, index) => row({ uid: 100 - index, subject: "s" }));
        return { uidValidity, messages: rows };
      };
      globalThis.list = new MessageList({ translate: (key) => key, api: { messages }, keys: { unlocked: false } });
      document.body.append(list.element);
      await list.load("folder-id", {});
      uidValidity = 10;
      list.element.querySelector("[data-test=older]").click();
    }""")
    page.wait_for("() => asked.length === 3 && list.element.querySelector('a').hash.endsWith('/10/100')")
    assert page.js("() => [asked, subjects().length]") == [[None, 9, None], 50]


@pytest.mark.thorough(False)
def test_a_press_on_a_row_whose_subject_arrives_opens_the_message(page: Page) -> None:
    page.js("() => { readable = new Promise((resolve) => { globalThis.read = resolve; }); }")
    show(page, "Read meanwhile", "[row({ seen: false })]")
    page.js("() => { globalThis.pressed = list.element.querySelector('.row-subject'); list.markSeen(at(7)); read(); }")
    page.wait_for("() => subjects()[0] === 'Read meanwhile'")
    assert page.js("() => pressed.isConnected && !list.element.querySelector('.row-unseen, .row-state')")


def test_a_long_subject_is_cut_in_its_row(page: Page) -> None:
    """Fifty subjects of a megabyte kept the page from answering for up to 24 seconds, and from locking."""
    show(page, "xx" + "\N{CANDLE}" * 500_000, "[row()]")
    page.wait_for("() => subjects()[0].startsWith('x')")
    assert page.js("() => subjects()") == ["xx" + "\N{CANDLE}" * 498 + "…"]


@pytest.mark.thorough(False)
def test_a_message_that_ends_the_vault_takes_its_own_subject_only(page: Page) -> None:
    """The vault refuses every group with the message of 7 bytes."""
    page.js("""async () => {
      const { VaultError } = await import("/source/wasm_build/vault/vault_error.js");
      list.element.remove();
      const { MessageList } = await import("/source/webbridge/pages/views/message_list.js");
      globalThis.asked = [];
      const subjects = async (found) => {
        asked.push(found.length);
        if (found.some(({ byteLength }) => byteLength === 7)) throw new VaultError("vault-timeout", "too long");
        return found.map(({ byteLength }) => `Subject ${byteLength}`);
      };
      const rawMessage = async ({ uid }) => new ArrayBuffer(uid);
      const api = { messages: async () => ({ uidValidity, messages }), rawMessage };
      const keys = { unlocked: true };
      globalThis.list = new MessageList({ translate: (key) => key, api, mailVault: { subjects }, keys });
      document.body.append(list.element);
    }""")
    show(page, "", "Array.from({ length: 25 }, (_, index) => row({ uid: 25 - index }))")
    page.wait_for("() => asked.length === 22")
    page.wait_for("() => subjects().filter((subject) => subject !== 'subject_encrypted').length === 24")
    shown = page.js("() => subjects()")
    assert shown == [f"Subject {uid}" if uid != 7 else "subject_encrypted" for uid in range(25, 0, -1)]
    assert page.js("() => asked") == [20, 5, *[1] * 20]


# Makes `list` with the usual client of a bridge that gives 300 rows. Each row says 10 bytes, and no message ends.
ENDLESS = """async () => {
  const { BridgeApi } = await import("/source/webbridge/pages/api.js");
  globalThis.taken = 0;
  globalThis.decrypted = 0;
  const pull = (controller) => {
    taken += 1;
    controller.enqueue(new Uint8Array(64_000));
  };
  globalThis.fetch = async (url) => (/raw$/.test(url)
    ? new Response(new ReadableStream({ pull }, { highWaterMark: 0 }))
    : Response.json({ uidValidity, messages: Array.from({ length: 300 }, (_, index) => row({ uid: 1000 - index })) }));
  list.element.remove();
  const { MessageList } = await import("/source/webbridge/pages/views/message_list.js");
  const mailVault = { subjects: async (found) => { decrypted += found.length; return found.map(() => ""); } };
  const api = new BridgeApi("https://bridge.test", () => undefined);
  globalThis.list = new MessageList({ translate: (key) => key, api, mailVault, keys: { unlocked: true } });
  document.body.append(list.element);
}"""


@pytest.mark.thorough(False)
def test_a_bridge_chooses_neither_the_rows_nor_the_bytes_that_a_list_fetches(page: Page) -> None:
    page.js(ENDLESS)
    page.js("async () => { await list.load('folder-id', {}); }")
    # Five chunks of 64,000 bytes are more than 256 kB.
    page.wait_for("() => taken >= 250")
    page.js("() => new Promise((resolve) => { setTimeout(resolve, 300); })")
    assert page.js("() => [subjects().length, taken, decrypted]") == [50, 250, 0]
