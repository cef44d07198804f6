/** The vault's own ciphers in JavaScript give the answers of their standards, and those of OpenSSL for many sizes. */
import assert from "node:assert/strict";

import { callDoor } from "../support/poor_cipher_door.js";
import { testWith } from "./vectors.js";

/** @typedef {{hex: string} | {refusals: string[]} | {begin: string, end: string}} Expected */
/** @typedef {import("../support/poor_cipher_door.js").Name} Name */
/** @typedef {import("../support/poor_cipher_door.js").Written} Written */
/** @typedef {{name: Name, args: Written[], expected: Expected}} Call */

for (const name of [
  "des gives the answer of fips 81",
  "rc2 gives the answers of rfc 2268",
  "aes gives the answer of fips 197",
  "key wrap gives the answers of rfc 3394",
  "chacha20 poly1305 gives the answer of rfc 8439",
  "des and triple des open what openssl encrypted",
  "rc2 agrees with its other implementation",
  "aes cbc is openssls both ways",
  "the counter wraps around where it ends",
  "gcm is openssls both ways",
  "chacha20 poly1305 is openssls both ways",
  "poly1305 is right where numbers carry over",
  "key wrap is openssls both ways",
  "every byte of the padding is checked",
  "every altered bit of tag text and aad is refused",
  "impossible lengths are refused",
  "wrong wraps are refused",
]) {
  testWith(name, async (/** @type {Call[]} */ calls) => {
    for (const { name: called, args, expected } of calls) {
      const reply = await callDoor(called, args);
      const shown = JSON.stringify([called, ...args]);
      if ("hex" in expected) assert.deepEqual(reply, expected, shown);
      else if ("refusals" in expected) assert.ok(expected.refusals.includes(reply.refusal ?? ""), shown);
      else assert.ok(reply.hex?.startsWith(expected.begin) && reply.hex.endsWith(expected.end), shown);
    }
  });
}
