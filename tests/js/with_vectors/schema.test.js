/**
 * The vault's check of requests against its schema. Bytes are written as {"bytes": length} and secrets as
 * {"buffer": {"bytes": length}, "length": n}.
 */
import assert from "node:assert/strict";

import { checkRequest } from "../../../wasm_build/vault/rpc.js";
import { STREAM_VERBS, VERBS } from "../../../wasm_build/vault/schema.js";
import { testWith } from "./vectors.js";

const TABLE = { ...VERBS, ...STREAM_VERBS };

/** The value with buffers in the place of written bytes. @param {any} value @returns {any} */
function wake(value) {
  if (Array.isArray(value)) return value.map(wake);
  if (typeof value !== "object" || value === null) return value;
  if (typeof value.bytes === "number" && Object.keys(value).length === 1) return new ArrayBuffer(value.bytes);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, wake(inner)]));
}

/** @param {string} verb @param {unknown} args */
function judge(verb, args) {
  try {
    checkRequest(verb, /** @type {any} */ (wake(args)), TABLE);
    return "ok";
  } catch (error) {
    return /** @type {any} */ (error).code ?? String(error);
  }
}

testWith("python and the schema know the same verbs", (/** @type {string[]} */ verbs) => {
  assert.deepEqual([...verbs].sort(), Object.keys(TABLE).sort());
});

testWith("a request has the fields of its line in the schema", (/** @type {Record<string, unknown>} */ fields) => {
  /** @type {Record<string, unknown>} */
  const table = TABLE;
  for (const [verb, members] of Object.entries(fields)) assert.deepEqual(members, table[verb], verb);
});

for (const name of [
  "arguments that fit the table pass", "arguments that do not fit the table are refused", "an unknown verb is refused",
  "names of every object are no fields",
]) {
  testWith(name, (/** @type {[string, unknown, string][]} */ requests) => {
    for (const [verb, args, verdict] of requests) assert.equal(judge(verb, args), verdict, JSON.stringify([verb, args]));
  });
}
