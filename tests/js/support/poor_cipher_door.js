/**
 * The vault's symmetric ciphers (`createCipherDoor`) and its PBKDF2 under Node. WebCrypto has as few algorithms as in the
 * poorest browser: this one refuses keys of 24 bytes, and Node has no ChaCha20-Poly1305.
 */
import { webcrypto } from "node:crypto";

import { Residue } from "../../../wasm_build/vault/memory/cleanup.js";
import { createCipherDoor } from "../../../wasm_build/vault/worker/cipher_door.js";
import { createDerivationDoor } from "../../../wasm_build/vault/worker/derivation_door.js";

// Browsers have this method, and Node from version 21 on.
const buffers = /** @type {{transfer?: (this: ArrayBuffer) => ArrayBuffer}} */ (ArrayBuffer.prototype);
buffers.transfer ??= function () {
  return structuredClone(this, { transfer: [this] });
};
globalThis.crypto ??= webcrypto;
const { importKey } = crypto.subtle;
crypto.subtle.importKey = async (/** @type {any[]} */ ...parameters) => {
  if (parameters[1].byteLength === 24) throw new DOMException("keys of 192 bits are not supported", "OperationError");
  return importKey.apply(crypto.subtle, /** @type {any} */ (parameters));
};

/** @typedef {import("../../../wasm_build/vault/worker/lent_bytes.js").PythonBytes} PythonBytes */
/** @typedef {string | number | {hex: string}} Written an argument */

const residue = new Residue();
const door = { ...createCipherDoor(residue), ...createDerivationDoor(residue) };
/** @typedef {keyof typeof door} Name that of a function */

/**
 * Bytes in the form of a Python buffer that Pyodide passes to JavaScript.
 * @param {Uint8Array<ArrayBuffer>} octets @returns {PythonBytes}
 */
function lend(octets) {
  return { getBuffer: () => ({ data: octets, release() {} }), copy: () => lend(octets), destroy() {} };
}

/**
 * Calls a function with arguments in which bytes are written as {"hex": …}. Gives bytes in hex, or the name of an
 * error.
 * @param {Name} name @param {Written[]} args
 */
export async function callDoor(name, args) {
  const parameters = args.map((argument) => (typeof argument === "object" ? lend(new Uint8Array(Buffer.from(argument.hex, "hex"))) : argument));
  /** @type {(...parameters: any[]) => Promise<unknown>} */
  const call = door[name];
  const outcome = /** @type {ArrayBuffer | Uint8Array | string} */ (await call(...parameters));
  const reply = typeof outcome === "string" ? { refusal: outcome } : { hex: Buffer.from(new Uint8Array(outcome)).toString("hex") };
  residue.wipeBuffers();
  return reply;
}
