/** The archive of zxcvbn, which measures passphrases. It is loaded with the first measure, because no other operation needs it. */

import { VaultError } from "../errors/vault_error.js";
import { ZXCVBN } from "./pinned.js";

const NAME = "zxcvbn.zip";

export class LateArchive {
  #base;
  /** @type {Promise<ArrayBuffer> | null} */
  #loading = null;

  /** @param {URL} base the folder of the runtime */
  constructor(base) {
    this.#base = base;
  }

  /**
   * A copy of the archive, which a request transfers. Rejects with `vault-incomplete`. After a failure the next call loads
   * the archive again.
   */
  async copy() {
    const loading = (this.#loading ??= this.#load());
    loading.catch(() => { this.#loading = null; });
    return (await loading).slice(0);
  }

  async #load() {
    // The browser checks the hash. A copy in the browser's cache may be of another version.
    const response = await this.#fetch("force-cache").catch(() => this.#fetch("reload")).catch(() => null);
    if (!response?.ok) throw new VaultError("vault-incomplete", `${NAME} could not be loaded`);
    return response.arrayBuffer();
  }

  /** @param {RequestCache} cache */
  #fetch(cache) {
    return fetch(new URL(NAME, this.#base), { cache, integrity: ZXCVBN.integrity, priority: "low" });
  }
}
