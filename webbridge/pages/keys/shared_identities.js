/**
 * The identities that the person shares with others through the key server, such as the identity of a ward. This class
 * lists the identities, adds and leaves them, and makes the owner's changes.
 *
 * The key server's answers are kept with the account while it is unlocked, because the view of the keys is drawn anew
 * with each change.
 */

import { overwrite } from "../../../wasm_build/vault/memory/cleanup.js";
import { judgeFully } from "../../../wasm_build/vault/server/lookups.js";
import { ApiError } from "../../../wasm_build/vault/server/json_requests.js";

/** @typedef {import("../trust/trust_keeper.js").TrustKeeper} TrustKeeper */
/** @typedef {import("../app/api.js").BridgeApi} BridgeApi */
/** @typedef {import("./roaming_keys.js").RoamingKeys} RoamingKeys */
/** @typedef {{trust: TrustKeeper, api: BridgeApi, roamingKeys: RoamingKeys}} SharedIdentityServices */
/** @typedef {import("../../../wasm_build/vault/account/key_account.js").KeyAccount} KeyAccount */
/** @typedef {import("../../../wasm_build/vault/types/verbs.js").ListedGroup} ListedGroup */
/** @typedef {import("../../../wasm_build/vault/types/verbs.js").OpenedGroup} OpenedGroup */
/** @typedef {import("../../../wasm_build/vault/types/verbs.js").GroupRefusal} GroupRefusal */
/** @typedef {import("../../../wasm_build/vault/types/account.js").GivenGroup} GivenGroup */
/** @typedef {import("../../../wasm_build/vault/types/account.js").KeyFile} KeyFile */
/**
 * An identity that was opened and judged. `given` and the result of `judging` are the arguments to add it to the
 * account.
 * @typedef {{group: OpenedGroup | null, refusal: GroupRefusal | null, given: GivenGroup, judging: () => object}} Judged
 */

/** @type {WeakMap<KeyAccount, SharedIdentities>} */
const known = new WeakMap();

/** @param {SharedIdentityServices} services @param {KeyAccount} account @returns {SharedIdentities} one for each account */
export function sharedIdentitiesOf(services, account) {
  const identities = known.get(account) ?? new SharedIdentities(services, account);
  known.set(account, identities);
  return identities;
}

/** Dispatches "change" when the list or a problem with an identity has changed. */
export class SharedIdentities extends EventTarget {
  #services;
  #account;
  /** The listed identities; null until the first answer. A later request that fails leaves the list as it is. @type {ListedGroup[] | null} */
  rows = null;
  /** The error of the latest request for the list; null after a success. @type {unknown} */
  problem = null;
  /** The errors of the latest acts on identities, by the identity's id. @type {Map<string, unknown>} */
  #problems = new Map();
  /** @type {Promise<void> | null} */
  #loading = null;
  /** The ids of the identities whose people are shown. @type {Set<string>} */
  opened = new Set();
  /** The identity to which the focus goes when the list is drawn next. @type {string | null} */
  inFocus = null;

  /** @param {SharedIdentityServices} services @param {KeyAccount} account */
  constructor(services, account) {
    super();
    this.#services = services;
    this.#account = account;
  }

  /** @param {string} id @returns {unknown} null if the latest act has succeeded */
  problemOf(id) {
    return this.#problems.get(id) ?? null;
  }

  /** @param {string} id @param {unknown} problem */
  setProblem(id, problem) {
    if (problem) this.#problems.set(id, problem);
    else this.#problems.delete(id);
    this.#changed();
  }

  /** Asks for the list. The account makes one call at a time, so a list that was already requested is the latest. */
  load() {
    this.#loading ??= this.#load().finally(() => { this.#loading = null; });
    return this.#loading;
  }

  async #load() {
    try {
      this.rows = (await this.#account.run("group.list", {})).groups;
      this.problem = null;
    } catch (error) {
      this.problem = error;
    }
    this.#changed();
  }

  /**
   * Opens an identity, and judges its owner like the author of a mail.
   * @param {string} id
   * @param {string} [accepted] the fingerprint of the owner's certificate to which the person has agreed
   * @returns {Promise<Judged>}
   */
  async open(id, accepted) {
    const { trust, api } = this.#services;
    const { stored } = await this.#account.run("group.fetch", { id });
    const parameters = { id, stored, ...(accepted && { accepted }) };
    await trust.known;
    /** @type {import("../../../wasm_build/vault/server/trust.js").Evidence} */
    let latest = {};
    const judge = (/** @type {import("../../../wasm_build/vault/server/trust.js").Evidence} */ evidence) => {
      latest = structuredClone(evidence);
      return this.#account.run("group.show", { ...parameters, ...trust.judging(evidence) });
    };
    const judged = await judgeFully(judge, { ask: (lookups, signal) => api.certificates.askAuthorities(lookups, signal), store: trust.evidence });
    const judging = () => trust.judging(structuredClone(latest));
    return { group: judged.group ?? null, refusal: judged.refusal ?? null, given: parameters, judging };
  }

  /**
   * Adds the key of an identity to the account, and unlocks it here.
   * @param {string} id
   * @param {string} [accepted] as for `open`
   * @returns {Promise<{group: OpenedGroup | null, refusal: GroupRefusal | null}>} if there is a `refusal`, nothing was
   *   added
   */
  async take(id, accepted) {
    const { refusal, given: parameters, judging } = await this.open(id, accepted);
    if (refusal) return { group: null, refusal };
    const { group } = await this.#services.roamingKeys.unlockFrom((account) => account.run("group.take", { ...parameters, ...judging() }));
    await this.load();
    return { group, refusal: null };
  }

  /** Leaves somebody else's identity, or deletes one of the person's identities. @param {string} id */
  async end(id) {
    await this.#account.run("group.end", { id });
    await this.load();
  }

  /**
   * Changes an identity that the person owns, and adds the new version to the account.
   * @param {string} id
   * @param {{removed?: string[], added?: {user: string, certificate: ArrayBuffer}[]} & Partial<KeyFile>} change a key file
   *   has the identity's new certificate
   * @returns {Promise<{group: OpenedGroup | null, gone: string[]}>} `gone` are people to remove who had left already
   */
  async change(id, { added = [], ...change }) {
    const copies = added.map(({ user, certificate }) => ({ user, certificate: certificate.slice(0) }));
    const { version, gone } = await this.#account.run("group.change", {
      id, removed: [], added: copies, ...change, at: new Date().toISOString(),
    });
    const { group } = await this.take(id);
    if (group?.version !== version) throw new ApiError("group-changed", "another device has changed the group meanwhile");
    return { group, gone };
  }

  /**
   * Makes an identity that the person owns from the keys of a file, and adds it to the account.
   * @param {string} name @param {KeyFile} file
   */
  async create(name, file) {
    const { id } = await this.#account.run("group.create", { name, ...file, at: new Date().toISOString() })
      .finally(() => overwrite(file.passphrase.buffer));
    this.inFocus = id;
    await this.take(id);
  }

  /** Gives an identity that the person owns a new certificate. @param {string} id @param {KeyFile} file */
  async renew(id, file) {
    this.inFocus = id;
    return this.change(id, file).finally(() => overwrite(file.passphrase.buffer));
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
