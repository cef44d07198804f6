/** A vault that has begun to start. With a link it does so before the texts of the page have come, because it takes longest. */

import { openVault } from "../../../../wasm_build/vault/owner/vault.js";

/** @typedef {import("../../../../wasm_build/vault/owner/assets.js").StartProgress} StartProgress */

export class StartedVault {
  /** Hears of the progress from now on. @type {(progress: StartProgress) => void} */
  onProgress = () => {};

  /** @param {URL} base the folder of the pages */
  constructor(base) {
    this.opening = openVault({
      base: new URL("runtime/", base), onStartProgress: (progress) => this.onProgress(progress),
    });
    // Its error is reported to whoever needs the vault.
    this.opening.catch(() => {});
  }
}
