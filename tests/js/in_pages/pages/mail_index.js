/** The functions that tests/pages/test_mail_index.py runs in pages. */

export async function stored() {
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
}

export async function parts() {
  const { MailIndex } = await import("/source/webbridge/pages/mail/mail_index.js");
  const { IndexFiller } = await import("/source/webbridge/pages/mail/index_filler.js");
  const { ApiError } = await import("/source/webbridge/pages/app/api.js");
  const { VaultError } = await import("/source/wasm_build/vault/errors/vault_error.js");
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
  globalThis.row = (uid, differences) => ({
    uid, from: "Bob <bob@example.test>", to: "alice@example.test", subject: "[...]", size: 900, seen: false,
    date: new Date(Date.UTC(2026, 10, 1) + uid * 60000).toISOString(), protection: "sealed", problem: null, ...differences,
  });
  const encode = (text) => new TextEncoder().encode(text).buffer;
  globalThis.item = (uid, text, { subject = `Letter ${uid}`, folder = "one", uidValidity = 9, ...differences } = {}) => ({
    folder, uidValidity, row: row(uid, differences),
    texts: text === null ? null : { subject, people: "Bob <bob@example.test>", text: encode(text) },
  });
  globalThis.find = async (text, place = "text", folder = "one") =>
    (await index.search(folder, place, text)).map((result) => result.row.uid);
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
}

export async function wordsAreFoundWithoutRegardToCaseAndAccentsAndInsideLongerOnes() {
  await index.begin();
  const letters = ["Die Monatsrechnung für Köln, STRASSE 5", "Straße ohne Zahl", "حِسابات ΟΔΟΣ 東京都"];
  await index.add(letters.map((text, at) => item(at + 1, text)), null);
  const texts = [
    "rechnung", "KOLN", "straße", "strasse 5", "rechnung koln", "حساب", "οδος", "京", "bob@example", "nowhere",
    "!", "",
  ];
  return Promise.all(texts.map((text) => find(text)));
}

export async function aSearchLooksWhereThePersonSays() {
  await index.begin();
  await index.add([
    item(1, "apples", { subject: "Pears" }),
    item(2, "pears", { subject: "Plums", from: "Apples <x@example.test>" }),
    item(3, "apples", { folder: "two" }),
  ], null);
  return [await find("apples"), await find("pears"), await find("pears", "subject"), await find("pears", "body"),
    await find("apples", "from"), await find("apples", "text", "two")];
}

export async function aLockClosesTheIndexAndAnUnlockOpensItAgain() {
  await index.begin();
  await index.add([item(1, "lighthouse")], null);
  keys.unlocked = false;
  keys.dispatchEvent(new Event("change"));
  const locked = [await find("lighthouse"), index.state, index.size];
  keys.unlocked = true;
  return [locked, await find("lighthouse"), index.state, index.size];
}

export async function nothingIsStoredInClearAndNoRecordOpensInThePlaceOfAnother() {
  await index.begin();
  const letter = (uid) => item(uid, `lighthouse number${uid}`, { subject: "Harbour" });
  const many = Array.from({ length: 260 }, (_, at) => letter(at + 1));
  await index.add(many.slice(0, 150), null);
  await index.add(many.slice(150), null);
}

export async function exchangeRecords() {
  const store = await import("/source/webbridge/pages/mail/search_store.js");
  const { accountDigest } = await import("/source/webbridge/pages/app/state_database.js");
  const digest = await accountDigest(account);
  const [first, second] = await store.readSegments(digest);
  const storedIndex = await store.readIndex(digest);
  const swapped = { ...second, heads: first.heads, words: first.words };
  await store.writeIndex({ ...storedIndex, counter: 99 }, { written: [swapped] });
  filler = new (await import("/source/webbridge/pages/mail/index_filler.js")).IndexFiller(app, index);
  const ended = new Promise((resolve) => filler.addEventListener("change", () => resolve(filler.progress)));
  filler.resume();
  return [await find("lighthouse").then(() => "found", (error) => error.name), await ended];
}

export async function tabsAddToOneIndex() {
  await index.begin();
  const other = make();
  await index.add([item(1, "first")], null);
  await other.add([item(2, "second")], null);
  await index.add([item(3, "third")], null);
  return [await find("first"), await find("second"), await find("third"), index.size];
}

export async function anIndexThatAnotherTabHasBegunAnewTakesThePlaceOfTheOldOne() {
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
  const [folder, field] = ["one", "text"];
  return [ended, await find("pear"), await make().search(folder, field, "pear").then((rows) => rows.length)];
}

export async function aFolderIsReadOnceAndThenOnlyItsChanges() {
  house.one.rows = [row(1), row(2, { protection: null }), row(3), row(4, { size: 5_000_000 })];
  Object.assign(words, { 1: "one", 2: "two", 3: "three", 4: "four", 5: "five" });
  await fill();
  const first = [asked.splice(0), await find("one"), await find("two"), index.size];
  house.one.changes = { whole: true, uidValidity: 9, token: "t2", flags: [], vanished: "1", messages: [row(5)] };
  const second = [await round(), asked.splice(0), await find("one"), await find("five"), index.size];
  house.one.changes = { ...house.one.changes, vanished: "", messages: [] };
  return [first, second, [await round(), asked]];
}

export async function oneMessageTakesNothingFromTheOthers() {
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
}

export async function foldersThatAreNumberedAnewOrGoneAreForgotten() {
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
}

export async function aServerThatRepeatsItselfEndsTheRound() {
  house.one.page = () => ({ uidValidity: 9, token: null, messages: [row(1), row(2)] });
  Object.assign(words, { 1: "pear", 2: "pear" });
  await fill();
  return [filler.progress, asked];
}

export async function aFailureIsToldAndAPauseLasts() {
  const { ApiError } = await import("/source/webbridge/pages/app/api.js");
  const { folders } = app.api;
  app.api.folders = async () => { throw new ApiError("unreachable", "no network"); };
  await fill();
  const failed = filler.progress;
  app.api.folders = folders;
  filler.pause();
  const { IndexFiller } = await import("/source/webbridge/pages/mail/index_filler.js");
  return [failed, filler.progress, new IndexFiller(app, index).isPaused];
}

export function search(selector, place) {
  const choice = document.querySelector(selector);
  choice.value = place;
  choice.dispatchEvent(new Event("change"));
}
