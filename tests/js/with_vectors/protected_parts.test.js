/** The marks of protection beside a message: what covers the whole, and who has signed a part. */
import assert from "node:assert/strict";

import { countReaders, describeCoverage, readersWords } from "../../../wasm_build/ui/protected_parts.js";
import { KEYS, sharedWords } from "../support/catalogues.js";
import { testWith } from "./vectors.js";

/** The sentences about the parts of a message. @param {any} report */
function saidOf(report) {
  const words = { signed: (/** @type {string} */ _word, /** @type {string} */ who) => who, encrypted: "encrypted" };
  const translate = Object.assign((/** @type {string} */ key) => key, { has: KEYS.has, locale: "en" });
  return describeCoverage(report, translate, /** @type {any} */ (words)).parts.map(({ sentence }) => sentence);
}

testWith("the readers of an encrypted part do not count for the whole", (/** @type {any[]} */ cases) => {
  for (const { report, readers, said } of cases) {
    assert.equal(countReaders(report), readers);
    if (said) assert.deepEqual(saidOf(report), said);
  }
});

testWith("the lock names the reader and a proved sender and gives no count", (/** @type {any[]} */ cases) => {
  const translate = sharedWords();
  // The name is isolated, so that it does not change the direction of the words around it.
  for (const { report, words } of cases) assert.equal(readersWords(translate, report).replace(/[\u2068\u2069]/gu, ""), words);
  const [{ report }] = cases;
  const ofParcel = [1, 2, 3].map((people) => readersWords(translate, report, people));
  assert.deepEqual(ofParcel, ["Encrypted for you", "Encrypted for you and someone else", "Encrypted for you and others"]);
});

testWith("the signer of a part is named by all addresses and by no name like another", ({ two, stranger, many }) => {
  assert.deepEqual(saidOf(two), ["bob@example.test, sales@example.test"]);
  // Nobody vouches for a stranger, so only the name in the certificate is left, which anybody can choose.
  const [signer, ...others] = saidOf(stranger);
  assert.ok(signer && !signer.includes("@") && others.length === 0, signer);
  assert.ok(saidOf(many)[0]?.endsWith("… (+15)"));
});
