/** A click on Send waits for look-ups and files. The letter stays if it has changed, or has something new to read. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { SendingWait } from "../../wasm_build/ui/sending_wait.js";

/** @typedef {{content?: string, obstacles?: string[], warnings?: string[]}} Changes */

/**
 * The outcome of two clicks on Send. The look-up and the reading last until the shown letter has changed.
 * @param {string[]} before the obstacles at the clicks
 * @param {{meanwhile?: Changes, discarded?: boolean, chosen?: boolean, unreadable?: boolean}} [given]
 */
async function clickTwice(before, { meanwhile = {}, discarded = false, chosen = false, unreadable = false } = {}) {
  /** @type {string[]} */
  const seen = [];
  const letter = { content: "written", obstacles: before, warnings: ["known"] };
  /** @type {{lookedUp: (value?: any) => void, wasRead: (value: boolean) => void}} */
  const end = { lookedUp: () => {}, wasRead: () => {} };
  const line = { read: async () => undefined, lookedUp: () => new Promise((resolve) => { end.lookedUp = resolve; }) };
  const files = { changes: 0, read: () => new Promise((resolve) => { end.wasRead = resolve; }) };
  const wait = new SendingWait(/** @type {any} */ ({
    lines: [line], files, content: () => letter.content, obstacles: () => letter.obstacles.map((code) => ({ code })),
    warnings: () => letter.warnings, explain: () => seen.push("explained"),
  }));
  const send = () => void seen.push("sent");
  const clicks = [wait.meet(send), wait.meet(send)];
  // The typed texts of the lines are read first.
  await new Promise((resolve) => { setTimeout(resolve); });
  Object.assign(letter, { obstacles: [] }, meanwhile);
  if (discarded) wait.end();
  if (chosen) files.changes += 1;
  end.lookedUp();
  end.wasRead(!unreadable);
  await Promise.all(clicks);
  return seen;
}

test("a letter leaves once when its look ups have ended", async () => {
  assert.deepEqual(await clickTwice(["looking-up"]), ["sent"]);
  assert.deepEqual(await clickTwice(["looking-up", "looking-up"]), ["sent"]);
});

test("a letter with something new to read stays", async () => {
  for (const meanwhile of [{ obstacles: ["certificate-none"] }, { obstacles: ["looking-up", "locked"] }, { warnings: ["known", "new"] }]) {
    assert.deepEqual(await clickTwice(["looking-up"], { meanwhile }), ["explained"]);
  }
});

test("a letter that was changed meanwhile stays", async () => {
  assert.deepEqual(await clickTwice(["looking-up"], { meanwhile: { content: "changed" } }), []);
});

test("a letter that was discarded meanwhile stays", async () => {
  assert.deepEqual(await clickTwice(["looking-up"], { discarded: true }), []);
});

test("other obstacles are explained at each click", async () => {
  assert.deepEqual(await clickTwice(["looking-up", "locked"]), ["explained", "explained"]);
});

test("a letter leaves once when its files are read", async () => {
  assert.deepEqual(await clickTwice(["reading", "looking-up"]), ["sent"]);
});

test("a letter stays if a file is missing or was chosen meanwhile", async () => {
  assert.deepEqual(await clickTwice(["reading"], { unreadable: true }), []);
  assert.deepEqual(await clickTwice(["reading"], { chosen: true }), []);
});
