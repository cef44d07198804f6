/** A vault that has begun to start. On a page with a link, it starts before the texts of the page have come, because the vault takes longest. */

import { openVault } from "../../../../wasm_build/vault/owner/vault.js";

/** @typedef {import("../../../../wasm_build/vault/owner/assets.js").StartProgress} StartProgress */

export class StartedVault {
  /** Gets the progress of the start from now on. @type {(progress: StartProgress) => void} */
  onProgress = () => {};

  /** @param {URL} base the folder of the pages */
  constructor(base) {
    this.opening = openVault({
      base: new URL("runtime/", base), onStartProgress: (progress) => this.onProgress(progress),
    });
    // The error is reported to the caller that needs the vault.
    this.opening.catch(() => {});
  }
}
