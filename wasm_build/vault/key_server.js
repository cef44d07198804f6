/** The requests to the key server. Secrets are not kept after their request. */

import { JSON_TYPE, readJson, request } from "./json_requests.js";

/** The version of the protocol. */
const PROTOCOL = 2;

/** The client of the key server, which keeps encrypted keys and never learns a passphrase. */
export class KeyServer {
  /** @param {string} origin */
  constructor(origin) {
    this.origin = origin;
  }

  /**
   * @param {string} user
   * @returns {Promise<object>} how to stretch the passphrase of this account, and the nonce that one login signs
   */
  async parameters(user) {
    // The address is in the body, because servers log URLs.
    const body = JSON.stringify({ protocol: PROTOCOL, user });
    return readJson(await request(`${this.origin}/parameters`, { method: "POST", body, headers: JSON_TYPE }));
  }

  /**
   * @param {"/login" | "/recover"} path
   * @param {ArrayBuffer} body
   * @returns {Promise<object>} the encrypted keys
   */
  async logIn(path, body) {
    return readJson(await request(`${this.origin}${path}`, { method: "POST", body, headers: JSON_TYPE }));
  }

  /** @param {string} authorization @returns {Promise<{devices: import("./key_account.js").KeyDevice[]}>} */
  async devices(authorization) {
    return readJson(await request(`${this.origin}/devices`, { headers: { Authorization: authorization } }));
  }

  /** @param {{request: ArrayBuffer, condition: string, authorization: string}} call */
  async rotate({ request: body, condition, authorization }) {
    const headers = { ...JSON_TYPE, Authorization: authorization, "If-Match": condition };
    await request(`${this.origin}/passphrase`, { method: "POST", body, headers });
  }

  /** Stores the next record. @param {{request: ArrayBuffer, condition: string, authorization: string}} call */
  async push({ request: body, condition, authorization }) {
    const headers = { ...JSON_TYPE, Authorization: authorization, "If-Match": condition };
    await request(`${this.origin}/bundle`, { method: "PUT", body, headers });
  }

  /** @param {string} authorization */
  async remove(authorization) {
    await request(`${this.origin}/account`, { method: "DELETE", headers: { Authorization: authorization } });
  }

  /** @param {ArrayBuffer} body */
  async register(body) {
    await request(`${this.origin}/register`, { method: "POST", body, headers: JSON_TYPE });
  }
}
