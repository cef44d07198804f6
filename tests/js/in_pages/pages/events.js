/** The functions that tests/pages/test_events.py runs in pages. */

export async function parts() {
  const { MessageList } = await import("/source/webbridge/pages/mail/views/message_list.js");
  const { MailEvents } = await import("/source/webbridge/pages/app/events.js");
  globalThis.messages = [];
  globalThis.uidValidity = 9;
  globalThis.asked = 0;
  globalThis.answers = null;
  const api = { messages: async () => {
    asked += 1;
    await answers;
    return { uidValidity, messages: messages.map((message) => ({ ...message })) };
  } };
  document.body.replaceChildren();
  const sentenceFor = () => "!";
  globalThis.list = new MessageList({ translate: (key) => key, api, keys: { unlocked: false }, sentenceFor });
  document.body.append(list.element);
  globalThis.row = (uid, differences = {}) => ({
    uid, from: "bob@example.test", to: "alice@example.test", subject: `Number ${uid}`, date: null, size: 10, seen: true,
    protection: null, problem: null, ...differences,
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
  globalThis.eventRequests = { eventsUrl: "https://bridge.test/api/events", checkSession: () => { checks += 1; }, folders: async () => [] };
  globalThis.events = new MailEvents(eventRequests);
  events.addEventListener("mail", ({ detail }) => heard.push(detail));
  for (const name of ["mail", "arrived", "back"]) events.addEventListener(name, ({ type }) => said.push(type));
}

export async function aNewRowLeavesTheOthersInThePageWithFocusAndScroll() {
  messages = Array.from({ length: 49 }, (_, index) => row(100 - index));
  await list.load("f", {});
  globalThis.kept = link(70);
  kept.focus();
  kept.scrollIntoView();
  globalThis.top = kept.getBoundingClientRect().top;
  messages = [row(101), ...messages.filter(({ uid }) => uid !== 99)];
  await list.refresh();
}

export async function aRowThatChangesOrVanishesPassesItsFocusOn() {
  messages = [row(3, { seen: false }), row(2), row(1)];
  await list.load("f", {});
  link(3).focus();
  messages = [row(3), row(2), row(1)];
  await list.refresh();
}

export async function aChangeDuringALoadIsNotLostAndAFailureIsNotShown() {
  let answer;
  answers = new Promise((resolve) => { answer = resolve; });
  const loading = list.load("f", {});
  await list.refresh();
  messages = [row(5)];
  answer();
  await loading;
}

export async function aStreamOfAnotherAccountIsLeftAndTheSessionIsChecked() {
  events.start("alice@example.test", { hasStream: true });
  await opened(1);
  streams[0].say("ready", { account: "bob@example.test", folders: ["f"] });
  streams[0].say("mail", { folder: "f" });
}

export async function aStreamThatComesBackReportsItsFoldersOnce() {
  events.start("alice@example.test", { hasStream: true });
  events.start("alice@example.test", { hasStream: true });
  await opened(1);
  streams[0].say("ready", { account: "alice@example.test", folders: ["f"] });
  streams[0].say("mail", { folder: "f" });
  streams[0].say("ready", { account: "alice@example.test", folders: ["g"] });
  events.stop();
  streams[0].say("mail", { folder: "h" });
}

export async function aFrozenPageHasNoStreamAndAsksForAllThatItHasMissed() {
  events.start("alice@example.test", { hasStream: true });
  await opened(1);
  streams[0].say("ready", { account: "alice@example.test", folders: ["f"] });
  streams[0].say("arrived", { folder: "f" });
  document.dispatchEvent(new Event("freeze"));
}

export async function oneTabHoldsTheStreamAndTellsTheOthersUntilAnotherTakesOver() {
  const { MailEvents } = await import("/source/webbridge/pages/app/events.js");
  globalThis.others = Array.from({ length: 6 }, () => new MailEvents(eventRequests));
  globalThis.told = [];
  events.start("alice@example.test", { hasStream: true });
  await opened(1);
  for (const tab of others) {
    for (const name of ["mail", "arrived", "back"]) tab.addEventListener(name, ({ type }) => told.push(type));
    tab.start("alice@example.test", { hasStream: true });
  }
  streams[0].say("ready", { account: "alice@example.test", folders: ["f"] });
  streams[0].say("mail", { folder: "f" });
}

export async function leaveTheStream() {
  told.length = 0;
  events.stop();
  await opened(2);
  streams[1].say("ready", { account: "alice@example.test", folders: ["f"] });
}

export async function theAnswerToARequestFromBeforeASignInDoesNotEndItsSession() {
  const { BridgeApi } = await import("/source/webbridge/pages/app/api.js");
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
}

export async function failToRefresh() {
  const { ApiError } = await import("/source/webbridge/pages/app/api.js");
  answers = Promise.reject(new ApiError("unreachable", "gone"));
  await list.refresh();
}

export async function resumePage() {
  document.dispatchEvent(new Event("resume"));
  await opened(2);
  streams[1].say("ready", { account: "alice@example.test", folders: ["f"] });
}

export async function theEndOfTheSessionIsAskedOfTheBridge() {
  events.start("alice@example.test", { hasStream: true });
  await opened(1);
  streams[0].say("session-ended", {});
}

/** The person comes back to the page after an hour. Within ten seconds, a page does not ask twice for the folders. */
export function comeBackAfterAnHour() {
  const now = performance.now.bind(performance);
  performance.now = () => now() + 3_600_000;
  dispatchEvent(new Event("focus"));
}
