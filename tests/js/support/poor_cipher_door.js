// @ts-nocheck The doors are called by Python, whose buffers have no types here.
/**
 * The vault's symmetric ciphers (`createCipherDoor`) and its PBKDF2 under Node. WebCrypto has as few algorithms as in the
 * poorest browser: this one refuses keys of 24 bytes, and Node has no ChaCha20-Poly1305.
 */
import { webcrypto } from "node:crypto";

import { Residue } from "../../../wasm_build/vault/memory/cleanup.js";
import { createCipherDoor } from "../../../wasm_build/vault/worker/cipher_door.js";
import { createDerivationDoor } from "../../../wasm_build/vault/worker/derivation_door.js";

// Browsers have this method, and Node from version 21 on.
ArrayBuffer.prototype.transfer ??= function () {
  return structuredClone(this, { transfer: [this] });
};
globalThis.crypto ??= webcrypto;
const { importKey } = crypto.subtle;
crypto.subtle.importKey = async (format, data, ...rest) => {
  if (data.byteLength === 24) throw new DOMException("keys of 192 bits are not supported", "OperationError");
  return importKey.call(crypto.subtle, format, data, ...rest);
};

const residue = new Residue();
const door = { ...createCipherDoor(residue), ...createDerivationDoor(residue) };

/** Bytes in the form of a Python buffer that Pyodide passes to JavaScript. */
function lend(octets) {
  return { getBuffer: () => ({ data: octets, release() {} }), copy: () => lend(octets), destroy() {} };
}

/** Calls a function with arguments in which bytes are written as {"hex": …}. Gives bytes in hex, or the name of an error. */
export async function callDoor(name, args) {
  const given = args.map((value) => (value?.hex === undefined ? value : lend(new Uint8Array(Buffer.from(value.hex, "hex")))));
  const outcome = await door[name](...given);
  const reply = typeof outcome === "string" ? { refusal: outcome } : { hex: Buffer.from(new Uint8Array(outcome)).toString("hex") };
  residue.wipeBuffers();
  return reply;
}
