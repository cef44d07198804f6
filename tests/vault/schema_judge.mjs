/**
 * Checks requests against the vault's schema. Each line of the input is `[verb, args]` as JSON, with bytes written as
 * {"bytes": length} and secrets as {"buffer": {"bytes": length}, "length": n}. The first line of the output is the
 * table of verbs. Each further line is "ok" or the error's code for one request.
 */

import { createInterface } from "node:readline";
import { checkRequest } from "../../wasm_build/vault/rpc.js";
import { STREAM_VERBS, VERBS } from "../../wasm_build/vault/schema.js";

const TABLE = { ...VERBS, ...STREAM_VERBS };
const wake = (_key, value) =>
  typeof value?.bytes === "number" && Object.keys(value).length === 1 ? new ArrayBuffer(value.bytes) : value;

const judge = ([verb, args]) => {
  try {
    checkRequest(verb, args, TABLE);
    return "ok";
  } catch (error) {
    return error.code ?? `${error}`;
  }
};

console.log(JSON.stringify(TABLE));
for await (const line of createInterface({ input: process.stdin })) console.log(judge(JSON.parse(line, wake)));
