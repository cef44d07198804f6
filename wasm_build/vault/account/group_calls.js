/**
 * The identities that several people share by the key server: the calls of an account about them.
 *
 * The vault opens and judges the answers of the server (`wasm_build/vault/python/roaming_groups.py`).
 */

/** @typedef {import("./key_server.js").KeyServer} KeyServer */
/** @typedef {import("../types/verbs.js").ListedGroup} ListedGroup */
/** @typedef {import("../types/verbs.js").OpenedGroup} OpenedGroup */
/** @typedef {import("../types/verbs.js").GroupRefusal} GroupRefusal */
/** @typedef {import("../types/verbs.js").OpenedIdentity} SealedIdentity */
/** The arguments `trust` and `at` of a verb that judges, made anew for each call. @typedef {() => object} Judging */
/** A group as the server has it. `accepted` is the fingerprint of the owner's certificate to which the person has agreed. @typedef {{id: string, stored: object, accepted?: string}} GivenGroup */
/** A key file, and the passphrase that opens it. @typedef {{p12: ArrayBuffer, passphrase: import("./key_account.js").Secret}} KeyFile */
/**
 * The parts of the account that these calls use: `sign` and `prepare` count the calls of the session, `ask` does not, and
 * `store` also sends the record that a verb prepares.
 * @typedef {{
 *   inTurn: <T>(task: () => Promise<T>) => Promise<T>, sign: (method: string, path: string) => Promise<string>,
 *   ask: (verb: string, members: object) => Promise<any>, prepare: (verb: string, members: Record<string, unknown>) => Promise<any>,
 *   store: (verb: string, members: () => Record<string, unknown>) => Promise<any>,
 * }} Account
 */

export class GroupCalls {
  #server;
  #account;

  /** @param {KeyServer} server @param {Account} account */
  constructor(server, account) {
    this.#server = server;
    this.#account = account;
  }

  /** @returns {Promise<ListedGroup[]>} those that the person owns or is in, and then those that the person has left */
  list() {
    return this.#account.inTurn(async () => {
      const listed = await this.#server.groups(await this.#account.sign("GET", "/groups"));
      return (await this.#account.ask("group.list", { listed })).groups;
    });
  }

  /** @param {string} id @returns {Promise<object>} the group as the server has it */
  fetch(id) {
    return this.#account.inTurn(async () => this.#server.group(id, await this.#account.sign("GET", `/groups/${id}`)));
  }

  /**
   * Opens a group, and judges its owner.
   * @param {GivenGroup} given @param {Judging} judging
   * @returns {Promise<{group?: OpenedGroup | null, refusal?: GroupRefusal | null, lookups: import("../server/lookups.js").Lookup[]}>}
   */
  show(given, judging) {
    return this.#account.inTurn(() => this.#account.ask("group.show", { ...given, ...judging() }));
  }

  /**
   * Adds the keys of a group to the account.
   * @param {GivenGroup} given @param {Judging} judging
   * @returns {Promise<{group: OpenedGroup, identities: SealedIdentity[]}>} with all identities of the account
   */
  take(given, judging) {
    return this.#account.inTurn(() => this.#account.store("group.take", () => ({ ...given, ...judging() })));
  }

  /**
   * Stores the next version of a group of the person, under a new key.
   * @param {{id: string, stored: object}} given
   * @param {{removed?: string[], added?: {user: string, certificate: ArrayBuffer}[], renewed?: KeyFile | null}} change `renewed` has
   *   its new certificate; the passphrase is overwritten
   * @returns {Promise<{version: number, gone: string[]}>} `gone` are members who have left before
   */
  change({ id, stored }, { removed = [], added = [], renewed = null }) {
    return this.#account.inTurn(async () => {
      const copies = added.map(({ user, certificate }) => ({ user, certificate: certificate.slice(0) }));
      const members = { id, stored, removed, added: copies, ...renewed, at: new Date().toISOString() };
      const prepared = await this.#account.prepare("group.change", members);
      await this.#server.storeGroup(id, prepared);
      return { version: prepared.version, gone: prepared.gone };
    });
  }

  /**
   * Stores a new group of the person, with the keys of a file.
   * @param {string} name @param {KeyFile} file the passphrase is overwritten
   * @returns {Promise<string>} its id
   */
  create(name, file) {
    return this.#account.inTurn(async () => {
      const prepared = await this.#account.prepare("group.create", { name, ...file, at: new Date().toISOString() });
      await this.#server.storeGroup(prepared.id, prepared);
      return prepared.id;
    });
  }

  /** Takes the person out of somebody else's group, or deletes an own one. @param {string} id */
  end(id) {
    return this.#account.inTurn(async () => this.#server.endGroup(id, await this.#account.sign("DELETE", `/groups/${id}`)));
  }
}
