/** The functions that tests/pages/test_learnt_rows.py runs in pages. */

export async function stored() {
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
}

export async function listInPage() {
  const { MessageList } = await import("/source/webbridge/pages/mail/views/message_list.js");
  const { LearntRows } = await import("/source/webbridge/pages/trust/learnt_rows.js");
  const copies = () => ({ identities: [], sealKey: null });
  const identities = [{ addresses: ["alice@example.test"] }];
  globalThis.keys = Object.assign(new EventTarget(), { unlocked: true, identities, copies });
  globalThis.learnt = new LearntRows(async () => ({}), keys, () => null);
  globalThis.messages = [];
  globalThis.uidValidity = 9;
  const api = { messages: async () => ({ uidValidity, messages }), sharedAddresses: [] };
  const translate = (key, { to } = {}) => (key === "row_to" ? `To ${to}` : key);
  globalThis.app = { translate, api, mailVault: {}, keys, address: "alice@example.test" };
  globalThis.list = new MessageList(app, learnt);
  document.body.append(list.element);
  globalThis.row = (differences) => ({
    uid: 7, from: "Bob <bob@example.test>", to: "alice@example.test", subject: "Plain", date: "2026-11-20T10:00:00Z",
    size: 10, seen: true, protection: "signed", problem: null, ...differences,
  });
  globalThis.within = { Subject: "Within", Date: "Fri, 20 Nov 2026 10:00:00 +0000", To: "alice@example.test" };
  globalThis.verified = (from, { fields = within, protection = "signed-only", state = "verified" } = {}) => {
    const headers = [["From", from], ...Object.entries(fields)];
    const named = (...addresses) => (
      { count: addresses.length, mailboxes: addresses.map((address) => ({ name: "", address, protection })) });
    const to = fields.To ? [fields.To] : [];
    const people = { from: named(from), sender: named(), replyTo: named(), to: named(...to), cc: named() };
    return {
      headers,
      report: {
        state, sender: from, proved: state === "verified" ? { name: "", address: from } : null,
        reasons: [], layers: [{ kind: "signed", coversWhole: true }], recipients: [], headers,
        headerProtection: protection === "unprotected" ? "none" : "hp-clear",
        headerProtections: headers.map(() => protection), people,
        date: fields.Date ? new Date(fields.Date).toISOString() : null,
        signers: [{ layer: 0, addresses: [from], certificate: null, state }], certificates: [],
      },
    };
  };
  const textOf = (part) => list.element.querySelector(part).textContent;
  globalThis.shown = () => [".row-from", ".row-subject", ".row-date"].map(textOf);
  const marks = () => [...list.element.querySelectorAll(".row-marks")];
  globalThis.states = () => marks().map(({ dataset }) => dataset.state ?? null);
  globalThis.at = (folder) => ({ folder, uidValidity, uid: 7 });
}

export async function learnInPage(given, from, digest, made = {}, options = {}) {
  messages = [row(given)];
  await list.load("folder-id", options);
  list.learn(at("folder-id"), verified(from, made), digest);
  return states();
}

export async function storedBefore(format) {
  const { LearntRows } = await import("/source/webbridge/pages/trust/learnt_rows.js");
  const { openLearnt } = await import("/source/webbridge/pages/app/state_database.js");
  const address = `${crypto.randomUUID()}@example.test`;
  const openedRow = { state: "verified", sender: "bob@example.test", subject: null, isEncrypted: false };
  const entry = { ...openedRow, row: "row", digest: "d", at: 1 };
  const content = new TextEncoder().encode(JSON.stringify({ format, entries: [["9/7", entry]] })).buffer;
  await openLearnt.write(address, "folder", 1, content);
  const vault = { call: async (verb, { sealed }) => ({ draft: sealed }) };
  const rows = new LearntRows(async () => vault, keys, () => address);
  await rows.load("folder");
  await openLearnt.removeAll(address);
  return rows.find(at("folder"), "row")?.state ?? null;
}

export function read() {
  const row = list.element.querySelector("li:has(a)");
  const named = [...row.querySelectorAll("[aria-label], [title], title")];
  return row.textContent + named.map((element) => element.getAttribute("aria-label") + element.getAttribute("title")).join()
    + row.querySelector("time").getAttribute("datetime")
    + (list.element.querySelector(".day-title")?.textContent ?? "");
}

export async function otherBytesUnderTheSameNumberHaveNoVerdict() {
  const { identityOf } = await import("/source/webbridge/pages/mail/views/message_row.js");
  const seen = identityOf(messages[0]);
  const before = learnt.find(at("folder-id"), seen).state;
  if (before !== "verified") throw new Error("the row is not that of the opened message");
  const other = { state: null, sender: "", subject: "Other", date: null, isEncrypted: true };
  learnt.learn(at("folder-id"), seen, "d2", other);
  return learnt.find(at("folder-id"), seen).state;
}

export async function noTabKeepsOrWritesAgainWhatAnotherHasForgottenForGood() {
  const { LearntRows } = await import("/source/webbridge/pages/trust/learnt_rows.js");
  const { openLearnt } = await import("/source/webbridge/pages/app/state_database.js");
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
  const openedRow = { state: "verified", sender: "bob@example.test", subject: "", date: null, isEncrypted: false };
  const pause = () => new Promise((resolve) => { setTimeout(resolve, 20); });
  const until = async (test) => { while (!(await test())) await pause(); };
  const stored = async () => (await openLearnt.read(address, "folder"))?.counter ?? 0;
  third.learn(at("folder"), "row", "digest", openedRow);
  await until(async () => (await stored()) === 1);
  await second.load("folder");
  await third.load("folder");
  const before = [second.find(at("folder"), "row") !== null, third.find(at("folder"), "row") !== null];
  await first.forgetForGood();
  await until(() => second.find(at("folder"), "row") === null);
  third.learn({ ...at("folder"), uid: 8 }, "other row", "digest", openedRow);
  await until(() => third.find(at("folder"), "row") === null);
  const forgotten = await stored();
  first.learn({ ...at("folder"), uid: 9 }, "new row", "digest", openedRow);
  await until(async () => (await stored()) === 1);
  await second.load("folder");
  await openLearnt.removeAll(address);
  const after = [[7, "row"], [9, "new row"]].map(([uid, row]) => second.find({ ...at("folder"), uid }, row));
  return [before, forgotten, ...after.map((found) => found !== null)];
}

export async function aForgedDateGivesAVerifiedRowNoHeading() {
  const day = (date, uid) => ({ ...row({ date, subject: "Within" }), uid });
  messages = [day("2026-12-24T12:00:00Z", 7), day("2026-11-22T12:00:00Z", 8), day("2026-11-21T12:00:00Z", 9)];
  await list.load("folder-id", {});
  const titleOf = (item) => item.querySelector("h2")?.textContent ?? "row";
  const titles = () => [...list.element.querySelectorAll("li")].map(titleOf);
  const before = titles();
  list.learn(at("folder-id"), verified("bob@example.test"), "d");
  const after = titles();
  list.learn(at("folder-id"), verified("bob@example.test"), "d");
  keys.unlocked = false;
  keys.dispatchEvent(new Event("change"));
  return [before, after, titles(), shown()[2]];
}

export function shown(uid) {
  const row = document.querySelector(`[data-uid="${uid}"]`);
  return [row.querySelector(".row-marks").dataset.state ?? null, row.querySelector(".mark-lock") !== null,
    row.querySelector(".row-from").textContent, row.querySelector(".row-subject").textContent];
}
