/**
 * The bridge's half of the key under which this browser keeps the identities over a reload. The half comes as bytes, not as
 * text.
 */

import { ApiError, JSON_TYPE, readAtMost } from "../../../wasm_build/vault/server/json_requests.js";

/** @typedef {(path: string, options: import("../../../wasm_build/vault/server/json_requests.js").RequestOptions) => Promise<Response>} Send */

export const HALF_BYTES = 32;
const AGE_BYTES = 4;
const PATH = "/api/reload-half";

export class ReloadHalves {
  #send;

  /** @param {Send} send makes a request for the account of this page */
  constructor(send) {
    this.#send = send;
  }

  /**
   * Makes a new half at the bridge, which replaces the earlier half of this session.
   * @param {string} name
   * @param {number} minutes the time without use after which the bridge deletes the half
   * @returns {Promise<ArrayBuffer>}
   */
  async make(name, minutes) {
    return this.#fetchBytes("", { name, minutes }, HALF_BYTES);
  }

  /**
   * Takes the half of this name, with the time since its last use. The bridge deletes the half. Rejects with
   * `half-gone`.
   * @param {string} name
   * @returns {Promise<{half: ArrayBuffer, ageMilliseconds: number}>}
   */
  async take(name) {
    const half = await this.#fetchBytes("/take", { name }, HALF_BYTES + AGE_BYTES);
    return { half, ageMilliseconds: new DataView(half).getUint32(HALF_BYTES) * 1000 };
  }

  /** Notes a use of the half, so that its minutes begin again. Rejects with `half-gone`. @param {string} name */
  async noteUse(name) {
    await this.#send(PATH, { method: "PUT", body: JSON.stringify({ name }), headers: JSON_TYPE });
  }

  /** Deletes the half of this session, if there is one. The request survives the closing of the tab. */
  async delete() {
    await this.#send(PATH, { method: "DELETE", keepalive: true });
  }

  /** @param {string} path @param {object} members @param {number} length */
  async #fetchBytes(path, members, length) {
    const response = await this.#send(`${PATH}${path}`, { method: "POST", body: JSON.stringify(members), headers: JSON_TYPE });
    const bytes = await readAtMost(response, length);
    if (bytes.byteLength !== length) throw new ApiError("server-error", `${bytes.byteLength} bytes, expected ${length}`);
    return bytes;
  }
}
