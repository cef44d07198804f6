/** The state of a draft: `locked` only if the keys are locked, `failed` after every other error. */
import assert from "node:assert/strict";
import { test } from "node:test";

import "./support/leave.js";

import { generateKeys } from "../../browser_ext/shared/channel.js";

/** @typedef {import("../../browser_ext/compose/draft_keeper.js").DraftState} DraftState */
/** @type {Record<string, DraftState>} */
const CODES = {
  locked: "locked", "storage-full": "failed", "letter-gone": "failed", "vault-restarted": "failed", unknown: "failed",
};

test("a draft waits for keys only if they are locked", async () => {
  const { publicKey } = await generateKeys();
  let code = "";
  // The background answers `vault.key`, and refuses to keep the draft.
  const answer = async (/** @type {{type: string}} */ { type }) =>
    (type === "vault.key" ? { value: { publicKey } } : { error: { code, message: "" } });
  const document = { hidden: false, addEventListener: () => {} };
  Object.assign(globalThis, { chrome: { runtime: { sendMessage: answer } }, window: globalThis, document, addEventListener: () => {} });
  const { Courier } = await import("../../browser_ext/compose/courier.js");
  const { DraftKeeper } = await import("../../browser_ext/compose/draft_keeper.js");
  const content = () => ({ fields: /** @type {any} */ ({}), text: new ArrayBuffer(1), attachments: [] });
  for (const [refusal, state] of Object.entries(CODES)) {
    code = refusal;
    /** @type {DraftState[]} */
    const shown = [];
    const read = () => ({ letter: content(), files: content(), identity: "" });
    const drafts = new DraftKeeper(new Courier("letter"), read, (draftState) => shown.push(draftState));
    drafts.changed();
    await drafts.keepNow();
    assert.deepEqual(shown, ["pending", state], refusal);
  }
});
