/** The extension's managed policy on unencrypted mail, and the choices of the person beside it. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { installBrowser, storageArea } from "./support/browser.js";
import { settledDatabase } from "./support/databases.js";

/** @type {Record<string, unknown>} */
let managed = {};
/** @type {Map<string, any>} */
const kept = new Map();

installBrowser({ storage: { session: storageArea(() => ({})), local: { set: async () => {} }, managed: { get: async () => managed } } });
globalThis.indexedDB = settledDatabase({
  get: (/** @type {string} */ name) => ({ result: kept.get(name) }), put: (/** @type {{name: string}} */ entry) => { kept.set(entry.name, entry); },
});
const policy = await import("../../browser_ext/background/browser/policy.js");
const clearMail = await import("../../browser_ext/background/writing/clear_mail.js");

const NOTHING = { mode: "never", neverDomains: [] };

beforeEach(() => {
  managed = {};
  kept.clear();
});

test("without a policy mail to unknown people may leave", async () => {
  assert.deepEqual((await clearMail.read()).policy, { mode: "allow-unknown", neverDomains: [] });
  await clearMail.check(["bob@example.org"]);
});

test("a policy is read with the words of its schema, and counts as set", () => {
  for (const [word, mode] of [["unknown", "allow-unknown"], ["ask", "ask"], ["never", "never"]]) {
    const understood = policy.understand({ clearMail: word, neverClearTo: ["Example.org"] });
    assert.deepEqual(understood.clear, { mode, neverDomains: ["example.org"] });
    assert.deepEqual(understood.set, ["clearMail", "neverClearTo"]);
  }
});

test("a value that cannot be read forbids all unencrypted mail", () => {
  for (const wrong of [
    { clearMail: "sometimes" }, { clearMail: null }, { clearMail: true }, { clearMail: "allow-unknown" }, { clearMail: "toString" },
    { neverClearTo: "example.org" }, { neverClearTo: ["a b"] }, { neverClearTo: [7] }, { clearMail: "ask", neverClearTo: {} },
  ]) {
    assert.deepEqual(policy.understand(wrong).clear, NOTHING, JSON.stringify(wrong));
  }
});

test("the background makes no unencrypted message that the policy forbids", async () => {
  managed = { neverClearTo: ["example.org"] };
  await clearMail.check(["bob@example.net"]);
  await assert.rejects(clearMail.check(["bob@example.net", "eve@mail.example.org"]), { code: "clear-forbidden" });
  managed = { clearMail: "never" };
  await assert.rejects(clearMail.check(["bob@example.net"]), { code: "clear-forbidden" });
});

test("a way is remembered for a person and a domain, the latest counts", async () => {
  await clearMail.remember({ names: ["Bob@Example.org", "@Example.net"], way: "clear" });
  await clearMail.remember({ names: ["bob@example.org"], way: "parcel" });
  assert.deepEqual((await clearMail.read()).ways, [["@example.net", "clear"], ["bob@example.org", "parcel"]]);
});

test("a way or a domain that nobody knows is not remembered", async () => {
  assert.throws(() => clearMail.remember({ names: ["bob@example.org"], way: "plain" }), { code: "bad-request" });
  assert.throws(() => clearMail.remember({ names: ["@"], way: "clear" }), { code: "bad-request" });
  assert.deepEqual((await clearMail.read()).ways, []);
});

test("people to whom encrypted messages were made are known later, each once", async () => {
  await clearMail.noteEncrypted(["Bob@Example.org", "carol@example.org"]);
  await clearMail.noteEncrypted(["bob@example.org"]);
  assert.deepEqual((await clearMail.read()).encrypted, ["carol@example.org", "bob@example.org"]);
});

test("of too many people the latest are known", async () => {
  await clearMail.noteEncrypted(Array.from({ length: 1_001 }, (_, number) => `p${number}@example.org`));
  const { encrypted } = await clearMail.read();
  assert.deepEqual([encrypted.length, encrypted.includes("p0@example.org"), encrypted.at(-1)], [1_000, false, "p1000@example.org"]);
});
