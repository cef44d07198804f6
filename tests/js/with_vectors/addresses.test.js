/** Two addresses are the same for the pages and the extension exactly if they are the same for the core. */
import assert from "node:assert/strict";

import { sameAddress } from "../../../wasm_build/ui/formats.js";
import { testWith } from "./vectors.js";

/** @typedef {{one: string, other: string, match: boolean}} Pair */

testWith("addresses are the same as in the core", (/** @type {Pair[]} */ pairs) => {
  for (const { one, other, match } of pairs) assert.equal(sameAddress(one, other), match, `${one} ${other}`);
});

testWith("two addresses share kept state only if they are the same", async (/** @type {Pair[]} */ pairs) => {
  /** @type {string[]} */
  const accounts = [];
  Object.assign(globalThis, { indexedDB: { open: () => settle({ transaction: () => transaction(accounts), close() {} }) } });
  const { openStates } = await import("../../../webbridge/pages/app/state_database.js");
  for (const { one, other, match } of pairs) {
    accounts.length = 0;
    for (const address of [one, other]) await openStates.write(address, 1, /** @type {any} */ (new ArrayBuffer(0)));
    assert.equal(accounts[0] === accounts[1], match, `${one} ${other}`);
  }
});

/** IndexedDB as far as the pages use it to write one record. @param {unknown} result */
function settle(result) {
  /** @type {{result: unknown, onsuccess?: () => void}} */
  const request = { result };
  queueMicrotask(() => request.onsuccess?.());
  return request;
}

/** @param {string[]} accounts */
function transaction(accounts) {
  /** @type {{objectStore: () => unknown, oncomplete?: () => void}} */
  const begun = { objectStore: () => ({ put: (/** @type {{account: string}} */ { account }) => settle(accounts.push(account)) }) };
  queueMicrotask(() => queueMicrotask(() => begun.oncomplete?.()));
  return begun;
}
