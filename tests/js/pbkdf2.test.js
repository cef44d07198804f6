/** The PBKDF2 and the repeated hashes of the vault in WebAssembly: the bytes of the module, a cancel, wrong jobs. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { buildHmacModule } from "../../wasm_build/vault/worker/pbkdf2/hmac.js";
import { iterate } from "../../wasm_build/vault/worker/pbkdf2/iterations.js";
import { Sha } from "../../wasm_build/vault/worker/pbkdf2/sha.js";

/** @typedef {import("../../wasm_build/vault/memory/cleanup.js").Residue} Residue */

/** SHA-256 of the module for each hash, which our own JavaScript makes. */
const MODULES = {
  sha1: "815e77de82c95992753dc05bcf3ca90c8e78ab3911ea612bde5b5d31165b1d2d",
  sha224: "eaf8945d977ce6bc4c51c148f6059ec69246e023280028e489aa10b087b5614d",
  sha256: "ec255afb4c261418877b952d23e70ced2c99444e9960504b9ee04964b9927c8d",
  sha384: "4e7217197fd210018126bb7cefbf7f03a7624948e53f5009e9f9a1ddc9fecd05",
  sha512: "7acfc5c528cb1a8506c5c35062c3cb0aecf60728bb244731d8b1b68c7e766dc0",
};

// A change of the generated code changes these digests. The answers of tests/vault/test_pbkdf2.py hold for these bytes.
test("the modules bytes are these", () => {
  for (const [name, digest] of Object.entries(MODULES)) {
    assert.equal(createHash("sha256").update(buildHmacModule(new Sha(name))).digest("hex"), digest, name);
  }
});

const secret = () => new Uint8Array(64).fill(1);

/** A residue that keeps nothing. @param {Residue["keepMemory"]} keepMemory @returns {Residue} */
function residueWith(keepMemory) {
  /** @satisfies {Pick<Residue, "keepBuffer" | "keepMemory">} */
  const residue = { keepBuffer: (buffer) => buffer, keepMemory };
  return /** @type {any} */ (residue);
}

/**
 * A derivation with its outcome, and whether a byte of each memory is left. With `isCancelled` it is ended in its
 * middle.
 * @param {Uint8Array | null} key @param {number} iterations @param {boolean} isCancelled
 */
async function derive(key, iterations, isCancelled) {
  /** @type {WebAssembly.Memory[]} */
  const memories = [];
  const cancelling = new AbortController();
  const residue = residueWith((memory) => {
    memories.push(memory);
    // A timer that is set when all is ready fires only if the derivation lets messages be heard.
    if (isCancelled) setTimeout(() => cancelling.abort());
  });
  const code = await iterate(residue, { hash: "sha256", key, firsts: secret(), iterations }, cancelling.signal)
    .then(() => "derived", (error) => error.code);
  return { code, left: memories.map(({ buffer }) => new Uint8Array(buffer).some((byte) => byte !== 0)) };
}

test("a cancel is heard in the middle", async () => {
  for (const key of [secret(), null]) assert.deepEqual(await derive(key, 3_000_000, true), { code: "vault-aborted", left: [false] });
});

test("the memory is empty after a derivation", async () => {
  for (const key of [secret(), null]) assert.deepEqual(await derive(key, 2, false), { code: "derived", left: [false] });
});

/**
 * The first byte of the derived key, or the error's code. `key` and `firsts` are numbers of bytes, all `fill`.
 * @param {{hash?: string, key?: number, firsts?: number, iterations?: number, fill?: number}} job
 */
function outcomeOf({ hash = "sha256", key = 64, firsts = 32, iterations = 2, fill = 1 }) {
  const job = { hash, key: new Uint8Array(key).fill(fill), firsts: new Uint8Array(firsts).fill(fill), iterations };
  return iterate(residueWith(() => {}), job).then(([first]) => first, ({ code }) => code);
}

test("a wrong job derives no key", async () => {
  const jobs = [
    { hash: "sha512-256" }, { hash: "SHA256" }, { hash: "__proto__" }, { key: 65 }, { key: 63 }, { firsts: 31 },
    { iterations: -1 }, { iterations: 0.5 }, { iterations: NaN }, { iterations: 1e300 },
  ];
  for (const job of jobs) assert.equal(await outcomeOf(job), "bad-request", JSON.stringify(job));
});

test("derivations at the same time do not disturb each other", async () => {
  const jobs = [0, 1, 2].map((fill) => ({ fill, iterations: 1 + fill * 150_000 }));
  const together = await Promise.all(jobs.map(outcomeOf));
  const apart = [];
  for (const job of jobs) apart.push(await outcomeOf(job));
  assert.deepEqual(together, apart);
});
