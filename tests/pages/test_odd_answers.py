"""One odd value in an answer of the bridge takes nothing from the rest of the answer, in any view that reads it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server]

# Makes `answers`, by the part of an address that asks for them, and the client of a bridge that gives them. `odd`
# puts each of `VALUES` in each place of a value, one after the other, and yields each answer.
SETUP = """async () => {
  const { BridgeApi } = await import("/source/webbridge/pages/api.js");
  globalThis.answers = [];
  globalThis.fetch = async (url) => {
    const path = String(url).replace(/^https:..bridge.test/u, "");
    const found = answers.find(([asked]) => new RegExp(asked, "u").test(path));
    return found ? new Response(found[1]) : Response.json({ code: "not-offered", message: "no" }, { status: 404 });
  };
  globalThis.api = new BridgeApi("https://bridge.test", () => undefined);
  api.use({ address: "alice@example.test", account: "" });
  globalThis.faults = [];
  addEventListener("error", ({ message }) => faults.push(message));
  addEventListener("unhandledrejection", ({ reason }) => faults.push(String(reason)));

  const long = "x".repeat(1_000_000);
  globalThis.VALUES = ["null", "true", "7", "-1", "0.5", "1e308", "9007199254740993", JSON.stringify(long),
    '"\\\\ud800"', '""', '"unknown-word"', "{}", '{"toString":1,"length":3}', '{"__proto__":{"uid":1}}', "[]", "[null]",
    '[{"uid":{}}]', "missing"];
  const places = (value, path = []) => [path, ...(typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([name, inner]) => places(inner, [...path, name])) : [])];
  const put = (value, [name, ...rest], text) => {
    if (name === undefined) return text === "missing" ? "null" : text;
    const write = (key, one) => (String(key) === name ? put(one, rest, text) : JSON.stringify(one));
    if (Array.isArray(value)) return `[${value.map((one, at) => write(at, one)).join()}]`;
    return `{${Object.entries(value).filter(([key]) => !(key === name && rest.length === 0 && text === "missing"))
      .map(([key, one]) => `${JSON.stringify(key)}:${write(key, one)}`).join()}}`;
  };
  globalThis.odd = function* (whole, at) {
    const inner = at.reduce((value, name) => value[name], whole);
    for (const path of places(inner).map((one) => [...at, ...one])) {
      for (const text of VALUES) yield { path: path.join("."), text, body: put(whole, path, text) };
    }
  };
  globalThis.row = (uid, given) => ({
    uid, from: "Bob <bob@example.test>", to: "alice@example.test", subject: `Subject ${uid}`, size: 10, seen: false,
    sender: { name: "Bob", address: "bob@example.test" }, date: "2026-11-20T10:00:00+00:00",
    flags: ["\\\\Flagged"], protection: "signed", problem: null, ...given,
  });
  globalThis.tag = (key, values) => (values ? `${key} ${Object.values(values).join(" ")}` : key);
  Object.assign(tag, { locale: "en", has: () => true });
  globalThis.services = {
    api, translate: tag, keys: { unlocked: false, identities: [] }, index: { search: async () => [] },
      sentenceFor: (error) => String(error), address: "alice@example.test",
  };
  globalThis.page = () => ({ uidValidity: 9, total: 3, token: "token", messages: [row(30), row(20), row(10)] });
}"""
# Loads `list` with each odd answer, and returns those after which a row is missing that the answer still has.
LIST = """async ([listing, asked, threads]) => {
  const { MessageList } = await import("/source/webbridge/pages/views/message_list.js");
  const whole = { ...page(), ...(threads ? { threads: [[30, 29], [20], [10]] } : {}) };
  const wrong = [];
  for (const { path, text, body } of odd(whole, ["messages", "1"])) {
    answers = [[asked, body]];
    const list = new MessageList(services);
    document.body.replaceChildren(list.element);
    await list.load("folder-id", { outgoing: path.length % 2 === 0, listing });
    const uids = [...list.element.querySelectorAll("a[data-uid]")].map(({ dataset }) => dataset.uid);
    const shown = list.element.textContent;
    const isSaid = uids.length === 3 || list.element.querySelector("[data-test=rows-left-out]")?.hidden === false;
    if (!uids.includes("30") || !uids.includes("10") || !shown.includes("Subject 30") || !isSaid
      || shown.length > 5_000 || faults.length > 0)
      wrong.push([path, text.slice(0, 40), uids, shown.slice(0, 80), isSaid, faults.splice(0)]);
    list.dispose();
  }
  return wrong;
}"""

# Loads a list, then shows the changes that an odd answer names, and returns those answers after which a row is missing.
CHANGES = """async (at) => {
  const { MessageList } = await import("/source/webbridge/pages/views/message_list.js");
  const whole = { uidValidity: 9, token: "later", whole: true, flags: [{ uid: 20, flags: ["\\\\Seen"] }],
    messages: [row(40)], vanished: "5:6,8" };
  const wrong = [];
  answers = [["since=", ""], ["sort=date", JSON.stringify(page())]];
  const list = new MessageList(services);
  document.body.replaceChildren(list.element);
  for (const { path, text, body } of odd(whole, at)) {
    await list.load("folder-id", { outgoing: false });
    answers[0][1] = body;
    await list.refresh();
    const uids = [...list.element.querySelectorAll("a[data-uid]")].map(({ dataset }) => dataset.uid);
    if (!["30", "20", "10"].every((uid) => uids.includes(uid)) || faults.length > 0) wrong.push([path,
      text.slice(0, 40), uids, faults.splice(0)]);
  }
  list.dispose();
  return wrong;
}"""
# Shows folders, and returns the odd answers after which a folder is missing that the answer still has.
FOLDERS = """async () => {
  const { FolderList } = await import("/source/webbridge/pages/views/folder_list.js");
  const { pickFolder } = await import("/source/webbridge/pages/views/folder_picker.js");
  const folder = (id, name, role, more = {}) => ({ id, name, delimiter: "/", role, total: 4, unseen: 2,
    uidValidity: 9, subscribed: true,
    rights: ["append", "flags", "seen"], place: "own", prefix: "", ...more });
  const whole = { folders: [folder("a", "INBOX", "inbox"), folder("b", "Two", null, { place: "others",
    prefix: "T" }), folder("c", "Three", null)] };
  const wrong = [];
  for (const { path, text, body } of odd(whole, ["folders", "1"])) {
    answers = [["/api/folders$", body]];
    let shown = [];
    let text_ = "";
    try {
      const folders = await api.folders();
      const list = new FolderList(services, () => undefined);
      document.body.replaceChildren(...list.elements);
      list.draw(folders, folders[0]);
      pickFolder(tag, folders, { title: "t", onChoose: () => undefined });
      shown = [...document.querySelectorAll("[data-test=folder]")].map(({ dataset }) => dataset.folder);
      text_ = document.body.textContent;
    } catch (error) {
      faults.push(String(error));
    }
    document.querySelector("dialog")?.remove();
    const isSaid = shown.length === 3 || api.foldersLeftOut === 1;
    if (!shown.includes("INBOX") || !shown.includes("Three") || !isSaid || text_.length > 10_000
      || faults.length > 0) wrong.push([path, text.slice(0, 40), shown, isSaid, faults.splice(0)]);
  }
  return wrong;
}"""
# Asks for something, and returns the odd answers without what they still have.
PARTS = """async ([asked, whole, at, ask, still]) => {
  const [call, find] = [ask, still].map((text) => new Function("api", "found", `return (${text})`));
  const wrong = [];
  for (const { path, text, body } of odd(whole, at)) {
    answers = [[asked, body]];
    let found;
    try {
      found = await call(api)();
    } catch (error) {
      faults.push(String(error));
    }
    if (faults.length > 0 || !find(api, found)) wrong.push([path, text.slice(0, 40), faults.splice(0)]);
  }
  return wrong;
}"""
ANSWER = {"crls": ["AAAA"], "ocsp": ["BBBB"]}
CERTIFICATE = {"certificate": "AAAA", "source": "ldap", "detail": "d", "intermediates": ["BBBB"]}
SESSION = {"id": "i", "started": None, "used": "2026-11-20T10:00:00+00:00", "program": "p", "origin": "", "this": False}
TIME = "2026-11-20T10:00:00+00:00"
PARCEL = {
    "id": "one",
    "reference": "r",
    "state": "opened",
    "kind": "files",
    "to": [{"address": "bob@example.test", "language": "en"}],
    "bytes": 5,
    "created": TIME,
    "expires": TIME,
    "downloads": None,
    "opened": 1,
    "triesLeft": 5,
    "stored": True,
    "states": [
        {"state": "submitted", "at": TIME, "by": "sender"},
        {"state": "opened", "at": TIME, "by": "recipient-claims"},
    ],
}
TOKEN = {"name": "n", "created": TIME, "expires": TIME}
CONFIG = {
    "apiVersion": 2,
    "oldestPages": 2,
    "anchors": ["AAAA", "BBBB"],
    "timestampAnchors": ["AAAA"],
    "trustList": None,
    "timestampHost": "t.example.test",
    "labelPolicy": {"policy": "1.2.3", "name": "n", "classifications": [{"value": 6, "name": "Secret"}]},
    "mozilla": False,
    "revocation": "required",
    "maxMessageBytes": 1000,
    "events": True,
    "push": {"key": "AAAA"},
    "reloadMinutes": 5,
    "parcels": {"maxBytes": 1, "wholeBytes": 1, "maxDays": 1, "maxRecipients": 1, "maxKeptFiles": 1},
}
# An address, a whole answer, the place in it that becomes odd, the call, and what the answer must still give.
ASKED = {
    "certificates": (
        "/api/directory",
        {"found": [CERTIFICATE, {**CERTIFICATE, "certificate": "CCCC"}]},
        ["found", "0"],
        "() => api.certificatesFor('bob@example.test')",
        "found.at(-1).certificate.byteLength === 3 && found.every(({ source }) => ['ldap', 'bridge'].includes(source))",
    ),
    "issuers": (
        "/api/pki/issuers",
        {"answers": [{"certificates": ["AAAA", "BBBB"]}, {"certificates": ["CCCC"]}]},
        ["answers", "0"],
        "() => api.findIssuers(new ArrayBuffer(3))",
        "found.at(-1).byteLength === 3",
    ),
    "answers of authorities": (
        "/api/pki/status",
        {"answers": [ANSWER, ANSWER]},
        ["answers", "0"],
        "() => api.askAuthorities([1, 2].map((id) => ({ id, path: [new ArrayBuffer(id)] })))",
        "found.answer.crls.length >= 1 && !found.unavailable.includes(2)",
    ),
    "sessions": (
        "/api/sessions",
        {"sessions": [SESSION, {**SESSION, "id": "here", "this": True}], "total": 2},
        ["sessions", "0"],
        "() => api.sessions()",
        "found.sessions.some(({ id }) => id === 'here')"
        " && found.sessions.every(({ program }) => program.length <= 300)",
    ),
    "offers": (
        "/api/send",
        {"maxBytes": 1000, "utf8": True, "sharedAddresses": ["ward@example.test", "lab@example.test"]},
        ["sharedAddresses", "0"],
        "() => api.sendingOffers()",
        "found.sharedAddresses.includes('lab@example.test') && found.maxBytes === 1000",
    ),
    "accounts": (
        "/api/accounts",
        {
            "most": 5,
            "accounts": [
                {"address": "alice@example.test", "account": "a"},
                {"address": "bob@example.test", "account": "b"},
            ],
        },
        ["accounts", "0"],
        "() => api.accounts.here()",
        "found.some(({ account }) => account === 'b')"
        " && found.every(({ address }) => typeof address === 'string' && address !== '')",
    ),
    "drafts": (
        "/search$|/api/folders$",
        {
            "folders": [{"id": "d", "name": "Drafts", "role": "drafts", "rights": []}],
            "uidValidity": 9,
            "messages": [
                {
                    "uid": uid,
                    "subject": f"Sealwax draft {uid:08x}-0000-4000-8000-000000000000",
                    "date": None,
                    "flags": [],
                }
                for uid in (1, 2)
            ],
        },
        ["messages", "0"],
        "async () => { const { DraftMailbox } = await import('/source/webbridge/pages/draft_mailbox.js');"
        " return (await new DraftMailbox(api, '').look('alice@example.test')).found; }",
        "found.some(({ place }) => place.uid === 2)",
    ),
    "parcels": (
        "/api/parcels$",
        {"parcels": [PARCEL, {**PARCEL, "id": "two"}], "next": None, "used": 5, "quota": 9},
        ["parcels", "0"],
        "() => api.parcels.list()",
        "found.parcels.some(({ id }) => id === 'two')"
        " && found.parcels.every(({ to, states }) => Array.isArray(to) && Array.isArray(states))",
    ),
    "states of a parcel": (
        "/api/parcels/one$",
        PARCEL,
        ["states", "0"],
        "() => api.parcels.show('one')",
        "found.states.some(({ state }) => state === 'opened')",
    ),
    "tokens": (
        "/api/parcel-tokens$",
        {"tokens": [TOKEN, {**TOKEN, "name": "other"}]},
        ["tokens", "0"],
        "() => api.parcels.tokens()",
        "found.some(({ name }) => name === 'other')",
    ),
    "the bridge's settings": (
        "/api/config",
        CONFIG,
        ["anchors", "0"],
        "() => api.config()",
        "found.anchors.at(-1) === 'BBBB' && found.parcels.maxDays === 1",
    ),
}


@pytest.fixture(scope="module")
def page(browser: Browser, demo_stack: DemoStack) -> Iterator[Page]:
    """A page of the origin with the client of a bridge whose answers are the test's."""
    page = browser.open(demo_stack.pages_url)
    page.js(SETUP)
    yield page
    page.close()


@pytest.mark.parametrize(
    ("listing", "asked", "threads"),
    [
        ({}, "sort=date", False),
        ({}, "limit=50$", False),
        ({"isThreaded": True}, "/threads", True),
        ({"words": {"place": "text", "text": "word"}}, "/search", False),
    ],
    ids=["by date", "by arrival", "threads", "search"],
)
def test_an_odd_value_in_a_row_takes_no_other_row_away(
    page: Page, listing: dict[str, object], asked: str, threads: bool
) -> None:
    assert page.js(LIST, [listing, asked, threads]) == []


@pytest.mark.parametrize(
    "at", [["messages", "0"], ["flags", "0"], ["vanished"], ["whole"], ["uidValidity"]], ids=lambda at: at[0]
)
def test_an_odd_value_in_the_changes_of_a_list_takes_no_row_away(page: Page, at: list[str]) -> None:
    assert page.js(CHANGES, at) == []


def test_an_odd_value_in_a_folder_takes_no_other_folder_away(page: Page) -> None:
    assert page.js(FOLDERS) == []


@pytest.mark.parametrize("what", ASKED)
def test_an_odd_value_takes_nothing_from_the_rest_of_an_answer(page: Page, what: str) -> None:
    assert page.js(PARTS, list(ASKED[what])) == []


@pytest.mark.parametrize("place", [name for name in CONFIG if not name.startswith(("apiVersion", "oldestPages"))])
def test_an_odd_setting_of_the_bridge_stops_no_start(page: Page, place: str) -> None:
    """Where it says nothing of revocation, the strictest policy counts."""
    take = """async () => {
      const { TrustKeeper } = await import("/source/webbridge/pages/trust_keeper.js");
      const config = await api.config();
      new TrustKeeper({ read: () => null, write: () => undefined }).adoptOperator(config);
      return config;
    }"""
    still = "['required', 'if-known', 'not-checked'].includes(found.revocation) && Number.isFinite(found.reloadMinutes)"
    assert page.js(PARTS, ["/api/config", CONFIG, [place], take, still]) == []


def test_an_answer_that_is_none_is_an_error_with_a_sentence_of_bounded_length(page: Page) -> None:
    """Both as an answer and as a refusal, of every request that reads something."""
    assert (
        page.js("""async () => {
      const { ApiError } = await import("/source/webbridge/pages/api.js");
      const place = { folder: "f", uidValidity: 9, uids: [1] };
      const calls = [() => api.folders(), () => api.messages("f"), () => api.arrivals("f"), () => api.sessions(),
        () => api.copyChoice(),
        () => api.certificatesFor("a"), () => api.sendingOffers(), () => api.accounts.here(), () => api.config(),
          () => api.access.list("f"),
        () => api.changes.threads("f", { offset: 0, limit: 50 }), () => api.changes.search("f", {}, { limit: 50 }),
          () => api.changes.row({ ...place, uid: 1 }),
        () => api.changes.since("f", { uidValidity: 9, token: "t", from: 1 }), () => api.changes.move(place, "g"),
          () => api.changes.undo([]),
        () => api.changes.createFolder("n"), () => api.withdraw("k"), () => api.outcomeOf("k"),
          () => api.sessionId(), () => api.enrolmentTicket(),
        () => api.findIssuers(new ArrayBuffer(1)), () => api.signIn("alice@example.test", "p"),
          () => api.sendMessage(new ArrayBuffer(1), [], "k")];
      const wrong = [];
      const usual = globalThis.fetch;
      const refusal = { code: "x-y", message: "m", refused: [{ address: "a", temporary: true, text: "t" }],
        triesLeft: 1 };
      const bodies = [...VALUES.map((text) => [200, text]), ...[...odd(refusal, [])].map(({ body }) => [400, body])];
      for (const [status, body] of bodies) for (const call of calls) {
        globalThis.fetch = async () => new Response(body, { status });
        try {
          await call();
        } catch (error) {
          if (!(error instanceof ApiError) || error.message.length > 400
            || !Array.isArray(error.refused)) wrong.push([status, body.slice(0, 50), String(call),
              String(error).slice(0, 80)]);
        }
      }
      globalThis.fetch = usual;
      return wrong;
    }""")
        == []
    )


def test_a_bridge_that_gives_the_same_page_again_and_again_ends_a_refresh(page: Page) -> None:
    assert page.js("""async () => {
      const { MessageList } = await import("/source/webbridge/pages/views/message_list.js");
      let asked = 0;
      let first = 1000;
      const messages = async () => {
        asked += 1;
        return { uidValidity: 9, messages: Array.from({ length: 50 }, (_, index) => row(first - index)), isAll: false };
      };
      const list = new MessageList({ ...services, api: { messages } });
      document.body.replaceChildren(list.element);
      await list.load("folder-id", { outgoing: false });
      first = 900;
      list.element.querySelector("[data-test=older]").click();
      const soon = () => new Promise((resolve) => { setTimeout(resolve, 20); });
      while (list.element.querySelectorAll("a[data-uid]").length < 100) await soon();
      asked = 0;
      const late = new Promise((resolve) => { setTimeout(() => resolve("late"), 2000); });
      const ended = await Promise.race([list.refresh().then(() => "ended"), late]);
      list.dispose();
      return [ended, asked < 10];
    }""") == ["ended", True]


def test_a_long_set_of_messages_that_are_gone_costs_no_more_than_its_length(page: Page) -> None:
    took = page.js("""async () => {
      const { readUidSet } = await import("/source/webbridge/pages/list_source.js");
      const begun = performance.now();
      const isGone = readUidSet("9:10,x,5:6,8:2,5:5,,:,5:7,4000000000:*,x,3," + "1:1,".repeat(250_000));
      const gone = Array.from({ length: 20_000 }, (_, uid) => uid + 1).filter(isGone);
      return [gone, performance.now() - begun < 15_000];
    }""")
    assert took == [[1, 3, 5, 6, 7, 9, 10], True]


@pytest.mark.parametrize("claimed", ["given", "contacts", "harvest"])
def test_no_certificate_of_the_bridge_passes_for_one_of_the_persons_own(page: Page, claimed: str) -> None:
    """The vault prefers those of the person's own, and the page names them so."""
    found = {"found": [{**CERTIFICATE, "source": claimed}]}
    sources = """async (body) => {
      answers = [["/api/directory", JSON.stringify(body)]];
      return (await api.certificatesFor("bob@example.test")).map(({ source }) => source);
    }"""
    assert page.js(sources, found) == ["bridge"]


def test_an_odd_event_stops_no_stream(page: Page) -> None:
    assert page.js("""async () => {
      const { MailEvents } = await import("/source/webbridge/pages/events.js");
      const usual = globalThis.EventSource;
      const sources = [];
      globalThis.EventSource = class extends EventTarget {
        constructor() { super(); sources.push(this); }
        close() {}
        say(name, data) { this.dispatchEvent(new MessageEvent(name, { data })); }
      };
      const opened = (count) => new Promise((resolve) => {
        const look = () => (sources.length >= count ? resolve() : setTimeout(look, 5));
        look();
      });
      const heard = [];
      const events = new MailEvents(() => "about:blank", () => undefined);
      events.addEventListener("mail", ({ detail }) => heard.push(detail));
      const bodies = ["", "{", ...VALUES, ...[...odd({ account: "a", folders: ["one", "two"], folder: "one" },
        [])].map(({ body }) => body)];
      for (const name of ["ready", "mail", "arrived"]) for (const body of bodies) {
        events.stop();
        events.start("a");
        await opened(sources.length + 1);
        sources.at(-1).say(name, body);
        if (name !== "ready") sources.at(-1).say("mail", '{"folder":"good"}');
      }
      events.stop();
      globalThis.EventSource = usual;
      const isWell = heard.every((one) => typeof one === "string" && one.length > 0 && one.length <= 10_000);
      return [faults.splice(0).slice(0, 3), heard.filter((one) => one === "good").length === 2 * bodies.length, isWell];
    }""") == [[], True, True]


@pytest.mark.parametrize(
    "made",
    [
        {"token": "swp_aaaaaaaaaaaaaaaaaaaaaaaa\ntouch taken\n", "address": "alice@example.test"},
        {"token": "swp_aaaaaaaaaaaaaaaaaaaaaaaa; touch taken", "address": "alice@example.test"},
        {"token": "swp_aaaaaaaaaaaaaaaaaaaaaaaa", "address": "a&calc&b@example.test"},
        {"token": {}, "address": "alice@example.test"},
    ],
)
def test_nothing_of_a_bridge_becomes_a_command_in_the_terminal(page: Page, made: dict[str, object]) -> None:
    """People copy a new token, and the command that keeps it, from the page into a terminal."""
    make = """async (body) => {
      answers = [["/api/parcel-tokens$", JSON.stringify(body)]];
      return api.parcels.makeToken("n", 5, "alice@example.test").then(() => "made", ({ code }) => code);
    }"""
    assert page.js(make, made) == "server-error"
    assert page.js(make, {"token": "swp_" + "a-_9" * 8, "address": "alice@example.test"}) == "made"
