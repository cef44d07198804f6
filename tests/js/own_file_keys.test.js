/** The manifests of kept files that count as the person's own: verified ones, for the address of the account. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { OwnKeys } from "../../webbridge/pages/files/own_keys.js";

const KEY = { fingerprint: "aa", certificate: new ArrayBuffer(1), isShared: true, notAfter: "2026-01-01T00:00:00Z" };

/** The outcome of the vault's verdict on a manifest. @param {string} sender @param {string} state */
function outcomeOf(sender, state) {
  const vault = { call: async () => ({ sender, files: [], report: { state, signers: [] } }) };
  const keys = { copies: () => ({ identities: [], sealKey: {} }), shareIdentities: () => [KEY], vault: async () => vault };
  const own = new OwnKeys(/** @type {any} */ (keys), "alice@example.test");
  return own.verify(new ArrayBuffer(1), "A".repeat(22)).then(() => "own", ({ code }) => code);
}

// A key that several people share is of another address, and any of them signs with it.
test("only the address of the account has made its files", async () => {
  assert.equal(await outcomeOf("Alice@example.test", "verified"), "own");
  assert.equal(await outcomeOf("ward@example.test", "verified"), "files-not-own");
  assert.equal(await outcomeOf("alice@example.test", "signed-unverified"), "files-not-own");
});
