/** A draft that is continued and not changed: it is not written again. */
import assert from "node:assert/strict";
import { test } from "node:test";

/** @typedef {import("../../webbridge/pages/drafts/draft_store.js").DraftStore} DraftStore */

test("a continued draft is written when it has changed and not before", async () => {
  /** @type {Record<string, () => void>} */
  const listeners = {};
  Object.assign(globalThis, {
    window: globalThis, document: { hidden: false, addEventListener: () => {} },
    addEventListener: (/** @type {string} */ type, /** @type {() => void} */ listener) => {
      listeners[type] = listener;
    },
  });
  const { DraftKeeper } = await import("../../webbridge/pages/drafts/draft_keeper.js");
  // Each kept version is noted with the time of the change.
  /** @type {string[]} */
  const moments = [];
  let moment = "before a change";
  /** @satisfies {Pick<DraftStore, "keepsHere" | "seal" | "keepHere" | "upload">} */
  const store = {
    keepsHere: true, seal: async () => ({ letter: new ArrayBuffer(1), files: null }), keepHere: async () => { moments.push(moment); },
    upload: async () => {},
  };
  const heldDraft = { id: "d", revision: "r", version: { uidValidity: 1, uid: 1 }, attempt: null };
  const content = /** @type {any} */ ({});
  const draft = { held: heldDraft, content, mayBeSent: false };
  const keeper = new DraftKeeper(/** @type {any} */ (store), () => content, () => {}, draft);
  // The window loses the focus, and later again after a change.
  listeners.blur();
  await keeper.keepNow();
  keeper.retry();
  await keeper.keepNow();
  moment = "after a change";
  keeper.changed();
  listeners.blur();
  await keeper.keepNow();
  keeper.dispose();
  assert.deepEqual(moments, ["after a change"]);
});
