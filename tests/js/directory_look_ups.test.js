/** The look-up of a certificate: an answer that does not say that nobody knows the address counts as failed. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { CertificateRequests } from "../../webbridge/pages/trust/certificate_requests.js";
import { Directory } from "../../webbridge/pages/trust/directory.js";

/** @param {unknown} answer of the bridge @param {unknown[]} [checks] the vault's judgements, which also know the contacts */
function find(answer, checks = []) {
  const vault = /** @type {any} */ ({ checkRecipient: async () => checks });
  return new Directory(new CertificateRequests(async () => answer), vault).find("bob@example.org");
}

test("a list without certificates says that nobody knows the address", async () => {
  assert.deepEqual(await find({ found: [], problems: [] }), { readiness: "none" });
  assert.deepEqual(await find({ found: [] }), { readiness: "none" });
});

test("an answer without a list has failed", async () => {
  for (const answer of [{}, { found: null }, { found: {} }, null, [], "found"]) assert.deepEqual(await find(answer), { readiness: "failed" });
});

test("a directory that did not answer makes an empty list a failure", async () => {
  for (const code of ["timeout", "unreachable", undefined, 1]) {
    assert.deepEqual(await find({ found: [], problems: [{ code }] }), { readiness: "failed" });
  }
  assert.deepEqual(await find({ found: [], problems: [{ code: "bad-address" }] }), { readiness: "none" });
});

test("a contact's certificate counts although a directory did not answer", async () => {
  const check = { usable: true };
  assert.deepEqual(await find({ found: [], problems: [{ code: "timeout" }] }, [check]), { readiness: "ready", check });
});
