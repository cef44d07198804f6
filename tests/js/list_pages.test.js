// @ts-nocheck The bridge here is not typed.
/** The requests for the messages of a list: further pages, the newest messages again, and the changes since. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { ListPages } from "../../webbridge/pages/mail/list_pages.js";
import { ShownMessages } from "../../webbridge/pages/mail/shown_messages.js";

const { signal } = new AbortController();
const message = (uid, differences = {}) => ({ uid, subject: `Number ${uid}`, seen: true, flags: [], ...differences });
const rows = (first, count) => Array.from({ length: count }, (_, index) => message(first - index));
const page = (messages, differences = {}) => (
  { uidValidity: 9, messages, isAll: false, token: "first", isByDate: false, ...differences }
);

/** The pages of a list whose bridge gives these answers, one after the other, and notes what it is asked. */
function pagesOf(...answers) {
  const requests = [];
  const answer = (folder, options) => {
    requests.push(options);
    return answers.shift();
  };
  const messages = new ShownMessages();
  const api = { messages: answer, changes: { since: answer } };
  const pages = new ListPages({ api, index: { search: async () => [] } }, messages);
  pages.begin("folder-id", {});
  messages.renumber(9);
  return { pages, messages, asked: requests };
}

/** Shows a first page. */
function show({ pages, messages }, first) {
  messages.replace(first.messages);
  pages.adoptFirst(first);
}

test("a further page is asked for after the rows of the server, with those that cannot be read", async () => {
  const list = pagesOf(page([]));
  show(list, page([message(7), message(5), message(2, { found: { subject: "x" } })], { leftOut: 3 }));
  await list.pages.fetchPage(list.messages.cursor, signal);
  const before = { folder: "folder-id", uidValidity: 9, uid: 5 };
  assert.deepEqual(list.asked, [{ before, offset: 5, signal }]);
});

test("rows that cannot be read add up over the pages, and begin anew with the first one", () => {
  const list = pagesOf();
  list.pages.adoptFirst(page([], { leftOut: 2 }));
  list.pages.adoptFurther(page([], { leftOut: 1 }));
  assert.equal(list.pages.leftOut, 3);
  list.pages.adoptFirst(page([]));
  assert.equal(list.pages.leftOut, 0);
});

test("the newest messages are as many as are shown, and each is there once", async () => {
  const list = pagesOf(page(rows(100, 50), { leftOut: 1 }), page(rows(51, 50), { leftOut: 1 }));
  show(list, page(rows(100, 60)));
  const { messages, leftOut } = await list.pages.fetchAsMany(signal);
  assert.deepEqual(messages.map(({ uid }) => uid), rows(100, 99).map(({ uid }) => uid));
  assert.equal(leftOut, 2);
  assert.deepEqual(list.asked.map(({ before, offset }) => [before?.uid, offset]), [[undefined, 0], [51, 51]]);
});

test("a server that gives the same page again and again is asked twice", async () => {
  const list = pagesOf(page(rows(100, 50)), page(rows(100, 50)), page(rows(100, 50)));
  show(list, page(rows(200, 150)));
  const { messages } = await list.pages.fetchAsMany(signal);
  assert.equal(messages.length, 50);
  assert.equal(list.asked.length, 2);
});

test("changes are asked for from the state of the list, and the next ones from the state after them", async () => {
  const changes = { uidValidity: 9, token: "second", whole: true, flags: [], messages: [message(8)], vanished: "7" };
  const list = pagesOf(changes, changes);
  show(list, page([message(7), message(5)]));
  assert.equal(await list.pages.fetchChanges(signal), changes);
  assert.deepEqual(list.pages.adoptChanges(changes), []);
  assert.deepEqual(list.messages.all.map(({ uid }) => uid), [8, 5]);
  await list.pages.fetchChanges(signal);
  assert.deepEqual(list.asked.map(({ token, from }) => [token, from]), [["first", 5], ["second", 5]]);
});

test("changes that are not whole, or of a folder that is numbered anew, need the list again", async () => {
  const changes = { uidValidity: 9, token: "second", whole: true, flags: [], messages: [], vanished: "" };
  const list = pagesOf({ ...changes, whole: false }, { ...changes, uidValidity: 10 });
  show(list, page([message(7)]));
  assert.equal(await list.pages.fetchChanges(signal), null);
  assert.equal(await list.pages.fetchChanges(signal), null);
});

test("without a known state, and for a search or for threads, no changes are asked for", async () => {
  const list = pagesOf();
  assert.equal(await list.pages.fetchChanges(signal), null);
  for (const listing of [{ words: { place: "from", text: "bob" } }, { isThreaded: true }]) {
    list.pages.begin("folder-id", listing);
    list.pages.adoptFirst(page([]));
    assert.equal(await list.pages.fetchChanges(signal), null);
    assert.equal(list.pages.areOf("folder-id", listing), true);
    assert.equal(list.pages.areOf("folder-id", {}), false);
  }
  assert.deepEqual(list.asked, []);
});
