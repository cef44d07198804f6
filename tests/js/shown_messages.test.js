/** The messages that a list shows: what an answer, an act or a thread changes in them. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { ShownMessages } from "../../webbridge/pages/mail/shown_messages.js";

/** @typedef {import("../../webbridge/pages/mail/row_texts.js").ListedMessage} ListedMessage */

/** @param {number} uid @param {Partial<ListedMessage>} [differences] @returns {ListedMessage} */
function message(uid, differences = {}) {
  return {
    uid, from: "bob@example.test", sender: null, to: "alice@example.test", subject: `Number ${uid}`, date: null,
    size: 10, seen: true, flags: [], protection: null, problem: null, ...differences,
  };
}

/** A list of a folder with these messages. @param {ListedMessage[]} messages */
function showing(...messages) {
  const shown = new ShownMessages();
  shown.begin("folder-id");
  shown.renumber(9);
  shown.replace(messages);
  return shown;
}

/** @param {ShownMessages} shown */
const uidsOf = (shown) => shown.all.map(({ uid }) => uid);
/** @param {number[]} uids */
const chosen = (...uids) => ({ folder: "folder-id", uidValidity: 9, uids });
const NO_CHANGES = { uidValidity: 9, token: "later", whole: true, flags: [], messages: [], vanished: "" };

test("a message that was taken out stays away from later answers", () => {
  const shown = showing(message(3), message(2), message(1));
  shown.take(chosen(2));
  assert.deepEqual(uidsOf(shown), [3, 1]);
  shown.update([message(3), message(2), message(1)]);
  assert.deepEqual(uidsOf(shown), [3, 1]);
  shown.change({ ...NO_CHANGES, messages: [message(2)] }, { isByDate: false });
  assert.deepEqual(uidsOf(shown), [3, 1]);
  assert.deepEqual(shown.append([message(2)]), []);
  assert.deepEqual(shown.unknown([message(2)]), []);
});

test("what was taken out of one folder hides nothing in another", () => {
  const shown = showing(message(3), message(2));
  shown.take(chosen(2));
  shown.begin("another-id");
  shown.replace([message(2)]);
  assert.deepEqual(uidsOf(shown), [2]);
});

test("messages come back to their places, with those that have come meanwhile", () => {
  const shown = showing(message(4), message(3), message(2), message(1));
  const putBack = shown.take(chosen(3, 1));
  shown.append([message(0)]);
  putBack();
  assert.deepEqual(uidsOf(shown), [4, 3, 2, 1, 0]);
});

test("messages do not come back to a folder that is numbered anew", () => {
  const shown = showing(message(2), message(1));
  const putBack = shown.take(chosen(2));
  shown.renumber(10);
  shown.replace([message(7)]);
  putBack();
  assert.deepEqual(uidsOf(shown), [7]);
});

test("a message is known as taken only under its own number of its own folder", () => {
  const shown = showing(message(2), message(1));
  shown.take(chosen(2));
  assert.equal(shown.isTaken({ folder: "folder-id", uidValidity: 9, uid: 2 }), true);
  assert.equal(shown.isTaken({ folder: "another", uidValidity: 9, uid: 2 }), false);
  assert.equal(shown.isTaken({ folder: "folder-id", uidValidity: 8, uid: 2 }), false);
});

test("the message below those that are gone takes their place, and the one above at the end", () => {
  const shown = showing(message(4), message(3), message(2), message(1));
  shown.take(chosen(3));
  assert.equal(shown.gap, 2);
  shown.take(chosen(1));
  assert.equal(shown.gap, 2);
  shown.take(chosen(4, 2));
  assert.equal(shown.gap, null);
});

test("an update reports only the messages that are new or not as they were", () => {
  const shown = showing(message(2), message(1));
  const changed = shown.update([message(3), message(2), message(1, { seen: false })]);
  assert.deepEqual(changed.map(({ uid }) => uid), [3, 1]);
});

test("changes set flags, take out what vanished, and put new messages at their places", () => {
  const shown = showing(message(5), message(3), message(1));
  const changed = shown.change(
    {
      ...NO_CHANGES, flags: [{ uid: 3, flags: ["\\Flagged"] }, { uid: 9, flags: [] }], messages: [message(4)],
      vanished: "5:6",
    },
    { isByDate: false },
  );
  assert.deepEqual(uidsOf(shown), [4, 3, 1]);
  assert.deepEqual(changed.map(({ uid, seen, flags }) => [uid, seen, flags]), [[3, false, ["\\Flagged"]]]);
});

test("a further page continues below the messages of the server that arrived first", () => {
  const shown = showing(message(8), message(2, { found: { subject: "from the index" } }), message(5));
  assert.deepEqual(shown.cursor, { folder: "folder-id", uidValidity: 9, uid: 5 });
  assert.deepEqual(shown.unknown([message(5), message(4)]).map(({ uid }) => uid), [4]);
  shown.forgetFound();
  assert.deepEqual(uidsOf(shown), [8, 5]);
  assert.equal(showing().cursor, undefined);
});

test("a thread counts with all of its messages, and each of them once", () => {
  const shown = showing(message(6, { thread: [6, 4, 2] }), message(5));
  assert.deepEqual(shown.chosen([6, 5, 4]), chosen(6, 4, 2, 5));
});

test("a thread unfolds below its newest message, without messages that are shown or gone", () => {
  const newest = message(6, { thread: [6, 4, 3, 2] });
  const shown = showing(message(7), newest, message(4));
  shown.unfold(newest, [message(4), message(3), null]);
  assert.deepEqual(uidsOf(shown), [7, 6, 3, 4]);
  const unfolded = shown.unfoldedOf(newest);
  assert.deepEqual(unfolded.map(({ uid }) => uid), [3]);
  shown.fold(unfolded);
  assert.deepEqual(uidsOf(shown), [7, 6, 4]);
});

test("a flag counts as set if all chosen messages have it, whatever its letter case", () => {
  const shown = showing(message(2, { flags: ["\\flagged"] }), message(1));
  assert.equal(shown.allHave([2], "\\Flagged"), true);
  assert.equal(shown.allHave([2, 1], "\\Flagged"), false);
  assert.deepEqual(shown.flagsOf(shown.addressOf({ uid: 2 })), ["\\flagged"]);
  assert.deepEqual(shown.flagsOf(shown.addressOf({ uid: 8 })), []);
});
