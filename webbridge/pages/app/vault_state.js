/** The state of the vault, for the line below the views and for the settings. */

/** @typedef {import("../../../wasm_build/vault/owner/assets.js").StartProgress} StartProgress */

/** Dispatches `change`. */
export class VaultState extends EventTarget {
  /** The key of the text for the state, and the values in this text. @type {[string, Record<string, number>]} */
  words = ["vault_starting", {}];
  /** The loaded part of the files during the vault's first start; null at other times, `NaN` if the rest is unknown. @type {number | null} */
  progress = null;

  /** @param {string} key @param {Record<string, number>} [values] */
  set(key, values = {}) {
    this.words = [key, values];
    this.progress = null;
    this.dispatchEvent(new Event("change"));
  }

  /** @param {StartProgress} start the progress of the vault's first start */
  showStart({ loaded, total, stage }) {
    if (stage === "ready") return;
    const isLoading = stage === "files";
    const sizes = { loaded: Math.round(loaded / 1_000_000), total: Math.round(total / 1_000_000) };
    this.words = isLoading ? ["vault_loading", sizes] : ["vault_starting", {}];
    this.progress = isLoading ? loaded / total : NaN;
    this.dispatchEvent(new Event("change"));
  }
}
