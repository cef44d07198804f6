/** Records which implementation the browser's provider uses, and makes WebCrypto refuse operations. Only for tests. */

import { Pending } from "../../../../wasm_build/vault/worker/pending.js";

/** The methods of WebCrypto that do an operation. Every implementation may import and export keys by WebCrypto. */
const WORKING = [
  ...["digest", "sign", "verify", "encrypt", "decrypt", "deriveBits", "wrapKey", "unwrapKey", "generateKey"],
  ...["encapsulateBits", "decapsulateBits"],
];
const LIBRARY = ["argon2id", "scrypt"];
const OWN_WEBASSEMBLY = ["pbkdf2", "repeatHash"];

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
      const rule = rules.find((candidate) => candidate.method === method && (!candidate.algorithm || isNamed(args, candidate.algorithm)));
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
      else if (OWN_WEBASSEMBLY.includes(name)) ways.add("WebAssembly");
      else if (outcome instanceof ArrayBuffer || outcome instanceof Uint8Array) ways.add("JavaScript");
      return outcome;
    });
    return pending;
  };

  return {
    door: Object.fromEntries(Object.keys(door).map((name) => [name, watch(name)])),

    /** The implementation ("way") used since the last call. Of several, the first in this list counts. */
    takeWay() {
      const taken = ["WebCrypto", "hash-wasm", "WebAssembly", "JavaScript"].find((way) => ways.has(way)) ?? "Python";
      ways = new Set();
      return taken;
    },

    /** @param {string} json the rules for refusals from now on, which replace earlier rules */
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
