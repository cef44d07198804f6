/** The functions that tests/pages/test_odd_answers.py runs in pages. */

export async function setup() {
  const { BridgeApi } = await import("/source/webbridge/pages/app/api.js");
  globalThis.answers = [];
  globalThis.fetch = async (url) => {
    const path = String(url).replace(/^https:..bridge.test/u, "");
    const answer = answers.find(([asked]) => new RegExp(asked, "u").test(path));
    return answer ? new Response(answer[1]) : Response.json({ code: "not-offered", message: "no" }, { status: 404 });
  };
  globalThis.api = new BridgeApi("https://bridge.test", () => undefined);
  api.use({ address: "alice@example.test", account: "" });
  globalThis.faults = [];
  addEventListener("error", ({ message }) => faults.push(message));
  addEventListener("unhandledrejection", ({ reason }) => faults.push(String(reason)));

  const long = "x".repeat(1_000_000);
  globalThis.VALUES = ["null", "true", "7", "-1", "0.5", "1e308", "9007199254740993", JSON.stringify(long),
    '"\\ud800"', '""', '"unknown-word"', "{}", '{"toString":1,"length":3}', '{"__proto__":{"uid":1}}', "[]", "[null]",
    '[{"uid":{}}]', "missing"];
  const places = (value, path = []) => [path, ...(typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([name, inner]) => places(inner, [...path, name])) : [])];
  const put = (value, [name, ...rest], text) => {
    if (name === undefined) return text === "missing" ? "null" : text;
    const write = (key, member) => (String(key) === name ? put(member, rest, text) : JSON.stringify(member));
    if (Array.isArray(value)) return `[${value.map((member, at) => write(at, member)).join()}]`;
    return `{${Object.entries(value).filter(([key]) => !(key === name && rest.length === 0 && text === "missing"))
      .map(([key, member]) => `${JSON.stringify(key)}:${write(key, member)}`).join()}}`;
  };
  globalThis.odd = function* (whole, at) {
    const inner = at.reduce((value, name) => value[name], whole);
    for (const path of places(inner).map((place) => [...at, ...place])) {
      for (const text of VALUES) yield { path: path.join("."), text, body: put(whole, path, text) };
    }
  };
  globalThis.row = (uid, differences) => ({
    uid, from: "Bob <bob@example.test>", to: "alice@example.test", subject: `Subject ${uid}`, size: 10, seen: false,
    sender: { name: "Bob", address: "bob@example.test" }, date: "2026-11-20T10:00:00+00:00",
    flags: ["\\Flagged"], protection: "signed", problem: null, ...differences,
  });
  globalThis.tag = (key, values) => (values ? `${key} ${Object.values(values).join(" ")}` : key);
  Object.assign(tag, { locale: "en", has: () => true });
  globalThis.services = {
    api, translate: tag, keys: { unlocked: false, identities: [] }, index: { search: async () => [] },
      sentenceFor: (error) => String(error), address: "alice@example.test",
  };
  globalThis.page = () => ({ uidValidity: 9, total: 3, token: "token", messages: [row(30), row(20), row(10)] });
}

export async function listInPage([listing, asked, threads]) {
  const { MessageList } = await import("/source/webbridge/pages/mail/views/message_list.js");
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
}

export async function changes(at) {
  const { MessageList } = await import("/source/webbridge/pages/mail/views/message_list.js");
  const whole = { uidValidity: 9, token: "later", whole: true, flags: [{ uid: 20, flags: ["\\Seen"] }],
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
}

export async function foldersInPage() {
  const { FolderList } = await import("/source/webbridge/pages/mail/views/folder_list.js");
  const { pickFolder } = await import("/source/webbridge/pages/mail/views/folder_picker.js");
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
      const list = new FolderList(services.translate, () => undefined);
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
}

export async function parts([asked, whole, at, ask, still]) {
  const [call, find] = [ask, still].map((text) => new Function("api", "found", `return (${text})`));
  const wrong = [];
  for (const { path, text, body } of odd(whole, at)) {
    answers = [[asked, body]];
    let result;
    try {
      result = await call(api)();
    } catch (error) {
      faults.push(String(error));
    }
    if (faults.length > 0 || !find(api, result)) wrong.push([path, text.slice(0, 40), faults.splice(0)]);
  }
  return wrong;
}

export async function take() {
  const { TrustKeeper } = await import("/source/webbridge/pages/trust/trust_keeper.js");
  const config = await api.config();
  new TrustKeeper({ read: () => null, write: () => undefined }).adoptOperator(config);
  return config;
}

export async function aLongSetOfMessagesThatAreGoneCostsNoMoreThanItsLength() {
  const { readUidSet } = await import("/source/webbridge/pages/mail/list_source.js");
  const begun = performance.now();
  const isGone = readUidSet("9:10,x,5:6,8:2,5:5,,:,5:7,4000000000:*,x,3," + "1:1,".repeat(250_000));
  const gone = Array.from({ length: 20_000 }, (_, uid) => uid + 1).filter(isGone);
  return [gone, performance.now() - begun < 15_000];
}

export async function anAnswerThatIsNoneIsAnErrorWithASentenceOfBoundedLength() {
  const { ApiError } = await import("/source/webbridge/pages/app/api.js");
  const place = { folder: "f", uidValidity: 9, uids: [1] };
  const calls = [() => api.folders(), () => api.messages("f"), () => api.arrivals("f"), () => api.sessions(),
    () => api.sending.copyChoice(),
    () => api.certificates.certificatesFor("a"), () => api.sendingOffers(), () => api.accounts.here(), () => api.config(),
      () => api.access.list("f"),
    () => api.changes.threads("f", { offset: 0, limit: 50 }), () => api.changes.search("f", {}, { limit: 50 }),
      () => api.changes.row({ ...place, uid: 1 }),
    () => api.changes.since("f", { uidValidity: 9, token: "t", from: 1 }), () => api.changes.move(place, "g"),
      () => api.changes.undo([]),
    () => api.changes.createFolder("n"), () => api.sending.withdraw("k"), () => api.sending.outcomeOf("k"),
      () => api.sessionId(), () => api.enrolmentTicket(),
    () => api.certificates.findIssuers(new ArrayBuffer(1)), () => api.signIn("alice@example.test", "p"),
      () => api.sending.sendMessage(new ArrayBuffer(1), [], "k")];
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
}

export async function aBridgeThatGivesTheSamePageAgainAndAgainEndsARefresh() {
  const { MessageList } = await import("/source/webbridge/pages/mail/views/message_list.js");
  let requestCount = 0;
  let first = 1000;
  const messages = async () => {
    requestCount += 1;
    return { uidValidity: 9, messages: Array.from({ length: 50 }, (_, index) => row(first - index)), isAll: false };
  };
  const list = new MessageList({ ...services, api: { messages } });
  document.body.replaceChildren(list.element);
  await list.load("folder-id", { outgoing: false });
  first = 900;
  list.element.querySelector("[data-test=older]").click();
  const soon = () => new Promise((resolve) => { setTimeout(resolve, 20); });
  while (list.element.querySelectorAll("a[data-uid]").length < 100) await soon();
  requestCount = 0;
  const late = new Promise((resolve) => { setTimeout(() => resolve("late"), 2000); });
  const ended = await Promise.race([list.refresh().then(() => "ended"), late]);
  list.dispose();
  return [ended, requestCount < 10];
}

export async function anOddEventStopsNoStream() {
  const { MailEvents } = await import("/source/webbridge/pages/app/events.js");
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
  const events = new MailEvents({ eventsUrl: "about:blank", checkSession: () => undefined, folders: async () => [] });
  events.addEventListener("mail", ({ detail }) => heard.push(detail));
  const bodies = ["", "{", ...VALUES, ...[...odd({ account: "a", folders: ["one", "two"], folder: "one" },
    [])].map(({ body }) => body)];
  for (const name of ["ready", "mail", "arrived"]) for (const body of bodies) {
    events.stop();
    events.start("a", { hasStream: true });
    await opened(sources.length + 1);
    sources.at(-1).say(name, body);
    if (name !== "ready") sources.at(-1).say("mail", '{"folder":"good"}');
  }
  events.stop();
  globalThis.EventSource = usual;
  const isWell = heard.every((text) => typeof text === "string" && text.length > 0 && text.length <= 10_000);
  return [faults.splice(0).slice(0, 3), heard.filter((text) => text === "good").length === 2 * bodies.length, isWell];
}
