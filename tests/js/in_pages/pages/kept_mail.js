/** The functions that tests/pages/test_kept_mail.py runs in pages. */

export async function whatIsKeptIsReadWhileTheKeysAreUnlockedOnly() {
  await kept.keepMessage(at(1), bytes("one"));
  const open = await read(1);
  lock(false);
  const locked = [kept.state, await read(1)];
  lock(true);
  return [open, locked, await read(1), await read(2), await read(1, "two"), (await kept.count()).count];
}

export async function whatWasAlteredOrPutElsewhereOnTheDiskDoesNotOpen() {
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
}

export async function theMessagesOpenedFirstGoFirstWhateverTheClockSays() {
  await begin({ maxBytes: 3_000 });
  Date.now = () => 0;
  for (const uid of [1, 2]) await kept.keepMessage(at(uid), bytes("a".repeat(900)));
  Date.now = () => 4e12;
  await kept.keepMessage(at(3), bytes("a".repeat(900)));
  await kept.keepMessage(at(1), bytes("a".repeat(900)));
  await kept.keepMessage(at(4), bytes("a".repeat(900)));
  return Promise.all([1, 2, 3, 4].map((uid) => read(uid).then(Boolean)));
}

export async function aFullDiskMakesRoomAndIsToldIfThereIsNone() {
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
}

export async function aTabKeepsNothingOfWhatAnotherTabHasEndedOrBegunAnew() {
  const [other, late] = [make(), make()];
  await other.open();
  await late.open();
  await kept.end();
  await other.keepMessage(at(1), bytes("one"));
  const ended = await stored("messages", "readonly", (store, done) => done(store.count()));
  await begin();
  await late.keepMessage(at(1), bytes("one"));
  return [ended, await stored("messages", "readonly", (store, done) => done(store.count())), await read(1)];
}

export async function anotherAccountReadsNothingAndAnotherPersonsComputerKeepsNothing() {
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
}

export async function aPassphraseFindsEachAccountThatWasKeptUnderIt() {
  const first = address;
  globalThis.account = globalThis.address = `other ${first}`;
  await begin();
  const addresses = async (only) =>
    (await kept.findOpenings(secret(), only)).map((opening) => opening.address).filter((accountAddress) => accountAddress.endsWith(first)).sort();
  const lists = [await addresses(null), await addresses(first), await addresses(address)].map((all) =>
    all.map((accountAddress) => (accountAddress === first ? "first" : "second")));
  const missing = await kept.findOpenings(secret(), "nobody@example.test").catch((error) => error.message);
  await kept.end();
  globalThis.account = globalThis.address = first;
  return [...lists, missing];
}

export async function aListHasItsLatestRowsAndThoseOfOpenedMessages() {
  const row = (uid) => ({ uid, date: new Date(uid * 1000).toISOString() });
  const files = source();
  const page = (uids, uidValidity = 7) => async () => ({ uidValidity, messages: uids.map(row) });
  await files.firstPage("one", page([9, 8]), false);
  while ((await kept.readList("one")) === null);
  await kept.keepRow(at(3), row(3));
  await kept.keepRow(at(9), row(9));
  const { ApiError } = await import("/source/webbridge/pages/app/api.js");
  const fail = async () => { throw new ApiError("unreachable", "away"); };
  const away = () => source().firstPage("one", fail, true);
  const first = await away();
  // Numbered anew: rows of before are those of other messages.
  await kept.keepList("one", { uidValidity: 8, messages: [row(1)] });
  const second = await away();
  return [first.messages.map(({ uid }) => uid), first.isThreaded, second.messages.map(({ uid }) => uid)];
}

export async function theBridgeIsAskedFirstAndItsReturnIsNoticed() {
  const mail = source();
  const notices = [];
  for (const name of ["away", "back"]) mail.addEventListener(name, () => notices.push(name));
  await kept.keepMessage(at(1), bytes("kept"));
  const decode = (octets) => new TextDecoder().decode(octets);
  const text = async (uid) => mail.rawMessage(at(uid)).then(decode, ({ code }) => code);
  const online = await text(1);
  reach = false;
  const away = [await text(1), await text(2), mail.isAway];
  reach = true;
  dispatchEvent(new Event("online"));
  while (mail.isAway) await new Promise((resolve) => setTimeout(resolve, 10));
  return [online, away, notices, await text(1)];
}
