/** The requests to the bridge about the accounts that are signed in in this browser. */

import { ApiError, readJson } from "../../../wasm_build/vault/server/json_requests.js";
import { readAccount, readAccounts } from "../app/service_answers.js";

/**
 * `account` is the account's id at the bridge, which reveals nobody's name; "" from a bridge that is older than these
 * pages.
 * @typedef {{address: string, account: string}} AccountHere
 */
/** @typedef {import("../../../wasm_build/vault/server/json_requests.js").RequestOptions} RequestOptions */

/** The error codes of a bridge that is older than these pages, for a request that it does not know. */
export const NOT_OFFERED = new Set(["not-found", "method-not-allowed"]);
/** The header with the account of the session, in requests and responses. */
export const ACCOUNT_HEADER = "X-Sealwax-Account";
/** The longest wait for the end of the session. The page shows its last view meanwhile. */
const SIGN_OUT_MILLISECONDS = 10_000;

/** @param {string} address @returns {Record<string, string>} the header that names the account */
export function naming(address) {
  return address ? { [ACCOUNT_HEADER]: encodeURIComponent(address) } : {};
}

export class AccountRequests {
  #send;
  /** The number of accounts that can be signed in in one browser. A bridge that is older than these pages allows one. */
  most = 1;

  /** @param {(path: string, options?: RequestOptions) => Promise<Response>} send */
  constructor(send) {
    this.#send = send;
  }

  /** The accounts that are signed in in this browser. @returns {Promise<AccountHere[]>} */
  async here() {
    const answer = await this.#ask("/api/accounts");
    if (answer === "not-offered") return this.#only();
    const { accounts, most } = readAccounts(answer);
    this.most = most;
    return accounts;
  }

  /** The account of the one session at a bridge that is older than these pages. @returns {Promise<AccountHere[]>} */
  async #only() {
    const only = readAccount(await this.#ask("/api/session"));
    return only ? [{ ...only, account: "" }] : [];
  }

  /** @param {string} path @returns {Promise<any>} null if nobody is signed in; rejects if the bridge cannot be reached */
  async #ask(path) {
    try {
      return await readJson(await this.#send(path));
    } catch (error) {
      if (!(error instanceof ApiError) || error.code === "unreachable") throw error;
      return NOT_OFFERED.has(error.code) ? "not-offered" : null;
    }
  }

  /** Ends the session of an account in this browser. Rejects if the bridge did not confirm it. @param {string} address */
  async signOut(address) {
    await this.#send("/api/session", { method: "DELETE", headers: naming(address), signal: AbortSignal.timeout(SIGN_OUT_MILLISECONDS) });
  }

  /** Ends the sessions of all accounts in this browser. Rejects if the bridge did not confirm it. */
  async signOutAll() {
    await this.#send("/api/accounts", { method: "DELETE", signal: AbortSignal.timeout(SIGN_OUT_MILLISECONDS) });
  }
}
