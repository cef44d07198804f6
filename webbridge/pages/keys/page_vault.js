/** The vault of the pages: the start, the state in the footer, and the new vault after a change of strict cleanup. */

import { openVault } from "../../../wasm_build/vault/owner/vault.js";
import { isStrict } from "./strict_choice.js";

/** @typedef {import("../../../wasm_build/vault/owner/vault.js").Vault} Vault */
/**
 * `onState` gets the catalogue's key of the text for a state, and the values in this text. `onOpened` is awaited before
 * anybody gets the vault.
 * @typedef {{
 *   base: URL, onState: (key: string, values?: Record<string, number>) => void,
 *   onStart: (progress: import("../../../wasm_build/vault/owner/assets.js").StartProgress) => void,
 *   onOpened: (vault: Vault) => Promise<void>,
 * }} VaultPlace
 */

export class PageVault {
  #place;
  /** @type {Promise<Vault> | null} */
  #vault = null;
  /** Whether private keys stay out of the browser's own cryptography, and each operation ends its Worker. */
  #strict = isStrict();

  /** @param {VaultPlace} place */
  constructor(place) {
    this.#place = place;
  }

  get strict() {
    return this.#strict;
  }

  /** Starts the vault, or returns the started vault. @returns {Promise<Vault>} */
  start() {
    if (this.#vault) return this.#vault;
    const opening = this.#open();
    this.#vault = opening;
    opening.catch(() => {
      // If the strict setting has changed since, another vault is opening already.
      if (this.#vault !== opening) return;
      this.#vault = null;
      this.#place.onState("vault_failed");
    });
    return opening;
  }

  /** Starts the vault before it is needed. */
  prepare() {
    void this.start().catch(() => undefined);
  }

  /** Ends the Workers that have worked with the keys. */
  retire() {
    void this.#vault?.then((vault) => vault.retire(), () => undefined);
  }

  /**
   * Replaces the vault with a vault of the other setting. Before that, `lock` locks the keys.
   * @param {boolean} strict
   * @param {() => void} lock
   */
  useStrict(strict, lock) {
    if (strict === this.#strict) return;
    this.#strict = strict;
    lock();
    const closing = this.#vault;
    this.#vault = null;
    void closing?.then((vault) => vault.close(), () => undefined);
    this.prepare();
  }

  async #open() {
    const { base, onState, onStart, onOpened } = this.#place;
    onState("vault_starting");
    const vault = await openVault({ base, strict: this.#strict, onStartProgress: onStart });
    vault.onCleanup = () => onState("");
    await vault.ready;
    await onOpened(vault);
    onState("vault_ready");
    return vault;
  }
}
