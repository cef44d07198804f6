/** A page in a browser that stores nothing knows the answer at its sign-in, and can say what is not kept. */
import assert from "node:assert/strict";
import { test } from "node:test";

import "./support/leave.js";

import { KeptTrust } from "../../webbridge/pages/trust/kept_trust.js";

test("the answer at sign in counts although the browser stores nothing", async () => {
  const keys = /** @type {any} */ (Object.assign(new EventTarget(), { unlocked: false }));
  const keptTrust = new KeptTrust(() => Promise.reject(new Error("no vault")), keys, /** @type {any} */ (new EventTarget()));
  const states = [];
  // "My own computer", somebody else's, and no answer, as after a reload.
  for (const answer of [{ isOwnComputer: true }, { isOwnComputer: false }, undefined]) {
    await keptTrust.begin("alice@example.test", /** @type {any} */ (answer));
    states.push(keptTrust.keeping);
  }
  assert.deepEqual(states, ["locked", "off", "off"]);
});
