/** The requests about the people who have rights in a folder (RFC 4314). */

import { apiFolderPath } from "./mail_changes.js";
import { JSON_TYPE } from "../../../wasm_build/vault/server/json_requests.js";
import { readGrants } from "../app/service_answers.js";

/** @typedef {"read" | "file" | "all"} GivenLevel */
/**
 * The rights of one name in the server's list. `person`: the name is of one person, whose rights can be changed; `own`: the
 * name is of the person who has signed in; `rights` are the letters of RFC 4314.
 * @typedef {{name: string, person: boolean, own: boolean, level: GivenLevel | "other", rights: string}} Grant
 */
/** @typedef {import("./mail_changes.js").Json} Json */

/** @type {GivenLevel[]} */
export const LEVELS = ["read", "file", "all"];

/** The identifiers that name no single person (RFC 4314 section 2). */
const NO_PEOPLE = new Set(["anyone", "anonymous", "authenticated", "owner"]);

/** Whether a name can be the name of a person. The bridge checks names by the same rule. @param {string} name */
export function namesPerson(name) {
  return /^[a-z0-9][a-z0-9._%+@=-]{0,253}$/iu.test(name) && !NO_PEOPLE.has(name.toLowerCase());
}

export class FolderAccess {
  #json;

  /** @param {Json} json sends a request and reads the answer */
  constructor(json) {
    this.#json = json;
  }

  /** @param {string} folder @returns {Promise<Grant[]>} */
  async list(folder) {
    return readGrants(await this.#json(apiFolderPath(folder, "access")));
  }

  /** @param {string} folder @param {string} name @param {GivenLevel} level @returns {Promise<Grant[]>} all rights afterwards */
  async give(folder, name, level) {
    return this.#change(folder, "PUT", { name, level });
  }

  /** @param {string} folder @param {string} name @returns {Promise<Grant[]>} all rights afterwards */
  async withdraw(folder, name) {
    return this.#change(folder, "DELETE", { name });
  }

  /** @param {string} folder @param {string} method @param {object} members */
  async #change(folder, method, members) {
    return readGrants(await this.#json(apiFolderPath(folder, "access"), { method, body: JSON.stringify(members), headers: JSON_TYPE }));
  }
}
