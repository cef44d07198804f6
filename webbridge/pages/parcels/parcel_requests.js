/** The requests about the parcels that the account has sent, and about the tokens of programs that send for it. */

import { JSON_TYPE } from "../../../wasm_build/vault/server/json_requests.js";
import { readMadeToken, readParcel, readParcels, readTokens } from "./parcel_answers.js";

/** @typedef {import("../mail/mail_changes.js").Json} Json */
/**
 * A state that was reached. `by` is who reports it: `service`, `sender`, `recipient-claims`, `recipient-signed` or
 * `mail-server`.
 * @typedef {{state: string, at: string, by: string, recipient?: string, code?: string}} StateRow
 */
/**
 * `bytes` is the size of the ciphertext. `downloads` is how often the parcel may be opened in all. `stored` says whether
 * the bridge has the parcel's bytes.
 * @typedef {{
 *   id: string, reference: string, state: string, kind: string, to: {address: string}[], bytes: number, created: string,
 *   expires: string, downloads: number | null, opened: number, triesLeft: number, stored: boolean, states: StateRow[],
 * }} SentParcel
 */
/** @typedef {{parcels: SentParcel[], next: string | null, used: number, quota: number}} ParcelPage */
/** @typedef {{name: string, created: string, expires: string}} ListedToken */

/**
 * The bridge's limits for a parcel.
 * @typedef {{maxBytes: number, wholeBytes: number, maxDays: number, maxRecipients: number, maxKeptFiles?: number}} ParcelLimits
 */

export class ParcelRequests {
  #json;
  /** Sends a request that belongs to an upload. */
  ask;

  /** @param {Json} json sends a request and reads the answer @param {import("../../../wasm_build/parcels/parcel_uploads.js").Ask} ask */
  constructor(json, ask) {
    this.#json = json;
    this.ask = ask;
  }

  /** A page of the account's parcels, the newest first. @param {string} [before] the id after which this page begins @returns {Promise<ParcelPage>} */
  async list(before) {
    return readParcels(await this.#json(`/api/parcels${before ? `?before=${encodeURIComponent(before)}` : ""}`));
  }

  /** @param {string} id @returns {Promise<SentParcel>} */
  async show(id) {
    return readParcel(await this.#json(`/api/parcels/${encodeURIComponent(id)}`));
  }

  /** @param {string} id @returns {Promise<SentParcel>} */
  withdraw(id) {
    return this.#change(id, "withdraw");
  }

  /** Lets a parcel end the given number of days from now, unless it ends later. @param {string} id @param {number} days @returns {Promise<SentParcel>} */
  extend(id, days) {
    return this.#change(id, "extend", { days });
  }

  /** Gives the recipients five more tries at the words. @param {string} id @returns {Promise<SentParcel>} */
  giveTries(id) {
    return this.#change(id, "tries");
  }

  /** @param {string} id @param {number | null} limit how often the parcel may be opened in all; null for any number @returns {Promise<SentParcel>} */
  limitOpenings(id, limit) {
    return this.#change(id, "downloads", { limit });
  }

  /** @returns {Promise<ListedToken[]>} */
  async tokens() {
    return readTokens(await this.#json("/api/parcel-tokens"));
  }

  /** @param {string} name @param {number} days @param {string} address of the account @returns {Promise<string>} the value of the token is in this answer only */
  async makeToken(name, days, address) {
    return readMadeToken(await this.#json("/api/parcel-tokens", { method: "POST", body: JSON.stringify({ name, days }), headers: JSON_TYPE }), address);
  }

  /** @param {string} name */
  async revokeToken(name) {
    await this.#json(`/api/parcel-tokens/${encodeURIComponent(name)}`, { method: "DELETE" });
  }

  /** @param {string} id @param {string} act @param {object} [members] */
  async #change(id, act, members = {}) {
    return readParcel(await this.#json(`/api/parcels/${encodeURIComponent(id)}/${act}`, { method: "POST", body: JSON.stringify(members), headers: JSON_TYPE }));
  }
}
