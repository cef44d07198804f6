// @ts-nocheck The rows and notes here are not typed.
/** The changes that a list shows before the bridge has confirmed them, and what a refusal brings back. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { ShownMessages } from "../../webbridge/pages/mail/shown_messages.js";
import { ShownChanges } from "../../webbridge/pages/mail/views/shown_changes.js";

const message = (uid, differences = {}) => ({ uid, seen: false, ...differences });
const uidsOf = (messages) => messages.map(({ uid }) => uid);
const chosen = (...uids) => ({ folder: "folder-id", uidValidity: 9, uids });

/** A list with these messages, of which some are selected. It notes each step that the person sees. */
function listOf(firstMessages, { selected = [], hasMore = false } = {}) {
  const messages = new ShownMessages();
  messages.begin("folder-id");
  messages.renumber(9);
  messages.replace(firstMessages);
  const steps = [];
  const rows = {
    selection: { uids: selected, restore: (uids) => steps.push(["selected", uids]) },
    arrange: (changed = []) => steps.push(["arranged", uidsOf(messages.all), uidsOf(changed)]),
  };
  const notes = { hasMore, showEmpty: (isEmpty) => steps.push(["empty", isEmpty]) };
  const changes = new ShownChanges({ messages, rows, notes }, () => steps.push(["taken"]));
  return { messages, changes, steps };
}

test("messages go at once, and come back with their selection", () => {
  const { changes, steps } = listOf([message(2), message(1)], { selected: [2, 1] });
  const putBack = changes.take(chosen(2));
  assert.deepEqual(steps.splice(0), [["arranged", [1], []], ["empty", false], ["taken"]]);
  putBack();
  assert.deepEqual(steps, [["empty", false], ["arranged", [2, 1], []], ["selected", [2]]]);
});

test("a list is called empty only if the server has no further messages", () => {
  for (const hasMore of [false, true]) {
    const { changes, steps } = listOf([message(1)], { hasMore });
    changes.take(chosen(1));
    assert.deepEqual(steps[1], ["empty", !hasMore]);
  }
});

test("messages of another folder change nothing, and nothing comes back to one", () => {
  const { messages, changes, steps } = listOf([message(1)]);
  changes.take({ ...chosen(1), folder: "another" })();
  changes.showFlags({ ...chosen(1), uidValidity: 8 }, { add: ["\\Seen"] })();
  assert.deepEqual(steps, []);
  const putBack = changes.take(chosen(1));
  messages.begin("another");
  steps.length = 0;
  putBack();
  assert.deepEqual(steps, []);
});

test("flags change at once, and are as before when they are taken back", () => {
  const { messages, changes, steps } = listOf([message(2, { flags: ["$Label"] }), message(1, { seen: true })]);
  const before = changes.showFlags(chosen(2, 1), { add: ["\\Flagged"], remove: ["\\Seen"] });
  const shown = () => messages.all.map(({ flags, seen }) => [flags, seen]);
  assert.deepEqual(shown(), [[["$Label", "\\Flagged"], false], [["\\Flagged"], false]]);
  before();
  assert.deepEqual(shown(), [[["$Label"], false], [["\\Seen"], true]]);
  assert.deepEqual(steps, [["arranged", [2, 1], [2, 1]], ["arranged", [2, 1], [2, 1]]]);
});
