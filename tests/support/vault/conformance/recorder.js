/** Tells which way the browser's provider took, and makes WebCrypto refuse: both for the tests alone. */

import { Pending } from "../../../../wasm_build/vault/worker/pending.js";

/** The calls of WebCrypto for an operation; keys are imported and exported on any way. */
const WORKING = [
  ...["digest", "sign", "verify", "encrypt", "decrypt", "deriveBits", "wrapKey", "unwrapKey", "generateKey"],
  ...["encapsulateBits", "decapsulateBits"],
];
const LIBRARY = ["argon2id", "scrypt"];

/** @param {Record<string, (...args: any[]) => any>} door */
export function createRecorder(door) {
  const { subtle } = crypto;
  /** @type {{method: string, error: string, algorithm?: string}[]} */
  let rules = [];
  /** @type {Set<string>} */
  let ways = new Set();

  for (const method of [...WORKING, "importKey"]) {
    const original = /** @type {any} */ (subtle)[method];
    if (original === undefined) continue;
    /** @param {any[]} args */
    const watched = async (...args) => {
      const rule = rules.find((one) => one.method === method && (!one.algorithm || isNamed(args, one.algorithm)));
      if (rule?.error === "TypeError") throw new TypeError("refused by the test");
      if (rule) throw new DOMException("refused by the test", rule.error);
      const result = await original.apply(subtle, args);
      if (WORKING.includes(method)) ways.add("WebCrypto");
      return result;
    };
    Object.defineProperty(subtle, method, { value: watched, configurable: true });
  }

  /** @param {string} name */
  const watch = (name) => (/** @type {any[]} */ ...args) => {
    const pending = door[name](...args);
    if (!(pending instanceof Pending)) return pending;
    pending.promise = pending.promise.then((outcome) => {
      if (LIBRARY.includes(name)) ways.add("hash-wasm");
      else if (outcome instanceof ArrayBuffer || outcome instanceof Uint8Array) ways.add("JavaScript");
      return outcome;
    });
    return pending;
  };

  return {
    door: Object.fromEntries(Object.keys(door).map((name) => [name, watch(name)])),

    /** The way of what was done since the last call: what comes first here includes what comes later. */
    takeWay() {
      const taken = ["WebCrypto", "hash-wasm", "JavaScript"].find((way) => ways.has(way)) ?? "Python";
      ways = new Set();
      return taken;
    },

    /** @param {string} json the rules that hold from now on */
    refuse(json) {
      rules = JSON.parse(json);
    },
  };
}

/**
 * @param {any[]} args
 * @param {string} algorithm
 */
function isNamed(args, algorithm) {
  return args.some((value) => value === algorithm || value?.name === algorithm);
}
